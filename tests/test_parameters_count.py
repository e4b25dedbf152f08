"""No parameter of the methods that IEG is compared with is without effect: another value, another training."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import helpers
import pytest
import torch
from torch import Tensor

from lnl.declared.reading import read_methods

SETS = {
    "probe": {"count": 30, "balanced": True, "held_out": "all"},
    "validation": {"count": 40, "labels": "given", "held_out": "all"},
}
SGD = {"name": "sgd", "lr": 0.05, "momentum": 0.9, "weight_decay": 0.001, "schedule": "constant"}
LENGTH = {"steps": 8, "period": 4, "paper_steps": 8, "paper_period": 4, "clock": "cut"}

#: What a protocol and a method begin with, so that every part of the method has its turn in a few epochs.
BEGINS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "mixmatch": (
        {"length": LENGTH, "epochs": 2, "paper_epochs": 2, "batch": {"size": 16, "steps_cap": None}},
        {"ramp": 4, "weight": 9.0, "decay": 0.4, "average": 0.9},
    ),
    "dynamic-bootstrap": (
        {},
        {"mixing": "guided", "belief": "soft-to-hard", "mixed_only": 1, "guided_only": 1, "cooled": 2, "epochs": 4},
    ),
    "gce": (
        {"optimiser": SGD | {"lr": 0.1}, "epochs": 6, "paper_epochs": 6},
        {
            "truncated": True,
            "hold_out": 0.2,
            "prune_start": 3,
            "prune_every": 2,
            "epochs": 6,
            "k": 0.12,
            "pruned_by": "present",
        },
    ),
    "rog": ({}, {}),
}
#: Of every parameter the other values that are tried; None: its key has a test of its own.
OTHERS: dict[str, dict[str, list[Any]]] = {
    "mixmatch": {
        "temperature": [0.8], "alpha": [2.0], "ratio": ["batch"], "weight": [3.0], "ramp": [7],
        "sub_batches": ["apart", "together"], "statistics": ["every"], "decay": [0.0], "average": [0.5],
        "average_rises": [True],
    },
    "dynamic-bootstrap": {
        "mixing": ["static"], "belief": ["hard", "soft"], "loss_shares": ["images"], "alpha": [3],
        "regulariser": [0.3], "mixture": ["converged"], "tracked_on": ["images"], "mixed_only": [2],
        "guided_only": [0], "cooled": [4], "epochs": [8],
    },
    "gce": {
        "q": [0.4], "reduction": ["sum"], "truncated": [False], "k": [0.5], "prune_start": [4], "prune_every": [9],
        "epochs": [18], "pruned_by": ["best"], "pruned_on": ["augmented"], "pruning_epoch": ["coasts"],
        "hold_out": [0.1],
    },
    "rog": {
        "covariance": ["as_released"], "validation": ["probe", "test"], "rounds": [3], "layers": ["last"],
    },
}  # fmt: skip
CHANGES = [(key, name, value) for key, names in OTHERS.items() for name, values in names.items() for value in values]


def outcome(key: str, changes: Mapping[str, Any]) -> dict[str, Tensor]:
    """What a training leaves behind: weights, statistics and scores of the test images."""
    protocol, values = BEGINS[key]
    values = helpers.method_parameters(key, **{**values, **changes})
    described = {"optimiser": SGD, "augment": "crop-flip", "untrained_epoch": False, "sets": SETS, **protocol}
    if "hold_out" in values:
        described["hold_out"] = {"share": values["hold_out"]}
    if values.get("validation") == "test":
        described["split"] = "test-first"
    built = helpers.build(key, helpers.spec("digits_cnn", **described), parameters=[values])
    built.run()
    learner, images = built.learner, torch.from_numpy(helpers.arrays().test_images).float() / 255
    scores = built.methods[0].predict(learner, images, None).detach()
    return {"weights": learner.vector().clone(), "scores": scores, **learner.population.buffers}


@functools.cache
def beginning(key: str) -> dict[str, Tensor]:
    return outcome(key, {})


@pytest.mark.parametrize("key", OTHERS)
def test_every_parameter_and_every_value_is_tried(key: str) -> None:
    spec = read_methods(helpers.ROOT / "methods")[key]
    assert set(OTHERS[key]) == set(spec["parameters"])
    begin = helpers.method_parameters(key) | BEGINS[key][1]
    for name, values in spec["values"].items():
        assert {begin[name], *OTHERS[key][name]} == set(values), name


@pytest.mark.parametrize(("key", "name", "value"), CHANGES)
def test_another_value_makes_another_training(key: str, name: str, value: Any) -> None:
    found, before = outcome(key, {name: value}), beginning(key)
    assert any(not found[of].equal(before[of]) for of in before)


@pytest.mark.parametrize("key", OTHERS)
def test_and_the_same_values_the_same(key: str) -> None:
    found, before = outcome(key, {}), beginning(key)
    assert all(found[of].equal(before[of]) for of in before)
