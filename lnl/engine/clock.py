"""The clock of a training: epochs of its data, or periods of so many steps where a protocol has its length in steps.

A period takes an epoch's place for order, curves, evaluation and checkpoints; the last one may be short. What a paper
counts, epochs or steps, is read on the paper's clock: at a shorter scale that runs faster, unless the protocol has its
training cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Clock:
    """Of one resolved specification."""

    epochs: int
    paper_epochs: int
    pace: float  # the paper's epochs in one of ours; where the length is in steps, the paper's steps in one of ours
    steps: int | None = None  # of the whole training, where it is declared
    period: int = 0  # steps of a period
    paper_period: int = 0

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Clock:
        """The clock that a specification declares."""
        length = spec.get("length")
        if length is None:
            return cls(spec["epochs"], spec["paper_epochs"], spec["paper_epochs"] / spec["epochs"])
        pace = length["paper_steps"] / length["steps"] if length["clock"] == "scaled" else 1.0
        at = spec["epochs"], spec["paper_epochs"], pace
        return cls(*at, length["steps"], length["period"], length["paper_period"])

    def time(self, epoch: int) -> float:
        """Where an epoch, or period, begins: in the paper's."""
        if self.steps is None:
            return epoch * self.paper_epochs / self.epochs
        return epoch * self.period * self.pace / self.paper_period

    def steps_in(self, epoch: int) -> int | None:
        """Steps of a period; None where an epoch of the data says it."""
        return None if self.steps is None else min(self.period, self.steps - epoch * self.period)
