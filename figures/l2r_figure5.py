"""Learning to Reweight, Figure 5: test accuracy over the share of images that are flipped to the background class."""

DEMAND = {
    "title": "Test accuracy over the rate of background flips, CIFAR-10",
    "source": {"paper": "l2r", "where": "Figure 5"},
    "protocol": "l2r-background",
    "dataset": "cifar10",
    "rows": [
        {"key": "0", "label": "0%", "noise": "clean"},
        {"key": "10", "label": "10%", "noise": "background-10"},
        {"key": "20", "label": "20%", "noise": "background-20"},
        {"key": "30", "label": "30%", "noise": "background-30"},
        {"key": "40", "label": "40%", "noise": "background-40"},
        {"key": "50", "label": "50%", "noise": "background-50"},
    ],
    "columns": [
        {"key": "standard", "label": "Baseline", "method": "standard"},
        {
            "key": "standard-es",
            "label": "Baseline +ES",
            "method": "standard",
            "variant": "es",
            "set": {"protocol.length.steps": 60000, "protocol.optimiser.milestones": [40000, 50000]},
        },
        {
            "key": "standard-es-ft",
            "label": "Baseline +ES +FT",
            "method": "standard",
            "variant": "es",
            "set": {"protocol.length.steps": 60000, "protocol.optimiser.milestones": [40000, 50000]},
            "stage": "ft",
        },
        {"key": "l2r", "label": "Learning to Reweight", "method": "l2r"},
    ],
    "joins": "columns",
    "seeds": 5,
    "notes": [
        "Accuracy after the last step.",
        "The paper says 0 to 50% and names neither the rates between nor the data set; CIFAR-10 is inferred.",
    ],
}


def draw(data):
    from lnl.render.against import against

    rates = {row.key: float(row.key) for row in data.rows}
    words = "Images that are given the background's label", "Test accuracy (%)"
    return against(data, rates, words, said=DEMAND["notes"][:1])
