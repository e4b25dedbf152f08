"""Claims that are arithmetic, checked without a run. The names are what claims/*.yaml writes under `identity`.

Each is a function of the checkout's root and costs seconds at most; what it needs is imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path

from lnl.results.claims.printed import Comparison


def margin_pair_below_symmetric(root: Path) -> list[Comparison]:
    """Pair flipping leaves the true class a smaller lead over the likeliest wrong one than symmetric flipping does.

    Source: matrices of the tutorial's set-up slide, ten classes. Effect: lead at pair-45 minus symmetric-50, points.
    """
    leads = {noise: _lead(noise, 10) for noise in ("pair-45", "symmetric-50")}
    label = f"lead of the true class: pair-45 {leads['pair-45']:.1f} points, symmetric-50 {leads['symmetric-50']:.1f}"
    effect = leads["pair-45"] - leads["symmetric-50"]
    return [Comparison(label, effect, effect < 0)]


def printed_margins(root: Path) -> list[Comparison]:
    """The true class leads the likeliest wrong one by 10 points at pair-45 and by 37.5 at symmetric-50.

    Source: Pumpout, section 4, of its figure with five classes. Ten classes, as its images have, are shown beside it.
    Effect: the lead, points.
    """
    out = []
    for classes in (5, 10):
        for noise, printed in (("pair-45", 10.0), ("symmetric-50", 37.5)):
            lead = _lead(noise, classes)
            label = f"{noise}, {classes} classes: lead of the true class, printed as {printed:g}"
            out.append(Comparison(label, lead, abs(lead - printed) < 0.05, counts=classes == 5))
    return out


def _lead(noise: str, classes: int) -> float:
    """Points by which a label is likelier right than wrong in the likeliest way, for the class where that is least."""
    from lnl.noise.transition import lead, matrix

    return 100 * float(lead(matrix(noise, classes)).min())


def _elsewhere(module: str, name: str) -> Callable[[Path], list[Comparison]]:
    def found(root: Path) -> list[Comparison]:
        function: Callable[[Path], list[Comparison]] = getattr(import_module(f"lnl.results.claims.{module}"), name)
        return function(root)

    return found


_KNOWN: dict[str, tuple[str, Callable[[Path], list[Comparison]]]] = {
    "margin_pair_below_symmetric": ("lead of the true class in both transition matrices", margin_pair_below_symmetric),
    "spaces_stay_in_range": ("20,000 uniform draws of every declared space", _elsewhere("spaces", "stay_in_range")),
    "single_functions_fall_short": (
        "least-squares fits to the declared targets",
        _elsewhere("spaces", "single_functions"),
    ),
    "coteaching_schedules_in_the_space": (
        "least-squares fits to a grid of Co-teaching's schedules",
        _elsewhere("spaces", "coteaching_schedules"),
    ),
    "four_bases_start_at_one": ("values of the four basis functions at t = 0", _elsewhere("spaces", "start_at_one")),
    "four_bases_follow_examples": ("least-squares fits to example targets", _elsewhere("spaces", "follow_examples")),
    "printed_margins": ("lead of the true class in both transition matrices", printed_margins),
    "backward_correction_is_unbiased": (
        "mean of the corrected loss over the noise, random predictions",
        _elsewhere("corrections", "unbiased"),
    ),
    "corrected_loss_of_a_sure_network": (
        "corrected loss of a network that has memorised a label",
        _elsewhere("corrections", "risk_of_a_sure_network"),
    ),
    "row_of_ones_below_zero": (
        "smallest scalar 1' T^-1 l over random predictions",
        _elsewhere("corrections", "row_of_ones"),
    ),
    "without_ascent_the_base_methods": (
        "losses and gradients with gamma = 0 on random batches",
        _elsewhere("corrections", "without_ascent"),
    ),
    "validation_loss_never_rises": (
        "steps of the algorithm on logistic regression, and a counterexample to the printed bound",
        _elsewhere("reweighting", "never_rises"),
    ),
    "gradients_vanish_like_a_root": (
        "smallest gradient over the steps, logistic regression",
        _elsewhere("reweighting", "gradients_vanish"),
    ),
    "weights_are_similarities": (
        "weights of a multi-layer perceptron by equation 12 and by the general routine",
        _elsewhere("reweighting", "similarities"),
    ),
    "lambda_vanishes_with_the_distance": (
        "derivatives of forty examples in a random direction of a network's weights",
        _elsewhere("relabelling", "gradient_on_lambda"),
    ),
    "mixed_targets_are_less_sharp": (
        "entropies of 10,000 random labels and predictions",
        _elsewhere("relabelling", "sharpness"),
    ),
    "weights_divide_a_batch": (
        "weights as the released code divides them",
        _elsewhere("relabelling", "below_threshold"),
    ),
    "normalising_cancels_the_meta_rate": (
        "normalised weights at three meta rates",
        _elsewhere("reweighting", "meta_rates"),
    ),
    "natural_step_is_invariant": (
        "one step, and whole searches, in three parametrisations",
        _elsewhere("parametrisations", "invariance"),
    ),
}
IDENTITIES = tuple(_KNOWN)


def words(name: str) -> str:
    """What an identity computes, in words."""
    return _KNOWN[name][0]


@cache
def comparisons(name: str, root: Path) -> tuple[Comparison, ...]:
    """The comparisons of an identity; computed once a process."""
    return tuple(_KNOWN[name][1](root))
