"""Networks of Learning to Reweight: what they compute, and what they begin with, against plain restatements."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lnl.networks import build
from lnl.networks.l2r_lenet import L2RLeNet
from lnl.networks.l2r_resnet import L2RResNet
from lnl.networks.layers import BatchNorm, batch_norm_mode, dropout

NEAR = {"rtol": 1e-9, "atol": 1e-10}


def same(x: Tensor, kernel: int, stride: int, by: float) -> Tensor:
    """x padded as TensorFlow's SAME has it: as little as gives ceil(n / stride) outputs, an odd rest behind."""
    for dim in (-1, -2):
        n = x.shape[dim]
        total = max((math.ceil(n / stride) - 1) * stride + kernel - n, 0)
        sides = (total // 2, total - total // 2)
        x = F.pad(x, (*sides, 0, 0) if dim == -1 else (0, 0, *sides), value=by)
    return x


@pytest.mark.parametrize("side", [28, 8, 9, 14])
def test_lenet_pads_as_tensorflow_and_judges_two_classes_by_one_logit(side: int) -> None:
    torch.manual_seed(1)
    network = L2RLeNet((1, side, side), 2).double()
    x = torch.rand(3, 1, side, side).double()
    out = x
    for conv in network.convs:
        out = F.conv2d(same(out, 5, 1, 0.0), conv.weight, conv.bias)  # type: ignore[arg-type]
        out = F.relu(F.max_pool2d(same(out, 3, 2, -math.inf), 3, 2))
    hidden = (out.flatten(1) @ network.fc1.weight.T + network.fc1.bias).clamp(min=0)
    z = hidden @ network.fc2.weight[0] + network.fc2.bias[0]
    found = network(x)
    assert found.shape == (3, 2)
    torch.testing.assert_close(torch.softmax(found, -1)[:, 1], 1 / (1 + torch.exp(-z)), **NEAR)
    assert L2RLeNet((1, side, side), 10)(x.float()).shape == (3, 10)


def assert_cut_normal(weight: Tensor, std: float) -> None:
    """A normal distribution cut off at two deviations, whose own deviation is 0.8796 of it."""
    assert weight.abs().max() <= 2 * std
    assert weight.abs().max() > 1.9 * std
    assert weight.std().item() == pytest.approx(0.8796 * std, rel=0.05)
    assert abs(weight.mean().item()) < 5 * std / math.sqrt(weight.numel())


def test_lenet_begins_with_cut_normal_weights_of_one_deviation_and_without_biases() -> None:
    torch.manual_seed(2)
    network = build("l2r_lenet", (1, 28, 28), 2)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            assert not parameter.any()
        elif parameter.numel() > 1000:
            assert_cut_normal(parameter.detach(), 0.1)


# ---- ResNet-32, WRN-28-10 ------------------------------------------------------------------------------------------


def norm(layer: BatchNorm, x: Tensor, by_batch: bool) -> Tensor:
    """Without a scale; 0.001 is added to the variance."""
    mean, var = layer.running_mean, layer.running_var
    if by_batch:
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
    shifted = (x - mean.view(-1, 1, 1)) / torch.sqrt(var.view(-1, 1, 1) + 0.001)
    return shifted + layer.bias.view(-1, 1, 1)


def convolved(layer: nn.Conv2d, x: Tensor, stride: int = 1) -> Tensor:
    assert layer.bias is None
    return F.conv2d(x, layer.weight, None, stride, padding=1)


def shortcut(x: Tensor, outputs: int, stride: int) -> Tensor:
    """Means of squares of `stride` pixels; channels of zeros before and behind, as many."""
    if stride == 2:
        x = (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4
    zeros = torch.zeros(len(x), (outputs - x.shape[1]) // 2, *x.shape[2:], dtype=x.dtype)
    return torch.cat([zeros, x, zeros], 1)


def restated(network: L2RResNet, x: Tensor, units: int, width: int, uniform: Tensor | None, by_batch: bool) -> Tensor:
    """On inputs in [-1, 1]; no unit of the first stage has batch norm and ReLU before its first convolution, and where
    there is dropout it stands behind these two."""
    out = norm(network.norm, convolved(network.conv, 2 * x - 1), by_batch).clamp(min=0)
    place = 0
    for stage in range(3):
        for number in range(units):
            unit = network.units[place]
            outputs, stride = width * 2**stage, 2 if stage > 0 and number == 0 else 1
            branch = out
            if stage > 0:
                branch = norm(unit.norm1, out, by_batch).clamp(min=0)
                if uniform is not None:
                    branch = dropout(branch, uniform[:, place - units], 0.3)
            branch = convolved(unit.conv1, branch, stride)
            branch = convolved(unit.conv2, norm(unit.norm2, branch, by_batch).clamp(min=0))
            out = branch + shortcut(out, outputs, stride)
            place += 1
    pooled = norm(network.last, out, by_batch).clamp(min=0).mean((2, 3))
    return pooled @ network.fc.weight.T + network.fc.bias


def drawn(units: int, width: int) -> L2RResNet:
    torch.manual_seed(3)
    network = L2RResNet((3, 8, 8), 5, units=units, width=width).double()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, BatchNorm):
                module.bias.normal_(std=0.3)
                module.running_mean.normal_(std=0.3)
                module.running_var.uniform_(0.5, 2.0)
    return network


@pytest.mark.parametrize(("units", "width", "drops"), [(3, 16, False), (2, 32, True), (1, 48, True)])
@pytest.mark.parametrize("mode", ["batch", "frozen"])
def test_the_residual_network_is_that_of_the_released_code(units: int, width: int, drops: bool, mode: str) -> None:
    network = drawn(units, width)
    assert network.random_width == (2 * units if drops else 0)
    x = torch.rand(4, 3, 8, 8).double()
    uniform = torch.rand(4, 2 * units) if drops else None
    for numbers in (None, uniform):
        with batch_norm_mode(mode), torch.no_grad():
            found = network(x, numbers)
            wanted = restated(network, x, units, width, numbers, mode == "batch")
        torch.testing.assert_close(found, wanted, **NEAR)


def test_a_batch_moves_the_running_statistics_by_a_thousandth() -> None:
    network = drawn(1, 16)
    x = torch.rand(6, 3, 8, 8).double()
    before = network.norm.running_mean.clone(), network.norm.running_var.clone()
    seen = convolved(network.conv, 2 * x - 1).detach()
    with batch_norm_mode("update"):
        network(x)
    for was, now, of_batch in zip(
        before,
        (network.norm.running_mean, network.norm.running_var),
        (seen.mean((0, 2, 3)), seen.var((0, 2, 3))),
        strict=True,
    ):
        torch.testing.assert_close(now, 0.999 * was + 0.001 * of_batch, **NEAR)


def test_convolutions_begin_by_what_goes_out_and_the_last_layer_uniformly() -> None:
    torch.manual_seed(4)
    network = L2RResNet((3, 32, 32), 100, units=1, width=32)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            assert_cut_normal(module.weight.detach(), math.sqrt(2 / (9 * module.out_channels)))
    bound = math.sqrt(3 / 128)
    assert 0.98 * bound < network.fc.weight.abs().max() <= bound
    assert network.fc.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.03)
    assert not network.fc.bias.any()
