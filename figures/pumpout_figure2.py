"""Pumpout, Figure 2: Pumpout_SL and MentorNet on MNIST, test accuracy above and label precision below."""

DEMAND = {
    "title": "Pumpout_SL and MentorNet on MNIST: test accuracy and label precision",
    "source": {"paper": "pumpout", "where": "Figure 2"},
    "protocol": "pumpout",
    "dataset": "mnist",
    "rows": [
        {"key": "pair-45", "label": "Pair-45%", "noise": "pair-45"},
        {"key": "symmetric-50", "label": "Symmetric-50%", "noise": "symmetric-50"},
        {"key": "symmetric-20", "label": "Symmetric-20%", "noise": "symmetric-20"},
    ],
    "columns": [
        {"key": "standard", "label": "Standard", "method": "standard"},
        {"key": "mentornet", "label": "MentorNet", "method": "mentornet"},
        {"key": "pumpout-sl", "label": "Pumpout_SL", "method": "pumpout-sl"},
    ],
    "joins": "columns",
    "seeds": 5,
    "notes": [
        "Label precision: right labels among the R(T) part of each batch with the smallest losses, which Standard "
        "does not select and is only watched on. Dotted: the share of right labels in the whole training set.",
        "gamma of Pumpout_SL: selected on noisy labels held out of the training set, since none is printed.",
        "Nine-layer CNN with dropout as printed.",
    ],
}


def draw(data):
    from lnl.render.bands import ACCURACY, PRECISION, bands

    return bands(data, [ACCURACY, PRECISION], said=DEMAND["notes"][:2])
