"""Dynamic bootstrapping: its step in every phase and form, its clock, and what it does on digits."""

from __future__ import annotations

import io
import math
from types import SimpleNamespace
from typing import Any

import helpers
import numpy as np
import pytest
import torch
from declared_datasets import load
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from replaying import Tape, assert_replayed_equal
from scipy import stats

from lnl.engine import replay
from lnl.engine.loop import Stopped, Training
from lnl.engine.method import Moment
from lnl.errors import UserError

SGD = {"name": "sgd", "lr": 0.05, "momentum": 0.9, "weight_decay": 0.001, "schedule": "constant"}
TIMES = {"mixed_only": 1, "guided_only": 1, "cooled": 2, "epochs": 4}
FORMS: dict[str, dict[str, Any]] = {
    "M-DYR-H": {},
    "M-DYR-S": {"belief": "soft"},
    "MD-DYR-SH": {"mixing": "guided", "belief": "soft-to-hard"},
    "MD-DYR-SH, shares of the images": {"mixing": "guided", "belief": "soft-to-hard", "loss_shares": "images"},
    "other numbers": {"alpha": 3, "regulariser": 0.3, "mixture": "converged", "tracked_on": "images"},
}


def build(network: str = "digits_cnn", total: int = 4, **parameters: Any) -> Training:
    values = helpers.method_parameters("dynamic-bootstrap", **{**TIMES, **parameters})
    described = helpers.spec(
        network, optimiser=SGD, augment="crop-flip", untrained_epoch=False, epochs=total, paper_epochs=total
    )
    return helpers.build("dynamic-bootstrap", described, parameters=[values])


# ---- the restatement -----------------------------------------------------------------------------------------------


def _log_posterior(row: torch.Tensor) -> torch.Tensor:
    return row - torch.log(torch.exp(row).sum())


def _forward(built: Training, theta: torch.Tensor, x: torch.Tensor, mode: str) -> torch.Tensor:
    return built.learner.call(0, theta, x, mode)


def _doubts(built: Training, losses: list[float]) -> list[float]:
    state = built.learner.state
    low, high, table = float(state["low"]), float(state["high"]), state["posteriors"].tolist()
    out = []
    for loss in losses:
        x = (loss - low) / (high - low + 1e-6)
        x = 1 - 1e-3 if x >= 1 else 1e-3 if x <= 0 else x
        out.append(min(max(table[int(100 * np.float32(x))], 1e-4), 1 - 1e-4))
    return out


def restated(built: Training, batch: Any, time: float) -> tuple[torch.Tensor, list[float]]:
    """(weights after a step, B) of the released procedure, by loops over the examples, at `time` of 4 epochs."""
    learner, p = built.learner, built.methods[0].parameters
    theta = learner.vector().clone().requires_grad_()
    size, classes, y = len(batch.x), 10, batch.labels[0].tolist()
    kept = {name: tensor.clone() for name, tensor in learner.population.buffers.items()}
    guided = p["mixing"] == "guided"
    start = TIMES["mixed_only"] + (TIMES["guided_only"] if guided else 0)
    boots, models = time >= start, time >= TIMES["mixed_only"]
    partner = sorted(range(size), key=lambda i: float(batch.random["partner"][i]))
    lam = sorted(batch.random["ratio"].tolist())[p["alpha"] - 1]

    def doubts() -> list[float]:
        rows = _forward(built, theta, batch.x, "frozen").detach()
        return _doubts(built, [-float(_log_posterior(rows[i])[y[i]]) for i in range(size)])

    first = _forward(built, theta, batch.x, "update").detach() if boots else None
    early = (guided and models) or (boots and p["belief"] != "hard")
    found = doubts() if early else []
    right = [1 - b for b in found]
    share = [right[i] / (right[i] + right[partner[i]]) if guided and models else lam for i in range(size)]
    images = torch.stack([share[i] * batch.x[i] + (1 - share[i]) * batch.x[partner[i]] for i in range(size)])
    out = _forward(built, theta, images, "update")
    found = found or doubts()
    target = torch.zeros(size, classes)
    for i in range(size):
        if first is None:
            target[i, y[i]] = 1
            continue
        if p["belief"] == "hard":
            z = torch.eye(classes)[int(first[i].argmax())]
        else:
            cooled = min(1.0, (time - start) / TIMES["cooled"]) if p["belief"] == "soft-to-hard" else 0.0
            z = torch.exp(_log_posterior(first[i] / (1 - 0.999 * cooled)))
        target[i] = found[i] * z
        target[i, y[i]] += 1 - found[i]
    loss, mean = torch.zeros(()), torch.zeros(classes)
    for i in range(size):
        own = share[i] if p["loss_shares"] == "images" else 0.5 if boots and p["belief"] != "hard" else lam
        log = _log_posterior(out[i])
        loss = loss - (own * (target[i] * log).sum() + (1 - own) * (target[partner[i]] * log).sum()) / size
        mean = mean + torch.exp(log) / size
    if boots:
        loss = loss + p["regulariser"] * sum(math.log(1 / classes) - mean[c].log() for c in range(classes)) / classes
    (gradient,) = torch.autograd.grad(loss, theta)
    gradient = gradient + SGD["weight_decay"] * theta.detach()
    buffer = SGD["momentum"] * learner.slots["momentum_buffer"][0] + gradient
    for name, tensor in learner.population.buffers.items():
        tensor.copy_(kept[name])
    return theta.detach() - learner.lr * buffer, found


@pytest.mark.parametrize("epoch", range(4))
@pytest.mark.parametrize("form", FORMS)
def test_a_step_is_that_of_an_independent_restatement(form: str, epoch: int) -> None:
    built = build(**FORMS[form])
    built.run(until=epoch)
    moment = built.begin_epoch(epoch)
    for number in range(2):
        batch = built.batches.batch(number)
        wanted, doubts = restated(built, batch, float(epoch))
        built.step(number, moment)
        torch.testing.assert_close(built.learner.vector(), wanted, atol=1e-6, rtol=0)
        assert built._buffers is not None
        seen = built._buffers.marks["doubt"][0, built.batches.place(number)]
        torch.testing.assert_close(seen, torch.tensor(doubts), atol=1e-5, rtol=0)


def restated_table(losses: np.ndarray, converged: bool) -> np.ndarray:
    """The posterior of the second of two Beta distributions at a hundred losses, by EM in numpy and scipy."""
    low, high = np.percentile(losses, 5), np.percentile(losses, 95)
    x = (losses[(losses >= low) & (losses <= high)] - low - 1e-5) / (high - low - 1e-5 + 1e-6)
    x = np.where(x >= 1, 1 - 1e-3, np.where(x <= 0, 1e-3, x))
    if converged:  # from what lies below and above the mean
        belongs = np.stack([x <= x.mean(), x > x.mean()]).astype(float)
        components = maximised(x, belongs)
    else:
        components = [(1.0, 2.0, 0.5), (2.0, 1.0, 0.5)]
    for _ in range(200 if converged else 10):
        each = np.stack([share * stats.beta.pdf(x, a, b) for a, b, share in components])
        components = maximised(x, each / each.sum(0))
    grid = np.linspace(1e-12, 1 - 1e-12, 100)
    small, large = (share * stats.beta.pdf(grid, a, b) for a, b, share in components)
    table = large / (small + large + 1e-12)
    table[table.argmax() :] = table.max()
    return table


def maximised(x: np.ndarray, belongs: np.ndarray) -> list[tuple[float, float, float]]:
    found = []
    for weights in belongs:
        mean = np.average(x, weights=weights)
        together = mean * (1 - mean) / np.average((x - mean) ** 2, weights=weights) - 1
        found.append((mean * together, (1 - mean) * together, weights.sum() / len(x)))
    return found


@pytest.mark.parametrize("mixture", ["as_released", "converged"])
@pytest.mark.parametrize("tracked_on", ["augmented", "images"])
def test_the_mixture_is_fitted_before_every_epoch_that_uses_it_to_all_examples(
    tracked_on: str, mixture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lnl.engine.data.EVALUATION_BATCH", 60)  # a pass of several batches, the last one short
    built = build(tracked_on=tracked_on, mixture=mixture)
    built.begin_epoch(0)
    assert set(built.learner.state["posteriors"].tolist()) == {0.5}  # nothing is known yet
    built = build(tracked_on=tracked_on, mixture=mixture)
    built.run(until=1)
    theta, every = built.learner.vector().clone(), torch.arange(len(built.data.true))
    anew = {
        int(n): x
        for places, images in built.learner.seen.in_order(every, 1)
        for n, x in zip(places, images, strict=True)
    }
    as_they_are = built.data.gather(every)
    assert sum(not anew[n].equal(as_they_are[n]) for n in anew) > 200
    seen = torch.stack([anew[n] for n in range(len(every))]) if tracked_on == "augmented" else as_they_are
    rows = _forward(built, theta, seen, "frozen").detach()
    losses = np.array([-float(_log_posterior(row)[y]) for row, y in zip(rows, built.learner.given, strict=True)])
    built.begin_epoch(1)
    state = built.learner.state
    assert float(state["low"]) == pytest.approx(np.percentile(losses, 5) + 1e-5, abs=1e-5)
    assert float(state["high"]) == pytest.approx(np.percentile(losses, 95), abs=1e-5)
    wanted, other = (restated_table(losses, form == "converged") for form in (mixture, "neither"))
    assert state["posteriors"].numpy() == pytest.approx(wanted, abs=1e-3)
    if mixture == "converged":
        assert np.abs(wanted - other).max() > 0.05, "or nothing would tell the two apart"


def test_the_converged_mixture_has_a_start_of_its_own() -> None:
    """Of losses for which EM ends elsewhere from the released one."""
    parts = ((700, 11, 28), (300, 30, 4))
    losses = np.concatenate([stats.beta.ppf((np.arange(n) + 0.5) / n, a, b) for n, a, b in parts])
    other = torch.from_numpy(np.log(np.expm1(losses))).float()  # logit of the other class than the given one
    logits = torch.stack([torch.zeros(1000), other], -1)
    built = build(mixture="converged", tracked_on="images")
    built.begin()
    learner = SimpleNamespace(
        given=torch.zeros(1000, dtype=torch.int64),
        training_pass=lambda augmented=None: [(torch.arange(1000), logits[None])],
        state=built.learner.state,
    )
    built.methods[0].epoch_begin(learner, Moment(1, 0.0, 0, done=0.5))  # type: ignore[arg-type]
    found = learner.state["posteriors"].numpy()
    assert found == pytest.approx(restated_table(losses, True), abs=1e-3)
    assert found[:30].max() < 0.01 and found[70:].min() > 0.99


# ---- its clock -----------------------------------------------------------------------------------------------------


@examples(100)
@given(total=st.integers(1, 400))
def test_the_phases_are_the_same_parts_of_every_training(total: int) -> None:
    method = CLOCKED
    moments = [Moment(e, 0.0, 0, done=e / total) for e in range(total)]
    starts = [sum(not phase(now) for now in moments) for phase in (method.models, method.bootstraps)]
    assert starts == [min(total, -(-at * total // 300)) for at in (105, 110)]


def test_as_released_the_temperature_falls_from_one_to_a_thousandth_in_89_epochs() -> None:
    logits = torch.tensor([[0.0, 0.3]])
    wanted = np.linspace(1, 0.001, 89)
    for epoch in (110, 111, 150, 198, 199, 299):  # counted from zero
        posterior = CLOCKED.belief(logits, Moment(epoch, 0.0, 0, done=epoch / 300))[0]
        temperature = 0.3 / float(torch.log(posterior[1]) - torch.log(posterior[0])) if posterior[0] > 0 else 0.001
        assert temperature == pytest.approx(wanted[min(epoch - 110, 88)], rel=1e-4)


CLOCKED: Any = build(
    mixing="guided", belief="soft-to-hard", mixed_only=105, guided_only=5, cooled=88, epochs=300
).methods[0]


# ---- the run -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["M-DYR-H", "MD-DYR-SH"])
@pytest.mark.parametrize("steps", [5, 12, 18])
def test_a_resumed_training_has_the_same_bits(form: str, steps: int) -> None:
    whole, part, rest = (build(**FORMS[form]) for _ in range(3))
    whole.run()
    kept = io.BytesIO()
    with pytest.raises(Stopped):
        part.run(lambda: part.position.total >= steps, lambda: torch.save(part.snapshot(), kept))
    kept.seek(0)
    rest.restore(torch.load(kept, weights_only=True))
    rest.run()
    assert rest.curves == whole.curves
    assert torch.equal(rest.learner.population.flat, whole.learner.population.flat)
    assert all(torch.equal(tensor, rest.learner.state[name]) for name, tensor in whole.learner.state.items())


@pytest.mark.parametrize("form", ["M-DYR-H", "MD-DYR-SH"])
def test_a_replayed_training_is_bit_equal(form: str, tapes: list[Tape]) -> None:
    usual, replayed = build(**FORMS[form]), build(**FORMS[form])
    replayed.replay = replay.Replay(replayed)
    assert_replayed_equal(usual, replayed)
    assert len(tapes) == 4 and replayed.curves == usual.curves


def test_it_is_no_method_for_a_stack() -> None:
    with pytest.raises(UserError, match="single mode only"):
        helpers.build("dynamic-bootstrap", helpers.spec(), [1, 2], mode="stacked")


def test_on_digits_it_beats_plain_training_and_doubts_what_is_wrong(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = load("digits", None, tmp_path_factory.mktemp("cache"))
    final = {}
    for method in ("standard", "dynamic-bootstrap"):
        size = {"epochs": 40, "paper_epochs": 40, "batch": {"size": 64, "steps_cap": None}, "untrained_epoch": False}
        steps = {**SGD, "lr": 0.1, "weight_decay": 1e-4, "schedule": "steps", "milestones": [13, 33]}
        described, values = helpers.spec(optimiser=steps, **size), [helpers.method_parameters(method)]
        built = helpers.build(method, described, parameters=values, data=data, noise="symmetric-60")
        built.run()
        final[method] = sum(built.curves[0]["test_accuracy"][0][-5:]) / 5
    curves = built.curves[0]
    assert final["dynamic-bootstrap"] > final["standard"] + 8
    assert curves["doubt_clean"][0][13] == curves["doubt_flipped"][0][13] == 0.5  # epochs 0 to 13 mix only
    assert curves["doubt_clean"][0][-1] < 0.1 and curves["doubt_flipped"][0][-1] > 0.6
