"""MixMatch's own wide network: size and cost to the last number, and what its released code makes of an image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from lnl.errors import UserError
from lnl.networks import build
from lnl.networks.layers import BatchNorm2d, batch_norm_mode
from lnl.networks.mixmatch_wide_resnet import MixMatchWideResNet

CIFAR, NAME = (3, 32, 32), "mixmatch_wrn28_2"


def counted(classes: int) -> tuple[int, int]:
    """(parameters, multiply-accumulates of an image of 32 x 32), layer by layer."""
    parameters, products, inputs, side = 3 * 9 * 16 + 16, 3 * 9 * 16 * 32 * 32, 16, 32
    for stage, outputs in enumerate((32, 64, 128)):
        for unit in range(4):
            side = side // 2 if stage and not unit else side
            parameters += 2 * inputs + inputs * 9 * outputs + outputs + 2 * outputs + outputs * 9 * outputs + outputs
            products += (inputs + outputs) * 9 * outputs * side * side
            if inputs != outputs:
                parameters, products = parameters + inputs * outputs + outputs, products + inputs * outputs * side**2
            inputs = outputs
    return parameters + 2 * 128 + 129 * classes, products + 128 * classes


@pytest.mark.parametrize(("classes", "parameters"), [(10, 1_469_642), (100, 1_481_252)])
def test_parameters_and_operations_are_those_of_the_released_code(classes: int, parameters: int) -> None:
    with torch.device("meta"):
        network = build(NAME, CIFAR, classes)
        with FlopCounterMode(display=False) as found:
            network(torch.empty(2, *CIFAR))
    assert (sum(p.numel() for p in network.parameters()), found.get_total_flops() // 4) == counted(classes)
    assert counted(classes)[0] == parameters


def _convolved(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """TensorFlow's padding `same`: what an output at stride s needs, the smaller half of it before the image."""
    kernel, stride = conv.kernel_size[0], conv.stride[0]
    needed = max(kernel - stride, 0)
    before = needed // 2
    padded = F.pad(x, (before, needed - before, before, needed - before))
    return F.conv2d(padded, conv.weight, conv.bias, stride)


def _normalised(x: Tensor, norm: BatchNorm2d) -> Tensor:
    mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), unbiased=False, keepdim=True)
    shape = (1, -1, 1, 1)
    y = (x - mean) / (variance + 0.001).sqrt() * norm.weight.view(shape) + norm.bias.view(shape)  # type: ignore[union-attr]
    return torch.where(y > 0, y, 0.1 * y)


def test_logits_are_those_of_the_released_units() -> None:
    torch.manual_seed(0)
    network = MixMatchWideResNet((3, 8, 8), 5, width=32, units=2).double()
    for parameter in network.parameters():  # so that biases and scales count
        nn.init.normal_(parameter, std=0.2)
    images = torch.rand(6, 3, 8, 8, dtype=torch.float64)
    x = _convolved(2 * images - 1, network.conv)
    for stage, units in enumerate(network.stages):
        for number, unit in enumerate(units):  # type: ignore[arg-type]
            active = _normalised(x, unit.norm1)
            kept = active if stage == number == 0 else x
            branch = _convolved(_normalised(_convolved(active, unit.conv1), unit.norm2), unit.conv2)
            assert (unit.shortcut is None) == (number > 0)
            x = branch + (kept if unit.shortcut is None else _convolved(kept, unit.shortcut))
    wanted = _normalised(x, network.norm).mean((2, 3)) @ network.fc.weight.T + network.fc.bias
    with batch_norm_mode("batch"):
        torch.testing.assert_close(network(images), wanted)


def test_initial_values_and_running_statistics_are_those_of_the_released_code() -> None:
    torch.manual_seed(0)
    network = build(NAME, CIFAR, 100)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            outputs, _, kernel, _ = module.weight.shape
            assert not module.bias.any()  # type: ignore[union-attr]
            if module.weight.numel() > 5000:
                assert module.weight.std().item() == pytest.approx((2 / (outputs * kernel**2)) ** 0.5, rel=0.04)
    deviation = (2 / 228) ** 0.5
    assert network.fc.weight.std().item() == pytest.approx(deviation, rel=0.03) and not network.fc.bias.any()
    assert network.fc.weight.abs().max().item() <= 2 * deviation / 0.8796 + 1e-6
    x = torch.randn(4, 16, 5, 5)
    norm = network.stages[0][0].norm1
    with batch_norm_mode("update"):
        norm(x)
    np.testing.assert_allclose(norm.running_mean, 0.001 * x.mean((0, 2, 3)), rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(norm.running_var, 0.999 + 0.001 * x.var((0, 2, 3)), rtol=1e-5)


def test_images_that_cannot_be_halved_twice_are_one_line() -> None:
    with pytest.raises(UserError, match="sides a multiple of 4, not 30 x 32; try digits_cnn"):
        build(NAME, (3, 30, 32), 10)
