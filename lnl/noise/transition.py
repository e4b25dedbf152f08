"""Transition matrices: row = true class, column = given label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lnl.errors import UserError
from lnl.noise import own as own_noise
from lnl.noise.keys import SHAPES, NoiseKey, brought, check
from lnl.noise.kinds import OwnNoise


def matrix(noise: str | NoiseKey, classes: int) -> NDArray[np.float64]:
    """The [K, K] float64 matrix of a noise key; rows sum to 1 (Co-teaching, appendix A).

    Entries are formed as the released generator forms them (1 - rate, rate / (K - 1)), so that draws agree bit for bit.
    UserError for labels of a file or of a network, which are not drawn from a matrix, and for a declared kind, whose
    matrix `requested` has.
    """
    key = check(noise, classes)
    if key.kind == "clean":
        return np.eye(classes)
    if key.rate is None:
        raise UserError(f"noise '{noise}' brings its own labels; it has no transition matrix to draw from")
    if key.kind not in SHAPES:
        raise UserError(f"noise '{noise}' is declared by data set; here one of {', '.join(SHAPES)} is wanted")
    if key.kind == "pair":
        return (1 - key.rate) * np.eye(classes) + key.rate * np.roll(np.eye(classes), 1, axis=1)
    if key.kind == "uniform":
        return (1 - key.rate) * np.eye(classes) + key.rate / classes
    result = np.full((classes, classes), key.rate / (classes - 1))
    np.fill_diagonal(result, 1 - key.rate)
    return result


def requested(noise: str | NoiseKey, classes: int, own: OwnNoise | None, seed: int) -> NDArray[np.float64] | None:
    """The [K, K] matrix that labels of a vector are asked to follow; None where nobody knows one, as for a file
    or a network's labels.

    own: of a declared kind. seed: of the vector, on which a matrix of a declared kind may depend.
    """
    key = check(noise, classes)
    if own is not None:
        return own_noise.rows(own, key, seed)
    return None if brought(key) else matrix(key, classes)


def lead(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much the true class is likelier than the likeliest wrong one, for each class [K]."""
    likeliest: NDArray[np.float64] = np.where(np.eye(len(matrix), dtype=bool), -np.inf, matrix).max(axis=1)
    return np.diag(matrix) - likeliest


def cautious(noise: NoiseKey, matrix: NDArray[np.float64]) -> str | None:
    """A line of caution where the true class is no longer the most likely label of some class, else None."""
    wrong = lead(matrix) <= 0
    if not wrong.any():
        return None
    first = int(np.flatnonzero(wrong)[0])
    return f"noise '{noise}': another label is at least as likely as the true one, first for class {first}"
