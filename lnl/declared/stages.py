"""Stages: trainings that a protocol has beside its main one, such as fine-tuning. Standard library only.

A row, a column or a claim's cell names a stage. What a stage changes holds for itself alone: the cell that it goes on
from is trained as protocol and variant say, once for all that read it. A stage that begins with nothing is a training
of its own (on the clean examples alone, or the first half of the protocol's).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.declared import restarts
from lnl.declared.nested import merge
from lnl.errors import UserError, choose

Tree = Mapping[str, Any]

#: Values of a protocol that a stage may have of its own.
OWN = ("trained_on", "epochs", "length", "augment", "batch", "optimiser")

#: Hand-over by which a stage reads what it goes on from.
BASE = "base"

#: What says when a rate falls: of another schedule it means nothing.
OF_SCHEDULES = ("milestones", "factor", "decay_start", "beta1_after", *restarts.KEYS)


def stage_of(protocols: Tree, at: Tree, name: str | None, source: str) -> Tree | None:
    """The stage of a name that the protocol of these coordinates declares; UserError where it declares none of it."""
    if name is None:
        return None
    protocol = choose(at["protocol"], protocols, "protocol", source)
    if not protocol.get("stages"):
        raise UserError(f"{source}: stage '{name}', and protocol {at['protocol']} declares no 'stages'")
    found: Tree = choose(name, protocol["stages"], f"stage of protocol {at['protocol']}", source)
    return found


def learner_of(stage: Tree | None, at: Tree) -> str:
    """Method by which a stage learns: its own, or that of the row."""
    return str((stage or {}).get("method", at["method"]))


def applied(protocol: dict[str, Any], stage: Tree | None) -> dict[str, Any]:
    """A protocol with a stage's own values; another schedule of rates takes nothing over from the protocol's."""
    if stage is None:
        return protocol
    own = {key: stage[key] for key in OWN if key in stage}
    if "schedule" in own.get("optimiser", {}):
        kept = {key: value for key, value in protocol["optimiser"].items() if key not in OF_SCHEDULES}
        protocol = {**protocol, "optimiser": kept}
    return merge(protocol, own)


def beginning(stage: Tree | None, name: str | None, base: str) -> dict[str, Any]:
    """What a specification says of where its training begins; base: digest of the cell that it goes on from."""
    if stage is None or "begins" not in stage:
        return {}
    kept = stage.get("optimiser_state", "kept")
    return {"stage": {"name": name, "from": base, "point": stage["begins"], "optimiser_state": kept}}


def points(protocol: Tree) -> set[str]:
    """Points of a cell from which some stage of its protocol goes on."""
    return {stage["begins"] for stage in protocol.get("stages", {}).values() if "begins" in stage}


def check(protocol: Tree, methods: Tree, where: str) -> None:
    """UserError for a stage of an unknown or unfit method, or whose length is in the other unit."""
    for name, stage in protocol.get("stages", {}).items():
        here = f"{where}: stages, {name}"
        if "method" in stage:
            choose(stage["method"], methods, "method", here)
            if "begins" in stage and methods[stage["method"]].get("handovers"):
                raise UserError(
                    f"{here}: {stage['method']} begins with another network itself; take a method that begins anew"
                )
        elif "begins" in stage and "trained_on" not in stage and "length" not in stage and "epochs" not in stage:
            raise UserError(f"{here}: goes on as it was; give it a length, or a set, of its own")
        unit, other = ("length", "epochs") if "length" in protocol else ("epochs", "length")
        if other in stage:
            raise UserError(f"{here}: '{other}', and the protocol has its {unit}; give both one unit")
        if "optimiser_state" in stage and "begins" not in stage:
            raise UserError(f"{here}: 'optimiser_state', and it begins with nothing; say at which point it 'begins'")
