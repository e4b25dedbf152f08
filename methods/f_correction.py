"""F-correction (Patrini et al., CVPR 2017): the posterior passes through T before it meets the given label.

p T is what the given label should look like if p is right about the true one, so that a network that fits the noisy
labels through T predicts the clean ones. T is estimated first, from a network trained on the noisy labels: the
posterior of the example that is surest of class i is row i. Where that network is wrong the estimate is too: under
pair-45 it is a permuted matrix, and what is learned is consistently the wrong class. That is shown, not repaired.
The authors' code also stops early the second time, at the lowest corrected loss on a tenth of the noisy data that it
holds out: `hold_out: 0.1`, and the statistic `at_validation_loss` of a table.
"""

from torch import Tensor

from lnl.engine.method import Learner, Method, Moment, Outcome
from lnl.learning.correction import forward_corrected
from lnl.learning.estimation import transition
from lnl.learning.selection import cross_entropy

SPEC = {
    "key": "f-correction",
    "title": "F-correction",
    "version": 1,
    "paper": "Patrini et al., CVPR 2017",
    "networks": 1,
    "handovers": {  # stage 1
        "held-out": ["standard-held-out", "lowest-validation-loss", {"transition": "estimated", "stage": "held-out"}],
        "final": ["standard", "final", {"transition": "estimated", "stage": "final"}],
    },
    "parameters": {
        "transition": "estimated",  # decision f_correction_transition: `true`, `estimated`, or the matrix itself
        "stage": "held-out",  # decision t_hat_stage: the first network at its best on held-out labels, or at its end
        "outliers": 0.97,  # decision t_hat_outliers: quantile above which the surest of a class do not count
        "filter": "column",  # decision t_hat_filter: `in_place` as released
        "hold_out": None,  # decision own_stop: share of the training set that is left out and validates
    },
    "ranges": {"outliers": [0, 1], "hold_out": [0.001, 0.5]},
    "values": {"stage": ["held-out", "final"], "filter": ["column", "in_place"]},
    "settings": {  # released code: no filter where 3% are more than a class
        "*/cifar100/*": {"outliers": None},
        "*/standin-cifar100/*": {"outliers": None},
    },
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class ForwardCorrection(Method):
    """Cross-entropy of p T against the given label (Theorem 2 of the paper)."""

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        self.transition = transition(self.parameters, self.setting, learner)  # equation 13
        return {}

    def estimates(self, learner: Learner) -> dict[str, Tensor]:
        return {"transition": self.transition}

    def validation_loss(self, learner: Learner, logits: Tensor, labels: Tensor) -> Tensor | None:
        return forward_corrected(logits, labels, self.transition.log()) if "hold_out" in self.parameters else None

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        corrected = forward_corrected(logits, labels, self.transition.log())
        return Outcome(loss=corrected.mean(-1), losses=cross_entropy(logits.detach(), labels))
