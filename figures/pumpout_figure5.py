"""Pumpout, Figure 5: Pumpout_BC, nnBC and BC on MNIST."""

DEMAND = {
    "title": "Pumpout_BC, nnBC and BC on MNIST: test accuracy",
    "source": {"paper": "pumpout", "where": "Figure 5"},
    "protocol": "pumpout",
    "dataset": "mnist",
    "rows": [
        {"key": "pair-45", "label": "Pair-45%", "noise": "pair-45"},
        {"key": "symmetric-50", "label": "Symmetric-50%", "noise": "symmetric-50"},
        {"key": "symmetric-20", "label": "Symmetric-20%", "noise": "symmetric-20"},
    ],
    "columns": [
        {"key": "standard", "label": "Standard", "method": "standard"},
        {"key": "bc", "label": "BC", "method": "bc"},
        {"key": "nnbc", "label": "nnBC", "method": "nnbc"},
        {"key": "pumpout-bc", "label": "Pumpout_BC", "method": "pumpout-bc"},
    ],
    "joins": "columns",
    "seeds": 5,
    "notes": [
        "BC, nnBC and Pumpout_BC are given the true T; gamma of Pumpout_BC is selected from the printed grid on "
        "noisy labels held out of the training set.",
        "Nine-layer CNN with dropout as printed.",
    ],
}


def draw(data):
    from lnl.render.bands import ACCURACY, bands

    return bands(data, [ACCURACY], said=DEMAND["notes"][:1])
