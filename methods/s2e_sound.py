"""S2E with a sound search, which is this suite's and no document's: a control for S2E (methods/s2e.py).

Space, budget, candidates and validation images are S2E's; the natural gradient takes rewards by rank, the analytic
Fisher information and a step of bounded length (lnl/search/algorithms/natural_gradient.py). Its numbers stand beside
the document's and are never counted as the document's.

    R: {"search": "natural-gradient-sound"}   two mixed decays
    R: {"search": "newton-sound"}             the tutorial's four basis functions
"""

SPEC = {
    "key": "s2e-sound",
    "title": "Sound search of S2E's space (ours)",
    "version": 1,
    "paper": "this suite's form of Yao et al., ICML 2020",
    "extends": "coteaching",
    "parameters": {"R": {"search": "natural-gradient-sound"}},  # decision natural_gradient
    "needs": ["clean_set"],
    "traits": {"small_loss": True, "memorisation": True, "sgd": True},
}
