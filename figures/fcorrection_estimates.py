"""F-correction's estimated transition matrix beside the true one: why it ends far below chance under pair flipping.

The row of a class is the posterior of the example that the first network is surest of. Under pair-45 that example may
belong to the class before: the estimate is then the true matrix with its rows shifted by one, and the network that is
trained through it learns the shifted classes. Shown as it is; nothing is repaired.
"""

DEMAND = {
    "title": "F-correction's estimated transition matrix beside the true one, MNIST",
    "source": {
        "paper": "tutorial",
        "where": 'of this suite; behind the row F-correction of slide "Experiments – MNIST"',
    },
    "protocol": "s2e",
    "dataset": "mnist",
    "rows": [
        {"key": "pair-45", "label": "Pair-45%", "noise": "pair-45"},
        {"key": "symmetric-50", "label": "Symmetric-50%", "noise": "symmetric-50"},
        {"key": "symmetric-20", "label": "Symmetric-20%", "noise": "symmetric-20"},
    ],
    "columns": [{"key": "f-correction", "label": "F-correction", "method": "f-correction"}],
    "seeds": 5,
    "notes": [
        "Rows are true classes, columns given labels, in percent (·: less than half of one). Above the true matrix, "
        "below the estimate of the first repeat; the distances are means over the repeats.",
        "Distance: mean over the rows of the total variation, 0 for equal matrices and 1 for disjoint ones. Shifted: "
        "to the true matrix with its rows moved on by one class.",
    ],
}
METHOD = "f-correction"


def draw(data):
    from dataclasses import replace

    import matplotlib.pyplot as plt
    import numpy as np

    from lnl.noise.transition import matrix
    from lnl.render.matrices import tiles
    from lnl.render.panels import finish, remark, title
    from lnl.results.claims.estimates import distances, estimate

    figure, axes = plt.subplots(2, len(data.rows), figsize=(10.0, 8.1))
    for number, row in enumerate(data.rows):
        above, below = axes[:, number]
        records = [record["result"] for record in data.place(row.key, METHOD).records()]
        found = {result["seed"]: estimate(result) for result in records if estimate(result) is not None}
        classes = len(next(iter(found.values()))) if found else 10
        title(above, number, f"{row.label}: true")
        tiles(above, matrix(row.key, classes), top=1.0, labels=number == 0)
        above.set_xlabel("")
        title(below, number + len(data.rows), f"{row.label}: estimated")
        remark(below, data.note(row.key), empty=not found)
        if not found:
            continue
        tiles(below, next(iter(found.values())), top=1.0, labels=number == 0)
        apart = {result["seed"]: distances(result) for result in records if result["seed"] in found}
        near, shifted = np.mean(list(apart.values()), axis=0)
        below.set_xlabel(f"Given label\ndistance {near:.2f}, to the shifted matrix {shifted:.2f}")
        for seed, values in found.items():
            for (i, j), share in np.ndenumerate(values):
                data.add(row.key, f"seed {seed}, class {i}", "probability of the given label", j, float(share))
            for words, value in zip(("distance", "distance, shifted"), apart[seed], strict=True):
                data.add(row.key, f"seed {seed}", words, "", value)
    finish(figure, replace(data, places=[]), [], [], said=DEMAND["notes"])  # no band over repeats is drawn
    return figure
