"""RoG (Lee et al., "Robust Inference via Generative Classifiers for Handling Noisy Labels", ICML 2019).

A network that was trained by cross-entropy on noisy labels is left as it is; its softmax head is replaced. Over the
features of several layers Gaussians of one covariance are fitted to the given labels, robustly, and their posteriors
averaged, with weights that a validating set decides. As a stage of another cell it goes on from that one's network
and learns nothing more; by itself it first trains a network, as Standard does.
"""

import torch
from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome, Stream
from lnl.learning.generative_classifier import (
    Gaussians,
    ensemble_shares,
    first_estimate,
    posterior,
    second_estimate,
    trusted_half,
)
from lnl.learning.selection import cross_entropy

SPEC = {
    "key": "rog",
    "title": "RoG",
    "version": 1,
    "paper": "Lee et al., ICML 2019",
    "networks": 1,
    "parameters": {
        "covariance": "pooled",  # decision rog_covariance: of the first estimate, or `as_released`
        "validation": "held-out",  # decision rog_validation: what decides on layers' weights; or `probe`, or `test`
        "rounds": 20,  # decision rog_ensemble: epochs over the validating set
        "layers": "all",  # decision rog_layers: that the network offers, or the `last` alone
    },
    "ranges": {"rounds": [0, 10000]},
    "values": {
        "covariance": ["pooled", "as_released"],
        "validation": ["held-out", "probe", "test"],
        "layers": ["all", "last"],
    },
    "settings": {
        "ieg/*/*": {"validation": "probe"},  # decision rog_validation: that protocol has trusted examples
        "rog-released/*/*": {"validation": "test", "covariance": "as_released"},
    },
    "traits": {"small_loss": False, "memorisation": False, "sgd": False},
}

SETS = {"held-out": "validation", "probe": "probe"}  # sets of the protocol


class RoG(Method):
    """As released; logits of its classifier are logarithms of the ensemble's posterior."""

    def streams(self) -> dict[str, Stream]:
        chosen = SETS.get(self.parameters["validation"])
        return {} if chosen is None else {"validating": Stream(batch=1, of=chosen)}

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        goes_on = "base" in learner.handovers
        with torch.set_grad_enabled(not goes_on):
            uniform, moves = (None, "frozen") if goes_on else (batch.uniform, "update")
            logits = learner.forward(batch.x, uniform, moves)
            losses = cross_entropy(logits, batch.labels)
        if not goes_on:
            learner.apply(learner.gradient(losses.mean(-1)))
        return Outcome(losses.mean(-1), losses, logits=logits)

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        if self.parameters["validation"] == "test":
            _ = learner.validating  # refused before anything is learned, where no test image validates
        return {}

    def layers(self, found: list[Tensor]) -> list[Tensor]:
        return found if self.parameters["layers"] == "all" else found[-1:]

    def finish(self, learner: Learner) -> None:
        places, classes = learner.train_index, self.setting.classes
        labels, fitted = learner.given[places], []
        for number, features in enumerate(self.layers(learner.layers_of(places))):
            keys = learner.uniform(f"rog layer {number}", (len(places),))
            first = first_estimate(features, labels, classes, keys, self.parameters["covariance"])
            fitted.append(second_estimate(features, labels, first))
        for number, gaussians in enumerate(fitted):
            learner.state[f"weights{number}"], learner.state[f"biases{number}"] = gaussians.linear()
        learner.state["shares"] = self.shares(learner, fitted)

    def shares(self, learner: Learner, fitted: list[Gaussians]) -> Tensor:
        """Weights of the layers: on the half of the validating examples whose labels the last layer finds likeliest."""
        layers, labels = self.validating(learner)
        chosen = trusted_half(layers[-1], labels, fitted[-1])
        seen = [posterior(x[chosen], *gaussians.linear()) for x, gaussians in zip(layers, fitted, strict=True)]
        keys = learner.uniform("rog ensemble", (self.parameters["rounds"], len(chosen)))
        return ensemble_shares(torch.stack(seen), labels[chosen], keys)

    def validating(self, learner: Learner) -> tuple[list[Tensor], Tensor]:
        """Layers' features and the labels of the examples that decide on weights."""
        if self.parameters["validation"] != "test":
            places, labels = learner.of_stream["validating"]
            return self.layers(learner.layers_of(places)), labels
        images, true = learner.validating
        return self.layers(learner.layers(images.float() / 255)), self.corrupted(learner, true)

    def corrupted(self, learner: Learner, true: Tensor) -> Tensor:
        """Labels of which the first ones, as many as the noise has a share of, are wrong, by the declared matrix."""
        # rounded first: the released code counts by whole percents, and 0.29 * 100 is less than 29
        count = int(round(len(true) * self.setting.noise_rate, 6))
        others = self.setting.transition[true[:count]].double()
        others = others.scatter(1, true[:count, None], 0.0).cumsum(-1)
        drawn = learner.uniform("rog labels", (count, 1)).double() * others[:, -1:]
        wrong = torch.searchsorted(others, drawn, right=True).flatten()
        kept = others[:, -1] == 0  # a class that this noise leaves alone
        return torch.cat([torch.where(kept, true[:count], wrong), true[count:]])

    def estimates(self, learner: Learner) -> dict[str, Tensor]:
        return {"layer_shares": learner.state["shares"]} if "shares" in learner.state else {}

    def predict(self, learner: Learner, x: Tensor, uniform: Tensor | None) -> Tensor:
        if "shares" not in learner.state:  # not fitted yet: the softmax head
            return learner.forward(x, uniform, batch_norm="frozen")
        state, mixed = learner.state, []
        for number, features in enumerate(self.layers(learner.layers(x))):
            mixed.append(posterior(features, state[f"weights{number}"], state[f"biases{number}"]))
        return torch.einsum("l,lnk->nk", state["shares"], torch.stack(mixed)).log()[None].float()
