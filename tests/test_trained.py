"""What a run that was stopped, that failed or that ended early leaves behind, and what the next one makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from suite_copy import SuiteCopy

from lnl.declared import paths
from lnl.declared.data_places import Places
from lnl.declared.suite import Run, Suite
from lnl.engine.loop import Stopped
from lnl.engine.progress import unwatched
from lnl.errors import UserError
from lnl.files import sealed
from lnl.files.locks import Lock
from lnl.results.records import state_of
from lnl.run import checkpoints, job, stack
from lnl.run.store import Store
from lnl.run.train import held, kernels, train

Stop = Callable[[], bool]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    root = SuiteCopy.make(tmp_path_factory.mktemp("suite") / "checkout").root
    config = {"device": "cpu", "scale": "demo", "cache_root": str(root / "cache")}
    return Suite.load(root, config, validate=False)


@pytest.fixture
def suite(shared: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Suite]:
    """With results of its own."""
    monkeypatch.delenv("LNL_CACHE_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    with paths.results_in(tmp_path / "results"):
        yield shared


def _run(suite: Suite, seed: int = 1) -> Run:
    return Run(suite.parse("s2e/digits/symmetric-50/standard"), seed)


def _train(suite: Suite, stop: Stop = lambda: False, points: tuple[str, ...] = ()) -> None:
    job.job(suite, _run(suite), Places.of(suite.config), "cpu", stop, unwatched, "its.log", points)


def _after(steps: int) -> Stop:
    """Told to stop when so many steps are made."""
    asked = iter(range(steps))
    return lambda: next(asked, None) is None


def _provenance(suite: Suite, seed: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = sealed.read(Store(suite, _run(suite, seed)).record_file)["provenance"]
    return found


def _alter(file: Path, **changes: Any) -> None:
    saved = checkpoints.load(file)
    assert saved is not None
    torch.save(saved | changes, file)


def test_a_run_that_was_stopped_twice_took_as_long_as_all_its_parts(suite: Suite) -> None:
    store = Store(suite, _run(suite))
    for seconds in (1000.0, 3000.0):
        with pytest.raises(Stopped):
            _train(suite, _after(7))
        saved = checkpoints.load(store.checkpoint_file)
        assert saved is not None and saved["seconds"] > seconds - 2000
        _alter(store.checkpoint_file, seconds=seconds, matmul="high")
        assert not store.finished() and not (store.folder / "failure.json").exists(), "it was told to stop"
    _train(suite)
    found = _provenance(suite)
    assert 3000 < found["seconds"] < 3600 and found["resumed"] == 2
    assert found["matmul"] == "high", "as it was begun, whatever this process multiplies with"
    assert torch.get_float32_matmul_precision() != "high"
    assert not store.checkpoint_file.exists()


def test_a_run_that_a_cpu_began_is_not_rounded_on_a_gpu() -> None:
    """What a CPU's library computes in single precision under `medium` would be bfloat16 there."""
    usual = torch.get_float32_matmul_precision()
    for device, wanted in (("cpu", "medium"), ("cuda", usual)):
        with kernels("medium", torch.device(device)) as said:
            assert said == torch.get_float32_matmul_precision() == wanted
        assert torch.get_float32_matmul_precision() == usual


def test_runs_of_a_stack_share_its_time(suite: Suite) -> None:
    runs, places = [_run(suite, seed) for seed in (1, 2)], Places.of(suite.config)
    device = torch.device("cpu")
    with pytest.raises(Stopped):
        stack.train_stack(suite, runs, places, device, _after(7), unwatched)
    [state] = Store(suite, runs[0]).folder.glob("stack-*.pt")
    _alter(state, seconds=1000.0)
    stack.train_stack(suite, runs, places, device, lambda: False, unwatched)
    for seed in (1, 2):
        found = _provenance(suite, seed)
        assert 500 < found["seconds"] < 800
        assert (found["mode"], found["stack"], found["resumed"]) == ("stacked", 2, 1)
    assert not state.exists()


def test_what_was_begun_alone_goes_on_alone_and_leaves_the_stack_to_the_others(suite: Suite) -> None:
    with pytest.raises(Stopped):
        _train(suite, _after(7))
    runs, places = [_run(suite, seed) for seed in (2, 1, 3)], Places.of(suite.config)
    for _ in range(2):  # the second time all of them are there
        stack.train_stack(suite, runs, places, torch.device("cpu"), lambda: False, unwatched)
    said = [_provenance(suite, seed) for seed in (1, 2, 3)]
    assert [(each["mode"], each["resumed"], each.get("stack")) for each in said] == [
        ("single", 1, None),
        ("stacked", 0, 2),
        ("stacked", 0, 2),
    ]
    results = [sealed.read(Store(suite, run).record_file)["result"] for run in runs]
    assert [result["seed"] for result in results] == [2, 1, 3]
    assert len({json.dumps(result["curves"]["loss"]) for result in results}) == 3
    for seed in (2, 1, 3):  # each has its own numbers, as trained alone
        store = Store(suite, _run(suite, seed))
        curves = sealed.read(store.record_file)["result"]["curves"]
        store.record_file.unlink()
        train(suite, _run(suite, seed), places, torch.device("cpu"), lambda: False, unwatched, points=())
        assert sealed.read(store.record_file)["result"]["curves"] == curves


def test_a_point_that_a_run_never_reaches_does_not_train_it_again(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(suite, _run(suite))
    _train(suite, points=("step-5", "step-100000"))
    monkeypatch.setattr(job, "train", lambda *_, **__: pytest.fail("trained again"))
    _train(suite, points=("step-5", "step-100000"))
    assert store.publish_handover("step-5").exists()
    with pytest.raises(UserError, match=r"standard seed 1 ended without reaching 'step-100000' \(see its record\)"):
        store.publish_handover("step-100000")
    assert not store.finished(("step-5", "final")), "nobody has asked for this one before"


def test_a_point_that_a_later_training_has_reached_is_made_again_where_it_is_damaged(suite: Suite) -> None:
    """The first training, of labels that were exchanged since, ended without it."""
    store = Store(suite, _run(suite))
    store.note_unreached(["step-5"])
    _train(suite, points=("step-5",))
    store.handover_file("step-5").write_bytes(b"half")
    assert not store.finished(("step-5",))
    _train(suite, points=("step-5",))
    assert store.publish_handover("step-5").exists()


def test_a_failure_is_told_by_its_last_line_until_the_run_has_ended_well(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, before = _run(suite), job.train

    def failing(*_: Any, **__: Any) -> None:
        raise ValueError("where it was\nwhat is wrong")

    monkeypatch.setattr(job, "train", failing)
    with pytest.raises(ValueError, match="what is wrong"):
        _train(suite)
    found = state_of(suite, run.cell, 1)
    assert (found.state, found.reason, found.log) == ("failed", "ValueError: what is wrong", "its.log")
    assert state_of(suite, run.cell, 2).state == "missing"
    monkeypatch.setattr(job, "train", before)
    _train(suite)
    assert state_of(suite, run.cell, 1).state == "ok"
    Path(paths.record(suite.scale, run.cell.id, 1)).unlink()
    assert state_of(suite, run.cell, 1).state == "missing", "its failure is forgotten"


def test_what_is_published_already_keeps_its_date(suite: Suite) -> None:
    _train(suite)
    file = Path(paths.record(suite.scale, _run(suite).cell.id, 1))
    before = file.stat().st_mtime_ns
    _train(suite)
    assert file.stat().st_mtime_ns == before
    file.write_text("{}")
    _train(suite)
    assert file.read_bytes() == Store(suite, _run(suite)).record_file.read_bytes()


def test_who_waits_for_a_run_stops_when_told_and_goes_on_when_it_is_free(suite: Suite) -> None:
    store = Store(suite, _run(suite))
    with store.lock() as other:
        with pytest.raises(Stopped), held(store, lambda: True):
            pytest.fail("somebody else holds it")

        def released() -> bool:
            other.release()
            return False

        with held(store, released), pytest.raises(Stopped), held(store, lambda: True):
            pytest.fail("it is held now")
    Lock(store.folder / "lock").acquire(timeout=0).release()
