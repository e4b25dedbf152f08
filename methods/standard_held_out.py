"""Standard with a tenth of the noisy training set held out: the first stage of methods that begin with a network.

A network that has been trained to the end has memorised wrong labels, and says of itself that there is no noise. The
authors of F-correction and of S-model therefore stop early, at the lowest loss on held-out noisy examples, judged by
their given labels. This is the cell whose network they read at that point (hand-over `lowest-validation-loss`).
"""

SPEC = {
    "key": "standard-held-out",
    "title": "Standard, a tenth held out",
    "version": 1,
    "paper": "first stage of Patrini et al., CVPR 2017, as in their code",
    "extends": "standard",
    "parameters": {"hold_out": 0.1},
    "traits": {"small_loss": False, "memorisation": True, "sgd": True},
}
