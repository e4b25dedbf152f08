"""IEG, Figure 1: accuracy over the rate of uniform noise, beside training without noisy labels."""

DEMAND = {
    "title": "Test accuracy over the rate of uniform noise, CIFAR-100",
    "source": {"paper": "ieg", "where": "Figure 1"},
    "protocol": "ieg",
    "dataset": "cifar100",
    "rows": [
        {"key": "0", "label": "0%", "noise": "clean"},
        {"key": "20", "label": "20%", "noise": "uniform-20"},
        {"key": "40", "label": "40%", "noise": "uniform-40"},
        {"key": "80", "label": "80%", "noise": "uniform-80"},
        {"key": "90", "label": "90%", "noise": "uniform-90"},
        {"key": "95", "label": "95%", "noise": "uniform-95"},
        {"key": "100", "label": "100%", "noise": "uniform-100"},
    ],
    "columns": [
        {"key": "ieg", "label": "IEG", "method": "ieg"},
        {"key": "eg", "label": "EG*, without noisy labels", "method": "ieg", "variant": "eg", "set": {"meta": "none"}},
        {"key": "supervised", "label": "Supervised, right labels", "method": "supervised"},
    ],
    "seeds": 3,
    "skips": [
        {
            "row": ["0", "20", "40", "90", "95", "100"],
            "column": "eg",
            "reason": "it reads no noisy label: its runs at 80% stand for all rates",
        },
        {
            "row": ["20", "40", "80", "90", "95", "100"],
            "column": "supervised",
            "reason": "its runs on right labels stand for all rates",
        },
    ],
    "notes": [
        "Accuracy after the last step; level lines are of runs at one rate, their bands one standard deviation. EG* is "
        "EG on the wide network. Rates are nominal: where all labels are drawn, "
        "99% of them are wrong.",
        "Of the printed rates those of table 2, 95% and the last are known here, by tables and caption; 90% is ours. "
        "Earlier methods' curve is theirs and not drawn.",
    ],
}
LEVEL = ("eg", "supervised")  # they do not depend on the noise


def draw(data):
    from lnl.render.against import against

    rates = {row.key: float(row.key) for row in data.rows}
    words = "Labels drawn at random", "Test accuracy (%)"
    return against(data, rates, words, level=LEVEL, said=DEMAND["notes"][:1])
