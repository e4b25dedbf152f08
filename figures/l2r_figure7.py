"""Learning to Reweight, Figure 7: accuracy on noisy validation and training labels while a network over-fits them."""

DEMAND = {
    "title": "Training curves under background flips, CIFAR-10",
    "source": {"paper": "l2r", "where": "Figure 7"},
    "protocol": "l2r-background",
    "dataset": "cifar10",
    "noise": "background-40",
    "rows": [{"key": "curves", "label": "Hyper-validation (solid) and training (dotted)"}],
    "columns": [
        {"key": "standard", "label": "Baseline", "method": "standard"},
        {
            "key": "s-model",
            "label": "S-model",
            "method": "s-model",
            "variant": "identity",
            "set": {"initial": "identity"},
        },
        {"key": "l2r", "label": "Learning to Reweight", "method": "l2r"},
    ],
    "joins": "columns",
    "seeds": 5,
    "notes": [
        "Accuracy by the given, partly wrong labels.",
        "Whether the printed curves are by the given or by the right labels is not said. S-model begins near the "
        "identity here; the paper's text says of this figure that it knows the noise of each class.",
    ],
}

PARTS = ("train_accuracy_given", "in training", ":"), ("validation_accuracy", "on the hyper-validation set", "-")


def draw(data):
    from lnl.render.panels import finish, frame, plot, remark, say_dashes

    figure, [ax] = frame(data, 1)
    figure.set_size_inches(10.0, 5.2)
    shown = {}
    for column in data.columns:
        for name, _, dashes in PARTS:
            found = data.curve_over_steps("curves", column.key, name)
            if found is not None:
                shown[column.label] = plot(ax, found, column.label, **data.looks[column.key] | {"linestyle": dashes})
    remark(ax, data.note("curves"), empty=not ax.lines)
    ax.set_xlabel("Steps")
    ax.set_ylabel("Accuracy by given labels (%)")
    say_dashes(shown, PARTS)
    finish(figure, data, list(shown.values()), list(shown), said=DEMAND["notes"][:1])
    return figure
