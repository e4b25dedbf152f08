"""Baselines of Learning to Reweight: a step of each, and the sampling of Resample, against plain loops."""

from __future__ import annotations

from typing import Any

import helpers
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lnl.data.arrays import Arrays
from lnl.engine.build import load_method
from lnl.engine.loop import Training
from lnl.learning.class_balance import balanced_places
from lnl.learning.estimation import confusion

RATE = 0.5
SETS: dict[str, Any] = {"clean": {"count": 60, "balanced": True, "held_out": "all"}}


def uneven() -> Arrays:
    """256 images, of which the lower classes have many more than the higher ones."""
    data = helpers.arrays()
    share = np.linspace(3, 1, 10)
    data.train_labels[:] = np.random.default_rng(5).choice(10, len(data.train_labels), p=share / share.sum())
    data.train_labels[:100] = np.arange(100) % 10  # enough of each for the clean set
    return data


def _build(method: str, network: str = "digits_mlp", batch: int = 16, **parameters: Any) -> Training:
    """A training by SGD without momentum, on what a set that nobody trains on leaves."""
    plain = {"name": "sgd", "lr": RATE, "schedule": "constant"}
    sizes = {"size": batch, "steps_cap": None}
    described = helpers.spec(network, sets=SETS, batch=sizes, optimiser=plain, untrained_epoch=False)
    values = [helpers.method_parameters(method, **parameters)]
    return helpers.build(method, described, parameters=values, data=uneven(), noise="symmetric-20")


def _losses(built: Training, theta: Tensor, x: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(built.learner.call(0, theta, x), labels, reduction="none")


def _descended(built: Training, x: Tensor, labels: Tensor, weights: list[float]) -> Tensor:
    """Parameters after one step on sum_i w_i l_i from those of now."""
    theta = built.learner.vector().clone().requires_grad_()
    losses = _losses(built, theta, x, labels)
    total = sum(weight * losses[i] for i, weight in enumerate(weights))
    (gradient,) = torch.autograd.grad(total, theta)  # type: ignore[arg-type]
    return (theta - RATE * gradient).detach()


def _given(built: Training) -> list[int]:
    """Given labels of what is trained on."""
    given, index = built.runs[0].given.tolist(), built.runs[0].train_index.tolist()
    assert len(index) == len(given) - 60
    return [given[i] for i in index]


def _assert_stepped(built: Training, wanted: Tensor) -> None:
    before = built.learner.vector().clone()
    built.step(0, built.begin_epoch(0))
    assert (wanted - before).abs().max() > 1e-4, "something is learned"
    torch.testing.assert_close(built.learner.vector(), wanted, rtol=1e-4, atol=1e-6)


# ---- Random, Proportion --------------------------------------------------------------------------------------------


def test_random_weights_are_the_positive_parts_of_normal_numbers_divided_by_their_sum() -> None:
    """Equation 16."""
    built = _build("random-weights")
    built.begin_epoch(0)
    batch = built.batches.batch(0)
    positive = [max(z, 0.0) for z in batch.random["z"].tolist()]
    assert 0 < sum(z > 0 for z in positive) < 16
    weights = [z / sum(positive) for z in positive]
    _assert_stepped(built, _descended(built, batch.x, batch.labels[0], weights))


def test_about_half_of_the_examples_have_a_random_weight_and_the_numbers_are_normal() -> None:
    built = _build("random-weights", batch=64)
    numbers = []
    for epoch in range(20):
        built.begin_epoch(epoch)
        numbers += [built.batches.batch(step).random["z"] for step in range(built.steps)]
    z = torch.cat(numbers)
    assert len(z) > 3000
    shares = [(z > bound).float().mean().item() for bound in (-1.0, 0.0, 1.0, 2.0)]
    assert shares == pytest.approx([0.8413, 0.5, 0.1587, 0.0228], abs=0.03)
    built.run(until=1)
    assert built.curves[0]["kept_fraction"][0][0] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("form", ["averaged", "summed"])
def test_proportion_weighs_by_how_often_a_label_is_given_among_what_is_trained_on(form: str) -> None:
    """averaged: 1 / (K share) of the batch's mean; summed, as released: one minus the share, of the batch's sum."""
    built = _build("proportion", form=form)
    built.begin_epoch(0)
    batch, labels = built.batches.batch(0), _given(built)
    weights = []
    for label in batch.labels[0].tolist():
        share = labels.count(label) / len(labels)
        weights.append(1 / (10 * share) / 16 if form == "averaged" else 1 - share)
    _assert_stepped(built, _descended(built, batch.x, batch.labels[0], weights))


def test_of_two_classes_the_released_proportion_weighs_each_by_the_share_of_the_other() -> None:
    """Facts of the released code: w = p for class 4 and 1 - p for class 9, p the share of class 9; a batch of n weighs
    2 n p (1 - p) on average."""
    method = load_method(helpers.method_file("proportion"))
    built = helpers.build("standard", helpers.spec())
    learner = helpers.given_alone(built, [0] + [1] * 19)
    setting = type(built.methods[0].setting)(**vars(built.methods[0].setting) | {"classes": 2})
    shares = method({"form": "summed"}, setting).initial_state(learner)["shares"]
    assert shares.tolist() == pytest.approx([0.05, 0.95])
    weights = 1 - shares[learner.given]
    assert 100 * weights.mean().item() == pytest.approx(200 * 0.05 * 0.95)


# ---- Resample ------------------------------------------------------------------------------------------------------


@examples(60)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.integers(1, 400))
def test_a_grid_of_numbers_draws_every_example_as_often_as_class_balance_has_it(labels: list[int], n: int) -> None:
    """Of n numbers spread evenly over [0, 1), an example of class c is drawn n / (classes there x examples of c) times,
    up to one."""
    grid = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    drawn = balanced_places(torch.tensor(labels), grid.float(), 5).tolist()
    assert len(drawn) == n
    for place, label in enumerate(labels):
        share = 1 / (len(set(labels)) * labels.count(label))
        assert abs(drawn.count(place) - n * share) <= 1 + 1e-4 * n


def test_resample_visits_trained_on_places_whose_given_labels_are_balanced() -> None:
    built = _build("resample")
    visited: list[int] = []
    for epoch in range(30):
        built.begin_epoch(epoch)
        visited += built.batches.order.tolist()
        assert built.batches.given.tolist() == [built.runs[0].given[place].item() for place in built.batches.order]
    assert set(visited) <= set(built.runs[0].train_index.tolist())
    given_labels = [built.runs[0].given[place].item() for place in visited]
    shares = [given_labels.count(label) / len(visited) for label in range(10)]
    assert len(visited) > 5000
    assert shares == pytest.approx([0.1] * 10, abs=0.02)
    plain = _given(built)
    assert max(plain.count(label) for label in range(10)) > 0.14 * len(plain), "as they come they are not"


def test_a_step_of_resample_is_on_the_mean_loss_of_what_it_visits() -> None:
    built = _build("resample")
    built.begin_epoch(0)
    batch = built.batches.batch(0)
    _assert_stepped(built, _descended(built, batch.x, batch.labels[0], [1 / 16] * 16))


# ---- Hard mining ---------------------------------------------------------------------------------------------------


def mined(labels: list[int], losses: list[float], rare: int, frequent: int, batch: int) -> dict[int, float]:
    """Weight by place, as section 4.1 says it: all of the rare class, and as many of the frequent one, the hardest; at
    least one of the frequent class, and at most a batch of either."""
    few = [i for i, label in enumerate(labels) if label == rare][:batch]
    many = sorted((i for i, label in enumerate(labels) if label == frequent), key=lambda i: (-losses[i], i))
    taken = few + many[: max(len(few), 1)]
    return dict.fromkeys(taken, 1 / len(taken))


def _chosen() -> Any:
    method = load_method(helpers.method_file("hard-mining"))
    return method.step.__globals__["chosen"]


@examples(100)
@given(st.data())
def test_the_hardest_of_the_majority_are_chosen_as_many_as_there_are_rare_ones(data: st.DataObject) -> None:
    n, batch = data.draw(st.integers(4, 30)), data.draw(st.integers(1, 12))
    labels = data.draw(st.lists(st.sampled_from([0, 1, 1, 1, 2]), min_size=n, max_size=n))
    rare = [i for i, label in enumerate(labels) if label == 0][: min(batch, n)]
    if labels.count(1) < max(len(rare), 1):
        labels += [1] * n
    losses = data.draw(st.lists(st.integers(0, 9), min_size=len(labels), max_size=len(labels)))
    state = {"rare": torch.tensor(0), "frequent": torch.tensor(1)}
    places, weights = _chosen()(torch.tensor(losses).float(), torch.tensor(labels), state, batch)
    found: dict[int, float] = {}
    for place, weight in zip(places.tolist(), weights.tolist(), strict=True):
        if weight:
            assert place not in found
            found[place] = weight
    wanted = mined(labels, [float(loss) for loss in losses], 0, 1, min(batch, len(labels)))
    assert found == pytest.approx(wanted)


@pytest.mark.parametrize("chosen", ["hardest", "arbitrary"])
def test_a_step_of_hard_mining(chosen: str) -> None:
    """The candidates are ranked by their own losses, by given labels; arbitrary ones, as the released code takes, are
    the first that come."""
    built = _build("hard-mining", candidates=100, chosen=chosen)
    built.begin_epoch(0)
    labels_there = _given(built)
    counts = [labels_there.count(label) for label in range(10)]
    rare, frequent = counts.index(min(counts)), counts.index(max(counts))
    x, labels = built.batches.batch(0).streams["candidates"]
    assert labels.tolist() == [built.runs[0].given[place].item() for place in built.batches.trusted["candidates"][0]]
    with torch.no_grad():
        losses = _losses(built, built.learner.vector(), x, labels).tolist()
    by = losses if chosen == "hardest" else [0.0] * len(losses)
    weights = mined(labels.tolist(), by, rare, frequent, 16)
    assert 2 < len(weights) < 32
    hardest = mined(labels.tolist(), losses, rare, frequent, 16)
    assert (set(weights) == set(hardest)) == (chosen == "hardest")
    everywhere = [weights.get(place, 0.0) for place in range(len(x))]
    _assert_stepped(built, _descended(built, x, labels, everywhere))


def test_of_classes_that_are_given_alike_often_the_rare_one_is_not_the_frequent_one() -> None:
    method = load_method(helpers.method_file("hard-mining"))
    built = helpers.build("standard", helpers.spec())
    learner = helpers.given_alone(built, [0, 0, 1, 1])
    setting = type(built.methods[0].setting)(**vars(built.methods[0].setting) | {"classes": 2})
    state = method(helpers.method_parameters("hard-mining"), setting).initial_state(learner)
    assert {int(state["rare"]), int(state["frequent"])} == {0, 1}


def test_ranking_moves_no_running_statistics() -> None:
    """They move once in a step, by the pass that is learned from."""
    built, plain = (_build("hard-mining", "digits_cnn", candidates=80) for _ in range(2))
    built.begin_epoch(0)
    x, labels = built.batches.batch(0).streams["candidates"]
    hardness = F.cross_entropy(plain.learner.forward(x, None, "frozen")[0], labels, reduction="none")
    state = built.learner.state
    order, _ = _chosen()(hardness, labels, state, 16)
    plain.learner.forward(x[order])
    built.step(0, built.begin_epoch(0))
    for name, tensor in plain.learner.population.buffers.items():
        torch.testing.assert_close(built.learner.population.buffers[name], tensor, rtol=1e-4, atol=1e-5)


# ---- S-model, Reed -------------------------------------------------------------------------------------------------


def test_a_step_of_s_model_goes_through_the_rows_of_its_channel() -> None:
    """p'(y) = sum_i p_i softmax(W_i)_y; network and channel take one step on its mean cross-entropy."""
    built = _build("s-model", initial="identity")
    built.begin_epoch(0)
    batch, learner = built.batches.batch(0), built.learner
    start = learner.vector().clone()
    size = len(start) - 100
    channel = start[size:].view(10, 10)
    rows = torch.softmax(channel, 1)
    assert rows.diagonal().tolist() == pytest.approx([0.54] * 10, abs=0.005)
    off = rows[~torch.eye(10, dtype=torch.bool)]
    assert off.tolist() == pytest.approx([0.46 / 9] * 90, rel=0.02), "up to numbers of 0.01 that are added to W"
    theta, free = start.clone().requires_grad_(), channel.clone().requires_grad_()
    p = torch.softmax(learner.call(0, theta, batch.x), -1)
    total = torch.zeros(())
    for i, label in enumerate(batch.labels[0].tolist()):
        seen = sum(p[i, j] * free[j].exp()[label] / free[j].exp().sum() for j in range(10))
        total = total - torch.log(seen) / 16  # type: ignore[arg-type]
    of_theta, of_channel = torch.autograd.grad(total, (theta, free))
    wanted = torch.cat([(theta - RATE * of_theta)[:size], (free - RATE * of_channel).flatten()]).detach()
    _assert_stepped(built, wanted)


def test_a_channel_does_not_decay_where_only_kernels_do() -> None:
    described = helpers.spec(optimiser={"name": "sgd", "lr": 0.1, "schedule": "constant"})
    described["optimiser"] |= {"weight_decay": 0.5, "decayed": "kernels"}
    values = [helpers.method_parameters("s-model", initial="identity")]
    built = helpers.build("s-model", described, parameters=values)
    before, learner = built.learner.vector().clone(), built.learner
    learner.lr = 0.1
    learner.apply(torch.zeros_like(learner.population.flat))
    assert learner.vector()[-100:].equal(before[-100:])
    torch.testing.assert_close(learner.vector()[: 64 * 256], 0.95 * before[: 64 * 256])


def test_a_confusion_has_a_row_for_each_prediction_of_the_network() -> None:
    logits = torch.eye(3)[[0, 0, 0, 2, 2]][None]
    given_labels = torch.tensor([1, 1, 2, 0, 0, 2])

    class Passes:
        given = given_labels

        def pass_of(self, name: str) -> list[tuple[Tensor, Tensor]]:
            assert name == "base"
            return [(torch.tensor([0, 1, 2]), logits[:, :3]), (torch.tensor([4, 5]), logits[:, 3:])]

    found = confusion(Passes(), "base", 3)
    expected = torch.tensor([[0, 2 / 3, 1 / 3], [0, 1, 0], [0.5, 0, 0.5]])
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(("kind", "beta"), [("hard", 0.8), ("soft", 0.95)])
def test_reeds_given_label_counts_as_much_as_the_paper_has_it(kind: str, beta: float) -> None:
    """Section 4.2's baselines: beta y + (1 - beta) z, 0.8 hard and 0.95 soft, unless a variant says another."""
    built = _build("bootstrap", kind=kind)
    built.begin_epoch(0)
    batch, learner = built.batches.batch(0), built.learner
    theta = learner.vector().clone().requires_grad_()
    log_p = torch.log_softmax(learner.call(0, theta, batch.x), -1)
    total = torch.zeros(())
    for row, label in zip(log_p, batch.labels[0].tolist(), strict=True):
        belief = F.one_hot(row.argmax(), 10).float() if kind == "hard" else row.exp()
        target = beta * F.one_hot(torch.tensor(label), 10) + (1 - beta) * belief
        total = total - (target * row).sum() / 16
    (gradient,) = torch.autograd.grad(total, theta)
    _assert_stepped(built, (theta - RATE * gradient).detach())
