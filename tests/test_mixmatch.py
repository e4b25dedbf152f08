"""MixMatch's step against an independent restatement: lists and loops over single examples, the loss by autograd."""

from __future__ import annotations

import io
from typing import Any

import helpers
import numpy as np
import pytest
import torch
from declared_datasets import load
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from replaying import Dispatched, Tape, assert_replayed_equal
from scipy import stats

from lnl.declared.reading import read_methods
from lnl.engine import replay
from lnl.engine.loop import Stopped, Training
from lnl.engine.method import Beta
from lnl.learning.augment import augment
from lnl.learning.mixing import interleaving

LR, DECAY = 0.05, 0.4
LENGTH = {"steps": 40, "period": 8, "paper_steps": 40, "paper_period": 8, "clock": "cut"}
PROBE = {"probe": {"count": 30, "balanced": True, "held_out": "all"}}


def build(
    network: str = "digits_cnn", batch: int = 8, seed: int = 1, data: Any = None, device: str = "cpu", **changes: Any
) -> Training:
    own = {"ramp": 4, "weight": 9.0, "decay": DECAY, "average": 0.9}
    length = LENGTH | changes.pop("length", {})
    described = helpers.spec(
        network,
        sets=PROBE,
        length=length,
        epochs=length["steps"] // length["period"],
        paper_epochs=5,
        untrained_epoch=False,
        augment=changes.pop("augment", "reflect-flip"),
        batch={"size": batch, "steps_cap": None},
        optimiser=changes.pop("optimiser", {"name": "sgd", "lr": LR, "schedule": "constant"}),
    )
    noise = changes.pop("noise", "symmetric-50")
    values = helpers.method_parameters("mixmatch", **(own | changes))
    return helpers.build("mixmatch", described, [seed], parameters=[values], data=data, noise=noise, device=device)


# ---- the restatement -----------------------------------------------------------------------------------------------


def swapped(groups: list[list[Any]], whole: int) -> list[list[Any]]:
    """Groups of which the first and every other one have exchanged a part, by the offsets that the release counts."""
    parts = [whole // len(groups)] * len(groups)
    for place in range(whole - sum(parts)):
        parts[-1 - place] += 1
    bounds = [sum(parts[:n]) for n in range(len(groups) + 1)]
    out = [list(group) for group in groups]
    for number in range(1, len(groups)):
        for row in range(bounds[number], bounds[number + 1]):
            out[0][row], out[number][row] = groups[number][row], groups[0][row]
    return out


def restated(built: Training, batch: Any) -> dict[str, Any]:
    """Algorithm 1 and equations 2 to 5, example by example, at the parameters that the training has now."""
    learner, wanted = built.learner, built.methods[0].parameters
    classes, size = built.methods[0].setting.classes, len(batch.x)
    theta = learner.vector().clone().requires_grad_()
    x, labels = batch.streams["labelled"]
    views = [batch.x, *batch.views]

    def logits(images: torch.Tensor) -> torch.Tensor:
        return learner.call(0, theta, images, "batch")

    first_view = logits(views[0]).detach()
    seen = [torch.softmax(logits(view), -1).detach().double() for view in views]
    guesses = []
    for b in range(size):
        mean = (seen[0][b] + seen[1][b]) / 2
        power = torch.stack([p ** (1 / wanted["temperature"]) for p in mean])
        guesses.append(power / power.sum())
    onehot = [torch.eye(classes, dtype=torch.float64)[int(y)] for y in labels]
    images = [*x, *views[0], *views[1]]
    targets = [*onehot, *guesses, *guesses]
    order = sorted(range(3 * size), key=lambda n: float(batch.random["partner"][n]))
    mixed, aims = [], []
    for n, partner in enumerate(order):
        ratio = batch.random["ratio"]
        share = float(ratio[n] if wanted["ratio"] == "example" else ratio[0])
        share = max(share, 1 - share)
        mixed.append(share * images[n] + (1 - share) * images[partner])
        aims.append(share * targets[n] + (1 - share) * targets[partner])
    if wanted["sub_batches"] == "together":
        out = list(logits(torch.stack(mixed)))
    else:
        groups = [mixed[:size], mixed[size : 2 * size], mixed[2 * size :]]
        if wanted["sub_batches"] == "interleaved":
            groups = swapped(groups, size)
        passed = [list(logits(torch.stack(group))) for group in groups]
        if wanted["sub_batches"] == "interleaved":
            passed = swapped(passed, size)
        out = [each for group in passed for each in group]
    supervised = -sum((aims[n] * torch.log_softmax(out[n].double(), -1)).sum() for n in range(size)) / size
    apart = sum(
        ((torch.softmax(out[n].double(), -1) - aims[n]) ** 2).sum() / classes for n in range(size, 3 * size)
    ) / (2 * size)
    made = built.position.total
    weight = wanted["weight"] * min(1.0, made / wanted["ramp"])
    (slope,) = torch.autograd.grad(supervised + weight * apart, theta)
    after, place = [], 0
    moved = theta.detach() - LR * slope
    for shape in learner.population.shapes.values():
        count = int(np.prod(shape))
        shrunk = 1 - wanted["decay"] * LR if len(shape) > 1 else 1.0
        after.append(moved[place : place + count] * shrunk)
        place += count
    new = torch.cat(after)
    kept = wanted["average"]
    if wanted["average_rises"]:
        kept = min(kept, (2 + made) / (11 + made))
    average = kept * learner.state["average"] + (1 - kept) * new
    return {
        "supervised": supervised,
        "unlabelled": apart,
        "weight": weight,
        "flat": new,
        "average": average,
        "seen": first_view,
    }


FORMS: dict[str, dict[str, Any]] = {
    "as released": {},
    "one ratio": {"ratio": "batch", "alpha": 2.0},
    "apart": {"sub_batches": "apart"},
    "together": {"sub_batches": "together"},
    "numbers": {"temperature": 0.8, "weight": 3.0, "ramp": 7, "decay": 0.0, "average": 0.5, "average_rises": True},
}


@pytest.mark.parametrize("form", FORMS)
def test_a_step_is_the_restated_one(form: str) -> None:
    built = build(**FORMS[form])
    moment = built.begin_epoch(0)
    for number in range(2):
        built.step(number, moment)
    _compared(built, 2)


@examples(6)
@given(batch=st.integers(2, 11), seed=st.integers(1, 50), form=st.sampled_from(sorted(FORMS)))
def test_for_all_batches(batch: int, seed: int, form: str) -> None:
    built = build("digits_mlp", batch, seed, **FORMS[form])
    moment = built.begin_epoch(0)
    built.step(0, moment)
    _compared(built, 1)


def _compared(built: Training, number: int) -> None:
    batch = built.batches.batch(number)
    wanted = restated(built, batch)
    outcome = built.methods[0].step(built.learner, batch, built._moment(0, {}))
    at = torch.cat([batch.labels[0][:, None], torch.arange(len(batch.x))[:, None]], 1)
    assert outcome.logits is not None and outcome.logits.shape[1] == len(batch.x)
    torch.testing.assert_close(outcome.logits[0], wanted["seen"].float(), rtol=1e-4, atol=1e-5)
    given_losses = [-torch.log_softmax(wanted["seen"][row], -1)[label].item() for label, row in at.tolist()]
    assert outcome.losses[0].tolist() == pytest.approx(given_losses, rel=1e-4, abs=1e-5), "of the first view"
    assert outcome.scalars["supervised"].item() == pytest.approx(wanted["supervised"].item(), rel=1e-5)
    assert outcome.scalars["unlabelled"].item() == pytest.approx(wanted["unlabelled"].item(), rel=1e-4)
    assert outcome.scalars["unlabelled_weight"].item() == pytest.approx(wanted["weight"])
    assert (built.learner.vector() - wanted["flat"]).abs().max() < 3e-6
    assert (built.learner.state["average"] - wanted["average"]).abs().max() < 3e-6


@given(batch=st.integers(1, 30), groups=st.integers(2, 5))
def test_interleaved_groups_are_the_released_ones_and_done_twice_they_are_as_before(batch: int, groups: int) -> None:
    rows = [list(range(n * batch, (n + 1) * batch)) for n in range(groups)]
    order = interleaving([batch] * groups, torch.device("cpu"))
    assert order.tolist() == [row for group in swapped(rows, batch) for row in group]
    assert order[order].equal(torch.arange(batch * groups))


# ---- properties that the paper states, or the released code has ----------------------------------------------------


@pytest.mark.parametrize(("statistics", "moving"), [("first", [2]), ("every", [0, 1, 2, 3, 4])])
def test_running_statistics_are_moved_by_the_first_sub_batch_alone_or_by_every_pass(
    statistics: str, moving: list[int]
) -> None:
    built, alone = build(statistics=statistics), build()
    moment = built.begin_epoch(0)
    alone.begin_epoch(0)
    seen = []
    forward = built.learner.forward
    built.learner.forward = lambda x, uniform=None, batch_norm="update": (  # type: ignore[method-assign]
        seen.append((x, batch_norm)),
        forward(x, uniform, batch_norm),
    )[1]
    built.step(0, moment)
    assert [mode for _, mode in seen] == ["update" if place in moving else "batch" for place in range(5)]
    with torch.no_grad():
        for place in moving:
            alone.learner.forward(seen[place][0])
    for name, statistic in built.learner.population.buffers.items():
        assert statistic.equal(alone.learner.population.buffers[name]), name


def test_what_is_judged_are_the_averaged_weights() -> None:
    built = build(average=0.99)
    built.run()
    learner, (images, labels) = built.learner, built.data.parts["test"]
    x = images.float() / 255
    present = learner.forward(x, None, "frozen").detach().clone()
    kept, average = learner.vector().clone(), learner.state["average"]
    predicted = built.methods[0].predict(learner, x, None)
    with torch.no_grad():
        learner.population.flat.copy_(average)
        of_average = learner.forward(x, None, "frozen")
        learner.population.flat.copy_(kept)
    torch.testing.assert_close(predicted, of_average)
    assert not torch.allclose(present, of_average, atol=0.01)
    accuracy = [100 * (found[0].argmax(-1) == labels).float().mean().item() for found in (of_average, present)]
    assert built.curves[0]["test_accuracy"][0][-1] == pytest.approx(accuracy[0])
    assert accuracy[0] != accuracy[1]


def test_given_labels_are_not_learned_from() -> None:
    one, two = build("digits_mlp"), build("digits_mlp", noise="symmetric-20")
    assert not one.runs[0].given.equal(two.runs[0].given)
    assert not set(one.runs[0].trusted["labelled"].tolist()) & set(one.runs[0].train_index.tolist())
    one.run()
    two.run()
    assert one.learner.population.flat.equal(two.learner.population.flat)


def test_labelled_images_come_in_a_new_order_each_time_and_all_of_them_before_any_comes_again() -> None:
    """As the released code shuffles them: 30 images in batches of eight, period after period."""
    built, seen = build("digits_mlp"), []
    for epoch in range(5):
        built.begin_epoch(epoch)
        seen += built.batches.trusted["labelled"].flatten().tolist()
    turns = [seen[first : first + 30] for first in range(0, len(seen) - 29, 30)]
    assert len(turns) == 10 and {tuple(sorted(turn)) for turn in turns} == {tuple(sorted(turns[0]))}
    assert len({tuple(turn) for turn in turns}) == 10


@pytest.mark.parametrize("kind", [kind for kind in helpers.AUGMENTATIONS if kind != "none"])
def test_both_views_are_augmented_as_the_protocol_says_and_differ(kind: str) -> None:
    built = build("digits_mlp", augment=kind)
    moment = built.begin_epoch(0)
    batch = built.batches.batch(0)
    plain = built.data.gather(batch.index)
    assert not batch.x.equal(batch.views[0]) and not batch.x.equal(plain)
    drawn = built.batches.draws(0)
    for seen, numbers in ((batch.x, drawn.augmentation), (batch.views[0], drawn.views[0])):
        assert numbers is not None and len(numbers.unique()) == numbers.numel()
        assert seen.equal(augment(kind, plain, numbers))
    built.step(0, moment)
    assert built.learner.vector().isfinite().all()


def test_images_that_nothing_augments_are_all_the_same_view() -> None:
    built = build("digits_mlp", augment="none")
    built.begin_epoch(0)
    batch = built.batches.batch(0)
    assert batch.views[0].equal(batch.x) and batch.x.equal(built.data.gather(batch.index))


def test_the_weight_rises_by_the_papers_steps() -> None:
    """A training that runs four times as fast has its weight four times as soon, after two epochs, and keeps it."""
    built = build("digits_mlp", ramp=64, length={"paper_steps": 160, "clock": "scaled"})
    built.run(until=3)
    risen = built.curves[0]["unlabelled_weight"][0]
    means = [np.mean([9.0 * min(1, 4 * n / 64) for n in range(e * 8, e * 8 + 8)]) for e in range(3)]
    assert means[-1] == 9.0
    assert risen == pytest.approx(means, rel=1e-5)


@pytest.mark.parametrize("alpha", [0.75, 32.0])
def test_ratios_are_from_the_beta_distribution(alpha: float) -> None:
    built = build("digits_mlp", batch=16, alpha=alpha)
    found = []
    for epoch in range(5):
        built.begin_epoch(epoch)
        found += [built.batches.draws(step).random["ratio"] for step in range(8)]
    assert len(found[0]) == 48
    assert stats.kstest(torch.cat(found).numpy(), stats.beta(alpha, alpha).cdf).pvalue > 1e-3
    built.begin_epoch(0)
    assert built.batches.draws(3).random["ratio"].equal(found[3]), "the same after a resume"


def test_ratios_of_the_smallest_alpha_that_is_allowed_have_not_underflown() -> None:
    """Both numbers of a ratio then are the smallest one above zero, and the ratio one half."""
    lowest = read_methods(helpers.ROOT / "methods")["mixmatch"]["ranges"]["alpha"][0]
    built = build("digits_mlp", alpha=lowest)
    built.begin_epoch(0)
    found = torch.cat(
        [built.batches._drawn(built.runs[0], "ratio", step, Beta((50_000,), lowest)) for step in range(8)]
    )
    assert (found == 0.5).sum() == 0
    for at in (1e-6, 1e-3, 0.1, 0.5, 0.9, 0.999, 1 - 1e-6):  # nearer to 1 single precision has few numbers
        wanted = stats.beta(lowest, lowest).cdf(at)
        assert (found <= at).double().mean().item() == pytest.approx(wanted, abs=4 * (wanted / len(found)) ** 0.5)


def test_reflected_padding() -> None:
    images = torch.rand(40, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    uniform = torch.rand(40, 3, generator=torch.Generator().manual_seed(1))
    out = augment("reflect-flip", images, uniform)
    for image, numbers, found in zip(images.numpy(), uniform.numpy(), out.numpy(), strict=True):
        padded = np.pad(image, ((0, 0), (2, 2), (2, 2)), mode="reflect")
        row, column = (int(n * 5) for n in numbers[:2])
        wanted = padded[:, row : row + 16, column : column + 16]
        assert (found == (wanted[:, :, ::-1] if numbers[2] < 0.5 else wanted)).all()
    of_32 = torch.rand(5, 3, 32, 32)
    assert augment("eighth-flip", of_32, uniform[:5]).equal(augment("crop-flip", of_32, uniform[:5]))


# ---- with the engine -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [1, 8, 13, 39])
def test_it_resumes_anywhere(stop: int) -> None:
    whole, part, rest = (build("digits_mlp") for _ in range(3))
    whole.run()
    kept = io.BytesIO()
    with pytest.raises(Stopped):
        part.run(lambda: part.position.total >= stop, lambda: (kept.seek(0), torch.save(part.snapshot(), kept))[0])  # type: ignore[arg-type,func-returns-value]
    kept.seek(0)
    rest.restore(torch.load(kept, weights_only=True))
    rest.run()
    assert rest.curves == whole.curves
    assert rest.learner.state["average"].equal(whole.learner.state["average"])


@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
def test_it_is_replayed_bit_equal(network: str, tapes: list[Tape]) -> None:
    adam = {"name": "adam", "lr": 0.002, "schedule": "constant"}
    usual, replayed = (build(network, optimiser=adam, length={"steps": 10, "period": 5}) for _ in range(2))
    replayed.replay = replay.Replay(replayed)
    with Dispatched():
        usual.run()
        replayed.run()
    assert replayed.replay.possible and len(tapes) == 2
    assert replayed.curves == usual.curves
    assert replayed.learner.population.flat.equal(usual.learner.population.flat)


@pytest.mark.gpu
def test_a_gpu_replays_it(one_order_of_sums: None) -> None:
    adam = {"name": "adam", "lr": 0.002, "schedule": "constant"}
    usual, replayed = (build(optimiser=adam, device="cuda") for _ in range(2))
    replayed.replay = replay.Replay(replayed)
    assert_replayed_equal(usual, replayed)


def test_on_digits_it_beats_training_on_its_labels_alone(tmp_path: Any) -> None:
    """Three labelled images of each class, 1,167 without labels."""
    adam = {"name": "adam", "lr": 0.01, "schedule": "constant"}
    values = {"ramp": 2000, "weight": 75.0, "decay": 0.02, "average": 0.99, "average_rises": True}
    data = load("digits", None, tmp_path)
    mixed = build("digits_mlp", 32, 2, data, optimiser=adam, length={"steps": 600, "period": 600}, **values)
    mixed.run()
    described = dict(mixed.spec, trained_on="probe")
    alone = helpers.build("supervised", described, [2], parameters=[{"average": 0.99}], data=data)
    alone.run()
    found, baseline = (built.curves[0]["test_accuracy"][0][-1] for built in (mixed, alone))
    assert found > baseline + 5
