"""Learning to Reweight, Figure 3: how a half-trained network weighs unseen examples, right and wrong."""

DEMAND = {
    "title": "Weights of right and wrong examples under background flips, CIFAR-10",
    "source": {"paper": "l2r", "where": "Figure 3"},
    "protocol": "l2r-background",
    "dataset": "cifar10",
    "noise": "background-40",
    "rows": [{"key": "weights", "label": "Learning to Reweight, half of its training"}],
    "columns": [{"key": "l2r", "label": "Learning to Reweight", "method": "l2r", "stage": "half"}],
    "seeds": 5,
    "notes": [
        "A weight is in times that of plain training, 1 over the batch. Left: batches of the hyper-validation set with "
        "its wrong labels. Right: batches of one true class that is not the background, 40% of them given the "
        "background's label, all classes together.",
        "Measured after half of the training, before the rate falls; the area of the right panel is the mean over the "
        "classes. The paper does not name the data set.",
    ],
}
PANELS = (("mixed", "Batches as they come"), ("single_class", "Batches of one true class"))
MARKS = (("clean", "right label", "#0072B2"), ("flipped", "wrong label", "#D55E00"))


def draw(data):
    import matplotlib.pyplot as plt
    import numpy as np

    from lnl.render.panels import finish, remark, title

    records = [record["result"] for record in data.place("weights", "l2r").records()]
    found = [result["pieces"]["weights"] for result in records if "weights" in result.get("pieces", {})]
    figure, axes = plt.subplots(1, 2, figsize=(10.0, 4.2), sharey=True)
    shown = {}
    for number, (ax, (key, words)) in enumerate(zip(axes, PANELS, strict=True)):
        title(ax, number, words)
        parts = [each[key] for each in found if each[key]]
        remark(ax, data.note("weights"), empty=not parts)
        if not parts:
            continue
        edges = found[0]["edges"]
        bins = ["0", *(f"≤{edge:g}" for edge in edges[1:]), f">{edges[-1]:g}"]
        for aside, (mark, label, colour) in enumerate(MARKS):
            counts = np.array([part[mark] for part in parts], dtype=float)
            shares = 100 * counts.sum(0) / max(counts.sum(), 1)
            shown[label] = ax.bar(np.arange(len(bins)) + 0.4 * aside - 0.2, shares, 0.4, color=colour)
            for place, share in zip(bins, shares, strict=True):
                data.add("weights", key, f"share of examples with a {label}", place, float(share))
        areas = [part["auc"] for part in parts if part["auc"] is not None]
        ax.set_xticks(range(len(bins)), bins)
        ax.set_xlabel(f"Weight\narea under the ROC curve {np.mean(areas):.3f}" if areas else "Weight")
        for name in ("auc", "mean_clean", "mean_flipped"):
            values = [part[name] for part in parts if part[name] is not None]
            if values:
                data.add("weights", key, name, "", float(np.mean(values)))
    axes[0].set_ylabel("Share of examples (%)")
    finish(figure, data, list(shown.values()), list(shown), said=DEMAND["notes"][:1])
    return figure
