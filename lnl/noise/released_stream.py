"""Given labels as the released codes draw them: numpy's legacy multinomial, one draw per example in file order.

Written out, because that stream is not one: a class of probability zero takes a random number in numpy up to 1.16, none
in 1.17 to 2.4, and one again from 2.5 on. A pair flip leaves most classes out, so the labels of one seed are others;
symmetric noise leaves none out and has the same labels in all. What both build on, the doubles of MT19937, is the same
in every version. Decision `generator` says which is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, log

import numpy as np
from numpy.typing import NDArray

BLOCK = 65536
Chain = list[tuple[int, bool, float, float]]


def released_labels(
    labels: NDArray[np.int64], rows: NDArray[np.float64], seed: int, *, zeros_draw: bool
) -> NDArray[np.int64]:
    """Given labels [N] of true `labels` [N], in the order of the file; rows [K, K]: true class, given label.

    zeros_draw: whether a class of probability zero takes a random number (numpy up to 1.16 and from 2.5), or none.
    """
    uniform, last = _uniform(seed), len(rows) - 1
    chains = [_chain(row, zeros_draw) for row in rows.tolist()]
    return np.array([_one(chains[label], last, uniform) for label in np.asarray(labels).tolist()], dtype=np.int64)


def _uniform(seed: int) -> Iterator[float]:
    """The numbers of MT19937, drawn in blocks, in which they are the same as one by one."""
    stream = np.random.RandomState(seed)
    while True:
        yield from stream.random_sample(BLOCK).tolist()


def _chain(row: Sequence[float], zeros_draw: bool) -> Chain:
    """What is drawn one after another for a row: (class, whether its binomial(1, p) is drawn for 1 - p, the bound of
    none, the width of one). The last class is what is left, and not drawn."""
    chain, left = [], 1.0
    for label, probability in enumerate(row[:-1]):
        p = probability / left if left else 1.0
        left -= probability
        if p == 0 and not zeros_draw:
            continue
        turned = p > 0.5
        p = 1.0 - p if turned else p
        none = exp(log(1.0 - p))
        chain.append((label, turned, none, p * none / (1.0 - p)))
    return chain


def _one(chain: Chain, last: int, uniform: Iterator[float]) -> int:
    """One multinomial(1): binomials by inversion, class after class, until one gives its success."""
    for label, turned, none, one in chain:
        u = next(uniform)
        while u > none and u - none > one:  # rounding has left a gap: the inversion begins anew
            u = next(uniform)
        if (u > none) != turned:
            return label
    return last
