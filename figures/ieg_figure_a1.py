"""IEG, Figure A1: warm restarts beside a rate that falls twice."""

DEMAND = {
    "title": "Warm restarts and steps of the learning rate, CIFAR-10 at 40%",
    "source": {"paper": "ieg", "where": "Figure A1"},
    "protocol": "ieg",
    "dataset": "cifar10",
    "noise": "uniform-40",
    "rows": [
        {"key": "ieg", "label": "IEG", "method": "ieg"},
        {
            "key": "l2r",
            "label": "Learning to Reweight",
            "method": "ieg",
            "variant": "l2r",
            "set": {
                "meta": "weights",
                "mixup": False,
                "consistency": 0.0,
                "weight_start": "zero",
                "look_ahead": "plain",
                "protocol.sets.probe.count": 1000,
            },
        },
        {"key": "supervised", "label": "Supervised", "method": "supervised"},
    ],
    "columns": [
        {"key": "restarts", "label": "cosine with warm restarts"},
        {"key": "steps", "label": "0.1, a tenth of it at 40,000 and 50,000", "stage": "steps"},
    ],
    "seeds": 1,
    "notes": [
        "Test accuracy, and accuracy on the given training labels, over steps; the printed figure has the left panel.",
    ],
}
LOOKS = {"restarts": "#0072B2", "steps": "#D55E00"}
PARTS = ("train_accuracy_given", "training, by given labels", ":"), ("test_accuracy", "test", "-")


def draw(data):
    from lnl.render.panels import finish, frame, plot, remark, say_dashes, title

    figure, axes = frame(data, len(data.rows))
    shown = {}
    for number, (ax, row) in enumerate(zip(axes, data.rows, strict=True)):
        title(ax, number, row.label)
        for column in data.columns:
            for name, _, dashes in PARTS:
                found = data.curve_over_steps(row.key, column.key, name)
                if found is None:
                    continue
                shown[column.label] = plot(ax, found, column.label, color=LOOKS[column.key], linestyle=dashes)
        remark(ax, data.note(row.key), empty=not ax.lines)
        ax.set_xlabel("Steps")
    axes[0].set_ylabel("Accuracy (%)")
    say_dashes(shown, PARTS)
    finish(figure, data, list(shown.values()), list(shown), said=DEMAND["notes"])
    return figure
