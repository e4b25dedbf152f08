"""A small problem and a training on it, for tests of the engine, and records for tests of what is made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lnl.data.arrays import Arrays
from lnl.data.sets import draw_sets
from lnl.data.splits import noisy_hold_out
from lnl.declared.cells import Cell
from lnl.declared.reading import read_methods
from lnl.declared.suite import Suite
from lnl.declared.synonyms import SYNONYMS
from lnl.engine.build import load_method, training
from lnl.engine.data import DeviceData
from lnl.engine.loop import Training
from lnl.engine.method import Learner, Method
from lnl.learning import augment
from lnl.noise.draw import draw
from lnl.noise.transition import matrix

ROOT = Path(__file__).resolve().parent.parent
CLASSES = 10
AUGMENTATIONS = ("none", *augment.PADDING, *augment.PARTS, augment.RESIZED)


def arrays(examples: int = 256, shape: tuple[int, int, int] = (1, 8, 8)) -> Arrays:
    """Class prototypes with noise: learnable in a few epochs."""
    rng = np.random.default_rng(7)
    prototypes = rng.integers(0, 200, (CLASSES, *shape))

    def part(n: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(n) % CLASSES
        images = prototypes[labels] + rng.integers(0, 56, (n, *shape))
        return images.astype(np.uint8), labels.astype(np.int64)

    train, test = part(examples), part(50)
    return Arrays(train[0], train[1], test[0], test[1], None, None, "0" * 16)


def spec(network: str = "digits_mlp", **changes: Any) -> dict[str, Any]:
    """A resolved specification."""
    base: dict[str, Any] = {
        "protocol": "test",
        "dataset": "prototypes",
        "split": "none",
        "network": {"name": network, "options": {}},
        "epochs": 4,
        "paper_epochs": 4,
        "untrained_epoch": True,
        "batch": {"size": 32, "steps_cap": None},
        "optimiser": {"name": "adam", "lr": 0.01, "schedule": "linear", "decay_start": 2, "beta1_after": 0.1},
        "limits": {},
        "noise": {"key": "symmetric-50"},
        "method": {"key": "test", "parameters": {}},
    }
    return base | changes


def method_file(method: str) -> Path:
    """File of the class that learns for a registered method: its own, or that of the one it extends."""
    declared = read_methods(ROOT / "methods")
    return Path(declared[declared[method].get("extends", method)]["file"])


def method_parameters(method: str, **changes: Any) -> dict[str, Any]:
    """Default parameters of a registered method with some changed, as a resolved specification holds them.

    A searched gamma is 0.1, as if a search had found it.
    """
    declared = read_methods(ROOT / "methods")[method]["parameters"]
    found = {k: 0.1 for k, v in declared.items() if k == "gamma" and isinstance(v, dict)}
    return {k: v for k, v in {**declared, **found, **changes}.items() if v is not None}


def build(
    method: type[Method] | str,
    described: dict[str, Any],
    seeds: Sequence[int] = (1,),
    *,
    mode: str = "single",
    noise: str = "symmetric-50",
    parameters: Sequence[Mapping[str, Any]] | None = None,
    points: tuple[str, ...] = (),
    data: Arrays | None = None,
    handovers: Mapping[str, dict[str, torch.Tensor]] | None = None,
    device: str = "cpu",
) -> Training:
    """A training of a Method class, or of a registered method with its default parameters."""
    data = data or arrays()
    if isinstance(method, str):
        if parameters is None:
            parameters = [method_parameters(method)] * len(seeds)
        described = {**described, "method": {"key": method, "parameters": parameters[0]}}
        method = load_method(method_file(method))
    given = [draw(np.asarray(data.train_labels), noise, CLASSES, 0, "as_released") for _ in seeds]
    rate = float(noise.partition("-")[2] or 0) / 100
    loaded = DeviceData.load(data, described["split"], torch.device(device), None)
    if "hold_out" in described:
        index = noisy_hold_out(len(given[0]), described["hold_out"]["share"], described["dataset"], seeds[0])
        loaded = loaded.hold_out(torch.from_numpy(index).to(device), torch.from_numpy(given[0]).to(device), None)
    return training(
        described,
        method,
        loaded,
        given,
        rate,
        torch.tensor(matrix(noise, CLASSES)).float(),
        seeds,
        mode=mode,
        parameters=parameters,
        points=points,
        handovers=handovers,
        sets=[_sets(described, data, seed) for seed in seeds],
    )


def given_alone(built: Training, labels: list[int]) -> Learner:
    """The learner of a training, as if `labels` were the given labels of all that is trained on."""
    seen = replace(built.learner.seen, given=torch.tensor(labels), train_index=torch.arange(len(labels)))
    built.learner.seen = seen
    return built.learner


def _sets(described: Mapping[str, Any], data: Arrays, seed: int) -> dict[str, np.ndarray]:
    return draw_sets(described.get("sets", {}), np.asarray(data.train_labels), CLASSES, described["dataset"], seed)


def weighing(network: str, seen: int, size: int, optimiser: dict[str, Any], noise: str = "symmetric-50") -> Training:
    """Learning to Reweight after four steps, with batches of `size` and a set of `seen` examples that validates."""
    sets = {
        "clean": {"count": 30, "balanced": True, "held_out": "all"},
        "seen": {"count": seen, "labels": "given", "held_out": "all", "validates": True},
    }
    described = spec(
        network,
        sets=sets,
        length={"steps": 4, "period": 2, "paper_steps": 4, "paper_period": 2, "clock": "scaled"},
        epochs=2,
        paper_epochs=2,
        untrained_epoch=False,
        batch={"size": size, "steps_cap": None},
        optimiser={"name": "sgd", "schedule": "constant", **optimiser},
    )
    built = build("l2r", described, [1], parameters=[method_parameters("l2r", clean_batch=20)], noise=noise)
    built.run()
    return built


def write_record(suite: Suite, path: Path, cell: Cell, seed: int, rate: float, **content: Any) -> None:
    """A sound record of a run of today, with `content` (curves, pieces, …); rate: of labels that are wrong."""
    result = {
        "digest": suite.digest(cell),
        "status": "ok",
        **{name: getattr(cell, name) for name in ("protocol", "dataset", "noise", "method")},
        "seed": seed,
        "spec": suite.spec(cell),
        "labels": {"realised_rate": rate, "vector": "per_repeat"},
        **content,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"result": result, "provenance": {}}))


def method_called(name: str, document: str | None = None) -> str | None:
    """The method that a document means by a name, ignoring case: its own words first; None if nobody uses the name."""
    wanted = name.strip().lower()
    for key, names in SYNONYMS.items():
        if document is not None and names.get(document, "").lower() == wanted:
            return key
    for key, names in SYNONYMS.items():
        printed = {value.lower() for word, value in names.items() if word != "others"}
        if wanted in {key, *printed, *names.get("others", "").split(", ")}:
            return key
    return None
