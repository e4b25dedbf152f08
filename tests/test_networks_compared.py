"""Networks of the rows that IEG is compared with: sizes, layers and initial values against plain restatements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import helpers
import pytest
import torch
import torch.nn.functional as F
from timm.models.inception_resnet_v2 import InceptionResnetV2
from torch import Tensor, nn
from torch.func import functional_call, jvp, stack_module_state, vmap
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import resnet

from lnl.declared.suite import Suite
from lnl.engine.arithmetic import computing
from lnl.errors import UserError
from lnl.networks import build
from lnl.networks.densenet import DenseNet
from lnl.networks.layers import BatchNorm, Standardised, batch_norm_mode
from lnl.networks.preact_resnet18 import PreActResNet18
from lnl.networks.registry import NETWORKS
from lnl.networks.timm_networks import ResNet50V1, ResNet50V2
from lnl.networks.vgg13 import VGG13

NEAR = {"rtol": 1e-5, "atol": 1e-6}  # means and deviations have single precision, all else double
CIFAR, SMALL, PHOTO = (3, 32, 32), (3, 8, 8), (3, 64, 64)
NARROW: dict[str, tuple[Callable[[], nn.Module], tuple[int, int, int]]] = {
    "preact_resnet18": (lambda: PreActResNet18(SMALL, 5, stem_norm=0, width=4), SMALL),
    "dyr_preact_resnet18": (lambda: PreActResNet18(SMALL, 5, stem_norm=1, width=4, shortcut="activated"), SMALL),
    "densenet100": (lambda: DenseNet(SMALL, 5, layers=2, growth=3), SMALL),
    "vgg13": (lambda: VGG13(CIFAR, 5, width=4), CIFAR),
    "resnet50_v1": (lambda: ResNet50V1(PHOTO, 5, width=4, units=(2, 1, 1, 1)), PHOTO),
    "resnet50_v2": (lambda: ResNet50V2(PHOTO, 5, width=8, units=(2, 1, 1, 1)), PHOTO),
}


def narrow(name: str, seed: int = 0) -> tuple[nn.Module, tuple[int, int, int]]:
    torch.manual_seed(seed)
    make, shape = NARROW[name]
    return make(), shape


@pytest.fixture(scope="module")
def inception() -> nn.Module:
    torch.manual_seed(0)
    return build("inception_resnet_v2", (3, 75, 75), 5)


# ---- sizes: (inputs, outputs, weights of a kernel, places) of every convolution and dense layer ---------------------

Layer = tuple[int, int, int, int]  # places: of the map that comes out


def preact_resnet18(classes: int) -> tuple[list[Layer], int]:
    layers, inputs, numbers, side = [(3, 64, 9, 32 * 32)], 64, 0, 32
    for outputs, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        side //= stride
        for first in (True, False):
            layers += [(inputs, outputs, 9, side**2), (outputs, outputs, 9, side**2)]
            layers += [(inputs, outputs, 1, side**2)] if first and stride == 2 else []
            numbers += 2 * (inputs + outputs)
            inputs = outputs
    return [*layers, (512, classes, 1, 1)], numbers + classes


def dyr_preact_resnet18(classes: int) -> tuple[list[Layer], int]:
    layers, numbers = preact_resnet18(classes)
    return layers, numbers + 2 * 64


def densenet100(classes: int) -> tuple[list[Layer], int]:
    layers, maps, numbers = [(3, 24, 9, 32 * 32)], 24, 0
    for block, side in enumerate((32, 16, 8)):
        for _ in range(16):
            layers += [(maps, 48, 1, side**2), (48, 12, 9, side**2)]
            numbers += 2 * (maps + 48)
            maps += 12
        numbers += 2 * maps
        if block < 2:
            layers.append((maps, maps // 2, 1, side**2))
            maps //= 2
    return [*layers, (342, classes, 1, 1)], numbers + classes


def vgg13(classes: int) -> tuple[list[Layer], int]:
    layers, inputs, numbers = [], 3, 0
    for outputs, side in ((64, 32), (128, 16), (256, 8), (512, 4), (512, 2)):
        layers += [(inputs, outputs, 9, side**2), (outputs, outputs, 9, side**2)]
        numbers += 2 * 3 * outputs  # biases, scales and shifts
        inputs = outputs
    return [*layers, (512, classes, 1, 1)], numbers + classes


def _resnet50(classes: int) -> Iterator[tuple[Layer, int]]:
    """With the numbers of channels that come in and go out, of which batch norm has one or the other."""
    yield (3, 64, 49, 112**2), 64
    inputs = 64
    for inside, count, side in ((64, 3, 56), (128, 4, 28), (256, 6, 14), (512, 3, 7)):
        for unit in range(count):
            before = side * (2 if unit == 0 and inside > 64 else 1)
            yield (inputs, inside, 1, before**2), inside
            yield (inside, inside, 9, side**2), inside
            yield (inside, 4 * inside, 1, side**2), 4 * inside
            if unit == 0:
                yield (inputs, 4 * inside, 1, side**2), -1
            inputs = 4 * inside


def resnet50_v1(classes: int) -> tuple[list[Layer], int]:
    layers = [layer for layer, _ in _resnet50(classes)]
    return [*layers, (2048, classes, 1, 1)], sum(2 * layer[1] for layer in layers) + classes  # behind every convolution


def resnet50_v2(classes: int) -> tuple[list[Layer], int]:
    layers = list(_resnet50(classes))
    before = sum(2 * layer[0] for layer, norms in layers[1:] if norms > 0)  # of branches; shortcuts share the first
    return [*(layer for layer, _ in layers), (2048, classes, 1, 1)], before + 2 * 2048 + classes


def inception_resnet_v2(classes: int) -> tuple[list[Layer], int]:
    """Table and figures 15 to 20 of Szegedy et al. (2017), with the sides of the maps of 299 pixels."""
    stem = [(3, 32, 9, 149), (32, 32, 9, 147), (32, 64, 9, 147), (64, 80, 1, 73), (80, 192, 9, 71)]
    mixed = [(192, 96, 1), (192, 48, 1), (48, 64, 25), (192, 64, 1), (64, 96, 9), (96, 96, 9), (192, 64, 1)]
    a = [(320, 32, 1), (320, 32, 1), (32, 32, 9), (320, 32, 1), (32, 48, 9), (48, 64, 9)]
    reduced_a = [(320, 384, 9, 17), (320, 256, 1, 35), (256, 256, 9, 35), (256, 384, 9, 17)]
    b = [(1088, 192, 1), (1088, 128, 1), (128, 160, 7), (160, 192, 7)]
    reduced_b = [(1088, 256, 1, 17), (256, 384, 9, 8), (1088, 256, 1, 17), (256, 288, 9, 8)]
    reduced_b += [(1088, 256, 1, 17), (256, 288, 9, 17), (288, 320, 9, 8)]
    c = [(2080, 192, 1), (2080, 192, 1), (192, 224, 3), (224, 256, 3)]
    normed = [*stem, *((*layer, 35) for layer in mixed), *10 * [(*layer, 35) for layer in a], *reduced_a]
    normed += [*20 * [(*layer, 17) for layer in b], *reduced_b, *10 * [(*layer, 8) for layer in c], (2080, 1536, 1, 8)]
    linear = [*10 * [(128, 320, 1, 35)], *20 * [(384, 1088, 1, 17)], *10 * [(448, 2080, 1, 8)]]  # with biases, no norm
    numbers = sum(2 * layer[1] for layer in normed) + sum(layer[1] for layer in linear)
    squared = [(inputs, outputs, kernel, side**2) for inputs, outputs, kernel, side in (*normed, *linear)]
    return [*squared, (1536, classes, 1, 1)], numbers + classes


SIZES: list[tuple[Callable[[int], tuple[list[Layer], int]], int, int, int, float]] = [
    (preact_resnet18, 32, 10, 11_171_146, 555.4),
    (dyr_preact_resnet18, 32, 100, 11_217_444, 555.5),
    (densenet100, 32, 10, 769_162, 287.9),
    (vgg13, 32, 10, 9_416_010, 228.3),
    (resnet50_v1, 224, 1000, 25_557_032, 4089.2),
    (resnet50_v2, 224, 50, 23_602_802, 4087.2),
    (resnet50_v2, 224, 1000, 25_549_352, 4089.2),
    (inception_resnet_v2, 299, 1000, 55_843_464, 13155.8),
]


@pytest.mark.parametrize(("counted", "side", "classes", "parameters", "million"), SIZES)
def test_parameters_and_operations_are_those_that_the_layers_make(
    counted: Callable[[int], tuple[list[Layer], int]], side: int, classes: int, parameters: int, million: float
) -> None:
    layers, others = counted(classes)
    with torch.device("meta"):
        network = build(counted.__name__, (3, side, side), classes)
        with FlopCounterMode(display=False) as run:
            network(torch.empty(1, 3, side, side))
    assert sum(inputs * outputs * kernel for inputs, outputs, kernel, _ in layers) + others == parameters
    assert sum(p.numel() for p in network.parameters()) == parameters
    by_hand = sum(inputs * outputs * kernel * places for inputs, outputs, kernel, places in layers)
    assert run.get_total_flops() / 2 == by_hand
    assert by_hand / 1e6 == pytest.approx(million, abs=0.06)


# ---- what each computes --------------------------------------------------------------------------------------------


def _norm(x: Tensor, norm: Any) -> Tensor:
    """By the batch, written out."""
    mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), unbiased=False, keepdim=True)
    return (x - mean) / (variance + norm.eps).sqrt() * norm.weight[:, None, None] + norm.bias[:, None, None]


def _active(x: Tensor, norm: Any) -> Tensor:
    return _norm(x, norm).clamp(min=0)


def _shifted(x: Tensor, mean: tuple[float, ...], deviation: tuple[float, ...]) -> Tensor:
    return torch.stack([(x[:, c] - mean[c]) / deviation[c] for c in range(3)], 1)


def _random_scales(network: nn.Module) -> nn.Module:
    """Batch norm away from scales of one and shifts of zero, so that each counts."""
    for module in network.modules():
        if isinstance(module, BatchNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
    return network.double()


def preact_by_hand(n: Any, x: Tensor) -> Tensor:
    """As in pytorch-cifar."""
    x = F.conv2d(_shifted(x, (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)), n.conv.weight, padding=1)
    for index, unit in enumerate(n.units):
        stride = 2 if index in (2, 4, 6) else 1
        active = _active(x, unit.norm1)
        kept = F.conv2d(active, unit.shortcut.weight, stride=stride) if stride == 2 else x
        branch = F.conv2d(active, unit.conv1.weight, stride=stride, padding=1)
        x = F.conv2d(_active(branch, unit.norm2), unit.conv2.weight, padding=1) + kept
    return F.linear(x.flatten(2).mean(2), n.fc.weight, n.fc.bias)


def released_preact_by_hand(n: Any, x: Tensor) -> Tensor:
    """Dynamic bootstrapping's PreResNet.py: what is added is always made of the activated input."""
    x = _shifted(x, (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
    x = _active(F.conv2d(x, n.conv.weight, padding=1), n.norm)
    for stage in range(4):
        halves, keeps = n.units[2 * stage], n.units[2 * stage + 1]
        stride = 1 if stage == 0 else 2
        x = _active(x, halves.norm1)
        added = x if stage == 0 else F.conv2d(x, halves.shortcut.weight, stride=stride)
        x = _active(F.conv2d(x, halves.conv1.weight, stride=stride, padding=1), halves.norm2)
        x = F.conv2d(x, halves.conv2.weight, padding=1) + added
        added = _active(x, keeps.norm1)
        x = _active(F.conv2d(added, keeps.conv1.weight, padding=1), keeps.norm2)
        x = F.conv2d(x, keeps.conv2.weight, padding=1) + added
    return F.linear(x.mean((2, 3)), n.fc.weight, n.fc.bias)


def densenet_by_hand(n: Any, x: Tensor) -> Tensor:
    mean, deviation = (125.3 / 255, 123.0 / 255, 113.9 / 255), (63.0 / 255, 62.1 / 255, 66.7 / 255)
    x = F.conv2d(_shifted(x, mean, deviation), n.conv.weight, padding=1)
    for number, block in enumerate(n.blocks):
        if number:
            step = n.transitions[number - 1]
            x = F.conv2d(_active(x, step.norm), step.conv.weight)
            x = (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4
        for layer in block:
            inside = F.conv2d(_active(x, layer.norm1), layer.conv1.weight)
            x = torch.cat([x, F.conv2d(_active(inside, layer.norm2), layer.conv2.weight, padding=1)], 1)
    return F.linear(_active(x, n.last).flatten(2).mean(2), n.fc.weight, n.fc.bias)


def vgg_by_hand(n: Any, x: Tensor) -> Tensor:
    mean, deviation = (125.3 / 255, 123.0 / 255, 113.9 / 255), (63.0 / 255, 62.1 / 255, 66.7 / 255)
    x = _shifted(x, mean, deviation)
    for index in range(10):
        conv = n.convs[index]
        x = _active(F.conv2d(x, conv.weight, conv.bias, padding=1), n.norms[index])
        if index in (1, 3, 5, 7, 9):
            x = x.unfold(2, 2, 2).unfold(3, 2, 2).amax((-1, -2))
    return F.linear(x.flatten(1), n.fc.weight, n.fc.bias)


def resnet50_v2_by_hand(n: Any, x: Tensor) -> Tensor:
    """TensorFlow's official form, where padding depends on the kernel alone, and the pooling's on the side."""

    def conv(x: Tensor, weight: Tensor, stride: int) -> Tensor:
        around = weight.shape[-1] - 1
        return F.conv2d(F.pad(x, (around // 2, around - around // 2) * 2), weight, stride=stride)

    x = conv(2 * x - 1, n.body.stem.conv.weight, 2)
    x = F.pad(x, (0, 1, 0, 1), value=float("-inf")).unfold(2, 3, 2).unfold(3, 3, 2).amax((-1, -2))
    for index, stage in enumerate(n.body.stages):
        for number, unit in enumerate(stage.blocks):
            stride = 2 if index and not number else 1
            active = _active(x, unit.norm1)
            kept = x if number else conv(active, unit.downsample.conv.weight, stride)
            branch = _active(conv(active, unit.conv1.weight, 1), unit.norm2)
            branch = _active(conv(branch, unit.conv2.weight, stride), unit.norm3)
            x = conv(branch, unit.conv3.weight, 1) + kept
    return F.linear(_active(x, n.body.norm).flatten(2).mean(2), n.fc.weight, n.fc.bias)


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("preact_resnet18", preact_by_hand),
        ("dyr_preact_resnet18", released_preact_by_hand),
        ("densenet100", densenet_by_hand),
        ("vgg13", vgg_by_hand),
        ("resnet50_v2", resnet50_v2_by_hand),
    ],
)
def test_logits_are_those_of_a_plain_restatement(name: str, by_hand: Callable[[Any, Tensor], Tensor]) -> None:
    network, shape = narrow(name)
    _random_scales(network)
    x = torch.rand(4, *shape, dtype=torch.float64)
    with torch.no_grad(), batch_norm_mode("batch"):
        torch.testing.assert_close(network(x), by_hand(network, x), **NEAR)


def test_what_the_units_of_the_two_preact_resnets_add_differs_at_equal_weights() -> None:
    released, usual = (PreActResNet18(SMALL, 5, 1, width=4, shortcut=form) for form in ("activated", "identity"))
    _copied(released, usual)
    x, at = torch.rand(4, *SMALL), torch.randn(2, 4, 8, 8)
    with torch.no_grad(), batch_norm_mode("batch"):
        expected = usual(x)
        assert (released(x) - expected).abs().max() > 0.1 * expected.abs().max()
        for network, kept in ((released, _active(at, released.units[0].norm1)), (usual, at)):
            nn.init.zeros_(network.units[0].conv2.weight)  # nothing comes from the branch
            torch.testing.assert_close(network.units[0](at), kept)


def test_the_options_of_a_protocol_make_the_released_preact_resnet() -> None:
    suite = Suite.load(helpers.ROOT, {"scale": "paper"}, validate=False)
    named = {"noise": "uniform-80", "method": "dynamic-bootstrap", "protocol": "dynamic-bootstrapping"}
    for dataset in ("cifar10", "cifar100"):
        found = suite.resolved({"dataset": dataset, **named}, {}, "test")["network"]
        assert found == {"name": "dyr_preact_resnet18", "options": {"shortcut": "activated"}}
    built = build(found["name"], SMALL, 10, **found["options"])
    assert all(unit.activated for unit in built.units)  # type: ignore[union-attr]
    assert all(unit.activated for unit in build(found["name"], SMALL, 10).units)  # type: ignore[union-attr]
    assert not any(unit.activated for unit in build("preact_resnet18", SMALL, 10).units)  # type: ignore[union-attr]


def _copied(ours: nn.Module, theirs: nn.Module) -> None:
    """Their parameters set to ours, one after another."""
    with torch.no_grad():
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            other.copy_(mine)


def test_the_first_resnet50_is_torchvisions() -> None:
    torch.manual_seed(0)
    network = _random_scales(ResNet50V1(PHOTO, 5, units=(1, 2, 1, 1)))
    theirs = resnet.ResNet(resnet.Bottleneck, [1, 2, 1, 1], num_classes=5).double()
    ours = {name.removeprefix("body."): p for name, p in network.named_parameters()}
    theirs.load_state_dict(ours | {k: v for k, v in theirs.state_dict().items() if k not in ours})
    x = torch.rand(3, *PHOTO, dtype=torch.float64)
    shifted = _shifted(x, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    with torch.no_grad():
        torch.testing.assert_close(network.train()(x), theirs.train()(shifted), **NEAR)
        torch.testing.assert_close(network.eval()(x), theirs.eval()(shifted), **NEAR)  # statistics moved alike


def test_inception_resnet_v2_is_timms_with_the_suites_batch_norm(inception: nn.Module) -> None:
    theirs = InceptionResnetV2(num_classes=5)
    _copied(inception, theirs)
    x = torch.rand(2, 3, 75, 75)
    with torch.no_grad():
        with batch_norm_mode("batch"):
            ours = inception(x)
        torch.testing.assert_close(ours, theirs.train()(2 * x - 1), rtol=1e-4, atol=1e-4)
    norms = [m for m in inception.modules() if isinstance(m, BatchNorm)]
    assert len(norms) == 204 and {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.1)}


def test_images_of_another_number_of_channels_are_shifted_by_averages() -> None:
    standardised = Standardised(1, (0.1, 0.2, 0.6), (1.0, 2.0, 3.0))
    torch.testing.assert_close(standardised(torch.full((1, 1, 2, 2), 0.9)), torch.full((1, 1, 2, 2), 0.3))


# ---- initial values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NARROW)
def test_every_initial_value_is_drawn_and_the_same_for_the_same_seed(name: str) -> None:
    torch.use_deterministic_algorithms(True)  # memory that nobody has written to holds nan
    try:
        one, same, other = (torch.cat([p.flatten() for p in narrow(name, seed)[0].parameters()]) for seed in (1, 1, 2))
    finally:
        torch.use_deterministic_algorithms(False)
    assert one.isfinite().all()
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_inception_resnet_v2_has_drawn_every_initial_value(inception: nn.Module) -> None:
    for module in inception.modules():
        if isinstance(module, nn.Conv2d):
            bound = module.weight[0].numel() ** -0.5  # torch's default
            assert 0.9 * bound < module.weight.abs().max() <= bound
            assert module.bias is None or 0.5 * bound < module.bias.abs().max() <= bound
    assert all(b.isfinite().all() for b in inception.buffers())


def test_timm_draws_nothing_of_its_own() -> None:
    """The first number of the generator is the first weight, and the same seed gives the same whatever timm draws."""
    network, _ = narrow("resnet50_v2", seed=7)
    torch.manual_seed(7)
    wanted, std = torch.empty(8, 3, 7, 7), (1 / 147) ** 0.5 / 0.87962566103423978  # of a normal one cut at two
    nn.init.trunc_normal_(wanted, std=std, a=-2 * std, b=2 * std)
    assert torch.equal(network.body.stem.conv.weight, wanted)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "variance", "cut", "momentum"),
    [
        ("densenet100", lambda o, i, k: 2 / (o * k), False, 0.1),
        ("resnet50_v1", lambda o, i, k: 2 / (o * k), False, 0.1),
        ("resnet50_v2", lambda o, i, k: 1 / (i * k), True, 0.003),
        ("preact_resnet18", lambda o, i, k: 1 / (3 * i * k), True, 0.1),
        ("vgg13", lambda o, i, k: 1 / (3 * i * k), True, 0.1),
    ],
)
def test_initial_values_and_batch_norm_are_those_of_each_code(
    name: str, variance: Callable[[int, int, int], float], cut: bool, momentum: float
) -> None:
    torch.manual_seed(0)
    make = {"resnet50_v1": ResNet50V1, "resnet50_v2": ResNet50V2}.get(name)
    network = build(name, CIFAR, 10) if make is None else make(PHOTO, 10, width=32, units=(1, 1, 1, 1))
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.weight.numel() > 5000:
            outputs, inputs, *kernel = module.weight.shape
            wanted = variance(outputs, inputs, kernel[0] * kernel[1]) ** 0.5
            assert module.weight.std().item() == pytest.approx(wanted, rel=0.05)
            assert (module.weight.abs().max() / module.weight.std() < 2.4) == cut  # a uniform one ends at 1.73
    norms = [m for m in network.modules() if isinstance(m, BatchNorm)]
    assert all((norm.weight == 1).all() and (norm.bias == 0).all() for norm in norms)
    assert {(norm.momentum, norm.eps) for norm in norms} == {(momentum, 1e-5)}
    assert network.fc.bias.any() == (name not in ("densenet100", "resnet50_v2"))  # type: ignore[operator]
    inputs = network.fc.in_features
    bound = (6 / (inputs + 10)) ** 0.5 if name == "resnet50_v2" else inputs**-0.5  # TensorFlow's Glorot, and torch's
    assert 0.95 * bound < network.fc.weight.abs().max() <= bound  # type: ignore[operator,union-attr]


# ---- under the engine ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("mode", ["batch", "frozen"])
def test_forward_mode_derivatives_match_finite_differences(name: str, mode: str) -> None:
    network, shape = narrow(name)
    network = network.double()
    x = torch.rand(4, *shape, dtype=torch.float64)
    at = {key: value.detach() for key, value in network.named_parameters()}
    direction = {key: torch.randn_like(value) * value.abs().mean() for key, value in at.items()}

    def logits(given: dict[str, Tensor]) -> Tensor:
        with batch_norm_mode(mode):
            return functional_call(network, given, (x,))

    _, tangent = jvp(logits, (at,), (direction,))
    step = 1e-7
    ahead, behind = (logits({n: v + sign * step * direction[n] for n, v in at.items()}) for sign in (1, -1))
    wanted = (ahead - behind) / (2 * step)
    assert (tangent - wanted).abs().max() < 1e-4 * wanted.abs().max()


def test_the_derivative_of_inception_resnet_v2_is_the_gradients_inner_product(inception: nn.Module) -> None:
    names = ("body.conv2d_1a.conv.weight", "body.repeat_1.3.branch1.1.bn.weight", "body.conv2d_7b.conv.weight")
    at = {name: inception.get_parameter(name) for name in names}
    direction = {name: torch.randn_like(value) * value.abs().mean() for name, value in at.items()}
    x = torch.rand(2, 3, 75, 75)

    def logits(given: dict[str, Tensor]) -> Tensor:
        with batch_norm_mode("frozen"):
            return functional_call(inception, given, (x,))

    _, tangent = jvp(logits, (at,), (direction,))
    wanted = torch.autograd.grad(logits(at)[0, 3], list(at.values()))
    inner = sum((g * v).sum() for g, v in zip(wanted, direction.values(), strict=True))
    torch.testing.assert_close(tangent[0, 3], inner, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", NARROW)
def test_the_mode_of_batch_norm_says_what_moves_and_whether_images_meet(name: str) -> None:
    network, shape = narrow(name)
    running = {k: b.clone() for k, b in network.named_buffers() if "running" in k}
    x = torch.rand(4, *shape)
    with torch.no_grad():
        with batch_norm_mode("batch"):
            together = network(x)
        assert all(torch.equal(b, network.get_buffer(k)) for k, b in running.items())
        with batch_norm_mode("frozen"):
            torch.testing.assert_close(network(x)[:1], network(x[:1]), rtol=1e-4, atol=1e-5)
            assert not torch.allclose(network(x), together, rtol=1e-2)
        with batch_norm_mode("update"):
            torch.testing.assert_close(network(x), together)
        assert not any(torch.equal(b, network.get_buffer(k)) for k, b in running.items())


@pytest.mark.parametrize("name", NARROW)
def test_a_stack_of_networks_equals_its_members(name: str) -> None:
    members = [narrow(name, seed)[0] for seed in range(2)]
    x = torch.rand(2, 3, *NARROW[name][1])
    stacked = stack_module_state(members)

    def one(p: dict[str, Tensor], b: dict[str, Tensor], images: Tensor) -> Tensor:
        return functional_call(members[0], (p, b), (images,))

    with batch_norm_mode("update"):
        found = vmap(one)(*stacked, x)
        for index, member in enumerate(members):
            torch.testing.assert_close(found[index], member(x[index]), rtol=1e-4, atol=1e-5)
            for key, value in member.named_buffers():
                torch.testing.assert_close(stacked[1][key][index], value)


@pytest.mark.parametrize("name", NARROW)
def test_the_layout_stays_channels_last_and_bfloat16_is_near(name: str) -> None:
    network, shape = narrow(name)
    x, seen = torch.rand(4, *shape), []
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda m, i, out: seen.append((i[0], out.dtype)))
    with torch.no_grad(), batch_norm_mode("batch"):
        plain = network(x)
        seen.clear()
        with computing("channels-last", x) as images:
            torch.testing.assert_close(network(images), plain, rtol=1e-3, atol=1e-4)
        assert all(image.is_contiguous(memory_format=torch.channels_last) for image, _ in seen)
        seen.clear()
        with computing("fast", x) as images:
            fast = network(images)
        assert {dtype for _, dtype in seen} == {torch.bfloat16}
        assert all(image.is_contiguous(memory_format=torch.channels_last) for image, _ in seen)
    assert fast.isfinite().all()
    assert (fast.float() - plain).abs().max() < 0.15 * plain.abs().max()


# ---- images that do not fit, and what is imported ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shape", "side"),
    [
        ("preact_resnet18", (3, 4, 4), 8),
        ("densenet100", (3, 32, 7), 8),
        ("vgg13", (3, 28, 28), 32),
        ("resnet50_v1", (3, 31, 40), 32),
        ("resnet50_v2", (3, 8, 8), 32),
        ("inception_resnet_v2", (3, 74, 299), 75),
    ],
)
def test_images_that_are_too_small_are_one_line(name: str, shape: tuple[int, int, int], side: int) -> None:
    with pytest.raises(UserError, match=f"'{name}' needs images of at least {side} x {side}, not ") as caught:
        build(name, shape, 10)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["resnet50_v2", "vgg13"])
def test_the_smallest_images_are_taken(name: str) -> None:
    side = NETWORKS[name].smallest
    with torch.device("meta"):
        assert build(name, (3, side, side), 4)(torch.empty(2, 3, side, side)).shape == (2, 4)


def test_only_the_file_of_its_networks_imports_timm_and_nothing_imports_that_file() -> None:
    """So that a DAG, and a training of any other network, goes without timm, and without torchvision beside it."""
    texts = {path: path.read_text() for path in (helpers.ROOT / "lnl").rglob("*.py")}
    of_timm = [path.name for path, text in texts.items() if re.search(r"^\s*(from|import) timm\b", text, re.MULTILINE)]
    assert of_timm == ["timm_networks.py"]
    assert not [path for path, text in texts.items() if re.search(r"import .*timm_networks|timm_networks import", text)]
    named = {name for name, info in NETWORKS.items() if info.module.endswith("timm_networks")}
    assert named == {"resnet50_v1", "resnet50_v2", "inception_resnet_v2"}


def test_a_data_set_of_small_images_is_refused_before_any_job() -> None:
    suite = Suite.load(helpers.ROOT, {"scale": "paper"}, validate=False)
    cell = {"protocol": "coteaching", "dataset": "mnist", "noise": "pair-45", "method": "standard"}
    suite.protocols["coteaching"]["datasets"]["mnist"] = {"network": "vgg13"}
    with pytest.raises(UserError, match="'vgg13' needs images of at least 32 x 32, and those of mnist are 28 x 28"):
        suite.resolved(cell, {}, "test")
