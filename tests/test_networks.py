"""Networks: sizes of the papers, batch norm against torch's own, dropout's three readings."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.func import functional_call, jvp, stack_module_state, vmap

from lnl.errors import UserError
from lnl.networks import build
from lnl.networks.layers import BatchNorm2d, batch_norm_mode, dropout, dropout2d
from lnl.networks.registry import NETWORKS

MNIST, CIFAR, DIGITS = (1, 28, 28), (3, 32, 32), (1, 8, 8)


def size(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def norms() -> tuple[BatchNorm2d, nn.BatchNorm2d]:
    """Ours and torch's, with equal weights and running statistics away from their starting values."""
    torch.manual_seed(3)
    ours, torchs = BatchNorm2d(5), nn.BatchNorm2d(5)
    with torch.no_grad():
        for one, other in (
            (ours.weight, torchs.weight),
            (ours.bias, torchs.bias),
            (ours.running_mean, torchs.running_mean),
        ):
            one.copy_(torch.randn(5))
            other.copy_(one)
        ours.running_var.copy_(torch.rand(5) + 0.5)
        torchs.running_var.copy_(ours.running_var)
    return ours, torchs


@pytest.mark.parametrize(
    ("name", "shape", "classes", "parameters"),
    [
        ("mlp", MNIST, 10, 203_530),
        ("small_cnn", CIFAR, 10, 62_006),
        ("small_cnn_bn", CIFAR, 10, 62_006 + 2 * (6 + 16 + 120 + 84)),
        ("cifar100_cnn", CIFAR, 100, 541_280),
        ("cnn9", CIFAR, 10, 4_434_570),
        ("cnn9", CIFAR, 100, 4_446_180),
        ("cnn9", MNIST, 10, 4_432_266),
        ("digits_mlp", DIGITS, 10, 64 * 256 + 256 + 256 * 10 + 10),
        ("l2r_lenet", MNIST, 2, 26 * 16 + 401 * 32 + 801 * 64 + 1025 * 100 + 101),
        ("l2r_resnet32", CIFAR, 10, 462_954),
        ("l2r_wrn28_10", CIFAR, 10, 36_211_178),  # 36.22 million with batch norm's scales
    ],
)
def test_parameter_counts_of_the_papers(name: str, shape: tuple[int, int, int], classes: int, parameters: int) -> None:
    assert size(build(name, shape, classes)) == parameters


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        *[(name, CIFAR) for name, info in NETWORKS.items() if info.smallest <= 32],
        *[(name, MNIST) for name, info in NETWORKS.items() if info.smallest <= 28],
        *[(name, DIGITS) for name in ("mlp", "digits_mlp", "digits_cnn", "cifar100_cnn")],
    ],
)
def test_each_network_accepts_the_shapes_it_is_used_with(name: str, shape: tuple[int, int, int]) -> None:
    with torch.device("meta" if "28_" in name or "resnet50" in name else "cpu"):  # of the large ones the shapes alone
        assert build(name, shape, 7)(torch.rand(2, *shape)).shape == (2, 7)


def test_the_same_torch_seed_gives_the_same_network() -> None:
    networks = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        networks.append(build("digits_cnn", DIGITS, 10))
    first, same, other = (torch.cat([p.flatten() for p in network.parameters()]) for network in networks)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_initial_weights_are_uniform_within_one_over_root_fan_in() -> None:
    weight = build("mlp", MNIST, 10).layers[0].weight.detach()
    bound = 784**-0.5
    assert weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.01)


def test_the_registry_says_which_networks_are_linear() -> None:
    for name, info in NETWORKS.items():
        with torch.device("meta"):
            network = build(name, (3, 75, 75) if info.smallest > 32 else CIFAR, 10)
        layers = [module for module in network.modules() if not list(module.children())]
        assert info.linear == network.linear == all(isinstance(layer, nn.Linear) for layer in layers), name


@pytest.mark.parametrize(
    ("name", "shape", "options", "expected"),
    [
        ("smal_cnn", CIFAR, {}, "did you mean 'small_cnn'?"),
        ("mlp", MNIST, {"dropout": "none"}, "unknown option 'dropout'"),
        ("cnn9", CIFAR, {"dropout": "allways"}, "did you mean 'always'?"),
        ("cnn9", DIGITS, {}, "at least 28 x 28"),
        ("small_cnn", DIGITS, {}, "at least 16 x 16"),
    ],
)
def test_bad_networks_are_one_line(
    name: str, shape: tuple[int, int, int], options: dict[str, str], expected: str
) -> None:
    with pytest.raises(UserError) as caught:
        build(name, shape, 10, **options)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_batch_norm_equals_torchs_bit_for_bit_in_training_and_evaluation() -> None:
    ours, torchs = norms()
    torchs.train()
    for _ in range(3):
        x = torch.randn(6, 5, 4, 4)
        mine, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
        with batch_norm_mode("update"):
            out = ours(mine)
        expected = torchs(theirs)
        assert torch.equal(out, expected)
        out.square().sum().backward()
        expected.square().sum().backward()
        assert torch.equal(mine.grad, theirs.grad)
        assert torch.equal(ours.weight.grad, torchs.weight.grad)
        assert torch.equal(ours.running_mean, torchs.running_mean)
        assert torch.equal(ours.running_var, torchs.running_var)
    torchs.eval()
    with batch_norm_mode("frozen"):
        assert torch.equal(ours(x), torchs(x))


def test_batch_mode_normalises_by_the_batch_and_touches_nothing() -> None:
    ours, torchs = norms()
    before = ours.running_mean.clone(), ours.running_var.clone()
    x = torch.randn(6, 5, 4, 4)
    with batch_norm_mode("batch"):
        out = ours(x)
    assert torch.equal(out, torchs.train()(x))
    assert torch.equal(ours.running_mean, before[0])
    assert torch.equal(ours.running_var, before[1])


def test_without_a_mode_batch_norm_follows_train_and_eval() -> None:
    ours, torchs = norms()
    x = torch.randn(6, 5, 4, 4)
    assert torch.equal(ours.train()(x), torchs.train()(x))
    assert torch.equal(ours.running_var, torchs.running_var)
    assert torch.equal(ours.eval()(x), torchs.eval()(x))


def test_the_mode_ends_with_its_block_also_after_an_error() -> None:
    ours, _ = norms()
    ours.eval()
    x = torch.randn(6, 5, 4, 4)
    frozen = ours(x)
    with pytest.raises(RuntimeError), batch_norm_mode("batch"):
        raise RuntimeError
    assert torch.equal(ours(x), frozen)
    with pytest.raises(ValueError, match="unknown batch-norm mode"), batch_norm_mode("train"):
        pass


def test_names_are_torchs_without_the_batch_counter() -> None:
    ours, torchs = norms()
    assert set(torchs.state_dict()) - set(ours.state_dict()) == {"num_batches_tracked"}
    assert set(ours.state_dict()) < set(torchs.state_dict())


def test_forward_mode_derivative_through_batch_norm_matches_finite_differences() -> None:
    torch.manual_seed(0)
    network = build("digits_cnn", DIGITS, 10).double()
    x = torch.rand(9, *DIGITS, dtype=torch.float64)
    params = {name: value.detach() for name, value in network.named_parameters()}
    buffers = {name: value.clone() for name, value in network.named_buffers()}
    direction = {name: torch.randn_like(value) for name, value in params.items()}

    def logits(given: dict[str, torch.Tensor]) -> torch.Tensor:
        with batch_norm_mode("batch"):
            return functional_call(network, (given, buffers), (x,))

    _, tangent = jvp(logits, (params,), (direction,))
    step = 1e-6
    ahead, behind = (logits({n: v + sign * step * direction[n] for n, v in params.items()}) for sign in (1, -1))
    torch.testing.assert_close(tangent, (ahead - behind) / (2 * step), rtol=1e-5, atol=1e-6)
    assert all(torch.equal(buffers[name], value) for name, value in network.named_buffers())


@pytest.mark.parametrize("mode", ["update", "batch", "frozen"])
def test_a_stack_of_networks_equals_its_members(mode: str) -> None:
    torch.manual_seed(0)
    networks = [build("digits_cnn", DIGITS, 10) for _ in range(3)]
    x = torch.rand(3, 8, *DIGITS)
    params, buffers = stack_module_state(networks)

    def one(p: dict[str, torch.Tensor], b: dict[str, torch.Tensor], images: torch.Tensor) -> torch.Tensor:
        return functional_call(networks[0], (p, b), (images,))

    with batch_norm_mode(mode):
        stacked = vmap(one)(params, buffers, x)
        for index, network in enumerate(networks):
            torch.testing.assert_close(stacked[index], network(x[index]), rtol=1e-5, atol=1e-6)
            for name, value in network.named_buffers():
                torch.testing.assert_close(buffers[name][index], value)
                moved = not torch.equal(value, torch.full_like(value, float(name.endswith("var"))))
                assert moved == (mode == "update")


def test_dropout_drops_whole_channels_below_p_and_scales_the_others() -> None:
    x = torch.randn(2, 3, 4, 4)
    uniform = torch.tensor([[0.0, 0.25, 0.9], [0.2499, 0.5, 0.1]])
    out = dropout2d(x, uniform, 0.25)
    kept = torch.tensor([[0.0, 1.0, 1.0], [0.0, 1.0, 0.0]])
    torch.testing.assert_close(out, x * kept[..., None, None] / 0.75)


def test_elements_drop_by_one_number_of_each_image() -> None:
    """A share p of every image's elements, others for every number, the same for the same number."""
    x, uniform = torch.ones(40, 16, 32, 32), torch.rand(40, generator=torch.Generator().manual_seed(1))
    dropped = dropout(x, uniform, 0.3)
    shares = (dropped == 0).float().mean((1, 2, 3))
    assert (shares - 0.3).abs().max() < 0.02 and shares.std() > 0
    assert dropped[dropped > 0].unique().tolist() == pytest.approx([1 / 0.7])
    kept = (dropped > 0).flatten(1).float() - 0.7
    alike = kept @ kept.T / kept.square().sum(1)
    assert alike.fill_diagonal_(0).abs().max() < 0.05, "images drop independently"
    for side in (0, 1, 2):  # and so do neighbours
        near = (kept.view_as(x).narrow(side + 1, 0, 8) * kept.view_as(x).narrow(side + 1, 8, 8)).mean()
        assert abs(float(near)) < 0.005
    assert dropout(x[:3], uniform[:3], 0.3).equal(dropped[:3])


def test_the_wide_network_drops_out_behind_its_first_stage() -> None:
    network = build("l2r_wrn28_10", (3, 8, 8), 10)
    x, uniform = torch.rand(2, 3, 8, 8), torch.rand(2, network.random_width)
    assert network.random_width == 8, "four units of each of two stages"
    seen: list[bool] = []
    for unit in network.units:  # type: ignore[union-attr]
        unit.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1] is not None))
    with torch.no_grad():
        assert not network(x, uniform).equal(network(x, None))
    assert seen == [False] * 4 + [True] * 8 + [False] * 12


@pytest.mark.parametrize(
    ("reading", "width", "at_test"), [("none", 0, False), ("always", 384, True), ("proper", 384, False)]
)
def test_the_three_readings_of_dropout(reading: str, width: int, at_test: bool) -> None:
    torch.manual_seed(0)
    network = build("cnn9", MNIST, 10, dropout=reading).eval()
    assert (network.random_width, network.random_at_test) == (width, at_test)
    x = torch.rand(2, *MNIST)
    keep_all = network(x, torch.full((2, 384), 0.999))
    drop_some = network(x, torch.rand(2, 384))
    assert torch.equal(keep_all, drop_some) == (reading == "none")
    if at_test:
        with pytest.raises(ValueError, match="uniform numbers"):
            network(x)
    else:
        plain = build("cnn9", MNIST, 10, dropout="none").eval()
        plain.load_state_dict(network.state_dict())
        assert torch.equal(network(x), plain(x))


def test_a_stack_with_dropout_uses_each_members_own_numbers() -> None:
    torch.manual_seed(0)
    networks = [build("cnn9", MNIST, 10, dropout="proper") for _ in range(2)]
    x, uniform = torch.rand(2, *MNIST), torch.rand(2, 2, 384)
    params, buffers = stack_module_state(networks)
    with batch_norm_mode("batch"):
        stacked = vmap(lambda p, b, u: functional_call(networks[0], (p, b), (x, u)))(params, buffers, uniform)
        for index, network in enumerate(networks):
            torch.testing.assert_close(stacked[index], network(x, uniform[index]), rtol=1e-4, atol=1e-5)


def test_registries_import_nothing_heavy() -> None:
    code = (
        "import sys, lnl.data.registry, lnl.noise.keys, lnl.networks.registry, lnl.errors, lnl.files\n"
        "print(sorted({'torch', 'numpy', 'timm', 'torchvision', 'sklearn', 'pandas', 'filelock'} & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
