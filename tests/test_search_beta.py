"""The distribution of a search: score, Fisher information, Hessian and divergence of independent Betas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from lnl.search.beta import EDGE, Betas

#: theta of one, two and three coordinates: uniform, skewed, narrow
THETAS = ([1.0, 1.0], [1.0, 1.0, 2.5, 1.3], [1.0, 4.0, 30.0, 12.0, 1.0, 1.0])
entries = st.floats(1.0, 500.0)


@pytest.mark.parametrize("theta", THETAS)
def test_the_score_has_mean_0_and_the_fisher_information_as_its_covariance(theta: list[float]) -> None:
    betas = Betas(np.array(theta))
    n = 200_000
    scores = betas.score(betas.sample(np.random.default_rng(0), n))
    fisher = betas.fisher()
    assert (np.abs(scores.mean(0)) < 5 * np.sqrt(np.diag(fisher) / n)).all()
    products = scores[:, :, None] * scores[:, None, :]
    error = products.std(0) / np.sqrt(n)
    assert (np.abs(products.mean(0) - fisher) < 5 * error + 1e-12).all()


def test_fisher_information_at_theta_1_in_closed_form() -> None:
    # trigamma(1) - trigamma(2) = 1, trigamma(2) = pi^2 / 6 - 1
    beside = 1 - np.pi**2 / 6
    np.testing.assert_allclose(Betas.uniform(1).fisher(), [[1, beside], [beside, 1]], atol=1e-12)


@examples(30)
@given(st.lists(entries, min_size=4, max_size=4), st.lists(st.floats(0.01, 0.99), min_size=2, max_size=2))
def test_gradient_and_hessian_of_the_log_density_against_autograd(theta: list[float], u: list[float]) -> None:
    point = torch.tensor(u, dtype=torch.float64)

    def log_density(parameters: torch.Tensor) -> torch.Tensor:
        return torch.distributions.Beta(parameters[0::2], parameters[1::2]).log_prob(point).sum()

    betas, parameters = Betas(np.array(theta)), torch.tensor(theta, dtype=torch.float64)
    score = torch.autograd.functional.jacobian(log_density, parameters).numpy()
    hessian = torch.autograd.functional.hessian(log_density, parameters).numpy()
    assert betas.log_density(np.array(u)) == pytest.approx(float(log_density(parameters)), rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(betas.score(np.array(u)), score, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(betas.hessian(), hessian, rtol=1e-8, atol=1e-10)


@examples(50)
@given(st.lists(entries, min_size=4, max_size=4))
def test_fisher_information_is_positive_definite_and_natural_solves_with_it(theta: list[float]) -> None:
    betas = Betas(np.array(theta))
    fisher = betas.fisher()
    assert np.linalg.eigvalsh(fisher).min() > 0
    gradient = np.array([0.3, -1.0, 2.0, 0.1])
    np.testing.assert_allclose(fisher @ betas.natural(gradient), gradient, rtol=1e-5, atol=1e-7)


@examples(20)
@given(st.lists(st.floats(1.0, 20.0), min_size=2, max_size=2), st.lists(st.floats(1.0, 20.0), min_size=2, max_size=2))
def test_divergence_against_integration(ours: list[float], theirs: list[float]) -> None:
    p, q = stats.beta(*ours), stats.beta(*theirs)
    expected = quad(lambda u: p.pdf(u) * (p.logpdf(u) - q.logpdf(u)), 0, 1, limit=200)[0]
    assert Betas(np.array(ours)).kl(Betas(np.array(theirs))) == pytest.approx(expected, rel=1e-5, abs=1e-6)


@examples(50)
@given(st.lists(entries, min_size=4, max_size=4), st.lists(entries, min_size=4, max_size=4))
def test_divergence_is_never_negative_and_0_to_itself(ours: list[float], theirs: list[float]) -> None:
    a, b = Betas(np.array(ours)), Betas(np.array(theirs))
    assert a.kl(b) >= -1e-9 and a.kl(a) == 0.0


def test_small_divergences_are_what_the_fisher_information_says() -> None:
    betas, step = Betas(np.array([2.0, 5.0, 1.0, 1.0])), np.array([1e-3, -2e-3, 3e-3, 1e-3])
    expected = step @ betas.fisher() @ step / 2
    assert Betas(betas.theta + step).kl(betas) == pytest.approx(expected, rel=5e-3)


def test_moments_density_and_mode_against_scipy() -> None:
    betas = Betas(np.array([2.0, 5.0]), np.array([4.0, 1.5]))
    for j, (a, b) in enumerate([(2.0, 4.0), (5.0, 1.5)]):
        assert betas.mean()[j] == pytest.approx(stats.beta(a, b).mean())
        assert betas.deviation()[j] == pytest.approx(stats.beta(a, b).std())
        assert betas.mode()[j] == pytest.approx((a - 1) / (a + b - 2))
    u = np.array([0.2, 0.9])
    assert betas.log_density(u) == pytest.approx(stats.beta([2, 5], [4, 1.5]).logpdf(u).sum())


def test_the_mode_of_a_flat_coordinate_is_its_middle_and_of_a_ramp_its_end() -> None:
    np.testing.assert_array_equal(Betas(np.array([1.0, 1.0, 1.0, 3.0, 2.0, 1.0])).mode(), [0.5, 0.0, 1.0])


def test_samples_stay_inside_however_narrow_and_scores_finite() -> None:
    betas = Betas(np.array([1.0, 1e7, 1e7, 1.0]))
    drawn = betas.sample(np.random.default_rng(0), 1000)
    assert drawn.min() >= EDGE and drawn.max() <= 1 - EDGE
    assert np.isfinite(betas.score(drawn)).all() and np.isfinite(betas.score(np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize("theta", [[1.0], [1.0, 0.0], [1.0, np.nan], [[1.0, 1.0]]])
def test_bad_theta_is_refused(theta: list[float]) -> None:
    with pytest.raises(ValueError, match="theta"):
        Betas(np.array(theta))
