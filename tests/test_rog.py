"""RoG's estimates, classifier and ensemble against scipy, scikit-learn and loops; the method alone and as a stage."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pytest
import scipy.linalg
import torch
import torch.nn.functional as F
import yaml
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import mahalanobis
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from suite_copy import TABLE, SuiteCopy

from lnl.data.sets import draw_sets
from lnl.data.splits import evaluation_parts
from lnl.declared import dependencies
from lnl.declared.data_places import Places
from lnl.declared.suite import Cell, Run, Suite
from lnl.engine.loop import Stopped, Training
from lnl.engine.progress import unwatched
from lnl.errors import UserError
from lnl.learning import generative_classifier
from lnl.learning.generative_classifier import (
    Gaussians,
    ensemble_shares,
    first_estimate,
    posterior,
    second_estimate,
    trusted_half,
)
from lnl.networks import build as build_network
from lnl.networks.layers import batch_norm_mode
from lnl.networks.registry import NETWORKS, resolve
from lnl.networks.taps import tapped
from lnl.networks.wide_resnet import reshaped
from lnl.run.job import job
from lnl.run.store import Store


def planted(
    classes: int, width: int, each: int, seed: int, wrong: float = 0.0, apart: float = 2.0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(features, given labels, true labels): Gaussians of one covariance, `wrong` of the labels other ones."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(width, width)) / np.sqrt(width)
    true = np.repeat(np.arange(classes), each)
    means = rng.normal(size=(classes, width)) * apart
    features = (means[true] + rng.normal(size=(len(true), width))) @ mixing
    flipped = rng.random(len(true)) < wrong
    labels = np.where(flipped, (true + rng.integers(1, classes, len(true))) % classes, true)
    return torch.tensor(features).float(), torch.tensor(labels), torch.tensor(true)


# ---- the estimates -------------------------------------------------------------------------------------------------


def restated(x: np.ndarray, y: np.ndarray, keys: np.ndarray, classes: int, released: bool) -> list[Any]:
    """[means, precision] of both estimates, as the released code goes through them."""
    chosen = []
    for c in range(classes):
        mine = [n for n in range(len(y)) if y[n] == c]
        chosen.append(sorted(mine, key=lambda n: keys[n])[: int(len(mine) * 0.7)])
    out = []
    for second in (False, True):
        sizes = [int((y == c).sum()) if second else len(chosen[c]) for c in range(classes)]
        total = sum(sizes)
        if second:
            means, precision = out[0]
            for c in range(classes):
                mine = [n for n in range(len(y)) if y[n] == c]
                score = {n: -0.5 * (x[n] - means[c]) @ precision @ (x[n] - means[c]) for n in mine}
                chosen[c] = sorted(mine, key=lambda n: -score[n])[: int(len(mine) * 0.7)]
        means = np.stack([x[places].mean(0) for places in chosen])
        summed = np.zeros((x.shape[1], x.shape[1]))
        for c, places in enumerate(chosen):
            apart = x[places] - means[c]
            summed = summed + sizes[c] * (apart.T @ apart) / len(places)
            if released and not second:
                summed = summed / total
        if not (released and not second):
            summed = summed / total
        out.append([means, scipy.linalg.pinvh(summed, rtol=2.220446049250313e-10 if second else 1.1920928955078125e-4)])
    return out


@examples(12)
@given(
    classes=st.integers(2, 5), width=st.integers(1, 4), each=st.integers(14, 18), seed=st.integers(0, 999),
    covariance=st.sampled_from(["pooled", "as_released"]),
)  # fmt: skip
def test_estimates_are_the_restated_ones(classes: int, width: int, each: int, seed: int, covariance: str) -> None:
    # more examples than a simplex has corners: those are all at one distance from their mean
    features, labels, _ = planted(classes, width, each, seed, wrong=0.1)
    labels[:classes] = torch.arange(classes)
    labels[-classes:] = torch.arange(classes)
    keys = torch.rand(len(labels), generator=torch.Generator().manual_seed(seed))
    first = first_estimate(features, labels, classes, keys, covariance)
    wanted = restated(features.double().numpy(), labels.numpy(), keys.numpy(), classes, covariance == "as_released")
    for found, (means, precision) in zip((first, second_estimate(features, labels, first)), wanted, strict=True):
        assert found.means.numpy() == pytest.approx(means, rel=1e-9, abs=1e-9)
        scale = np.abs(precision).max()
        assert found.precision.numpy() / scale == pytest.approx(precision / scale, rel=1e-6, abs=1e-7)


def test_distances_and_posterior_are_those_of_other_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where everything counts, this is linear discriminant analysis with equal priors."""
    monkeypatch.setattr(generative_classifier, "KEPT", 1.0)
    features, labels, _ = planted(4, 6, 30, 3)
    gaussians = second_estimate(features, labels, first_estimate(features, labels, 4, torch.rand(len(labels))))
    x = features.double().numpy()
    to_all = torch.stack([gaussians.distances(features, torch.full_like(labels, c)) for c in range(4)], -1)
    for n in range(20):
        for c in range(4):
            wanted = mahalanobis(x[n], gaussians.means[c].numpy(), gaussians.precision.numpy()) ** 2
            assert to_all[n, c].item() == pytest.approx(wanted, rel=1e-9)
    assert gaussians.distances(features, labels).equal(to_all[torch.arange(len(labels)), labels])
    analysis = LinearDiscriminantAnalysis(solver="lsqr", priors=[0.25] * 4).fit(x, labels.numpy())
    found = posterior(features, *gaussians.linear())
    assert found.numpy() == pytest.approx(analysis.predict_proba(x), abs=1e-8)
    assert found.argmax(1).equal(to_all.argmin(1)), "the nearest mean"


def test_a_class_without_examples_is_never_predicted() -> None:
    features, labels, _ = planted(3, 4, 20, 1)
    labels[labels == 1] = 2
    gaussians = second_estimate(features, labels, first_estimate(features, labels, 3, torch.rand(60)))
    found = posterior(features, *gaussians.linear())
    assert found.isfinite().all() and (found[:, 1] == 0).all() and gaussians.empty.tolist() == [False, True, False]


def test_directions_without_variance_do_not_count() -> None:
    """Features that are always zero, or a copy of another but for rounding."""
    features, labels, true = planted(3, 5, 60, 2)
    more = torch.cat([features, torch.zeros(180, 2), features[:, :1] * 3], 1)
    keys = torch.rand(180)
    plain, wider = (second_estimate(x, labels, first_estimate(x, labels, 3, keys)) for x in (features, more))
    predicted = [posterior(x, *g.linear()).argmax(1) for x, g in ((features, plain), (more, wider))]
    assert predicted[0].equal(predicted[1]) and (predicted[0] == true).float().mean() > 0.9


def test_it_beats_a_softmax_head_that_was_fitted_to_the_same_noisy_labels() -> None:
    """Ten classes, 60% of 600 labels wrong, 64 features: the released covariance begins badly and ends as well."""
    everything, labels, true = planted(10, 64, 260, 5, apart=0.8)
    seen = (torch.arange(2600) % 260) < 60
    x, unseen, y = everything[seen], everything[~seen], labels[seen].clone()
    wrong = torch.rand(600, generator=torch.Generator().manual_seed(1)) < 0.6
    y[wrong] = (y[wrong] + torch.randint(1, 10, (int(wrong.sum()),), generator=torch.Generator().manual_seed(2))) % 10
    weights, ones = torch.zeros(10, 65, requires_grad=True), torch.ones(2000, 1)
    optimiser = torch.optim.LBFGS([weights], max_iter=200)

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        out = F.cross_entropy(torch.cat([x, ones[:600]], 1) @ weights.T, y)
        out.backward()
        return out

    optimiser.step(loss)
    softmax = ((torch.cat([unseen, ones], 1) @ weights.T).argmax(1) == true[~seen]).float().mean().item()
    keys, accuracy = torch.rand(600, generator=torch.Generator().manual_seed(0)), {}
    for covariance in ("pooled", "as_released"):
        first = first_estimate(x, y, 10, keys, covariance)
        for name, gaussians in (("first", first), ("second", second_estimate(x, y, first))):
            found = posterior(unseen, *gaussians.linear()).argmax(1)
            accuracy[covariance, name] = (found == true[~seen]).float().mean().item()
    assert accuracy["pooled", "second"] > softmax + 0.1, (accuracy, softmax)
    assert accuracy["pooled", "second"] > accuracy["pooled", "first"] > accuracy["as_released", "first"] + 0.1
    assert accuracy["as_released", "second"] > softmax + 0.1


# ---- the ensemble --------------------------------------------------------------------------------------------------


def test_shares_are_those_of_torchs_adam() -> None:
    generator = torch.Generator().manual_seed(4)
    seen = torch.softmax(2 * torch.randn(3, 120, 5, generator=generator), -1).double()
    labels = torch.randint(5, (120,), generator=generator)
    keys = torch.rand(20, 120, generator=generator)
    weights = torch.ones(3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([weights], lr=0.02)
    for key in keys:
        order = key.argsort()
        for begin in (0, 50):  # of 120 the last 20 are dropped
            places = order[begin : begin + 50]
            mixture = (torch.softmax(weights, 0)[:, None, None] * seen[:, places]).sum(0)
            optimiser.zero_grad()
            F.nll_loss((mixture + 1e-10).log(), labels[places]).backward()
            optimiser.step()
    found = ensemble_shares(seen, labels, keys)
    assert found.tolist() == pytest.approx(torch.softmax(weights, 0).tolist(), rel=1e-8)
    assert ensemble_shares(seen, labels, keys[:0]).tolist() == pytest.approx([1 / 3] * 3)
    few = ensemble_shares(seen[:, :7], labels[:7], keys[:, :7])
    assert few.sum().item() == pytest.approx(1) and (few - 1 / 3).abs().max() > 0.01, "a batch of its own"


def test_the_layer_that_knows_more_weighs_more_and_wrong_labels_are_left_out() -> None:
    features, given_labels, true = planted(4, 6, 50, 7, wrong=0.4)
    clean = Gaussians(torch.stack([features[true == c].double().mean(0) for c in range(4)]),
                      torch.linalg.pinv(torch.cov(features.T.double())), torch.zeros(4, dtype=torch.bool))  # fmt: skip
    chosen = trusted_half(features, given_labels, clean)
    means, precision = clean.means.numpy(), clean.precision.numpy()
    apart = [mahalanobis(x, means[y], precision) for x, y in zip(features.double(), given_labels, strict=True)]
    assert chosen.tolist() == np.argsort(apart)[:100].tolist()
    assert (given_labels[chosen] == true[chosen]).float().mean() > (given_labels == true).float().mean()
    knows = F.one_hot(true, 4) * 0.9 + 0.025
    shares = ensemble_shares(torch.stack([torch.full((200, 4), 0.25), knows]).double(), true, torch.rand(20, 200))
    assert shares[1] > 0.8


# ---- features of several layers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(  # WRN-28-10 has its layers in common with its narrow sister
    "name", [n for n, info in NETWORKS.items() if n != "softsign_mlp" and info.smallest <= 32 and "28_10" not in n]
)
def test_every_network_offers_features_and_is_left_as_it_was(name: str) -> None:
    shape = (1, 8, 8) if name.startswith("digits") else (1, 28, 28) if name == "l2r_lenet" else (3, 32, 32)
    network = build_network(name, shape, 10, **resolve(name, {})[1])
    x = torch.rand(3, *shape)
    with torch.no_grad(), batch_norm_mode("frozen"):
        features, logits = tapped(network, x), network(x)
        last = [layer for layer in network.modules() if isinstance(layer, torch.nn.Linear)][-1]
        assert last(features[-1]).equal(logits)
    assert len(features) == 1 + len(network.taps)
    assert all(each.dim() == 2 and len(each) == 3 for each in features)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())


def test_features_of_a_residual_network_are_means_of_its_last_blocks() -> None:
    network = build_network("resnet34", (3, 32, 32), 10, batch_norm_scale="ones")
    x = torch.rand(2, 3, 32, 32)
    with torch.no_grad(), batch_norm_mode("frozen"):
        at = F.relu(network.norm(network.conv(x)))
        blocks = []
        for block in network.blocks:
            at = block(at)
            blocks.append(at.mean((2, 3)))
        found = tapped(network, x)
    assert len(found) == 3 and all(a.allclose(b) for a, b in zip(found, blocks[-3:], strict=True))


def _of_densenet(network: torch.nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    """models/densenet.py of RoG: the third block behind its layers 5 and 10, and behind batch norm and ReLU."""
    out, found = network.conv(network.standardised(x)), []  # type: ignore[operator]
    for number, block in enumerate(network.blocks):  # type: ignore[arg-type]
        out = out if number == 0 else network.transitions[number - 1](out)  # type: ignore[index,operator]
        for index, layer in enumerate(block):
            out = layer(out)
            found += [out] if (number, index) in ((2, 5), (2, 10)) else []
    return [*found, F.relu(network.last(out))]  # type: ignore[operator]


def _of_resnet29(network: torch.nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    """The last stage's units, the last of them behind batch norm and ReLU."""
    found = [F.relu(network.norm(network.conv(2 * x - 1)))]  # type: ignore[operator]
    for unit in network.units:  # type: ignore[union-attr]
        found.append(unit(found[-1]))
    return [*found[-3:-1], F.relu(network.last(found[-1]))]  # type: ignore[operator]


def _of_wide(network: torch.nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    out = network.conv(2 * x - 1)  # type: ignore[operator]
    found, skips = [], "IEG" in type(network).__name__
    first = out
    for number, stage in enumerate(network.stages):  # type: ignore[arg-type]
        begun = out
        for unit in stage:
            out = unit(out)
            found.append(out)
        out = out + reshaped(begun, out.shape[1], 2 if number else 1) if skips else out
    out = out + reshaped(first, out.shape[1], 4) if skips else out
    return [*found[-4:-1], F.relu(network.norm(out))]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [("densenet100", _of_densenet), ("ieg_resnet29", _of_resnet29), ("wrn28_2", _of_wide), ("ieg_wrn28_2", _of_wide)],
)
def test_features_are_those_of_the_last_block_or_stage(
    name: str, by_hand: Callable[[torch.nn.Module, torch.Tensor], list[torch.Tensor]]
) -> None:
    network, x = build_network(name, (3, 32, 32), 10, batch_norm_scale="ones"), torch.rand(2, 3, 32, 32)
    with torch.no_grad(), batch_norm_mode("frozen"):
        found, wanted = tapped(network, x), [maps.mean((2, 3)) for maps in by_hand(network, x)]
    assert [layer.shape for layer in found] == [layer.shape for layer in wanted]
    for mine, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(mine, theirs)


def test_each_estimate_leaves_out_directions_by_its_own_precision() -> None:
    """A millionth of the largest variance is noise in single precision, in which the first estimate comes to scipy's
    pseudo-inverse, and a direction as any other in double precision."""
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(400, 2, generator=generator, dtype=torch.float64) * torch.tensor([1.0, 1e-3])
    labels = torch.arange(400) % 2
    first = first_estimate(features, labels, 2, torch.rand(400, generator=generator))
    second = second_estimate(features, labels, first)
    assert first.precision[1].abs().max() < 10 and first.precision[0, 0] == pytest.approx(1, rel=0.3)
    assert 3e5 < second.precision[1, 1] < 3e6


# ---- the method ----------------------------------------------------------------------------------------------------

HELD = {"validation": {"count": 40, "labels": "given", "held_out": "all"}}
ADAM = {"name": "adam", "lr": 0.01, "schedule": "constant"}


def spec(**changes: Any) -> dict[str, Any]:
    own = {"sets": HELD, "epochs": 40, "paper_epochs": 40, "untrained_epoch": False, "optimiser": ADAM}
    return helpers.spec("digits_cnn", **(own | changes))


def rog(points: tuple[str, ...] = (), described: dict[str, Any] | None = None, **changes: Any) -> Training:
    values = helpers.method_parameters("rog", **changes)
    data = helpers.arrays(examples=256)
    return helpers.build("rog", described or spec(), parameters=[values], points=points, data=data)


def test_alone_it_trains_as_standard_does_and_its_head_is_replaced_in_the_end() -> None:
    base = helpers.build("standard", spec(), data=helpers.arrays(examples=256))
    base.run()
    alone = rog()
    alone.run()
    assert alone.learner.population.flat.equal(base.learner.population.flat)
    ours, softmax = (built.curves[0]["test_accuracy"][0] for built in (alone, base))
    assert ours[:-1] == softmax[:-1]
    memorised = base.curves[0]["train_accuracy_given"][0][-1]
    assert memorised > 90, "of labels half of which are wrong"
    assert ours[-1] > softmax[-1] + 10, (ours[-1], softmax[-1])
    shares = alone.methods[0].estimates(alone.learner)["layer_shares"]
    assert len(shares) == 3 and shares.sum().item() == pytest.approx(1)
    held = set(alone.runs[0].trusted["validating"].tolist())
    assert len(held) == 40 and not held & set(alone.runs[0].train_index.tolist())


@pytest.mark.parametrize("stop", [3, 24])
def test_it_resumes_anywhere(stop: int) -> None:
    described = spec(epochs=4, paper_epochs=4)
    whole, part, rest = (rog(described=described) for _ in range(3))
    whole.run()
    kept = io.BytesIO()
    with pytest.raises(Stopped):
        part.run(lambda: part.position.total >= stop, lambda: (kept.seek(0), torch.save(part.snapshot(), kept))[0])  # type: ignore[arg-type,func-returns-value]
    kept.seek(0)
    rest.restore(torch.load(kept, weights_only=True))
    rest.run()
    assert rest.curves == whole.curves
    assert all(tensor.equal(whole.learner.state[name]) for name, tensor in rest.learner.state.items())


def test_as_released_images_of_the_test_file_decide_and_do_not_test() -> None:
    with pytest.raises(UserError, match=r"set protocol\.split: test-first"):
        rog(described=spec(epochs=2, paper_epochs=2), validation="test").run()
    described = spec(epochs=2, paper_epochs=2, split="test-first", sets={})
    built = rog(described=described, validation="test", covariance="as_released")
    built.run()
    assert len(built.data.parts["validation"][1]) == 10 and len(built.data.parts["test"][1]) == 40
    assert len(built.runs[0].train_index) == 256
    assert len(built.learner.state["shares"]) == 3


@pytest.mark.parametrize("noise", ["symmetric-50", "pair-45"])
def test_as_released_layers_are_weighed_by_corrupted_labels_of_test_images(noise: str) -> None:
    described = spec(epochs=2, paper_epochs=2, split="test-first", sets={})
    built = helpers.build(
        "rog", described, parameters=[helpers.method_parameters("rog", validation="test")], noise=noise,
        data=helpers.arrays(examples=256),
    )  # fmt: skip
    built.run()
    learner, data = built.learner, helpers.arrays(examples=256)
    places = sorted(int(np.flatnonzero(data.test_labels == c)[0]) for c in range(10))  # a twentieth, one of each class
    images, true = (torch.from_numpy(part[places]) for part in (data.test_images, data.test_labels))
    labels = built.methods[0].corrupted(learner, true)
    network = learner._single().modules[0]
    with torch.no_grad(), batch_norm_mode("frozen"):
        seen = tapped(network, images.float() / 255)
        trained = tapped(network, torch.from_numpy(data.train_images).float() / 255)
    noisy, posteriors = built.runs[0].given, []
    for number, features in enumerate(trained):
        keys = learner.uniform(f"rog layer {number}", (256,))
        fitted = second_estimate(features, noisy, first_estimate(features, noisy, 10, keys))
        posteriors.append(posterior(seen[number], *fitted.linear()))
    half = trusted_half(seen[-1], labels, fitted)  # by the last layer
    shares = [
        ensemble_shares(torch.stack(posteriors)[:, half], of[half], learner.uniform("rog ensemble", (20, 5)))
        for of in (labels, true)
    ]
    assert not torch.allclose(*shares, atol=1e-3) and not labels.equal(true)
    assert learner.state["shares"].tolist() == pytest.approx(shares[0].tolist(), abs=1e-6)


def test_what_goes_on_from_another_network_leaves_it_as_it_was() -> None:
    """Weights and running statistics of a network with batch norm, whose training figures are its own in evaluation."""
    base = helpers.build("standard", spec(epochs=2, paper_epochs=2), points=("final",))
    base.run()
    stage = {"stage": {"name": "rog", "optimiser_state": "new"}}
    values = [helpers.method_parameters("rog")]
    built = helpers.build(
        "rog",
        spec(epochs=1, paper_epochs=1) | stage,
        parameters=values,
        handovers={"base": base.hand_overs.saved["final"]},
    )
    before = {name: tensor.clone() for name, tensor in built.learner.networks().items()}
    built.run()
    assert len(before) > 1 and all(tensor.equal(before[n]) for n, tensor in built.learner.networks().items())
    x, given = built.data.gather(built.batches.order), built.batches.given
    rows = built.learner.forward(x, None, "frozen")[0].detach()
    wanted = 100 * (rows.argmax(-1) == given).float().mean().item()
    assert built.curves[0]["train_accuracy_given"][0][-1] == pytest.approx(wanted, rel=1e-5)


def test_the_first_of_each_class_validate() -> None:
    shuffled = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 40))
    numbered = np.arange(400).astype(np.uint8).reshape(-1, 1, 1, 1)
    data = replace(helpers.arrays(examples=20), test_labels=shuffled, test_images=numbered)
    images, labels, others, rest = evaluation_parts(data, "test-first")
    assert np.bincount(labels).tolist() == [2] * 10 and len(rest) == 380  # type: ignore[arg-type]
    for c in range(10):
        mine = np.flatnonzero(data.test_labels == c)
        assert images[labels == c].ravel().tolist() == data.test_images[mine[:2]].ravel().tolist()  # type: ignore[index]
        assert others[rest == c].ravel().tolist() == data.test_images[mine[2:]].ravel().tolist()


@pytest.mark.parametrize("noise", ["symmetric-50", "pair-45"])
def test_labels_that_are_corrupted(noise: str) -> None:
    values = helpers.method_parameters("rog", validation="test")
    built = helpers.build("rog", spec(split="test-first", sets={}), parameters=[values], noise=noise)
    true = torch.arange(4000) % 10
    found = built.methods[0].corrupted(built.learner, true)
    count = int(4000 * float(noise[-2:]) / 100)
    assert (found[:count] != true[:count]).all() and found[count:].equal(true[count:])
    if noise == "pair-45":
        assert found[:count].equal((true[:count] + 1) % 10)
    else:
        assert ((found[:count] - true[:count]) % 10).bincount(minlength=10)[1:].min() > 0.7 * count / 9


def test_a_class_that_the_noise_leaves_alone_keeps_its_labels() -> None:
    values = helpers.method_parameters("rog", validation="test")
    built = helpers.build("rog", spec(split="test-first", sets={}), parameters=[values], noise="pair-45")
    built.methods[0].setting.transition[7] = torch.eye(10)[7]
    true = torch.arange(400) % 10
    found = built.methods[0].corrupted(built.learner, true)
    assert found[true == 7].eq(7).all()
    assert (found[:180] != true[:180])[true[:180] != 7].all()


@pytest.mark.parametrize("examples", [50, 100, 500, 1000, 4000])
def test_as_many_labels_are_corrupted_as_a_percentage_says(examples: int) -> None:
    values = helpers.method_parameters("rog", validation="test")
    built = helpers.build("rog", spec(split="test-first", sets={}), parameters=[values])
    method, true = built.methods[0], torch.arange(examples) % 10
    for percent in range(101):
        method.setting = replace(method.setting, noise_rate=percent / 100)
        assert (method.corrupted(built.learner, true) != true).sum() == examples * percent // 100, percent


BOTH = HELD | {"probe": {"count": 30, "balanced": True, "held_out": "all"}}


@pytest.mark.parametrize("layers", ["all", "last"])
@pytest.mark.parametrize(("validation", "name"), [("held-out", "validation"), ("probe", "probe")])
def test_the_classifier_is_the_restated_one_of_the_layers_and_examples_that_are_asked_for(
    validation: str, name: str, layers: str
) -> None:
    """Which features, which examples with which labels, and which half of them."""
    built = rog(described=spec(sets=BOTH, epochs=3, paper_epochs=3), validation=validation, layers=layers)
    built.run()
    learner, data = built.learner, helpers.arrays(examples=256)
    x = torch.from_numpy(data.train_images).float() / 255
    true, noisy = torch.from_numpy(data.train_labels), built.runs[0].given
    drawn = draw_sets(BOTH, data.train_labels, 10, "prototypes", 1)
    trained = torch.tensor(sorted(set(range(256)) - set(drawn["validation"]) - set(drawn["probe"])))
    deciding = torch.from_numpy(drawn[name])
    labels = (noisy if validation == "held-out" else true)[deciding]
    assert (noisy != true)[deciding].any() and len(deciding) == {"probe": 30, "validation": 40}[name]

    def features(images: torch.Tensor) -> list[torch.Tensor]:
        network = learner._single().modules[0]
        with torch.no_grad(), batch_norm_mode("frozen"):
            found = tapped(network, images)
        return found if layers == "all" else [found[-1]]

    fitted = []
    for number, seen in enumerate(features(x[trained])):
        first = first_estimate(seen, noisy[trained], 10, learner.uniform(f"rog layer {number}", (len(trained),)))
        fitted.append(second_estimate(seen, noisy[trained], first))
    seen, last = features(x[deciding]), fitted[-1]
    apart = [
        mahalanobis(row.double().numpy(), last.means[label].numpy(), last.precision.numpy())
        for row, label in zip(seen[-1], labels, strict=True)
    ]
    half = sorted(range(len(labels)), key=lambda n: apart[n])[: len(labels) // 2]
    assert half != list(range(len(half)))
    posteriors = torch.stack([posterior(s[half], *g.linear()) for s, g in zip(seen, fitted, strict=True)])
    keys = learner.uniform("rog ensemble", (20, len(half)))
    wanted = ensemble_shares(posteriors, labels[half], keys)
    assert len(wanted) == {"all": 3, "last": 1}[layers]
    assert learner.state["shares"].tolist() == pytest.approx(wanted.tolist(), abs=1e-6)
    assert layers == "last" or (wanted - 1 / 3).abs().max() > 1e-3
    tested = torch.from_numpy(data.test_images).float() / 255
    mixture = sum(
        share * posterior(s, *g.linear()) for share, s, g in zip(wanted, features(tested), fitted, strict=True)
    )
    predicted = built.methods[0].predict(learner, tested, None)[0].exp()
    torch.testing.assert_close(predicted, mixture.float(), atol=1e-4, rtol=1e-4)  # type: ignore[union-attr]


PROTOCOL: dict[str, Any] = {
    "title": "A training and its generative classifiers",
    "source": "a test",
    "datasets": {"mnist": {"network": "mlp"}},
    "noise": {"vector": "fixed", "seed": 0, "generator": "as_released"},
    "split": "none",
    "sets": {"validation": {"count": 50, "labels": "given", "held_out": "all"}},
    "epochs": 3,
    "untrained_epoch": False,
    "batch": {"size": 32},
    "optimiser": {"name": "sgd", "lr": 0.1, "momentum": 0.9, "schedule": "constant"},
    "stages": {"rog": {"title": "another head", "begins": "final", "method": "rog", "epochs": 1}},
}


def test_as_a_stage_it_goes_on_from_a_row_and_moves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = SuiteCopy.make(tmp_path / "checkout")
    (copy.root / "tables/small.yaml").unlink()
    (copy.root / "config/protocols/staged.yaml").write_text(yaml.safe_dump(PROTOCOL, sort_keys=False))
    columns = [{"key": "plain", "label": "Plain", "method": "standard"},
               {"key": "rog", "label": "RoG", "method": "standard", "stage": "rog"}]  # fmt: skip
    table = {k: v for k, v in TABLE.items() if k not in ("published", "joins", "tolerance")}
    table |= {"protocol": "staged", "columns": columns, "statistic": "final"}
    (copy.root / "tables/staged.yaml").write_text(yaml.safe_dump(table, sort_keys=False))
    monkeypatch.chdir(copy.root)
    suite = Suite.load(Path(), {"device": "cpu", "scale": "demo"})
    results = {}
    for name in ("standard", "standard-rog"):
        run = Run(Cell("staged", "digits", "symmetric-50", name), 1)
        points = dependencies.handover_points(suite, run)
        trained = job(suite, run, Places.of(suite.config), "cpu", lambda: False, unwatched, None, points)
        del trained
        for point in points:
            Store(suite, run).publish_handover(point)
        results[name] = dict(json.loads(Store(suite, run).record_file.read_text())["result"])
    base, staged = results["standard"], results["standard-rog"]
    assert staged["spec"]["method"]["key"] == "rog" and staged["spec"]["stage"]["from"] == base["digest"]
    assert staged["estimates"] == {"layer_shares": [1.0]}
    assert staged["status"] == "ok" and len(staged["curves"]["test_accuracy"][0]) == 1
    assert staged["curves"]["test_accuracy"][0][-1] > 50 and staged["sets"] == base["sets"]
    again = Run(Cell("staged", "digits", "symmetric-50", "standard-rog"), 1)
    from lnl.run.inputs import prepare

    built, _ = prepare(suite, [again], Places.of(suite.config), torch.device("cpu"), "single", ())
    before = built.learner.population.flat.clone()
    built.run()
    assert built.learner.population.flat.equal(before)
