"""For which of the papers' data sets a cell stands, at a scale that puts stand-ins in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lnl.declared import labellers
from lnl.declared.cells import Cell

if TYPE_CHECKING:
    from lnl.declared.suite import Suite


def stands_for(suite: Suite, cell: Cell) -> list[str]:
    """The papers' data sets in whose place a cell stands, in the protocol's order; empty where its data are their own.

    One cell may stand for several, since two data sets may have one stand-in: those that artefacts demand it for, all
    of them together. Of a cell that none demands, those of its protocol with which it would be the same. UserError for
    a cell that cannot be declared.
    """
    declared, ordered = suite.declared(cell), suite.protocols[cell.protocol]["datasets"]
    papers = [each.paper_dataset for each in suite.declarations_of(cell)]
    if not papers:
        papers = [declared.paper_dataset]
        for name in ordered:
            at = {"protocol": cell.protocol, "dataset": name, "noise": cell.noise, "method": cell.method}
            same = suite.used_for(name) == cell.dataset and cell.method in suite.methods
            same = same and labellers.can_label(suite.protocols, cell.noise, name)
            if same and suite.resolved(at, {}, cell.id) == declared.spec:
                papers.append(name)
    return [name for name in ordered if name in papers and name != cell.dataset]
