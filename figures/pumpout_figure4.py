"""Pumpout, Figure 4: Pumpout_SL and MentorNet on NEWS, with two classes as printed and with seven beside them."""

DEMAND = {
    "title": "Pumpout_SL and MentorNet on NEWS: test accuracy and label precision",
    "source": {"paper": "pumpout", "where": "Figure 4"},
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
        {"key": "mentornet", "label": "MentorNet", "method": "mentornet"},
        {"key": "pumpout-sl", "label": "Pumpout_SL", "method": "pumpout-sl"},
    ],
    "joins": "columns",
    "seeds": 5,
    "notes": [
        "Above two classes, as printed; below the same newsgroups in seven classes (Co-teaching+). With two classes, "
        "labels flipped at 50% leave nothing to learn from.",
        "Label precision: right labels among the R(T) part of each batch with the smallest losses, which Standard "
        "does not select and is only watched on. Dotted: the share of right labels in the whole training set.",
        "gamma of Pumpout_SL: selected on noisy labels held out of the training set, since none is printed.",
    ],
}


def draw(data):
    from lnl.render.bands import ACCURACY, PRECISION, bands

    return bands(data, [ACCURACY, PRECISION], said=DEMAND["notes"][:3])
