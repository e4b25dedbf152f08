"""S2E (Yao et al., "Searching to Exploit Memorization Effect in Learning from Noisy Labels"): R(t) is searched.

Learning is Co-teaching's (Algorithm 1). What S2E adds stands before it: the share R(t) of small-loss examples that an
epoch keeps is a point of a space of curves, and a distribution over that space is moved, round after round, towards the
curves whose fully trained networks do well on clean validation images (equations 2 and 4). So this file has no class of
its own; the space, the algorithm and its budget are declared in config/searches/, their equations stand in lnl/search/.

    R: {"search": "natural-gradient-as-released"}   the code behind the printed numbers (ICLR 2020 submission)
    R: {"search": "natural-gradient-as-printed"}    its equations 5 and 6
    R: {"search": "newton-as-released"}             the tutorial's version (ICML 2020), released code
    R: {"search": "newton-as-printed"}              the same as the tutorial writes it, over four basis functions

On known schedules neither form does better than random search (docs/reproduction/search_quality); a sound form, which
is ours and no document's, is the method `s2e-sound`.
"""

SPEC = {
    "key": "s2e",
    "title": "S2E",
    "version": 1,
    "paper": "Yao et al., ICML 2020 (submitted to ICLR 2020)",
    "extends": "coteaching",
    "parameters": {"R": {"search": "natural-gradient-as-released"}},  # decision natural_gradient
    "needs": ["clean_set"],
    "traits": {"small_loss": True, "memorisation": True, "sgd": True},
}
