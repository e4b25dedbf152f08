"""Switches of methods that are off by default: what each computes when it is set, in numbers by hand."""

from __future__ import annotations

import math
from typing import Any

import helpers
import pytest
import torch
from suite_copy import TABLE
from torch import Tensor

from lnl.declared import chosen_epochs
from lnl.declared.suite import Suite
from lnl.engine.build import load_method
from lnl.engine.loop import Training
from lnl.engine.method import Method, Moment, Setting
from lnl.errors import UserError
from lnl.learning.selection import cross_entropy
from lnl.noise.transition import matrix
from lnl.results.statistics import run_statistic


def _method(key: str, batch: int = 4, classes: int = 3, rate: float = 0.5, **changes: Any) -> Method:
    setting = Setting(classes, rate, torch.eye(classes), batch, 100, 200, torch.device("cpu"))
    return load_method(helpers.method_file(key))(helpers.method_parameters(key, **changes), setting)


def _moment(method: Method, time: float = 20.0) -> Moment:
    scalars = {name: torch.tensor([[value]]) for name, value in method.schedule(time).items()}
    return Moment(int(time), time, 10**6, 10.0**6, 0, scalars)


def _losses(values: list[float]) -> tuple[Tensor, Tensor]:
    """Logits of one network of three classes whose cross-entropies against label 0 are `values`, and the labels."""
    p = torch.exp(-torch.tensor(values))
    return torch.stack([p, (1 - p) / 2, (1 - p) / 2], -1).log()[None], torch.zeros(1, len(values), dtype=torch.int64)


# ---- Pumpout_SL's divisor ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (0.1 + 0.4) / 2 - 0.1 * (1.5 + 2.0) / 2),
        ({"divisor": "batch"}, (0.1 + 0.4) / 4 - 0.1 * (1.5 + 2.0) / 4),
        # of two rejected one, the less lossy, ascends
        ({"divisor": "batch", "ascended": "least_lossy", "ascended_share": 0.5}, (0.1 + 0.4) / 4 - 0.1 * 1.5 / 4),
    ],
)
def test_both_parts_of_pumpout_may_be_divided_by_the_whole_batch(changes: dict[str, Any], expected: float) -> None:
    logits, labels = _losses([0.4, 2.0, 0.1, 1.5])
    method = _method("pumpout-sl", gamma=0.1, **changes)
    assert method.loss(logits, labels, _moment(method)).loss.item() == pytest.approx(expected, rel=1e-5)


def test_two_printed_steps_know_the_divisor_too() -> None:
    described = helpers.spec(optimiser={"name": "sgd", "lr": 0.1, "schedule": "constant", "momentum": 0.0})
    values = {"update": "two_steps", "gamma": 0.5, "t_k": 1, "ramp": "as_printed", "divisor": "batch"}
    built = helpers.build("pumpout-sl", described, parameters=[helpers.method_parameters("pumpout-sl", **values)])
    learner, moment = built.learner, built.begin_epoch(3)  # half of a batch of 32 is rejected
    batch = built.batches.batch(0)

    def losses(flat: Tensor) -> Tensor:
        return cross_entropy(learner.call(0, flat, batch.x), batch.labels.flatten())

    start = learner.vector(0).clone().requires_grad_()
    order = losses(start).argsort()
    (down,) = torch.autograd.grad(losses(start)[order[:16]].sum() / 32, start)
    between = (start - 0.1 * down).detach().requires_grad_()
    (up,) = torch.autograd.grad(losses(between)[order[16:]].sum() / 32, between)
    built.step(0, moment)
    torch.testing.assert_close(learner.vector(0), between + 0.5 * 0.1 * up, rtol=1e-5, atol=1e-6)


def test_of_the_rejected_one_ascends_at_least() -> None:
    logits, labels = _losses([0.4, 2.0, 0.1, 1.5])
    method = _method("pumpout-sl", gamma=0.1, ascended="least_lossy", ascended_share=0.3)  # of two
    expected = (0.1 + 0.4) / 2 - 0.1 * 1.5
    assert method.loss(logits, labels, _moment(method)).loss.item() == pytest.approx(expected, rel=1e-5)


def test_the_second_printed_step_moves_no_running_statistics() -> None:
    stepped = []
    for update in ("combined", "two_steps"):
        values = helpers.method_parameters("pumpout-sl", update=update, gamma=0.5, t_k=1, ramp="as_printed")
        built = helpers.build("pumpout-sl", helpers.spec("digits_cnn"), parameters=[values])
        built.step(0, built.begin_epoch(3))
        stepped.append(built.learner.population)
    assert not torch.equal(stepped[0].flat, stepped[1].flat)
    assert stepped[0].buffers and all(
        torch.equal(stepped[0].buffers[name], mine) for name, mine in stepped[1].buffers.items()
    )


# ---- Decoupling's warm-up and divisor ------------------------------------------------------------------------------


@pytest.mark.parametrize(("step", "paper_step", "warm"), [(6000, 4999.5, True), (10, 5000.0, False)])
def test_decoupling_warms_up_on_the_paper_s_clock(step: int, paper_step: float, warm: bool) -> None:
    logits, labels = _three_of_four_disagree()
    outcome = _method("decoupling").loss(logits, labels, Moment(1, 1.0, step, paper_step))
    assert outcome.selected is not None
    assert outcome.selected.sum().item() == (8 if warm else 6)


def test_few_disagreements_are_divided_by_a_tenth_of_the_batch() -> None:
    """One disagreement in a batch of 40 counts as four would."""
    method = _method("decoupling", batch=40, divisor="disagreement")
    first = torch.zeros(40, 3)
    first[:, 0] = 1.0
    second = first.clone()
    second[7] = torch.tensor([0.0, 1.0, 0.0])
    logits, labels = torch.stack([first, second]), torch.zeros(1, 40, dtype=torch.int64)
    found = method.loss(logits, labels, Moment(1, 1.0, 0, 6000.0)).loss
    torch.testing.assert_close(found, cross_entropy(logits, labels)[:, 7] / 4)


# ---- BC's warm-up and threshold -------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["nnbc", "pumpout-bc"])
@pytest.mark.parametrize(("epoch", "tested"), [(1.0, False), (18.0, False), (19.0, True)])
def test_no_sign_is_tested_before_the_warm_up_has_ended(key: str, epoch: float, tested: bool) -> None:
    """pair-45 with three classes; the second example is fitted so well that its risk is negative."""
    inverse = torch.linalg.inv(torch.tensor(matrix("pair-45", 3)).float())
    p = torch.tensor([[0.6, 0.3, 0.1], [0.05, 0.9, 0.05]])
    logits, labels = p.log()[None], torch.tensor([[0, 1]])
    risk = [-sum(inverse[y, j].item() * math.log(p[i, j].item()) for j in range(3)) for i, y in enumerate((0, 1))]
    assert risk[0] > 0 > risk[1]
    method = _method(key, warm_up=18)
    method.inverse = inverse  # type: ignore[attr-defined]
    negative = {"nnbc": 0.0, "pumpout-bc": -0.1 * risk[1]}[key]  # stops, or ascends at a tenth
    expected = (risk[0] + (negative if tested else risk[1])) / 2
    outcome = method.loss(logits, labels, Moment(int(epoch), epoch, 1))
    assert outcome.loss.item() == pytest.approx(expected, rel=1e-4)
    assert outcome.scalars["negative_risk"].item() == 0.5  # counted all the same


@pytest.mark.parametrize("test", ["example", "batch"])
@pytest.mark.parametrize("beside", [-0.01, 0.01])
def test_a_risk_below_beta_counts_as_negative(test: str, beside: float) -> None:
    """beta just above, and just below, the risk that is tested: the smaller one of two examples, or their mean."""
    inverse = torch.linalg.inv(torch.tensor(matrix("pair-45", 3)).float())
    p = torch.tensor([[0.6, 0.3, 0.1], [0.3, 0.4, 0.3]])
    risk = [-sum(inverse[y, j].item() * math.log(p[i, j].item()) for j in range(3)) for i, y in enumerate((0, 1))]
    tested, other = (min(risk), max(risk)) if test == "example" else (sum(risk) / 2, 0.0)
    assert tested > 0.02
    method = _method("pumpout-bc", sign_test=test, beta=tested - beside, gamma=0.1)
    method.inverse = inverse  # type: ignore[attr-defined]
    outcome = method.loss(p.log()[None], torch.tensor([[0, 1]]), Moment(1, 1.0, 1))
    ascends = -0.1 * tested if beside < 0 else tested
    assert outcome.loss.item() == pytest.approx((ascends + other) / 2 if test == "example" else ascends, rel=1e-4)


# ---- Co-teaching+ with a schedule ----------------------------------------------------------------------------------


def _three_of_four_disagree() -> tuple[Tensor, Tensor]:
    """Two networks that differ on examples 0 to 2 and agree on 3, whose losses are the smallest."""
    first = torch.tensor([[0.5, 0.3, 0.2], [0.4, 0.5, 0.1], [0.2, 0.7, 0.1], [0.9, 0.05, 0.05]])
    second = torch.tensor([[0.3, 0.6, 0.1], [0.45, 0.35, 0.2], [0.55, 0.25, 0.2], [0.8, 0.1, 0.1]])
    return torch.stack([first.log(), second.log()]), torch.zeros(1, 4, dtype=torch.int64)


@pytest.mark.parametrize(
    ("kept", "first", "second"),
    [
        (0.7, [1, 1, 0, 0], [0, 1, 1, 0]),  # two of three
        (0.4, [1, 0, 0, 0], [0, 0, 1, 0]),  # one
        (0.2, [1, 1, 1, 0], [1, 1, 1, 0]),  # none of three: all of them, as released
        (1.5, [1, 1, 1, 0], [1, 1, 1, 0]),  # never one on which they agree
    ],
)
def test_a_schedule_says_what_share_of_the_disagreement_coteaching_plus_keeps(
    kept: float, first: list[int], second: list[int]
) -> None:
    logits, labels = _three_of_four_disagree()
    schedule = {"formula": "free", "clip": None, "x": [kept] * 200}
    method = _method("coteaching-plus", double_softmax=False, normalise="mean", R=schedule)
    moment = _moment(method)
    assert moment["R"].item() == pytest.approx(kept)
    outcome = method.loss(logits, labels, moment)
    assert outcome.selected is not None
    assert outcome.selected.tolist() == [first, second]
    given = -logits[..., 0]  # losses
    taught = [given[0][torch.tensor(second) == 1].mean(), given[1][torch.tensor(first) == 1].mean()]
    torch.testing.assert_close(outcome.loss, torch.stack(taught))


def test_the_schedule_of_coteaching_plus_can_be_searched() -> None:
    suite = Suite.load(helpers.ROOT, {"scale": "demo"}, validate=False)
    at = {"protocol": "s2e", "dataset": "mnist", "noise": "pair-45", "method": "coteaching-plus"}
    plain = suite.resolved(at, {}, "test")["method"]["parameters"]
    assert "R" not in plain
    searched = suite.resolved(at, {"R": {"search": "tau-grid"}}, "test")["method"]["parameters"]["R"]
    assert searched["spec"]["space"]["formula"] == "coteaching_tau"
    assert suite.search_at(at, "random", 1, "test").method == "coteaching-plus"


# ---- the own stop of F-correction and S-model ----------------------------------------------------------------------


def _stopping(key: str, points: tuple[str, ...] = (), **changes: Any) -> Training:
    """Ten epochs of a method that holds a quarter of its examples out."""
    described = helpers.spec(epochs=10, paper_epochs=10, hold_out={"share": 0.25}, method={"key": key})
    parameters = [helpers.method_parameters(key, hold_out=0.25, **changes)]
    return helpers.build(key, described, parameters=parameters, points=points)


CHANGES = {"f-correction": {"transition": matrix("symmetric-50", 10).tolist()}, "s-model": {"initial": "identity"}}


@pytest.mark.parametrize("key", sorted(CHANGES))
def test_the_loss_that_is_watched_is_the_method_s_own_on_the_noisy_examples_held_out(key: str) -> None:
    built = _stopping(key, ("lowest-validation-loss",), **CHANGES[key])
    held = built.data.held_out
    assert held is not None and len(held) == 64
    assert not set(held.tolist()) & set(built.runs[0].train_index.tolist())
    built.run()
    curve = built.curves[0]["validation_loss"][0]
    assert len(curve) == 10
    learner = built.learner
    with torch.no_grad():
        posterior = torch.softmax(learner.forward(built.data.gather(held), None, "frozen")[0], -1)
        channel = built.methods[0].estimates(learner)["transition"]
        seen = (posterior @ channel)[torch.arange(64), built.runs[0].given[held]]
    assert curve[-1] == pytest.approx(-seen.log().mean().item(), rel=1e-4)
    best = min(range(1, 10), key=curve.__getitem__)  # epoch 0 is not trained
    chosen = run_statistic(built.curves[0], "at_validation_loss")
    assert chosen.epochs == (best,)
    assert chosen.value == built.curves[0]["test_accuracy"][0][best]
    assert built.hand_overs.saved["lowest-validation-loss"]["steps"] == best * built.steps


@pytest.mark.parametrize("key", sorted(CHANGES))
def test_without_a_hold_out_nothing_is_watched_and_the_statistic_says_what_it_needs(key: str) -> None:
    built = helpers.build(key, helpers.spec(), parameters=[helpers.method_parameters(key, **CHANGES[key])])
    built.run()
    assert "validation_loss" not in built.curves[0]
    with pytest.raises(UserError, match=r"at_validation_loss needs .* set hold_out: 0.1 of f-correction or s-model"):
        run_statistic(built.curves[0], "at_validation_loss")


def test_the_matrix_is_estimated_on_the_examples_held_out_as_well() -> None:
    base = helpers.build("standard", helpers.spec(), points=("final",))
    base.run()
    described = helpers.spec(hold_out={"share": 0.25})
    built = helpers.build("f-correction", described, handovers={"held-out": base.hand_overs.saved["final"]})
    seen = torch.cat([index for index, _ in built.learner.pass_of("held-out")])
    assert sorted(seen.tolist()) == list(range(256))
    assert len(torch.cat([index for index, _ in built.learner.training_pass()])) == 192


@pytest.mark.parametrize(
    ("losses", "chosen"),
    [([2.0, 0.9, 0.5, 0.7], 2), ([0.1, 0.9, 0.5, 0.5], 2), ([None, 0.9, None, 0.7], 3)],
    ids=["lowest", "earliest of equals, the untrained one left out", "what is no number does not count"],
)
def test_the_epoch_of_the_lowest_loss_is_reported(losses: list[float | None], chosen: int) -> None:
    curves = {
        "epoch": [0, 1, 2, 3],
        "loss": [[None, 1.0, 1.0, 1.0]],
        "test_accuracy": [[10.0, 60.0, 80.0, 70.0]],
        "validation_loss": [losses],
    }
    value = run_statistic(curves, "at_validation_loss")
    assert (value.value, value.epochs) == (curves["test_accuracy"][0][chosen], (chosen,))


@pytest.mark.parametrize(
    ("statistic", "method", "changes", "expected"),
    [
        ("at_validation_loss", "f-correction", {"hold_out": 0.1}, None),
        ("at_validation_loss", "s-model", {"hold_out": 0.1}, None),
        ("at_validation_loss", "f-correction", {}, r"row 'noise', column 'm': .* set hold_out .*f-correction, s-model"),
        ("at_validation_loss", "standard", {"hold_out": 0.1}, "set hold_out"),  # it records no loss of its own
        ("at_validation_best", "standard", {"hold_out": 0.1}, None),
        ("at_validation_best", "standard", {}, "protocol coteaching has none"),
        ("last10_mean", "standard", {}, None),
    ],
)
def test_a_table_that_lacks_the_curve_of_its_statistic_is_refused_before_any_job(
    statistic: str, method: str, changes: dict[str, Any], expected: str | None
) -> None:
    suite = Suite.load(helpers.ROOT, {"scale": "paper"}, validate=False)
    row = {"key": "noise", "label": "N", "noise": "pair-45"}
    column = {"key": "m", "label": "M", "method": method} | ({"variant": "v", "set": changes} if changes else {})
    small = {k: v for k, v in TABLE.items() if k not in ("published", "joins")}
    suite.tables = {
        "small": small | {"protocol": "coteaching", "rows": [row], "columns": [column], "statistic": statistic}
    }
    if expected is None:
        chosen_epochs.check(suite)
    else:
        with pytest.raises(UserError, match=expected):
            chosen_epochs.check(suite)
