"""IEG's step restated: plain loops, and double backward in place of forward mode."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import helpers
import torch

from lnl.engine.loop import Training
from lnl.learning.augment import augment
from lnl.learning.strong_view import strong as strong_view

DECAY, MOMENTUM = 0.0005, 0.9
SETS = {"probe": {"count": 30, "balanced": True, "held_out": "all"}}
LENGTH = {"steps": 40, "period": 8, "paper_steps": 40, "paper_period": 8, "clock": "cut"}


@contextmanager
def of_classes(count: int) -> Iterator[None]:
    before, helpers.CLASSES = helpers.CLASSES, count
    try:
        yield
    finally:
        helpers.CLASSES = before


def build(
    network: str = "digits_cnn",
    batch: int = 8,
    seed: int = 1,
    classes: int = 10,
    device: str = "cpu",
    shape: tuple[int, int, int] = (1, 8, 8),
    **parameters: Any,
) -> Training:
    decayed = parameters.pop("decayed", "all")
    described = helpers.spec(
        network,
        sets={"probe": SETS["probe"] | {"count": 3 * classes}},
        length=LENGTH,
        epochs=5,
        paper_epochs=5,
        untrained_epoch=False,
        batch={"size": batch, "steps_cap": None},
        optimiser={
            "name": "sgd",
            "lr": 0.05,
            "momentum": MOMENTUM,
            "weight_decay": DECAY,
            "schedule": "cosine_restarts",
            "first": 4,
            "longer": 1.5,
            "lower": 0.9,
            "decayed": decayed,
        },
    )
    values = helpers.method_parameters("ieg", **{"probe_batch": 12, **parameters})
    with of_classes(classes):
        data = helpers.arrays(examples=16 * classes, shape=shape)
        return helpers.build(
            "ieg", described, [seed], parameters=[values], data=data, noise="symmetric-50", device=device
        )


# ---- the restatement -----------------------------------------------------------------------------------------------


def _log_posterior(logits: torch.Tensor) -> torch.Tensor:
    return logits - torch.logsumexp(logits, -1, keepdim=True)


def _posterior(logits: torch.Tensor) -> torch.Tensor:
    return torch.exp(_log_posterior(logits))


def against(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of one example against a distribution, class by class."""
    log = logits - torch.logsumexp(logits, -1)
    return -sum((target[c] * log[c] for c in range(len(target))), torch.zeros(()))


def _scaled(logits: torch.Tensor, wanted: dict[str, Any]) -> torch.Tensor:
    if not wanted["scaled_logits"]:
        return logits
    total = sum((z * z for z in logits.flatten()), torch.zeros(()))
    return logits / torch.sqrt(total / logits.numel() + 1e-8)


def _guess(views: list[torch.Tensor], wanted: dict[str, Any]) -> torch.Tensor:
    mean = sum((_posterior(_scaled(z, wanted)) for z in views), torch.zeros(())) / len(views)
    return torch.stack([row**2 / (row**2).sum() for row in mean])


def restated(built: Training, batch: Any) -> dict[str, torch.Tensor]:
    """Section 1 of the released step, in its order, at the parameters that the training has now."""
    learner, wanted = built.learner, dict(built.methods[0].parameters)
    lr, classes, size = learner.lr, built.methods[0].setting.classes, len(batch.x)
    theta = learner.vector().clone().requires_grad_()
    momentum = learner.slots["momentum_buffer"][0].clone()
    relabels, meta = wanted["meta"] == "both", wanted["meta"] != "none"
    more = relabels or wanted["mixup"] or wanted["consistency"] > 0
    views = []
    for n, numbers in enumerate(batch.random["views"] if more else []):
        if wanted.get("crops") == "own":
            of_image, weak_too = batch.crops[n], wanted["second_view"] == "weak"
            views.append(of_image if weak_too else strong_view(of_image, numbers, wanted["policy"], cropped=True))
        elif wanted["second_view"] == "weak":
            views.append(augment("crop2-flip", batch.x, numbers))
        else:
            views.append(strong_view(batch.x, numbers, wanted["policy"], wanted["cutout"]))
    shapes = learner.population.shapes.values()
    decays = built.spec["optimiser"]["decayed"] == "all"
    mask = torch.cat([torch.full((math.prod(s),), float(decays or len(s) > 1)) for s in shapes])
    of_probe = torch.ones_like(mask) if wanted.get("probe_decay") == "all" else mask
    onehot = torch.eye(classes)[batch.labels[0]]

    def logits(at: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return learner.call(0, at, x, "batch")

    weak, strong = logits(theta, batch.x), [logits(theta, x) for x in views]
    guess = _guess([weak, *strong], wanted) if views else onehot
    stopped = guess.detach()
    begin = wanted["label_start"] if relabels else 1.0
    rest = 0.0 if wanted.get("weighted_target") == "scaled" else 1 - begin
    out: dict[str, torch.Tensor] = {"logits": weak.detach()} | ({"pseudo labels": stopped} if views else {})
    loss = DECAY / 2 * (mask * theta.square()).sum()
    if meta:
        start = 1 / size if wanted["weight_start"] == "uniform" else 0.0
        omega = torch.full((size,), start, requires_grad=True)
        lam = torch.full((size,), begin, requires_grad=True)
        at_first = guess if wanted["pseudo_label"] == "flows" else stopped
        each = [against(weak[i], lam[i] * onehot[i] + (1 - lam[i]) * at_first[i]) for i in range(size)]
        first = (
            sum((omega[i] * each[i] for i in range(size)), torch.zeros(())) + DECAY / 2 * (mask * theta.square()).sum()
        )
        (slope,) = torch.autograd.grad(first, theta, create_graph=True)
        ahead = slope + (MOMENTUM * momentum if wanted["look_ahead"] == "momentum" else 0)
        at = theta - wanted["meta_rate"] * ahead
        x, labels = batch.streams["probe"]
        on_probe = logits(at, x)
        probe = sum((against(on_probe[i], torch.eye(classes)[labels[i]]) for i in range(len(x))), torch.zeros(()))
        judge = probe / len(x) + DECAY / 2 * (of_probe * at.square()).sum()
        of_omega, of_lam = torch.autograd.grad(judge, [omega, lam], retain_graph=True, allow_unused=True)
        if wanted.get("meta_batch_norm") == "frozen":
            of_omega, of_lam = _frozen(built, batch, views, wanted, theta.detach(), at.detach(), stopped, of_probe)
        kept = (-of_omega).clamp(min=0)
        out["raw weights"] = -of_omega
        out["weights"] = kept / (kept.sum() + 1e-5)
        terms = [sum((out["weights"][i] * against(weak[i], begin * onehot[i] + rest * stopped[i]) for i in range(size)), torch.zeros(()))]  # fmt: skip  # noqa: E501
        if relabels:
            out["kept"], out["slope of lambda"] = (of_lam < 0).float(), of_lam
            chosen = [onehot[i] if of_lam[i] < 0 else stopped[i] for i in range(size)]
            terms.append(sum((against(weak[i], chosen[i]) for i in range(size)), torch.zeros(())) / size)
        out["cross-entropies"] = sum(terms, torch.zeros(())) / (len(terms) if wanted["terms"] == "averaged" else 1)
        loss = loss + out["cross-entropies"]
    if wanted["mixup"]:
        out["mixing"] = _mixing(batch, views, stopped, wanted, classes, lambda x: logits(theta, x))
        loss = loss + out["mixing"]
    if wanted["consistency"] > 0:
        teacher, surely = _posterior(weak).detach(), _log_posterior(weak).detach()
        apart = torch.zeros(())
        for z in strong:
            student = _log_posterior(z)  # a posterior of 1e-20 has a logarithm, and no gradient through its quotient
            for i in range(size):
                apart = apart + sum((teacher[i, c] * (surely[i, c] - student[i, c]) for c in range(classes)), torch.zeros(()))  # fmt: skip  # noqa: E501
        out["consistency"] = wanted["consistency"] * apart / size / len(strong)
        loss = loss + out["consistency"]
    (gradient,) = torch.autograd.grad(loss, theta)
    after = MOMENTUM * momentum + gradient
    out["theta"] = theta.detach() - lr * after
    n = int(learner.state["averaged"]) + 1
    keep = min(wanted["average"], (1 + n) / (10 + n))
    out["average"] = keep * learner.state["average"] + (1 - keep) * out["theta"]
    return out


def _frozen(
    built: Training,
    batch: Any,
    views: list[torch.Tensor],
    wanted: dict[str, Any],
    theta: torch.Tensor,
    at: torch.Tensor,
    stopped: torch.Tensor,
    mask: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Derivatives of the probe loss at theta' with respect to omega and lambda, all by running statistics in which the
    batch's own already are: inner products with each example's gradient, one backward pass for every example."""
    classes = built.methods[0].setting.classes

    def logits(at: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return built.learner.call(0, at, x, "frozen")

    before = {name: b.clone() for name, b in built.learner.population.buffers.items()}
    built.learner.call(0, theta, batch.x, "update")
    at.requires_grad_()
    x, labels = batch.streams["probe"]
    judge = sum(
        (against(z, torch.eye(classes)[y]) for z, y in zip(logits(at, x), labels, strict=True)), torch.zeros(())
    )
    (v,) = torch.autograd.grad(judge / len(x) + DECAY / 2 * (mask * at.square()).sum(), at)
    flows = wanted["pseudo_label"] == "flows" and wanted["weight_start"] == "uniform"
    begin = wanted["label_start"] if wanted["meta"] == "both" else 1.0
    of_omega, of_lam = [], []
    for i, label in enumerate(batch.labels[0]):
        here = theta.clone().requires_grad_()
        weak = logits(here, batch.x)
        guess = _guess([weak, *(logits(here, view) for view in views)], wanted) if flows else stopped
        on_given, on_guess = against(weak[i], torch.eye(classes)[label]), against(weak[i], guess[i])
        mixed = begin * on_given + (1 - begin) * on_guess
        (slope,) = torch.autograd.grad(mixed, here, retain_graph=True)
        (by_label,) = torch.autograd.grad(on_given - on_guess, here)
        of_omega.append(-wanted["meta_rate"] * (v * slope).sum())
        of_lam.append(-wanted["meta_rate"] / len(batch.x) * (v * by_label).sum())
    for name, b in built.learner.population.buffers.items():
        b.copy_(before[name])
    return torch.stack(of_omega), torch.stack(of_lam)


def _mixing(
    batch: Any, views: list[torch.Tensor], guess: torch.Tensor, wanted: dict[str, Any], classes: int, logits: Any
) -> torch.Tensor:
    x, labels = batch.streams["probe"]
    pool: list[tuple[torch.Tensor, torch.Tensor]] = []
    for u in batch.random["probes"].tolist():
        drawn = int(u * len(x))
        pool.append((x[drawn], torch.eye(classes)[labels[drawn]]))
    for images in [batch.x, *views]:
        pool += list(zip(images, guess, strict=True))
    order = sorted(range(len(pool)), key=lambda i: float(batch.random["partner"][i]))
    images, targets = [], []
    for i, u in enumerate(batch.random["ratio"].tolist()):
        w = 1 - u * u / 2 if wanted["ratio"] == "as_released" else math.sin(math.pi * u / 2) ** 2
        w = max(w, 1 - w)
        images.append(w * pool[i][0] + (1 - w) * pool[order[i]][0])
        targets.append(w * pool[i][1] + (1 - w) * pool[order[i]][1])
    found = logits(torch.stack(images))
    size, probes = len(batch.x), len(batch.random["probes"])
    bounds = [0, *(probes + size * v for v in range(2 + len(views)))]
    groups = [_scaled(found[a:b], wanted) for a, b in pairwise(bounds)]
    each = [against(z, t) for z, t in zip(torch.cat(groups), targets, strict=True)]
    on_probes, others = torch.stack(each[:probes]).mean(), torch.stack(each[probes:]).mean()
    return on_probes + wanted["mix_weight"] * others
