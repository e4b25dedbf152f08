"""BC, backward correction (Patrini et al., CVPR 2017; Pumpout, Theorem 1), and what Pumpout makes of it.

The loss vector l, an entry for each class, is multiplied by T^-1; the row of the given label is the corrected loss r.
Its mean over the noise is the clean loss (unbiased), but a flexible network can drive r below zero without end. nnBC
stops there (max(0, r)), Pumpout_BC ascends there, scaled by gamma: methods/nnbc.py and methods/pumpout_bc.py say so in
parameters, and may begin as plain BC (`warm_up`), as the group's later code does in one cell. Pumpout prints the scalar
as 1' T^-1 l, which does not look at the label and is never negative for the noises of the paper; the row of the label,
as in its Theorem 1 and that later code, is what learns (docs/decisions.md, decision bc_row).
"""

from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.learning.correction import backward_corrected, inverted
from lnl.learning.estimation import transition
from lnl.learning.selection import cross_entropy

SPEC = {
    "key": "bc",
    "title": "BC",
    "version": 1,
    "paper": "Patrini et al., CVPR 2017, as in Pumpout's comparison",
    "networks": 1,
    "needs": ["transition_matrix"],
    "handovers": {
        "held-out": ["standard-held-out", "lowest-validation-loss", {"transition": "estimated", "stage": "held-out"}],
        "final": ["standard", "final", {"transition": "estimated", "stage": "final"}],
    },
    "parameters": {
        "transition": "true",  # decision bc_transition: `true`, `estimated`, or the matrix itself
        "stage": "held-out",  # decision t_hat_stage: with an estimated T, as in f-correction
        "outliers": 0.97,  # decision t_hat_outliers
        "filter": "column",  # decision t_hat_filter
        "inverse": "exact",  # decision inverse: `jittered`, T + 1e-4 U(0,1) drawn anew each step, as released if K = 2
        "row": "label",  # decision bc_row: `ones` as printed in Pumpout's Theorem 2 and Algorithm 3
        "floor": None,  # decision floor: smallest probability in a logarithm; 1e-7 in Keras, none in PyTorch
        "sign_test": None,  # decision sign_test: nobody is tested for a negative risk (BC), each `example`, the `batch`
        "gamma": 0.0,  # decision gamma_selection: scale of the ascent on a negative risk; 0 (nnBC) stops there
        "beta": 0.0,  # a risk below counts as negative
        "warm_up": None,  # decision bc_warm_up: last epoch in which no sign is tested; 18 in one released script
    },
    "ranges": {"outliers": [0, 1], "floor": [0, 0.5], "gamma": [0, 1000], "beta": [-1000, 1000], "warm_up": [0, 10000]},
    "values": {
        "stage": ["held-out", "final"],
        "filter": ["column", "in_place"],
        "inverse": ["exact", "jittered"],
        "row": ["label", "ones"],
        "sign_test": [None, "example", "batch"],
    },
    "settings": {
        "*/cifar100/*": {"outliers": None},
        "*/standin-cifar100/*": {"outliers": None},
        "*/news2/symmetric-50": {"inverse": "jittered"},  # T is singular there: the cell is run as released, for show
    },
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class BackwardCorrection(Method):
    """Mean of the corrected losses; with a sign test, -gamma times those that are negative (Algorithm 3)."""

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        self.transition = transition(self.parameters, self.setting, learner)
        if self.parameters["inverse"] == "exact":
            self.inverse = inverted(self.transition)
        return {}

    def random(self) -> dict[str, tuple[int, ...]]:
        classes = self.setting.classes
        return {"jitter": (classes, classes)} if self.parameters["inverse"] == "jittered" else {}

    def estimates(self, learner: Learner) -> dict[str, Tensor]:
        return {"transition": self.transition} if self.parameters["transition"] == "estimated" else {}

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        if "jitter" in batch.random:  # T itself may be singular
            self.inverse = inverted(self.transition, batch.random["jitter"])
        return super().step(learner, batch, now)

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        p = self.parameters
        risk = backward_corrected(logits, labels, self.inverse, p["row"], p.get("floor"))  # Theorem 1, line 6
        negative = (risk.detach() < p["beta"]).to(risk.dtype)
        scalars = {"negative_risk": negative.mean(-1)}
        test = p.get("sign_test")
        if test is None or now.time <= p.get("warm_up", -1):
            loss = risk.mean(-1)
        else:
            if test == "batch":  # nearer to Kiryo et al. (2017), who test a mean over the batch
                negative = (risk.detach().mean(-1, keepdim=True) < p["beta"]).to(risk.dtype)
            weight = 1 - negative - p["gamma"] * negative  # lines 7 and 8: +1 descends, -gamma ascends
            loss = (weight * risk).mean(-1)  # lines 9 and 10
        return Outcome(loss=loss, losses=cross_entropy(logits.detach(), labels), scalars=scalars)
