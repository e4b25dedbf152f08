"""Claims that are arithmetic, checked without a run. The names are what claims/*.yaml writes under `identity`."""

from __future__ import annotations

from collections.abc import Callable

from lnl.claims.printed import Comparison


def margin_pair_below_symmetric() -> list[Comparison]:
    """Pair flipping leaves the true class a smaller lead over the likeliest wrong one than symmetric flipping does.

    Source: matrices of the tutorial's set-up slide, ten classes. Effect: lead at pair-45 minus symmetric-50, points.
    """
    import numpy as np

    from lnl.noise.transition import matrix

    leads = {}
    for noise in ("pair-45", "symmetric-50"):
        t = matrix(noise, 10)
        wrong = np.where(np.eye(10, dtype=bool), -np.inf, t)
        leads[noise] = 100 * float((np.diag(t) - wrong.max(axis=1)).min())
    label = f"lead of the true class: pair-45 {leads['pair-45']:.1f} points, symmetric-50 {leads['symmetric-50']:.1f}"
    effect = leads["pair-45"] - leads["symmetric-50"]
    return [Comparison(label, effect, effect < 0)]


def exponent_forms_differ() -> list[Comparison]:
    """At c = 0.5, T_k = 5 and pair-45 the released R(T) drops more than the noise rate on its way, the printed never.

    Effect: largest drop over the ramp minus tau, points; above 0 as released, never as printed.
    """
    from lnl.schedules import drop_rate

    excess = {}
    for form in ("as_released", "as_printed"):
        drops = [drop_rate(t, 0.45, 5, 0.5, "as_released", form) for t in range(1, 200)]
        excess[form] = 100 * (max(drops) - 0.45)
    return [
        Comparison("largest drop above tau, as released", excess["as_released"], excess["as_released"] > 0),
        Comparison("largest drop above tau, as printed", excess["as_printed"], excess["as_printed"] <= 1e-9),
    ]


IDENTITIES: dict[str, Callable[[], list[Comparison]]] = {
    "margin_pair_below_symmetric": margin_pair_below_symmetric,
    "exponent_forms_differ": exponent_forms_differ,
}
