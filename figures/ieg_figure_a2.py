"""IEG, Figure A2: training and test accuracy under two weights of the consistency term."""

DEMAND = {
    "title": "The weight of consistency, CIFAR-100 at 80%",
    "source": {"paper": "ieg", "where": "Figure A2"},
    "protocol": "ieg",
    "dataset": "cifar100",
    "noise": "uniform-80",
    "rows": [{"key": "curves", "label": "Test (solid) and training on given labels (dotted)", "method": "ieg"}],
    "columns": [
        {"key": "k1", "label": "k = 1", "variant": "k1", "set": {"consistency": 1.0}},
        {"key": "k20", "label": "k = 20"},
    ],
    "seeds": 1,
    "notes": [
        "Training accuracy above the share of labels that are right is memorised noise. Of the printed "
        "weights only 1 and 20 can be read.",
    ],
}
LOOKS = {"k1": "#D55E00", "k20": "#0072B2"}
PARTS = ("train_accuracy_given", "training, by given labels", ":"), ("test_accuracy", "test", "-")


def draw(data):
    from lnl.render.panels import clean_share, finish, frame, plot, remark, say_dashes

    figure, [ax] = frame(data, 1)
    figure.set_size_inches(10.0, 5.2)
    shown = {}
    for column in data.columns:
        for name, _, dashes in PARTS:
            found = data.curve_over_steps("curves", column.key, name)
            if found is not None:
                shown[column.label] = plot(ax, found, column.label, color=LOOKS[column.key], linestyle=dashes)
    clean_share(ax, data, "curves")
    remark(ax, data.note("curves"), empty=not ax.lines)
    ax.set_xlabel("Steps")
    ax.set_ylabel("Accuracy (%)")
    say_dashes(shown, PARTS)
    finish(figure, data, list(shown.values()), list(shown), said=DEMAND["notes"])
    return figure
