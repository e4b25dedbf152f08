"""Pumpout, Figure 6: Pumpout_BC, nnBC and BC on CIFAR-10."""

DEMAND = {
    "title": "Pumpout_BC, nnBC and BC on CIFAR-10: test accuracy",
    "source": {"paper": "pumpout", "where": "Figure 6"},
    "protocol": "pumpout",
    "dataset": "cifar10",
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
        "ResNet-32 with identity shortcuts; the document names no variant (decision resnet32_shortcut).",
    ],
}


def draw(data):
    from lnl.render.bands import ACCURACY, bands

    return bands(data, [ACCURACY], said=DEMAND["notes"][:1])
