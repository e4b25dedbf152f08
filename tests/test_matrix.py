"""Declarations become cells: counts, names, scales, and errors that name file, key and remedy."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lnl.declared import dependencies, paths, reductions
from lnl.declared.suite import Cell, Run, Suite
from lnl.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
RUNS_AT_PAPER_SCALE = {
    "tutorial_mnist_accuracy": 3 * 7 * 5,
    "tutorial_rt": 27 * 5,
    "tutorial_rt_released": 27 * 5,
    "coteaching_table8": 15 * 5,
    "s2e_figure4_mnist": 3 * 8 * 5,
    "s2e_figure4": 9 * 10 * 5,
    "s2e_figure5": 9 * 5,
    "s2e_figure6": 0,  # searches only
    "s2e_control_mnist": 3 * 6 * 5,
    "tutorial_s2e_searched_rt": 3 * 4,
    "tutorial_memorisation": 2 * 5,
    "tutorial_mnist_accuracy_curves": 3 * 7 * 5,
    "tutorial_mnist_precision_curves": 3 * 3 * 5,
    "tutorial_datasets": 0,
    "tutorial_networks": 0,
    "tutorial_prior_work": 0,
    "tutorial_transition_matrices": 0,
}


@pytest.fixture(scope="module")
def paper() -> Suite:
    return Suite.load(ROOT, {"scale": "paper"})


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("config", "tables", "figures", "claims", "methods"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize(("key", "runs"), RUNS_AT_PAPER_SCALE.items())
def test_number_of_runs_of_each_artefact(paper: Suite, key: str, runs: int) -> None:
    slots = [slot for slot in paper.slots(key) if not slot.joined]  # a method of one's own adds its runs
    assert len({(slot.cell, seed) for slot in slots if slot.cell for seed in slot.seeds}) == runs


def test_every_declared_artefact_resolves_at_every_scale() -> None:
    for scale in ("demo", "smoke", "lite", "paper"):
        suite = Suite.load(ROOT, {"scale": scale})
        dependencies.check(suite)
        assert set(suite.artefacts) >= set(RUNS_AT_PAPER_SCALE)


def test_two_artefacts_share_the_runs_that_both_want(paper: Suite) -> None:
    table, curves = paper.demand("tutorial_mnist_accuracy"), paper.demand("tutorial_mnist_accuracy_curves")
    assert set(table) == set(curves)
    base = Cell("coteaching", "mnist", "pair-45", "coteaching")
    for key in ("tutorial_rt", "coteaching_table8"):
        assert Run(base, 1) in paper.demand(key)  # c = 1, T_k = 10, tau = 1: the default is the base cell, no variant


def test_path_and_cell_are_inverse(paper: Suite) -> None:
    for cell in paper.cells:
        file = Path(paths.record("paper", cell.id, 3))
        assert paper.parse("/".join(file.parts[3:7])) == cell
        assert " " not in cell.id and "." not in cell.id.replace(cell.noise, "")  # a point is for rates and fields


def test_a_stand_in_s_name_stands_in_path_and_heading() -> None:
    demo = Suite.load(ROOT, {"scale": "demo"})
    assert {cell.dataset for cell in demo.cells} == {"digits", "digits49", "standin-cifar100"}
    assert "digits for mnist" in reductions.heading(demo, "tutorial_mnist_accuracy")
    assert reductions.comparable(demo, "tutorial_mnist_accuracy") is not None
    assert reductions.comparable(Suite.load(ROOT, {"scale": "paper"}), "tutorial_mnist_accuracy") is None


@given(seeds=st.integers(1, 9))
def test_seeds_of_the_configuration_win(seeds: int) -> None:
    suite = Suite.load(ROOT, {"scale": "demo", "seeds": seeds}, validate=False)
    assert suite.seeds(5) == tuple(range(1, seeds + 1))


def test_fixed_and_fresh_noise_vectors(copy: Path) -> None:
    suite = Suite.load(copy, {"scale": "paper"})
    cell = Cell("coteaching", "mnist", "pair-45", "standard")
    assert {dependencies.noise_seed(suite, Run(cell, seed)) for seed in (1, 2, 3)} == {0}
    _edit(copy / "config/protocols/coteaching.yaml", "vector: fixed ", "vector: per_repeat ")
    fresh = Suite.load(copy, {"scale": "paper"})
    assert [dependencies.noise_seed(fresh, Run(cell, seed)) for seed in (1, 2, 3)] == [1, 2, 3]


def test_a_changed_protocol_value_changes_exactly_its_cells(copy: Path, paper: Suite) -> None:
    _edit(copy / "config/protocols/s2e.yaml", "size: 128", "size: 64")
    changed = Suite.load(copy, {"scale": "paper"})
    for cell in paper.cells:
        assert (changed.digest(cell) != paper.digest(cell)) == (cell.protocol == "s2e")


def test_comments_docstrings_and_titles_change_no_cell(copy: Path, paper: Suite) -> None:
    _edit(copy / "methods/standard.py", "Mean cross-entropy of the whole batch.", "Plain training.")
    _edit(copy / "config/protocols/s2e.yaml", 'title: "S2E', 'title: "Renamed S2E')
    renamed = Suite.load(copy, {"scale": "paper"})
    assert all(renamed.digest(cell) == paper.digest(cell) for cell in paper.cells)


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, f"{file} does not hold {old!r}"
    file.write_text(text.replace(old, new, 1))


def _change(file: Path, change: Any) -> None:
    content = yaml.safe_load(file.read_text())
    change(content)
    file.write_text(yaml.safe_dump(content, sort_keys=False))


BAD = [
    ("config/config.yaml", lambda c: c.update(scales="demo"), "config: unknown key 'scales' (did you mean 'scale'?)"),
    ("config/config.yaml", lambda c: c.update(scale="dmo"), "unknown scale 'dmo' (did you mean 'demo'?"),
    ("config/config.yaml", lambda c: c.update(seeds=[1, 1]), "'seeds'"),
    ("config/config.yaml", lambda c: c.update(artefacts=["tutorial_rtt"]), "did you mean 'tutorial_rt'?"),
    ("config/protocols/s2e.yaml", lambda c: c.update(epoch=3), "unknown key 'epoch' (did you mean 'epochs'?)"),
    ("config/protocols/s2e.yaml", lambda c: c["optimiser"].update(name="adm"), "did you mean 'adam'?"),
    ("config/scales/demo.yaml", lambda c: c.update(epochs="many"), "config/scales/demo.yaml: 'epochs'"),
    ("tables/tutorial_rt.yaml", lambda c: c.update(protocol="co-teaching"), "unknown protocol 'co-teaching'"),
    ("tables/tutorial_rt.yaml", lambda c: c.update(dataset="mnis"), "did you mean 'mnist'?"),
    ("tables/tutorial_rt.yaml", lambda c: c["rows"][0].update(noise="pear-45"), "there is no kind 'pear'"),
    ("tables/tutorial_rt.yaml", lambda c: c["rows"][0].update(noise="pair-145"), "pair-145"),
    ("tables/coteaching_table8.yaml", lambda c: c["columns"][0].update(method="cotraining"), "unknown method"),
    ("tables/coteaching_table8.yaml", lambda c: c["columns"][0].update(set={"taau": 1}), "did you mean 'tau'?"),
    ("tables/coteaching_table8.yaml", lambda c: c["columns"][0].update(set={"ramp": "linear"}), "coteaching knows"),
    ("tables/coteaching_table8.yaml", lambda c: c["columns"][0].update(set={"tau": "1"}), "tau = '1'; coteaching"),
    ("tables/coteaching_table8.yaml", lambda c: c["columns"][0].update(set={"t_k": None}), "t_k is null, and co"),
    ("tables/coteaching_table8.yaml", lambda c: c["columns"][0].update(against="tau050"), "unknown key 'tau050'"),
    (
        "tables/coteaching_table8.yaml",
        lambda c: [c[a][0].update(against=c[a][1]["key"]) for a in ("rows", "columns")],
        "'against' stands in row 'pair-45' and in column 'tau050'",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("file", "change", "message"), BAD, ids=[f"{b[0]}-{n}" for n, b in enumerate(BAD)])
def test_a_wrong_declaration_is_one_line_with_the_remedy(copy: Path, file: str, change: Any, message: str) -> None:
    _change(copy / file, change)
    with pytest.raises(UserError) as caught:
        dependencies.check(Suite.load(copy))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_path_with_two_specifications_is_refused(copy: Path) -> None:
    def clash(content: dict[str, Any]) -> None:
        content["columns"][0]["variant"] = content["columns"][1]["variant"]

    _change(copy / "tables/coteaching_table8.yaml", clash)
    with pytest.raises(UserError, match="another specification"):
        dependencies.check(Suite.load(copy, {"scale": "paper"}))


def test_a_variant_asked_for_elsewhere_says_where_it_is_declared(copy: Path) -> None:
    suite = Suite.load(copy, {"scale": "paper"})
    with pytest.raises(UserError, match=r"declared for coteaching/mnist/pair-45, .*; to have it here, add a row"):
        suite.parse("coteaching/cifar10/pair-45/coteaching-tau050")


@pytest.mark.parametrize(
    ("ranges", "given", "line"),
    [
        ([0, 2], 2.5, "tau = 2.5; coteaching takes 0 to 2"),
        ([0, None], -1, "tau = -1; coteaching takes numbers from 0 on"),
    ],
)
def test_a_parameter_out_of_its_range_is_one_line(copy: Path, ranges: Any, given: float, line: str) -> None:
    _edit(copy / "methods/coteaching.py", '"tau": [0, 10]', f'"tau": {ranges!r}')
    _change(copy / "tables/coteaching_table8.yaml", lambda c: c["columns"][0].update(set={"tau": given}))
    with pytest.raises(UserError, match=re.escape(line)):
        Suite.load(copy, {"scale": "paper"}).demand("coteaching_table8")


@pytest.mark.parametrize(
    ("ranges", "line"),
    [([0, 2], "takes a number from 0 to 2, without quotes"), ([0, None], "takes a number from 0 on, without quotes")],
)
def test_a_default_in_quotes_is_no_number_of_a_range(copy: Path, ranges: Any, line: str) -> None:
    _edit(copy / "methods/coteaching.py", '"tau": [0, 10]', f'"tau": {ranges!r}')
    _edit(copy / "methods/coteaching.py", '"tau": 1.0', '"tau": "1.0"')
    with pytest.raises(UserError, match=f"tau = '1.0'; coteaching {line}"):
        Suite.load(copy)


def test_two_methods_with_one_key_are_refused(copy: Path) -> None:
    shutil.copy(copy / "methods/standard.py", copy / "methods/twin.py")
    with pytest.raises(UserError, match="already taken"):
        Suite.load(copy)


def test_parsing_loads_no_heavy_module() -> None:
    code = (
        "import sys; from lnl.declared.suite import Suite\n"
        "s = Suite.load('.', {'scale': 'paper'}, validate=False); s.cells\n"
        "heavy = {'torch', 'numpy', 'pandas', 'matplotlib', 'scipy', 'sklearn', 'torchvision', 'jsonschema'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_overrides_of_a_setting_apply_in_order_and_a_variant_wins(copy: Path) -> None:
    file = copy / "methods/coteaching.py"
    settings = '"settings": {"s2e/*/*": {"tau": 2.0, "t_k": 7}, "s2e/mnist/*": {"tau": 3.0}},\n    "traits"'
    _edit(file, '"traits"', settings)
    suite = Suite.load(copy, {"scale": "paper"})
    mnist = suite.spec(Cell("s2e", "mnist", "pair-45", "coteaching"))["method"]["parameters"]
    other = suite.spec(Cell("coteaching", "mnist", "pair-45", "coteaching"))["method"]["parameters"]
    assert (mnist["tau"], mnist["t_k"], other["tau"]) == (3.0, 7, 1.0)
    _edit(file, '"s2e/mnist/*"', '"s2e/mnits/*"')
    with pytest.raises(UserError, match="settings 's2e/mnits/\\*': unknown data set 'mnits'"):
        Suite.load(copy, {"scale": "paper"})
    _edit(file, '"s2e/mnits/*"', '"s2e/mnist/*"')
    _edit(file, '"t_k": 7', '"tk": 7')
    with pytest.raises(UserError, match="did you mean 't_k'"):
        dependencies.check(Suite.load(copy, {"scale": "paper"}))


def test_a_variant_s_protocol_value_is_validated_and_wins_over_the_data_set_s(copy: Path) -> None:
    def lower(content: dict[str, Any]) -> None:
        content["dataset"] = "cifar100"
        content["columns"][0]["set"] = {"protocol.optimiser.decay_start": 80}

    _change(copy / "tables/coteaching_table8.yaml", lower)
    suite = Suite.load(copy, {"scale": "paper"})
    starts = {suite.spec(run.cell)["optimiser"]["decay_start"] for run in suite.demand("coteaching_table8")}
    assert starts == {80, 100}
    _change(copy / "tables/coteaching_table8.yaml", lambda c: c["columns"][0].update(set={"protocol.split": "halves"}))
    with pytest.raises(UserError, match="halves"):
        Suite.load(copy, {"scale": "paper"}).demand("coteaching_table8")
