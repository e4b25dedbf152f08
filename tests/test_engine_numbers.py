"""The engine's arithmetic against torch.optim, scikit-learn's ROC and the printed schedules."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from lnl.engine import optim
from lnl.engine.metrics import roc_area
from lnl.learning.ramps import drop_rate
from lnl.learning.schedules import kept_count
from lnl.learning.selection import cross_entropy, small_loss


@examples(25)
@given(
    name=st.sampled_from(["adam", "sgd"]),
    decay=st.sampled_from([0.0, 1e-4, 0.1]),
    momentum=st.sampled_from([0.0, 0.9]),
    nesterov=st.booleans(),
    switch=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_optimiser_is_bit_equal_to_torch(
    name: str, decay: float, momentum: float, nesterov: bool, switch: bool, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    shapes = [(7, 5), (5,), (3, 5), (3,)]
    start = [torch.randn(s, generator=generator) for s in shapes]
    flat = torch.cat([p.reshape(-1) for p in start])
    if name == "adam":  # the fused kernel's rounding depends on where a tensor ends: one vector on both sides
        shapes = [flat.shape]
        theirs = [flat.clone().requires_grad_()]
        reference: torch.optim.Optimizer = torch.optim.Adam(theirs, lr=0.01, weight_decay=decay, fused=True)
        spec = {"name": "adam", "lr": 0.01, "weight_decay": decay}
    else:
        nesterov = nesterov and momentum > 0
        theirs = [p.clone().requires_grad_() for p in start]
        reference = torch.optim.SGD(
            theirs, lr=0.01, momentum=momentum, nesterov=nesterov, weight_decay=decay, foreach=True
        )
        spec = {"name": "sgd", "lr": 0.01, "momentum": momentum, "nesterov": nesterov, "weight_decay": decay}
    ours = optim.build(spec, flat)
    for step in range(30):
        if switch and step == 15 and isinstance(ours, optim.Adam):
            ours.beta1 = 0.1
            reference.param_groups[0]["betas"] = (0.1, 0.999)
        gradients = [torch.randn(s, generator=generator) for s in shapes]
        for p, g in zip(theirs, gradients, strict=True):
            p.grad = g.clone()
        reference.step()
        ours.step(flat, torch.cat([g.reshape(-1) for g in gradients]), 0.01)
    assert torch.equal(flat, torch.cat([p.detach().reshape(-1) for p in theirs]))


def test_adam_reads_a_gradient_by_its_strides() -> None:
    gradient = torch.randn(7, 3)
    one, two = torch.zeros(3, 7), torch.zeros(3, 7)
    for flat, given_ in ((one, gradient.t()), (two, gradient.t().contiguous())):
        optim.build({"name": "adam", "lr": 0.01}, flat).step(flat, given_, 0.01)
    assert torch.equal(one, two)


@examples(50)
@given(n=st.integers(2, 60), values=st.integers(1, 8), seed=st.integers(0, 2**31))
def test_roc_area_equals_scikit_learn_with_ties(n: int, values: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, flipped = rng.integers(0, values, n), rng.integers(0, 2, n)
    flipped[:2] = (0, 1)
    mine = roc_area(torch.tensor(scores).float()[None], torch.tensor(flipped).float()[None])
    assert mine.item() == pytest.approx(roc_auc_score(flipped, scores), abs=1e-6)


@pytest.mark.parametrize(
    ("rate", "kept"),
    [
        (0.2, [125, 122, 119, 116, 113, 110, 108, 105, 102]),
        (0.5, [120, 113, 106, 99, 92, 85, 78, 71, 64]),
        (0.45, [121, 115, 108, 102, 96, 89, 83, 76, 70]),
    ],
)
def test_kept_examples_of_the_first_nine_epochs_are_the_released_codes(rate: float, kept: list[int]) -> None:
    counts = [kept_count(drop_rate(e, rate, 10, 1.0, "as_released", "as_released"), 128, "floor") for e in range(1, 10)]
    assert counts == kept
    assert kept_count(drop_rate(199, rate, 10, 1.0, "as_released", "as_released"), 128, "floor") == kept[-1]


@pytest.mark.parametrize("rounding", ["floor", "ceil"])
def test_of_a_batch_one_is_kept_at_least_and_whole_numbers_stay(rounding: str) -> None:
    assert [kept_count(drop, 32, rounding) for drop in (1.0, 0.99, 0.75, 0.5, 0.0)] == [1, 1, 8, 16, 32]
    assert kept_count(0.7, 32, rounding) == {"floor": 9, "ceil": 10}[rounding]


def test_algorithm_1_drops_nothing_in_the_first_two_epochs() -> None:
    drops = [drop_rate(t, 0.5, 10, 1.0, "algorithm", "t_over_tk") for t in (0, 0.5, 1, 2, 11, 12)]
    assert drops == pytest.approx([0.0, 0.0, 0.0, 0.05, 0.5, 0.5])


@pytest.mark.parametrize(
    ("c", "t_k", "full"), [(0.5, 5, 25), (1, 5, 5), (2, 5, 3), (0.5, 10, 100), (2, 10, 4), (1, 15, 15)]
)
def test_the_printed_exponent_form_reaches_tau_when_the_paper_s_formula_does(c: float, t_k: int, full: int) -> None:
    drops = [drop_rate(t, 0.45, t_k, c, "as_printed", "as_printed") for t in range(200)]
    assert next(t for t, d in enumerate(drops) if d >= 0.45 - 1e-12) == full
    assert drops[0] == 0


def test_the_released_exponent_form_overshoots_and_jumps() -> None:
    drops = [drop_rate(t, 0.45, 10, 0.5, "as_released", "as_released") for t in range(12)]
    assert drops[9] == pytest.approx(0.45**0.5) and drops[10] == 0.45


def test_a_rate_falls_and_beta1_changes_at_the_time_that_is_declared() -> None:
    falls = {"name": "sgd", "lr": 1.0, "schedule": "steps", "milestones": [50, 75]}
    assert [optim.rates(falls, t, 100)["lr"] for t in (49.5, 50, 75)] == pytest.approx([1.0, 0.1, 0.01])
    linear = {"name": "adam", "lr": 1.0, "schedule": "linear", "decay_start": 80, "beta1_after": 0.1}
    found = [optim.rates(linear, t, 200) for t in (79, 80, 140)]
    assert [each["lr"] for each in found] == [1.0, 1.0, 0.5]
    assert [each["beta1"] for each in found] == [0.9, 0.1, 0.1]


def test_kernels_are_weights_of_two_dimensions_of_the_network_itself() -> None:
    shapes = {"conv.weight": (2, 1, 1, 1), "conv.bias": (2,), "method.channel": (2, 2), "dense.weight": (1, 2)}
    marks = optim.kernels({name: torch.Size(shape) for name, shape in shapes.items()})
    assert marks.tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 1, 1]


@examples(50)
@given(seed=st.integers(0, 2**31), kept=st.integers(1, 16), networks=st.integers(1, 2))
def test_small_loss_marks_exactly_the_kept_smallest(seed: int, kept: int, networks: int) -> None:
    losses = torch.rand(networks, 16, generator=torch.Generator().manual_seed(seed)).round(decimals=1)
    mask = small_loss(losses, torch.tensor(float(kept)))
    for row, chosen in zip(losses, mask, strict=True):
        picked = row[chosen > 0]
        assert len(picked) == kept
        assert picked.max() <= row[chosen == 0].min() if kept < 16 else True


def test_cross_entropy_broadcasts_labels_over_networks_and_runs() -> None:
    logits = torch.randn(3, 2, 5, 4, dtype=torch.float64)
    labels = torch.randint(0, 4, (3, 1, 5))
    expected = -logits.log_softmax(-1).gather(-1, labels.expand(3, 2, 5)[..., None]).squeeze(-1)
    torch.testing.assert_close(cross_entropy(logits, labels), expected, rtol=1e-12, atol=1e-12)
