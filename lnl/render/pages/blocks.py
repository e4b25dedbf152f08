"""The kinds of blocks that a page can have: what each is called, what it is told, and who renders it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lnl.errors import UserError, choose
from lnl.render.pages import again, costs, distributions, evidence, files, numbers
from lnl.render.pages.committed import Committed
from lnl.render.pages.marks import Mark, check_place
from lnl.render.pages.places import SHARED
from lnl.render.reproduced import reproduced


@dataclass(frozen=True)
class Kind:
    """A kind of block. `words`: how many words follow its name, None for no limit; `options`: None for any."""

    render: Callable[[Mark, Committed], str]
    fewest: int = 1
    most: int | None = None
    options: tuple[str, ...] | None = SHARED
    inline: bool = False


def _coverage(mark: Mark, kept: Committed) -> str:
    """`coverage`: the pages there are, then every artefact at every scale with runs, repeats and verdicts."""
    return reproduced(kept.suite(kept.scales[0]), kept={})


KINDS = {
    "table": Kind(numbers.as_printed, most=1, options=(*SHARED, "show")),
    "statistics": Kind(numbers.statistics_of, options=(*SHARED, "numbers")),
    "differences": Kind(numbers.differences, options=(*SHARED, "pairs", "of")),
    "distribution": Kind(distributions.distribution, most=1, options=(*SHARED, "printed", "mean_of")),
    "value": Kind(numbers.value, 3, 3, ("scale", "seeds", "of", "minus", "show", "digits"), inline=True),
    "claims": Kind(evidence.claims, most=1, options=("scale", "seeds", "keys", "in")),
    "verdict": Kind(evidence.verdict, most=1, options=("scale", "seeds", "in"), inline=True),
    "runs": Kind(evidence.runs),
    "labels": Kind(evidence.labels),
    "searches": Kind(evidence.searches),
    "again": Kind(again.again, options=("scale", "seeds")),
    "costs": Kind(costs.costs, most=1, options=("scale",)),
    "files": Kind(files.listing, fewest=0, most=0, options=None),
    "coverage": Kind(_coverage, fewest=0, most=0, options=()),
}


def check(text: str, mark: Mark) -> Kind:
    """The kind of a block; UserError for an unknown one, wrong words or options, or a place where it cannot stand."""
    kind = choose(mark.kind, KINDS, "kind of block", mark.name)
    if len(mark.words) < kind.fewest or (kind.most is not None and len(mark.words) > kind.most):
        asked = kind.fewest if kind.fewest == kind.most else f"at least {kind.fewest}" if not kind.most else kind.most
        raise UserError(f"{mark.name}: {mark.kind} takes {asked} words, not {len(mark.words)}")
    for option in mark.options if kind.options is not None else ():
        choose(option, dict.fromkeys(kind.options or (), 0), "option", mark.name)
    check_place(text, mark, kind.inline)
    return kind


def render(text: str, mark: Mark, kept: Committed) -> str:
    """What stands between the marks of a block, made from the committed records; UserError names file and block."""
    kind = check(text, mark)
    try:
        return kind.render(mark, kept)
    except UserError as error:
        raise UserError(f"{mark.name}: {error}") from None
