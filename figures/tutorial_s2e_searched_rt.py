"""The tutorial's searched R(t): the Newton version of S2E beside Co-teaching's ramp, CIFAR-10 under three noises."""

DEMAND = {
    "title": "Searched R(t), the tutorial's version of S2E, CIFAR-10",
    "source": {"paper": "tutorial", "where": 'slide "Experiments – Searched R(t)", S2E Figure 4'},
    "protocol": "s2e",
    "dataset": "cifar10",
    "rows": [
        {"key": "symmetric-20", "label": "Symmetry-20%", "noise": "symmetric-20"},
        {"key": "symmetric-50", "label": "Symmetry-50%", "noise": "symmetric-50"},
        {"key": "pair-45", "label": "Pair-45%", "noise": "pair-45"},
    ],
    "columns": [
        {"key": "coteaching", "label": "Co-teaching's R(t)", "method": "coteaching"},
        {
            "key": "s2e",
            "label": "S2E (Newton as released)",
            "method": "s2e",
            "variant": "newton",
            "set": {"R": {"search": "newton-as-released"}},
        },
        {
            "key": "s2e-printed",
            "label": "S2E (Newton as printed)",
            "method": "s2e",
            "variant": "newton-printed",
            "set": {"R": {"search": "newton-as-printed"}},
        },
        {
            "key": "s2e-sound",
            "label": "Newton, sound form (ours)",
            "method": "s2e-sound",
            "variant": "newton",
            "set": {"R": {"search": "newton-sound"}},
        },
    ],
    "seeds": 1,
    "notes": ["The data set is inferred: the slides around it name CIFAR-10 (decision tutorial_s2e_setting)."],
}


def draw(data):
    from lnl.render.schedules import schedules

    return schedules(data)
