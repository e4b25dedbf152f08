"""Arithmetic of budgets and networks: epochs, steps, trainings, parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lnl.declared import lengths, restarts, search_rounds
from lnl.declared.wording import whole
from lnl.errors import choose

if TYPE_CHECKING:
    from lnl.declared.suite import Suite


def last_partial_batch(images: int, batch: int) -> dict[str, str]:
    """left_out: images of a last batch that is dropped; value: points by which that can move an accuracy at most."""
    left_out = images % batch
    return {"left_out": whole(left_out), "images": whole(images), "value": f"{100 * left_out / images:.2f}"}


def trained_steps(suite: Suite, protocol: str, dataset: str) -> dict[str, str]:
    """released: steps that a protocol trains; printed: whole epochs of whole batches, every one of them trained."""
    declared = _protocol(suite, protocol)
    return {
        "released": whole(lengths.steps(declared, _images(suite, dataset))),
        "printed": whole(declared["epochs"] * (_images(suite, dataset) // declared["batch"]["size"])),
    }


def trained_epochs(suite: Suite, protocol: str) -> dict[str, str]:
    """value: epochs that a protocol trains; released: those of protocol coteaching, which is the authors' own code."""
    return {
        "value": whole(_trained_epochs(_protocol(suite, protocol))),
        "released": whole(_trained_epochs(_protocol(suite, "coteaching"))),
    }


def warm_up_epochs(suite: Suite, steps: int, protocol: str, dataset: str) -> dict[str, str]:
    """So many steps as epochs of a protocol on a data set."""
    return {"value": f"{steps / lengths.steps_of_epoch(_protocol(suite, protocol), _images(suite, dataset)):.1f}"}


def _protocol(suite: Suite, key: str) -> dict[str, Any]:
    found: dict[str, Any] = choose(key, suite.protocols, "protocol", "arithmetic")
    return found


def _trained_epochs(protocol: Mapping[str, Any]) -> int:
    """The evaluation of the untrained networks is an epoch that is counted and not trained."""
    return int(protocol["epochs"]) - bool(protocol["untrained_epoch"])


def _images(suite: Suite, dataset: str) -> int:
    """Those of the training file."""
    return int(choose(dataset, suite.datasets, "data set", "arithmetic").train)


def flat_width(channels: Sequence[int], side: int) -> dict[str, str]:
    """value_c: numbers of a square map of `side` with c channels, which a dense layer behind it takes."""
    return {f"value_{count}": whole(count * side**2) for count in channels}


def parameter_count(
    network: str, shape: Sequence[int], classes: int, options: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Trainable numbers of a network, counted in the network itself."""
    import torch

    from lnl.networks import build

    channels, height, width = shape
    with torch.device("meta"):  # counted, not drawn
        built = build(network, (channels, height, width), classes, **(options or {}))
    return {"value": whole(sum(parameter.numel() for parameter in built.parameters()))}


def restart_end(first: int, longer: float, epochs: int, steps: int) -> dict[str, str]:
    """value: steps of the longest training within so many epochs of so many steps whose rate restarts and that ends at
    a minimum of it; last: number of its last step, from 0."""
    length = restarts.cut(epochs * steps, first, longer)
    return {"value": whole(length), "last": whole(length - 1), "epochs": whole(epochs), "steps": whole(steps)}


def hyperband_trainings(eta: float, brackets: int) -> dict[str, str]:
    """value: full trainings that Hyperband costs where a promoted candidate pays for its new part only; scratch: where
    every rung is trained from scratch."""
    algorithm = {"name": "hyperband", "eta": eta, "brackets": brackets}
    from_scratch = sum(share for shares in search_rounds.plan(algorithm, 1, 1) for share in shares)
    return {"value": f"{search_rounds.trainings(algorithm, 1, 1):.1f}", "scratch": f"{from_scratch:.1f}"}
