"""Seconds and memory of a run on this device: counted work over measured speed.

step     = work / speed of its network + operations beyond the network's + Adam per parameter + gathering its batch
epoch    = steps + what the method does before and after them + evaluation of every image + figures
run      = epochs
"""

from __future__ import annotations

import hashlib
import math
import sys
from pathlib import Path
from typing import Any

import torch

from lnl.data.registry import DatasetInfo
from lnl.declared import declared_sets, lengths
from lnl.declared.reading import syntax_digest
from lnl.declared.specification import digest
from lnl.declared.suite import Suite
from lnl.engine.build import load_method
from lnl.files import sealed
from lnl.run.price import speed
from lnl.run.price.speed import DeviceSpeed, NetworkSpeed
from lnl.run.price.work import Work, count, counted_parameters
from lnl.run.provenance import device_name, versions

OPTIMISER_OPERATIONS = 8
LARGE_SIDE = 64  # pixels, from which on neither classes nor batch move a network's speed: it is measured once for all
OF_LENGTH = ("epochs", "paper_epochs", "untrained_epoch", "length", "limits")  # what tells where its phases are
OF_STEPS = ("name", "momentum", "nesterov", "weight_decay", "decayed")  # what of an optimiser a step's work depends on


class Model:
    """Prices of runs on one device. What it has counted and measured is kept in `file`."""

    def __init__(self, suite: Suite, device: torch.device, file: Path) -> None:
        self.suite, self.device, self.file = suite, device, file
        machine = digest({"device": device_name(device), "versions": versions(), "sources": _sources()})
        known = sealed.read_if_sound(file)
        self._methods: dict[str, str] = {}  # digests of their files
        self._told: set[str] = set()
        self._kept: dict[str, Any] = known if known.get("machine") == machine else {"machine": machine}

    def seconds(self, spec: dict[str, Any]) -> float:
        """Seconds of one run under a resolved specification, as modelled."""
        info, batch = self.suite.dataset(spec["dataset"]), spec["batch"]["size"]
        pixels = math.prod(info.shape)
        work, network, general = self._work(spec), self._network(spec), self._general()
        networks = self.suite.methods[spec["method"]["key"]]["networks"]
        beyond = max(0.0, work.step_operations - networks * network.operations - OPTIMISER_OPERATIONS)
        step = (
            work.step_flops / network.training
            + beyond * general.operation
            + work.parameters * general.parameter
            + batch * pixels * general.pixel
        )
        evaluation = _evaluated(spec, info) * (work.image_flops / network.evaluation + pixels * general.pixel)
        figures = batch * networks * general.figures
        around = work.example_flops / network.evaluation
        return _steps(spec, info) * (step + figures) + _passed(spec, info) * around + spec["epochs"] * evaluation

    def memory_mb(self, spec: dict[str, Any]) -> float:
        """Memory of the device that a run holds at least: data, parameters with their slots, what backward needs."""
        work, info = self._work(spec), self.suite.dataset(spec["dataset"])
        images = info.train + info.validation + info.test
        return (images * info.example_bytes + 4 * 5 * work.parameters + work.saved_bytes) / 2**20

    def flops(self, spec: dict[str, Any]) -> float:
        """Floating-point operations of a run: what it costs whatever the device."""
        info, work = self.suite.dataset(spec["dataset"]), self._work(spec)
        evaluated = spec["epochs"] * _evaluated(spec, info) * work.image_flops
        return float(_steps(spec, info) * work.step_flops + _passed(spec, info) * work.example_flops + evaluated)

    def operations(self, spec: dict[str, Any]) -> float:
        """Operations that a run's steps start."""
        return _steps(spec, self.suite.dataset(spec["dataset"])) * self._work(spec).step_operations

    def _work(self, spec: dict[str, Any]) -> Work:
        info, file = self.suite.dataset(spec["dataset"]), self.suite.methods[spec["method"]["key"]]["file"]
        data = info.shape, info.classes, declared_sets.trained_examples(spec, info)
        what = {k: spec.get(k) for k in ("network", "batch", "augment", "arithmetic")}
        what |= {"optimiser": {k: spec["optimiser"].get(k) for k in OF_STEPS}}
        what |= dict(zip(("shape", "classes", "examples"), data, strict=True))
        what |= {k: spec.get(k) for k in OF_LENGTH}
        if file not in self._methods:
            self._methods[file] = syntax_digest(Path(file))
        key = digest(what | {"method": self._methods[file], "parameters": str(counted_parameters(spec))})
        said = f"counting the work of each kind of training, once: {self.file} keeps it"
        kept = self._once("work", key, lambda: vars(count(spec, load_method(Path(file)), *data)), said)
        return Work(**kept)

    def _network(self, spec: dict[str, Any]) -> NetworkSpeed:
        info, batch = self.suite.dataset(spec["dataset"]), spec["batch"]["size"]
        name, options = spec["network"]["name"], spec["network"]["options"]
        augmentation = spec.get("augment", "none")
        how = (name, options, spec.get("arithmetic", "faithful"), info.shape, info.classes, batch, augmentation)
        of_key = (*how[:4], augmentation) if info.shape[-1] >= LARGE_SIDE else how
        key = f"{name}/{digest({'how': of_key})}"
        what = f"{' x '.join(map(str, info.shape))}, {info.classes} classes, batches of {batch}"
        said = f"measuring the speed of {name} on this device, once: {what}, augmentation {augmentation}"
        return NetworkSpeed(**self._once("network", key, lambda: vars(speed.network(*how, self.device)), said))

    def _general(self) -> DeviceSpeed:
        return DeviceSpeed(**self._once("device", "general", lambda: vars(speed.general(self.device))))

    def _once(self, kind: str, key: str, find: Any, said: str = "") -> dict[str, Any]:
        known = self._kept.setdefault(kind, {})
        if key not in known:
            if said and said not in self._told:
                print(f"lnl: {said}", file=sys.stderr, flush=True)
                self._told.add(said)
            known[key] = dict(find())
            sealed.write(self.file, self._kept)
        found: dict[str, Any] = known[key]
        return found


def _sources() -> str:
    """Digest of what steps are made of: a faster engine has other prices."""
    library = Path(__file__).resolve().parents[2]
    files = sorted(
        file for folder in ("engine", "learning", "networks", "run/price") for file in (library / folder).glob("*.py")
    )
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _steps(spec: dict[str, Any], info: DatasetInfo) -> int:
    """Steps of a run."""
    return lengths.steps(spec, declared_sets.trained_examples(spec, info))


def _passed(spec: dict[str, Any], info: DatasetInfo) -> int:
    """Training examples of all trained epochs, each once: what methods go through before or after an epoch."""
    return (int(spec["epochs"]) - bool(spec["untrained_epoch"])) * declared_sets.trained_examples(spec, info)


def _evaluated(spec: dict[str, Any], info: DatasetInfo) -> int:
    """Images on which a run is evaluated after every epoch."""
    parts = {"test-halves": (info.test // 2, info.test - info.test // 2), "own": (info.test, info.validation)}
    parts["test-first"] = (info.test - info.test // 20, info.test // 20)
    limit = spec["limits"].get("test_images")
    validating = sum(declared["count"] for declared in spec.get("sets", {}).values() if declared.get("validates"))
    sizes = parts.get(spec["split"], (info.test, declared_sets.held_out_examples(spec, info) or validating))
    return sum(n if limit is None else min(n, limit) for n in sizes)
