"""The tutorial's MNIST label-precision curves (Co-teaching, Figure 4): how clean the selected examples are."""

DEMAND = {
    "title": "Label precision over epochs on MNIST",
    "source": {
        "paper": "tutorial",
        "where": 'slide "Experiments – MNIST", label-precision curves (Co-teaching, Figure 4)',
    },
    "protocol": "coteaching",
    "dataset": "mnist",
    "rows": [
        {"key": "pair-45", "label": "Pair-45%", "noise": "pair-45"},
        {"key": "symmetric-50", "label": "Symmetry-50%", "noise": "symmetric-50"},
        {"key": "symmetric-20", "label": "Symmetry-20%", "noise": "symmetric-20"},
    ],
    "columns": [
        {"key": "decoupling", "label": "Decoupling", "method": "decoupling"},
        {"key": "mentornet", "label": "MentorNet", "method": "mentornet"},
        {"key": "coteaching", "label": "Co-teaching", "method": "coteaching"},
    ],
    "seeds": 5,
    "notes": ["Clean examples among those selected. Dotted: the share of clean labels in the whole training set."],
}


def draw(data):
    from lnl.render.panels import clean_share, curves

    figure = curves(data, "label_precision", "Label precision (%)", said=DEMAND["notes"])
    for ax, row in zip(figure.axes, data.rows, strict=True):
        clean_share(ax, data, row.key)
    return figure
