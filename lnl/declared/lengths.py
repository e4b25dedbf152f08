"""How long a protocol trains: epochs of its data, or steps, which are cut into periods. Standard library only.

A period takes an epoch's place: order, curves, evaluation and checkpoints go by it. Whatever else a protocol with a
length in steps counts (milestones, decay_start) is in steps as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lnl.declared import restarts
from lnl.errors import UserError

Tree = Mapping[str, Any]


def with_periods(protocol: dict[str, Any]) -> dict[str, Any]:
    """A protocol whose length is in steps, with the epochs that its periods are; any other as it is."""
    if "length" not in protocol:
        return protocol
    return protocol | {"epochs": periods(protocol["length"]), "untrained_epoch": False}


def check_unit(protocol: Tree, source: str) -> None:
    """UserError for a file that has its length in both units, in a data set's values alone, or a key that goes with the
    other unit."""
    both = "take 'epochs', or 'length' in its place"
    if "length" in protocol:
        for key in ("epochs", "untrained_epoch"):
            if key in protocol:
                raise UserError(f"{source}: '{key}' stands beside 'length', whose periods are its epochs; {both}")
        if protocol.get("batch", {}).get("steps_cap") is not None:
            raise UserError(f"{source}: 'batch.steps_cap' caps an epoch, and 'length.period' says it; leave it out")
    for dataset, own in protocol.get("datasets", {}).items():
        if "length" in own and "length" not in protocol and "like" not in protocol:
            raise UserError(f"{source}: datasets, {dataset}: 'length', and the protocol has epochs; give both one unit")
        if "epochs" in own and "length" in protocol:
            raise UserError(
                f"{source}: datasets, {dataset}: 'epochs', and the protocol has a length; give both one unit"
            )


def periods(length: Tree) -> int:
    """Periods of a length, the last one perhaps short."""
    return math.ceil(length["steps"] / length["period"])


def steps_of_epoch(declared: Tree, examples: int) -> int:
    """Steps of an epoch of so many training examples: whole batches, up to the caps. declared: as `steps` takes it."""
    caps = declared["batch"].get("steps_cap"), declared.get("limits", {}).get("steps_per_epoch")
    return int(min([examples // declared["batch"]["size"], *(cap for cap in caps if cap is not None)]))


def steps(declared: Tree, examples: int) -> int:
    """Steps of a run on so many training examples: as declared, or those of its trained epochs. declared: a resolved
    specification, or a protocol with a data set's values."""
    if "length" in declared:
        return int(declared["length"]["steps"])
    return (int(declared["epochs"]) - bool(declared["untrained_epoch"])) * steps_of_epoch(declared, examples)


def counted(declared: Tree) -> tuple[int, str]:
    """What rates are counted in, and how many of them a training has: (8000, "steps"), (200, "epochs")."""
    return (declared["length"]["steps"], "steps") if "length" in declared else (declared["epochs"], "epochs")


def check_length(epochs: int, untrained_epoch: bool, source: str) -> None:
    """UserError for a training of nothing: one epoch, and that of the untrained network."""
    if untrained_epoch and epochs < 2:
        raise UserError(
            f"{source}: 'epochs': {epochs}, and with untrained_epoch: true the first one only evaluates the untrained "
            "network, so that nothing is trained; ask for 2 epochs or more, or declare untrained_epoch: false"
        )


def check_period(length: Tree, source: str) -> None:
    """UserError for a period that is longer than the training."""
    if length["period"] > length["steps"]:
        raise UserError(
            f"{source}: 'length.period': {length['period']}, and the training has {length['steps']} steps; take a "
            "period of at most so many"
        )


def resolved(declared: Tree, protocol: Tree, scale: Tree, name: str, source: str) -> dict[str, Any]:
    """`epochs`, `paper_epochs` and, where steps are counted, `length` of a specification: what a cell declares,
    shortened as its protocol is at the scale of this name. UserError for a training of nothing."""
    if "length" in declared:
        length = at_scale(declared, protocol, scale)
        return {"epochs": periods(length), "paper_epochs": periods(declared["length"]), "length": length}
    printed = declared["epochs"]
    epochs = min(scale.get("epochs", printed), printed)
    shorter = f", at scale {name}" if epochs < printed else ""
    check_length(epochs, declared["untrained_epoch"], f"{source}{shorter}")
    return {"epochs": epochs, "paper_epochs": printed}


def at_scale(declared: Tree, protocol: Tree, scale: Tree) -> dict[str, Any]:
    """`length` of a specification: what a cell declares, shortened as its protocol is at a scale.

    A cell that trains half of its protocol's steps trains half of them at every scale; but where the rate restarts, as
    many as the scale has and no more, back to the last minimum of the rate if there is one.
    """
    length, usual, short = declared["length"], protocol["length"], scale.get("length", {})
    most = short.get("steps", usual["steps"])
    steps = max(1, round(length["steps"] * min(1.0, most / usual["steps"])))
    if (rate := restarts.restarting(declared)) is not None:
        steps = restarts.cut(most, rate["first"], rate["longer"]) if most < length["steps"] else length["steps"]
    return {
        "steps": steps,
        "period": min(short.get("period", length["period"]), length["period"], steps),
        "paper_steps": length["steps"],
        "paper_period": length["period"],
        "clock": length.get("clock", "scaled"),
    }


def said(spec: Tree) -> str:
    """`60 of 200 epochs`, `5,000 of 80,000 steps`, `200 epochs`: how much of the paper's training a run has."""
    if "length" in spec:
        made, printed, unit = spec["length"]["steps"], spec["length"]["paper_steps"], "steps"
    else:
        made, printed, unit = spec["epochs"], spec.get("paper_epochs", spec["epochs"]), "epochs"
    return f"{made:,} {unit}" if made == printed else f"{made:,} of {printed:,} {unit}"


def share(spec: Tree, protocol: Tree) -> float:
    """A run's training as a part of its protocol's whole one."""
    if "length" in spec:
        return float(spec["length"]["steps"] / protocol["length"]["steps"])
    return float(spec["epochs"] / protocol["epochs"])
