"""What the documents claim in words: declared in claims/*.yaml, tested on records and on the printed numbers.

Importing this package costs nothing; `lnl.declared.claims` is standard library only, so that the DAG can read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lnl.declared.suite import Suite
    from lnl.results.claims.decisions import Verdict


def judge(suite: Suite, paper: str) -> list[Verdict]:
    """Every verdict on one document's claims, from the records that exist and from printed numbers."""
    from lnl.results.claims.verdicts import judge as judge_

    return judge_(suite, paper)
