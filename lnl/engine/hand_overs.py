"""What a run hands over to others: its state at the points that they begin at, and which epoch was the best so far."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from lnl.engine import kept_state, validation
from lnl.engine.curves import Curves
from lnl.engine.data import DeviceData
from lnl.engine.learner import Learner

BEST = {"best-validation", "lowest-validation-loss"}  # points of the best epoch, which every epoch so far may be


class HandOvers:
    """States of one run by point.

    points: those that are wanted, of `final`, `best-validation`, `lowest-validation-loss` and `step-<n>`.
    """

    def __init__(self, points: tuple[str, ...], learner: Learner, data: DeviceData) -> None:
        self.points, self.learner, self.data = points, learner, data
        self.saved: dict[str, dict[str, Tensor]] = {}
        self._best, self._lowest = -math.inf, math.inf

    @property
    def of_best(self) -> bool:
        """Whether an epoch may have to be kept because it is the best so far."""
        return not BEST.isdisjoint(self.points)

    def keep(self, point: str, steps: int) -> None:
        """The state of now, after `steps` updates."""
        self.saved[point] = kept_state.tensors(self.learner) | {"steps": torch.tensor(steps)}

    def keep_best(self, curves: Curves, steps: int) -> None:
        """The state of now, if the epoch that the curves end with is better than all before it."""
        if "best-validation" in self.points and "validation_accuracy" in curves:
            now = sum(lists[-1] for lists in curves["validation_accuracy"])
            if now > self._best:
                self._best = now
                self.keep("best-validation", steps)
        if "lowest-validation-loss" in self.points and "validation" in self.data.parts:
            loss = self.validation_loss(curves)
            if loss < self._lowest:
                self._lowest = loss
                self.keep("lowest-validation-loss", steps)

    def validation_loss(self, curves: Curves) -> float:
        """Loss on the examples that validate: the method's own where it has one, else the mean cross-entropy."""
        if "validation_loss" in curves:
            last = [losses[-1] for losses in curves["validation_loss"]]
            return math.inf if None in last else float(sum(last))  # None: no finite number
        return validation.plain_loss(self.learner, self.data)

    def snapshot(self) -> dict[str, Any]:
        """Its part of a checkpoint."""
        return {"saved": self.saved, "best": self._best, "lowest": self._lowest}

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from a `snapshot`."""
        self.saved, self._best, self._lowest = saved["saved"], saved["best"], saved.get("lowest", math.inf)
