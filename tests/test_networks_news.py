"""The networks of Pumpout: ResNet-32 for CIFAR-10, the softsign MLP for NEWS, and batch norm of vectors."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, jvp, stack_module_state, vmap

from lnl.errors import UserError
from lnl.networks import build
from lnl.networks.layers import BatchNorm1d, batch_norm_mode

CIFAR, NEWS, DIGITS = (3, 32, 32), (1, 1, 300), (1, 8, 8)
SMALL = [("softsign_mlp", NEWS), ("resnet32", (3, 8, 8))]


@pytest.mark.parametrize(
    ("name", "shape", "classes", "options", "parameters"),
    [
        ("resnet32", CIFAR, 10, {}, 464_154),
        # option B: two convolutions 1 x 1 and their batch norms more
        ("resnet32", CIFAR, 10, {"shortcut": "projection"}, 464_154 + 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64),
        ("softsign_mlp", NEWS, 2, {}, 2 * (300 * 300 + 300 + 2 * 300) + 300 * 2 + 2),
        ("softsign_mlp", NEWS, 7, {}, 183_907),
        ("softsign_mlp", DIGITS, 10, {}, 64 * 300 + 300 + 2 * 300 + 300 * 300 + 300 + 2 * 300 + 300 * 10 + 10),
    ],
)
def test_parameter_counts(name: str, shape: tuple[int, int, int], classes: int, options: dict, parameters: int) -> None:
    network = build(name, shape, classes, **options)
    assert sum(p.numel() for p in network.parameters()) == parameters


def test_resnet32_has_32_layers_of_which_each_stage_halves_the_side() -> None:
    network, seen = build("resnet32", CIFAR, 10).eval(), []
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda m, i, out: seen.append(tuple(out.shape[1:])))
    network(torch.rand(1, *CIFAR))
    assert seen == [(16, 32, 32)] * 11 + [(32, 16, 16)] * 10 + [(64, 8, 8)] * 10


def test_the_identity_shortcut_subsamples_and_fills_up_with_zeros() -> None:
    block = build("resnet32", CIFAR, 10).eval().blocks[5]
    nn.init.zeros_(block.norm2.weight)  # nothing comes from the branch
    x = torch.rand(2, 16, 8, 8)
    out = block(x)
    torch.testing.assert_close(out[:, :16], x[:, :, ::2, ::2])
    assert not out[:, 16:].any()


def test_the_softsign_mlp_is_the_printed_formula() -> None:
    torch.manual_seed(0)
    network = build("softsign_mlp", NEWS, 2)
    x = torch.randn(16, *NEWS)
    hidden = x.flatten(1)
    for dense in (network.fc1, network.fc2):
        raw = hidden @ dense.weight.T + dense.bias
        normal = (raw - raw.mean(0)) / (raw.var(0, unbiased=False) + 1e-5).sqrt()  # weight 1, bias 0 at the start
        hidden = normal / (1 + normal.abs())
    with batch_norm_mode("batch"):
        torch.testing.assert_close(network(x), F.linear(hidden, network.fc3.weight, network.fc3.bias))


def test_batch_norm_of_vectors_equals_torchs_bit_for_bit() -> None:
    torch.manual_seed(1)
    ours, torchs = BatchNorm1d(5), nn.BatchNorm1d(5).train()
    for _ in range(3):
        x = torch.randn(6, 5)
        mine, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
        with batch_norm_mode("update"):
            out = ours(mine)
        expected = torchs(theirs)
        assert torch.equal(out, expected)
        out.square().sum().backward()
        expected.square().sum().backward()
        assert torch.equal(mine.grad, theirs.grad)
        assert torch.equal(ours.running_mean, torchs.running_mean)
        assert torch.equal(ours.running_var, torchs.running_var)
    with batch_norm_mode("frozen"):
        assert torch.equal(ours(x), torchs.eval()(x))


@pytest.mark.parametrize("mode", ["update", "batch", "frozen"])
@pytest.mark.parametrize(("name", "shape"), SMALL)
def test_a_stack_of_networks_equals_its_members(name: str, shape: tuple[int, int, int], mode: str) -> None:
    torch.manual_seed(0)
    networks = [build(name, shape, 3) for _ in range(2)]
    x = torch.rand(2, 8, *shape)
    params, buffers = stack_module_state(networks)

    def one(p: dict[str, torch.Tensor], b: dict[str, torch.Tensor], images: torch.Tensor) -> torch.Tensor:
        return functional_call(networks[0], (p, b), (images,))

    with batch_norm_mode(mode):
        stacked = vmap(one)(params, buffers, x)
        for index, network in enumerate(networks):
            torch.testing.assert_close(stacked[index], network(x[index]), rtol=1e-4, atol=1e-5)
            for key, value in network.named_buffers():
                torch.testing.assert_close(buffers[key][index], value)
                moved = not torch.equal(value, torch.full_like(value, float(key.endswith("var"))))
                assert moved == (mode == "update")


@pytest.mark.parametrize(("name", "shape"), SMALL)
@pytest.mark.parametrize("shortcut", ["identity", "projection"])
def test_forward_mode_derivatives_match_finite_differences(
    name: str, shape: tuple[int, int, int], shortcut: str
) -> None:
    torch.manual_seed(0)
    network = build(name, shape, 3, **({"shortcut": shortcut} if name == "resnet32" else {})).double()
    x = torch.rand(6, *shape, dtype=torch.float64)
    params = {key: value.detach() for key, value in network.named_parameters()}
    buffers = {key: value.clone() for key, value in network.named_buffers()}
    direction = {key: torch.randn_like(value) / value.numel() ** 0.5 for key, value in params.items()}

    def logits(given: dict[str, torch.Tensor]) -> torch.Tensor:
        with batch_norm_mode("batch"):
            return functional_call(network, (given, buffers), (x,))

    _, tangent = jvp(logits, (params,), (direction,))
    step = 1e-7
    ahead, behind = (logits({n: v + sign * step * direction[n] for n, v in params.items()}) for sign in (1, -1))
    torch.testing.assert_close(tangent, (ahead - behind) / (2 * step), rtol=1e-4, atol=1e-5)


def test_bad_options_and_small_images_are_one_line() -> None:
    with pytest.raises(UserError, match="did you mean 'projection'"):
        build("resnet32", CIFAR, 10, shortcut="projecton")
    with pytest.raises(UserError, match="at least 8 x 8"):
        build("resnet32", (3, 4, 4), 10)
