"""Pricing: what is counted, what is measured once, how records correct it, and what a user is told."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import helpers
import pytest
import torch
from declared_datasets import DATASETS
from hypothesis import given
from hypothesis import strategies as st
from suite_copy import SuiteCopy
from torch.utils.flop_counter import FlopCounterMode

from lnl.data.splits import SPLITS
from lnl.declared.declared_sets import trained_examples
from lnl.declared.suite import Suite
from lnl.engine.build import load_method
from lnl.engine.data import DeviceData
from lnl.engine.loop import Training
from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.files import sealed
from lnl.learning.selection import cross_entropy
from lnl.run.price import large, model, phases, speed, work
from lnl.run.price.cost import Estimator
from lnl.run.price.kept import KeptForBackward
from lnl.run.price.model import Model
from lnl.run.price.speed import DeviceSpeed, NetworkSpeed
from lnl.run.price.work import Work, count

ROOT = Path(__file__).resolve().parent.parent
PRODUCTS = 2 * (2 * 784 * 256 + 3 * 256 * 10)  # of one image: two products of the first layer, three of the second


@pytest.fixture(scope="module")
def paper() -> Suite:
    return Suite.load(ROOT, {"scale": "paper", "device": "cpu"}, validate=False)


def _counted(suite: Suite, cell: str, **changes: Any) -> Work:
    parsed = suite.parse(cell)
    spec = suite.spec(parsed) | changes
    info, method = DATASETS[spec["dataset"]], suite.methods[parsed.method]
    return count(spec, load_method(Path(method["file"])), info.shape, info.classes, info.train)


def test_a_step_is_counted_as_its_matrix_products(paper: Suite) -> None:
    standard, coteaching = (_counted(paper, f"s2e/mnist/pair-45/{method}") for method in ("standard", "coteaching"))
    assert standard.step_flops == 128 * PRODUCTS
    assert coteaching.step_flops == 2 * standard.step_flops
    assert standard.parameters == 785 * 256 + 257 * 10
    assert standard.image_flops == 2 * (784 * 256 + 256 * 10)
    halved = _counted(paper, "s2e/mnist/pair-45/standard", batch={"size": 64, "steps_cap": 401})
    assert halved.step_flops == standard.step_flops / 2


def test_a_convolutional_network_is_dearer_by_its_convolutions(paper: Suite) -> None:
    cnn = _counted(paper, "coteaching/mnist/pair-45/standard")
    assert cnn.step_flops == pytest.approx(431e9, rel=0.01)  # the nine-layer network on 28 x 28
    assert cnn.saved_bytes > 128 * 28 * 28 * 128 * 4  # at least one activation of the first layer


@pytest.mark.parametrize(
    "cell", ["dynamic-bootstrapping/cifar10/uniform-80/dynamic-bootstrap", "l2r-background/cifar10/background-40/l2r"]
)
def test_a_step_of_a_large_network_is_that_of_a_small_one_taken_as_many_times(
    paper: Suite, monkeypatch: pytest.MonkeyPatch, cell: str
) -> None:
    alone = {"epochs": 2}  # one trained epoch, in the middle of the paper's: its phases are looked at elsewhere
    monkeypatch.setattr(large, "LEAST_FLOPS", 1e7)
    scaled = _counted(paper, cell, **alone)
    monkeypatch.setattr(large, "LEAST_FLOPS", 1e15)
    made = _counted(paper, cell, **alone)
    assert scaled.step_flops == pytest.approx(made.step_flops, rel=0.02)
    assert scaled.image_flops == pytest.approx(made.image_flops, rel=0.001)
    assert scaled.parameters == made.parameters
    assert scaled.saved_bytes == pytest.approx(made.saved_bytes, rel=0.25)


class Warming(Method):
    """More after a warm-up, as methods have it that divide their examples: passes of all of them, and a longer step."""

    late = 0.25  # part of the training before it

    def epoch_begin(self, learner: Learner, now: Moment) -> None:
        if now.done >= self.late:
            assert sum(len(places) for places, _ in learner.training_pass()) == len(learner.train_index)

    def epoch_end(self, learner: Learner, now: Moment) -> None:
        for _ in range(2 * int(now.done >= self.late)):
            list(learner.training_pass())

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        for _ in range(3 if now.done >= self.late else 1):
            logits = learner.forward(batch.x)
            losses = cross_entropy(logits, batch.labels)
            learner.apply(learner.gradient(losses.mean(-1)))
        return Outcome(losses.mean(-1).detach(), losses, logits=logits)


class Counting(Warming):
    """The same, with a warm-up in steps of the paper."""

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        at = Moment(now.epoch, now.time, now.step, done=float(now.paper_step >= self.parameters["warm_up"]))
        return super().step(learner, batch, at)


@pytest.mark.parametrize(
    ("method", "parameters", "length"),
    [
        (Warming, {}, {}),
        (Counting, {"warm_up": 60}, {}),
        (Counting, {"warm_up": 60}, {"paper_epochs": 40}),
        (
            Counting,
            {"warm_up": 60},
            {"length": {"steps": 160, "period": 8, "paper_steps": 160, "paper_period": 8, "clock": "scaled"}},
        ),
    ],
)
def test_what_a_method_does_after_a_warm_up_and_around_its_epochs_is_counted(
    method: type[Method], parameters: dict[str, int], length: dict[str, Any]
) -> None:
    spec = helpers.spec(epochs=20, paper_epochs=20, untrained_epoch=False)
    spec |= {"method": {"key": "test", "parameters": parameters}, **length}
    running = helpers.build(method, spec, parameters=[parameters])
    with FlopCounterMode(display=False) as whole:
        running.run()
    found = count(spec, method, (1, 8, 8), 10, 256)
    counted = 160 * found.step_flops + 20 * (256 * found.example_flops + 50 * found.image_flops)
    assert counted == pytest.approx(whole.get_total_flops(), rel=0.06)  # a warm-up alone would be 0.3 of it


def test_a_registered_method_with_a_warm_up_is_counted_as_what_its_run_makes() -> None:
    parameters = helpers.method_parameters("dynamic-bootstrap", mixing="guided", belief="soft-to-hard")
    spec = helpers.spec(epochs=12, paper_epochs=12, method={"key": "dynamic-bootstrap", "parameters": parameters})
    running = helpers.build("dynamic-bootstrap", spec, parameters=[parameters])
    with FlopCounterMode(display=False) as whole:
        running.run()
    found = count(spec, load_method(helpers.method_file("dynamic-bootstrap")), (1, 8, 8), 10, 256)
    counted = 11 * (8 * found.step_flops + 256 * found.example_flops) + 12 * 50 * found.image_flops
    assert counted == pytest.approx(whole.get_total_flops(), rel=0.06)


def test_a_change_of_phase_is_found_to_a_thirty_second_and_what_never_changes_is_looked_at_thrice() -> None:
    for change in range(1, 301, 13):
        looked: list[int] = []

        def work(epoch: int, change: int = change, looked: list[int] = looked) -> float:
            looked.append(epoch)
            return 1.0 if epoch < change else 2.0

        found = phases.shares(1, 300, work)
        mean = sum(share * (1 if epoch < change else 2) for epoch, share in found.items())
        assert sum(found.values()) == pytest.approx(1)
        assert mean == pytest.approx((change - 1 + 2 * (301 - change)) / 300, abs=1 / 32)
        assert len(looked) <= 12
    slight = phases.shares(1, 300, lambda epoch: 1.0 if epoch < 100 else 1.1)  # a tenth more is no more of the same
    assert sum(share * (1 if epoch < 100 else 1.1) for epoch, share in slight.items()) == pytest.approx(
        1.067, abs=0.004
    )
    assert list(phases.shares(1, 300, lambda epoch: 1.0).values()) == [1.0]
    assert phases.shares(4, 4, lambda epoch: 1.0) == {4: 1.0}


@given(first=st.integers(0, 1), count=st.integers(1, 400), every=st.integers(2, 20))
def test_what_comes_every_so_many_epochs_is_neither_missed_nor_always_met(first: int, count: int, every: int) -> None:
    found = phases.spread(first, first + count - 1)
    assert len(found) == min(count, 16)
    assert set(found) <= set(range(first, first + count))
    assert count > 16 or len(set(found)) == count
    if count >= 64:
        assert abs(sum(epoch % every == 0 for epoch in found) / 16 - 1 / every) < 0.4  # sixteen by chance, three sigmas


def test_a_method_that_cannot_begin_late_is_counted_where_it_begins() -> None:
    class Tracked(Warming):
        def epoch_begin(self, learner: Learner, now: Moment) -> None:
            learner.state["seen"] = learner.state["seen"] + 1 if now.epoch > 1 else torch.ones(())

    spec = helpers.spec(epochs=20, paper_epochs=20)
    assert count(spec, Tracked, (1, 8, 8), 10, 256).step_flops > 0


@pytest.mark.parametrize("graphs", [1, 2, 50])
def test_memory_of_a_step_is_the_most_that_its_graphs_keep_at_one_time(graphs: int) -> None:
    weight = torch.zeros(8, 8, requires_grad=True)
    with KeptForBackward([weight]) as kept:
        for _ in range(graphs):  # each is let go before the next, whose memory may lie at the same address
            torch.autograd.grad((torch.ones(100, 8) @ weight).square().sum(), weight)
    assert kept.most == 2 * 100 * 8 * 4  # the input of each of the two operations, the weight left out
    with KeptForBackward([weight]) as kept:
        held = [(torch.ones(100, 8) @ weight).square().sum() for _ in range(graphs)]
    assert kept.most == len(held) * 2 * 100 * 8 * 4


def test_a_stage_of_one_step_has_a_price(paper: Suite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = paper.spec(
        next(run.cell for run in paper.demand("ieg_small_cnn") if run.cell.method == "standard-small-rog")
    )
    assert spec["length"]["steps"] == 1
    assert _model(monkeypatch, paper, tmp_path / "price.json").seconds(spec) > 0


def test_a_method_that_begins_with_another_runs_network_is_counted_with_its_own(paper: Suite) -> None:
    plain, corrected, channel = (
        _counted(paper, f"s2e/mnist/symmetric-20/{method}").step_flops
        for method in ("standard", "f-correction", "s-model")
    )
    assert corrected == pytest.approx(plain, rel=0.01)  # p T beside products of 784 and 256 columns
    assert channel == pytest.approx(plain, rel=0.01)


def test_a_method_that_validates_has_a_price_of_its_own_network(
    paper: Suite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Estimator, "model", _model(monkeypatch, paper, tmp_path / "price.json"))
    estimator = Estimator(paper)
    pruned = next(r.cell for r in paper.demand("ieg_small_cnn") if r.cell.method == "gce-truncated-small")
    plain = next(r.cell for r in paper.demand("ieg_small_cnn") if r.cell.method == "gce-small")
    prices = [estimator.price("ieg", paper.spec(cell), "cifar10") for cell in (pruned, plain)]
    assert all(price and price.basis == "modelled" for price in prices)
    assert prices[0].seconds == pytest.approx(prices[1].seconds, rel=0.2)


def test_no_step_is_made_on_images_of_224_pixels(paper: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    made, real = [], work._training

    def noted(spec: dict[str, Any], method: Any, shape: Any, *rest: Any) -> Training:
        made.append((spec["network"]["name"], max(shape)))
        return real(spec, method, shape, *rest)

    monkeypatch.setattr(work, "_training", noted)
    found = _counted(paper, "ieg-webvision/webvision-mini-clean/clean/supervised")
    assert set(made) == {(large.COUNTED_ON, large.SIDE)}
    multiply_adds = 4.1e9  # of ResNet-50 on 224 pixels, a forward (He et al., 2016, table 1: 3.8e9 without shortcuts)
    assert found.image_flops == pytest.approx(2 * multiply_adds, rel=0.05)


def _model(monkeypatch: pytest.MonkeyPatch, suite: Suite, file: Path) -> Model:
    """A model of a device that does a billion operations a second and starts any operation for nothing."""
    monkeypatch.setattr(speed, "network", lambda *_: NetworkSpeed(1e9, 2e9, 20))
    monkeypatch.setattr(speed, "general", lambda _: DeviceSpeed(0.0, 0.0, 0.0, 0.0))
    return Model(suite, torch.device("cpu"), file)


def test_seconds_are_work_over_speed(paper: Suite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = paper.spec(paper.parse("s2e/mnist/pair-45/standard"))
    seconds = _model(monkeypatch, paper, tmp_path / "price.json").seconds(spec)
    steps, evaluation = 199 * 401 * 128 * PRODUCTS / 1e9, 200 * 10_000 * 2 * (784 * 256 + 256 * 10) / 2e9
    assert seconds == pytest.approx(steps + evaluation)  # the first epoch is evaluated only


@pytest.mark.parametrize(("method", "networks"), [("standard", 1), ("coteaching", 2)])
def test_every_part_of_a_run_has_its_share_of_its_seconds_and_its_work(
    paper: Suite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, method: str, networks: int
) -> None:
    monkeypatch.setattr(model, "count", lambda *_: Work(1e6, 500, 2000, 3000, 4 * 2**20, 7))
    device = _model(monkeypatch, paper, tmp_path / "price.json")
    monkeypatch.setattr(speed, "general", lambda _: DeviceSpeed(1e-4, 1e-8, 1e-9, 1e-6))
    spec = paper.spec(paper.parse(f"s2e/mnist/pair-45/{method}"))
    beyond = (500 - 20 * networks - 8) * 1e-4  # the network's own operations, and the optimiser's, are in its speed
    step = 1e6 / 1e9 + beyond + 3000 * 1e-8 + 128 * 784 * 1e-9 + 128 * networks * 1e-6
    evaluated = 200 * 10_000 * (2000 / 2e9 + 784 * 1e-9)
    assert device.seconds(spec) == pytest.approx(199 * (401 * step + 60_000 * 7 / 2e9) + evaluated)
    assert device.flops(spec) == 199 * (401 * 1e6 + 60_000 * 7) + 200 * 10_000 * 2000
    assert device.operations(spec) == 199 * 401 * 500
    # images of a byte a pixel; weights, their gradient, two slots and one more vector of four bytes a number
    assert device.memory_mb(spec) == pytest.approx((70_000 * 784 + 4 * 5 * 3000) / 2**20 + 4)


def test_a_step_of_fewer_operations_than_its_network_starts_is_no_gain(
    paper: Suite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(model, "count", lambda *_: Work(1e6, 5, 0, 0, 0, 0))
    device = _model(monkeypatch, paper, tmp_path / "price.json")
    monkeypatch.setattr(speed, "general", lambda _: DeviceSpeed(1.0, 0.0, 0.0, 0.0))
    assert device.seconds(paper.spec(paper.parse("s2e/mnist/pair-45/standard"))) == pytest.approx(199 * 401 * 1e6 / 1e9)


PARTS: list[dict[str, Any]] = [
    *({"split": split} for split in SPLITS),
    {"split": "test-halves", "limits": {"test_images": 30}},
    {"hold_out": {"share": 0.25}},
    {"hold_out": {"share": 0.25}, "limits": {"test_images": 30}},
    {"sets": {"seen": {"count": 64, "held_out": "all", "validates": True}}},
    {"sets": {"probe": {"count": 64, "held_out": "all"}}},
]


@pytest.mark.parametrize("changes", PARTS, ids=str)
def test_the_images_that_are_priced_are_those_that_judge(changes: dict[str, Any]) -> None:
    described = helpers.spec(**changes)
    whole = helpers.arrays()
    whole = replace(whole, test_images=whole.train_images[:200], test_labels=whole.train_labels[:200])
    whole = replace(whole, validation_images=whole.train_images[:70], validation_labels=whole.train_labels[:70])
    limit = described["limits"].get("test_images")
    data = DeviceData.load(whole, described["split"], torch.device("cpu"), limit)
    if "hold_out" in described:
        data = data.hold_out(torch.arange(64), data.true, limit)
    if described.get("sets", {}).get("seen"):
        data = data.also_validates(torch.arange(64), data.true, limit)
    info = replace(DATASETS["digits"], train=256, test=200, validation=70)
    assert model._evaluated(described, info) == sum(len(labels) for _, labels in data.parts.values())


@pytest.mark.parametrize(
    ("cell", "examples"),
    [
        ("labeller/cifar10/clean/standard", 2500),  # its declared set alone
        ("l2r-imbalance/mnist49/clean/standard", 5000),  # what is trained on is a set, and the clean images are of it
        ("ieg/cifar10/uniform-80/supervised", 49_900),  # nobody trains on the probe images
        ("gce/cifar10/uniform-80/gce-truncated", 45_000),  # a share that the method leaves out
        ("s2e/mnist/pair-45/standard", 60_000),
    ],
)
def test_a_run_is_priced_by_the_examples_that_it_trains_on(
    paper: Suite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cell: str, examples: int
) -> None:
    spec = paper.spec(paper.parse(cell))
    seen: list[int] = []

    def counted(*what: Any) -> Work:
        seen.append(what[-1])
        return Work(1e6, 0, 0, 0, 0, 0)

    monkeypatch.setattr(model, "count", counted)
    seconds = _model(monkeypatch, paper, tmp_path / "price.json").seconds(spec)
    steps = spec.get("length", {}).get("steps")
    if steps is None:
        of_epoch = min(examples // spec["batch"]["size"], spec["batch"]["steps_cap"] or examples)
        steps = (spec["epochs"] - spec["untrained_epoch"]) * of_epoch
    assert seen == [examples] and seconds == pytest.approx(steps * 1e6 / 1e9)


SETS: list[dict[str, Any]] = [
    {"sets": {"labelled": {"count": 60, "balanced": True}}, "trained_on": "labelled"},
    {"sets": {"train": {"count": 200}, "clean": {"count": 20, "balanced": True, "held_out": "all"}}},
    {"sets": {"probe": {"count": 30, "held_out": "all"}, "seen": {"count": 16, "held_out": "readers"}}},
    {"hold_out": {"share": 0.1}},
    {},
]


@pytest.mark.parametrize("changes", SETS, ids=lambda changes: "-".join(changes) or "all")
def test_the_examples_that_are_priced_are_those_that_train(changes: dict[str, Any]) -> None:
    built = helpers.build("standard", helpers.spec(**changes))
    info = replace(DATASETS["digits"], train=256)
    assert trained_examples(built.spec, info) == len(built.runs[0].train_index)


def test_what_was_measured_is_not_measured_again(
    paper: Suite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = paper.spec(paper.parse("s2e/mnist/pair-45/standard"))
    first = _model(monkeypatch, paper, tmp_path / "price.json").seconds(spec)
    assert "measuring the speed of mlp" in capsys.readouterr().err
    for name in ("network", "general"):
        monkeypatch.setattr(speed, name, lambda *_: pytest.fail("measured again"))
    monkeypatch.setattr(model, "count", lambda *_: pytest.fail("counted again"))
    assert Model(paper, torch.device("cpu"), tmp_path / "price.json").seconds(spec) == first


def test_a_schedule_is_no_reason_to_count_again_and_counting_is_told_once(
    paper: Suite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counted: list[dict[str, Any]] = []

    def one(spec: dict[str, Any], *_: Any) -> Work:
        counted.append(spec)
        return Work(1e6, 500, 2000, 3000, 4 * 2**20, 7)

    monkeypatch.setattr(model, "count", one)
    device = _model(monkeypatch, paper, tmp_path / "price.json")
    spec = paper.spec(paper.parse("s2e/mnist/pair-45/coteaching"))
    own = spec["method"]["parameters"]
    schedules = [{"formula": "1 - t", "clip": [0, 1], "x": [share]} for share in (0.1, 0.2)]
    for parameters in (own, *(own | {"R": schedule} for schedule in schedules)):
        device.flops(spec | {"method": spec["method"] | {"parameters": parameters}})
    assert len(counted) == 1
    device.flops(spec | {"method": spec["method"] | {"parameters": own | {"tau": 0.5}}})
    assert len(counted) == 2  # what a value does to a step nobody knows
    assert capsys.readouterr().err.count("counting the work of each kind of training") == 1


def test_records_correct_the_model_for_what_has_none(
    suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(suite.root)
    loaded = Suite.load(Path(), {"scale": "demo", "device": "cpu"}, validate=False)
    modelled = _model(monkeypatch, loaded, tmp_path / "price.json")
    for path in (suite.root / "results/demo/cells").rglob("seed*.json"):
        record = sealed.read(path)
        record["provenance"]["seconds"] = 3 * modelled.seconds(record["result"]["spec"])
        sealed.write(path, record)
    estimator = Estimator(loaded)
    estimator.__dict__["model"] = modelled
    assert estimator.correction.factor == pytest.approx(3)
    seen, unseen = (loaded.parse(f"s2e/digits/{noise}/standard") for noise in ("symmetric-50", "pair-45"))
    assert estimator.price("s2e", loaded.spec(seen), "mnist").basis == "measured"
    longer = loaded.spec(unseen) | {"epochs": 50}
    price = estimator.price("s2e", longer, "mnist")
    assert price.basis == "modelled"
    assert price.seconds == pytest.approx(3 * modelled.seconds(longer))


def test_what_one_variant_took_is_not_what_another_takes(suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of one method differ in their step: IEG's takes twice as long as Learning to Reweight's."""
    monkeypatch.chdir(suite.root)
    estimator = Estimator(Suite.load(ROOT, {"scale": "lite", "device": "cpu"}, validate=False))
    at = "ieg/cifar10/uniform-80"
    names = ("ieg-small", "ieg-l2r-small", "ieg-eg-small", "gce-small", "gce-truncated-small", "supervised-small")
    specs = [estimator.suite.spec(estimator.suite.parse(f"{at}/{name}")) for name in names]
    kinds = [estimator._kind("ieg", spec, False) for spec in specs]
    assert len(set(kinds)) == len(names)
    other = estimator.suite.spec(estimator.suite.parse("ieg/cifar10/asymmetric-40/ieg-small"))
    assert estimator._kind("ieg", other, False) == kinds[0], "the noise costs nothing"
    searched = [{"R": {"schedule": [1.0, share]}} for share in (0.5, 0.8)]
    chosen = [specs[0] | {"method": specs[0]["method"] | {"parameters": each}} for each in searched]
    assert len({estimator._kind("ieg", spec, False) for spec in chosen}) == 1
    fast = specs[0] | {"arithmetic": "fast"}
    assert estimator._kind("ieg", fast, False) != kinds[0]


def test_a_plan_says_what_its_prices_rest_on(suite: SuiteCopy) -> None:
    before = suite.lnl("plan", "small", "--seeds", "3")
    assert before.returncode == 0
    assert "2 of 6" in before.stdout  # the third repeat of two cells
    without_gpu = str(Path(sys.executable).parent)  # where no nvidia-smi is
    words = ("plan", "small", "--seeds", "3", "--scale", "paper", "--device", "cuda")
    declared = suite.lnl(*words, afresh=True, PATH=without_gpu)
    assert "~" in declared.stdout
    assert "what the protocol declares" in declared.stdout
    assert "longest" in declared.stdout
    modelled = suite.lnl("plan", "small", "--scale", "paper", "--device", "cpu")
    assert "≈" in modelled.stdout
    assert "counted work over the measured speed of this device" in modelled.stdout
