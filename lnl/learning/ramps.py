"""Co-teaching's R(t) in every form in which the sources write it, as the share that is dropped.

t is an epoch index on the paper's clock (a float at shorter scales). It is evaluated once an epoch.
"""

from __future__ import annotations


def drop_rate(t: float, tau: float, t_k: float, c: float, ramp: str, exponent: str) -> float:
    """1 - R(t) of Co-teaching.

    tau: final drop rate in [0, 1]; t_k: length of the ramp in epochs; c: exponent. `ramp` says when the ramp ends (the
    sources have three off-by-one conventions): `as_released` linspace(0, tau, t_k) indexed by the epoch, full at t_k -
    1; `as_printed` t / t_k, full at t_k (Co-teaching, section 4.2); `algorithm` R updated after the epoch, full at t_k
    + 1 (Algorithm 1). `exponent` says where c stands: `as_released` ramps to tau^c, then jumps to tau; `as_printed` tau
    min(t^c / t_k, 1) (Co-teaching, section 4.2; the tutorial's R(T) slide); `t_over_tk` tau min((t / t_k)^c, 1) (S2E,
    eq. 3; the tutorial's selection-rule slide). All coincide at c = 1 up to `ramp`.
    """
    length = {"as_released": max(t_k - 1, 1), "as_printed": t_k, "algorithm": t_k}[ramp]
    clock = max(t - 1, 0.0) if ramp == "algorithm" else t
    if exponent == "as_released":
        return tau if clock >= t_k else tau**c * min(clock / length, 1.0)
    if exponent == "as_printed":
        return tau * min(clock**c / length, 1.0)
    return tau * min((clock / length) ** c, 1.0)
