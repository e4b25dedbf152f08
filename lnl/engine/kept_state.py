"""All that training changes of a learner, taken out and put back: for a checkpoint, and for the file of a hand-over."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lnl.engine import weights
from lnl.engine.learner import Learner


def snapshot(learner: Learner) -> dict[str, Any]:
    """Everything that training changes, as tensors and numbers; the tensors themselves, no copies."""
    return {
        "flat": learner.population.flat,
        "buffers": learner.population.buffers,
        "slots": learner.optimiser.slots,
        "steps": learner.optimiser.steps,
        "state": learner.state,
    }


def restore(learner: Learner, saved: dict[str, Any]) -> None:
    """Continue from a `snapshot`, bit for bit."""
    with torch.no_grad():
        learner.population.flat.copy_(saved["flat"])
        held = ((learner.population.buffers, saved["buffers"]), (learner.optimiser.slots, saved["slots"]))
        for mine, theirs in held:
            for name, tensor in mine.items():
                tensor.copy_(theirs[name])
        for name, tensor in saved["state"].items():
            learner.state[name] = tensor.to(learner.population.flat.device)
    learner.optimiser.steps = saved["steps"]


def tensors(learner: Learner) -> dict[str, Tensor]:
    """Copies of all of it on the host, under flat names, as a hand-over file holds them."""
    parts = {"buffer": learner.population.buffers, "slot": learner.optimiser.slots, "state": learner.state}
    named = {f"{part}.{name}": tensor for part, held in parts.items() for name, tensor in held.items()}
    named["slot_steps"] = torch.tensor(learner.optimiser.steps)
    named["own_parameters"] = torch.tensor(weights.own_size(learner.population))
    return {k: v.detach().cpu().clone().contiguous() for k, v in {"flat": learner.population.flat, **named}.items()}


def begin_from(learner: Learner, handed: dict[str, Tensor], with_optimiser: bool) -> None:
    """Begin with the networks of a hand-over, and if asked with the optimiser as it was left: its slots, and its count
    of steps. UserError where the networks are of another size."""
    learner.start_from(handed)
    if not with_optimiser:
        return
    size = weights.network_size(handed)
    with torch.no_grad():
        for name, tensor in learner.optimiser.slots.items():
            tensor[..., :size].copy_(handed[f"slot.{name}"][..., :size])
    learner.optimiser.steps = handed["slot_steps"].tolist()
