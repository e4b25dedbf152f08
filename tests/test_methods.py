"""The learning rules of the published methods: steps by hand, limiting cases, and what one method is of another."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import helpers
import pytest
import torch
import torch.nn.functional as F
from markdown_pages import ROOT, explained
from registered import METHODS, TRAINABLE, handed_over, ran
from torch import Tensor

from lnl.engine.build import load_method
from lnl.engine.loop import Training
from lnl.engine.method import Method, Moment, Outcome, Setting
from lnl.errors import UserError
from lnl.learning.estimation import anchored, confusion
from lnl.learning.selection import cross_entropy
from lnl.noise.draw import draw
from lnl.noise.transition import matrix

IDENTITY = torch.eye(10).tolist()


def _method(key: str, batch: int = 4, classes: int = 3, rate: float = 0.5, **changes: Any) -> Method:
    setting = Setting(classes, rate, torch.eye(classes), batch, 100, 200, torch.device("cpu"))
    return load_method(helpers.method_file(key))(helpers.method_parameters(key, **changes), setting)


def _moment(method: Method, time: float = 20.0, in_epoch: int = 0, step: int = 10**6) -> Moment:
    scalars = {name: torch.tensor([[value]]) for name, value in method.schedule(time).items()}
    return Moment(int(time), time, step, float(step), in_epoch, scalars)


@pytest.mark.parametrize("key", METHODS)
def test_its_spec_names_the_sets_that_it_reads(key: str) -> None:
    read = {stream.of for stream in _method(key).streams().values()} - {None, "train"}
    by_parameter = {"rog": {"validation"}}  # another one, or none, with another value of a parameter
    assert read == by_parameter.get(key, set(METHODS[key].get("sets", ())))


def _learned(built: Training) -> tuple[Tensor, list[list[float]]]:
    return built.learner.population.flat[..., :3000], built.curves[0]["test_accuracy"]


# ---- every registered method ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
@pytest.mark.parametrize("key", TRAINABLE)
def test_it_learns_and_the_same_seed_gives_the_same_run(key: str, network: str) -> None:
    first, second = ran(key, network), ran(key, network)
    assert first.diverged == [None]
    assert first.curves == second.curves
    assert first.curves[0].keys() - explained(ROOT / "docs" / "python.md") <= {"epoch"}  # no curve there, but a column
    accuracies = first.curves[0]["test_accuracy"]
    assert len(accuracies) == METHODS[key]["networks"]
    if network == "digits_mlp" and key != "hard-mining":  # which trains on two of the ten classes
        assert min(each[-1] for each in accuracies) > 20  # chance is 10


# ---- the network that others begin with ----------------------------------------------------------------------------


def test_the_network_that_is_handed_over_is_that_of_the_lowest_validation_loss() -> None:
    arrays = helpers.arrays()
    noisy = draw(arrays.test_labels, "symmetric-50", 10, 1, "as_released")
    held_out = replace(arrays, validation_images=arrays.test_images, validation_labels=noisy)
    point = "lowest-validation-loss"
    described = helpers.spec(split="own", epochs=12, paper_epochs=12)
    built = helpers.build("standard", described, data=held_out, points=(point,))
    losses: list[float] = []
    loss = built.hand_overs.validation_loss
    built.hand_overs.validation_loss = lambda curves: losses.append(loss(curves)) or losses[-1]  # type: ignore[method-assign, func-returns-value]
    built.run()
    best = 1 + losses.index(min(losses))  # epoch 0 is not trained, and does not count
    assert len(losses) == 11
    assert 1 < best < 11
    assert built.hand_overs.saved[point]["steps"] == best * built.steps
    again = helpers.build(
        "f-correction", described, handovers={"held-out": built.hand_overs.saved[point]}, data=held_out
    )
    validation = torch.from_numpy(held_out.test_images).float() / 255
    with torch.no_grad():
        again.learner.start_from(built.hand_overs.saved[point])
        logits = again.learner.forward(validation, None, "frozen")
        assert cross_entropy(logits, torch.from_numpy(noisy)).mean().item() == pytest.approx(min(losses), rel=1e-5)


@pytest.mark.parametrize("point", ["best-validation", "lowest-validation-loss"])
def test_the_best_so_far_outlasts_a_stop_and_only_a_better_one_takes_its_place(point: str) -> None:
    quality = [99.0, 50.0, 60.0, 60.0, 55.0, 58.0, 59.0]  # by epoch; the untrained network does not count
    arrays = helpers.arrays()
    held_out = replace(arrays, validation_images=arrays.test_images, validation_labels=arrays.test_labels)
    described = helpers.spec(split="own", epochs=len(quality), paper_epochs=len(quality))

    def built() -> Training:
        made = helpers.build("standard", described, data=held_out, points=(point,))
        made.evaluation.accuracies = lambda part, epoch: {f"{part}_accuracy": torch.tensor([quality[epoch]])}  # type: ignore[method-assign]
        made.hand_overs.validation_loss = lambda curves: 100 - quality[made.position.epoch]  # type: ignore[method-assign]
        return made

    first, then = built(), built()
    first.run(until=4)
    then.restore(first.snapshot())
    then.run()
    assert then.curves[0]["validation_accuracy"] == [quality]
    assert then.hand_overs.saved[point]["steps"] == 2 * then.steps


# ---- Bootstrap -----------------------------------------------------------------------------------------------------


def test_bootstrap_mixes_the_label_with_the_prediction_or_the_posterior() -> None:
    logits = torch.log(torch.tensor([[[0.7, 0.2, 0.1]]])).requires_grad_()
    labels = torch.tensor([[2]])
    hard = _method("bootstrap").loss(logits, labels, Moment(1, 1.0, 1))
    assert hard.loss.item() == pytest.approx(-0.8 * math.log(0.1) - 0.2 * math.log(0.7))
    soft = _method("bootstrap", kind="soft", beta=0.95).loss(logits, labels, Moment(1, 1.0, 1))
    entropy = -sum(p * math.log(p) for p in (0.7, 0.2, 0.1))
    assert soft.loss.item() == pytest.approx(-0.95 * math.log(0.1) + 0.05 * entropy, rel=1e-5)
    stopped = _method("bootstrap", kind="soft", beta=0.95, gradient="stopped").loss(logits, labels, Moment(1, 1.0, 1))
    gradients = [torch.autograd.grad(o.loss.sum(), logits, retain_graph=True)[0] for o in (soft, stopped)]
    assert stopped.loss.item() == pytest.approx(soft.loss.item())
    assert not torch.allclose(*gradients)


def test_bootstrap_without_belief_is_standard() -> None:
    assert torch.equal(*(_learned(b)[0] for b in (ran("bootstrap", beta=1.0), ran("standard"))))


# ---- F-correction, BC and Pumpout_BC -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["f-correction", "bc", "nnbc", "pumpout-bc"])
def test_with_the_identity_for_a_matrix_a_correction_is_standard(key: str) -> None:
    corrected, standard = ran(key, transition=IDENTITY), ran("standard")
    torch.testing.assert_close(_learned(corrected)[0], _learned(standard)[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("key", ["bc", "nnbc", "pumpout-bc"])
def test_a_jittered_inverse_trains_on_labels_that_say_nothing(key: str) -> None:
    built = ran(key, transition=torch.full((10, 10), 0.1).tolist(), inverse="jittered")
    assert built.methods[0].inverse.abs().max() > 100  # type: ignore[attr-defined]
    assert built.position.total == 3 * built.steps
    with pytest.raises(UserError, match="singular"):
        ran(key, transition=torch.full((10, 10), 0.1).tolist())


def test_the_anchor_of_a_class_is_its_surest_example_that_is_no_outlier() -> None:
    posteriors = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    torch.testing.assert_close(anchored(posteriors, None), torch.tensor([[0.9, 0.1], [0.3, 0.7]]))
    # the quantile at 0.97 of four values is the largest: the second one counts
    torch.testing.assert_close(anchored(posteriors, 0.97), torch.tensor([[0.8, 0.2], [0.4, 0.6]]))


def test_the_released_filter_strikes_rows_out_of_the_table_it_reads() -> None:
    """The first example is struck out of column 0, and is the anchor of class 1: its row then shows a zero."""
    posteriors = torch.tensor([[0.6, 0.3, 0.1], [0.1, 0.5, 0.4], [0.5, 0.1, 0.4], [0.4, 0.1, 0.5]])
    sound, released = (anchored(posteriors, 0.97, in_place) for in_place in (False, True))
    assert sound[1].tolist() == pytest.approx([0.6, 0.3, 0.1])
    assert released[1].tolist() == pytest.approx([0.0, 0.75, 0.25], abs=1e-6)
    assert torch.equal(sound[0], released[0])
    assert posteriors[0, 0] == pytest.approx(0.6)  # the caller's table is not touched


def test_an_estimate_has_a_row_for_every_class_and_is_kept() -> None:
    built = ran("f-correction", noise="pair-45")
    estimate = built.methods[0].estimates(built.learner)["transition"]
    torch.testing.assert_close(estimate.sum(1), torch.ones(10))
    assert estimate.shape == (10, 10)


def test_an_estimate_leaves_no_label_without_probability() -> None:
    sure = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    for in_place in (False, True):
        estimate = anchored(sure, 0.97, in_place)
        assert (estimate > 0).all()
        torch.testing.assert_close(estimate.sum(1), torch.ones(2))


def test_the_own_weights_are_back_after_the_pass_of_another_network() -> None:
    described = helpers.spec("digits_cnn", method={"key": "f-correction", "parameters": {}})
    base = helpers.build("standard", helpers.spec("digits_cnn"), points=("final",))
    base.run()
    fresh = helpers.build("standard", described)
    estimating = helpers.build("f-correction", described, handovers={"held-out": base.hand_overs.saved["final"]})
    assert torch.equal(fresh.learner.population.flat, estimating.learner.population.flat)
    for name, buffer in fresh.learner.population.buffers.items():
        assert torch.equal(buffer, estimating.learner.population.buffers[name])


def _corrected(key: str, logits: Tensor, labels: Tensor, **changes: Any) -> Outcome:
    method = _method(key, **changes)
    method.transition = torch.tensor(matrix("pair-45", 3)).float()  # type: ignore[attr-defined]
    method.inverse = torch.linalg.inv(method.transition)  # type: ignore[attr-defined]
    return method.loss(logits, labels, Moment(1, 1.0, 1))


def test_negative_risks_descend_stop_or_ascend() -> None:
    logits = torch.tensor([[[9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0], [9.0, 0.0, 0.0]]], requires_grad=True)
    labels = torch.tensor([[0, 0, 1, 2]])
    inverse = torch.linalg.inv(torch.tensor(matrix("pair-45", 3)).float())
    risk = -(inverse[labels[0]] * F.log_softmax(logits[0], -1)).sum(-1)
    assert (risk < 0).any()
    assert (risk > 0).any()
    expected = {"bc": risk, "nnbc": risk.clamp(min=0), "pumpout-bc": torch.where(risk < 0, -0.1 * risk, risk)}
    for key, values in expected.items():
        outcome = _corrected(key, logits, labels)
        torch.testing.assert_close(outcome.loss, values.mean().view(1))
        (gradient,) = torch.autograd.grad(outcome.loss.sum(), logits, retain_graph=True)
        (by_hand,) = torch.autograd.grad(values.mean(), logits, retain_graph=True)
        torch.testing.assert_close(gradient, by_hand)
        assert outcome.scalars["negative_risk"].item() == pytest.approx((risk < 0).float().mean().item())


@pytest.mark.parametrize(("first", "negative"), [(9.0, True), (0.5, False)])
def test_a_batch_may_be_tested_as_a_whole(first: float, negative: bool) -> None:
    """A negative and a positive risk: the sign of their mean decides for both."""
    logits = torch.tensor([[[first, 0.0, 0.0], [0.0, 9.0, 0.0], [9.0, 0.0, 0.0]]])
    labels = torch.tensor([[0, 1, 0]])
    if not negative:
        labels = torch.tensor([[0, 1, 2]])
    plain = _corrected("bc", logits, labels).loss
    assert (plain.item() < 0) == negative
    whole = _corrected("pumpout-bc", logits, labels, sign_test="batch").loss
    each = _corrected("pumpout-bc", logits, labels).loss
    torch.testing.assert_close(whole, -0.1 * plain if negative else plain)
    assert negative or not torch.allclose(whole, each)
    torch.testing.assert_close(_corrected("nnbc", logits, labels, sign_test="batch").loss, plain.clamp(min=0))


def test_without_ascent_pumpout_is_nnbc_and_mentornet() -> None:
    assert ran("pumpout-bc", gamma=0.0).curves == ran("nnbc").curves
    without, mentor = ran("pumpout-sl", gamma=0.0), ran("mentornet")
    assert torch.equal(without.learner.population.flat, mentor.learner.population.flat)
    assert without.curves == mentor.curves


# ---- Pumpout_SL ----------------------------------------------------------------------------------------------------


def _losses(values: list[float], classes: int = 3) -> tuple[Tensor, Tensor]:
    """Logits of one network whose cross-entropies against label 0 are `values`, and the labels."""
    p = torch.exp(-torch.tensor(values))
    rest = (1 - p) / (classes - 1)
    logits = torch.stack([p, *[rest] * (classes - 1)], -1).log()
    return logits[None], torch.zeros(1, len(values), dtype=torch.int64)


def test_pumpout_descends_on_small_losses_and_ascends_on_big_ones() -> None:
    logits, labels = _losses([0.4, 2.0, 0.1, 1.5])
    method = _method("pumpout-sl", gamma=0.1)
    outcome = method.loss(logits, labels, _moment(method))
    assert outcome.loss.item() == pytest.approx((0.1 + 0.4) / 2 - 0.1 * (1.5 + 2.0) / 2, rel=1e-5)
    assert outcome.selected is not None
    assert outcome.selected.tolist() == [[1, 0, 1, 0]]
    least = _method("pumpout-sl", gamma=0.1, ascended="least_lossy", ascended_share=0.5)
    assert least.loss(logits, labels, _moment(least)).loss.item() == pytest.approx(0.25 - 0.1 * 1.5, rel=1e-5)


def test_while_nothing_is_rejected_nothing_is_ascended() -> None:
    logits, labels = _losses([0.4, 2.0, 0.1, 1.5])
    method = _method("pumpout-sl", rate=0.0)
    assert method.loss(logits, labels, _moment(method)).loss.item() == pytest.approx(1.0, rel=1e-5)


def test_two_printed_steps_without_ascent_are_mentornet() -> None:
    none = ran("pumpout-sl", update="two_steps", gamma=0.0)
    assert torch.equal(none.learner.population.flat, ran("mentornet").learner.population.flat)


def test_the_second_printed_step_ascends_on_the_rejected_at_a_share_of_the_rate() -> None:
    described = helpers.spec(optimiser={"name": "sgd", "lr": 0.1, "schedule": "constant", "momentum": 0.0})
    parameters = helpers.method_parameters("pumpout-sl", update="two_steps", gamma=0.5, t_k=1, ramp="as_printed")
    built = helpers.build("pumpout-sl", described, parameters=[parameters])
    learner = built.learner
    moment = built.begin_epoch(3)  # half of a batch of 32 is rejected
    batch = built.batches.batch(0)

    def losses(flat: Tensor) -> Tensor:
        return cross_entropy(learner.call(0, flat, batch.x), batch.labels.flatten())

    start = learner.vector(0).clone().requires_grad_()
    order = losses(start).argsort()
    (down,) = torch.autograd.grad(losses(start)[order[:16]].mean(), start)
    between = (start - 0.1 * down).detach().requires_grad_()
    (up,) = torch.autograd.grad(losses(between)[order[16:]].mean(), between)
    built.step(0, moment)
    torch.testing.assert_close(learner.vector(0), between + 0.5 * 0.1 * up, rtol=1e-5, atol=1e-6)


# ---- S-model -------------------------------------------------------------------------------------------------------


def test_s_model_begins_with_the_confusion_of_the_network_before_and_goes_on_with_it() -> None:
    base = handed_over()
    described = helpers.spec(method={"key": "s-model", "parameters": helpers.method_parameters("s-model")})
    built = helpers.build("s-model", described, handovers={"held-out": base})
    built.begin()
    size = base["flat"].shape[-1]
    assert torch.equal(built.learner.population.flat[..., :size], base["flat"])
    channel = built.methods[0].estimates(built.learner)["transition"]
    predicted = torch.cat([logits[0].argmax(-1) for _, logits in built.learner.training_pass()])
    for label in range(10):
        mine = built.learner.given[predicted == label]
        expected = torch.bincount(mine, minlength=10) / max(len(mine), 1)
        if len(mine):
            torch.testing.assert_close(channel[label], expected.float(), atol=1e-6, rtol=1e-5)


def test_s_model_learns_its_channel_and_needs_no_other_network_near_the_identity() -> None:
    parameters = [helpers.method_parameters("s-model", initial="identity")]
    built = helpers.build("s-model", helpers.spec(), parameters=parameters)
    channel = built.methods[0].estimates(built.learner)["transition"]
    assert channel.diagonal().tolist() == pytest.approx([0.54] * 10, abs=0.01)
    built.run()
    assert not torch.equal(channel, built.methods[0].estimates(built.learner)["transition"])


@pytest.mark.parametrize("initial", ["identity", "confusion"])
def test_s_model_as_learning_to_reweight_has_it_begins_a_thousandth_smoother(initial: str) -> None:
    """Rows of C + 0.001, which the softmax of their logarithms divides by 1.01; no random number is in them."""
    parameters = helpers.method_parameters("s-model", initial=initial, smoothing=0.001, begin="fresh")
    base = handed_over()
    handovers = {"held-out": base} if initial == "confusion" else None
    built = helpers.build("s-model", helpers.spec(), parameters=[parameters], handovers=handovers)
    built.begin()
    began = torch.eye(10)
    if initial == "confusion":
        began = confusion(built.learner, "held-out", 10)
        assert (began == 0).any(), "where it is nought the hundred-millionth of the method's authors has no slope"
    channel = built.methods[0].estimates(built.learner)["transition"]
    torch.testing.assert_close(channel, (began + 0.001) / 1.01, rtol=1e-5, atol=1e-7)


# ---- Decoupling ----------------------------------------------------------------------------------------------------


def _two(first: list[int], second: list[int], classes: int = 10) -> Tensor:
    """Logits [2, B, K] of two networks that predict these classes."""
    return torch.stack([F.one_hot(torch.tensor(p), classes).float() for p in (first, second)]).requires_grad_()


def test_decoupling_learns_from_disagreements_only() -> None:
    logits, labels = _two([0, 1, 2, 3], [0, 5, 2, 6]), torch.tensor([[0, 1, 2, 3]])
    losses = cross_entropy(logits, labels)
    expected = {"batch": losses[:, [1, 3]].sum(-1) / 4, "disagreement": losses[:, [1, 3]].mean(-1)}
    for divisor, value in expected.items():
        method = _method("decoupling", divisor=divisor)
        outcome = method.loss(logits, labels, _moment(method))
        torch.testing.assert_close(outcome.loss, value)
        assert outcome.selected is not None
        assert outcome.selected.tolist() == [[0, 1, 0, 1]] * 2
    warm = _method("decoupling").loss(logits, labels, Moment(1, 1.0, 10, 4999.0))
    torch.testing.assert_close(warm.loss, losses.mean(-1))


def test_decoupling_learns_nothing_where_the_networks_agree() -> None:
    logits, labels = _two([0, 1, 2, 3], [0, 1, 2, 3]), torch.tensor([[9, 9, 9, 9]])
    for divisor in ("batch", "disagreement"):
        method = _method("decoupling", divisor=divisor)
        (gradient,) = torch.autograd.grad(method.loss(logits, labels, _moment(method)).loss.sum(), logits)
        assert gradient.abs().max() == 0


# ---- Co-teaching+ --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("classes", "bounds"), [(10, (1.461, 2.461)), (100, (3.622, 4.622))])
def test_a_double_softmax_bounds_the_loss(classes: int, bounds: tuple[float, float]) -> None:
    logits = _two([0, 1], [2, 1], classes) * 1000
    method = _method("coteaching-plus", batch=2, classes=classes, normalise="mean", rate=0.0)
    for label, bound in ((0, bounds[0]), (5, bounds[1])):
        loss = method.loss(logits, torch.full((1, 2), label), _moment(method)).loss[0]
        assert loss.item() == pytest.approx(bound, abs=1e-3)
    plain = _method("coteaching-plus", batch=2, classes=classes, normalise="mean", rate=0.0, double_softmax=False)
    assert plain.loss(logits, torch.full((1, 2), 5), _moment(plain)).loss[0].item() == pytest.approx(1000)


def test_each_network_teaches_its_small_losses_of_the_disagreement_to_the_other() -> None:
    """Losses of both networks on the four examples of which the last agrees; half of three, one example, is kept."""
    first = torch.tensor([[0.5, 0.3, 0.2], [0.4, 0.5, 0.1], [0.2, 0.7, 0.1], [0.9, 0.05, 0.05]])
    second = torch.tensor([[0.3, 0.6, 0.1], [0.45, 0.35, 0.2], [0.55, 0.25, 0.2], [0.8, 0.1, 0.1]])
    logits = torch.stack([first.log(), second.log()])
    labels = torch.zeros(1, 4, dtype=torch.int64)
    method = _method("coteaching-plus", double_softmax=False)
    outcome = method.loss(logits, labels, _moment(method))
    # the first is surest of example 0 among 0..2, the second of example 2: each learns what the other has picked
    assert outcome.selected is not None
    assert outcome.selected.tolist() == [[1, 0, 0, 0], [0, 0, 1, 0]]
    assert outcome.loss.tolist() == pytest.approx([-math.log(0.2), -math.log(0.3)], rel=1e-5)


def test_too_few_disagreements_are_used_whole_and_the_divisor_is_their_number() -> None:
    logits, labels = _two([0, 1, 2, 3], [0, 5, 2, 3]), torch.tensor([[0, 1, 2, 3]])
    method = _method("coteaching-plus", classes=10, double_softmax=False)
    outcome = method.loss(logits, labels, _moment(method))  # half of one is none
    assert outcome.selected is not None
    assert outcome.selected.tolist() == [[0, 1, 0, 0]] * 2
    torch.testing.assert_close(outcome.loss, cross_entropy(logits, labels)[:, 1])
    logits = _two([0, 1, 2, 3], [1, 2, 3, 4])
    mean, twice = (_method("coteaching-plus", double_softmax=False, normalise=n) for n in ("mean", "twice"))
    ratio = mean.loss(logits, labels, _moment(mean)).loss / twice.loss(logits, labels, _moment(twice)).loss
    torch.testing.assert_close(ratio, torch.tensor([2.0, 2.0]))  # half of four are kept


@pytest.mark.parametrize(
    ("agreement", "in_epoch", "share"),
    [("as_released", 249, 1.0), ("as_released", 250, 0.0), ("whole", 400, 1.0), ("skip", 0, 0.0)],
)
def test_a_batch_without_disagreement_goes_its_own_way(agreement: str, in_epoch: int, share: float) -> None:
    logits, labels = _two([0, 1, 2, 3], [0, 1, 2, 3]), torch.tensor([[0, 1, 2, 9]])
    method = _method("coteaching-plus", classes=10, double_softmax=False, agreement=agreement)
    outcome = method.loss(logits, labels, _moment(method, time=20.0, in_epoch=in_epoch))  # 20 x 250 = 5000
    torch.testing.assert_close(outcome.loss, share * cross_entropy(logits, labels).mean(-1))
    (gradient,) = torch.autograd.grad(outcome.loss.sum(), logits)
    assert torch.isfinite(gradient).all()
    assert bool(gradient.abs().sum() > 0) == bool(share)
    assert outcome.selected is not None
    assert outcome.selected.unique().tolist() == [share]


def test_before_its_second_phase_it_is_coteaching() -> None:
    late = ran("coteaching-plus", initial_epoch=1000, normalise="mean")
    coteaching = ran("coteaching")
    torch.testing.assert_close(late.learner.population.flat, coteaching.learner.population.flat, rtol=0, atol=0)


# ---- Standard, watched ---------------------------------------------------------------------------------------------


def test_watching_small_losses_changes_nothing_but_what_is_measured() -> None:
    watched, plain = ran("standard", watched=1.0), ran("standard")
    assert torch.equal(watched.learner.population.flat, plain.learner.population.flat)
    assert "label_precision" not in plain.curves[0]
    assert watched.curves[0]["kept_fraction"][0][-1] == pytest.approx(27 / 32)  # epoch 3 of a ramp of ten, to a half


def test_a_method_that_extends_another_keeps_what_that_one_tunes_on_a_setting() -> None:
    for key in ("nnbc", "pumpout-bc"):
        assert METHODS[key]["settings"] == METHODS["bc"]["settings"]
