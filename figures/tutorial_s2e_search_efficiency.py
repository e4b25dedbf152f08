"""The tutorial's search efficiency: Newton against other search algorithms, CIFAR-10 under three noises."""

DEMAND = {
    "title": "Search efficiency on CIFAR-10, the tutorial's version of S2E",
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
        {"key": "newton-released", "label": "S2E as released (released space)", "search": "newton-as-released"},
        {
            "key": "random-released-space",
            "label": "Random (released space)",
            "search": "random-three-decays-two-rises",
        },
        {"key": "newton-printed", "label": "S2E as printed (four functions)", "search": "newton-as-printed"},
        {"key": "random", "label": "Random (four functions)", "search": "random-four-bases"},
        {"key": "hyperband", "label": "Hyperband (four functions)", "search": "hyperband-four-bases"},
        {"key": "bayesian", "label": "Bayesian (four functions)", "search": "bayesian-four-bases"},
        {"key": "newton", "label": "Newton, sound form (ours)", "search": "newton-sound"},
        {
            "key": "natural-gradient",
            "label": "Natural gradient, sound form (ours)",
            "search": "natural-gradient-four-bases",
        },
        {"key": "gradient", "label": "Plain gradient, sound form (ours)", "search": "gradient-four-bases"},
    ],
    "seeds": 5,
    "notes": [
        "The tutorial prints four basis functions, its released code searches three decays and two rises: each form is "
        "drawn with random search in its own space. Sound forms are this suite's.",
        "Hyperband's parts of trainings count as fractions; only its fully trained candidates have a score.",
    ],
}


def draw(data):
    from lnl.render.efficiency import efficiency

    return efficiency(data)
