"""The tutorial's MNIST accuracy curves (Co-teaching, Figure 3): where Standard falls and what keeps its accuracy."""

DEMAND = {
    "title": "Test accuracy over epochs on MNIST",
    "source": {"paper": "tutorial", "where": 'slide "Experiments – MNIST", accuracy curves (Co-teaching, Figure 3)'},
    "protocol": "coteaching",
    "dataset": "mnist",
    "rows": [
        {"key": "pair-45", "label": "Pair-45%", "noise": "pair-45"},
        {"key": "symmetric-50", "label": "Symmetry-50%", "noise": "symmetric-50"},
        {"key": "symmetric-20", "label": "Symmetry-20%", "noise": "symmetric-20"},
    ],
    "columns": [
        {"key": "standard", "label": "Normal", "method": "standard"},
        {"key": "bootstrap", "label": "Bootstrap", "method": "bootstrap"},
        {"key": "s-model", "label": "S-model", "method": "s-model"},
        {"key": "f-correction", "label": "F-correction", "method": "f-correction"},
        {"key": "decoupling", "label": "Decoupling", "method": "decoupling"},
        {"key": "mentornet", "label": "MentorNet", "method": "mentornet"},
        {"key": "coteaching", "label": "Co-teaching", "method": "coteaching"},
    ],
    "joins": "columns",
    "seeds": 5,
    "notes": [
        "Mean of a method's networks. Axes span the trained epochs: the untrained networks may lie outside of them.",
    ],
}


def draw(data):
    from lnl.render.panels import curves

    return curves(data, "test_accuracy", "Test accuracy (%)", trained=True, said=DEMAND["notes"])
