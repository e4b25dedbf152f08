"""IEG (ICLR 2020 submission; CVPR 2020 as "Distilling Effective Supervision from Severe Label Noise").

A few trusted probe images judge every batch: a look-ahead step tells which examples lower the loss on them (weights
omega), and whether an example's given label or the network's own pseudo label does (lambda). Pseudo labels come from a
weak and a strong view; probe, weak and strong images are mixed with each other; the strong view is to be classified as
the weak one. Derivatives with respect to omega and lambda are inner products with one direction of the weights, the
probe gradient at the look-ahead point, so that one forward-mode pass gives all of them.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome, Stream
from lnl.learning.averaging import begun, follow
from lnl.learning.meta_weights import summed_to_one
from lnl.learning.mixing import mixed, ratios
from lnl.learning.pseudo_labels import divergence, label_slopes, pseudo_labels, soft_cross_entropy, unit_scale
from lnl.learning.selection import cross_entropy
from lnl.learning.strong_view import WIDTH, further_views

SPEC = {
    "key": "ieg",
    "title": "IEG",
    "version": 1,
    "paper": "IEG, ICLR 2020 submission",
    "networks": 1,
    "needs": ["clean_set", "views"],
    "sets": ["probe"],
    "parameters": {
        "probe_batch": 100,  # trusted images of a step
        "meta": "both",  # decision ieg_ablations: weights and labels, `weights` alone, or `none`, which is EG
        "mixup": True,  # decision ieg_mixup: equation 6
        "mix_weight": 5.0,  # decision ieg_mix_weight: p, of mixed images that are no probes
        "consistency": 20.0,  # k: of equation 7
        "strong_views": 1,  # decision ieg_views: beside the weak one
        "second_view": "strong",  # decision ieg_second_view: `weak` crops and flips anew
        "crops": None,  # decision ieg_crops: each further view on a crop of its `own`
        "policy": "autoaugment-95",  # decision ieg_policy
        "cutout": True,  # decision ieg_cutout
        "label_start": 0.9,  # decision ieg_label_start: lambda_0
        "weighted_target": None,  # decision ieg_label_start: `scaled` is lambda_0 y_i alone
        "weight_start": "uniform",  # decision ieg_weight_start: omega_0 is 1/B, or `zero`: no slope for lambda
        "look_ahead": "momentum",  # decision ieg_look_ahead: the update itself, or `plain` gradient descent
        "meta_rate": 0.1,  # decision ieg_meta_rate: of the look-ahead
        "pseudo_label": "stopped",  # decision ieg_pseudo_label: or its gradient `flows` in the look-ahead
        "scaled_logits": True,  # decision ieg_scaled_logits
        "ratio": "as_released",  # decision ieg_mix_ratio
        "terms": "averaged",  # decision ieg_terms: of the two cross-entropies, or `summed`
        "probe_decay": None,  # decision ieg_probe_decay: weight decay of the probe loss as in training, or of `all`
        "average": 0.999,  # decision ieg_average: of the weights that are judged
        "meta_batch_norm": None,  # decision l2r_meta_batch_norm: probe and derivatives by their batch, or `frozen`
    },
    "ranges": {
        "probe_batch": [1, None],
        "strong_views": [1, 8],
        "mix_weight": [0, None],
        "consistency": [0, None],
        "label_start": [0, 1],
        "meta_rate": [1e-12, None],
        "average": [0, 0.999999],
    },
    "values": {
        "meta": ["both", "weights", "none"],
        "second_view": ["strong", "weak"],
        "crops": [None, "own"],
        "policy": ["autoaugment-95", "autoaugment-25", "imagenet-v0", "imagenet-25", "none"],
        "weight_start": ["uniform", "zero"],
        "look_ahead": ["momentum", "plain"],
        "pseudo_label": ["stopped", "flows"],
        "ratio": ["as_released", "beta"],
        "terms": ["averaged", "summed"],
        "meta_batch_norm": [None, "frozen"],
        "probe_decay": [None, "all"],
        "weighted_target": [None, "scaled"],
    },
    "settings": {
        "ieg/digits/*": {"mix_weight": 1.0},  # decision ieg_mix_weight
        "ieg-webvision/*/*": {"mix_weight": 4.0, "consistency": 8.0, "probe_batch": 64},  # section 3.3; its code
        "ieg-webvision/webvision-clean/*": {"policy": "none"},  # decision webvision_policy
        "ieg-webvision/digits/*": {"mix_weight": 1.0},  # decision ieg_mix_weight
    },
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class IEG(Method):
    """Algorithm 1. Logits are [1, B, K], labels and pseudo labels distributions of that shape."""

    def streams(self) -> dict[str, Stream]:
        return {"probe": Stream(batch=self.parameters["probe_batch"], of="probe", interleaved=True)}

    def random(self) -> dict[str, tuple[int, ...]]:
        batch, probes, views = self.setting.batch, self.parameters["probe_batch"], self.parameters["strong_views"]
        width, pool = WIDTH if self.parameters["second_view"] == "strong" else 3, probes + batch * (1 + views)
        return {"views": (views, batch, width), "probes": (probes,), "ratio": (pool,), "partner": (pool,)}

    def crops(self) -> int:
        return self.parameters["strong_views"] if self.parameters.get("crops") else 0

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        return begun(learner.vector())

    def mixing_loss(self, learner: Learner, batch: Batch, views: list[Tensor], guess: Tensor) -> Tensor:
        """Equation 6: L_beta^p + p L_beta^u, [1], of images that are mixed with any of the pool; a mixed image belongs
        to the group of the one that has the larger share."""
        probes, labels = batch.streams["probe"]
        drawn = (batch.random["probes"] * len(probes)).long()  # with replacement
        targets = [F.one_hot(labels[drawn], self.setting.classes).float(), *[guess[0]] * (1 + len(views))]
        pool = torch.cat([probes[drawn], batch.x, *views])
        share = ratios(batch.random["ratio"], self.parameters["ratio"])
        images, target = mixed(pool, torch.cat(targets), share, batch.random["partner"])
        sizes = [len(drawn), *[len(batch.x)] * (1 + len(views))]
        groups = learner.forward(images, batch_norm="batch").split(sizes, dim=1)
        if self.parameters["scaled_logits"]:
            groups = tuple(unit_scale(group) for group in groups)
        losses = soft_cross_entropy(torch.cat(groups, 1), target)
        return losses[:, : len(drawn)].mean(-1) + self.parameters["mix_weight"] * losses[:, len(drawn) :].mean(-1)

    def direction(self, learner: Learner, batch: Batch, loss: Tensor | None) -> Tensor:
        """v [1, P]: gradient of the probe loss at the look-ahead point theta'. loss: of the batch, weighted by omega_0
        against labels by lambda_0; None where omega_0 is zero."""
        theta = learner.vector()
        ahead = torch.zeros_like(theta)[None] if loss is None else learner.gradient(loss, keep=True)
        ahead = learner.penalise(ahead)[0]
        if self.parameters["look_ahead"] == "momentum":
            ahead = ahead + learner.momentum[0]
        at = (theta - self.parameters["meta_rate"] * ahead).requires_grad_()
        x, labels = batch.streams["probe"]
        probe = cross_entropy(learner.call(0, at, x, self.parameters.get("meta_batch_norm") or "batch"), labels).mean()
        (gradient,) = torch.autograd.grad(probe, at)
        return learner.penalise(gradient[None], at.detach()[None], self.parameters.get("probe_decay") == "all")

    def judged(self, given: Tensor, logits: list[Tensor], slopes: list[Tensor], guess: Tensor) -> tuple[Tensor, Tensor]:
        """(omega, lambda) [1, B]: weights that sum to one at most, and 1 where the given label is kept.

        slopes: derivatives of the logits along v; those of views beyond the weak one only where the pseudo label's own
        derivative counts. A derivative of the probe loss (equation 4) is -rate <v, gradient of what it weights>.
        """
        posterior = torch.softmax(logits[0], -1)
        of_given, of_guess = (((posterior - target) * slopes[0]).sum(-1) for target in (given, guess))
        if len(slopes) > 1:
            moved = label_slopes(logits, slopes, self.parameters["scaled_logits"])
            of_guess = soft_cross_entropy(logits[0], moved) + of_guess
        of_loss = self.label_start * of_given + (1 - self.label_start) * of_guess
        weights = summed_to_one(self.parameters["meta_rate"] * of_loss)
        return weights, ((of_given - of_guess > 0) & (self.parameters["weight_start"] == "uniform")).to(weights.dtype)

    @property
    def label_start(self) -> float:
        """lambda_0, of the given label; without relabelling it is the only one."""
        return float(self.parameters["label_start"]) if self.parameters["meta"] == "both" else 1.0

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        wanted, given = self.parameters, F.one_hot(batch.labels, self.setting.classes).to(batch.x.dtype)
        sees_more = wanted["meta"] == "both" or wanted["mixup"] or wanted["consistency"] > 0
        views = further_views(batch.x, batch.crops, batch.random["views"], wanted) if sees_more else []  # line 1
        meta, begins = wanted["meta"] != "none", wanted["meta"] != "none" and wanted["weight_start"] == "uniform"
        flows = bool(views) and begins and wanted["pseudo_label"] == "flows"
        with torch.set_grad_enabled(begins):
            weak = learner.forward(batch.x, batch.uniform)  # the one pass that moves the running statistics
        with torch.set_grad_enabled(flows or wanted["consistency"] > 0):
            seen = [learner.forward(x, batch_norm="batch") for x in views]
        scaled, guess = wanted["scaled_logits"], given
        if views:  # line 2
            guess = pseudo_labels([weak, *seen] if flows else [z.detach() for z in (weak, *seen)], scaled)
        stopped, start, terms, scalars, marks = guess.detach(), self.label_start, [], {}, {}
        if meta:  # line 3
            target = start * given + (1 - start) * guess
            v = self.direction(learner, batch, soft_cross_entropy(weak, target).mean(-1) if begins else None)
            frozen = wanted.get("meta_batch_norm") == "frozen"
            passes = [learner.weighing_pass(batch.x, v, batch.uniform, "batch", frozen)]
            if flows:  # whose first pass over the strong views is used up
                passes += [learner.weighing_pass(x, v, None, "batch", frozen) for x in views]
            (weak, *again), logits, slopes = (list(each) for each in zip(*passes, strict=True))
            seen = again or seen
            judged_by = pseudo_labels(logits, scaled) if flows and frozen else stopped
            weights, keep = self.judged(given, logits, slopes, judged_by)
            rest = 0.0 if wanted.get("weighted_target") == "scaled" else 1 - start
            terms.append((weights * soft_cross_entropy(weak, start * given + rest * stopped)).sum(-1))  # equation 5
            marks |= {"weight": weights * weights.shape[-1], "zero_weight_share": (weights == 0).float()}
            scalars["no_weight"] = (weights.sum(-1) == 0).float()
            if wanted["meta"] == "both":
                kept = keep[..., None]
                terms.append(soft_cross_entropy(weak, kept * given + (1 - kept) * stopped).mean(-1))  # equation 5
                marks["kept_label"] = keep
        loss = sum(terms, weak.new_zeros(1)) / (max(1, len(terms)) if wanted["terms"] == "averaged" else 1)
        if wanted["mixup"]:  # line 5
            loss = loss + self.mixing_loss(learner, batch, views, stopped)
        if wanted["consistency"] > 0:  # equation 7
            apart = [divergence(weak, logits).mean(-1) for logits in seen]
            loss = loss + wanted["consistency"] * torch.stack(apart).mean(0)
        learner.apply(learner.gradient(loss))  # lines 6 and 7
        follow(learner.state, learner.vector(), wanted["average"])
        losses = cross_entropy(weak.detach(), batch.labels)
        return Outcome(loss.detach(), losses, None, weak, scalars, marks, stopped if views else None)

    def predict(self, learner: Learner, x: Tensor, uniform: Tensor | None) -> Tensor:
        """Logits at the averaged weights, with the running statistics of the last ones."""
        return learner.call(0, learner.state["average"], x, "frozen", uniform)[None]
