"""Learning to Reweight, Figure 3: how a network weighs unseen examples, after half and all of its training."""

DEMAND = {
    "title": "Weights of right and wrong examples under background flips, CIFAR-10",
    "source": {"paper": "l2r", "where": "Figure 3"},
    "protocol": "l2r-background",
    "dataset": "cifar10",
    "noise": "background-40",
    "rows": [
        {"key": "half", "label": "Half of the training", "stage": "half"},
        {"key": "whole", "label": "The whole training"},
    ],
    "columns": [{"key": "l2r", "label": "Learning to Reweight", "method": "l2r"}],
    "seeds": 5,
    "notes": [
        "A weight is in times that of plain training, 1 over the batch. Left: batches of the hyper-validation set with "
        "its wrong labels. Right: batches of one true class that is not the background, 40% of them given the "
        "background's label, all classes together.",
        "The paper shows half of the training, before the rate falls, and does not name the data set; the whole "
        "training is that of table 2. All repeats together, the bars of each colour "
        "100%; the area of the right panels is the mean over the classes.",
    ],
}
PANELS = (("mixed", "batches as they come"), ("single_class", "batches of one true class"))
MARKS = (("clean", "right label", "#0072B2"), ("flipped", "wrong label", "#D55E00"))


def draw(data):
    from dataclasses import replace

    import matplotlib.pyplot as plt

    from lnl.render.panels import finish, remark, title, with_a_run

    rows, absent = with_a_run(data)
    figure, axes = plt.subplots(len(rows), 2, figsize=(10.0, 1.0 + 3.2 * len(rows)), sharey=True, squeeze=False)
    shown = {}
    for i, row in enumerate(rows):
        records = [record["result"] for record in data.place(row.key, "l2r").records()]
        found = [result["pieces"]["weights"] for result in records if "weights" in result.get("pieces", {})]
        for ax, number, (key, words) in zip(axes[i], (2 * i, 2 * i + 1), PANELS, strict=True):
            title(ax, number, f"{row.label}: {words}")
            parts = [each for each in found if each[key]]
            remark(ax, data.note(row.key), empty=not parts)
            if parts:
                shown |= _panel(ax, data, row.key, key, parts)
        axes[i, 0].set_ylabel("Share of examples (%)")
    said = [*DEMAND["notes"], *absent]
    finish(figure, replace(data, places=[]), list(shown.values()), list(shown), said=said)  # no band is drawn
    return figure


def _panel(ax, data, row, key, found):
    """Bars of both marks over bins of the weight, all repeats together; returns them by what the legend calls them."""
    import numpy as np

    edges, parts = found[0]["edges"], [each[key] for each in found]
    bins = ["0", *(f"≤{edge:g}" for edge in edges[1:]), f">{edges[-1]:g}"]
    shown = {}
    for aside, (mark, label, colour) in enumerate(MARKS):
        counts = np.array([part[mark] for part in parts], dtype=float)
        shares = 100 * counts.sum(0) / max(counts.sum(), 1)
        shown[label] = ax.bar(np.arange(len(bins)) + 0.4 * aside - 0.2, shares, 0.4, color=colour)
        for place, share in zip(bins, shares, strict=True):
            data.add(row, "l2r", f"share of examples with a {label}, {key}", place, float(share))
    means = {}
    for name in ("auc", "mean_clean", "mean_flipped"):
        values = [part[name] for part in parts if part[name] is not None]
        if values:
            means[name] = float(np.mean(values))
            data.add(row, "l2r", f"{name}, {key}", "", means[name])
    ax.set_xticks(range(len(bins)), bins)
    ax.set_xlabel(f"Weight\narea under the ROC curve {means['auc']:.3f}" if "auc" in means else "Weight")
    return shown
