"""IEG, Figure 2, top: how often a label is kept, right and wrong ones apart, while IEG trains."""

DEMAND = {
    "title": "Labels that IEG keeps, CIFAR-10 at 40%",
    "source": {"paper": "ieg", "where": "Figure 2, top"},
    "protocol": "ieg",
    "dataset": "cifar10",
    "noise": "uniform-40",
    "rows": [{"key": "kept", "label": "Share of labels that are kept"}],
    "columns": [{"key": "ieg", "label": "IEG", "method": "ieg"}],
    "seeds": 1,
    "notes": [
        "lambda is 1 where a given label is kept, and 0 where the network's own takes its place: its mean "
        "over each period, of examples whose label is right, and of those whose label is wrong.",
    ],
}
MARKS = (
    ("kept_label_clean", "right labels", "#0072B2", "-"),
    ("kept_label_flipped", "wrong labels", "#D55E00", (0, (8, 1))),
)


def draw(data):
    from lnl.render.panels import finish, frame, plot, remark

    figure, [ax] = frame(data, 1)
    figure.set_size_inches(10.0, 4.8)
    shown = {}
    for name, words, colour, dashes in MARKS:
        found = data.curve_over_steps("kept", "ieg", name)
        if found is not None:
            shown[words] = plot(ax, found, words, color=colour, linestyle=dashes)
    remark(ax, data.note("kept"), empty=not ax.lines)
    if ax.lines:
        ax.set_ylim(0, 1)
    ax.set_xlabel("Steps")
    ax.set_ylabel("Mean of lambda")
    finish(figure, data, list(shown.values()), list(shown), said=DEMAND["notes"])
    return figure
