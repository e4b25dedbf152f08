"""The tutorial's MNIST label-precision curves (Co-teaching, Figure 4): how clean the selected examples are."""

DEMAND = {
    "title": "Label precision over epochs on MNIST",
    "source": {
        "paper": "tutorial",
        "where": 'slide "Experiments – MNIST", label-precision curves (Co-teaching, Figure 4)',
    },
    "protocol": "coteaching",
    "dataset": "mnist",
    "rows": [
        {"key": "pair-45", "label": "Pair-45%", "noise": "pair-45"},
        {"key": "symmetric-50", "label": "Symmetry-50%", "noise": "symmetric-50"},
        {"key": "symmetric-20", "label": "Symmetry-20%", "noise": "symmetric-20"},
    ],
    "columns": [
        {"key": "decoupling", "label": "Decoupling", "method": "decoupling"},
        {"key": "mentornet", "label": "MentorNet", "method": "mentornet"},
        {"key": "coteaching", "label": "Co-teaching", "method": "coteaching"},
    ],
    "seeds": 5,
    "notes": ["Clean examples among those selected. Dotted: the share of clean labels in the whole training set."],
}


def draw(data):
    from lnl.render.panels import curves
    from lnl.render.style import SOFT

    figure = curves(data, "label_precision", "Label precision (%)")
    for ax, row in zip(figure.axes, data.rows, strict=True):
        records = [record for place in data.places if place.slot.row == row.key for record in place.records()]
        rates = [record["result"]["labels"]["realised_rate"] for record in records]
        if rates and ax.lines:
            clean = 100 * (1 - rates[0])
            ax.axhline(clean, color=SOFT, linestyle=":", linewidth=1, zorder=1)
            ax.annotate("share of clean labels", (1, clean), (0, 2), ("axes fraction", "data"), "offset points",
                        ha="right", va="bottom", fontsize=7, color=SOFT)  # fmt: skip
            data.add(row.key, "", "share of clean labels", "", clean)
    return figure
