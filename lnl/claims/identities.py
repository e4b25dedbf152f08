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


IDENTITIES: dict[str, Callable[[], list[Comparison]]] = {
    "margin_pair_below_symmetric": margin_pair_below_symmetric,
}
