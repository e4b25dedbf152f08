"""Co-teaching (Han et al., NeurIPS 2018): two networks teach each other with their small-loss examples.

Both networks see the same batch; each ranks it by its own loss, and the R(T) part with the smallest losses trains the
*other* network, so that one network's selection errors are not fed back to itself. Equations and steps: Algorithm 1 of
the paper, repeated on the tutorial's slides; where text and released code part, a parameter says which is followed
(docs/decisions.md).
"""

from torch import Tensor

from lnl.engine.method import Method, Moment, Outcome
from lnl.learning.schedules import forget_rate, kept_count
from lnl.learning.selection import cross_entropy, small_loss

SPEC = {
    "key": "coteaching",
    "title": "Co-teaching",
    "version": 1,
    "paper": "Han et al., NeurIPS 2018",
    "networks": 2,
    "needs": ["noise_rate"],
    "parameters": {
        "tau": 1.0,  # decision tau: final drop rate, as a multiple of the noise rate (the paper: the rate)
        "t_k": 10,  # length of the ramp, epochs
        "c": 1.0,  # exponent of the ramp
        "ramp": "as_released",  # decision ramp: when the ramp is complete
        "exponent": "as_released",  # decision exponent: where c stands
        "R": None,  # decision search_repeats: in place of the ramp, {"search": …}, or {"formula", "clip", "x"}
        "rounding": "floor",  # decision rounding: released code truncates, Algorithm 1 asks for at least R(T) B
        "normalise": "mean",  # decision normalise: `twice` divides the mean by the number kept once more, as released
    },
    "ranges": {"tau": [0, 10], "t_k": [1, 10000], "c": [0, 20]},
    "values": {
        "ramp": ["as_released", "as_printed", "algorithm"],
        "exponent": ["as_released", "as_printed", "t_over_tk"],
        "rounding": ["floor", "ceil"],
        "normalise": ["mean", "twice"],
    },
    "traits": {"small_loss": True, "memorisation": True, "sgd": True},
}


class CoTeaching(Method):
    """Cross-update on exchanged small-loss examples."""

    networks = 2

    def schedule(self, time: float) -> dict[str, float]:
        # Step 8 of Algorithm 1: R(T) = 1 - min(T / T_k tau, tau), unless a schedule is given or searched
        p = self.parameters
        drop = forget_rate(p, self.setting.noise_rate, time, self.setting.paper_epochs)
        kept = kept_count(drop, self.setting.batch, p["rounding"])
        return {"R": 1 - drop, "kept": kept, "divisor": kept if p["normalise"] == "mean" else kept**2}

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        chosen = small_loss(losses, now["kept"])  # steps 4 and 5: each network's R(T) small-loss instances
        from_peer = chosen.flip(-2)  # steps 6 and 7: w_f learns from D_g, w_g from D_f
        loss = (from_peer * losses).sum(-1) / now["divisor"].squeeze(-1)
        return Outcome(loss=loss, losses=losses, selected=chosen)
