"""What a method keeps with its run: tensors and nothing else, since a checkpoint and a hand-over hold nothing else."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from lnl.errors import UserError


def checked(state: Any, method: str) -> dict[str, Tensor]:
    """The state as it is; UserError that names the method for one that a resumed run could not go on from."""
    if not isinstance(state, dict):
        raise UserError(f"{method}: its state is {_a(state)}; keep a dict of tensors by name")
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise UserError(f"{method}: state '{name}' is {_a(value)}; keep a tensor")
    return state


def _a(value: object) -> str:
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"
