"""Batches of a training whose length is in steps: endless orders, rates, clean examples and numbers of their own."""

from __future__ import annotations

import io
import itertools
from dataclasses import replace
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

from lnl.engine.clock import Clock
from lnl.engine.loop import Stopped, Training
from lnl.engine.method import Batch, Dropout, Learner, Method, Moment, Outcome
from lnl.networks.registry import NETWORKS


def _build(
    method: str = "l2r",
    steps: int = 30,
    period: int = 10,
    paper: tuple[int, int] | None = None,
    clock: str = "scaled",
    sets: dict[str, Any] | None = None,
    rates: dict[str, Any] | None = None,
    augment: str = "none",
) -> Training:
    paper_steps, paper_period = paper or (steps, period)
    length = {"steps": steps, "period": period, "paper_steps": paper_steps, "paper_period": paper_period}
    periods = -(-steps // period)
    plain = {"name": "sgd", "lr": 0.1, "momentum": 0.9, "schedule": "constant"}
    described = helpers.spec(
        batch={"size": 8, "steps_cap": None},
        augment=augment,
        sets=sets or {"clean": {"count": 30, "balanced": True}},
        length=length | {"clock": clock},
        epochs=periods,
        paper_epochs=-(-paper_steps // paper_period),
        untrained_epoch=False,
        optimiser=plain | (rates or {}),
    )
    batch = {"l2r": {"clean_batch": 7}, "ieg": {"probe_batch": 7}}.get(method, {})
    values = helpers.method_parameters(method, **batch)
    return helpers.build(method, described, parameters=[values], data=helpers.arrays(examples=96))


def _visited(built: Training, periods: int) -> tuple[list[int], list[int]]:
    """Places of all batches, and of the clean stream's, in the order in which they are visited."""
    order: list[int] = []
    clean: list[int] = []
    for epoch in range(periods):
        built.batches.begin(epoch)
        order += built.batches.order.tolist()
        clean += built.batches.trusted["clean"].flatten().tolist()
    return order, clean


# ---- orders --------------------------------------------------------------------------------------------------------


@examples(15)
@given(steps=st.integers(10, 60), period=st.integers(1, 10))
def test_examples_come_in_one_permutation_after_another_whatever_the_period(steps: int, period: int) -> None:
    built = _build(steps=steps, period=period)
    order, clean = _visited(built, built.spec["epochs"])
    assert (len(order), len(clean)) == (8 * steps, 7 * steps)
    for visited, places in ((order, built.runs[0].train_index), (clean, built.runs[0].trusted["clean"])):
        size, every = len(places), sorted(places.tolist())
        turns = [visited[first : first + size] for first in range(0, len(visited), size)]
        assert all(sorted(turn) == every for turn in turns if len(turn) == size)
        assert all(len(set(turn)) == len(turn) for turn in turns)
        assert len(turns) < 2 or turns[0] != turns[1][: len(turns[0])]
    whole = _build(steps=steps, period=10)
    assert (order, clean) == _visited(whole, whole.spec["epochs"])


def test_the_clean_examples_are_shuffled_apart_from_the_others() -> None:
    """Of sets of one size as well."""
    sets = {"train": {"count": 60}, "clean": {"count": 30}}
    built = _build(sets=sets)
    order, clean = _visited(built, 1)
    ranks = []
    for visited, places in ((order, built.runs[0].train_index), (clean, built.runs[0].trusted["clean"])):
        assert len(places) == 30
        ranks.append([sorted(places.tolist()).index(place) for place in visited[:30]])
    assert ranks[0] != ranks[1]


# ---- who trains on a clean set, and by which labels ----------------------------------------------------------------


@pytest.mark.parametrize("held_out", [None, "readers", "all"])
@pytest.mark.parametrize("method", ["l2r", "standard"])
def test_a_set_is_left_out_by_those_that_read_it_or_by_all(method: str, held_out: str | None) -> None:
    """On MNIST the baselines train on the clean images too, on CIFAR nobody does (released code)."""
    clean = {"count": 30, "balanced": True} | ({"held_out": held_out} if held_out else {})
    built = _build(method, sets={"clean": clean})
    left_out = method == "l2r" or held_out == "all"
    assert len(built.runs[0].train_index) == (66 if left_out else 96)


@pytest.mark.parametrize("labels", [None, "true", "given"])
def test_clean_examples_have_their_right_labels_unless_the_set_is_of_given_ones(labels: str | None) -> None:
    declared = {"count": 30, "balanced": True} | ({"labels": labels} if labels else {})
    built = _build(sets={"clean": declared})
    true, noisy = built.data.true, built.runs[0].given
    wrong = 0
    for step in range(10):
        built.batches.begin(0)
        places = built.batches.trusted["clean"][step]
        _, found = built.batches.batch(step).streams["clean"]
        assert found.tolist() == (noisy if labels == "given" else true)[places].tolist()
        wrong += int((true[places] != noisy[places]).sum())
    assert wrong > 10


# ---- numbers of their own ------------------------------------------------------------------------------------------


def _moves(x: Tensor, images: Tensor) -> list[tuple[int, int, bool]]:
    """How each image was moved by up to two pixels, and whether it was flipped: found by trying all."""
    found = []
    for seen, image in zip(x, images, strict=True):
        padded = F.pad(image, (2, 2, 2, 2))
        crops = {(d, r): padded[:, d : d + 8, r : r + 8] for d in range(5) for r in range(5)}
        fits = [(*at, False) for at, crop in crops.items() if seen.equal(crop)]
        fits += [(*at, True) for at, crop in crops.items() if seen.equal(crop.flip(-1))]
        assert len(fits) == 1
        found += fits
    return found


def test_clean_images_are_augmented_by_the_protocol_with_numbers_of_their_own() -> None:
    built = _build(augment="crop2-flip")
    built.batches.begin(0)
    both: list[list[tuple[int, int, bool]]] = [[], []]
    for step in range(10):
        batch = built.batches.batch(step)
        places = built.batches.trusted["clean"][step]
        both[0] += _moves(batch.x[:7], built.data.gather(batch.index[:7]))
        both[1] += _moves(batch.streams["clean"][0], built.data.gather(places))
    for moves in both:
        assert {down for down, _, _ in moves} == {right for _, right, _ in moves} == set(range(5))
        assert 0.3 < np.mean([flip for _, _, flip in moves]) < 0.7
    assert np.mean([a == b for a, b in zip(*both, strict=True)]) < 0.2


def test_clean_images_drop_by_numbers_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = replace(NETWORKS["l2r_wrn28_10"], fixed={"units": 1, "width": 32})
    monkeypatch.setitem(NETWORKS, "l2r_wrn28_10", narrow)
    data = helpers.arrays(examples=96, shape=(3, 8, 8))
    sets = {"clean": {"count": 30, "balanced": True}}
    described = helpers.spec("l2r_wrn28_10", sets=sets, batch={"size": 8, "steps_cap": None})
    built = helpers.build("l2r", described, data=data, parameters=[helpers.method_parameters("l2r", clean_batch=8)])
    built.batches.begin(1)
    batch = built.batches.batch(0)
    own, theirs = batch.dropout["clean"], batch.uniform
    assert own is not None and theirs is not None
    assert own.shape == theirs.shape
    assert not torch.isclose(own, theirs).any()


class Mixing(Method):
    """Twelve images of its own making a step, which drop by the numbers that it asks for."""

    def random(self) -> dict[str, Dropout]:
        return {"mixed": Dropout(12)}

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        images = torch.cat([batch.x, batch.x[:4].flip(-1)])
        logits = learner.forward(images, batch.random.get("mixed"))[:, :8]
        losses = F.cross_entropy(logits[0], batch.labels[0], reduction="none")[None]
        learner.apply(learner.gradient(losses.mean(-1)))
        return Outcome(loss=losses.mean(-1).detach(), losses=losses.detach(), logits=logits.detach())


def test_images_of_a_step_s_own_making_drop_by_numbers_that_it_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = replace(NETWORKS["l2r_wrn28_10"], fixed={"units": 1, "width": 32})
    monkeypatch.setitem(NETWORKS, "l2r_wrn28_10", narrow)
    shape = {"size": 8, "steps_cap": None}
    built = helpers.build(
        Mixing, helpers.spec("l2r_wrn28_10", batch=shape), data=helpers.arrays(examples=96, shape=(3, 8, 8))
    )
    built.batches.begin(1)
    batch = built.batches.batch(0)
    asked, usual = batch.random["mixed"], batch.uniform
    assert usual is not None and asked.shape == (*usual.shape[:-2], 12, usual.shape[-1])
    assert not torch.isclose(asked[..., :8, :], usual).any()
    assert asked.equal(built.batches.batch(0).random["mixed"]) and not asked.equal(
        built.batches.batch(1).random["mixed"]
    )
    built.run()
    without = helpers.build(Mixing, helpers.spec("digits_mlp", batch=shape))
    without.batches.begin(1)
    assert "mixed" not in without.batches.batch(0).random
    without.run()


def test_an_interleaved_stream_goes_on_where_a_period_ends_the_short_last_one_too() -> None:
    built = _build("ieg", steps=25, sets={"probe": {"count": 30, "balanced": True}})
    seen: list[int] = []
    for period in range(3):
        built.batches.begin(period)
        seen += built.batches.trusted["probe"].flatten().tolist()
    assert len(set(seen[:30])) == 30
    assert seen == [seen[n % 30] for n in range(25 * 7)]


def test_each_network_epoch_and_step_drops_by_numbers_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = replace(NETWORKS["l2r_wrn28_10"], fixed={"units": 1, "width": 32})
    monkeypatch.setitem(NETWORKS, "l2r_wrn28_10", narrow)
    described = helpers.spec("l2r_wrn28_10", batch={"size": 8, "steps_cap": None})
    built = helpers.build("coteaching", described, data=helpers.arrays(examples=96, shape=(3, 8, 8)))
    drawn = []
    for epoch in (1, 2):
        built.batches.begin(epoch)
        for step in (0, 1):
            uniform = built.batches.batch(step).uniform
            assert uniform is not None and len(uniform) == 2
            drawn += list(uniform)
    assert all(not torch.isclose(a, b).any() for a, b in itertools.combinations(drawn, 2))


def test_a_pass_augments_anew_in_every_epoch() -> None:
    built = _build(augment="crop2-flip")
    every = torch.arange(96)
    one, again, two = (torch.cat([x for _, x in built.learner.seen.in_order(every, epoch)]) for epoch in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, two)


# ---- the clock and its rates ---------------------------------------------------------------------------------------


@examples(30)
@given(st.integers(1, 50), st.integers(1, 60), st.sampled_from([1, 2, 3, 10]), st.sampled_from(["scaled", "cut"]))
def test_a_period_begins_where_the_papers_clock_has_it(period: int, steps: int, faster: int, clock: str) -> None:
    """Scaled: at a tenth of the steps each of ours is ten of the paper's; cut: one of theirs."""
    period = min(period, steps)
    length = {"steps": steps, "period": period, "paper_steps": steps * faster, "paper_period": 7, "clock": clock}
    found = Clock.of({"length": length, "epochs": -(-steps // period), "paper_epochs": 3})
    taken = 0
    for epoch in range(-(-steps // period)):
        assert found.time(epoch) == pytest.approx(taken * (faster if clock == "scaled" else 1) / 7)
        mine = found.steps_in(epoch)
        assert mine is not None and 1 <= mine <= period
        taken += mine
    assert taken == steps


@pytest.mark.parametrize(
    "rates",
    [
        {"schedule": "steps", "milestones": [30, 44], "factor": 0.1},
        {"schedule": "linear", "decay_start": 20},
        {"schedule": "constant"},
    ],
)
def test_a_step_has_the_rate_of_the_updates_before_it_on_the_papers_clock(rates: dict[str, Any]) -> None:
    """Two of the paper's steps in one of ours: after n updates its clock stands at 2 n."""
    built = _build(steps=28, paper=(56, 20), rates=rates)
    seen: list[float] = []
    step = built.learner.apply
    built.learner.apply = lambda *given: seen.append(built.learner.lr) or step(*given)  # type: ignore[func-returns-value, method-assign]
    built.run()
    wanted = []
    for n in range(28):
        rate = 0.1
        if rates["schedule"] == "steps":
            for milestone in rates["milestones"]:
                rate *= 0.1 if 2 * n >= milestone else 1
        if rates["schedule"] == "linear" and 2 * n >= 20:
            rate = 0.1 * (56 - 2 * n) / 36
        wanted.append(rate)
    assert seen == pytest.approx(wanted)
    assert built.curves[0]["learning_rate"] == pytest.approx([wanted[9], wanted[19], wanted[27]])


@pytest.mark.parametrize("taken", [3, 10, 15, 20, 27, 28])
def test_a_training_that_stops_after_any_step_logs_the_same_rates(taken: int) -> None:
    """Also where it stops between the last step of a period and its evaluation."""
    rates = {"schedule": "linear", "decay_start": 4}
    whole, part, rest = (_build(steps=28, paper=(56, 20), rates=rates) for _ in range(3))
    whole.run()
    kept = io.BytesIO()
    with pytest.raises(Stopped):
        part.run(lambda: part.position.total >= taken, lambda: (kept.seek(0), torch.save(part.snapshot(), kept))[0])  # type: ignore[arg-type, func-returns-value, return-value]
    kept.seek(0)
    rest.restore(torch.load(kept, weights_only=True))
    rest.run()
    assert rest.curves == whole.curves
    assert rest.learner.vector().equal(whole.learner.vector())
