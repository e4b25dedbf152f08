"""Noise keys such as `symmetric-20` or `pair-45`: what they mean and which are valid (standard library only).

clean                 the true labels
symmetric-<percent>   with that probability another label, each of the other K-1 equally likely
pair-<percent>        with that probability the next class, the last one's next being the first
uniform-<percent>     with that probability a label drawn from all K, the own class included
file-<name>           labels that a user brings; file-<name>.<field> is one array or column of a file
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from lnl.errors import UserError, nearest

SHAPES = {
    "clean": "clean",
    "symmetric": "symmetric-<percent>",
    "pair": "pair-<percent>",
    "uniform": "uniform-<percent>",
    "file": "file-<name>",
}
RANGES = {
    "symmetric": "above 0 and below 100 percent",
    "pair": "above 0 and at most 100 percent",
    "uniform": "above 0 and at most 100 percent",
}
_PERCENT = re.compile(r"(0|[1-9]\d*)(\.\d*[1-9])?")  # one spelling per number: keys are paths
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"  # of label files, and whatever a key can be: rates have a decimal point


@dataclass(frozen=True)
class NoiseKey:
    """A noise: `rate` is the nominal rate in 0..1 (None for clean and file), `name` belongs to file noises only."""

    kind: str
    rate: float | None = None
    name: str | None = None
    key: str = ""  # as it is spelled in declarations and paths

    def __str__(self) -> str:
        return self.key


def parse(key: str | NoiseKey) -> NoiseKey:
    """The meaning of a noise key (or itself, if parsed); UserError with the nearest kind or the valid range."""
    if isinstance(key, NoiseKey):
        return key
    kind, _, rest = str(key).partition("-")
    if kind not in SHAPES:
        raise UserError(f"unknown noise '{key}'{nearest(kind, SHAPES)}")
    if kind == "clean":
        if key != "clean":
            raise UserError(f"noise '{key}': clean takes no rate; write 'clean'")
        return NoiseKey("clean", key=key)
    if kind == "file":
        if not re.fullmatch(NAME, rest):
            raise UserError(f"noise '{key}': write file-<name>, a name of letters, digits, '.', '_' and '-'")
        return NoiseKey("file", name=rest, key=key)
    if not _PERCENT.fullmatch(rest):
        raise UserError(f"noise '{key}': write {SHAPES[kind]} without superfluous zeros, e.g. {kind}-20 or {kind}-12.5")
    percent = Fraction(rest)
    if percent <= 0 or percent > 100 or (kind == "symmetric" and percent == 100):
        raise UserError(
            f"noise '{key}': the rate must be {RANGES[kind]}{'; for no noise write clean' if percent == 0 else ''}"
        )
    return NoiseKey(kind, rate=float(percent / 100), key=key)


def check(key: str | NoiseKey, classes: int) -> NoiseKey:
    """parse(key) for a data set of `classes` classes; UserError where that data set cannot carry the noise."""
    noise = parse(key)
    if noise.rate is not None and classes < 2:
        raise UserError(f"noise '{key}' needs at least 2 classes, the data set has {classes}; use clean")
    return noise


def flip_rate(key: str | NoiseKey, classes: int) -> float | None:
    """The probability that a given label differs from the true one; None for a file, whose labels are not drawn."""
    noise = parse(key)
    if noise.kind == "file":
        return None
    if noise.rate is None:
        return 0.0
    return noise.rate * (classes - 1) / classes if noise.kind == "uniform" else noise.rate


def warning(key: str | NoiseKey, classes: int | None = None) -> str | None:
    """A line of caution where the true class is no longer the most likely label, else None."""
    noise = parse(key)
    if noise.rate is None:
        return None
    if noise.kind == "pair" and noise.rate >= 0.5:
        return f"noise '{key}': at 50% and above the next class is at least as likely as the true one"
    if noise.kind == "symmetric" and classes and noise.rate >= (classes - 1) / classes:
        return f"noise '{key}': at {classes - 1}/{classes} and above a label says no more about its class than chance"
    if noise.kind == "uniform" and noise.rate == 1:
        return f"noise '{key}': the labels say nothing about the classes"
    return None
