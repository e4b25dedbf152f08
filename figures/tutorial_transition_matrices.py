"""The tutorial's transition matrices: which label a class gets, with five classes as on the slide. No training."""

DEMAND = {
    "title": "Transition matrices of pair and symmetric flipping, five classes",
    "source": {"paper": "tutorial", "where": 'slide "Experiments – Setup", matrices (Co-teaching, Figure 2)'},
    "kind": "none",
    "rows": [],
    "columns": [],
    "notes": ["Rows are true classes, columns given labels."],
}


def draw(data):
    from lnl.render.matrices import five_classes

    return five_classes(data)
