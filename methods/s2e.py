"""S2E (Yao et al., "Searching to Exploit Memorization Effect in Learning from Noisy Labels"): R(t) is searched.

Learning is Co-teaching's (Algorithm 1). What S2E adds stands before it: the share R(t) of small-loss examples that an
epoch keeps is a point of a space of curves, and a distribution over that space is moved, round after round, towards the
curves whose fully trained networks do well on clean validation images (equations 2 and 4). So this file has no class of
its own; the space, the algorithm and its budget are declared in config/searches/, their equations stand in lnl/search/.

    R: {"search": "s2e"}      natural gradient over two decays (ICLR 2020 submission, section 3.3)
    R: {"search": "newton"}   Newton steps over four basis functions (the tutorial's version, ICML 2020)

Both take the algorithms' sound forms, which are ours: as printed and as released they do no better than random search
(docs/decisions.md, docs/reproduction/search_quality). `natural-gradient-as-printed` is declared beside them.
"""

SPEC = {
    "key": "s2e",
    "title": "S2E",
    "version": 1,
    "paper": "Yao et al., ICML 2020 (submitted to ICLR 2020)",
    "extends": "coteaching",
    "parameters": {"R": {"search": "s2e"}},
    "needs": ["clean_set"],
    "traits": {"small_loss": True, "memorisation": True, "sgd": True},
}
