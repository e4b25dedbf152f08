"""What a run that was stopped, that failed or that ended early leaves behind, and what the next one makes of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from suite_copy import SuiteCopy

from lnl.declared import dependencies, paths
from lnl.declared.data_places import Places
from lnl.declared.specification import digest
from lnl.declared.suite import Run, Suite
from lnl.engine.loop import Stopped
from lnl.engine.progress import unwatched
from lnl.errors import UserError
from lnl.files import sealed
from lnl.files.locks import Lock
from lnl.results.records import current, state_of
from lnl.run import checkpoints, job, stack
from lnl.run import store as store_module
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
    assert not store.finished(("step-100000", "final")), "whatever is known of the other"


def test_a_point_that_a_later_training_has_reached_is_made_again_where_it_is_damaged(suite: Suite) -> None:
    """The first training, of labels that were exchanged since, ended without it."""
    store = Store(suite, _run(suite))
    store.note_unreached(["step-5"])
    _train(suite, points=("step-5",))
    store.publish_handover("step-5").write_bytes(b"half")
    store.handover_file("step-5").write_bytes(b"half")
    assert not store.finished(("step-5",)) and not store.handover_file("step-5").exists()
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


# ---- records of other data, labels or declarations ------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(shared: Suite, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The record of a run."""
    with pytest.MonkeyPatch.context() as patch, paths.results_in(tmp_path_factory.mktemp("trained")):
        patch.delenv("LNL_CACHE_ROOT", raising=False)
        _train(shared)
        return sealed.read(Store(shared, _run(shared)).record_file)


def _of(trained: dict[str, Any], **result: Any) -> dict[str, Any]:
    return trained | {"result": trained["result"] | result}


def _declared_otherwise(trained: dict[str, Any]) -> dict[str, Any]:
    spec = trained["result"]["spec"]
    spec = spec | {"optimiser": spec["optimiser"] | {"lr": 0.5}}
    return _of(trained, spec=spec, digest=digest(spec))


def _today(suite: Suite, result: dict[str, Any], data: str | None = None, labels: str | None = None) -> None:
    """Manifests of what a record was trained on, or of others."""
    run, labelled = _run(suite), result["labels"]
    noise = {"dataset": "digits", "noise": run.cell.noise, "noise_seed": 0, "generator": labelled["generator"]}
    for place, content in (
        (paths.data(suite.scale, "digits"), {"dataset": "digits", "digest": data or result["data_digest"]}),
        (dependencies.noise_manifest(suite, run), noise | {"digest": labels or labelled["digest"]}),
    ):
        date = Path(place).stat().st_mtime_ns + 10**9 if Path(place).exists() else 10**18
        sealed.write(place, content)
        os.utime(place, ns=(date, date))  # written anew, however soon


def test_a_record_of_other_data_is_set_aside_and_comes_back_with_them(
    suite: Suite, trained: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, result = Store(suite, _run(suite)), trained["result"]
    store.save(trained)
    _today(suite, result, data="1" * 16)
    assert not store.finished()
    store.save(_of(trained, data_digest="1" * 16))
    assert store.finished()
    [aside] = store.folder.glob("record-*-on-*.json")
    assert sealed.read(aside) == trained
    _today(suite, result)
    with monkeypatch.context() as patch:
        patch.setattr(store_module.sealed, "write", _no_room)
        with pytest.raises(UserError, match="no room"):
            store.finished()
    assert aside.exists(), "until it is kept in its place"
    assert store.finished() and sealed.read(store.record_file) == trained
    [aside] = store.folder.glob("record-*-on-*.json")
    assert sealed.read(aside)["result"]["data_digest"] == "1" * 16


def _no_room(*_: Any, **__: Any) -> None:
    raise UserError("no room")


def test_a_record_is_on_the_disk_before_the_checkpoint_goes(
    suite: Suite, trained: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, there = Store(suite, _run(suite)), []
    store.folder.mkdir(parents=True)
    store.checkpoint_file.write_bytes(b"a checkpoint")
    with monkeypatch.context() as patch:
        patch.setattr(store_module.sealed, "write", _no_room)
        with pytest.raises(UserError, match="no room"):
            store.save(trained)
    assert store.checkpoint_file.exists()
    monkeypatch.setattr(os, "fsync", lambda handle: there.append(store.checkpoint_file.exists()))
    store.save(trained)
    assert there == [True, True], "the file, and the folder that names it"
    assert store.record_file.exists() and not store.checkpoint_file.exists()


def test_an_empty_store_takes_a_published_record_of_today_and_no_other(suite: Suite, trained: dict[str, Any]) -> None:
    store, result = Store(suite, _run(suite)), trained["result"]
    published = Path(paths.record(suite.scale, _run(suite).cell.id, 1))
    _today(suite, result)
    assert not store.adopt()
    changes = {"seed": 2}, {"data_digest": "1" * 16}, {"labels": result["labels"] | {"digest": "1" * 16}}
    for other in (_declared_otherwise(trained), *(_of(trained, **change) for change in changes)):
        sealed.write(published, other)
        assert not store.adopt() and not store.record_file.exists()
    sealed.write(published, trained)
    assert store.adopt() and store.finished() and sealed.read(store.record_file) == trained
    assert not store.adopt(), "it is there"


def test_a_published_record_that_is_replaced_stays_under_what_it_was_trained_by(
    suite: Suite, trained: dict[str, Any]
) -> None:
    run, store = _run(suite), Store(suite, _run(suite))
    published = Path(paths.record(suite.scale, run.cell.id, 1))
    labels = trained["result"]["labels"] | {"digest": "1" * 16}
    changes, other = ({"labels": labels}, {"data_digest": "1" * 16}, {"seed": 2}), _declared_otherwise(trained)
    for content in (trained, other, *(_of(trained, **change) for change in changes)):
        sealed.write(published, content)
        for _ in range(2):
            store_module.keep_aside(suite, run)
    published.write_text("half")
    store_module.keep_aside(suite, run)
    assert sealed.read(store.record_file) == trained
    assert sealed.read(store.folder / f"record-{other['result']['digest']}.json") == other
    aside = [sealed.read(file) for file in store.folder.glob("record-*-on-*.json")]
    assert {(each["result"]["data_digest"], each["result"]["labels"]["digest"]) for each in aside} == {
        (trained["result"]["data_digest"], "1" * 16),
        ("1" * 16, trained["result"]["labels"]["digest"]),
    }
    assert len(list(store.folder.iterdir())) == 4, "and of another run nothing"


def test_a_record_is_current_as_long_as_all_that_it_says_is_of_today(
    suite: Suite, trained: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, result = _run(suite), trained["result"]
    published = Path(paths.record(suite.scale, run.cell.id, 1))
    sealed.write(published, trained)
    for _ in range(2):
        assert current(suite, run), "without manifests nothing speaks against it"
        for other in ({"data": "1" * 16}, {"labels": "1" * 16}):
            _today(suite, result, **other)
            assert not current(suite, run), other
        _today(suite, result)
        assert current(suite, run)
        with monkeypatch.context() as patch:
            patch.setattr(Suite, "digest", lambda suite, cell: "1" * 16)
            assert not current(suite, run)
        for place in (paths.data(suite.scale, "digits"), dependencies.noise_manifest(suite, run)):
            Path(place).unlink()
    sound = published.read_bytes()
    for wrong in (sound.replace(b'"status": "ok"', b'"status": "OK"'), sound[:-9]):
        published.write_bytes(wrong)
        assert not current(suite, run)
    for other in ({"seed": 2}, {"scale": "smoke"}):
        sealed.write(published, _of(trained, **other))
        assert not current(suite, run), other
    sealed.write(paths.record(suite.scale, run.cell.id, 2), trained)
    assert not current(suite, _run(suite, 2))
