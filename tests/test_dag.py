"""What a user sees of the DAG: what reruns and what does not, failures, kills, new methods, bad input."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from suite_copy import CHECKPOINTS, TABLE, SuiteCopy

CELLS = "results/demo/cells/s2e/digits/symmetric-50"


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_a_finished_suite_has_every_file_and_nothing_left_to_do(suite: SuiteCopy) -> None:
    for suffix in ("csv", "md", "tex", "html"):
        assert (suite.root / f"results/demo/tables/small.{suffix}").stat().st_size > 0
    assert (suite.root / "results/demo/report.html").stat().st_size > 0
    assert len(suite.records()) == 4
    assert suite.jobs() == {}


def test_a_start_says_a_short_line_for_each_job(finished_suite: SuiteCopy) -> None:
    """A rule without a message lists its inputs, and a reason the records that are newer: hundreds in one line."""
    said = finished_suite.said.splitlines()
    named, ended = (sum(bool(re.match(p, line)) for line in said) for p in (r"Job \d+: \w", "Finished jobid"))
    assert named == ended > 0
    assert [line for line in said if len(line) > 120 and str(finished_suite.root) not in line] == []


def test_a_comment_reruns_nothing_and_a_default_exactly_its_cells(suite: SuiteCopy) -> None:
    _edit(suite.root / "methods/coteaching.py", "losses = cross_entropy", "# a remark\n        losses = cross_entropy")
    assert suite.jobs() == {}
    _edit(suite.root / "methods/coteaching.py", '"t_k": 10', '"t_k": 20')
    jobs = suite.jobs()
    assert jobs["train"] == 2
    before = suite.times()
    assert suite.snakemake().returncode == 0
    changed = {name for name, when in suite.times().items() if when != before[name]}
    assert changed == {f"{CELLS}/coteaching/seed{n}.json" for n in (1, 2)}


def test_a_protocol_default_reruns_all_its_cells(suite: SuiteCopy) -> None:
    _edit(suite.root / "config/protocols/s2e.yaml", "lr: 0.001", "lr: 0.002")
    assert suite.jobs()["train"] == 4


def test_without_data_and_caches_one_more_run_trains_one_run_and_more_seeds_only_the_new(suite: SuiteCopy) -> None:
    shutil.rmtree(suite.root / ".cache")
    before = suite.times()
    assert suite.snakemake(f"{CELLS}/mentornet/seed1.json").returncode == 0
    assert set(suite.times()) - set(before) == {f"{CELLS}/mentornet/seed1.json"}
    jobs = suite.jobs("--config", "seeds=5")
    assert jobs["train"] == 2 * 3
    assert suite.snakemake("--config", "seeds=5").returncode == 0
    now = suite.times()
    assert {name: now[name] for name in before} == before
    assert len(now) == 1 + 2 * 5


def test_a_failing_run_is_a_row_and_costs_its_neighbours_nothing(suite: SuiteCopy) -> None:
    text = (suite.root / "methods/standard.py").read_text()
    text = text.replace('"key": "standard"', '"key": "brittle"').replace('"title": "Standard"', '"title": "Brittle"')
    text = text.replace('"networks": 1,', '"networks": 1,\n    "joins": ["small"],')
    text = text.replace(
        "losses = cross_entropy", "assert labels.sum() < 0, 'too brittle'\n        losses = cross_entropy"
    )
    (suite.root / "methods/brittle.py").write_text(text)
    before = suite.times()
    out = suite.snakemake("--config", "seeds=3")
    assert out.returncode != 0
    now = suite.times()
    assert {name: now[name] for name in before} == before
    assert len(now) == 6  # seed 3 of both sound methods was trained all the same
    table = (suite.root / "results/demo/tables/small.md").read_text()
    assert "Brittle" in table and "too brittle" in table and "failed" in table
    assert suite.jobs("--config", "seeds=3")["train"] == 3  # a table without its runs does not count as done
    status = suite.lnl("status", "--seeds", "3")
    assert "too brittle" in status.stdout and "brittle/seed3.log" in status.stdout.replace("\n", "")
    assert "Traceback" in (suite.root / "results/demo/logs/s2e/digits/symmetric-50/brittle/seed1.log").read_text()


def test_a_changed_declaration_makes_stale_rows_that_are_not_averaged(suite: SuiteCopy) -> None:
    _edit(suite.root / "methods/coteaching.py", '"t_k": 10', '"t_k": 20')
    assert suite.lnl("table", "small", "--partial", afresh=True).returncode == 0
    text = (suite.root / "results/demo/tables/small.csv").read_text()
    row = next(line for line in text.splitlines() if "coteaching" in line)
    assert "stale" in row and ",0," in row  # n = 0


def test_a_new_method_is_one_file(suite: SuiteCopy) -> None:
    text = (suite.root / "methods/standard.py").read_text()
    text = text.replace('"key": "standard"', '"key": "mine"').replace('"title": "Standard"', '"title": "My method"')
    (suite.root / "methods/mine.py").write_text(
        text.replace('"networks": 1,', '"networks": 1,\n    "joins": ["small"],')
    )
    before = suite.times()
    assert suite.snakemake().returncode == 0
    now = suite.times()
    assert {name: now[name] for name in before} == before
    assert "My method" in (suite.root / "results/demo/tables/small.md").read_text()
    mine, standard = (suite.records()[f"{CELLS}/{m}/seed1.json"]["curves"] for m in ("mine", "standard"))
    assert mine == standard  # the same method under another name: same start, same batches, same numbers


@pytest.mark.parametrize("head_alone", [True, False], ids=["head", "head-and-jobs"])
def test_a_killed_suite_started_again_at_once_ends_the_same(
    finished_suite: SuiteCopy, tmp_path: Path, head_alone: bool
) -> None:
    suite = SuiteCopy.make(tmp_path / "checkout")
    expected = finished_suite.records()
    warm = not head_alone  # jobs that are killed with their head need no worker of its own, and no imports
    suite.killed(when=suite.begun, head_alone=head_alone, warm_jobs=warm)
    # two of the four runs are trained at a time: now the others have begun
    suite.killed(when=lambda: len(suite.stored()) >= 3, head_alone=head_alone, warm_jobs=warm)
    assert suite.snakemake(afresh=head_alone, LNL_CHECKPOINT_SECONDS=CHECKPOINTS).returncode == 0
    assert suite.records() == expected


def test_results_of_another_machine_are_merged(suite: SuiteCopy, tmp_path: Path) -> None:
    fresh = SuiteCopy.make(tmp_path / "fresh")
    out = fresh.lnl("import", str(suite.root / "results"))
    assert out.stdout.strip() == "4 imported, 1 manifest imported"
    assert fresh.records() == suite.records()
    assert fresh.jobs().get("train", 0) == 0 or fresh.snakemake().returncode == 0
    assert fresh.records() == suite.records()
    assert fresh.lnl("import", str(suite.root / "results"), afresh=True).stdout.strip() == "4 here already"
    altered = next((suite.root / "results").glob("demo/cells/*/*/*/*/seed1.json"))
    before = altered.read_text()
    altered.write_text(before.replace('"lr": 0.001', '"lr": 0.002'))
    refused = SuiteCopy.make(tmp_path / "third").lnl("import", str(suite.root / "results"))
    assert refused.returncode == 2 and "damaged" in refused.stderr
    exported = suite.lnl("export", "runs.csv")
    assert (exported.returncode, exported.stdout.strip()) == (0, "runs.csv: 3 runs")
    assert f"{altered.relative_to(suite.root)}: not a readable record" in exported.stderr
    altered.write_text(before)
    assert suite.lnl("export", "runs.csv", afresh=True).stdout.strip() == "runs.csv: 4 runs"


def test_commands_around_a_run_answer(suite: SuiteCopy) -> None:
    plan = suite.lnl("plan", "small", "--seeds", "5")
    assert "small" in plan.stdout and "10" in plan.stdout and "6" in plan.stdout
    assert "symmetric-50" in suite.lnl("show", "s2e/digits/symmetric-50/coteaching").stdout
    assert suite.lnl("doctor", afresh=True).returncode == 0
    assert suite.lnl("clean").returncode == 2
    gone = suite.lnl("clean", "--caches", "--yes")
    assert gone.returncode == 0 and not list((suite.root / ".cache/lnl").iterdir())  # which may be a link elsewhere
    assert suite.jobs() == {}


def _table(suite: SuiteCopy, **changes: Any) -> None:
    (suite.root / "tables/small.yaml").write_text(yaml.safe_dump({**TABLE, **changes}, sort_keys=False))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--config", "scale=paperr"), "did you mean 'paper'?"),
        (("--config", "sedes=3"), "did you mean 'seeds'?"),
        (("--config", "seeds=[1,1]"), "seed"),
        (("--config", "artefacts=smal"), "did you mean 'small'?"),
        (("--config", "device=gpu"), "auto, cpu, cuda"),
    ],
)
def test_bad_configuration_stops_before_any_job(suite: SuiteCopy, words: tuple[str, ...], message: str) -> None:
    out = suite.snakemake(*words)
    assert out.returncode != 0
    assert message in out.stderr and "Traceback" not in out.stderr
    assert len(suite.records()) == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("train", "s2e/digits/symmetric-50/coteachin"), "did you mean 'coteaching'?"),
        (("train", "s2e/digits/symmetric-50"), "protocol/dataset/noise/method"),
        (("train", "s2e/digits/file-mine/standard"), "label_files"),
        (("train", "s2e/digits/pair-145/standard"), "pair-145"),
        (("table", "smal"), "did you mean 'small'?"),
        (("table", "small", "--seeds", "7"), "10 of 14 runs are missing"),
        (("table", "small", "--seeds", "1,1"), "named twice"),
        (("import", "nowhere"), "no such folder"),
        (("train", "s2e/digits/symmetric-50/mentornet", "--device", "cuda"), "no GPU"),
        (("train", "s2e/digits/symmetric-50/mentornet", "--device", "gpu"), "valid: auto, cpu, cuda"),
    ],
)
def test_bad_input_to_a_command_is_one_line(suite: SuiteCopy, words: tuple[str, ...], message: str) -> None:
    out = suite.lnl(*words)
    assert out.returncode == 2
    assert out.stderr.startswith("lnl: ") and message in out.stderr and len(out.stderr.splitlines()) == 1


def test_missing_data_files_name_the_place_and_the_remedy(suite: SuiteCopy) -> None:
    out = suite.lnl("train", "s2e/mnist/symmetric-50/standard", "--scale", "paper", "--data-root", "nowhere")
    assert out.returncode == 2 and "LNL_DATA_ROOT" in out.stderr and len(out.stderr.splitlines()) == 1
