"""nnBC, non-negative backward correction (Pumpout, Theorem 2): max(0, r).

Backward correction (methods/bc.py) with the gradient stopped wherever an example's corrected loss r is negative: a
clean risk cannot be, so that further descent there is over-fitting. It is Pumpout_BC with gamma = 0.
"""

SPEC = {
    "key": "nnbc",
    "title": "nnBC",
    "version": 1,
    "paper": "Pumpout (ICLR 2019 submission), Theorem 2, after Kiryo et al., NeurIPS 2017",
    "extends": "bc",
    "parameters": {"sign_test": "example"},
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}
