"""Claims that are computed without a run: spaces, fits, steps of a search; analytic answers where there are any."""

import importlib
import inspect
import math
from pathlib import Path

import numpy as np
import pytest

from lnl.learning.basis_functions import CANDIDATES
from lnl.learning.curves import evaluate
from lnl.results.claims import fits, identities, parametrisations, schedules
from lnl.results.claims.parametrisations import NUMBERS
from lnl.search.beta import Betas
from lnl.search.spaces import load_space

ROOT = Path(__file__).parent.parent
T = np.arange(1.0, 201.0)


def found(name):
    return list(identities.comparisons(name, ROOT))


# ---- fits ----------------------------------------------------------------------------------------------------------


def test_a_curve_of_the_space_is_fitted_exactly():
    space = load_space(ROOT, "two-decays")
    u = np.array([0.3, 0.6, 0.2, 0.7, 0.4])
    target = space.raw(u, T, 200.0)
    assert fits.best_fit(lambda v: space.raw(v, T, 200.0), 5, target) < 1e-4


def test_a_convex_mixture_is_found_exactly_and_nothing_else():
    bases = np.stack([np.ones(200), 1 - T / 200, np.exp(-T / 20)])
    weights = np.array([0.2, 0.5, 0.3])
    assert fits.best_mixture(bases, weights @ bases) < 1e-6
    # a constant of 2 is out of reach: the nearest convex mixture is the constant 1, off by 1 everywhere
    assert fits.best_mixture(bases, 2 * np.ones(200)) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(("tau", "c", "t_k"), [(0.5, 1.0, 10.0), (0.2, 0.5, 40.0), (0.45, 2.0, 15.0), (0.3, 1.3, 77.0)])
def test_a_schedule_of_coteaching_is_at_no_distance_from_itself(tau, c, t_k):
    r = evaluate("coteaching", np.array([tau, c, t_k]), T, 200)
    distance, numbers = schedules.ramp_distance(r)
    assert distance < 1e-3
    assert numbers[0] == pytest.approx(tau, abs=0.01)


def test_the_distance_to_a_ramp_by_hand():
    # two steps down, which no ramp can follow; a straight line to half way does no worse than 0.15
    r = np.where(T <= 50, 1.0, np.where(T <= 100, 0.8, 0.4))
    distance, _ = schedules.ramp_distance(r)
    assert 0.02 < distance < 0.15
    rising = np.linspace(0.5, 1.0, 200)
    # nothing in the family rises: the nearest is flat at the mean 0.75, off by the standard deviation
    assert schedules.ramp_distance(rising)[0] == pytest.approx(rising.std(), rel=1e-3)


def test_a_late_rise_is_the_end_minus_the_lowest_point():
    assert schedules.late_rise(np.array([1.0, 0.4, 0.6])) == pytest.approx(0.2)
    assert schedules.late_rise(np.array([1.0, 0.6, 0.4])) == 0


# ---- what the claims say -------------------------------------------------------------------------------------------


def test_a_quarter_of_the_twelve_numbers_leaves_the_range_and_the_released_space_none():
    shares = {c.label.split(":")[0]: c for c in found("spaces_stay_in_range")}
    assert shares["two-decays"].fits
    assert shares["three-decays-two-rises"].effect == pytest.approx(0.25, abs=0.01)
    assert not shares["three-decays-two-rises"].fits
    assert not shares["free"].counts


def test_three_functions_of_figure_2_stay_in_range_and_vapor_takes_its_start_from_the_printed_space():
    shares = {c.label.split(":")[0]: c for c in found("spaces_stay_in_range")}
    alone = {name: shares[f"{name} of figure 2"] for name in CANDIDATES}
    assert [name for name, c in alone.items() if c.fits] == ["pow1", "exp1", "log"]
    assert all(c.counts for c in alone.values())
    assert [name for name, c in alone.items() if "R(0) is off 1 by at most 0" not in c.label] == ["vapor"]
    assert 0.1 < alone["exp2"].effect < alone["pow2"].effect < 0.4
    printed = shares["simplex-basis"]
    assert printed.counts and not printed.fits and printed.effect < 1e-3


def test_coteachings_schedules_are_no_special_case():
    comparisons = found("coteaching_schedules_in_the_space")
    assert [c.counts for c in comparisons] == [True] + [False] * 7  # released; printed, with numbers of ours; alone
    assert not any(c.fits for c in comparisons)
    assert all(0.01 < c.effect < 0.5 for c in comparisons)
    assert all("0 of 27" in c.label for c in comparisons)
    assert {c.label.split()[0] for c in comparisons[2:]} == set(CANDIDATES)


def test_each_function_falls_short_somewhere_but_the_released_mixture_is_no_closer_than_the_best_of_them():
    comparisons = found("single_functions_fall_short")
    alone = {c.label.split()[0]: c for c in comparisons[:6]}
    assert set(alone) == set(CANDIDATES)
    assert all(c.fits and c.counts for c in alone.values())
    assert "6 of 7 within" in alone["exp2"].label
    released, printed, free = (c.outcome for c in comparisons[6:])
    assert released.n == printed.n == free.n == "7 pairs"
    assert printed.effect < released.effect < 0 < free.effect
    assert released.high > 0  # so that the claim is open, no longer held
    assert [(c.fits, c.counts) for c in comparisons[6:]] == [(False, True), (False, False), (True, False)]


def test_a_function_of_figure_2_is_fitted_exactly_among_curves_it_can_make():
    target = CANDIDATES["exp2"].curve(np.array([0.6, 0.3, 1.2, 0.35]), T, 200.0)
    nearest = {name: of["own"] for name, of in fits.candidate_fits({"own": target}).items()}
    assert nearest["exp2"].error < 1e-4
    assert nearest["exp2"].curve == pytest.approx(target, abs=1e-3)
    assert min(nearest[name].error for name in ("pow1", "exp1", "log", "vapor")) > 0.05


def test_the_four_functions_start_at_one_but_for_exponents_of_zero():
    comparisons = found("four_bases_start_at_one")
    assert [(c.fits, c.counts) for c in comparisons] == [(True, True)] * 4 + [(False, False)] * 2
    assert comparisons[4].effect == pytest.approx(1 - math.exp(-0.5))
    assert comparisons[5].effect == 0.5


def test_the_four_functions_follow_examples():
    comparisons = found("four_bases_follow_examples")
    assert len(comparisons) == 3  # the quadratic bed is no curve
    assert all(c.fits for c in comparisons)


# ---- parametrisations ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_go_both_ways_and_their_jacobian_is_the_derivative(name):
    numbers = NUMBERS[name]
    x, y = np.array([1.3, 4.0]), np.array([2.2, 1.1])
    phi = numbers.of(x, y)
    assert numbers.theta(phi) == pytest.approx(np.stack([x, y], -1))
    jacobian = numbers.jacobian(x, y)
    for k in range(2):
        step = np.zeros_like(phi)
        step[:, k] = 1e-6
        slope = (numbers.theta(phi + step) - numbers.theta(phi - step)) / 2e-6
        assert slope == pytest.approx(jacobian[:, :, k], rel=1e-5)


@pytest.mark.parametrize("name", NUMBERS)
def test_the_natural_direction_is_the_same_in_all_numbers(name):
    betas = Betas(np.array([1.5, 3.0, 2.0, 1.2]))
    gradient = np.array([0.3, -0.1, 0.05, 0.2])
    numbers = NUMBERS[name]
    turned = (numbers.jacobian(betas.a, betas.b) @ parametrisations.direction(numbers, betas, gradient)[..., None])[
        ..., 0
    ]
    assert turned.reshape(-1) == pytest.approx(betas.natural(gradient))


def test_in_its_own_numbers_the_search_is_the_suites_own():
    from lnl.search.algorithms import build
    from lnl.search.history import Round

    own = build({"name": "natural-gradient", "form": "sound"}, 3, 4, 8)
    same = parametrisations.Elsewhere(3, own, NUMBERS["exponents"])
    history = []
    for _ in range(4):
        ours, theirs = own.propose(history, 5), same.propose(history, 5)
        assert np.array([c.u for c in ours]) == pytest.approx(np.array([c.u for c in theirs]), abs=1e-4)
        history.append(Round(tuple(ours), tuple(-abs(c.u[0] - 0.2) for c in ours)))


def printed_search(dimension, samples=4, step=80):
    from lnl.search.algorithms import build

    options = {"name": "natural-gradient", "form": "as_printed", "step": step, "fisher_samples": 200}
    return build(options, dimension, 8, samples)


def test_in_its_own_numbers_the_printed_search_is_the_printed_one():
    from lnl.search.history import Round

    own = printed_search(3)
    same = parametrisations.elsewhere(own, 3, NUMBERS["exponents"])
    history = []
    for _ in range(4):
        ours, theirs = own.propose(history, 5), same.propose(history, 5)
        assert np.array([c.u for c in ours]) == pytest.approx(np.array([c.u for c in theirs]), rel=1e-9)
        history.append(Round(tuple(ours), tuple(1 - abs(c.u[0] - 0.2) for c in ours)))


@pytest.mark.parametrize("step", [1, 5])
def test_a_printed_step_is_a_straight_line_in_the_numbers_it_is_taken_in(step):
    """By hand, for one coordinate: theta_i exp(d_i / theta_i) in logarithms; mean and concentration by their slopes."""
    from lnl.search.history import Round

    own = printed_search(1, samples=6, step=step)
    history = [Round(tuple(own.propose([], 3)), (0.9, 0.2, 0.4, 0.7, 0.1, 0.3))]
    theta = np.array([1.5, 3.0])
    d = own.printed_step(Betas(theta), history, 3)
    ends = {name: parametrisations.elsewhere(own, 1, NUMBERS[name]).update(theta, history, 3) for name in NUMBERS}
    assert ends["exponents"] == pytest.approx(np.maximum(theta + d, 1))
    assert ends["logarithms"] == pytest.approx(np.minimum(np.maximum(theta * np.exp(d / theta), 1), 1e7))
    mean = 1.5 / 4.5 + (3.0 * d[0] - 1.5 * d[1]) / 4.5**2  # d mean = (y dx - x dy) / (x + y)^2
    mean, total = min(max(mean, 1e-9), 1 - 1e-9), max(4.5 + d[0] + d[1], 1e-9)
    assert ends["mean and concentration"] == pytest.approx(np.maximum([mean * total, (1 - mean) * total], 1))


def test_what_counts_of_searches_in_other_numbers_is_the_printed_form(monkeypatch):
    monkeypatch.setattr(parametrisations, "REPEATS", {"as_printed": 4, "sound": 8})
    comparisons = parametrisations.invariance(ROOT)
    assert [c.fits for c in comparisons[:2]] == [True, True]
    assert [c.label.partition(":")[0] for c in comparisons[2:]] == ["as printed"] * 2 + ["sound form (ours)"] * 2
    assert [c.counts for c in comparisons] == [True] * 4 + [False] * 2
    assert [c.outcome.n for c in comparisons[2:]] == ["4 + 4"] * 2 + ["8 + 8"] * 2
    assert all(abs(c.effect) < 0.03 for c in comparisons[4:])


def test_no_identity_counts_what_a_sound_search_does(monkeypatch):
    """A sound search that never moves changes no comparison on which a verdict rests; the sound forms are ours."""
    from lnl.search.algorithms import gradient, natural_gradient, newton

    of_searches = [
        name
        for name, (_, function) in identities._KNOWN.items()
        if "search.algorithms" in Path(inspect.getsourcefile(module_of(function))).read_text()
    ]
    assert of_searches == ["natural_step_is_invariant"]
    monkeypatch.setattr(parametrisations, "REPEATS", {"as_printed": 2, "sound": 2})
    before = identities._KNOWN[of_searches[0]][1](ROOT)
    sound = [kind for module in (natural_gradient, newton, gradient, parametrisations) for kind in sounds(module)]
    assert {kind.__name__ for kind in sound} >= {"Sound", "Elsewhere"}
    for kind in sound:
        monkeypatch.setattr(kind, "update", lambda self, state, history, seed: state)
    after = identities._KNOWN[of_searches[0]][1](ROOT)
    assert [c for c in before if c.counts] == [c for c in after if c.counts]
    assert [c for c in before if not c.counts] != [c for c in after if not c.counts]


def sounds(module):
    return [k for k in vars(module).values() if inspect.isclass(k) and any(b.__name__ == "Sound" for b in k.__mro__)]


def module_of(function):
    """The module that computes an identity, also one that is imported when it is asked for."""
    inside = inspect.getclosurevars(function).nonlocals.get("module")
    return importlib.import_module(f"lnl.results.claims.{inside}") if inside else inspect.getmodule(function)


def test_every_identity_that_a_claim_names_exists_and_is_said_in_words():
    from lnl.declared.suite import Suite

    suite = Suite.load(ROOT, {"scale": "paper"})
    named = {c["identity"] for paper in suite.claims.values() for c in paper["claims"] if "identity" in c}
    assert named == set(identities.IDENTITIES)
    assert all(identities.words(name) for name in named)
