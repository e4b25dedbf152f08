"""Search spaces: config/spaces/*.yaml read, and points of the unit cube turned into curves R(t)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lnl.declared.reading import read_yaml
from lnl.errors import UserError, choose
from lnl.learning.curves import FORMULAS, clipped, evaluate

CHECK_DRAWS = 20_000
SLACK = 1e-9  # rounding of a curve that touches 0 or 1


@dataclass(frozen=True)
class Coordinate:
    """One searched number: its range and what it does."""

    name: str
    low: float
    high: float
    role: str


@dataclass(frozen=True)
class Space:
    """A declared family of curves; its points are u in [0, 1]^d, its physical numbers x = low + u (high - low)."""

    name: str
    title: str
    source: str
    formula: str
    coordinates: tuple[Coordinate, ...]
    clip: tuple[float, float] | None
    starts_at_one: bool

    @property
    def dimension(self) -> int:
        return len(self.coordinates)

    def x(self, u: np.ndarray) -> np.ndarray:
        """Physical numbers [..., d] of points u [..., d]."""
        low = np.array([c.low for c in self.coordinates])
        high = np.array([c.high for c in self.coordinates])
        return low + np.asarray(u, dtype=float) * (high - low)

    def raw(self, u: np.ndarray, t: np.ndarray, T: float) -> np.ndarray:
        """R [..., n] at epochs t [n] of T, as the formula gives it."""
        return evaluate(self.formula, self.x(u), t, T)

    def curve(self, u: np.ndarray, t: np.ndarray, T: float) -> np.ndarray:
        """R [..., n] at epochs t [n] of T, clipped."""
        return clipped(self.raw(u, t, T), self.clip)

    def schedule(self, u: np.ndarray) -> dict[str, Any]:
        """The curve of one point u [d] as a cell's specification holds it; needs no YAML to be evaluated."""
        x = [float(value) for value in self.x(u)]
        return {"formula": self.formula, "clip": None if self.clip is None else list(self.clip), "x": x}

    def entry(self, u: np.ndarray) -> dict[str, Any]:
        """What a point u [d] stands for, as files of a search hold it."""
        return {"schedule": self.schedule(u)}


def load_space(root: Path, name: str) -> Space:
    """The space of config/spaces/<name>.yaml; see `space_in`."""
    folder = root / "config" / "spaces"
    return space_in(choose(name, {file.stem: file for file in folder.glob("*.yaml")}, "search space", ""))


def space_in(file: Path) -> Space:
    """The space that a file declares. UserError for what its schema cannot tell: an unknown formula, a wrong number of
    coordinates, bounds the wrong way round (the schema is checked with all declarations)."""
    return _build(file.stem, read_yaml(file), str(file))


def _build(name: str, declared: dict[str, Any], where: str) -> Space:
    formula = declared["formula"]
    choose(formula, FORMULAS, "formula", f"{where}: 'formula'")
    coordinates = tuple(c for entry in declared["coordinates"] for c in _coordinates(entry, where))
    if len(coordinates) != FORMULAS[formula].numbers:
        raise UserError(
            f"{where}: 'coordinates': {formula} takes {FORMULAS[formula].numbers} numbers, {len(coordinates)} declared"
        )
    clip = declared["clip"]
    if clip is not None and not clip[0] < clip[1]:
        raise UserError(f"{where}: 'clip': the lower bound {clip[0]} is not below the upper bound {clip[1]}")
    return Space(
        name=name,
        title=declared["title"],
        source=declared["source"],
        formula=formula,
        coordinates=coordinates,
        clip=None if clip is None else (float(clip[0]), float(clip[1])),
        starts_at_one=declared["starts_at_one"],
    )


def _coordinates(entry: dict[str, Any], where: str) -> list[Coordinate]:
    """One declared line: one coordinate, or `count` alike, numbered from 1."""
    name, (low, high) = entry["name"], entry["range"]
    if not low < high:
        raise UserError(f"{where}: '{name}': the range starts at {low} and ends at {high}")
    count = entry.get("count")
    names = [name] if count is None else [f"{name}{i + 1}" for i in range(count)]
    return [Coordinate(n, float(low), float(high), entry["role"]) for n in names]


def check_range(space: Space, T: float) -> None:
    """UserError if R leaves [0, 1] on 20,000 uniform draws at some epoch 0..T, and no clip rule would repair it."""
    if space.clip is not None and space.clip[0] >= 0.0 and space.clip[1] <= 1.0:
        return
    rng = np.random.default_rng(0)
    t = np.arange(0.0, T + 1.0)
    low, high = np.inf, -np.inf
    for _ in range(20):
        values = space.curve(rng.random((CHECK_DRAWS // 20, space.dimension)), t, T)
        low, high = min(low, float(values.min())), max(high, float(values.max()))
    if low < -SLACK or high > 1.0 + SLACK:
        raise UserError(
            f"space '{space.name}': R(t) reaches from {low:.3g} to {high:.3g}, outside [0, 1], and no clip rule within "
            "[0, 1] is declared (clip: [0.01, 1.0])"
        )
