"""S2E, Figure 3: search for a known R(t) without networks: (a) targets, (b) search spaces, (c) search algorithms."""

DEMAND = {
    "title": "Search for a declared R(t): spaces and algorithms",
    "source": {"paper": "s2e", "where": "Figure 3, section 4.1"},
    "kind": "synthetic",
    "studies": ["spaces", "algorithms"],
    "rows": [],
    "columns": [],
    "notes": [
        "The paper's target is a picture without numbers: the targets are declared here (config/synthetic.yaml).",
    ],
}


def draw(data):
    import numpy as np

    from lnl.render.panels import finish, frame, title
    from lnl.render.style import INK, TRUE, line
    from lnl.render.synthetic import errors
    from lnl.search.synthetic import load, target_curve

    declared = load(data.root)
    figure, (left, middle, right) = frame(data, 3)
    title(left, 0, "targets R(t)")
    t = np.arange(0, declared["epochs"] + 1.0)
    drawn = {
        "late-rise": ({"color": INK, "linestyle": "-"}, "in none of the spaces, used in (b)"),
        "inside": ({"color": TRUE, "linestyle": (0, (5, 1.5))}, "inside two decays, used in (c)"),
        "coteaching": (line("coteaching") | {"linestyle": (0, (2, 1))}, "Co-teaching's at 50% noise"),
    }
    for name, (look, words) in drawn.items():
        curve = target_curve(declared, name, t)
        left.plot(t, curve, label=words, **look)
        for x, y in zip(t, curve, strict=True):
            data.add("targets", name, "R", int(x), float(y))
    left.set_xlabel("Epoch t")
    left.set_ylabel("R(t), kept fraction")
    left.set_ylim(0, 1.04)
    left.legend(loc="lower left", fontsize=6.5, handlelength=2.2)
    errors(middle, data, 1, "spaces, random search", "spaces")
    errors(right, data, 2, "algorithms, two decays", "algorithms")
    for ax in (middle, right):
        ax.set_ylabel("Lowest RMSE to the target so far")
    said = [*data.declaration["notes"], "Mean over repeats (their number in brackets), band one standard deviation."]
    finish(figure, data, [], [], said=said)
    return figure
