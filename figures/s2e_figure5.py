"""S2E, Figure 5: the searched R(t) beside Co-teaching's, for three data sets under three noises."""

DEMAND = {
    "title": "Searched R(t) and Co-teaching's",
    "source": {"paper": "s2e", "where": "Figure 5"},
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
        {"key": "coteaching", "label": "Co-teaching's R(t)", "method": "coteaching"},
        {
            "key": "coteaching-tuned",
            "label": "Co-teaching, τ tuned",
            "method": "coteaching",
            "variant": "tuned",
            "set": {"R": {"search": "tau-grid"}},
        },
        {"key": "s2e", "label": "Proposed (S2E as released)", "method": "s2e"},
        {
            "key": "s2e-printed",
            "label": "S2E as printed",
            "method": "s2e",
            "variant": "as-printed",
            "set": {"R": {"search": "natural-gradient-as-printed"}},
        },
        {"key": "s2e-sound", "label": "Sound search (ours)", "method": "s2e-sound"},
    ],
    "seeds": 1,
    "notes": [
        "The schedule shown is that of the first search; it is the one that the repeats train with.",
        "Proposed: a draw from the last distribution of the released search.",
    ],
}


def draw(data):
    from lnl.render.schedules import schedules

    proposed = any(data.place(row.key, "s2e").records() for row in data.rows)
    return schedules(data, said=DEMAND["notes"] if proposed else DEMAND["notes"][:1])
