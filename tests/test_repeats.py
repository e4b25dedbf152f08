"""Repeats of a cell as one stack: the DAG's way through them, and that no record depends on it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from suite_copy import SCALE, SuiteCopy

from lnl import repeats
from lnl.declarations import members
from lnl.matrix import Run, Suite

CELL = "s2e/digits/symmetric-50/coteaching"
ROOT = Path(__file__).resolve().parent.parent


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


def test_more_repeats_train_only_the_new(suite: SuiteCopy) -> None:
    _stack(suite)
    before = [_provenance(suite, seed) for seed in (1, 2)]
    assert suite.snakemake("--config", "seeds=4").returncode == 0
    assert [_provenance(suite, seed) for seed in (1, 2)] == before
    assert [_provenance(suite, seed)["stack"] for seed in (3, 4)] == [2, 2]
    assert suite.jobs("--config", "seeds=4") == {}


def test_a_stack_that_is_stopped_goes_on_where_it_was(suite: SuiteCopy) -> None:
    _stack(suite, epochs=400)
    command = [str(Path(sys.executable).parent / "lnl"), "repeats", CELL, "--seeds", "1,2"]
    store = suite.root / f"results/demo/store/{CELL}/seed1"
    for file in store.glob("record-*"):
        file.unlink()
    job = subprocess.Popen(
        command, cwd=suite.root, env=suite.environment(LNL_CHECKPOINT_SECONDS="0.2"), stderr=subprocess.PIPE
    )
    try:
        end = time.monotonic() + 60
        while not list(store.glob("stack-*.pt")):
            assert time.monotonic() < end, "no checkpoint in time"
            time.sleep(0.05)
        job.send_signal(signal.SIGTERM)
        assert job.wait(30) == 143
    finally:
        job.kill()
        job.communicate()
    assert suite.lnl("repeats", CELL, "--seeds", "1,2").returncode == 0
    assert not list(store.glob("stack-*.pt"))
    for seed in (1, 2):
        assert suite.lnl("train", CELL, "--seed", str(seed)).returncode == 0
        assert _provenance(suite, seed)["resumed"] == 1
        assert _provenance(suite, seed)["steps"] == 399 * 9  # digits: 1,197 images in batches of 128


def test_runs_whose_numbers_could_depend_on_others_are_trained_alone(
    suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stack(suite)
    monkeypatch.chdir(suite.root)

    def together(seed: int = 1, **config: Any) -> tuple[int, ...]:
        loaded = Suite.load(Path(), config)
        return repeats.together(loaded, Run(loaded.parse(CELL), seed))

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
    assert {"networks", "schedule", "loss"} == members(ROOT / "methods/coteaching.py")
