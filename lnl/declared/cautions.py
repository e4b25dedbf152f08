"""What may be a slip in a declaration that is valid all the same, told before anything is trained for it."""

from __future__ import annotations

from collections.abc import Iterable

from lnl.declared import dependencies
from lnl.declared.printed import perhaps_shares
from lnl.declared.suite import Suite
from lnl.noise.keys import perhaps_a_share


def cautions(suite: Suite, keys: Iterable[str]) -> list[str]:
    """A line for each noise of these artefacts whose rate may be meant as a share, symmetric-0.2 for symmetric-20, and
    for each published number of theirs that may be one."""
    keys = list(keys)
    noises = dict.fromkeys(
        noise
        for key in keys
        for noise in (
            *(run.cell.noise for run in suite.demand(key)),
            *(search.noise for search in dependencies.searches(suite, key)),
        )
    )
    of_noises = [words for noise in noises if (words := perhaps_a_share(noise)) is not None]
    tables = {key: suite.tables[key] for key in keys if key in suite.tables}
    return of_noises + [f"table {key}: {words}" for key, table in tables.items() for words in perhaps_shares(table)]
