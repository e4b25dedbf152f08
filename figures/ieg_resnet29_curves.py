"""Of this suite: how training goes on the smaller of IEG's networks, with what IEG makes of the labels meanwhile."""

DEMAND = {
    "title": "Training on ResNet-29, CIFAR-10, uniform noise of 80%",
    "source": {"paper": "ieg", "where": "of this suite; table 1 has what two of the curves end at"},
    "protocol": "ieg",
    "dataset": "cifar10",
    "noise": "uniform-80",
    "rows": [{"key": "curves", "label": "Accuracy, pseudo labels and weights"}],
    "columns": [
        {
            "key": "supervised",
            "label": "Supervised",
            "method": "supervised",
            "variant": "rn29",
            "set": {
                "protocol.network": "ieg_resnet29",
                "protocol.optimiser.weight_decay": 0.0001,
                "protocol.optimiser.decayed": "kernels",
            },
        },
        {
            "key": "l2r",
            "label": "Learning to Reweight",
            "method": "ieg",
            "variant": "l2r-rn29",
            "set": {
                "protocol.network": "ieg_resnet29",
                "protocol.optimiser.weight_decay": 0.0001,
                "protocol.optimiser.decayed": "kernels",
                "meta": "weights",
                "mixup": False,
                "consistency": 0.0,
                "weight_start": "zero",
                "look_ahead": "plain",
            },
        },
        {
            "key": "eg",
            "label": "EG, without the noisy labels",
            "method": "ieg",
            "variant": "eg-rn29",
            "set": {
                "protocol.network": "ieg_resnet29",
                "protocol.optimiser.weight_decay": 0.0001,
                "protocol.optimiser.decayed": "kernels",
                "meta": "none",
            },
        },
        {
            "key": "ieg",
            "label": "IEG",
            "method": "ieg",
            "variant": "rn29",
            "set": {
                "protocol.network": "ieg_resnet29",
                "protocol.optimiser.weight_decay": 0.0001,
                "protocol.optimiser.decayed": "kernels",
            },
        },
    ],
    "seeds": 2,
    "notes": [
        "IEG and EG make pseudo labels; IEG and Learning to Reweight weigh labels, where 1 is plain training. The rate "
        "falls to nothing and restarts after 500, 1,250, 2,375 and 4,063 steps, and so on, each time half as long "
        "again.",
    ],
}
PANELS = (
    ("Averaged weights", "Test accuracy (%)", (("test_accuracy", "", "-"),)),
    ("Pseudo labels", "Right ones in training (%)", (("pseudo_label_accuracy", "", "-"),)),
    (
        "Weights of labels",
        "Mean weight",
        (("weight_clean", "right labels", "-"), ("weight_flipped", "wrong labels", ":")),
    ),
)


def draw(data):
    from matplotlib.lines import Line2D

    from lnl.render.panels import finish, frame, plot, remark, title
    from lnl.render.style import INK

    figure, axes = frame(data, len(PANELS))
    shown = {}
    for number, (ax, (words, unit, parts)) in enumerate(zip(axes, PANELS, strict=True)):
        title(ax, number, words)
        for column in data.columns:
            for name, _, dashes in parts:
                found = data.curve_over_steps("curves", column.key, name)
                if found is not None:
                    drawn = plot(ax, found, column.label, **data.looks[column.key] | {"linestyle": dashes})
                    shown.setdefault(column.label, drawn)
        ax.set_xlabel("Steps")
        ax.set_ylabel(unit)
        remark(ax, data.note("curves") if number == 0 or not ax.lines else "", empty=not ax.lines)
    if axes[-1].lines:
        keys = [Line2D([], [], color=INK, linestyle=dashes) for _, _, dashes in PANELS[-1][2]]
        axes[-1].legend(keys, [words for _, words, _ in PANELS[-1][2]], fontsize=7)
    finish(figure, data, list(shown.values()), list(shown), said=DEMAND["notes"])
    return figure
