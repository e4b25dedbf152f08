"""What an artefact costs before it starts: runs, hours, memory, disk.

An hour is an hour of the device: one GPU, or one CPU core. A run's seconds are, in this order: measured, where runs of
the same protocol, data set, network, epochs and method, set alike, have records at this scale; modelled for this device
(`model`), corrected by whatever records there are; where the device is not here, as its protocol declares for the one
method that it names (`lnl.declared.runtime`), by the counted work of this run over that of such a one. A run whose work
cannot be counted has no price.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lnl.declared import paths, runtime
from lnl.declared import searches as find
from lnl.declared.data_places import Places
from lnl.declared.specification import digest
from lnl.declared.suite import Run, Search, Suite
from lnl.errors import UserError
from lnl.networks.registry import NETWORKS
from lnl.results.records import state_of
from lnl.run.hardware import gpu_count
from lnl.run.price.jobs import BESIDE, jobs
from lnl.search.files import current

if TYPE_CHECKING:
    from lnl.run.price.model import Model

#: What costs alike: protocol, data set, network, epochs, method with what it is set to, arithmetic, and whether runs
#: share their programs.
Kind = tuple[str, str, str, int, str, str, bool]
RECORD_KB = 80  # one record of 200 epochs and two networks
#: Seconds of starting an operation on a GPU, one by one: 732 ms an epoch of 401 steps of 45 operations (docs/gpu.md).
STARTED = 4e-5
RATE = 23e12  # floating-point operations a second in single precision: a third of an H200's
UNCOUNTED = (UserError, KeyError, RuntimeError, TypeError, ValueError)  # of a method that needs more
BASES = ("measured", "modelled", "declared")  # from the surest on


@dataclass(frozen=True)
class Price:
    """One training: seconds and what they rest on, peak memory, floating-point operations (0: not known)."""

    seconds: float
    basis: str
    memory_mb: float = 0.0
    flops: float = 0.0


@dataclass(frozen=True)
class Cost:
    """Runs that are demanded and that are still to be trained, and what the latter will take.

    Candidates of searches are counted apart: their number, and how many of those are still to be trained. unpriced: of
    both, trainings that have no price and are in none of the sums. longest: hours of the longest single training.
    petaflop: what it costs on any device. basis: what the least sure estimate rests on. jobs: what does all this; the
    hours have what each takes beside its training.
    """

    runs: int
    todo: int
    candidates: int
    candidates_todo: int
    unpriced: int
    hours: float
    longest: float
    petaflop: float
    memory_mb: float
    disk_mb: float
    basis: str
    jobs: int = 0


@dataclass(frozen=True)
class Correction:
    """Median of measured over modelled seconds, of how many kinds of runs, and the median distance from it.

    alone, stacked: kinds of runs that have records, trained alone and in stacks. The model prices runs alone, so that
    the latter correct nothing; they are the prices of their own kinds.
    """

    factor: float = 1.0
    kinds: int = 0
    error: float = 0.0
    alone: int = 0
    stacked: int = 0


class Estimator:
    """Prices of runs and searches at the suite's scale."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self._measured: dict[Kind, list[float]] = {}
        self._examples: dict[Kind, dict[str, Any]] = {}
        self._prices: dict[str, Price | None] = {}
        for run in sorted({run for key in suite.artefacts for run in suite.demand(key)}):
            file = Path(paths.record(suite.scale, run.cell.id, run.seed))
            if file.exists():
                try:
                    record = paths.read(file)
                    seconds, on = float(record["provenance"]["seconds"]), str(record["provenance"]["device"])
                    today = record["result"]["digest"] == suite.digest(run.cell)
                    stacked = record["provenance"].get("mode") == "stacked"
                except (UserError, KeyError, TypeError, ValueError):
                    continue
                if not today or on.startswith("cpu") == on_gpu(suite):
                    continue  # of another declaration, or another kind of device
                spec = suite.spec(run.cell)
                kind = self._kind(run.cell.protocol, spec, stacked)
                self._measured.setdefault(kind, []).append(seconds)
                self._examples.setdefault(kind, spec)

    def _kind(self, protocol: str, spec: dict[str, Any], stacked: bool) -> Kind:
        length, method = spec.get("length", {}).get("steps", spec["epochs"]), spec["method"]
        # a step is the method's own, and a variant's; whatever a search finds costs the same
        values = {name: value for name, value in method["parameters"].items() if not isinstance(value, dict)}
        own, arithmetic = f"{method['key']} {digest(values)}", spec.get("arithmetic", "faithful")
        return protocol, spec["dataset"], spec["network"]["name"], length, own, arithmetic, stacked

    @cached_property
    def model(self) -> Model | None:
        """The model of the configured device; None where that is a GPU and there is none here."""
        asked = str(self.suite.config["device"])
        if asked == "cuda" and not gpu_count():
            return None
        try:
            return self._model_of(asked)
        except UserError:  # a GPU that torch cannot use
            return None

    @cached_property
    def counts(self) -> Model:
        """Work and memory of runs, whatever the device."""
        return self.model or self._model_of("cpu")

    def _model_of(self, device: str) -> Model:
        from lnl.run.hardware import torch_device
        from lnl.run.price.model import Model

        file = Path(Places.of(self.suite.config).cache_root) / "price.json"
        return Model(self.suite, torch_device(device, False), file)

    @cached_property
    def correction(self) -> Correction:
        """How the model is corrected by the records of this scale."""
        alone = [kind for kind in self._measured if not kind[-1]]
        counts = len(alone), len(self._measured) - len(alone)
        modelled = {kind: self._modelled(self._examples[kind]) for kind in alone}
        ratios = [statistics.median(self._measured[kind]) / m.seconds for kind, m in modelled.items() if m]
        if not ratios:
            return Correction(1.0, 0, 0.0, *counts)
        factor = statistics.median(ratios)
        return Correction(factor, len(ratios), statistics.median(abs(r / factor - 1) for r in ratios), *counts)

    def price(self, protocol: str, spec: dict[str, Any], paper_dataset: str) -> Price | None:
        """Price of one run under a resolved specification; None where nothing is known of it."""
        key = digest({"protocol": protocol, "spec": spec})
        if key not in self._prices:
            self._prices[key] = self._price(protocol, spec, paper_dataset)
        return self._prices[key]

    def _price(self, protocol: str, spec: dict[str, Any], paper_dataset: str) -> Price | None:
        stacked = self.suite.mode(protocol) == "stacked" and NETWORKS[spec["network"]["name"]].linear
        known = self._measured.get(self._kind(protocol, spec, stacked))
        modelled = self._modelled(spec)
        if known:
            return replace(modelled or Price(0.0, ""), seconds=statistics.median(known), basis="measured")
        if modelled:
            return replace(modelled, seconds=self.correction.factor * modelled.seconds)
        return self._declared(protocol, spec, paper_dataset)

    def _modelled(self, spec: dict[str, Any]) -> Price | None:
        """The model's own price; None for a method that needs more than its miniature has."""
        if self.model is None:
            return None
        try:
            return Price(self.model.seconds(spec), "modelled", self.model.memory_mb(spec), self.model.flops(spec))
        except UNCOUNTED:
            return None

    def _declared(self, protocol: str, spec: dict[str, Any], paper_dataset: str) -> Price | None:
        """What the protocol declares for its `runtime_of`, by this run's work over that one's; None where it declares
        nothing, and where work cannot be counted."""
        if spec["dataset"] != paper_dataset and self.suite.dataset(spec["dataset"]).embedded:
            return Price(3.0, "declared")  # stand-ins that train in seconds
        whole = self.suite.protocols[protocol]
        known = runtime.declared(whole, paper_dataset)
        if known is None or known.cuda_minutes is None:  # a CPU is always here
            return None
        at = {"protocol": protocol, "dataset": paper_dataset, "noise": spec["noise"]["key"], "method": known.method}
        try:
            such = self.suite.resolved(at, {}, f"runtime_of protocol {protocol}")
            work, started = self.counts.flops(spec), STARTED * self.counts.operations(spec)
            as_long, its = (60 * known.cuda_minutes * runtime.share(s, whole, paper_dataset) for s in (spec, such))
            by_work = its * work / self.counts.flops(such)
            # small steps are slow for their work, and a heavier network's are not
            seconds = max(started, min(by_work, as_long + work / RATE))
            return Price(seconds, "declared", self.counts.memory_mb(spec), work)
        except UNCOUNTED:
            return None

    def cost(self, runs: Iterable[Run], searches: Iterable[Search] = (), artefacts: Iterable[str] = ()) -> Cost:
        """Cost of a set of runs and searches, each counted once; what has a valid record or result costs nothing.

        artefacts: what is rendered of them.
        """
        searches = list(dict.fromkeys(searches))
        listed = list(dict.fromkeys(runs))
        todo = [run for run in listed if state_of(self.suite, run.cell, run.seed).state not in ("ok", "diverged")]
        declared = [(run.cell.protocol, self.suite.declared(run.cell)) for run in todo]
        asked = [(1, 1.0, self.price(protocol, d.spec, d.paper_dataset)) for protocol, d in declared]
        candidates = candidates_todo = 0
        for search in searches:
            trainings, count, open_ones = self._search(search)
            candidates, candidates_todo = candidates + count, candidates_todo + open_ones
            if open_ones:
                found = self.suite.searching.declared_search(search)
                price = self.price(search.protocol, found.candidate, found.paper_dataset)
                asked.append((open_ones, trainings, price))
        prices = [(trainings, price) for _, trainings, price in asked if price]
        needed = jobs(self.suite, todo, searches, artefacts)
        return Cost(
            len(listed),
            len(todo),
            candidates,
            candidates_todo,
            sum(runs for runs, _, price in asked if not price),
            (sum(n * p.seconds for n, p in prices) + BESIDE * needed) / 3600,
            max((p.seconds for _, p in prices), default=0.0) / 3600,
            sum(n * p.flops for n, p in prices) / 1e15,
            max((p.memory_mb for _, p in prices), default=0.0),
            (len(todo) + candidates_todo) * RECORD_KB / 1024,
            max((p.basis for _, p in prices), key=BASES.index, default="measured"),
            needed,
        )

    def _search(self, search: Search) -> tuple[float, int, int]:
        """(full trainings still to be made, candidates, candidates still to be trained) of a search."""
        suite = self.suite.searching
        rounds = find.rounds(suite, search)
        total = suite.declared_search(search).trainings
        at = (suite.scale, search.id, search.seed)
        if current(suite, search, paths.best(*at)):
            return 0.0, sum(map(len, rounds)), 0
        done = [current(suite, search, paths.scores(*at, r + 1)) for r in range(len(rounds))]
        left = [len(r) for r, there in zip(rounds, done, strict=True) if not there]
        return total * sum(left) / sum(map(len, rounds)), sum(map(len, rounds)), sum(left)


def on_gpu(suite: Suite) -> bool:
    """Whether runs of this configuration train on a GPU of this machine."""
    asked = suite.config["device"]
    return bool(asked == "cuda" or (asked == "auto" and gpu_count() > 0))
