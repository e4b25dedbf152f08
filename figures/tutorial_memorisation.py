"""The tutorial's memorisation slide: a plain network's train and test accuracy over steps on noisy labels.

The right panel shows the effect itself: on wrongly labelled examples the network first predicts the true label, then
the given one.
"""

DEMAND = {
    "title": "Memorisation: a plain network on MNIST with symmetric-50 noise",
    "source": {
        "paper": "tutorial",
        "where": 'slide "What is Special about Deep Networks?", train/test accuracy over steps',
    },
    "protocol": "s2e",
    "dataset": "mnist",
    "rows": [
        {"key": "symmetric-50", "label": "Symmetry-50%", "noise": "symmetric-50"},
        {"key": "clean", "label": "clean labels", "noise": "clean"},
    ],
    "columns": [{"key": "standard", "label": "Standard", "method": "standard"}],
    "seeds": 5,
    "notes": [
        "The slide names neither data set, network nor noise; symmetric-50 on MNIST with S2E's MLP is chosen "
        "(decision memorisation_noise), with clean labels as the control."
    ],
}
NOISY, CLEAN, METHOD = "symmetric-50", "clean", "standard"


def draw(data):
    from lnl.render.panels import finish, frame, plot, remark, title
    from lnl.render.style import GIVEN, SOFT, TRUE

    figure, (left, right) = frame(data, 2)
    given = {"color": GIVEN, "linestyle": (0, (5, 1.5))}
    true = {"color": TRUE, "linestyle": "-"}
    control = {"color": SOFT, "linestyle": (0, (1.5, 1.5))}
    looks = [
        (left, NOISY, "train_accuracy_given", "train, against given labels", given),
        (left, NOISY, "test_accuracy", "test", true),
        (left, CLEAN, "test_accuracy", "test, trained on clean labels", control),
        (right, NOISY, "flipped_accuracy_given", "agrees with given label", given),
        (right, NOISY, "flipped_accuracy_true", "agrees with true label", true),
    ]
    steps = _steps(data)
    for ax, row, name, label, look in looks:
        found = data.curve(row, METHOD, name)
        if found is not None:
            plot(ax, found, label, **look)
    title(left, 0, "train and test, symmetric-50")
    title(right, 1, "wrongly labelled examples")
    for ax, words in ((left, "Accuracy (%)"), (right, "Predictions (%)")):
        ax.set_ylabel(words)
        ax.set_xlabel("Epoch")
        remark(ax, data.note() if ax is left else data.note(NOISY), empty=not ax.lines)
        if ax.lines:
            ax.set_ylim(0, 102)
            ax.legend(loc="best", handlelength=2.2)
            if steps:
                ax.set_xlabel(f"Epoch ({steps} steps each)")
    finish(figure, data, [], [])
    return figure


def _steps(data):
    """Steps of one epoch, the unit of the slide's axis; None without a record."""
    for place in data.places:
        for record in place.records():
            spec = record["result"]["spec"]
            caps = [spec["batch"].get("steps_cap"), spec["limits"].get("steps_per_epoch")]
            return min([data.datasets[spec["dataset"]].train // spec["batch"]["size"], *(c for c in caps if c)])
    return None
