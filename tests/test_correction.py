"""Losses that know the noise: hand-computed numbers, limiting cases, and what a network learns through them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lnl.errors import UserError
from lnl.learning.correction import backward_corrected, forward_corrected, inverted
from lnl.learning.selection import cross_entropy
from lnl.noise.transition import matrix

NOISES = ["symmetric-20", "symmetric-50", "pair-45"]


def _t(noise: str, classes: int) -> Tensor:
    return torch.tensor(matrix(noise, classes)).float()


def _logits(*shape: int, seed: int = 0, scale: float = 3.0) -> Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_two_classes_by_hand() -> None:
    logits = torch.tensor([[math.log(0.8), math.log(0.2)]])
    transition = torch.tensor([[0.8, 0.2], [0.2, 0.8]])
    seen = forward_corrected(logits, torch.tensor([1]), transition.log())
    assert seen.item() == pytest.approx(-math.log(0.8 * 0.2 + 0.2 * 0.8))
    corrected = backward_corrected(logits, torch.tensor([1]), inverted(transition))
    # the inverse is [[4/3, -1/3], [-1/3, 4/3]]; its second row meets the losses -log .8 and -log .2
    assert corrected.item() == pytest.approx((math.log(0.8) - 4 * math.log(0.2)) / 3, rel=1e-6)


@pytest.mark.parametrize("classes", [2, 7, 10])
@pytest.mark.parametrize("rate", [20, 40])
def test_symmetric_noise_has_the_closed_form(classes: int, rate: int) -> None:
    logits, labels = _logits(32, classes), torch.arange(32) % classes
    losses = -F.log_softmax(logits, -1)
    e = rate / 100
    a, b = 1 - e * classes / (classes - 1), e / (classes - 1)
    expected = (losses.gather(-1, labels[:, None])[:, 0] - b * losses.sum(-1)) / a
    found = backward_corrected(logits, labels, inverted(_t(f"symmetric-{rate}", classes)))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@examples(40)
@given(classes=st.integers(2, 12), seed=st.integers(0, 1000))
def test_without_noise_every_correction_is_cross_entropy(classes: int, seed: int) -> None:
    logits = _logits(3, 2, 16, classes, seed=seed)  # runs, networks, batch
    labels = torch.randint(0, classes, (3, 1, 16), generator=torch.Generator().manual_seed(seed))
    plain = cross_entropy(logits, labels)
    identity = torch.eye(classes)
    torch.testing.assert_close(forward_corrected(logits, labels, identity.log()), plain, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(backward_corrected(logits, labels, inverted(identity)), plain, rtol=1e-5, atol=1e-5)


@examples(30)
@given(noise=st.sampled_from(NOISES), classes=st.integers(3, 12), seed=st.integers(0, 1000))
def test_the_backward_loss_is_unbiased(noise: str, classes: int, seed: int) -> None:
    """Equation 2 of Pumpout, to 1e-6 of the size of the losses, for every true class."""
    transition = torch.tensor(matrix(noise, classes))
    logits = _logits(5, classes, seed=seed).double()
    for true in range(classes):
        given_labels = torch.arange(classes)[:, None].expand(classes, 5)
        corrected = backward_corrected(logits.expand(classes, 5, classes), given_labels, torch.linalg.inv(transition))
        mean = (transition[true][:, None] * corrected).sum(0)
        clean = cross_entropy(logits, torch.full((5,), true))
        torch.testing.assert_close(mean, clean, rtol=1e-6, atol=1e-6 * float(corrected.abs().max()))


@pytest.mark.parametrize("noise", NOISES)
def test_the_printed_row_of_ones_sees_no_label_and_is_never_negative(noise: str) -> None:
    logits = _logits(64, 10)
    inverse = inverted(_t(noise, 10))
    one, other = (backward_corrected(logits, torch.full((64,), y), inverse, "ones") for y in (0, 7))
    assert torch.equal(one, other)
    assert one.min() >= 0
    torch.testing.assert_close(one, -F.log_softmax(logits, -1).sum(-1), rtol=1e-4, atol=1e-3)
    assert backward_corrected(logits, torch.zeros(64, dtype=torch.int64), inverse).min() < 0  # the label's row can be


def test_a_floor_bounds_the_logarithm_and_stops_its_gradient() -> None:
    logits = torch.tensor([[30.0, 0.0]], requires_grad=True)
    label, inverse = torch.tensor([1]), torch.eye(2)
    assert backward_corrected(logits, label, inverse).item() == pytest.approx(30)
    bounded = backward_corrected(logits, label, inverse, floor=1e-7)
    assert bounded.item() == pytest.approx(-math.log(1e-7))
    (gradient,) = torch.autograd.grad(bounded, logits)
    assert gradient.abs().max() == 0


def test_a_singular_matrix_is_one_line_and_jitter_inverts_it() -> None:
    singular = torch.full((2, 2), 0.5)
    with pytest.raises(UserError, match="singular"):
        inverted(singular)
    uniform = torch.tensor([[0.9, 0.1], [0.2, 0.3]])
    disturbed = singular + 1e-4 * uniform
    torch.testing.assert_close(
        inverted(singular, uniform) @ disturbed, torch.eye(2), rtol=0, atol=0.02
    )  # entries of 1e4 in single precision
    assert inverted(singular, uniform).abs().max() > 1000


def test_a_channel_for_each_network_and_its_gradient() -> None:
    logits, labels = _logits(2, 8, 4), torch.arange(8)[None] % 4
    channels = _logits(2, 4, 4, seed=1).requires_grad_()
    losses = forward_corrected(logits, labels, torch.log_softmax(channels, -1))
    by_hand = torch.softmax(logits, -1) @ torch.softmax(channels, -1)
    torch.testing.assert_close(losses, -by_hand.gather(-1, labels.expand(2, 8)[..., None])[..., 0].log())
    (gradient,) = torch.autograd.grad(losses.sum(), channels)
    assert (gradient != 0).all()


def test_with_the_true_matrix_forward_correction_recovers_the_clean_posterior() -> None:
    """Three inputs, three classes, labels as often as the noise makes them: the minimum is the clean posterior."""
    clean = torch.tensor([[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.0, 0.3, 0.7]])
    transition = _t("pair-45", 3)
    noisy = clean @ transition
    logits = torch.zeros(3, 3, requires_grad=True)
    for _ in range(4000):
        labels = torch.arange(3).expand(3, 3)
        losses = torch.stack([forward_corrected(logits, labels[:, y], transition.log()) for y in range(3)], -1)
        (gradient,) = torch.autograd.grad((noisy * losses).sum(), logits)
        logits = (logits - 0.5 * gradient).detach().requires_grad_()
    np.testing.assert_allclose(torch.softmax(logits, -1).detach().numpy(), clean.numpy(), atol=0.02)
