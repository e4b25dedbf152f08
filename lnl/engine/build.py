"""From a resolved specification, data and labels to a training that is ready for its first step."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lnl.data.splits import clean_indices
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
    if not stacked and len(seeds) != 1:
        raise ValueError("single mode trains one run")
    device, classes = data.device, transition.shape[0]
    more = [name for name in SINGLE_ONLY if getattr(method_class, name) is not getattr(Method, name)]
    if stacked and more:
        raise UserError(f"{spec['method']['key']} has its own {more[0]} and runs in single mode only")

    values = parameters or [spec["method"]["parameters"]] * len(seeds)
    probe = method_class(values[0], _setting(spec, data, noise_rate, transition))
    places = np.arange(len(data.true))  # that may be trained on
    if data.held_out is not None:
        places = np.setdiff1d(places, data.held_out.cpu().numpy())
    runs, modules, own, methods = [], [], [], []
    for r, seed in enumerate(seeds):
        streams = Streams(_stream_name(spec), spec["dataset"], seed)
        labels = data.true.cpu().numpy()
        drawn = sets[r] if sets else {}
        trained = np.intersect1d(places, drawn["train"]) if "train" in drawn else places
        index = trained_on(trained, drawn, spec.get("sets", {}), {s.of for s in probe.streams().values()})
        mine = np.array(given[r])
        of_set = spec.get("trained_on", "all")
        if of_set != "all":
            index = set_of(drawn, of_set, spec)
            if spec["sets"][of_set].get("labels", "true") == "true":
                mine[index] = labels[index]
        trusted = {}
        for k, s in probe.streams().items():
            if s.of is not None:
                trusted[k] = index if s.of == "train" else set_of(drawn, s.of, spec)
            else:
                trusted[k] = places[clean_indices(labels[places], s.count, classes, streams.seed(f"trusted {k}"))]
                index = np.setdiff1d(index, trusted[k]) if s.held_out else index
            trusted[k] = interleaved(trusted[k], labels) if s.interleaved else trusted[k]
        methods.append(method_class(values[r], replace(probe.setting, steps=_steps(spec, len(index)))))
        modules.append(networks(spec["network"], data.shape, classes, streams, method_class.networks))
        own.append(
            [
                methods[r].own_parameters(streams.generator("own initialisation", n))
                for n in range(method_class.networks)
            ]
        )
        streamed = {k: torch.from_numpy(v).to(device) for k, v in trusted.items()}
        labels_given = torch.from_numpy(mine).to(device)
        noisy = None if of_set == "all" else torch.from_numpy(np.array(given[r])).to(device)
        runs.append(RunData(labels_given, streams, torch.from_numpy(index).to(device), streamed, noisy))

    population: Population
    if getattr(modules[0][0], "linear", False):
        population = Dense(modules, own, device, stacked)
    else:
        arithmetic = spec.get("arithmetic", "faithful")
        population = (
            Stacked(modules, own, device, arithmetic) if stacked else Single(modules[0], own[0], device, arithmetic)
        )
    seen = SeenData(
        data,
        probe.setting.augment,
        runs[0].streams,
        torch.stack([run.given for run in runs]) if stacked else runs[0].given,
        runs[0].train_index,
        _of_streams(runs[0], probe.streams(), spec.get("sets", {}), data.true),
        {name: {key: tensor.to(device) for key, tensor in state.items()} for name, state in (handovers or {}).items()},
    )
    optimiser = optim.build(spec["optimiser"], population.flat, population.shapes)
    learner = Learner(population, optimiser, optim.rate_on_device(spec["optimiser"], population.flat), seen)
    if "stage" in spec and BASE in learner.handovers:
        kept_state.begin_from(learner, learner.handovers[BASE], spec["stage"]["optimiser_state"] == "kept")
    return Training(spec, data, runs, methods, learner, stacked=stacked, points=points)


def _stream_name(spec: Mapping[str, Any]) -> str:
    """What a run's random numbers are named after: a training that goes on has others than the one before it."""
    return f"{spec['protocol']} {spec['stage']['name']}" if "stage" in spec else str(spec["protocol"])


def interleaved(places: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Places in rounds of one example of each class, as long as there are any; labels: true, of the whole file."""
    of_class = labels[places]
    rounds = np.zeros(len(places), dtype=np.int64)
    for label in np.unique(of_class):
        rounds[of_class == label] = np.arange((of_class == label).sum())
    return places[np.lexsort((of_class, rounds))]


def trained_on(
    places: np.ndarray, drawn: Mapping[str, np.ndarray], declared: Mapping[str, Any], read: Collection[str | None]
) -> np.ndarray:
    """Places that a method trains on: without the sets that nobody trains on, and without those that it reads."""
    for name, chosen in drawn.items():
        if name != "train" and (declared[name].get("held_out", "readers") == "all" or name in read):
            places = np.setdiff1d(places, chosen)
    return places


def set_of(drawn: Mapping[str, np.ndarray], name: str, spec: Mapping[str, Any]) -> np.ndarray:
    """Places of a declared set that a method reads."""
    if name not in drawn:
        raise UserError(
            f"{spec['method']['key']} reads a set '{name}', which protocol {spec['protocol']} does not declare; "
            "list it under 'sets' of the method's SPEC, and what to add to the protocol is said before any job"
        )
    return drawn[name]


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


def _of_streams(
    run: RunData, streams: Mapping[str, Stream], declared: Mapping[str, Any], true: Tensor
) -> dict[str, tuple[Tensor, Tensor]]:
    """Places and labels of every further stream, by its name."""
    by_given = given_streams(streams, declared)
    return {name: (places, (run.given if name in by_given else true)[places]) for name, places in run.trusted.items()}
