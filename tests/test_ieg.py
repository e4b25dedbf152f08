"""IEG's step against an independent restatement: plain loops, and double backward in place of forward mode."""

from __future__ import annotations

import io
import math
from typing import Any

import pytest
import torch
from drawn import examples
from hypothesis import example, given
from hypothesis import strategies as st
from ieg_restated import against, build, restated
from replaying import Dispatched, Tape, assert_replayed_equal
from torch.utils.flop_counter import FlopCounterMode

from lnl.engine import replay
from lnl.engine.loop import Stopped, Training
from lnl.engine.method import Outcome
from lnl.engine.metrics import EpochBuffers
from lnl.learning.mixing import ratios
from lnl.learning.pseudo_labels import divergence, pseudo_labels

ABLATIONS: dict[str, dict[str, Any]] = {
    "IEG": {},
    "IEG-1": {"meta": "weights", "mixup": False, "consistency": 0.0},
    "IEG-2": {"mixup": False, "consistency": 0.0, "second_view": "weak"},
    "IEG-3": {"mixup": False, "consistency": 0.0},
    "IEG-4": {"consistency": 0.0},
    "IEG-6": {"mixup": False},
    "IEG-7": {"policy": "none"},
    "IEG-8": {"meta": "weights"},
    "EG": {"meta": "none"},
    "L2R": {"meta": "weights", "mixup": False, "consistency": 0.0, "weight_start": "zero", "look_ahead": "plain"},
    "label flows": {"pseudo_label": "flows"},
    "all numbers changed": {
        "label_start": 0.7,
        "mix_weight": 2.0,
        "consistency": 3.0,
        "meta_rate": 0.03,
        "average": 0.2,
        "policy": "autoaugment-25",
        "cutout": False,
    },
    "no policy": {"policy": "none"},
    "kernels": {"decayed": "kernels"},
    "kernels, all of the probe loss": {"decayed": "kernels", "probe_decay": "all"},
    "frozen": {"meta_batch_norm": "frozen"},
    "frozen, label flows": {"meta_batch_norm": "frozen", "pseudo_label": "flows"},
    "crops of their own": {"crops": "own", "policy": "imagenet-v0", "strong_views": 2},
    "weak crops of their own": {"crops": "own", "second_view": "weak"},
    "as printed": {"terms": "summed", "scaled_logits": False, "ratio": "beta", "weighted_target": "scaled"},
}
ABLATIONS["frozen, L2R"] = ABLATIONS["L2R"] | {"meta_batch_norm": "frozen"}


EPS = torch.finfo(torch.float32).eps


def _compared(built: Training, number: int, drawn: bool = False) -> None:
    """drawn: of any batch that may come, whose slopes may be known to fewer digits than five."""
    batch = built.batches.batch(number)
    built.learner.take({"lr": 0.05})
    wanted = restated(built, batch)
    outcome = built.methods[0].step(built.learner, batch, built._moment(0, {}))
    each = [against(z, torch.eye(z.shape[-1])[y]) for z, y in zip(wanted["logits"], batch.labels[0], strict=True)]
    torch.testing.assert_close(outcome.losses[0], torch.stack(each), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(outcome.logits[0].detach(), wanted["logits"], rtol=1e-4, atol=1e-5)  # type: ignore[index]
    if "weights" in wanted:
        assert outcome.scalars["no_weight"].item() == float(wanted["weights"].sum() == 0)
        found = outcome.marks["weight"][0] / len(batch.x)
        # float32 knows fewer digits of 1 - p where an example is hardly doubted, and of slopes that are small sums
        doubt, steepest = max(EPS, min(1.0, *(loss.item() for loss in each))), wanted["raw weights"].abs().max()
        digits = 1e-5 + (EPS / doubt + 1e-6 / steepest if drawn else 0.0)
        assert (found - wanted["weights"]).abs().max() <= digits * wanted["weights"].max() + 1e-9
        raw, nothing = wanted["raw weights"], outcome.marks["zero_weight_share"][0]
        sure = raw.abs() > 1e-4 * raw.abs().max()
        assert nothing[sure].equal((raw <= 0).float()[sure]), "marked where a weight is zero"
    if "kept" in wanted:
        sure = wanted["slope of lambda"].abs() > 1e-6 * wanted["slope of lambda"].abs().max()
        assert outcome.marks["kept_label"][0][sure].equal(wanted["kept"][sure]) and sure.float().mean() > 0.8
    assert (outcome.pseudo_labels is None) == ("pseudo labels" not in wanted)
    if outcome.pseudo_labels is not None:  # what the curves of pseudo labels are made of, without weights as well
        torch.testing.assert_close(outcome.pseudo_labels[0], wanted["pseudo labels"], rtol=1e-4, atol=1e-5)
    terms = [wanted[name] for name in ("cross-entropies", "mixing", "consistency") if name in wanted]
    assert outcome.loss.item() == pytest.approx(sum(term.item() for term in terms), rel=1e-5)
    for name, found in (("theta", built.learner.vector()), ("average", built.learner.state["average"])):
        assert (found - wanted[name]).abs().max() <= 1e-5 * wanted[name].abs().max(), name


@pytest.mark.parametrize("what", ABLATIONS)
def test_a_step_is_the_restated_one(what: str) -> None:
    built = build(**ABLATIONS[what])
    moment = built.begin_epoch(0)
    for number in range(2):  # so that there is momentum, and an average that is not the network
        built.step(number, moment)
    _compared(built, 2)


@examples(8)
@given(
    seed=st.integers(1, 99),
    batch=st.sampled_from([2, 5, 16]),
    classes=st.sampled_from([3, 10, 12]),
    views=st.integers(1, 3),
    label=st.sampled_from(["stopped", "flows"]),
    network=st.sampled_from(["digits_cnn", "digits_mlp"]),
)
@example(seed=86, batch=2, classes=3, views=1, label="stopped", network="digits_cnn")
def test_for_all_batches_classes_and_views(
    seed: int, batch: int, classes: int, views: int, label: str, network: str
) -> None:
    built = build(network, batch, seed, classes, strong_views=views, pseudo_label=label)
    moment = built.begin_epoch(0)
    built.step(0, moment)
    _compared(built, 1, drawn=True)


# ---- properties that the paper states, or the released code has ----------------------------------------------------


@pytest.mark.parametrize("what", ABLATIONS)
def test_only_the_weak_view_moves_the_running_statistics(what: str) -> None:
    """Once, whatever else looks at the batch: strong views, mixed images, probes, passes that weigh."""
    built = build(**ABLATIONS[what])
    built.begin_epoch(0)
    batch = built.batches.batch(0)
    alone = build()
    alone.begin_epoch(0)
    with torch.no_grad():
        alone.learner.forward(batch.x)
    built.methods[0].step(built.learner, batch, built._moment(0, {}))
    for name, statistic in built.learner.population.buffers.items():
        assert statistic.equal(alone.learner.population.buffers[name]), name


def test_probes_come_one_class_after_another_and_are_never_shuffled() -> None:
    """As released: with as many probes as a batch holds, a batch has as many of each class as another."""
    built = build(batch=16, probe_batch=10)
    probes = set(built.runs[0].trusted["probe"].tolist())
    assert len(probes) == 30 and not probes & set(built.runs[0].train_index.tolist())
    rounds = []
    for epoch in (0, 1):
        built.begin_epoch(epoch)
        rounds += list(built.batches.trusted["probe"])
    assert all(sorted(built.data.true[places].tolist()) == list(range(10)) for places in rounds)
    assert rounds[0].equal(rounds[3]) and rounds[8].equal(rounds[2]), "a period goes on where the last one ended"
    assert set(torch.cat(rounds[:3]).tolist()) == probes


@pytest.mark.parametrize("batch", [7, 16])
def test_training_examples_come_in_whole_rounds_across_periods(batch: int) -> None:
    """A period ends within a round of 130 examples, and the next one goes on: none comes twice before all have come."""
    built, seen = build(batch=batch), []
    for epoch in range(5):
        built.begin_epoch(epoch)
        seen += built.batches.order.tolist()
    every = sorted(built.runs[0].train_index.tolist())
    rounds = [seen[first : first + 130] for first in range(0, len(seen) - 129, 130)]
    assert len(every) == 130 and len(rounds) == 40 * batch // 130
    assert all(sorted(each) == every for each in rounds)
    assert len({tuple(each) for each in rounds}) == len(rounds) and sorted(set(seen)) == every


def test_where_weights_begin_at_nothing_no_label_is_kept() -> None:
    """The derivative with respect to lambda has omega_0 as a factor."""
    built = build(weight_start="zero")
    built.begin_epoch(0)
    outcome = built.methods[0].step(built.learner, built.batches.batch(0), built._moment(0, {}))
    assert outcome.marks["kept_label"].sum() == 0 < outcome.marks["weight"].sum()


def test_without_a_consistent_teacher_nothing_reaches_it() -> None:
    weak, strong = (torch.randn(1, 4, 5, requires_grad=True) for _ in range(2))
    gradient = torch.autograd.grad(divergence(weak, strong).sum(), [weak, strong], allow_unused=True)
    assert gradient[0] is None and gradient[1].abs().sum() > 0
    assert divergence(weak, weak).abs().max() < 1e-6


def test_pseudo_labels_of_scaled_logits_are_never_sure() -> None:
    """With logits of unit scale the surest row of ten classes of equal norms has 0.989 after sharpening."""
    z = torch.full((1, 6, 10), -1.0)
    z[..., 0] = 9.0
    assert pseudo_labels([1000 * z], True)[0, 0, 0].item() == pytest.approx(0.989, abs=1e-3)
    assert pseudo_labels([1000 * z], False)[0, 0, 0].item() == pytest.approx(1.0)


def test_mixing_ratios_keep_the_larger_share() -> None:
    u = torch.rand(200_000, generator=torch.Generator().manual_seed(1))
    for form, mean in (("as_released", 5 / 6), ("beta", 0.5 + 1 / math.pi)):
        found = ratios(u, form)
        assert found.min() >= 0.5 and found.max() <= 1
        assert found.mean().item() == pytest.approx(mean, abs=2e-3)
    quartiles = ratios(u, "beta").quantile(torch.tensor([0.25, 0.5, 0.75]))
    assert quartiles.tolist() == pytest.approx([0.691, 0.854, 0.962], abs=3e-3)


def test_no_weight_is_ever_one_so_that_all_examples_count_as_mislabelled() -> None:
    """T = 1 (section 3.2): a lone survivor's weight stays below it."""
    from lnl.learning.meta_weights import summed_to_one

    alone = summed_to_one(torch.tensor([[-1.0, 3.0, -2.0]]))
    assert 0.99 < alone[0, 1] < 1 and summed_to_one(torch.zeros(1, 3) - 1).sum() == 0


def test_it_is_judged_by_averaged_weights_and_the_networks_statistics() -> None:
    built = build()
    moment = built.begin_epoch(0)
    for number in range(5):
        built.step(number, moment)
    x = built.data.gather(torch.arange(9))
    found = built.methods[0].predict(built.learner, x, None)
    flat = built.learner.population.flat
    now = flat.clone()
    with torch.no_grad():
        flat.copy_(built.learner.state["average"][None])
        wanted = built.learner.forward(x, None, batch_norm="frozen")
        flat.copy_(now)
    assert (found - wanted).abs().max() < 1e-6 and not found.equal(built.learner.forward(x, None, batch_norm="frozen"))


def test_what_is_logged_by_mark() -> None:
    built = build(batch=16)
    built.run(until=2)
    curves = built.curves[0]
    for name in ("weight", "kept_label"):
        assert all(value is not None for part in ("clean", "flipped") for value in curves[f"{name}_{part}"][0])
    assert 0 <= curves["pseudo_label_accuracy"][0][-1] <= 100
    for part in ("clean", "flipped"):
        assert 0 < curves[f"pseudo_label_entropy_{part}"][0][-1] < math.log(10)
        assert 0 <= curves[f"zero_weight_share_{part}"][0][-1] < 1
    shares = built.batches.given == built.data.true[built.batches.order]
    both = shares.float().mean().item()
    mean = both * curves["weight_clean"][0][-1] + (1 - both) * curves["weight_flipped"][0][-1]
    assert 0 < mean <= 1.001, "weights of a batch sum to one at most"


def test_pseudo_labels_are_logged_by_their_largest_class_and_their_entropy() -> None:
    buffers = EpochBuffers((1,), 1, 4, torch.device("cpu"))
    guess = torch.tensor([[[1.0, 0, 0], [0.5, 0.5, 0], [0.2, 0.2, 0.6], [0, 1, 0]]])
    zeros = torch.zeros(1, 4)
    buffers.write(slice(0, 4), Outcome(zeros[:, 0], zeros, None, guess, pseudo_labels=guess), guess)
    given, true = torch.tensor([[0, 1, 2, 2]]), torch.tensor([[0, 1, 2, 0]])
    found = buffers.figures(given, true, 1)
    assert found["pseudo_label_accuracy"].item() == 50.0, "the first and the third: of equals the first class counts"
    of_third = -(2 * 0.2 * math.log(0.2) + 0.6 * math.log(0.6))
    assert found["pseudo_label_entropy_clean"].item() == pytest.approx((math.log(2) + of_third) / 3, rel=1e-5)
    assert found["pseudo_label_entropy_flipped"].item() == 0


def test_the_cost_of_a_step() -> None:
    """At most 24 forwards of a batch with the pseudo label stopped, 28 as released."""
    counts = {}
    for label in ("stopped", "flows"):
        built = build("digits_cnn", 12, probe_batch=12, pseudo_label=label)
        moment = built.begin_epoch(0)
        built.step(0, moment)
        with FlopCounterMode(display=False) as step:
            built.step(1, moment)
        x = built.batches.batch(0).x
        with FlopCounterMode(display=False) as forward, torch.no_grad():
            built.learner.forward(x, batch_norm="batch")
        counts[label] = step.get_total_flops() / forward.get_total_flops()
    assert counts["stopped"] <= 24 and counts["flows"] <= 28, counts


@pytest.mark.parametrize("stop", [1, 5, 6, 13, 39])
def test_it_resumes_anywhere(stop: int) -> None:
    """In the middle of a period, at the end of one, behind a restart (steps 4, 10, 19)."""
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


@pytest.mark.parametrize("what", ["IEG", "IEG-2", "EG", "label flows"])
def test_it_is_replayed_bit_equal(what: str, tapes: list[Tape]) -> None:
    usual, replayed = (build("digits_mlp", **ABLATIONS[what]) for _ in range(2))
    replayed.replay = replay.Replay(replayed)
    with Dispatched():
        usual.run()
        replayed.run()
    assert len(tapes) == 5, "one recording a period, whose rates stand in a tensor"
    assert replayed.curves == usual.curves
    assert replayed.learner.population.flat.equal(usual.learner.population.flat)


@pytest.mark.gpu
@pytest.mark.parametrize("what", ["IEG", "EG", "label flows"])
def test_a_gpu_replays_it(what: str, one_order_of_sums: None) -> None:
    usual, replayed = (build(device="cuda", **ABLATIONS[what]) for _ in range(2))
    replayed.replay = replay.Replay(replayed)
    assert_replayed_equal(usual, replayed)


@pytest.mark.gpu
def test_a_gpu_is_not_waited_for() -> None:
    built = build(device="cuda")
    moment = built.begin_epoch(0)
    built.step(0, moment)  # which makes the tables of the policies
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        built.step(1, moment)
    finally:
        torch.cuda.set_sync_debug_mode("default")
