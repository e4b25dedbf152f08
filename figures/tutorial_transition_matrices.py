"""The tutorial's transition matrices: which label a class gets, with five classes as on the slide. No training."""

DEMAND = {
    "title": "Transition matrices of pair and symmetric flipping, five classes",
    "source": {"paper": "tutorial", "where": 'slide "Experiments – Setup", matrices (Co-teaching, Figure 2)'},
    "kind": "none",
    "rows": [],
    "columns": [],
    "notes": ["Rows are true classes, columns given labels."],
}
CLASSES = 5
NOISES = (("pair-45", "Pair (ε = 45%)"), ("symmetric-50", "Symmetry (ε = 50%)"))


def draw(data):
    import matplotlib.pyplot as plt

    from lnl.noise.transition import matrix
    from lnl.render.panels import title
    from lnl.render.style import INK, SOFT

    figure, axes = plt.subplots(1, 2, figsize=(6.6, 3.35))
    for number, (ax, (noise, label)) in enumerate(zip(axes, NOISES, strict=True)):
        values = matrix(noise, CLASSES)
        ax.imshow(values, cmap="Blues", vmin=0, vmax=0.75)
        for i in range(CLASSES):
            for j in range(CLASSES):
                share = values[i, j]
                words = f"{100 * share:g}%" if share else "0"
                ink = "white" if share > 0.4 else INK if share else SOFT
                ax.text(j, i, words, ha="center", va="center", fontsize=8, color=ink)
                data.add(noise, f"class {i}", "probability of the given label", j, float(share))
        title(ax, number, label)
        ax.set_xlabel("Given label")
        ax.set_ylabel("True class")
        ax.set_xticks(range(CLASSES))
        ax.set_yticks(range(CLASSES))
        ax.grid(False)
        ax.tick_params(length=0)
        for side in ("top", "right", "bottom", "left"):
            ax.spines[side].set_visible(False)
        for edge in range(1, CLASSES):
            ax.axhline(edge - 0.5, color="white", linewidth=1.2)
            ax.axvline(edge - 0.5, color="white", linewidth=1.2)
    figure.tight_layout(w_pad=2.5)
    return figure
