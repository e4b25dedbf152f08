"""IEG, Figure 2, bottom: what relabelling is worth at extreme rates of noise."""

DEMAND = {
    "title": "IEG with and without relabelling at extreme noise, CIFAR-100",
    "source": {"paper": "ieg", "where": "Figure 2, bottom"},
    "protocol": "ieg",
    "dataset": "cifar100",
    "rows": [
        {"key": "80", "label": "80%", "noise": "uniform-80"},
        {"key": "90", "label": "90%", "noise": "uniform-90"},
        {"key": "95", "label": "95%", "noise": "uniform-95"},
    ],
    "columns": [
        {"key": "ieg", "label": "IEG", "method": "ieg"},
        {
            "key": "ieg-8",
            "label": "IEG without relabelling",
            "method": "ieg",
            "variant": "ablation-8",
            "set": {"meta": "weights"},
        },
    ],
    "seeds": 3,
    "notes": [
        "Accuracy after the last step. The printed rates cannot be read; these are ours.",
    ],
}


def draw(data):
    from lnl.render.against import against

    rates = {row.key: float(row.key) for row in data.rows}
    return against(data, rates, ("Labels drawn at random", "Test accuracy (%)"), said=DEMAND["notes"])
