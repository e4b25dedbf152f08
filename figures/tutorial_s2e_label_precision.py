"""The tutorial's Figure 5 (S2E, ICML version): how clean the examples are that S2E and Co-teaching select."""

DEMAND = {
    "title": "Label precision of S2E and Co-teaching on CIFAR-10",
    "source": {"paper": "tutorial", "where": 'slide "Experiments – Searched R(t)", Figure 5'},
    "protocol": "s2e",
    "dataset": "cifar10",
    "rows": [
        {"key": "symmetric-20", "label": "Symmetry-20%", "noise": "symmetric-20"},
        {"key": "symmetric-50", "label": "Symmetry-50%", "noise": "symmetric-50"},
        {"key": "pair-45", "label": "Pair-45%", "noise": "pair-45"},
    ],
    "columns": [
        {"key": "coteaching", "label": "Co-teaching", "method": "coteaching"},
        {
            "key": "s2e",
            "label": "S2E as released",
            "method": "s2e",
            "variant": "newton",
            "set": {"R": {"search": "newton-as-released"}},
        },
    ],
    "seeds": 5,
    "notes": [
        "Decided (decision performance_network): CIFAR-10 and the small CNN, as in tutorial_s2e_performance; the "
        "figure names neither.",
        "Clean examples among those selected. Dotted: the share of clean labels in the whole training set.",
        "A schedule that keeps less selects fewer wrong labels and fewer examples: precision alone does not say which "
        "is better.",
    ],
}


def draw(data):
    from lnl.render.panels import clean_share, curves

    figure = curves(data, "label_precision", "Label precision (%)", said=DEMAND["notes"][:2])
    for ax, row in zip(figure.axes, data.rows, strict=True):
        clean_share(ax, data, row.key)
    return figure
