"""Wide residual networks and ResNet-29: IEG's own forms and the usual ones, by size, cost and what each layer sees."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, jvp
from torch.utils.flop_counter import FlopCounterMode

from lnl.errors import UserError
from lnl.networks import build
from lnl.networks.layers import BatchNorm2d, batch_norm_mode
from lnl.networks.resnet29 import ResNet29
from lnl.networks.wide_resnet import IEGWideResNet, WideResNet, reshaped

CIFAR, SMALL = (3, 32, 32), (3, 8, 8)
SIZES = {  # parameters with 10 and with 100 classes, millions of multiply-accumulates for an image of CIFAR-10
    "ieg_wrn28_10": (36_220_634, 36_278_324, 5214.5),
    "ieg_wrn28_2": (1_456_858, 1_468_468, 212.8),
    "wrn28_10": (36_479_194, 36_536_884, 5243.3),
    "wrn28_2": (1_467_610, 1_479_220, 214.4),
    "ieg_resnet29": (840_730, 863_860, 97.96),
    "resnet29_v2": (843_786, 866_916, 97.96),
}


@pytest.mark.parametrize("name", SIZES)
def test_parameters_and_operations_are_those_of_the_paper(name: str) -> None:
    ten, hundred, million = SIZES[name]
    with torch.device("meta"):  # shapes alone: the wide ones have as many numbers as all other tests together
        network = build(name, CIFAR, 10)
        assert sum(p.numel() for p in network.parameters()) == ten
        assert sum(p.numel() for p in build(name, CIFAR, 100).parameters()) == hundred
        with FlopCounterMode(display=False) as counted:
            network(torch.empty(2, *CIFAR))
    assert counted.get_total_flops() / 2 / 2 / 1e6 == pytest.approx(million, rel=3e-4)


@pytest.mark.parametrize(
    ("network", "convolutions"), [("ieg_wrn28_2", 25), ("wrn28_2", 28), ("ieg_resnet29", 31), ("resnet29_v2", 31)]
)
def test_each_stage_but_the_first_halves_the_side(network: str, convolutions: int) -> None:
    built, sides = build(network, CIFAR, 10).eval(), []
    for module in built.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda m, i, out: sides.append(out.shape[-1]))
    built(torch.rand(1, *CIFAR))
    assert len(sides) == convolutions
    assert set(sides) == {32, 16, 8}
    assert sides == sorted(sides, reverse=True)


def silent(network: nn.Module) -> nn.Module:
    """The network with nothing coming from any branch: what is left are its shortcuts."""
    for unit in network.stages.modules():  # type: ignore[union-attr]
        if hasattr(unit, "conv2"):
            nn.init.zeros_(unit.conv2.weight)
    return network.double()


def test_the_released_wide_network_adds_every_stages_input_and_the_first_convolution_again() -> None:
    torch.manual_seed(0)
    network = silent(IEGWideResNet(SMALL, 5, width=32, units=2))
    x = torch.rand(4, *SMALL, dtype=torch.float64)
    with batch_norm_mode("batch"):
        found = network.stacked(start := network.conv(2 * x - 1))
        first = F.relu(network.stages[0][0].norm1(start))

    def halved(y: Tensor) -> Tensor:
        channels = y.shape[1] // 2
        zeros = y.new_zeros(len(y), channels, y.shape[2] // 2, y.shape[3] // 2)
        return torch.cat([zeros, F.avg_pool2d(y, 2), zeros], 1)

    zeros = x.new_zeros(4, 8, 8, 8)
    one = torch.cat([zeros, first + start, zeros], 1)  # the activated input is handed on, the raw one added behind
    whole = torch.cat([x.new_zeros(4, 56, 2, 2), F.avg_pool2d(start, 4), x.new_zeros(4, 56, 2, 2)], 1)
    torch.testing.assert_close(found, 4 * halved(halved(one)) + whole)


def test_the_usual_wide_network_has_projections_of_activated_inputs_and_no_further_skips() -> None:
    torch.manual_seed(0)
    network = silent(WideResNet(SMALL, 5, width=32, units=2))
    x = torch.rand(4, *SMALL, dtype=torch.float64)
    with batch_norm_mode("batch"):
        found = network.stacked(at := network.conv(2 * x - 1))
        for stage, stride in zip(network.stages, (1, 2, 2), strict=True):
            at = F.conv2d(F.relu(stage[0].norm1(at)), stage[0].shortcut.weight, stride=stride)
    torch.testing.assert_close(found, at)


@pytest.mark.parametrize(("form", "place"), [(IEGWideResNet, (0, 0)), (WideResNet, (1, 1))])
def test_a_stride_of_two_pads_as_the_released_code_does(form: type[WideResNet], place: tuple[int, int]) -> None:
    """TensorFlow pads an even side behind it alone, so that the first pixel meets the kernel's first weight."""
    unit, seen = form(SMALL, 5, width=32, units=1).stages[1][0], []
    unit.norm1 = nn.Identity()
    unit.conv1.register_forward_hook(lambda m, i, out: seen.append(out))
    pixel = torch.zeros(1, 32, 8, 8)
    pixel[0, 3, 0, 0] = 1.0
    unit(pixel)
    assert seen[0].shape == (1, 64, 4, 4)
    torch.testing.assert_close(seen[0][0, :, 0, 0], unit.conv1.weight[:, 3, *place])


# ---- what each computes, written out --------------------------------------------------------------------------------


def _active(x: Tensor, norm: BatchNorm2d) -> Tensor:
    """By the batch, scaled and shifted, and its positive part."""
    return _normed(x, norm).clamp(min=0)


def _normed(x: Tensor, norm: BatchNorm2d) -> Tensor:
    mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), unbiased=False, keepdim=True)
    assert norm.weight is not None
    return (x - mean) / (variance + norm.eps).sqrt() * norm.weight[:, None, None] + norm.bias[:, None, None]


def _as_tensorflow(x: Tensor, conv: nn.Conv2d, stride: int) -> Tensor:
    """A convolution 3 x 3 that pads an even side behind it alone where it halves it."""
    around = (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1)
    return F.conv2d(F.pad(x, around), conv.weight, stride=stride)


def _fewer_places_more_channels(x: Tensor, outputs: int, stride: int) -> Tensor:
    """Means of squares of places, and channels of zeros on both sides."""
    means = x.unfold(2, stride, stride).unfold(3, stride, stride).mean((-1, -2))
    before = (outputs - x.shape[1]) // 2
    out = x.new_zeros(len(x), outputs, *means.shape[2:])
    out[:, before : before + x.shape[1]] = means
    return out


def wide_by_hand(n: nn.Module, x: Tensor) -> Tensor:
    """Zagoruyko and Komodakis (2016): activation before both convolutions, a projection of it where channels change."""
    x = F.conv2d(2 * x - 1, n.conv.weight, padding=1)  # type: ignore[union-attr,arg-type]
    for number, stage in enumerate(n.stages):  # type: ignore[arg-type,union-attr]
        for place, unit in enumerate(stage):
            stride = 2 if number and not place else 1
            active = _active(x, unit.norm1)
            kept = x if place else F.conv2d(active, unit.shortcut.weight, stride=stride)
            inside = F.conv2d(active, unit.conv1.weight, stride=stride, padding=1)
            x = F.conv2d(_active(inside, unit.norm2), unit.conv2.weight, padding=1) + kept
    return F.linear(_active(x, n.norm).mean((2, 3)), n.fc.weight, n.fc.bias)  # type: ignore[arg-type,union-attr]


def released_wide_by_hand(n: nn.Module, x: Tensor) -> Tensor:
    """IEG's wrn.py: no projection, the first unit alone shares its activation, every stage and the whole skipped."""
    x = first = F.conv2d(2 * x - 1, n.conv.weight, padding=1)  # type: ignore[union-attr,arg-type]
    for number, stage in enumerate(n.stages):  # type: ignore[arg-type,union-attr]
        begun = x
        for place, unit in enumerate(stage):
            stride = 2 if number and not place else 1
            active = _active(x, unit.norm1)
            kept = active if number == place == 0 else x
            inside = _active(_as_tensorflow(active, unit.conv1, stride), unit.norm2)
            added = kept if place else _fewer_places_more_channels(kept, unit.conv2.weight.shape[0], stride)
            x = _as_tensorflow(inside, unit.conv2, 1) + added
        x = x + _fewer_places_more_channels(begun, x.shape[1], 2 if number else 1)
    x = x + _fewer_places_more_channels(first, x.shape[1], 4)
    return F.linear(_active(x, n.norm).mean((2, 3)), n.fc.weight, n.fc.bias)  # type: ignore[arg-type,union-attr]


def resnet29_by_hand(n: nn.Module, x: Tensor, relu: bool) -> Tensor:
    """Keras's cifar10_resnet, version 2. relu: before a unit's first convolution, which IEG's port has lost."""

    def conv(x: Tensor, layer: nn.Conv2d, stride: int = 1) -> Tensor:
        return F.conv2d(x, layer.weight, layer.bias, stride, layer.weight.shape[-1] // 2)

    x = _active(conv(2 * x - 1, n.conv), n.norm)  # type: ignore[arg-type]
    for number, unit in enumerate(n.units):  # type: ignore[arg-type]
        stride = 2 if number in (3, 6) else 1
        begun = x if number == 0 else _active(x, unit.norm1) if relu else _normed(x, unit.norm1)
        inside = _active(conv(begun, unit.conv1, stride), unit.norm2)
        inside = _active(conv(inside, unit.conv2), unit.norm3)
        x = conv(inside, unit.conv3) + (conv(x, unit.shortcut, stride) if number % 3 == 0 else x)
    return F.linear(_active(x, n.last).mean((2, 3)), n.fc.weight, n.fc.bias)  # type: ignore[arg-type,union-attr]


@pytest.mark.parametrize("name", ["usual", "released", "ieg_resnet29", "resnet29_v2"])
def test_logits_are_those_of_a_plain_restatement(name: str) -> None:
    torch.manual_seed(0)
    if name in ("usual", "released"):
        network: nn.Module = (WideResNet if name == "usual" else IEGWideResNet)(SMALL, 5, width=32, units=2)
    else:
        network = build(name, SMALL, 5)
    network = network.double()
    for parameter in network.parameters():  # so that scales, shifts and biases count
        nn.init.normal_(parameter, std=0.3)
    x = torch.rand(5, *SMALL, dtype=torch.float64)
    by_hand = {"usual": wide_by_hand, "released": released_wide_by_hand}.get(name)
    with torch.no_grad(), batch_norm_mode("batch"):
        wanted = by_hand(network, x) if by_hand else resnet29_by_hand(network, x, name == "resnet29_v2")
        torch.testing.assert_close(network(x), wanted)


def test_a_shape_that_stays_is_not_touched() -> None:
    x = torch.rand(1, 4, 4, 4)
    assert reshaped(x, 4, 1) is x


@pytest.mark.parametrize(("name", "relu"), [("ieg_resnet29", False), ("resnet29_v2", True)])
def test_only_the_source_of_resnet29_has_a_relu_before_a_units_first_convolution(name: str, relu: bool) -> None:
    torch.manual_seed(0)
    network, least = build(name, SMALL, 10), []
    for unit in network.units:
        unit.conv1.register_forward_pre_hook(lambda m, inputs: least.append(inputs[0].min().item()))
    network(torch.rand(8, *SMALL))
    assert least[0] == 0  # the stem's ReLU stands before it
    assert [value < 0 for value in least[1:]] == [not relu] * 8
    assert sum(isinstance(module, BatchNorm2d) for module in network.modules()) == 28
    assert all((module.bias is not None) == relu for module in network.modules() if isinstance(module, nn.Conv2d))


@pytest.mark.parametrize(
    ("name", "momentum", "eps"),
    [("ieg_resnet29", 0.1, 1e-5), ("resnet29_v2", 0.01, 1e-3), ("ieg_wrn28_2", 0.1, 1e-5), ("wrn28_2", 0.1, 1e-5)],
)
def test_batch_norm_and_initial_values_are_those_of_each_code(name: str, momentum: float, eps: float) -> None:
    torch.manual_seed(0)
    network = build(name, CIFAR, 10)
    norms = [module for module in network.modules() if isinstance(module, BatchNorm2d)]
    assert all((norm.momentum, norm.eps) == (momentum, eps) and norm.weight is not None for norm in norms)
    assert not network.fc.bias.any()
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.weight.numel() > 5000:
            outputs, inputs, kernel, _ = module.weight.shape
            fan = {"ieg_resnet29": inputs + outputs, "resnet29_v2": inputs}.get(name, outputs)
            assert module.weight.std().item() == pytest.approx((2 / (fan * kernel**2)) ** 0.5, rel=0.04)
            cut = module.weight.abs().max() / module.weight.std()
            assert (cut < 2.4) == name.endswith(("resnet29", "_v2"))  # cut at two deviations, or not cut
    bound = {"ieg_wrn28_2": 10**-0.5, "wrn28_2": 128**-0.5, "ieg_resnet29": math.sqrt(6 / 266)}.get(name)
    if name == "resnet29_v2":  # as its convolutions: He's, cut at two deviations
        std = network.fc.weight.std().item()
        assert std == pytest.approx((2 / 256) ** 0.5, rel=0.05) and network.fc.weight.abs().max() < 2.4 * std
    if bound is not None:
        assert 0.95 * bound < network.fc.weight.abs().max() <= bound


@pytest.mark.parametrize("name", ["ieg_wrn28_2", "wrn28_2", "ieg_resnet29", "resnet29_v2"])
def test_black_is_minus_one_and_white_one(name: str) -> None:
    network, seen = build(name, SMALL, 10), []
    network.conv.register_forward_pre_hook(lambda m, inputs: seen.append(inputs[0]))
    network(torch.stack([torch.zeros(SMALL), torch.ones(SMALL)]))
    assert (seen[0][0] == -1).all() and (seen[0][1] == 1).all()


@pytest.mark.parametrize("form", [IEGWideResNet, WideResNet, "ieg_resnet29", "resnet29_v2"])
def test_forward_mode_derivatives_match_finite_differences(form: type[WideResNet] | str) -> None:
    torch.manual_seed(0)
    if isinstance(form, str):
        network: nn.Module = ResNet29(SMALL, 5, released=int(form == "ieg_resnet29")).double()
    else:
        network = form(SMALL, 5, width=32, units=1).double()
    x = torch.rand(6, *SMALL, dtype=torch.float64)
    at = {name: value.detach() for name, value in network.named_parameters()}
    direction = {name: torch.randn_like(value) * value.abs().mean() for name, value in at.items()}

    def logits(given: dict[str, Tensor]) -> Tensor:
        with batch_norm_mode("batch"):
            return functional_call(network, given, (x,))

    _, tangent = jvp(logits, (at,), (direction,))
    step = 1e-7
    ahead, behind = (logits({n: v + sign * step * direction[n] for n, v in at.items()}) for sign in (1, -1))
    torch.testing.assert_close(tangent, (ahead - behind) / (2 * step), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("ieg_wrn28_2", (3, 4, 4), "8 x 8 or more, sides a multiple of 4, not 4 x 4; try digits_cnn"),
        ("wrn28_2", (3, 30, 32), "not 30 x 32"),
        ("ieg_resnet29", (1, 1, 300), "at least 8 x 8, not 1 x 300; try digits_cnn"),
        ("resnet29v2", CIFAR, "did you mean 'resnet29_v2'?"),
    ],
)
def test_bad_images_and_names_are_one_line(name: str, shape: tuple[int, int, int], expected: str) -> None:
    with pytest.raises(UserError) as caught:
        build(name, shape, 10)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
