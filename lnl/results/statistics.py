"""From curves to the numbers in a table: a run's statistic, mean and spread over runs, the verdict on a published mean.

Statistic, selection rule and spread are applied here, to recorded curves, so that changing them retrains nothing.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lnl.errors import UserError

LAST = 10  # "average test accuracy over the last ten epochs" (Co-teaching, section 4; tutorial, MNIST slide)
STATISTICS = {
    "last10_mean": "mean over the last ten epochs",
    "last10_mean_file": "mean over the last ten epochs, on the whole test file where a protocol halves it",
    "final": "value of the last epoch",
    "final_top5": "share of images whose label is among the five highest scores, at the last epoch",
    "at_validation_best": "value of the epoch with the best validation accuracy",
    "at_validation_loss": "value of the epoch with the lowest loss on held-out noisy examples",
    "best": "value of the best test epoch (selected on test data)",
}
#: Statistics that choose an epoch on examples that validate: the curve, whether high is good, what is needed for it.
WATCHED = {
    "at_validation_best": (
        "validation_accuracy",
        1,
        "a validation split, and this protocol has none: use last10_mean",
    ),
    "at_validation_loss": (
        "validation_loss",
        -1,
        "a method that records its own loss on what it holds out: set hold_out: 0.1 of f-correction or s-model",
    ),
}
DAGGER = frozenset({"best"})  # chosen by looking at the test data: always shown with a dagger
FEWEST = 3  # runs that a verdict needs, in a table and in a claim
UNSTATED = "n_p = 1"  # said with a verdict that rests on a printed spread of unknown n


@dataclass(frozen=True)
class RunValue:
    """A run's statistic in percent: mean of its networks, each network, the epochs it came from, a remark or ''."""

    value: float
    networks: tuple[float, ...]
    epochs: tuple[int, ...]
    remark: str = ""


@dataclass(frozen=True)
class Summary:
    """Runs taken together. `std`: the sample deviation (ddof 1) that verdicts use; `spread`: what is shown after ±."""

    n: int
    mean: float | None
    std: float | None
    spread: float | None
    networks: tuple[float, ...]


@dataclass(frozen=True)
class Verdict:
    """A word for measured beside published; `difference`: measured minus published, `allowed`: its bound."""

    word: str
    difference: float | None = None
    allowed: float | None = None


@dataclass(frozen=True)
class Difference:
    """One cell minus another over the repeats that both have, in points, with its 95% interval (from two pairs on)."""

    pairs: int
    mean: float
    low: float | None = None
    high: float | None = None


def run_statistic(curves: dict[str, Any], statistic: str, split: str = "none") -> RunValue:
    """A run's test accuracy (percent) by this statistic, from its record's `curves`; `split` is its specification's.

    The evaluation of untrained networks does not count as an epoch here unless nothing else exists. Fewer than ten
    epochs: the mean of what exists, and the remark says so. UserError for an unknown statistic, or for one that needs a
    validation curve where there is none.
    """
    if statistic not in STATISTICS:
        raise UserError(f"statistic '{statistic}' is not one of {', '.join(STATISTICS)}")
    test = file_accuracy(curves, split) if statistic == "last10_mean_file" else curves["test_accuracy"]
    if statistic == "final_top5":
        if "test_top5" not in curves:
            raise UserError("final_top5 needs a protocol with top5: true; use final")
        test = curves["test_top5"]
    known = [None not in networks for networks in zip(*test, strict=True)]
    epochs = [i for i in trained(curves) if known[i]]
    if not epochs:
        raise UserError("a record without a single evaluated epoch has no statistic; `lnl train` makes it again")
    remark = ""
    if statistic in ("last10_mean", "last10_mean_file"):
        chosen = epochs[-LAST:]
        remark = fewer(len(chosen))
    elif statistic in ("final", "final_top5"):
        chosen = epochs[-1:]
    elif statistic == "best":
        chosen = [max(epochs, key=lambda i: (statistics.fmean(net[i] for net in test), -i))]
    else:
        curve, sign, remedy = WATCHED[statistic]
        watched = curves.get(curve) or []
        seen = [i for i in epochs if watched and all(net[i] is not None for net in watched)]
        if not seen:
            raise UserError(f"{statistic} needs {remedy}")
        chosen = [max(seen, key=lambda i: (sign * statistics.fmean(net[i] for net in watched), -i))]
    networks = tuple(statistics.fmean(net[i] for i in chosen) for net in test)
    return RunValue(statistics.fmean(networks), networks, tuple(curves["epoch"][i] for i in chosen), remark)


def fewer(epochs: int) -> str:
    """What has to be said of a mean over the last ten epochs where there are so many; '' where they are enough."""
    return f"mean over {epochs} epoch{'s' if epochs > 1 else ''}, all there are" if 0 < epochs < LAST else ""


def file_accuracy(curves: Mapping[str, Any], split: str) -> list[Any]:
    """Accuracies (percent) [networks][epochs] on the whole test file, of which a half may validate."""
    test: list[Any] = curves["test_accuracy"]
    if split != "test-halves":
        return test
    halves = zip(test, curves["validation_accuracy"], strict=True)  # of one size: the file is the mean of both
    return [[None if None in pair else sum(pair) / 2 for pair in zip(*both, strict=True)] for both in halves]


def trained(curves: Mapping[str, Any]) -> list[int]:
    """Positions of trained epochs: an untrained evaluation has no training loss."""
    every, loss = list(range(len(curves["epoch"]))), curves.get("loss")
    if not loss:
        return every
    return [i for i, each in zip(every, zip(*loss, strict=True), strict=True) if each.count(None) < len(each)] or every


def summarise(runs: Sequence[RunValue], kind: str = "std", ddof: int = 1) -> Summary:
    """Mean over runs and its spread: `std` with this ddof, or `ci95`, half of the mean's 95% t interval."""
    values = [run.value for run in runs]
    n = len(values)
    if n == 0:
        return Summary(0, None, None, None, ())
    width = min(len(run.networks) for run in runs)
    networks = tuple(statistics.fmean(run.networks[k] for run in runs) for k in range(width))
    mean = statistics.fmean(values)
    if n == 1:
        return Summary(1, mean, None, None, networks)
    squares = sum((value - mean) ** 2 for value in values)
    std = math.sqrt(squares / (n - 1))
    spread = std * _t95(n) / math.sqrt(n) if kind == "ci95" else math.sqrt(squares / (n - ddof)) if n > ddof else None
    return Summary(n, mean, std, spread, networks)


def difference(ours: Mapping[int, float], theirs: Mapping[int, float]) -> Difference | None:
    """Values by seed of one cell minus those of another, pair by pair (Student's t); None without a common seed.

    Repeats of one seed share initial weights and order, so that much of what varies between repeats cancels.
    """
    gaps = [value - theirs[seed] for seed, value in ours.items() if seed in theirs]
    if not gaps:
        return None
    mean = statistics.fmean(gaps)
    if len(gaps) == 1:
        return Difference(1, mean)
    half = statistics.stdev(gaps) * _t95(len(gaps)) / math.sqrt(len(gaps))
    return Difference(len(gaps), mean, mean - half, mean + half)


def std_of_interval(half_width: float, n: int | None) -> float:
    """The sample standard deviation behind a 95% confidence interval mean ± half_width of n runs (Student's t).

    Of unknown n: the standard error of the mean where the interval leaves it widest, that of many runs (half / 1.96).
    """
    if n is None:
        return half_width / statistics.NormalDist().inv_cdf(0.975)
    return half_width * math.sqrt(n) / _t95(n)


def _t95(n: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, n - 1))


def published_std(spread: float | None, kind: str, n: int | None) -> float | None:
    """A published spread as a standard deviation over runs; None where none is printed.

    n None: the number of runs is not printed, and a verdict takes the spread as that of one run, the widest reading.
    """
    if spread is None:
        return None
    return std_of_interval(spread, n) if kind == "ci95" else spread


def verdict(
    mean: float | None,
    std: float | None,
    n: int,
    published: float | None,
    published_std: float | None = None,
    published_n: int | None = None,
    tolerance: float = 0.0,
    comparable: str | None = None,
    unmeasured: str = "not run",
) -> Verdict:
    """The verdict on a measured number: `agrees` if |difference| <= max(tolerance, 2 sqrt(s²/n + s_p²/n_p)).

    Otherwise `above` or `below`. Before that, in this order: `unmeasured` where nothing was measured, `no published
    number`, `not comparable (why)` where the budget, data or networks are not the paper's, `too few` for n < 3. A
    published standard deviation that is missing contributes nothing; one whose n_p is not printed (None) enters with
    n_p = 1, the widest reading, and the word says so: `agrees (n_p = 1)`.
    """
    if mean is None:
        return Verdict(unmeasured)
    if published is None:
        return Verdict("no published number")
    difference = mean - published
    if comparable is not None:
        return Verdict(f"not comparable ({comparable})", difference)
    if n < FEWEST:
        return Verdict("too few", difference)
    variance = (std or 0.0) ** 2 / n
    said = ""
    if published_std is not None:
        variance += published_std**2 / (published_n or 1)
        said = "" if published_n else f" ({UNSTATED})"
    allowed = max(tolerance, 2 * math.sqrt(variance))
    if abs(difference) <= allowed + 1e-9:  # a difference of exactly the tolerance agrees, whatever its last bit
        return Verdict(f"agrees{said}", difference, allowed)
    return Verdict(f"{'above' if difference > 0 else 'below'}{said}", difference, allowed)
