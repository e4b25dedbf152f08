"""Of this suite: last-ten-epoch accuracy of both Pumpouts over their scale gamma, on NEWS (Pumpout, section 2, Q3).

gamma = 0 is MentorNet and nnBC, gamma = 1 unscaled ascent; Pumpout finds the best between the two.
"""

DEMAND = {
    "title": "Accuracy of Pumpout_SL and Pumpout_BC over γ, NEWS",
    "source": {"paper": "pumpout", "where": "of this suite; section 2, Q3, states it without a figure"},
    "protocol": "pumpout",
    "rows": [
        {
            "key": "news7-pair-45",
            "label": "7 classes, Pair-45%",
            "dataset": "news7",
            "noise": "pair-45",
        },
        {
            "key": "news7-symmetric-50",
            "label": "7 classes, Symmetric-50%",
            "dataset": "news7",
            "noise": "symmetric-50",
        },
        {
            "key": "news7-symmetric-20",
            "label": "7 classes, Symmetric-20%",
            "dataset": "news7",
            "noise": "symmetric-20",
        },
        {
            "key": "news2-pair-45",
            "label": "2 classes, Pair-45%",
            "dataset": "news2",
            "noise": "pair-45",
        },
        {
            "key": "news2-symmetric-20",
            "label": "2 classes, Symmetric-20%",
            "dataset": "news2",
            "noise": "symmetric-20",
        },
    ],
    "columns": [
        {
            "key": "pumpout-sl-0",
            "label": "Pumpout_SL, γ = 0",
            "method": "pumpout-sl",
            "variant": "gamma-0",
            "set": {"gamma": 0.0},
        },
        {
            "key": "pumpout-sl-0p001",
            "label": "Pumpout_SL, γ = 0.001",
            "method": "pumpout-sl",
            "variant": "gamma-0p001",
            "set": {"gamma": 0.001},
        },
        {
            "key": "pumpout-sl-0p005",
            "label": "Pumpout_SL, γ = 0.005",
            "method": "pumpout-sl",
            "variant": "gamma-0p005",
            "set": {"gamma": 0.005},
        },
        {
            "key": "pumpout-sl-0p01",
            "label": "Pumpout_SL, γ = 0.01",
            "method": "pumpout-sl",
            "variant": "gamma-0p01",
            "set": {"gamma": 0.01},
        },
        {
            "key": "pumpout-sl-0p05",
            "label": "Pumpout_SL, γ = 0.05",
            "method": "pumpout-sl",
            "variant": "gamma-0p05",
            "set": {"gamma": 0.05},
        },
        {
            "key": "pumpout-sl-0p1",
            "label": "Pumpout_SL, γ = 0.1",
            "method": "pumpout-sl",
            "variant": "gamma-0p1",
            "set": {"gamma": 0.1},
        },
        {
            "key": "pumpout-sl-0p5",
            "label": "Pumpout_SL, γ = 0.5",
            "method": "pumpout-sl",
            "variant": "gamma-0p5",
            "set": {"gamma": 0.5},
        },
        {
            "key": "pumpout-sl-1",
            "label": "Pumpout_SL, γ = 1",
            "method": "pumpout-sl",
            "variant": "gamma-1",
            "set": {"gamma": 1.0},
        },
        {
            "key": "pumpout-bc-0",
            "label": "Pumpout_BC, γ = 0",
            "method": "pumpout-bc",
            "variant": "gamma-0",
            "set": {"gamma": 0.0},
        },
        {
            "key": "pumpout-bc-0p001",
            "label": "Pumpout_BC, γ = 0.001",
            "method": "pumpout-bc",
            "variant": "gamma-0p001",
            "set": {"gamma": 0.001},
        },
        {
            "key": "pumpout-bc-0p005",
            "label": "Pumpout_BC, γ = 0.005",
            "method": "pumpout-bc",
            "variant": "gamma-0p005",
            "set": {"gamma": 0.005},
        },
        {
            "key": "pumpout-bc-0p01",
            "label": "Pumpout_BC, γ = 0.01",
            "method": "pumpout-bc",
            "variant": "gamma-0p01",
            "set": {"gamma": 0.01},
        },
        {
            "key": "pumpout-bc-0p05",
            "label": "Pumpout_BC, γ = 0.05",
            "method": "pumpout-bc",
            "variant": "gamma-0p05",
            "set": {"gamma": 0.05},
        },
        {
            "key": "pumpout-bc-0p1",
            "label": "Pumpout_BC, γ = 0.1",
            "method": "pumpout-bc",
            "variant": "gamma-0p1",
            "set": {"gamma": 0.1},
        },
        {
            "key": "pumpout-bc-0p5",
            "label": "Pumpout_BC, γ = 0.5",
            "method": "pumpout-bc",
            "variant": "gamma-0p5",
            "set": {"gamma": 0.5},
        },
        {
            "key": "pumpout-bc-1",
            "label": "Pumpout_BC, γ = 1",
            "method": "pumpout-bc",
            "variant": "gamma-1",
            "set": {"gamma": 1.0},
        },
    ],
    "seeds": 5,
    "notes": [
        "Mean of the last ten epochs. The printed grid; its values stand at equal distances. γ = 0 stops where γ > 0 "
        "ascends: MentorNet and nnBC. Crosses at the lower edge: runs that diverged.",
        "Two classes at symmetric-50 are left out: nothing can be learned there.",
    ],
}
METHODS = ("pumpout-sl", "pumpout-bc")


def draw(data):
    import numpy as np

    from lnl.render.bands import words
    from lnl.render.panels import finish, frame, outer_labels, remark, title
    from lnl.render.style import line
    from lnl.results.statistics import run_statistic

    figure, axes = frame(data, len(data.rows))
    handles = {}
    for number, (ax, row) in enumerate(zip(axes, data.rows, strict=True)):
        title(ax, number, words(data, row), [words(data, other) for other in data.rows])
        for method in METHODS:
            grid = [entry for entry in DEMAND["columns"] if entry["method"] == method]
            means, stds, diverged = [], [], []
            for place, entry in enumerate(grid):
                slot = data.place(row.key, entry["key"])
                results = [record["result"] for record in slot.records()]
                values = [run_statistic(r["curves"], "last10_mean", r["spec"]["split"]).value for r in results]
                means.append(np.mean(values) if values else np.nan)
                stds.append(np.std(values, ddof=1) if len(values) > 1 else 0.0)
                diverged += [place] * bool(slot.count("diverged"))
                if values:
                    spread = (means[-1] - stds[-1], means[-1] + stds[-1]) if len(values) > 1 else (None, None)
                    data.add(row.key, method, "last10_mean", entry["set"]["gamma"], means[-1], *spread, len(values))
            mean, std, look = np.array(means), np.array(stds), line(method)
            if np.isfinite(mean).any():
                at = np.arange(len(grid))
                (handles[method],) = ax.plot(at, mean, marker="o", markersize=4, zorder=3, **look)
                ax.fill_between(at, mean - std, mean + std, color=look["color"], alpha=0.16, linewidth=0, zorder=2)
            if diverged:
                ax.plot(diverged, [0.02] * len(diverged), "x", color=look["color"], transform=ax.get_xaxis_transform())
        ax.set_xticks(range(len(grid)), [f"{entry['set']['gamma']:g}".removeprefix("0") or "0" for entry in grid])
        remark(ax, data.note(row.key), empty=not ax.lines)
    outer_labels(axes, ["Test accuracy (%)"] * len(axes))
    for ax in axes:
        ax.set_xlabel("γ" if ax.get_xlabel() else "")
    labels = ["Pumpout_SL" if method == "pumpout-sl" else "Pumpout_BC" for method in handles]
    finish(figure, data, list(handles.values()), labels, said=DEMAND["notes"])
    return figure
