"""MentorNet, as Co-teaching, S2E and Pumpout use the name: one network trained on its own small-loss examples.

Self-paced learning per batch: the network ranks the batch by its own loss and learns from the R(T) part with the
smallest losses (Jiang et al., ICML 2018, without the learned mentor). Co-teaching states it: "We used self-paced
MentorNet in this paper" (section 4, baseline (v)); so does Pumpout (section 3.1), and the tutorial's slide describes
it. The authors' code of it was never published. The learned MentorNet of the L2R and IEG tables is another method,
`mentornet-dd` (decision mentornet_identity).
"""

from torch import Tensor

from lnl.engine.method import Method, Moment, Outcome
from lnl.learning.schedules import forget_rate, kept_count
from lnl.learning.selection import cross_entropy, small_loss

SPEC = {
    "key": "mentornet",
    "title": "MentorNet",
    "version": 1,
    "paper": "Jiang et al., ICML 2018, in the self-paced form of Co-teaching's and Pumpout's comparisons",
    "networks": 1,
    "needs": ["noise_rate"],
    "parameters": {
        "tau": 1.0,  # decision tau: final drop rate, as a multiple of the noise rate
        "t_k": 10,  # length of the ramp, epochs
        "c": 1.0,  # exponent of the ramp
        "ramp": "as_released",  # decision ramp
        "exponent": "as_released",  # decision exponent
        "rounding": "floor",  # decision rounding
        "R": None,  # decision search_repeats: in place of the ramp, {"search": …}, or {"formula", "clip", "x"}
    },
    "ranges": {"tau": [0, 10], "t_k": [1, 10000], "c": [0, 20]},
    "values": {
        "ramp": ["as_released", "as_printed", "algorithm"],
        "exponent": ["as_released", "as_printed", "t_over_tk"],
        "rounding": ["floor", "ceil"],
    },
    "settings": {"pumpout/*/*": {"ramp": "as_printed"}},  # Pumpout, section 4: R(T) = 1 - tau min(T / T_k, 1)
    "traits": {"small_loss": True, "memorisation": False, "sgd": True},
}


class MentorNet(Method):
    """Mean cross-entropy of the network's own small-loss examples."""

    def schedule(self, time: float) -> dict[str, float]:
        drop = forget_rate(self.parameters, self.setting.noise_rate, time, self.setting.paper_epochs)
        return {"R": 1 - drop, "kept": kept_count(drop, self.setting.batch, self.parameters["rounding"])}

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        own = small_loss(losses, now["kept"])
        return Outcome(loss=(own * losses).sum(-1) / now["kept"].squeeze(-1), losses=losses, selected=own)
