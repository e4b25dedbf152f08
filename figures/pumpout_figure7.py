"""Pumpout, Figure 7: Pumpout_BC, nnBC and BC on NEWS, with two classes as printed and with seven beside them."""

DEMAND = {
    "title": "Pumpout_BC, nnBC and BC on NEWS: test accuracy",
    "source": {"paper": "pumpout", "where": "Figure 7"},
    "protocol": "pumpout",
    "rows": [
        {
            "key": "news2-pair-45",
            "label": "2 classes, Pair-45%",
            "dataset": "news2",
            "noise": "pair-45",
        },
        {
            "key": "news2-symmetric-50",
            "label": "2 classes, Symmetric-50%",
            "dataset": "news2",
            "noise": "symmetric-50",
        },
        {
            "key": "news2-symmetric-20",
            "label": "2 classes, Symmetric-20%",
            "dataset": "news2",
            "noise": "symmetric-20",
        },
        {
            "key": "news7-pair-45",
            "label": "7 classes, Pair-45%",
            "dataset": "news7",
            "noise": "pair-45",
        },
        {
            "key": "news7-symmetric-50",
            "label": "7 classes, Symmetric-50%",
            "dataset": "news7",
            "noise": "symmetric-50",
        },
        {
            "key": "news7-symmetric-20",
            "label": "7 classes, Symmetric-20%",
            "dataset": "news7",
            "noise": "symmetric-20",
        },
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
        "Above two classes, as printed; below the same newsgroups in seven classes (Co-teaching+). With two classes, "
        "labels flipped at 50% leave nothing to learn from.",
        "BC, nnBC and Pumpout_BC are given the true T; gamma of Pumpout_BC is selected from the printed grid on "
        "noisy labels held out of the training set.",
        "With two classes at symmetric-50 T has no inverse; that panel is trained with T + 1e-4 U(0,1), drawn anew "
        "each step.",
    ],
}


def draw(data):
    from lnl.render.bands import ACCURACY, bands

    return bands(data, [ACCURACY], said=DEMAND["notes"][:3])
