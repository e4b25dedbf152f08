"""Drawing given labels from true ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lnl.data.streams import named_stream
from lnl.errors import UserError, choose
from lnl.noise.keys import NoiseKey, parse
from lnl.noise.kinds import OwnNoise
from lnl.noise.released_stream import released_labels
from lnl.noise.transition import requested

GENERATORS = {
    "as_released": "numpy's legacy stream, one multinomial draw per example in file order (released Co-teaching code), "
    "as numpy 1.17 to 2.4 have it",
    "as_released_2018": "the same as numpy up to 1.16 has it, with which the codes were released; and numpy from 2.5",
    "named_stream": "one uniform number per example from a stream named by data set, noise and seed",
}


def draw(
    labels: NDArray[np.int64],
    noise: str | NoiseKey,
    classes: int,
    seed: int,
    generator: str,
    dataset: str = "",
    own: OwnNoise | None = None,
) -> NDArray[np.int64]:
    """Given labels [N] for true `labels` [N] under a noise key; the same arguments give the same labels.

    `generator` is a key of GENERATORS; `dataset` is part of the stream's name and used by named_stream only; `own`: of
    a declared kind.
    UserError for an unknown generator, a bad key, or a file noise (see `labelfile.read_labels`).
    """
    choose(generator, GENERATORS, "noise generator", "")
    rows = requested(noise, classes, own, seed)
    if rows is None:
        raise UserError(f"noise '{noise}' brings its own labels; it has no transition matrix to draw from")
    if parse(noise).kind == "clean":
        return np.array(labels, dtype=np.int64)
    if generator != "named_stream":
        return released_labels(labels, rows, seed, zeros_draw=generator == "as_released_2018")
    return _named_stream(labels, rows, f"noise\n{dataset}\n{noise}\n{seed}")


def _named_stream(labels: NDArray[np.int64], rows: NDArray[np.float64], name: str) -> NDArray[np.int64]:
    stream = named_stream(name)
    upper = np.cumsum(rows, axis=1)
    # From the last possible label on, the bound is 1 exactly: rounding never lets an impossible label through.
    upper[np.cumsum(rows[:, ::-1], axis=1)[:, ::-1] <= rows] = 1.0
    uniform = stream.random(len(labels))
    given = np.empty(len(labels), dtype=np.int64)
    for label in range(len(rows)):
        members = np.flatnonzero(labels == label)
        given[members] = np.searchsorted(upper[label], uniform[members], side="right")
    return given
