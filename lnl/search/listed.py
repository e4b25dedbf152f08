"""A declared list of values as a space of one number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Listed:
    """Equal intervals of [0, 1] stand for the values, in declared order."""

    values: tuple[Any, ...]

    @property
    def dimension(self) -> int:
        return 1

    def entry(self, u: np.ndarray) -> dict[str, Any]:
        """What a point u [1] stands for, as files of a search hold it."""
        return {"value": self.values[min(int(u[0] * len(self.values)), len(self.values) - 1)]}
