"""The few wordings that all effects share: how many pairs, a difference with its interval, what is not measured."""

from __future__ import annotations

from collections.abc import Sequence

from lnl.declared.wording import spelled
from lnl.render.document import minus, signed
from lnl.results.statistics import FEWEST, Difference

NOT_YET = "not measured yet"


def counted(n: int, thing: str) -> str:
    """`five pairs`; of fewer than can show an effect it is said that there are no more: `two pairs only`."""
    return f"{spelled(n)} {thing}{'' if n == 1 else 's'}{' only' if n < FEWEST else ''}"


def difference(found: Difference | None, thing: str = "pair") -> str:
    """`+0.31 (−0.02 to 0.64), five pairs`, in points; bold where three or more have an interval clear of zero."""
    if found is None:
        return NOT_YET
    number = signed(found.mean)
    if found.low is None or found.high is None:
        return f"{number}, {counted(found.pairs, thing)}"
    clear = found.pairs >= FEWEST and (found.low > 0 or found.high < 0)
    mark = "**" if clear else ""
    return f"{mark}{number}{mark} ({minus(found.low)} to {minus(found.high)}), {counted(found.pairs, thing)}"


def span(values: Sequence[float], digits: int = 2) -> str:
    """`0.41 to 0.98`, or the one number that all are."""
    low, high = (f"{value:.{digits}f}".replace("-", "−") for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def parts(head: str, said: Sequence[str]) -> str:
    """An item of a list: one or two parts behind it, more of them below it."""
    return f"{head}: {'; '.join(said)}" if len(said) < 3 else "\n  - ".join([f"{head}:", *said])


def link(key: str, target: str) -> str:
    """A link of Markdown, from docs/."""
    return f"[{key}]({target})"
