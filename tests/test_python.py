"""lnl.open: the numbers of a checkout as frames, from any folder; docs/python.md is what its user reads."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_pages import explained
from suite_copy import ROOT, TABLE, SuiteCopy

import lnl
from lnl.cli.exchange import export
from lnl.cli.opened import Opened
from lnl.declared import paths
from lnl.declared.stand_ins import stands_for
from lnl.declared.suite import Suite
from lnl.files import sealed
from lnl.results import briefly, curve_rows, records, run_rows

PAGE = ROOT / "docs" / "python.md"
CELL = "s2e/digits/symmetric-50"


@pytest.fixture(scope="module")
def lite() -> Opened:
    return lnl.open(ROOT, "lite", committed=True)


@pytest.fixture(scope="module")
def small(finished_suite: SuiteCopy) -> Opened:
    """The finished suite, which nobody changes."""
    return lnl.open(finished_suite.root)


def _opened(suite: SuiteCopy) -> Opened:
    """A copy of it, whose declarations were checked before."""
    return Opened(Suite.load(suite.root, validate=False))


def _with_table(suite: SuiteCopy, **changes: list[dict[str, Any]]) -> Opened:
    table = {key: value for key, value in TABLE.items() if key not in ("published", "tolerance", "dataset")}
    table |= {"dataset": "mnist"} if "rows" not in changes else {}
    for axis in ("rows", "columns"):
        changes |= {axis: [{"label": entry["key"], **entry} for entry in changes.get(axis) or table[axis]]}
    (suite.root / "tables/small.yaml").write_text(yaml.safe_dump({**table, **changes}, sort_keys=False))
    return _opened(suite)


# ---- where it works ------------------------------------------------------------------------------------------------


def test_two_checkouts_are_open_at_once_wherever_one_works(
    suite: SuiteCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = SuiteCopy.make(tmp_path / "fresh")
    monkeypatch.chdir(tmp_path)
    full, empty = lnl.open("checkout"), lnl.open(Path("fresh"), seeds=3)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert sorted(full.runs().cell + full.runs().seed.astype(str)) == [
        f"{CELL}/{method}{seed}" for method in ("coteaching", "standard") for seed in (1, 2)
    ]
    assert empty.runs().empty and empty.runs("small").state.tolist() == ["missing"] * 6
    assert full.table("small").n.tolist() == [2, 2] and empty.table("small").n.tolist() == [0, 0]
    assert all(Path(path).is_file() for path in full.runs().path)
    assert list((tmp_path / "elsewhere").iterdir()) == [] and not (fresh.root / "results").exists()


def test_another_thread_has_the_results_of_its_own_suite(small: Opened, lite: Opened) -> None:
    seen = []
    with paths.results_in(lite.results):
        other = threading.Thread(target=lambda: seen.append((paths.results(), len(small.runs()))))
        other.start()
        other.join()
        assert seen == [("results", 4)] and paths.results() == str(lite.results)


def test_what_is_imported_when() -> None:
    """torch by nothing that reads, pandas with the first frame, and nothing of either by `import lnl`."""
    script = """
import sys
import lnl
heavy = lambda: sorted({"torch", "pandas", "numpy", "scipy", "yaml"} & set(sys.modules))
assert heavy() == [], heavy()
suite = lnl.open(sys.argv[1], "lite", committed=True)
assert heavy() == ["yaml"], heavy()
suite.runs(), suite.curves("s2e_control_mnist", "loss"), suite.table("s2e_control_mnist"), suite.claims("pumpout")
suite.compare("standard", "coteaching")
assert "torch" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", script, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (lambda suite: suite.table("smal"), "unknown table 'smal' (did you mean 'small'"),
        (lambda suite: suite.runs("tutoria"), "did you mean 'tutorial'"),
        (lambda suite: suite.curves(names="test_acuracy"), "no run has a curve 'test_acuracy' (did you mean"),
        (lambda suite: suite.claims("tutorial"), "claims/tutorial.yaml does not exist"),
        (lambda suite: suite.train("s2e/digits/symmetric-50"), "is not protocol/dataset/noise/method"),
        (lambda suite: suite.train(f"{CELL}/standard", -1), "seed -1: is a whole number from 0"),
        (lambda suite: suite.train(f"{CELL}/s2e"), "`lnl search"),
        (lambda suite: suite.train(f"{CELL}/f-correction"), "`lnl handover"),
        (lambda suite: suite.compare("standard"), "two names at least"),
        (lambda suite: lnl.open(suite.declared.root / "tables"), "has no config/config.yaml; open "),
        (lambda suite: lnl.open(suite.declared.root, "dem"), "unknown scale 'dem' (did you mean 'demo'"),
        (lambda suite: lnl.open(suite.declared.root, sedes=3), "'sedes' is no key of config/config.yaml (did you"),
        (lambda suite: lnl.open(suite.declared.root, seeds=0), "'seeds': 0 is below"),
        (lambda suite: lnl.open(suite.declared.root, device="gpu"), "'gpu' is not one of auto, cpu, cuda"),
        (lambda suite: lnl.open(suite.declared.root, committed=True), "no record of scale 'demo' is committed"),
    ],
)
def test_what_a_user_can_put_right_is_one_line_without_our_inside(small, ask, line) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(lnl.UserError) as caught:
        ask(small)
    assert line in str(caught.value) and "\n" not in str(caught.value)
    inside = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert len(inside) <= 3, inside  # this test, the lambda, the call
    assert caught.value._render_traceback_() == [f"lnl: {caught.value}"]  # what a notebook shows


# ---- rows ----------------------------------------------------------------------------------------------------------


def test_a_row_says_what_its_record_says(suite: SuiteCopy) -> None:
    runs = _opened(suite).runs().set_index(["method", "seed"])
    for result in suite.records().values():
        row = runs.loc[result["method"], result["seed"]]
        assert (row.state, row.stand_in_for, row.variant) == ("ok", "mnist", "")
        assert (row.last10_mean, row.best) == (result["summary"]["last10_mean"], result["summary"]["best"])
        assert row.epochs == len(result["curves"]["epoch"])
        assert (row.spec_digest, row.data_digest) == (result["digest"], result["data_digest"])
        assert (row.label_digest, row.realised_rate) == (result["labels"]["digest"], result["labels"]["realised_rate"])
    assert runs.loc["coteaching", 1]["parameter.tau"] == 1.0
    assert runs["parameter.tau"].isna().loc["standard"].all()


def test_a_variant_s_parameters_and_protocol_values_are_columns_of_every_run(suite: SuiteCopy) -> None:
    columns = [
        {"key": "plain", "method": "coteaching"},
        {"key": "tau", "method": "coteaching", "variant": "tau125", "set": {"tau": 1.25}},
        {"key": "rate", "method": "coteaching", "variant": "slow", "set": {"protocol.optimiser.beta1_after": 0.5}},
        {"key": "long-name", "method": "coteaching-plus"},
    ]
    runs = _with_table(suite, columns=columns).runs("small")
    first = runs[runs.seed == 1].set_index("cell")
    assert first.method.tolist() == ["coteaching"] * 3 + ["coteaching-plus"]
    assert first.variant.tolist() == ["", "tau125", "slow", ""]
    assert first.state.tolist() == ["ok", "missing", "missing", "missing"]
    assert first["parameter.tau"].tolist()[:3] == [1.0, 1.25, 1.0]
    changed = [name for name in runs if name.startswith("protocol.")]
    assert changed == ["protocol.optimiser.beta1_after"]
    assert first[changed[0]].fillna(-1).tolist() == [-1, -1, 0.5, -1]  # null where it is the protocol's own


def test_a_cell_that_stands_for_two_data_sets_says_both(suite: SuiteCopy) -> None:
    scale = yaml.safe_load((suite.root / "config/scales/demo.yaml").read_text())
    scale["stand_ins"]["datasets"]["cifar10"] = "digits"
    scale["stand_ins"]["networks"]["small_cnn"] = "digits_mlp"
    (suite.root / "config/scales/demo.yaml").write_text(yaml.safe_dump(scale))
    rows = [{"key": name, "dataset": name, "noise": "symmetric-50"} for name in ("cifar10", "mnist")]
    opened = _with_table(suite, rows=rows)
    assert set(opened.runs("small").stand_in_for) == {"mnist+cifar10"}
    with paths.results_in(opened.results):
        export(opened.declared, suite.root / "runs.csv")
    assert "digits,mnist+cifar10,symmetric-50,standard,,1," in (suite.root / "runs.csv").read_text()
    by_hand = opened.declared.parse("s2e/digits/pair-45/standard")  # which no table asks for
    assert stands_for(opened.declared, by_hand) == ["mnist", "cifar10"]


def test_what_a_search_found_is_the_parameter(lite: Opened) -> None:
    runs = lite.runs("s2e_control_mnist")
    tuned = runs[(runs.variant == "tuned") & (runs.state == "ok")]
    assert len(tuned) > 0 and set(tuned.search.str.rpartition("/")[2]) == {"tau-grid"}
    found = [json.loads(value) for value in tuned["parameter.R"]]
    assert all(set(each) == {"clip", "formula", "x"} for each in found)
    waiting = runs[(runs.method == "s2e") & (runs.state == "missing")]
    assert len(waiting) > 0 and waiting["parameter.R"].isna().all()


def test_records_read_without_curves_are_the_same_but_for_them(suite: SuiteCopy) -> None:
    with paths.results_in(suite.root / "results"):
        places = list(briefly.listed("demo"))
        assert len(places) == 4
        for place in places:
            assert isinstance(place, briefly.Place)
            whole, brief = records.read(place.path), briefly.read(place.path)
            assert whole["result"].pop("curves") and brief["result"].pop("curves") == {}
            assert brief == whole


# ---- records that cannot be believed -------------------------------------------------------------------------------


def _cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-400])


def _altered(file: Path) -> None:
    file.write_text(file.read_text().replace('"seed": 1', '"seed": 2'))


def _no_record(file: Path) -> None:
    file.write_text("[]")


def _other_json(file: Path) -> None:
    sealed.write(file, {"result": {"curves": {}}})


def _linked(file: Path) -> None:
    shutil.move(file, file.parents[6] / "moved.json")
    file.symlink_to(file.parents[6] / "moved.json")


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _numberless(file: Path) -> None:
    file.rename(file.with_name("seed1 copy.json"))


def _linked_cell(file: Path) -> None:
    shutil.move(file.parent, file.parents[7] / "moved")
    file.parent.symlink_to(file.parents[7] / "moved")


@pytest.mark.parametrize(
    "damage", [_cut_short, _altered, _no_record, _other_json, _linked, _folder, _numberless, _linked_cell]
)
def test_a_record_that_cannot_be_believed_is_named_and_costs_the_others_nothing(
    damage, suite: SuiteCopy, capsys: pytest.CaptureFixture[str]
) -> None:  # type: ignore[no-untyped-def]
    broken = suite.root / "results/demo/cells" / CELL / "standard/seed1.json"
    damage(broken)
    left = 2 if damage is _linked_cell else 3
    opened = _opened(suite)
    named = broken.parent if damage is _linked_cell else broken
    with pytest.warns(UserWarning, match=re.escape(str(named).removesuffix(".json"))):
        assert len(opened.runs()) == left
    asked = opened.runs("small")
    assert asked.state.tolist().count("ok") == left and len(asked) == 4
    with paths.results_in(opened.results):
        assert export(opened.declared, suite.root / "runs.csv", suite.root / "curves.csv") == left
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1 and str(named).removesuffix(".json") in told[0]
    assert len((suite.root / "runs.csv").read_text().splitlines()) == left + 1


def test_a_stale_run_is_said_to_be_so_and_has_no_curves(suite: SuiteCopy) -> None:
    (suite.root / "methods/standard.py").write_text(
        (suite.root / "methods/standard.py").read_text().replace('"version": 1', '"version": 2')
    )
    opened = _opened(suite)
    runs = opened.runs().set_index("method")
    assert runs.state.to_dict() == {"standard": "stale", "coteaching": "ok"}
    assert runs.reason["standard"].str.contains("another declaration").all()
    assert set(opened.curves(names="loss").method) == {"coteaching"}


def test_a_record_of_what_is_not_declared_any_more_stays_in_sight(suite: SuiteCopy) -> None:
    (suite.root / "methods/coteaching.py").rename(suite.root / "methods/_coteaching.py")
    for reader in ("s2e", "s2e_sound"):
        (suite.root / f"methods/{reader}.py").unlink()
    opened = _with_table(suite, columns=[{"key": "standard", "method": "standard"}])
    runs = opened.runs()
    gone = runs[runs.method == "coteaching"]
    assert gone.state.tolist() == ["stale"] * 2 and gone.stand_in_for.tolist() == ["mnist"] * 2
    assert gone.reason.str.contains("not declared").all() and gone["parameter.tau"].tolist() == [1.0, 1.0]


# ---- curves --------------------------------------------------------------------------------------------------------


def test_curves_are_long_and_hold_what_records_hold(suite: SuiteCopy) -> None:
    opened = _opened(suite)
    curves = opened.curves()
    assert list(curves) == list(curve_rows.COLUMNS)
    for result in suite.records().values():
        mine = curves[(curves.method == result["method"]) & (curves.seed == result["seed"])]
        for name, curve in result["curves"].items():
            of = mine[mine.curve == name]
            if name == "epoch":
                assert of.empty
            elif isinstance(curve[0], list):
                for network, values in enumerate(curve, 1):
                    assert of[of.network == network].value.tolist() == [v for v in values if v is not None]
            else:  # what networks share
                assert of.value.tolist() == [v for v in curve if v is not None] and set(of.network) <= {0}
    chosen = opened.curves(names=["loss", "test_accuracy"])
    assert set(chosen.curve) == {"loss", "test_accuracy"} and set(chosen.network) == {1, 2}
    assert chosen[chosen.curve == "loss"].epoch.min() == 1  # nothing is lost before training


def test_the_files_hold_what_the_frames_hold(suite: SuiteCopy) -> None:
    import pandas as pd

    opened = _opened(suite)
    done = suite.lnl("export", "runs.csv", "--curves", "curves.csv")
    assert done.stdout.splitlines()[0] == "runs.csv: 4 runs", done.stderr
    runs, curves = (pd.read_csv(suite.root / name) for name in ("runs.csv", "curves.csv"))
    expected = opened.runs()
    assert list(runs) == list(expected) and runs.last10_mean.tolist() == expected.last10_mean.tolist()
    assert runs.spec_digest.tolist() == expected.spec_digest.tolist()
    assert curves.value.tolist() == opened.curves().value.tolist() and list(curves) == list(opened.curves())
    same = suite.lnl("export", "runs.csv", "--curves", "./runs.csv")
    assert same.returncode == 2 and "name another one" in same.stderr


# ---- training ------------------------------------------------------------------------------------------------------


def test_train_publishes_what_is_stored_and_trains_what_is_not(suite: SuiteCopy, monkeypatch, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    import torch

    opened = _opened(suite)
    monkeypatch.chdir(tmp_path)
    record = suite.root / "results/demo/cells" / CELL / "standard/seed2.json"
    before = record.read_bytes()
    record.unlink()
    monkeypatch.setattr("lnl.run.job.train", None)  # which a stored run does not need
    row = opened.train(f"{CELL}/standard", seed=2)
    assert record.read_bytes() == before and row.last10_mean == json.loads(before)["result"]["summary"]["last10_mean"]
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        row = opened.train(f"{CELL}/standard", seed=7)
        assert torch.get_num_threads() == 2
        assert float(torch.tensor(1e-310, dtype=torch.float64) * 1.0) != 0  # denormals are the caller's again
    finally:
        torch.set_num_threads(threads)
    assert (row.state, row.seed) == ("ok", 7)
    assert row.last10_mean == opened.runs().set_index("seed").last10_mean[7]


def test_ctrl_c_keeps_a_checkpoint_and_the_next_call_goes_on(suite: SuiteCopy, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    import signal

    from lnl.engine.loop import Training

    opened, steps = lnl.open(suite.root), []
    step = Training.step

    def interrupted(self, number, moment):  # type: ignore[no-untyped-def]
        steps.append(number)
        if len(steps) == 20:
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, number, moment)

    monkeypatch.setattr(Training, "step", interrupted)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        opened.train(f"{CELL}/standard", seed=8)
    assert signal.getsignal(signal.SIGINT) is before
    assert opened.train(f"{CELL}/standard", seed=8).state == "ok"
    whole = len(steps)
    steps.clear()
    steps.extend(range(20))  # past the one at which it is interrupted
    opened.train(f"{CELL}/standard", seed=9)
    assert whole == len(steps) - 20  # no step was made twice


def test_committed_records_are_read_and_never_added_to(lite: Opened) -> None:
    assert set(lite.runs().state) == {"ok"} and "committed" in repr(lite)
    with pytest.raises(lnl.UserError, match="committed records stay as they are"):
        lite.train("s2e/mnist/pair-45/standard")


# ---- the page ------------------------------------------------------------------------------------------------------

BLOCKS = re.findall(r"^```(python|console)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone, as far as the page needs one, in which scale demo has few epochs."""
    for name in ("methods", "tables", "figures", "claims", "docs", "workflow"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    demo = tmp_path / "config/scales/demo.yaml"
    demo.write_text(demo.read_text().replace("epochs: 100", "epochs: 4"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    return tmp_path


def test_every_block_of_the_page_runs(checkout: Path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    import matplotlib

    from lnl.cli import run

    matplotlib.use("agg")
    names: dict[str, object] = {}
    for kind, text in BLOCKS:
        if kind == "python":
            exec(compile(text, str(PAGE), "exec"), names)  # what a reader would paste
            continue
        for line in text.splitlines():
            words = line.removeprefix("$ ").split()
            assert words[0] == "lnl"
            monkeypatch.setattr(sys, "argv", words)
            status = run()  # as the command does
            assert status == 0, (line, capsys.readouterr())
    assert (checkout / "accuracy.png").stat().st_size > 5000
    assert len((checkout / "runs.csv").read_text().splitlines()) == 2  # the run that the page has trained
    assert names["table"].n.max() >= 5  # type: ignore[attr-defined]
    assert (names["differences"].verdict == "higher").any()  # type: ignore[attr-defined]


def test_a_plot_from_curves_takes_five_lines_at_most() -> None:
    (block,) = [text for _, text in BLOCKS if "suite.curves(" in text and "plot(" in text]
    lines = [line for line in block.splitlines() if line.strip()]
    assert len([line for line in lines if not line.startswith("import")]) <= 5


def test_every_column_and_curve_is_explained(lite: Opened) -> None:
    from lnl.results.comparing import COLUMNS

    assert {*run_rows.COLUMNS, *COLUMNS, *lite.curves().curve.unique()} - explained(PAGE) == set()
