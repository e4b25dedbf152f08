"""Learning to Reweight, Figure 6: confusion of the trained network, uniform flips above and background flips below."""

DEMAND = {
    "title": "Confusion matrices on the test images, CIFAR-10",
    "source": {"paper": "l2r", "where": "Figure 6"},
    "dataset": "cifar10",
    "rows": [
        {"key": "uniform", "label": "Uniform flips", "protocol": "l2r-uniform", "noise": "uniform-l2r-40"},
        {"key": "background", "label": "Background flips", "protocol": "l2r-background", "noise": "background-40"},
    ],
    "columns": [
        {"key": "standard", "label": "Baseline", "method": "standard"},
        {"key": "l2r", "label": "Learning to Reweight", "method": "l2r"},
    ],
    "seeds": [1],
    "notes": [
        "Rows are true classes, columns predictions, in percent of a class (·: less than half of one); the first "
        "repeat that is asked for, and repeat 1 has class 0 for its background."
    ],
}


def draw(data):
    from dataclasses import replace

    import matplotlib.pyplot as plt
    import numpy as np

    from lnl.render.matrices import tiles
    from lnl.render.panels import finish, remark, title, with_a_run

    rows, absent = with_a_run(data)
    figure, axes = plt.subplots(len(rows), 2, figsize=(8.0, 0.8 + 4.4 * len(rows)), squeeze=False)
    words = [f"{row.label}: {column.label}" for row in rows for column in data.columns]
    for i, row in enumerate(rows):
        for j, column in enumerate(data.columns):
            ax, place = axes[i, j], data.place(row.key, column.key)
            title(ax, 2 * i + j, words[2 * i + j], among=words)
            pieces = [record["result"].get("pieces", {}) for record in place.records()]
            found = [each["confusion"] for each in pieces if "confusion" in each]
            remark(ax, replace(data, places=[place]).note(), empty=not found)
            if not found:
                continue
            counts = np.array(found[0], dtype=float)
            shares = counts / counts.sum(1, keepdims=True).clip(min=1)
            tiles(ax, shares, top=1.0, labels=False)
            ax.set_xlabel("Prediction" if row is rows[-1] else "")
            ax.set_ylabel("" if j else "True class")
            for (true, predicted), share in np.ndenumerate(shares):
                data.add(row.key, column.key, f"share of class {true} that is predicted as", predicted, float(share))
    finish(figure, replace(data, places=[]), [], [], said=[*DEMAND["notes"], *absent])
    return figure
