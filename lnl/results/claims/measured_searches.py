"""Tests of searches, applied to their histories: which is better, what schedules and candidates say about training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from lnl.results.claims import groups, ranks, search_values, tests
from lnl.results.claims.evidence import Repeats, values
from lnl.results.claims.outcome import Outcome, on_repeats
from lnl.results.claims.parts import Cells, Part, absent, pairs
from lnl.results.claims.run_values import curve
from lnl.results.claims.words import MEASURES
from lnl.results.statistics import FEWEST
from lnl.search.results import on_grid


def _search(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    """Searches against each other at equal numbers of full trainings (evaluations of a synthetic target)."""
    for a, b in pairs(test, cells):
        label = f"{a.name} better than {b.name}: {MEASURES[test['by']]}"
        if not a.results or not b.results:
            yield Part(label, None, absent(a, b))
        else:
            yield Part(label, compared(test, a, b))


def compared(test: Mapping[str, Any], a: Repeats, b: Repeats) -> Outcome:
    """One comparison: Mann-Whitney on the best of each search, on its average so far, or at every cost from `from` on.

    Costs run over whole trainings up to what every search of both has spent; the average begins where every search of
    both has a score (Hyperband's first full training comes late). `every`: p and effect of the weakest cost.
    """
    x = [search_values.curve(result) for result in a.results.values()]
    y = [search_values.curve(result) for result in b.results.values()]
    errors = a.place.kind == "synthetic"
    costs = np.arange(float(test.get("from", 1)), math.floor(min(spent[-1] for spent, _ in x + y) + 1e-9) + 1)
    at = [np.stack([on_grid(spent, best, costs) for spent, best in side]) for side in (x, y)]
    known = ~(np.isnan(at[0]).any(0) | np.isnan(at[1]).any(0))
    if not known.any():
        return Outcome(f"{len(x)} + {len(y)}", lower=0.0, note="no cost at which every search has a score")
    left, right = at[0][:, known], at[1][:, known]
    fewest = int(test.get("repeats", FEWEST))
    if test["by"] == "best":
        return ranks.better(list(left[:, -1]), list(right[:, -1]), errors, fewest)
    if test["by"] == "area":
        return ranks.better(list(left.mean(1)), list(right.mean(1)), errors, fewest)
    each = [ranks.better(list(left[:, i]), list(right[:, i]), errors, fewest) for i in range(left.shape[1])]
    return max(each, key=lambda outcome: outcome.p or 0.0)


def correlated(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    """SPEARMAN of searches. One rank correlation per search, then their mean against `threshold`.

    b a training: the schedule found against the mean test accuracy of b, epoch by epoch, which needs its repeats as
    well. b a search: the scores of those first candidates that both have in common.
    """
    threshold, direction = float(test.get("threshold", 0)), test.get("direction", "below")
    for a, b in pairs(test, cells):
        what = "scores of the same candidates" if b.place.kind == "search" else "R(t) and test accuracy"
        label = f"{a.name} and {b.name}: rank correlation of {what} {direction} {threshold:g}"
        if not a.results or not b.results:
            yield Part(label, None, absent(a, b))
            continue
        found = list(_same_candidates(a, b) if b.place.kind == "search" else _schedule_and_accuracy(a, b))
        known = [rho for rho in found if not math.isnan(rho)]
        if known:
            fewest = min(len(known), len(b.results))
            yield Part(label, on_repeats(tests.one_sample(known, threshold, direction), fewest))
        else:
            yield Part(label, Outcome(str(len(found)), note="too few points, or all equal"))


def _schedule_and_accuracy(a: Repeats, b: Repeats) -> Iterator[float]:
    curves = [c for c in (curve(result, "test_accuracy") for result in b.results.values()) if c is not None]
    accuracy = np.nanmean(np.stack(curves), axis=0)
    for result in a.results.values():
        r = search_values.schedule(result)
        yield ranks.correlation(list(r[1:]), list(accuracy[1:])) if len(r) == len(accuracy) else math.nan


def _same_candidates(a: Repeats, b: Repeats) -> Iterator[float]:
    for seed in sorted(a.results.keys() & b.results.keys()):
        shared, own = search_values.first_scores(a.results[seed]), search_values.first_scores(b.results[seed])
        both = sorted(shared.keys() & own.keys())
        yield ranks.correlation([shared[x] for x in both], [own[x] for x in both])


def _share(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    """Candidates of the searches a whose test accuracy lies more than `margin` points below the mean of b.

    Candidates are the cases, each trained once by nature, however many searches drew them; b needs its repeats.
    """
    threshold, margin = float(test["threshold"]), float(test.get("margin", 0))
    for a, b in pairs(test, cells):
        label = f"share of {a.name} more than {margin:g} points below {b.name}"
        ours = [v for result in a.results.values() for v in search_values.tests_of_candidates(result)]
        theirs = list(values(b, at=test.get("at", "final")).values())
        if not ours or not theirs:
            yield Part(label, None, absent(a, b) or "no candidate has a test accuracy")
            continue
        limit = sum(theirs) / len(theirs) - margin
        outcome = groups.share_above(sum(v < limit for v in ours), len(ours), threshold)
        yield Part(label, on_repeats(outcome, len(theirs)))


MAKERS: dict[str, Callable[[Mapping[str, Any], Cells, Any], Iterator[Part]]] = {
    "SEARCH": _search,
    "SPEARMAN": correlated,
    "SHARE": _share,
}
