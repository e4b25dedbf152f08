"""IEG, behind table 4: which labels a labeller gives to the images of each class, as they stand in the manifests.

The labels are table 4's. What reads them here is the smallest training of the protocol, so that the drawing costs a
labeller for each repeat and not IEG on a wide network.
"""

DEMAND = {
    "title": "Labels that a network gives to the training images of each class, CIFAR-10",
    "source": {"paper": "ieg", "where": "of this suite; behind table 4"},
    "protocol": "ieg",
    "dataset": "cifar10",
    "rows": [{"key": "semantic", "label": "Semantic noise", "noise": "semantic-vgg13"}],
    "columns": [
        {
            "key": "reader",
            "label": "Supervised, small CNN",
            "method": "supervised",
            "variant": "small",
            "set": {"protocol.network": "small_cnn"},
        }
    ],
    "seeds": 3,
    "notes": [
        "Rows are true classes, columns given labels, in percent of a class (·: less than half of one). A panel for "
        "each repeat, which has a labeller of its own; the images that it learned from are among those that it labels."
    ],
}


def draw(data):
    from dataclasses import replace

    import matplotlib.pyplot as plt
    import numpy as np

    from lnl.render.matrices import realised, tiles
    from lnl.render.panels import finish, remark, title

    place = data.place("semantic", "reader")
    figure, axes = plt.subplots(1, len(place.runs), figsize=(1.2 + 3.6 * len(place.runs), 4.9), squeeze=False)
    results = {record["result"]["seed"]: record["result"] for record in place.records()}
    for number, (ax, run) in enumerate(zip(axes[0], place.runs, strict=True)):
        title(ax, number, f"Repeat {run.seed}")
        result = results.get(run.seed)
        values = None if result is None else realised(result)
        if values is None:
            ax.set_box_aspect(1)
            remark(ax, "no run yet" if result is None else "its labels are not kept", empty=True)
        if result is not None:
            rate = result["labels"]["realised_rate"]
            data.add("semantic", f"seed {run.seed}", "share of labels that are wrong", "", rate)
        if values is None:
            continue
        tiles(ax, values, top=1.0, labels=number == 0)
        ax.set_xlabel(f"Given label\n{100 * rate:.1f}% of all labels are wrong")
        for (true, given), share in np.ndenumerate(values):
            data.add("semantic", f"seed {run.seed}, class {true}", "share of the given label", given, float(share))
    finish(figure, replace(data, places=[]), [], [], said=DEMAND["notes"])
    return figure
