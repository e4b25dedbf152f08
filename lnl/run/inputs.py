"""What a run trains on, made ready from its specification: data on the device, given labels, method, hand-overs."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lnl.data import set_manifest
from lnl.data.arrays import Arrays, integer_digest
from lnl.data.prepare import load as load_arrays
from lnl.data.registry import DatasetInfo
from lnl.data.set_sizes import HOLD_OUT
from lnl.declared import dependencies, label_needs, origin, paths
from lnl.declared.data_places import Places
from lnl.declared.searches import parameter_searched
from lnl.declared.suite import Run, Suite
from lnl.engine.build import load_method, training
from lnl.engine.data import DeviceData
from lnl.engine.loop import Training
from lnl.engine.method import Method
from lnl.engine.replay import Replay
from lnl.errors import UserError
from lnl.files.sealed import set_aside
from lnl.noise.keys import parse
from lnl.noise.manifest import CHANGED, compared, ensure_labels
from lnl.noise.open_set import replaced
from lnl.noise.transition import requested
from lnl.run import handed_over, labels_kept
from lnl.run.store import Store
from lnl.search.files import chosen, found


@cache
def _arrays(info: DatasetInfo, places: Places) -> Arrays:
    return load_arrays(info, places.data_root, places.cache_root, places.accepted)


@cache
def _device_data(
    info: DatasetInfo, split: str, device: torch.device, test_images: int | None, tested_on: str, places: Places
) -> DeviceData:
    arrays, kind = _arrays(info, places), DeviceData
    if arrays.root is not None:
        from lnl.engine.streamed import StreamedData as kind  # with PIL, which other data do not need

    return kind.load(arrays, split, device, test_images, tested_on)


@dataclass(frozen=True)
class Problem:
    """Data set and given labels of a run. `about`: what its record says of them."""

    data: DeviceData
    given: np.ndarray  # [N]
    noise_rate: float
    transition: Tensor  # [K, K] as declared; as realised where no matrix is known
    about: dict[str, Any]
    sets: dict[str, np.ndarray] = field(default_factory=dict)  # places of the declared sets


def problem(suite: Suite, run: Run, places: Places, device: torch.device) -> Problem:
    """Load what a run trains on. UserError if the labels changed under existing results."""
    spec = suite.spec(run.cell)
    noise, info = spec["noise"], suite.dataset(spec["dataset"])
    arrays = _arrays(info, places)
    seed = dependencies.noise_seed(suite, run)
    label_file, of = places.label_file(noise["key"]), label_needs.training_file(suite, info.key)
    own = suite.own_noise(noise["key"], info.key)
    open_set = replaced(own, parse(noise["key"]), seed, arrays, lambda of: _arrays(of, places))
    source = label_file or open_set or own or labels_kept.given(suite, run, arrays, info.classes)
    labels, manifest = ensure_labels(
        arrays, info, noise["key"], noise["generator"], seed, places.cache_root, source, of
    )
    unsaid = origin.told(dependencies.noise_manifest(suite, run)) is None  # by whoever writes the manifest
    if label_file is not None and unsaid:
        for remark in compared(arrays, labels, manifest, label_file)["remarks"]:
            print(f"lnl: {label_file.path}: {remark}", file=sys.stderr)
    today = {"data": arrays.digest, "labels": manifest["digest"]}
    for what, told in origin.manifests(suite, run).items():
        if told not in (None, today.get(what, told)):
            file = {"data": paths.data(suite.scale, info.key), "labels": dependencies.noise_manifest(suite, run)}[what]
            raise UserError(
                f"{file}: the {what} changed under existing results (digest {told}, now {today[what]}); {CHANGED}"
            )
    asked = requested(noise["key"], info.classes, own, seed)
    if asked is None:  # what the labels are is all that is known; a class without examples stays itself
        rows = enumerate(manifest["transition_realised"])
        known_rows = [torch.eye(manifest["classes"])[true] if row is None else torch.tensor(row) for true, row in rows]
        transition = torch.stack(known_rows).float()
    else:
        transition = torch.tensor(asked).float()
    rate = float(manifest["realised_rate" if asked is None else "requested_rate"])
    about = {
        "labels": {
            "requested_rate": manifest["requested_rate"],
            "realised_rate": manifest["realised_rate"],
            "digest": manifest["digest"],
            "noise_seed": seed,
            "generator": manifest["generator"],
            "vector": noise["vector"],
            **({"out_of_distribution": len(open_set.places)} if open_set is not None else {}),
            **({"source": origin.meaning(suite, noise["key"], info.key)["noise"]} if own is not None else {}),
        },
        "data_digest": arrays.digest,
    }
    limit, held = spec["limits"].get("test_images"), spec.get("hold_out")
    places_of = _sets(suite, run, arrays, info, None if open_set is None else open_set.places)
    if places_of:
        about["sets"] = {name: set_manifest.about(chosen, arrays, info.classes) for name, chosen in places_of.items()}
    tested_on = spec.get("tested_on", "test")
    data = _device_data(info, "none" if held else spec["split"], device, limit, tested_on, places)
    if open_set is not None:
        data = data.replaced(*(torch.from_numpy(each).to(device) for each in (open_set.places, open_set.images)))
    if held:
        index = torch.from_numpy(places_of.pop(HOLD_OUT))
        data = data.hold_out(index.to(device), torch.from_numpy(np.array(labels)).to(device), limit)
    for name, members in places_of.items():
        if spec["sets"][name].get("validates") and not held:  # a method that holds examples out validates on them
            judged = np.array(labels if spec["sets"][name].get("labels") == "given" else arrays.train_labels)
            index, by = (torch.from_numpy(each).to(device) for each in (members, judged))
            data = data.also_validates(index, by, limit)
    if spec.get("evaluated") == "whole_batches":
        data = data.whole_batches(spec["batch"]["size"])
        about["counted"] = {name: len(of_part) for name, (_, of_part) in data.parts.items()}
    return Problem(data, labels, rate, transition, about, places_of)


def _sets(suite: Suite, run: Run, arrays: Arrays, info: DatasetInfo, gone: np.ndarray | None) -> dict[str, np.ndarray]:
    """Places of the declared sets, and of what a method holds out; UserError if they are not what a manifest says.
    gone: places of images that the noise has replaced.

    Candidates of a search share what is held out, and have no manifest.
    """
    spec = suite.spec(run.cell)
    held = spec.get("hold_out", {})
    share, seed = held.get("share"), held.get("seed", run.seed)
    found = set_manifest.drawn(arrays, info, spec.get("sets", {}), share, seed, gone)
    manifest = None if "seed" in held else dependencies.set_manifest(suite, run)
    told = manifest and origin.told(manifest)
    if told:
        now = set_manifest.digest({name: {"digest": integer_digest(places)} for name, places in found.items()})
        if now != told:
            raise UserError(
                f"{manifest}: the sets changed under existing results (digest {told}, now {now}); {CHANGED}"
            )
    return found


def method_class(suite: Suite, run: Run) -> type[Method]:
    """The class that learns in a run; UserError if its SPEC counts networks otherwise."""
    method = suite.methods[suite.spec(run.cell)["method"]["key"]]
    loaded = load_method(Path(method["file"]))
    if loaded.networks != method["networks"]:
        raise UserError(
            f"{method['file']}: SPEC says {method['networks']} networks, its class {loaded.networks}; mend one"
        )
    return loaded


def prepare(
    suite: Suite, runs: Sequence[Run], places: Places, device: torch.device, mode: str, points: tuple[str, ...]
) -> tuple[Training, list[dict[str, Any]]]:
    """A training of one run, or of a stack of runs, ready to start; and what each run's record says of it.

    points: where the run hands its state over. The runs of a stack differ in seed, labels and parameters only.
    """
    first, spec = runs[0], suite.spec(runs[0].cell)
    if device.type == "cuda":  # what an earlier training of this process has held is not this one's
        torch.cuda.reset_peak_memory_stats(device)
    problems = [problem(suite, run, places, device) for run in runs]
    known = problems[0]
    searched = found(suite, first.cell)
    parameters = [suite.spec(run.cell)["method"]["parameters"] for run in runs]
    if searched:
        parameters = [values | {str(parameter_searched(suite, first.cell)): chosen(searched)} for values in parameters]
    built = training(
        spec,
        method_class(suite, first),
        known.data,
        [each.given for each in problems],
        known.noise_rate,
        known.transition,
        [run.seed for run in runs],
        mode=mode,
        parameters=parameters,
        handovers=_read_handovers(suite, first),
        points=points,
        sets=[each.sets for each in problems],
    )
    if suite.config.get("replay") and device.type == "cuda" and not known.data.ahead:  # files cannot be read again
        built.replay = Replay(built)
    return built, [each.about | ({"searched": searched} if searched else {}) for each in problems]


def _read_handovers(suite: Suite, run: Run) -> Mapping[str, dict[str, Tensor]]:
    return {
        name: handed_over.load(handover_file(suite, run.cell.id, source, point))
        for name, (source, point) in dependencies.handovers(suite, run).items()
    }


def handover_file(suite: Suite, reader: str, source: Run, point: str) -> Path:
    """The published file of a hand-over; one that is damaged, or of another source, is taken anew from the store.

    reader: who needs it, in words. UserError, with the command that writes it, where there is none.
    """
    file, store = Path(paths.handover(suite.scale, source.cell.id, source.seed, point)), Store(suite, source)
    about = store.about(point, origin.manifests(suite, source))
    again = f"`lnl handover {source.cell.id} --seed {source.seed} --point {point} --scale {suite.scale}` writes it"
    if not file.exists():
        raise UserError(f"{reader} reads {file}, which is not there; {again}")
    why = handed_over.obstacle(file, about)
    if why is None:
        return file
    set_aside(file, why)
    if not handed_over.sound(store.handover_file(point), about):
        raise UserError(f"{file}: {why}; {again}, and so does the next start")
    return store.publish_handover(point)
