"""Learning to Reweight, Figure 4: test accuracy over the number of clean images, background flips on CIFAR-10."""

DEMAND = {
    "title": "Test accuracy over the number of clean images, 40% flipped to the background, CIFAR-10",
    "source": {"paper": "l2r", "where": "Figure 4"},
    "protocol": "l2r-background",
    "dataset": "cifar10",
    "noise": "background-40",
    "rows": [
        {"key": "15", "label": "15", "variant": "c15", "set": {"protocol.sets.clean.count": 15}},
        {"key": "50", "label": "50", "variant": "c50", "set": {"protocol.sets.clean.count": 50}},
        {"key": "100", "label": "100", "variant": "c100", "set": {"protocol.sets.clean.count": 100}},
        {"key": "500", "label": "500", "variant": "c500", "set": {"protocol.sets.clean.count": 500}},
        {"key": "1000", "label": "1,000", "variant": "c1000", "set": {"protocol.sets.clean.count": 1000}},
    ],
    "columns": [
        {"key": "l2r", "label": "Learning to Reweight", "method": "l2r"},
        {"key": "standard-ft", "label": "Baseline +FT", "method": "standard", "stage": "ft"},
        {
            "key": "standard-es-ft",
            "label": "Baseline +ES +FT",
            "method": "standard",
            "variant": "es",
            "set": {"protocol.length.steps": 60000, "protocol.optimiser.milestones": [40000, 50000]},
            "stage": "ft",
        },
    ],
    "joins": "columns",
    "seeds": 5,
    "notes": [
        "Accuracy after the last step. Of the printed numbers of clean images only 15, 100 and 1,000 are known here.",
        "The clean images are taken out of what all methods train on, so that their number changes the baselines' "
        "training set as well. 15 are two of five classes and one of the others, each six or seven times in a batch of "
        "100. The printed figure has one background class, 3; here every repeat has its own.",
    ],
}


def draw(data):
    from lnl.render.against import against

    counts = {row.key: float(row.key) for row in data.rows}
    words = "Clean images of all classes together", "Test accuracy (%)"
    return against(data, counts, words, log=True, said=DEMAND["notes"][:1])
