"""Training one run from its declaration to its record: what a training job does.

A job trains the run it was started for. While it is young it may train further runs of the same DAG, because
the start of a process costs as much as a small run; that is scheduling only, each run keeps its own lock, record and
failure.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import torch
from filelock import Timeout
from torch import Tensor

from lnl import needs, paths, provenance
from lnl.data.prepare import load as load_arrays
from lnl.declarations import syntax_digest
from lnl.engine.build import load_method, training
from lnl.engine.data import DeviceData
from lnl.engine.loop import Stopped, Training
from lnl.errors import UserError
from lnl.files import replacing
from lnl.matrix import Run, Suite
from lnl.noise.keys import flip_rate, parse
from lnl.noise.manifest import ensure_labels
from lnl.noise.transition import matrix
from lnl.places import Places
from lnl.stats import run_statistic
from lnl.store import Store

Progress = Callable[[int, int], None]


@cache
def _device_data(dataset: str, split: str, device: torch.device, test_images: int | None, places: Places) -> DeviceData:
    arrays = load_arrays(dataset, places.data_root, places.cache_root, places.accepted)
    return DeviceData.load(arrays, split, device, test_images)


def prepare(suite: Suite, run: Run, places: Places, device: torch.device) -> tuple[Training, dict[str, Any]]:
    """A training ready to start, and what its record says about the labels and the data."""
    spec = suite.spec(run.cell)
    noise, dataset = spec["noise"], spec["dataset"]
    arrays = load_arrays(dataset, places.data_root, places.cache_root, places.accepted)
    seed = needs.noise_seed(suite, run)
    labels, manifest = ensure_labels(
        arrays, dataset, noise["key"], noise["generator"], seed, places.cache_root, *places.label_file(noise["key"])
    )
    known = Path(needs.noise_manifest(suite, run))
    if known.exists() and json.loads(known.read_text())["digest"] != manifest["digest"]:
        raise UserError(
            f"{known}: the labels changed under existing results; bring the former ones back or rename the noise"
        )
    key = parse(noise["key"])
    if key.kind == "file":  # what the labels are is all that is known; a class without examples stays itself
        rows = enumerate(manifest["transition_realised"])
        known_rows = [torch.eye(manifest["classes"])[true] if row is None else torch.tensor(row) for true, row in rows]
        transition = torch.stack(known_rows).float()
    else:
        transition = torch.tensor(matrix(noise["key"], manifest["classes"])).float()
    rate = flip_rate(key, manifest["classes"])
    if rate is None:
        rate = float(manifest["realised_rate"])
    data = _device_data(dataset, spec["split"], device, spec["limits"].get("test_images"), places)
    method = suite.methods[spec["method"]["key"]]
    method_class = load_method(Path(method["file"]))
    if method_class.networks != method["networks"]:
        raise UserError(
            f"{method['file']}: SPEC says {method['networks']} networks, its class {method_class.networks}; mend one"
        )
    built = training(
        spec,
        method_class,
        data,
        [labels],
        rate,
        transition,
        [run.seed],
        handovers=_read_handovers(suite, run),
        points=needs.handover_points(suite, run.cell),
    )
    about = {
        "labels": {
            "requested_rate": manifest["requested_rate"],
            "realised_rate": manifest["realised_rate"],
            "digest": manifest["digest"],
            "noise_seed": seed,
            "generator": manifest["generator"],
            "vector": noise["vector"],
        },
        "data_digest": arrays.digest,
    }
    return built, about


def _read_handovers(suite: Suite, run: Run) -> Mapping[str, dict[str, Tensor]]:
    from safetensors.torch import load_file

    out = {}
    for name, (source, point) in needs.handovers(suite, run).items():
        file = Path(paths.handover(suite.scale, source.cell.id, source.seed, point))
        if not file.exists():
            raise UserError(
                f"{run.cell.id} reads {file}, which is not there; "
                f"`lnl handover {source.cell.id} --seed {source.seed} --point {point}` writes it"
            )
        out[name] = load_file(file)
    return out


def train(
    suite: Suite, run: Run, places: Places, device: torch.device, stop: Callable[[], bool], progress: Progress
) -> None:
    """Train a run whose lock is held, from its checkpoint if there is one, and keep the record in the store."""
    store = Store(suite, run)
    built, about = prepare(suite, run, places, device)
    before: dict[str, Any] = {"seconds": 0.0, "resumed": 0}
    precision = torch.get_float32_matmul_precision()
    if store.checkpoint_file.exists():
        saved = torch.load(store.checkpoint_file, map_location=device, weights_only=True)
        built.restore(saved["training"])
        before = {"seconds": saved["seconds"], "resumed": saved["resumed"] + 1}
        torch.set_float32_matmul_precision(saved["matmul"])  # a resumed run keeps its kernels
    started = time.monotonic()

    def checkpoint() -> None:
        seconds = before["seconds"] + time.monotonic() - started
        with replacing(store.checkpoint_file) as temporary:
            torch.save(
                {
                    "training": built.snapshot(),
                    "seconds": seconds,
                    "resumed": before["resumed"],
                    "matmul": torch.get_float32_matmul_precision(),
                },
                temporary,
            )

    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    try:
        built.run(stop, checkpoint, places.checkpoint_seconds, progress)
        matmul = torch.get_float32_matmul_precision()
    finally:
        torch.set_float32_matmul_precision(precision)
    for point, tensors in built.saved.items():
        from safetensors.torch import save_file

        with replacing(store.handover_file(point)) as temporary:
            save_file(tensors, temporary)
    unreached = [point for point in needs.handover_points(suite, run.cell) if point not in built.saved]
    if unreached:
        store.note_unreached(unreached)
    file = Path(suite.methods[suite.spec(run.cell)["method"]["key"]]["file"])
    seconds = round(before["seconds"] + time.monotonic() - started, 3)
    extra = {"mode": "single", "threads": torch.get_num_threads(), "seconds": seconds, "resumed": before["resumed"]}
    extra["matmul"] = matmul
    extra["deterministic"] = device.type == "cpu" or torch.are_deterministic_algorithms_enabled()
    extra |= {"steps": built.position.total, "finished": datetime.now(UTC).date().isoformat()}
    store.save(
        {
            "result": result(suite, run, built, about),
            "provenance": provenance.collect(suite.root.resolve(), device, syntax_digest(file), extra),
        }
    )


def result(suite: Suite, run: Run, built: Training, about: dict[str, Any]) -> dict[str, Any]:
    """The part of a record that is the same for the same declaration, seed and machine."""
    declared = suite.declared(run.cell)
    diverged = built.diverged[0]
    return {
        "scale": suite.scale,
        **{k: getattr(run.cell, k) for k in ("protocol", "dataset", "noise", "method")},
        "seed": run.seed,
        "stand_in_for": declared.paper_dataset if declared.paper_dataset != run.cell.dataset else None,
        "spec": declared.spec,
        "digest": suite.digest(run.cell),
        "status": "diverged" if diverged else "ok",
        "diverged": diverged,
        "curves": built.curves[0],
        "summary": {
            name: round(run_statistic(built.curves[0], name).value, 4)
            for name in ("last10_mean", "final", "best")
            if not diverged
        },
        **about,
    }


def job(
    suite: Suite, run: Run, places: Places, device: str, stop: Callable[[], bool], progress: Progress, log: str | None
) -> None:
    """Bring one run's record to its declared path: publish it if it is stored, else train it; then train ahead."""
    from lnl.hardware import torch_device

    started = time.monotonic()
    target = torch_device(device, bool(suite.config.get("deterministic")))
    points = needs.handover_points(suite, run.cell)
    store = Store(suite, run)
    others = _queue(suite, run)
    while not store.finished(points):
        if _try(suite, run, places, target, stop, progress, log):
            break
        # another process trains this very run: be useful meanwhile
        if not any(_try_other(suite, other, places, target, stop, progress) for other in others):
            time.sleep(0.1)
        if stop():
            raise Stopped
    store.publish()
    limit = float(suite.scales[suite.scale].get("ahead_seconds", 0))
    for other in others:
        if stop() or time.monotonic() - started > limit:
            break
        _try_other(suite, other, places, target, stop, progress)


def _try(
    suite: Suite,
    run: Run,
    places: Places,
    device: torch.device,
    stop: Callable[[], bool],
    progress: Progress,
    log: str | None,
) -> bool:
    """Train a run if no other process does; True if it is finished now."""
    store = Store(suite, run)
    try:
        with store.lock().acquire(timeout=0):
            if not store.finished(needs.handover_points(suite, run.cell)):
                try:
                    train(suite, run, places, device, stop, progress)
                except Stopped:
                    raise
                except Exception as error:
                    store.fail(error, log)
                    raise
            return True
    except Timeout:
        return False


def _try_other(
    suite: Suite, run: Run, places: Places, device: torch.device, stop: Callable[[], bool], progress: Progress
) -> bool:
    """Train a neighbour; its failure is left for its own job to report. True if something was trained."""
    store = Store(suite, run)
    points = needs.handover_points(suite, run.cell)
    if store.finished(points) or (not points and store.adopt()) or (store.folder / "failure.json").exists():
        return False
    try:
        return _try(suite, run, places, device, stop, progress, None)
    except Stopped:
        raise
    except Exception:
        return False


def _queue(suite: Suite, run: Run) -> list[Run]:
    """Further runs of the DAG that is being executed, which its head wrote down; none by hand or on a cluster."""
    import os

    file = Path(paths.queue(suite.scale))
    head = os.environ.get("LNL_HEAD")
    if not head or not suite.scales[suite.scale].get("ahead_seconds"):
        return []
    try:
        queue = json.loads(file.read_text())
    except (OSError, ValueError):
        return []
    if str(queue.get("head")) != head:
        return []
    listed = [Run(suite.parse(cell), seed) for cell, seed in queue["runs"]]
    return [r for r in listed if r != run and not needs.handovers(suite, r)]
