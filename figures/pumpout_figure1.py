"""Pumpout, Figure 1: transition matrices of both kinds of noise, with five classes as an example. No training.

Pumpout reads them as margins: the true class leads the best wrong one by 10 points under pair flipping and by 37.5
under symmetric flipping. With the ten classes of its images the second is 44.4 (claim pum-37).
"""

DEMAND = {
    "title": "Transition matrices of pair and symmetric flipping, five classes",
    "source": {"paper": "pumpout", "where": "Figure 1"},
    "kind": "none",
    "rows": [],
    "columns": [],
    "notes": ["Rows are true classes, columns given labels."],
}


def draw(data):
    from lnl.render.matrices import five_classes

    return five_classes(data)
