"""Single and stacked mode, stop and resume, hand-overs, divergence, no host synchronisation."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import helpers
import pytest
import torch
from registered import STACKED
from synchronisations import Synchronisations
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from lnl.engine.learner import Learner
from lnl.engine.loop import Stopped, Training
from lnl.engine.method import Method, Moment, Outcome
from lnl.errors import UserError
from lnl.learning.selection import cross_entropy


def _flat(built: Training) -> Tensor:
    return built.learner.population.flat.clone()


@pytest.mark.parametrize("precision", ["highest", "medium"])
@pytest.mark.parametrize("method", STACKED)
def test_a_linear_run_is_bit_identical_alone_and_at_any_place_in_a_stack(method: str, precision: str) -> None:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        _compare_stacks(method)
    finally:
        torch.set_float32_matmul_precision(before)


def _compare_stacks(method: str) -> None:
    alone = helpers.build(method, helpers.spec(), [3])
    alone.run()
    for seeds in ([3], [3, 1], [1, 3], [5, 4, 3, 2, 1]):
        stack = helpers.build(method, helpers.spec(), seeds, mode="stacked")
        stack.run()
        place = seeds.index(3)
        assert torch.equal(_flat(stack)[place], _flat(alone))
        assert stack.curves[place] == alone.curves[0]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
@pytest.mark.parametrize("method", STACKED)
def test_stacked_agrees_with_single_after_one_step(
    method: str, network: str, dtype: torch.dtype, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lnl.engine.data.to_float", lambda images: images.to(dtype) / 255)
    torch.set_default_dtype(dtype)
    try:
        _compare_a_step(method, network, tolerance)
    finally:
        torch.set_default_dtype(torch.float32)


def _compare_a_step(method: str, network: str, tolerance: float) -> None:
    spec = helpers.spec(network, limits={"steps_per_epoch": 1}, epochs=2, paper_epochs=2)
    single, stack = helpers.build(method, spec, [1]), helpers.build(method, spec, [1, 2], mode="stacked")
    start = _flat(single)
    assert torch.equal(start, _flat(stack)[0])
    gradients: list[Tensor] = []
    for built in (single, stack):
        built.learner.apply = lambda gradient: gradients.append(gradient.clone())  # type: ignore[method-assign]
        built.step(0, built.begin_epoch(1))
    a, b = gradients[0], gradients[1][0]
    assert a.dtype == torch.get_default_dtype()
    assert (a - b).norm() <= tolerance * a.norm()
    for mine, theirs in zip(single.learner.population.buffers.values(), _first(stack), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=10 * tolerance, atol=tolerance)


def _first(stack: Training) -> list[Tensor]:
    runs = stack.learner.population.buffers
    networks = stack.lead[1]
    return [runs[name][0, n] for n in range(networks) for name in runs]


def test_a_stack_may_differ_in_the_method_s_parameters() -> None:
    spec = helpers.spec(method={"key": "coteaching", "parameters": {}})
    from lnl.declared.reading import read_methods

    defaults = read_methods(helpers.ROOT / "methods")["coteaching"]["parameters"]
    taus = [{**defaults, "tau": t} for t in (0.5, 1.0, 1.5)]
    stack = helpers.build("coteaching", spec, [1, 1, 1], mode="stacked", parameters=taus)
    stack.run()
    for place, own in enumerate(taus):
        alone = helpers.build("coteaching", spec, [1], mode="stacked", parameters=[own])
        alone.run()
        assert alone.curves[0] == stack.curves[place]
    assert stack.curves[0]["schedule"] != stack.curves[2]["schedule"]


@pytest.mark.parametrize("mode", ["single", "stacked"])
@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
def test_a_run_stopped_anywhere_and_resumed_ends_the_same(network: str, mode: str) -> None:
    seeds = [1] if mode == "single" else [1, 2]
    whole = helpers.build("coteaching", helpers.spec(network), seeds, mode=mode)
    whole.run()
    for steps in (1, 7, 8, 11, 23):
        kept = io.BytesIO()
        part = helpers.build("coteaching", helpers.spec(network), seeds, mode=mode)
        with pytest.raises(Stopped):
            part.run(lambda: part.position.total >= steps, lambda: _save(part, kept))  # noqa: B023
        kept.seek(0)
        rest = helpers.build("coteaching", helpers.spec(network), seeds, mode=mode)
        rest.restore(torch.load(kept, weights_only=True))
        rest.run()
        assert rest.curves == whole.curves
        assert torch.equal(_flat(rest), _flat(whole))


def _save(built: Training, file: io.BytesIO) -> None:
    file.seek(0)
    file.truncate()
    torch.save(built.snapshot(), file)


def test_hand_overs_are_written_where_they_are_declared() -> None:
    built = helpers.build("standard", helpers.spec(), points=("step-5", "final"))
    built.run()
    assert set(built.hand_overs.saved) == {"step-5", "final"}
    assert int(built.hand_overs.saved["step-5"]["steps"]) == 5
    assert torch.equal(built.hand_overs.saved["final"]["flat"], _flat(built))
    assert {"slot.exp_avg", "slot.exp_avg_sq"} <= set(built.hand_overs.saved["final"])


class Explodes(Method):
    """Loss that becomes infinite in the third epoch."""

    def schedule(self, time: float) -> dict[str, float]:
        return {"factor": 1.0 if time < 3 else float("inf")}

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses.mean(-1) * now["factor"].squeeze(-1), losses=losses)


def test_a_run_whose_loss_is_not_finite_ends_as_diverged() -> None:
    built = helpers.build(Explodes, helpers.spec())
    built.run()
    assert built.diverged[0] == {"epoch": 3, "reason": "loss or parameters are not finite"}
    assert built.curves[0]["epoch"] == [0, 1, 2]


class ExplodesAtOnce(Explodes):
    """In the first epoch, after the untrained network was evaluated."""

    def schedule(self, time: float) -> dict[str, float]:
        return {"factor": float("inf")}


class WithoutANumber(Explodes):
    """Trains well; its own validation loss is no number in the second epoch."""

    def schedule(self, time: float) -> dict[str, float]:
        return {"factor": 1.0}

    def epoch_begin(self, learner: Learner, now: Moment) -> None:
        self.epoch = now.epoch

    def validation_loss(self, learner: Learner, logits: Tensor, labels: Tensor) -> Tensor:
        return cross_entropy(logits, labels) * (float("inf") if getattr(self, "epoch", 0) == 2 else 1.0)


@pytest.mark.parametrize("point", ["best-validation", "lowest-validation-loss"])
def test_a_network_that_diverged_is_handed_to_nobody(point: str) -> None:
    arrays = helpers.arrays()
    held_out = replace(arrays, validation_images=arrays.test_images, validation_labels=arrays.test_labels)
    described = helpers.spec(split="own", untrained_epoch=True)
    built = helpers.build(ExplodesAtOnce, described, data=held_out, points=(point,))
    built.run()
    assert built.diverged[0] is not None and built.curves[0]["epoch"] == [0]
    assert point not in built.hand_overs.saved


def test_a_validation_loss_that_is_no_number_is_nobodys_lowest() -> None:
    arrays = helpers.arrays()
    held_out = replace(arrays, validation_images=arrays.test_images, validation_labels=arrays.test_labels)
    point = "lowest-validation-loss"
    built = helpers.build(WithoutANumber, helpers.spec(split="own"), data=held_out, points=(point,))
    built.run()
    assert None in built.curves[0]["validation_loss"][0]
    assert built.diverged == [None] and point in built.hand_overs.saved


def test_a_method_with_a_step_of_its_own_is_refused_in_a_stack() -> None:
    class Own(Method):
        def step(self, learner, batch, now):  # type: ignore[no-untyped-def]
            raise AssertionError

    with pytest.raises(UserError, match="single mode"):
        helpers.build(Own, helpers.spec(), [1, 2], mode="stacked")


@pytest.mark.parametrize("mode", ["single", "stacked"])
@pytest.mark.parametrize("method", STACKED)
def test_no_step_waits_for_the_device(method: str, mode: str) -> None:
    built = helpers.build(method, helpers.spec(), [1] if mode == "single" else [1, 2], mode=mode)
    moment = built.begin_epoch(1)
    with Synchronisations() as counted:
        for step in range(built.steps):
            built.step(step, moment)
    assert counted.seen == []


@pytest.mark.parametrize("batched", [False, True])
def test_linear_networks_have_the_gradient_of_their_modules(batched: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lnl.engine.dense.batched", lambda flat: batched)  # as on a GPU, or not
    population = helpers.build("coteaching", helpers.spec()).learner.population
    images, labels = torch.rand(2, 32, 1, 8, 8, requires_grad=True), torch.randint(0, 10, (32,))

    def loss(forward: Callable[[Tensor], Tensor]) -> Tensor:
        """Of two forward passes of the same networks, as methods with views have it."""
        return cross_entropy(forward(images[0]), labels).mean(-1) + (forward(images[1]) ** 2).mean((-1, -2))

    mine = loss(lambda x: population.forward(x, None, "update"))
    of_images = torch.autograd.grad(mine.sum(), images, retain_graph=True)[0]
    of_parameters = population.gradient(mine)
    parameters = [p for module in population.modules for p in module.parameters()]
    theirs = loss(lambda x: torch.stack([module(x) for module in population.modules]))
    expected = torch.autograd.grad(theirs.sum(), [images, *parameters])
    torch.testing.assert_close(of_images, expected[0], rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(
        of_parameters.flatten(), torch.cat([g.flatten() for g in expected[1:]]), rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
def test_the_derivative_along_a_direction_is_the_gradients_product_with_it(network: str) -> None:
    population = helpers.build("coteaching", helpers.spec(network)).learner.population
    numbers = torch.Generator().manual_seed(1)
    x, direction = torch.rand(16, 1, 8, 8, generator=numbers), torch.randn(population.flat.shape, generator=numbers)
    logits, slopes = population.along(x, None, direction, "batch")
    weights = torch.randn(slopes.shape, generator=numbers)
    gradient = population.gradient((logits * weights).sum((-1, -2)))
    torch.testing.assert_close((weights * slopes).sum((-1, -2)), (gradient * direction).sum(-1), rtol=1e-3, atol=1e-3)
    assert torch.equal(logits, population.forward(x, None, "batch"))


class _Owning(Method):
    """Has parameters of its own, which its loss does not read."""

    def own_parameters(self, generator: torch.Generator) -> dict[str, Tensor]:
        return {"scale": torch.ones(3)}

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses.mean(-1), losses=losses)


def test_what_an_optimiser_writes_into_a_gradient_is_not_in_the_next_one() -> None:
    learner, x = helpers.build(_Owning, helpers.spec()).learner, torch.rand(4, 1, 8, 8)
    first, dirty = (learner.gradient((learner.forward(x) ** 2).sum((-1, -2))).clone() for _ in range(2))
    assert torch.equal(first, dirty) and not first[..., -3:].any()
    learner.gradient((learner.forward(x) ** 2).sum((-1, -2))).add_(1)  # as of a weight decay
    assert torch.equal(learner.gradient((learner.forward(x) ** 2).sum((-1, -2))), first)


def test_a_backward_after_an_update_is_an_error_on_linear_networks_as_on_others() -> None:
    for network in ("digits_mlp", "digits_cnn"):
        built = helpers.build("standard", helpers.spec(network))
        learner, x = built.learner, torch.rand(4, 1, 8, 8)
        late = learner.forward(x)
        learner.apply(learner.gradient(learner.forward(x).sum((-1, -2))))
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            learner.gradient(late.sum((-1, -2)))


class _Whole(TorchDispatchMode):
    """Counts the tensors of one length that are made inside."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.length, self.made = length, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        out = func(*args, **(kwargs or {}))
        self.made += isinstance(out, Tensor) and out.numel() == self.length and not out._is_view()
        return out


@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
def test_a_gradient_at_other_parameters_is_made_once_and_not_once_for_each_of_them(network: str) -> None:
    learner = helpers.build("standard", helpers.spec(network)).learner
    x, at = torch.rand(2, 1, 8, 8), learner.vector().clone().requires_grad_()
    scores = learner.call(0, at, x).sum()
    with _Whole(len(at)) as counted:
        (found,) = torch.autograd.grad(scores, at)
    assert counted.made == 1
    expected = learner.gradient(learner.forward(x, batch_norm="batch").sum((-1, -2)))[0]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
def test_accuracies_do_not_depend_on_how_many_images_are_judged_at_once(
    network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = helpers.build("coteaching", helpers.spec(network), [1, 2], mode="stacked")
    built.run(until=2)
    whole = built.evaluation.accuracies("test", 1)["test_accuracy"]
    monkeypatch.setattr(type(built.learner.population), "judged_together", lambda self, images: 7)
    assert torch.equal(built.evaluation.accuracies("test", 1)["test_accuracy"], whole)
