"""Repeats of a cell as one stack: the DAG's way through them, and that no record depends on it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from snakemake.target_jobs import parse_target_jobs_cli_args
from snakemake_interface_executor_plugins.utils import TargetSpec, encode_target_jobs_cli_args
from suite_copy import SCALE, SuiteCopy, until

from lnl.declared import stacked_repeats
from lnl.declared.reading import overridden
from lnl.declared.suite import Run, Suite

CELL = "s2e/digits/symmetric-50/coteaching"
ROOT = Path(__file__).resolve().parent.parent
LONG = 120  # epochs: two seconds on an idle machine


def _stack(suite: SuiteCopy, **changes: Any) -> None:
    (suite.root / "config/scales/demo.yaml").write_text(yaml.safe_dump(SCALE | {"mode": {"cpu": "stacked"}} | changes))


def _provenance(suite: SuiteCopy, seed: int) -> dict[str, Any]:
    path = suite.root / f"results/demo/cells/{CELL}/seed{seed}.json"
    return dict(json.loads(path.read_text())["provenance"])


def test_a_stack_of_repeats_has_the_records_of_runs_alone(suite: SuiteCopy) -> None:
    alone = suite.records()
    for folder in ("store", "cells", "tables"):
        shutil.rmtree(suite.root / "results/demo" / folder)
    _stack(suite)
    assert suite.jobs() | {"repeats": 2, "train": 4} == suite.jobs()
    done = suite.snakemake()
    assert done.returncode == 0, done.stderr[-3000:]
    assert suite.records() == alone
    assert [_provenance(suite, seed)["mode"] for seed in (1, 2)] == ["stacked", "stacked"]
    assert suite.jobs() == {}


def test_a_stack_can_be_named_to_the_job_of_a_cluster() -> None:
    stack = TargetSpec("repeats", {"method": "coteaching", "seeds": stacked_repeats.seeds_text((1, 2, 10))})
    assert parse_target_jobs_cli_args(encode_target_jobs_cli_args([stack])) == [stack]


def test_more_repeats_train_only_the_new(suite: SuiteCopy) -> None:
    _stack(suite)
    before = [_provenance(suite, seed) for seed in (1, 2)]
    assert suite.snakemake("--config", "seeds=4").returncode == 0
    assert [_provenance(suite, seed) for seed in (1, 2)] == before
    assert [_provenance(suite, seed)["stack"] for seed in (3, 4)] == [2, 2]
    assert suite.jobs("--config", "seeds=4") == {}


def test_a_changed_default_trains_its_stack_again_and_publishes_it(suite: SuiteCopy) -> None:
    _stack(suite)
    assert suite.snakemake().returncode == 0
    method = suite.root / "methods/coteaching.py"
    method.write_text(method.read_text().replace('"t_k": 10', '"t_k": 20'))
    before = suite.records()
    assert {k: n for k, n in suite.jobs().items() if k in ("repeats", "train")} == {"repeats": 1, "train": 2}
    assert suite.snakemake().returncode == 0
    changed = {name for name, result in suite.records().items() if result != before[name]}
    assert changed == {f"results/demo/cells/{CELL}/seed{seed}.json" for seed in (1, 2)}
    assert suite.jobs() == {}


def test_a_run_that_is_deleted_is_trained_again_by_its_stack(suite: SuiteCopy) -> None:
    _stack(suite)
    assert suite.snakemake().returncode == 0
    before = suite.records()
    shutil.rmtree(suite.root / f"results/demo/store/{CELL}/seed2")
    (suite.root / f"results/demo/cells/{CELL}/seed2.json").unlink()
    target = f"results/demo/cells/{CELL}/seed2.json"
    assert suite.jobs(target)["repeats"] == 1
    assert suite.snakemake(target).returncode == 0
    assert suite.records() == before


def _forget(suite: SuiteCopy) -> Path:
    """Nothing is left of the runs of the cell but their folders."""
    for file in (suite.root / "results/demo").glob(f"*/{CELL}/**/*.json"):
        file.unlink()
    return suite.root / f"results/demo/store/{CELL}"


def _stopped(suite: SuiteCopy, seeds: str, environment: dict[str, str]) -> None:
    """`lnl repeats` of these seeds, told to stop once there is a checkpoint, which then is far from the end."""
    command = [str(Path(sys.executable).parent / "lnl"), "repeats", CELL, "--seeds", seeds]
    environment |= {"LNL_CHECKPOINT_SECONDS": "0.05"}
    job = subprocess.Popen(command, cwd=suite.root, env=environment, stderr=subprocess.PIPE)
    try:
        until(lambda: bool(suite.stored("stack")), lambda: job.poll() is not None)
        job.send_signal(signal.SIGTERM)
        assert job.wait(30) == 143
    finally:
        job.kill()
        job.communicate()


def test_a_stack_that_is_stopped_goes_on_where_it_was_whoever_asks(suite: SuiteCopy) -> None:
    _stack(suite, epochs=LONG)
    store = _forget(suite)
    _stopped(suite, "1,2", suite.environment())
    assert "stopped" in suite.lnl("status", "small", afresh=True).stdout
    asked = suite.lnl("repeats", CELL, "--seeds", "3,1,2")  # in other company
    assert asked.returncode == 0, asked.stderr
    assert not list(store.glob("seed*/stack-*.pt"))
    for seed, resumed, together in ((1, 1, 2), (2, 1, 2), (3, 0, 1)):
        assert suite.lnl("train", CELL, "--seed", str(seed)).returncode == 0
        said = _provenance(suite, seed)
        assert (said["resumed"], said["stack"], said["steps"]) == (resumed, together, (LONG - 1) * 9)


def test_a_stack_never_takes_over_the_state_of_other_seeds(suite: SuiteCopy) -> None:
    _stack(suite, epochs=LONG)
    store = _forget(suite)
    _stopped(suite, "1,2", suite.warm_environment())
    torch.save({"training": {}}, store / "seed1/stack-older.pt")  # of a version that did not say whose state it is
    assert suite.lnl("repeats", CELL, "--seeds", "1,3").returncode == 0  # as many, and the same first
    for seed in (1, 3):
        assert suite.lnl("train", CELL, "--seed", str(seed)).returncode == 0
        assert _provenance(suite, seed)["resumed"] == 0


def test_repeats_of_what_is_no_stack_are_refused_in_one_line(suite: SuiteCopy) -> None:
    refused = suite.lnl("repeats", CELL, "--seeds", "2")
    assert refused.returncode == 2
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "one by one" in refused.stderr
    none = suite.lnl("repeats", CELL, "--seeds", "0")
    assert none.returncode == 2
    assert len(none.stderr.strip().splitlines()) == 1


def test_artefacts_share_a_stack_only_where_all_of_them_want_it(
    suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stack(suite)
    table = yaml.safe_load((suite.root / "tables/small.yaml").read_text())
    (suite.root / "tables/larger.yaml").write_text(yaml.safe_dump(table | {"seeds": 5}))
    monkeypatch.chdir(suite.root)
    loaded = Suite.load(Path(), {})
    cell = loaded.parse(CELL)
    assert [stacked_repeats.together(loaded, Run(cell, seed)) for seed in (1, 2, 3)] == [(1, 2), (1, 2), (3, 4, 5)]


def test_runs_whose_numbers_could_depend_on_others_are_trained_alone(
    suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stack(suite)
    monkeypatch.chdir(suite.root)

    def together(seed: int = 1, **config: Any) -> tuple[int, ...]:
        loaded = Suite.load(Path(), config)
        return stacked_repeats.together(loaded, Run(loaded.parse(CELL), seed))

    assert together() == (1, 2)
    assert together(seed=7) == ()  # demanded by nothing
    assert together(seeds=1) == ()
    _stack(suite, stand_ins={"datasets": {"mnist": "digits"}, "networks": {"mlp": "digits_cnn", "cnn9": "digits_cnn"}})
    assert together() == ()  # batch norm
    _stack(suite)
    method = suite.root / "methods/coteaching.py"
    method.write_text(method.read_text() + "\n    def epoch_end(self, learner, now):\n        pass\n")
    assert together() == ()


def test_what_a_method_overrides_is_known_without_running_it() -> None:
    assert overridden(ROOT / "methods/coteaching.py") == {"networks", "schedule", "loss"}
