"""The six functions of S2E's figure 2, candidates for the f_i of R(t) = sum_i alpha_i f_i(t) (its equation 1).

How the print is read: decisions figure2_brackets (log, pow2) and figure2_vapor (m, t_m and n; m = t_m = T). No number
inside the functions is printed. Their ranges are those in which S2E's released code searches numbers of the same role;
decision figure2_numbers has what they are fixed at where, as equation 1 has it, only the weights alpha are searched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from lnl.learning.decays import Array, columns, exponential, hyperbolic, log_rise, logarithmic, power, power_rise

Range = tuple[float, float]
EXPONENT: Range = (0.0, 1.0)  # of a decay: a
RATE: Range = (0.0, 0.5)  # of a decay: b
OFFSET: Range = (1.0, 2.0)  # b of `log`; the code has 1 + a5, a5 in [0, 1]
RISE: Range = (0.0, 2.0)  # exponent of a rise: a2, and n of `vapor`, which has the same place
HEIGHT: Range = (0.0, 0.5)  # of a rise: b2


@dataclass(frozen=True)
class Candidate:
    """A function with its own numbers: their ranges in the order of x, and (x [..., d], t [n], T) -> f [..., n]."""

    ranges: Mapping[str, Range]
    curve: Callable[[Array, Array, float], Array]

    def x(self, u: Array) -> Array:
        """Physical numbers [..., d] of points u [..., d] of the unit cube."""
        low, high = np.array(list(self.ranges.values())).T
        return low + u * (high - low)


def _log(x: Array, t: Array) -> Array:
    a, b = columns(x)
    return logarithmic(t, b - 1.0, a)


def _vapor(x: Array, t: Array, T: float) -> Array:
    """(t/T)^n exp((1 + b t)^-a - (1 + b T)^-a): 0 at t = 0 and 1 at t = T."""
    a, b, n = columns(x)
    return power(t / T, n) * np.exp(hyperbolic(t, a, b) - hyperbolic(np.array([T]), a, b))


def _exp2(x: Array, t: Array, T: float) -> Array:
    a1, b1, a2, b2 = columns(x)
    return exponential(t, a1, b1) + power_rise(t, a2, b2, T)


def _pow2(x: Array, t: Array, T: float) -> Array:
    a1, b1, a2, b2 = columns(x)
    return hyperbolic(t, a1, b1) + log_rise(t, a2, b2, T)


DECAY: Mapping[str, Range] = {"a": EXPONENT, "b": RATE}
DECAY_AND_RISE: Mapping[str, Range] = {"a1": EXPONENT, "b1": RATE, "a2": RISE, "b2": HEIGHT}

#: By the names that the figure gives them, in its order; so are the numbers.
CANDIDATES: Mapping[str, Candidate] = {
    "pow1": Candidate(DECAY, lambda x, t, T: hyperbolic(t, *columns(x))),
    "exp1": Candidate(DECAY, lambda x, t, T: exponential(t, *columns(x))),
    "log": Candidate({"a": RATE, "b": OFFSET}, lambda x, t, T: _log(x, t)),
    "vapor": Candidate({**DECAY, "n": RISE}, _vapor),
    "exp2": Candidate(DECAY_AND_RISE, _exp2),
    "pow2": Candidate(DECAY_AND_RISE, _pow2),
}


def fixed_numbers(name: str, T: float) -> Array:
    """Numbers [d] of a candidate where only weights are searched (ours): the middle of each range.

    That is the mean of the uniform distribution with which the released search begins. n of `vapor` is the one that
    gives it R(1) = 1, which section 3.2 asks of every f_i; in the middle of its range it would begin near 0.
    """
    candidate = CANDIDATES[name]
    x = candidate.x(np.full(len(candidate.ranges), 0.5))
    if name == "vapor":
        first, last = hyperbolic(np.array([1.0, T]), x[0], x[1])
        x[2] = (first - last) / np.log(T)
    return x


def fixed_bases(t: Array, T: float) -> Array:
    """The six functions [6, n] at their fixed numbers."""
    return np.stack([candidate.curve(fixed_numbers(name, T), t, T) for name, candidate in CANDIDATES.items()])
