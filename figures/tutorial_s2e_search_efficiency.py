"""The tutorial's search efficiency: Newton against other search algorithms, CIFAR-10 under three noises."""

DEMAND = {
    "title": "Search efficiency on CIFAR-10, four basis functions",
    "source": {"paper": "tutorial", "where": "slide 'Experiments - Search Algorithm', S2E Figure 6 (a)-(c)"},
    "kind": "searches",
    "protocol": "s2e",
    "dataset": "cifar10",
    "method": "coteaching",
    "rows": [
        {"key": "symmetric-20", "label": "Symmetric-20%", "noise": "symmetric-20"},
        {"key": "symmetric-50", "label": "Symmetric-50%", "noise": "symmetric-50"},
        {"key": "pair-45", "label": "Pairflip-45%", "noise": "pair-45"},
    ],
    "columns": [
        {"key": "newton", "label": "S2E (Newton, sound form, ours)", "search": "newton"},
        {"key": "natural-gradient", "label": "Natural gradient, sound form", "search": "natural-gradient-four-bases"},
        {"key": "gradient", "label": "Plain gradient", "search": "gradient-four-bases"},
        {"key": "random", "label": "Random", "search": "random-four-bases"},
        {"key": "hyperband", "label": "Hyperband", "search": "hyperband-four-bases"},
        {"key": "bayesian", "label": "Bayesian", "search": "bayesian-four-bases"},
    ],
    "seeds": 5,
    "notes": [
        "Hyperband's parts of trainings count as fractions; only its fully trained candidates have a score.",
    ],
}


def draw(data):
    from lnl.render.efficiency import efficiency

    return efficiency(data)
