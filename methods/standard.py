"""Standard: cross-entropy on the given labels.

The plain training that every paper compares with (Normal, Standard, Baseline): all examples of a batch count alike,
whatever their labels. Its test accuracy rises while it learns the easy patterns and falls once it memorises the wrong
labels. Pumpout also draws how clean its small-loss examples are, which it does not select: they can be watched.
"""

from torch import Tensor

from lnl.engine.method import Method, Moment, Outcome
from lnl.learning.ramps import drop_rate
from lnl.learning.schedules import kept_count
from lnl.learning.selection import cross_entropy, small_loss

SPEC = {
    "key": "standard",
    "title": "Standard",
    "version": 1,
    "paper": "baseline of all five documents",
    "networks": 1,
    "parameters": {
        "watched": None,  # decision pumpout_label_precision: final drop rate of the small losses that are looked at
        "hold_out": None,  # share of the training set that is left out and validates, by its given labels
    },
    "ranges": {"watched": [0, None], "hold_out": [0.001, 0.5]},
    "settings": {"pumpout/*/*": {"watched": 1.0}},  # Pumpout, section 4: label precision of all methods of SET1
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class Standard(Method):
    """Mean cross-entropy of the whole batch."""

    def schedule(self, time: float) -> dict[str, float]:
        if "watched" not in self.parameters:
            return {}
        drop = drop_rate(
            time, self.parameters["watched"] * self.setting.noise_rate, 10, 1.0, "as_printed", "as_printed"
        )
        return {"watched": kept_count(drop, self.setting.batch, "floor")}

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        watched = small_loss(losses, now["watched"]) if "watched" in self.parameters else None
        return Outcome(loss=losses.mean(-1), losses=losses, selected=watched)
