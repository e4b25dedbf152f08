"""Truncated generalised cross-entropy: GCE that leaves out the examples whose labels its best network does not believe.

The best network so far is that with the highest accuracy on a tenth of the noisy training set, which it does not train
on, by the given labels.
"""

SPEC = {
    "key": "gce-truncated",
    "title": "GCE, truncated",
    "version": 1,
    "paper": "Zhang and Sabuncu, NeurIPS 2018",
    "extends": "gce",
    "parameters": {"truncated": True, "hold_out": 0.1},
    "traits": {"small_loss": True, "memorisation": False, "sgd": True},
}
