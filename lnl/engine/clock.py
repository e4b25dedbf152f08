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
    steps: int | None = None  # of the whole training, where it is declared
    paper_steps: int = 0
    period: int = 0  # steps of a period
    paper_period: int = 0

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Clock:
        """The clock that a specification declares."""
        length = spec.get("length")
        if length is None:
            return cls(spec["epochs"], spec["paper_epochs"])
        paper_steps = length["paper_steps"] if length["clock"] == "scaled" else length["steps"]
        at = length["steps"], paper_steps, length["period"], length["paper_period"]
        return cls(spec["epochs"], spec["paper_epochs"], *at)

    @property
    def pace(self) -> float:
        """The paper's epochs in one of ours; where the length is in steps, the paper's steps in one of ours."""
        return self.paper_step(1)

    def time(self, epoch: int) -> float:
        """Where an epoch, or period, begins: in the paper's."""
        if self.steps is None:
            return epoch * self.paper_epochs / self.epochs
        return self.paper_step(epoch * self.period) / self.paper_period

    def paper_step(self, step: int) -> float:
        """Where a step stands in the paper's. Multiplied before it is divided: step 1,560 of 2,400 times a rounded pace
        falls a hair short of step 65,000 of 100,000, and with it the rate one step late."""
        paper, ours = (self.paper_epochs, self.epochs) if self.steps is None else (self.paper_steps, self.steps)
        return step * paper / ours

    def steps_in(self, epoch: int) -> int | None:
        """Steps of a period; None where an epoch of the data says it."""
        return None if self.steps is None else min(self.period, self.steps - epoch * self.period)
