"""What the documents claim in words: declared in claims/*.yaml, tested on records and on the printed numbers.

Importing this package costs nothing; `lnl.claims.declarations` is standard library only, so that the DAG can read it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lnl.claims.decisions import Verdict
    from lnl.matrix import Suite


def judge(suite: Suite, paper: str) -> list[Verdict]:
    """Every verdict on one document's claims, from the records that exist and from printed numbers."""
    from lnl.claims.verdicts import judge as judge_

    return judge_(suite, paper)


def render(suite: Suite, paper: str, out_dir: str | Path) -> list[Path]:
    """Write {paper}.csv, .md and .html into `out_dir` and return them; works without a single record."""
    from lnl.claims.render import render as render_

    return render_(suite, paper, out_dir)
