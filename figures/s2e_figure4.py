"""S2E, Figure 4: test accuracy over epochs of seven methods, three data sets by three noises.

Three curves more are of the suite: S2E's search as printed; its sound search; and Co-teaching with its drop
rate tuned on the images that S2E searches on.
"""

DEMAND = {
    "title": "Test accuracy over epochs of S2E and six methods",
    "source": {"paper": "s2e", "where": "Figure 4"},
    "protocol": "s2e",
    "rows": [
        {"key": "mnist-symmetric-20", "label": "MNIST, Symmetric-20%", "dataset": "mnist", "noise": "symmetric-20"},
        {"key": "mnist-symmetric-50", "label": "MNIST, Symmetric-50%", "dataset": "mnist", "noise": "symmetric-50"},
        {"key": "mnist-pair-45", "label": "MNIST, Pairflip-45%", "dataset": "mnist", "noise": "pair-45"},
        {
            "key": "cifar10-symmetric-20",
            "label": "CIFAR-10, Symmetric-20%",
            "dataset": "cifar10",
            "noise": "symmetric-20",
        },
        {
            "key": "cifar10-symmetric-50",
            "label": "CIFAR-10, Symmetric-50%",
            "dataset": "cifar10",
            "noise": "symmetric-50",
        },
        {"key": "cifar10-pair-45", "label": "CIFAR-10, Pairflip-45%", "dataset": "cifar10", "noise": "pair-45"},
        {
            "key": "cifar100-symmetric-20",
            "label": "CIFAR-100, Symmetric-20%",
            "dataset": "cifar100",
            "noise": "symmetric-20",
        },
        {
            "key": "cifar100-symmetric-50",
            "label": "CIFAR-100, Symmetric-50%",
            "dataset": "cifar100",
            "noise": "symmetric-50",
        },
        {"key": "cifar100-pair-45", "label": "CIFAR-100, Pairflip-45%", "dataset": "cifar100", "noise": "pair-45"},
    ],
    "columns": [
        {"key": "standard", "label": "Standard", "method": "standard"},
        {"key": "mentornet", "label": "MentorNet", "method": "mentornet"},
        {"key": "coteaching", "label": "Co-teaching", "method": "coteaching"},
        {"key": "coteaching-plus", "label": "Co-teaching+", "method": "coteaching-plus"},
        {"key": "decoupling", "label": "Decoupling", "method": "decoupling"},
        {"key": "f-correction", "label": "F-correction", "method": "f-correction"},
        {"key": "s2e", "label": "Proposed (S2E as released)", "method": "s2e"},
        {
            "key": "s2e-printed",
            "label": "S2E as printed",
            "method": "s2e",
            "variant": "as-printed",
            "set": {"R": {"search": "natural-gradient-as-printed"}},
        },
        {"key": "s2e-sound", "label": "Sound search (ours)", "method": "s2e-sound"},
        {
            "key": "coteaching-tuned",
            "label": "Co-teaching, τ tuned",
            "method": "coteaching",
            "variant": "tuned",
            "set": {"R": {"search": "tau-grid"}},
        },
    ],
    "joins": "columns",
    "seeds": 5,
    "notes": [
        "Mean of a method's networks on images 5,000 to 9,999 of the test file; the first 5,000 validate. "
        "Axes span the trained epochs: the untrained networks may lie outside of them.",
        "The printed figure has one curve of S2E, made by the released code; S2E as printed is the search that the "
        "text describes. Two curves are ours: the sound search, and Co-teaching, τ tuned: as many trainings as S2E's "
        "search, spent on τ alone.",
        "The figure prints no numbers; s2e_table3 and s2e_figure4_mnist set the last ten epochs beside Table 3's.",
    ],
}


def draw(data):
    from lnl.render.panels import curves

    return curves(data, "test_accuracy", "Test accuracy (%)", trained=True, said=DEMAND["notes"][:1])
