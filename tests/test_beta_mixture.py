"""The mixture of two Beta distributions: planted parameters come back, and nothing leaves its domain."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lnl.learning import beta_mixture as bm
from lnl.learning.batch_mixing import beta_ratio, guided_share, mixed

POINTS = (np.arange(400) + 0.5) / 400


def _planted(alpha: tuple[float, float], beta: tuple[float, float], share: float) -> torch.Tensor:
    """Density of a mixture at POINTS, which weights them: a sample without the noise of one."""
    first, second = (stats.beta.pdf(POINTS, alpha[k], beta[k]) for k in range(2))
    return torch.from_numpy((1 - share) * first + share * second)


def _error(found: bm.Mixture, alpha: tuple[float, float], beta: tuple[float, float], share: float) -> float:
    """Largest relative error of a parameter."""
    pairs = ((found.alpha, alpha), (found.beta, beta), (found.share, (1 - share, share)))
    return max(float((values / torch.tensor(planted) - 1).abs().max()) for values, planted in pairs)


@examples(25)
@given(
    alpha=st.tuples(st.floats(1.5, 2.5), st.floats(4, 8)),
    beta=st.tuples(st.floats(10, 20), st.floats(1.5, 2.5)),
    share=st.floats(0.3, 0.7),
)
def test_planted_parameters_come_back_within_five_percent(
    alpha: tuple[float, float], beta: tuple[float, float], share: float
) -> None:
    found = bm.fitted(torch.from_numpy(POINTS), _planted(alpha, beta, share), iterations=200, split=True)
    assert _error(found, alpha, beta, share) < 0.05


def test_planted_parameters_come_back_from_a_sample() -> None:
    rng = np.random.default_rng(5)
    x = torch.from_numpy(np.concatenate([rng.beta(2, 15, 24_000), rng.beta(6, 2, 16_000)]))
    assert _error(bm.fitted(x, iterations=200, split=True), (2, 6), (15, 2), 0.4) < 0.05


def test_ten_rounds_from_the_released_start_are_far_from_where_they_lead() -> None:
    planted = (2.0, 6.0), (8.0, 3.0), 0.4
    points, weights = torch.from_numpy(POINTS), _planted(*planted)
    assert _error(bm.fitted(points, weights), *planted) > 0.5
    assert _error(bm.fitted(points, weights, iterations=400), *planted) < 0.01


def test_the_released_start_may_end_with_two_equal_components_and_the_other_does_not() -> None:
    planted = (4.1, 23.0), (23.9, 5.8), 0.43
    points, weights = torch.from_numpy(POINTS), _planted(*planted)
    released = bm.fitted(points, weights, iterations=300)
    assert float((released.alpha[0] - released.alpha[1]).abs()) < 1e-3
    assert _error(bm.fitted(points, weights, iterations=200, split=True), *planted) < 0.05


def _released(losses: np.ndarray) -> tuple[np.ndarray, tuple[float, float], np.ndarray]:
    """The released procedure in numpy and scipy: (parameters [3, 2], bounds, table [100])."""
    high, low = np.percentile(losses, 95), np.percentile(losses, 5)
    x = losses[(losses <= high) & (losses >= low)]
    low += 1e-5
    x = (x - low) / (high - low + 1e-6)
    x[x >= 1], x[x <= 0] = 1 - 1e-3, 1e-3
    x = np.clip(x, 1e-4, 1 - 1e-4)
    a, b, w = np.array([1.0, 2.0]), np.array([2.0, 1.0]), np.array([0.5, 0.5])
    for _ in range(10):
        r = np.stack([w[k] * stats.beta.pdf(x, a[k], b[k]) for k in range(2)])
        r[r <= 1e-12] = 1e-12
        r = r / r.sum(0)
        for k in range(2):
            mean = (r[k] * x).sum() / r[k].sum()
            variance = (r[k] * (x - mean) ** 2).sum() / r[k].sum()
            a[k] = mean * (mean * (1 - mean) / variance - 1)
            b[k] = a[k] * (1 - mean) / mean
        w = r.sum(1) / r.sum()
    grid = np.linspace(1e-12, 1 - 1e-12, 100)
    each = [w[k] * stats.beta.pdf(grid, a[k], b[k]) for k in range(2)]
    table = each[1] / (each[0] + each[1] + 1e-12)
    table[table.argmax() :] = table.max()
    return np.stack([a, b, w]), (low, high), table


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_fit_and_table_are_those_of_the_released_procedure(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = 701 if seed == 2 else 700  # of 1,201 two are the percentiles themselves, and count
    losses = np.concatenate([rng.gamma(1.0, 0.3, count), rng.normal(3.5, 0.8, 500).clip(0)])
    parameters, (low, high), table = _released(losses.copy())
    within, counted = bm.bounds(torch.from_numpy(losses))
    found = bm.fitted(within.unit(torch.from_numpy(losses)), counted)
    assert (float(within.low), float(within.high)) == pytest.approx((low, high), abs=1e-12)
    np.testing.assert_allclose(torch.stack([found.alpha, found.beta, found.share]).numpy(), parameters, rtol=1e-8)
    np.testing.assert_allclose(bm.table(found).numpy(), table, rtol=1e-7, atol=1e-12)
    x = within.unit(torch.from_numpy(losses)).numpy()
    unit = (losses - low) / (high - low + 1e-6)
    np.testing.assert_allclose(x, np.where(unit >= 1, 1 - 1e-3, np.where(unit <= 0, 1e-3, unit)), rtol=1e-12)
    assert (unit > 1).any() and (unit < 0).any()
    indexed = table[np.minimum((100 * x).astype(int), 99)]
    np.testing.assert_allclose(bm.looked_up(bm.table(found), torch.from_numpy(x)).numpy(), indexed, rtol=1e-7)


DEGENERATE = st.one_of(
    st.tuples(st.floats(0, 20), st.integers(1, 60)).map(lambda p: [p[0]] * p[1]),  # all equal
    st.tuples(st.floats(0, 20), st.floats(0, 20), st.integers(1, 60), st.integers(1, 60)).map(
        lambda p: [p[0]] * p[2] + [p[1]] * p[3]  # two values
    ),
    st.tuples(st.floats(0, 5), st.integers(2, 200), st.floats(0, 1e30)).map(lambda p: [p[0]] * p[1] + [p[2]]),
    st.lists(
        st.one_of(st.floats(0, 1e-6), st.floats(0, 100), st.just(float("inf")), st.just(float("nan"))), min_size=1
    ),
)


@examples(150)
@given(losses=DEGENERATE, split=st.booleans())
def test_nothing_leaves_its_domain_on_degenerate_losses(losses: list[float], split: bool) -> None:
    given_losses = torch.tensor(losses, dtype=torch.float64)
    within, counted = bm.bounds(given_losses)
    assert counted.sum() > 0
    x = within.unit(given_losses.nan_to_num(nan=1e6, posinf=1e6))
    assert ((x > 0) & (x < 1)).all()
    found = bm.fitted(x, counted, split=split)
    assert found.alpha.isfinite().all() and (found.alpha > 0).all()
    assert found.beta.isfinite().all() and (found.beta > 0).all()
    assert ((found.share >= 0) & (found.share <= 1)).all() and float(found.share.sum()) == pytest.approx(1)
    table = bm.table(found)
    assert table.isfinite().all() and ((table >= 0) & (table <= 1)).all()
    assert (table[int(table.argmax()) :] == table.max()).all()


def test_losses_that_are_all_alike_are_not_doubted() -> None:
    within, counted = bm.bounds(torch.full((50,), 0.7))
    x = within.unit(torch.full((50,), 0.7))
    assert bm.looked_up(bm.table(bm.fitted(x, counted)), x).max() < 0.5


@pytest.mark.parametrize("alpha", [1, 2, 32])
def test_the_median_of_uniform_numbers_is_a_number_of_beta(alpha: int) -> None:
    drawn = beta_ratio(torch.rand(20_000, 2 * alpha - 1, generator=torch.Generator().manual_seed(alpha)))
    assert stats.kstest(drawn.numpy(), stats.beta(alpha, alpha).cdf).pvalue > 0.001


def test_images_are_mixed_with_their_partners() -> None:
    images = torch.rand(3, 1, 2, 2)
    partner, share = torch.tensor([2, 0, 1]), torch.tensor([0.9, 0.5, 0.2])
    for found, shares in ((mixed(images, partner, share), share), (mixed(images, partner, share[0]), [0.9] * 3)):
        for i in range(3):
            wanted = float(shares[i]) * images[i] + (1 - float(shares[i])) * images[int(partner[i])]
            torch.testing.assert_close(found[i], wanted)
    doubt = torch.tensor([0.1, 0.7, 0.4])
    torch.testing.assert_close(guided_share(doubt, partner), torch.tensor([0.9 / 1.5, 0.3 / 1.2, 0.6 / 0.9]))
