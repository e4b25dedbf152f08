"""Fast arithmetic: declared, near the faithful one, and nothing beside the convolutions' numbers is touched."""

from __future__ import annotations

import io
from pathlib import Path

import helpers
import pytest
import torch
from torch import Tensor

from lnl.declared import reductions
from lnl.declared.suite import Suite
from lnl.engine import kept_state
from lnl.engine.arithmetic import computing
from lnl.engine.loop import Stopped, Training

ROOT = Path(__file__).resolve().parent.parent
CLEAN = {"clean": {"count": 20, "balanced": True}}


def _gradient(built: Training) -> Tensor:
    kept: list[Tensor] = []
    built.learner.apply = lambda gradient: kept.append(gradient.clone())  # type: ignore[method-assign]
    built.step(0, built.begin_epoch(1))
    return kept[0]


@pytest.mark.parametrize("mode", ["single", "stacked"])
def test_a_step_is_near_the_faithful_one_and_not_the_same(mode: str) -> None:
    faithful, fast = (
        _gradient(helpers.build("coteaching", helpers.spec("digits_cnn", arithmetic=kind), [1], mode=mode))
        for kind in ("faithful", "fast")
    )
    assert fast.dtype == torch.float32
    difference = (fast - faithful).norm() / faithful.norm()
    assert 1e-5 < difference < 0.05  # bfloat16 has eight bits


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:FutureWarning")
@pytest.mark.parametrize("network", ["digits_cnn", "l2r_resnet32"])  # batch norm with and without a scale
def test_a_derivative_along_a_direction_is_near_the_faithful_one(network: str) -> None:
    data, found = helpers.arrays(examples=64, shape=(3, 32, 32)), []
    for kind in ("faithful", "fast"):
        population = helpers.build(
            "l2r", helpers.spec(network, arithmetic=kind, sets=CLEAN), data=data
        ).learner.population
        direction = torch.linspace(-1, 1, population.flat.shape[-1])[None] / 100
        images = torch.linspace(0, 1, 4 * 3 * 32 * 32).sin().view(4, 3, 32, 32)
        logits, slopes = population.along(images, None, direction, "batch")
        found.append((slopes, population.gradient(logits.square().sum())))
    for exact, near in zip(*found, strict=True):
        assert near.dtype == torch.float32
        assert 1e-5 < (near - exact).norm() / exact.norm() < 0.5  # eight bits, through 32 layers with a batch of four


@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_any_number_of_channels_put_the_convolutions_in_channels_last_layout(channels: int) -> None:
    images = torch.rand(2, channels, 8, 8)
    with computing("fast", images) as x:
        out = torch.nn.Conv2d(channels, 4, 3)(x)
    assert torch.equal(x, images)
    assert out.dtype == torch.bfloat16
    assert out.is_contiguous(memory_format=torch.channels_last)


def test_everything_that_is_kept_is_single_precision() -> None:
    built = helpers.build("coteaching", helpers.spec("digits_cnn", arithmetic="fast"))
    built.run()
    state = kept_state.snapshot(built.learner)
    tensors = [state["flat"], *state["buffers"].values(), *state["slots"].values()]
    assert {tensor.dtype for tensor in tensors} == {torch.float32}
    assert built.diverged == [None]
    accuracies = built.curves[0]["test_accuracy"]
    assert min(network[-1] for network in accuracies) > 50  # prototypes with half of the labels flipped


def test_a_fast_run_stopped_and_resumed_ends_the_same() -> None:
    spec = helpers.spec("digits_cnn", arithmetic="fast")
    whole, part, rest = (helpers.build("coteaching", spec) for _ in range(3))
    whole.run()
    kept = io.BytesIO()
    with pytest.raises(Stopped):
        part.run(lambda: part.position.total >= 9, lambda: torch.save(part.snapshot(), kept))
    rest.restore(torch.load(io.BytesIO(kept.getvalue()), weights_only=True))
    rest.run()
    assert rest.curves == whole.curves


def test_the_scale_changes_the_specification_of_convolutional_networks_only() -> None:
    paper, fast = (Suite.load(ROOT, {"scale": scale}, validate=False) for scale in ("paper", "fast"))
    convolutional, linear = "coteaching/mnist/pair-45/standard", "s2e/mnist/pair-45/standard"
    assert fast.spec(fast.parse(convolutional))["arithmetic"] == "fast"
    assert "arithmetic" not in paper.spec(paper.parse(convolutional))
    assert fast.digest(fast.parse(linear)) == paper.digest(paper.parse(linear))
    assert "bfloat16" in reductions.heading(fast, "tutorial_mnist_accuracy")
