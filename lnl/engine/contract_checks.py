"""What a method gives back, held against its contract (docs/add-a-method.md).

Shapes and types alone, nothing that a device would have to be waited for.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lnl.engine.method import Outcome
from lnl.engine.metrics import CURVES
from lnl.errors import UserError


def checked_logits(outcome: Outcome, lead: tuple[int, ...], batch: int, method: str) -> Tensor:
    """The logits of a step's outcome; UserError names method and field where one is missing or has another shape.

    lead: (networks,) or (runs, networks); batch: number of examples.
    """
    if outcome.logits is None:
        raise UserError(f"{method}: its step returns an Outcome without logits; add logits=, those of the batch")
    if outcome.loss.shape != torch.Size(lead):
        raise UserError(
            f"{method}: its loss has shape {list(outcome.loss.shape)}, and {list(lead)} is needed, one number for each "
            "network: take the mean over the batch, the last axis (of a loss that networks share: a part for each)"
        )
    if any(size > 1 and step == 0 for size, step in zip(lead, outcome.loss.stride(), strict=True)):
        raise UserError(
            f"{method}: its loss is one number repeated for every network, and their sum is differentiated; give each "
            "its part of the loss that they share"
        )
    of_examples = {"losses": outcome.losses, "selected": outcome.selected}
    of_examples |= {f"marks: {name}": found for name, found in outcome.marks.items()}
    for name, found in of_examples.items():
        _check(method, name, found, (*lead, batch), "one number for each example of each network")
    for name, found in outcome.scalars.items():
        _check(method, f"scalars: {name}", found, lead, "one number for each network (`.mean(-1)` of one per example)")
    probabilities = (*lead, batch, outcome.logits.shape[-1])
    _check(method, "pseudo_labels", outcome.pseudo_labels, probabilities, "a distribution for each example")
    logged = [*outcome.scalars, *(f"{name}_{of}" for name in outcome.marks for of in ("clean", "flipped"))]
    if taken := CURVES.intersection(logged):
        raise UserError(
            f"{method}: logs '{min(taken)}', which is a curve of the suite's own; give it another name in `scalars` or "
            "`marks`"
        )
    return outcome.logits


def _check(method: str, name: str, found: Tensor | None, wanted: tuple[int, ...], what: str) -> None:
    if found is not None and found.shape != wanted:
        raise UserError(f"{method}: its '{name}' has shape {list(found.shape)}, and {list(wanted)} is needed, {what}")


def checked_places(places: Tensor, count: int, method: str) -> Tensor:
    """The places that a method's `sample` has chosen for an epoch; UserError if their number or type is another."""
    if places.shape != (count,):
        found = f"{len(places)} places" if places.dim() == 1 else f"shape {list(places.shape)}"
        raise UserError(f"{method}: sample returned {found}, {count} are needed: steps x batch, in order")
    if places.dtype != torch.int64:
        raise UserError(f"{method}: sample returned {places.dtype}, and places are whole numbers; return int64")
    return places


def checked_state(state: Any, method: str) -> dict[str, Tensor]:
    """The state of a method as it is; UserError if it holds anything but tensors, since checkpoints and hand-overs hold
    nothing else."""
    if not isinstance(state, dict):
        raise UserError(f"{method}: its state is {_a(state)}; keep a dict of tensors by name")
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise UserError(f"{method}: state '{name}' is {_a(value)}; keep a tensor")
    return state


def _a(value: object) -> str:
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"
