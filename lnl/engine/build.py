"""From a resolved specification, data and labels to a training that is ready for its first step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lnl.declared import lengths
from lnl.declared.reading import SINGLE_ONLY
from lnl.declared.stages import BASE
from lnl.engine import kept_state, optim
from lnl.engine.clock import Clock
from lnl.engine.data import DeviceData
from lnl.engine.dense import Dense
from lnl.engine.learner import Learner
from lnl.engine.loop import Training
from lnl.engine.method import Method, Setting, Stream
from lnl.engine.population import Population, Single, Stacked
from lnl.engine.run_data import RunData, given_streams
from lnl.engine.run_places import data_of_run
from lnl.engine.seen_data import SeenData
from lnl.engine.streams import Streams
from lnl.errors import UserError
from lnl.files.own_code import loaded
from lnl.networks import build as build_network


def load_method(file: Path) -> type[Method]:
    """The Method class that a method file defines."""
    module = loaded(f"methods.{file.stem}", file)
    found = [
        c
        for c in vars(module).values()
        if isinstance(c, type) and issubclass(c, Method) and c.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise UserError(f"{file}: defines {len(found)} subclasses of Method; one method, one class")
    return found[0]


def networks(
    spec: Mapping[str, Any], shape: tuple[int, int, int], classes: int, streams: Streams, count: int
) -> list[nn.Module]:
    """Freshly initialised networks of one run; network n's weights depend on (protocol, data set, seed, n) only."""
    out: list[nn.Module] = []
    for n in range(count):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(streams.seed("initialisation", n))
            out.append(build_network(spec["name"], shape, classes, **spec["options"]))
    return out


def training(
    spec: dict[str, Any],
    method_class: type[Method],
    data: DeviceData,
    given: Sequence[np.ndarray],
    noise_rate: float,
    transition: Tensor,
    seeds: Sequence[int],
    *,
    mode: str = "single",
    parameters: Sequence[Mapping[str, Any]] | None = None,
    handovers: Mapping[str, dict[str, Tensor]] | None = None,
    points: tuple[str, ...] = (),
    sets: Sequence[Mapping[str, np.ndarray]] | None = None,
) -> Training:
    """A training of one run, or in stacked mode of one run per seed.

    given: label vector of each run; parameters: the method's parameters of each run (default: the specification's);
    noise_rate, transition: as declared. sets: places of the declared sets, of each run. UserError if the method cannot
    run in the asked mode, or reads a set that the protocol does not declare.
    """
    stacked = mode == "stacked"
    _check_mode(spec, method_class, len(seeds), stacked)
    values = parameters or [spec["method"]["parameters"]] * len(seeds)
    setting = _setting(spec, data, noise_rate, transition)
    further = method_class(values[0], setting).streams()
    runs = [
        data_of_run(
            spec,
            data,
            given[r],
            sets[r] if sets else {},
            further,
            Streams(_stream_name(spec), spec["dataset"], seed),
            setting.classes,
        )
        for r, seed in enumerate(seeds)
    ]
    methods = [
        method_class(values[r], replace(setting, steps=_steps(spec, len(run.train_index))))
        for r, run in enumerate(runs)
    ]
    population = _population(spec, data, runs, methods, stacked)
    learner = _learner(spec, population, _seen(spec, data, runs, further, handovers or {}, stacked))
    return Training(spec, data, runs, methods, learner, stacked=stacked, points=points)


def _check_mode(spec: Mapping[str, Any], method_class: type[Method], runs: int, stacked: bool) -> None:
    if not stacked and runs != 1:
        raise ValueError("single mode trains one run")
    more = [name for name in SINGLE_ONLY if getattr(method_class, name) is not getattr(Method, name)]
    if stacked and more:
        raise UserError(f"{spec['method']['key']} has its own {more[0]} and runs in single mode only")


def _population(
    spec: Mapping[str, Any], data: DeviceData, runs: Sequence[RunData], methods: Sequence[Method], stacked: bool
) -> Population:
    """Networks of all runs, freshly initialised, with the methods' own parameters beside theirs."""
    count, classes = methods[0].networks, methods[0].setting.classes
    modules = [networks(spec["network"], data.shape, classes, run.streams, count) for run in runs]
    own = [
        [method.own_parameters(run.streams.generator("own initialisation", n)) for n in range(count)]
        for method, run in zip(methods, runs, strict=True)
    ]
    if getattr(modules[0][0], "linear", False):
        return Dense(modules, own, data.device, stacked)
    arithmetic = spec.get("arithmetic", "faithful")
    if stacked:
        return Stacked(modules, own, data.device, arithmetic)
    return Single(modules[0], own[0], data.device, arithmetic)


def _seen(
    spec: Mapping[str, Any],
    data: DeviceData,
    runs: Sequence[RunData],
    further: Mapping[str, Stream],
    handovers: Mapping[str, dict[str, Tensor]],
    stacked: bool,
) -> SeenData:
    """What methods may see of the data of their runs; handovers: states of other cells, wherever they lie."""
    first = runs[0]
    return SeenData(
        data=data,
        augmentation=spec.get("augment", "none"),
        streams=first.streams,
        given=torch.stack([run.given for run in runs]) if stacked else first.given,
        train_index=first.train_index,
        of_stream=_of_streams(first, further, spec.get("sets", {}), data.true),
        handovers={
            name: {key: tensor.to(data.device) for key, tensor in state.items()} for name, state in handovers.items()
        },
    )


def _of_streams(
    run: RunData, further: Mapping[str, Stream], declared: Mapping[str, Any], true: Tensor
) -> dict[str, tuple[Tensor, Tensor]]:
    """Places and labels of every further stream, by its name."""
    by_given = given_streams(further, declared)
    return {name: (places, (run.given if name in by_given else true)[places]) for name, places in run.trusted.items()}


def _learner(spec: Mapping[str, Any], population: Population, seen: SeenData) -> Learner:
    """A learner at the point where its training begins: of a stage that goes on from another training, at its end."""
    optimiser = optim.build(spec["optimiser"], population.flat, population.shapes)
    learner = Learner(population, optimiser, optim.rate_on_device(spec["optimiser"], population.flat), seen)
    if "stage" in spec and BASE in seen.handovers:
        kept_state.begin_from(learner, seen.handovers[BASE], spec["stage"]["optimiser_state"] == "kept")
    return learner


def _stream_name(spec: Mapping[str, Any]) -> str:
    """What a run's random numbers are named after: a training that goes on has others than the one before it."""
    return f"{spec['protocol']} {spec['stage']['name']}" if "stage" in spec else str(spec["protocol"])


def _setting(spec: Mapping[str, Any], data: DeviceData, noise_rate: float, transition: Tensor) -> Setting:
    device = data.device
    return Setting(
        classes=transition.shape[0],
        noise_rate=noise_rate,
        transition=transition.to(device),
        batch=spec["batch"]["size"],
        examples=len(data.true),
        paper_epochs=spec["paper_epochs"],
        epochs=spec["epochs"],
        device=device,
        augment=spec.get("augment", "none"),
        pace=Clock.of(spec).pace,
        validates="validation" in data.parts,
    )


def _steps(spec: Mapping[str, Any], examples: int) -> int:
    """Steps of an epoch, or of a period that is not cut short."""
    period = Clock.of(spec).steps_in(0)
    return lengths.steps_of_epoch(spec, examples) if period is None else period
