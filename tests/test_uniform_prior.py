"""The uniform prior's pull is scipy's relative entropy of equal shares to the mean posterior, network by network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from lnl.learning.uniform_prior import uniform_prior


@examples(25)
@given(networks=st.integers(1, 3), batch=st.integers(1, 20), classes=st.integers(2, 12), seed=st.integers(0, 2**31))
def test_it_is_the_divergence_of_equal_shares_from_the_mean_posterior(
    networks: int, batch: int, classes: int, seed: int
) -> None:
    logits = 3 * torch.randn(networks, batch, classes, generator=torch.Generator().manual_seed(seed))
    found = uniform_prior(logits.log_softmax(-1))
    assert found.shape == (networks,)
    for network, pull in zip(logits.double().softmax(-1).numpy(), found.tolist(), strict=True):
        assert pull == pytest.approx(entropy(np.full(classes, 1 / classes), network.mean(0)), rel=1e-4, abs=1e-5)


def test_it_pushes_up_the_class_that_a_batch_never_has() -> None:
    logits = torch.tensor([[4.0, 0.0, 0.0], [0.0, 4.0, 0.0]], requires_grad=True)
    uniform_prior(logits.log_softmax(-1)).backward()
    assert logits.grad is not None
    assert logits.grad.sum(0).argmin() == 2  # descent raises it
