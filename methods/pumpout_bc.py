"""Pumpout_BC (Pumpout, Algorithm 3): backward correction, with scaled gradient ascent where the risk is negative.

An example whose corrected loss r is negative has been over-fitted; instead of stopping there, as nnBC does, its effect
is pumped out of the network by ascent on r, scaled by gamma in [0, 1]. The learning rule is that of methods/bc.py with
a sign test for each example. gamma is chosen from the printed grid on held-out noisy examples (decision
gamma_selection); gamma = 0 is nnBC.
"""

SPEC = {
    "key": "pumpout-bc",
    "title": "Pumpout_BC",
    "version": 1,
    "paper": "Pumpout (ICLR 2019 submission), Algorithm 3",
    "extends": "bc",
    "parameters": {"sign_test": "example", "gamma": {"search": "gamma-grid"}},
    "traits": {"small_loss": False, "memorisation": True, "sgd": True},
}
