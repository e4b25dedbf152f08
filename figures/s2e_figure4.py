"""S2E, Figure 4, MNIST row: test accuracy over epochs of seven methods under three noises."""

DEMAND = {
    "title": "Test accuracy over epochs on MNIST, S2E's network",
    "source": {"paper": "s2e", "where": "Figure 4, MNIST row"},
    "protocol": "s2e",
    "dataset": "mnist",
    "rows": [
        {"key": "symmetric-20", "label": "MNIST, Symmetric-20%", "noise": "symmetric-20"},
        {"key": "symmetric-50", "label": "MNIST, Symmetric-50%", "noise": "symmetric-50"},
        {"key": "pair-45", "label": "MNIST, Pairflip-45%", "noise": "pair-45"},
    ],
    "columns": [
        {"key": "standard", "label": "Standard", "method": "standard"},
        {"key": "mentornet", "label": "MentorNet", "method": "mentornet"},
        {"key": "coteaching", "label": "Co-teaching", "method": "coteaching"},
        {"key": "coteaching-plus", "label": "Co-teaching+", "method": "coteaching-plus"},
        {"key": "decoupling", "label": "Decoupling", "method": "decoupling"},
        {"key": "f-correction", "label": "F-correction", "method": "f-correction"},
        {"key": "s2e", "label": "Proposed (S2E)", "method": "s2e"},
    ],
    "joins": "columns",
    "seeds": 5,
    "notes": ["The CIFAR-10 and CIFAR-100 rows of the figure are not declared here yet."],
}


def draw(data):
    from lnl.render.panels import curves

    return curves(data, "test_accuracy", "Test accuracy (%)")
