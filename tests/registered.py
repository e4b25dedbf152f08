"""Every contributed method on the small problem of the tests, with what it reads: sets, a network handed over."""

from __future__ import annotations

from functools import cache
from typing import Any

import helpers
from contributed import contributed
from torch import Tensor

from lnl.declared.reading import read_methods
from lnl.engine.loop import Training

METHODS = {  # a method that somebody keeps for himself need not learn these images in four epochs
    key: spec for key, spec in read_methods(helpers.ROOT / "methods").items() if key in contributed()["methods"]
}
SEARCHED = {"s2e", "s2e-sound"}  # whose R(t) is what a search finds
TRAINABLE = sorted(METHODS.keys() - SEARCHED)
STACKED = ("standard", "bootstrap", "mentornet", "coteaching", "decoupling", "coteaching-plus")


@cache
def handed_over(network: str = "digits_mlp", noise: str = "symmetric-50") -> dict[str, Tensor]:
    """Standard's network, as it is handed over."""
    built = helpers.build("standard", helpers.spec(network), noise=noise, points=("final",))
    built.run()
    return built.hand_overs.saved["final"]


def ready(
    key: str, network: str = "digits_mlp", noise: str = "symmetric-50", device: str = "cpu", **changes: Any
) -> Training:
    """A training of the method, with parameters by which each of its parts has its turn in a few epochs."""
    sets = {name: {"count": 20, "balanced": True} for name in ("clean", "probe", "validation")}
    described = helpers.spec(network, noise={"key": noise}, sets=sets)
    if key == "ieg":
        changes = {"mix_weight": 1.0, "consistency": 1.0, **changes}  # it has a few steps only
    if key == "mixmatch":
        changes = {"average_rises": True, **changes}  # the same
    if key == "dynamic-bootstrap":
        described |= {"epochs": 12, "paper_epochs": 12}  # the belief of a network that knows nothing is worth nothing
    parameters = [helpers.method_parameters(key, **changes)]
    if parameters[0].get("truncated"):
        described["hold_out"] = {"share": 0.2}
    return helpers.build(
        key,
        described,
        parameters=parameters,
        noise=noise,
        device=device,
        handovers=dict.fromkeys(("held-out", "final"), handed_over(network, noise)),
    )


def ran(key: str, network: str = "digits_mlp", noise: str = "symmetric-50", **changes: Any) -> Training:
    """The same, trained."""
    built = ready(key, network, noise, **changes)
    built.run()
    return built
