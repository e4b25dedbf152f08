"""A GPU's own ways through torch and through the engine, where there is no GPU."""

from __future__ import annotations

from dataclasses import replace

import helpers
import pytest
import torch
from elsewhere import COUNT_FIRST, ELSEWHERE, Crossings
from pretended import GPU, gpu
from registered import STACKED, TRAINABLE, handed_over, ready
from torch.autograd import forward_ad
from torch.func import functional_call

from lnl.engine.arithmetic import computing
from lnl.engine.loop import Training
from lnl.networks import build
from lnl.networks.layers import batch_norm_mode
from lnl.networks.registry import NETWORKS

LARGE = {"densenet100", "inception_resnet_v2", "resnet50_v1", "resnet50_v2"}  # seconds, for no other kinds of layers
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:FutureWarning")

#: Methods that look at labels, at what they hold out or at a network handed over before their first step.
LOOK_FIRST = COUNT_FIRST | {"f-correction", "gce-truncated", "s-model"}


def _epoch(built: Training) -> list[str]:
    """What the second step of an epoch and its figures move between host and device."""
    begun, size = built.begin_epoch(1), built.batches.size
    for step in range(2):
        place = torch.arange(step * size, (step + 1) * size, device=GPU)
        with Crossings() as found:
            built.compute(place, built.batches.draws(step), replace(begun, step=step, in_epoch=step))
    assert built._buffers is not None
    true = built.data.true[built.batches.order].unsqueeze(-2)
    with Crossings() as at_end:
        figures = built._buffers.figures(built.batches.given.unsqueeze(-2), true, built.steps)
        figures |= built.evaluation.accuracies("test", 1)
        values = torch.stack([figure.double() for figure in figures.values()])
    assert values.is_cuda and built.learner.population.flat.is_cuda
    return found.seen + at_end.seen


@pytest.mark.parametrize("key", sorted(set(TRAINABLE) - LOOK_FIRST))
def test_a_methods_epoch_stays_on_the_gpu(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handed_over("digits_cnn", "symmetric-50")  # trained on the host
    with gpu(monkeypatch):
        assert _epoch(ready(key, "digits_cnn", device=GPU)) == []


@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
@pytest.mark.parametrize("key", STACKED)
def test_a_stacks_epoch_stays_on_the_gpu(key: str, network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with gpu(monkeypatch):
        assert _epoch(helpers.build(key, helpers.spec(network), [1, 2], mode="stacked", device=GPU)) == []


@pytest.mark.parametrize(("network", "sizes"), [("digits_mlp", [50]), ("digits_cnn", [25, 25])])
def test_a_stack_of_convolutional_networks_is_judged_by_fewer_images_at_once(
    network: str, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with gpu(monkeypatch):
        described = helpers.spec(network)
        built = helpers.build("coteaching", described, [1, 2, 3, 4], mode="stacked", device=GPU)  # eight networks
        assert [len(labels) for _, labels in built.evaluation.scored("test", 0)] == sizes


@pytest.mark.parametrize("arithmetic", ["fast"])
@pytest.mark.parametrize("key", ["coteaching", "l2r", "ieg"])
def test_an_epoch_in_another_arithmetic_stays_on_the_gpu(
    key: str, arithmetic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gpu(monkeypatch):
        built = ready(key, "digits_cnn", device=GPU)
        built.learner.population._arithmetic = arithmetic  # type: ignore[attr-defined]
        assert _epoch(built) == []


@pytest.mark.parametrize("name", sorted(NETWORKS.keys() - LARGE))
def test_values_and_derivatives_have_one_type_in_mixed_precision(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    side = max(32, NETWORKS[name].smallest)
    with ELSEWHERE:
        network = build(name, (3, side, side), 10)
    asked: list[set[torch.dtype]] = []

    def look(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        value, slope = forward_ad.unpack_dual(inputs[0])
        asked.append({value.dtype, value.dtype if slope is None else slope.dtype})

    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            module.register_forward_pre_hook(look)
    with gpu(monkeypatch):
        named = {name: torch.empty_like(held, device=GPU) for name, held in network.named_parameters()}
        buffers = {name: torch.empty_like(held, device=GPU) for name, held in network.named_buffers()}
        images = torch.empty(2, 3, side, side, device=GPU)
        uniform = torch.empty(2, network.random_width, device=GPU) if network.random_width else None
        with forward_ad.dual_level(), batch_norm_mode("batch"), computing("fast", images) as x:
            duals = {name: forward_ad.make_dual(held, torch.empty_like(held)) for name, held in named.items()}
            functional_call(network, (duals, buffers), (x, uniform))
    assert asked and all(len(types) == 1 for types in asked)
