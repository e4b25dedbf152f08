"""S2E, Figure 6: the proposed search against other search algorithms, CIFAR-10 under three noises."""

DEMAND = {
    "title": "Search efficiency on CIFAR-10",
    "source": {"paper": "s2e", "where": "Figure 6"},
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
        {"key": "natural-gradient-released", "label": "S2E as released", "search": "natural-gradient-as-released"},
        {"key": "natural-gradient-printed", "label": "S2E as printed", "search": "natural-gradient-as-printed"},
        {
            "key": "natural-gradient",
            "label": "Natural gradient, sound form (ours)",
            "search": "natural-gradient-sound",
        },
        {"key": "random", "label": "Random", "search": "random"},
        {"key": "hyperband", "label": "Hyperband", "search": "hyperband"},
        {"key": "bayesian", "label": "Bayesian", "search": "bayesian"},
    ],
    "seeds": 5,
    "notes": [
        "Hyperband's parts of trainings count as fractions, and it spends fewer trainings than the others (19.5 at "
        "scale paper); only its fully trained candidates have a score. The paper leaves Bayesian search out.",
    ],
}


def draw(data):
    from lnl.render.efficiency import efficiency

    return efficiency(data)
