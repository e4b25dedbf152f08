"""Protocols and scales, beyond their schemas: names of data sets and networks, and values that go together."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from lnl.data.registry import DatasetInfo
from lnl.declared import restarts
from lnl.declared.lengths import check_length, check_period, counted
from lnl.declared.nested import merge
from lnl.errors import UserError, choose
from lnl.networks.registry import NETWORKS

Tree = Mapping[str, Any]

#: What the keys of a rate that restarts mean, in the order of restarts.KEYS.
MEANINGS = ("steps of the first cycle", "length of a cycle by that of the one before", "its peak by that one's")
_TOLD: set[tuple[int, float, float]] = set()  # lengths of which a line was printed


def check_protocol(
    key: str, protocol: dict[str, Any], datasets: Mapping[str, DatasetInfo], file: str | None = None
) -> None:
    """UserError for an unknown data set or network, for a training of nothing, and for an optimiser whose numbers
    contradict each other. file: as messages name it, where it is not the checkout's."""
    where = file or f"config/protocols/{key}.yaml"
    for dataset, own in protocol["datasets"].items():
        info = choose(dataset, datasets, "data set", where)
        choose(own["network"], NETWORKS, "network", f"{where}: datasets, {dataset}")
        here = restarts.without_inherited(protocol, merge(protocol, own))
        if here["split"] == "own" and not info.validation:
            raise UserError(
                f"{where}: split: own, and {dataset} has no validation images of its own: none, or test-halves"
            )
        check_training(here, f"{where}: datasets, {dataset}")
        if any(declared.get("validates") for declared in here.get("sets", {}).values()) and here["split"] != "none":
            raise UserError(f"{where}: a set validates, and so does split: {here['split']}; take split: none")
    for dataset in protocol.get("runtime", {}):
        choose(dataset, protocol["datasets"], "data set of this protocol", f"{where}: runtime")


def check_training(protocol: Tree, where: str) -> None:
    """UserError for a training of nothing, a period that is longer than it, and a schedule of rates that it does not
    reach."""
    if "length" in protocol:
        check_period(protocol["length"], where)
    elif "epochs" not in protocol:
        raise UserError(f"{where}: 'epochs' is missing, or 'length' in its place: {{steps: 8000, period: 100}}")
    else:
        check_length(protocol["epochs"], protocol["untrained_epoch"], where)
    check_optimiser(protocol["optimiser"], *counted(protocol), where)
    check_restarts(protocol, where)


def check_optimiser(optimiser: Tree, length: int, unit: str, where: str) -> None:
    """UserError for a schedule without its epochs or steps, or with some that no training reaches."""
    schedule, start = optimiser["schedule"], optimiser.get("decay_start", 0)
    if schedule == "steps" and not optimiser.get("milestones"):
        raise UserError(f"{where}: 'optimiser.milestones' is missing: {unit} at which schedule: steps lowers the rate")
    if schedule == "linear" and start >= length:
        raise UserError(f"{where}: 'optimiser.decay_start': {start}, and the training ends after {length} {unit}")
    milestones = optimiser.get("milestones", [])
    if any(a >= b for a, b in pairwise(milestones)):
        raise UserError(f"{where}: 'optimiser.milestones': {milestones} do not follow each other; write them in order")
    if milestones and milestones[-1] >= length:
        raise UserError(
            f"{where}: 'optimiser.milestones': {milestones[-1]}, and the training ends after {length} {unit}"
        )
    if optimiser.get("nesterov") and not optimiser.get("momentum"):
        raise UserError(f"{where}: 'optimiser.nesterov' needs a 'momentum' above 0")


def check_restarts(protocol: Tree, where: str) -> None:
    """UserError for warm restarts without their numbers, numbers without restarts, and a training that does not count
    steps, or is not cut at a shorter scale; a line for one that ends while the rate is high."""
    optimiser = protocol["optimiser"]
    if restarts.restarting(protocol) is None:
        for key in restarts.KEYS:
            if key in optimiser:
                raise UserError(
                    f"{where}: 'optimiser.{key}' goes with schedule: {restarts.SCHEDULE}, and the schedule is "
                    f"{optimiser['schedule']}; leave it out"
                )
        return
    for key, meaning in zip(restarts.KEYS, MEANINGS, strict=True):
        if key not in optimiser:
            raise UserError(f"{where}: 'optimiser.{key}' is missing: {meaning}, with schedule: {restarts.SCHEDULE}")
    if "length" not in protocol:
        raise UserError(
            f"{where}: schedule: {restarts.SCHEDULE} counts steps, and this training is counted in epochs; give it a "
            "'length' in their place: {steps: 2375, period: 500, clock: cut}"
        )
    if protocol["length"].get("clock", "scaled") != "cut":
        raise UserError(
            f"{where}: 'length.clock': scaled, and a rate that restarts is never scaled, but cut at one of its minima; "
            "declare clock: cut"
        )
    at = protocol["length"]["steps"], optimiser["first"], optimiser["longer"]
    if (better := restarts.nearest(*at)) != at[0] and at not in _TOLD:
        _TOLD.add(at)
        print(
            f"lnl: {where}: 'length.steps': {at[0]} ends within a cycle of the rate, not at its lowest; the nearest "
            f"training that ends there has {better} steps",
            file=sys.stderr,
        )


def check_scale(key: str, scale: Tree, scales: Tree, datasets: Mapping[str, DatasetInfo]) -> None:
    """UserError for an unknown stand-in, or searches of a scale that uses another one's itself."""
    where = f"config/scales/{key}.yaml"
    stand_ins = scale.get("stand_ins", {})
    for printed, used in stand_ins.get("datasets", {}).items():
        choose(printed, datasets, "data set", f"{where}: stand_ins")
        other = choose(used, datasets, "data set", f"{where}: stand_ins, {printed}")
        if used != printed and other.classes < 2:
            raise UserError(f"{where}: stand_ins, {printed}: {used} has one class only")
    for printed, used in stand_ins.get("networks", {}).items():
        choose(printed, NETWORKS, "network", f"{where}: stand_ins")
        by_dataset = used if isinstance(used, Mapping) else {}
        for dataset in by_dataset:
            choose(dataset, datasets, "data set", f"{where}: stand_ins, {printed}")
        for name in by_dataset.values() if by_dataset else [used]:
            choose(name, NETWORKS, "network", f"{where}: stand_ins, {printed}")
    if "searched_at" in scale:
        other = choose(scale["searched_at"], dict(scales), "scale", f"{where}: searched_at")
        if scale["searched_at"] != key and "searched_at" in other:
            raise UserError(f"{where}: searched_at: {scale['searched_at']} uses the searches of another scale itself")
