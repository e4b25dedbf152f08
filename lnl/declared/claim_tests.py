"""What each test of a claim takes: its keys, what it is about, the quantities that runs and searches have.

Standard library only. Words for all of this are in lnl/results/claims/words.py, the tests themselves beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ESTIMATES = ("transition_error", "transition_shift")  # one number of a run, at no epoch
KEPT = (  # of what a record keeps at its end
    "unseen_weight_clean",
    "unseen_weight_flipped",
    "zero_weight_clean",
    "zero_weight_flipped",
    "weight_auc",
    "noise_mass",
    "least_positive_by_class",
    "least_positive_by_loss",
)
OF_RUNS = (
    *(
        "test_accuracy",
        "validation_accuracy",
        "train_accuracy_given",
        "clean_accuracy",
        "flipped_accuracy_given",
        "flipped_accuracy_true",
    ),
    *("label_precision", "kept_fraction", "negative_risk", "loss_auc", *ESTIMATES, *KEPT),
    *("weight_clean", "weight_flipped", "kept_label_clean", "kept_label_flipped"),
    *("zero_weight_share_clean", "zero_weight_share_flipped", "pseudo_label_accuracy"),
    *("pseudo_label_entropy_clean", "pseudo_label_entropy_flipped"),
)
OF_SCHEDULES = ("kept_end", "late_rise", "ramp_distance")  # of searches that find a schedule R(t), not a value
OF_SEARCHES = ("best_score", "best_test", *OF_SCHEDULES)
OF_ARMS = ("error",)
QUANTITIES = {"runs": OF_RUNS, "search": OF_SEARCHES, "synthetic": OF_ARMS}
POINTS = (*("last10", "last10_file", "early", "fluctuation", "first", "final", "lowest", "mean", "fall", "peak_epoch"),)
IDENTITIES = (
    *("margin_pair_below_symmetric", "spaces_stay_in_range", "single_functions_fall_short"),
    *("coteaching_schedules_in_the_space", "four_bases_start_at_one", "four_bases_follow_examples", "printed_margins"),
    *("backward_correction_is_unbiased", "corrected_loss_of_a_sure_network", "row_of_ones_below_zero"),
    *("without_ascent_the_base_methods", "natural_step_is_invariant"),
    *("validation_loss_never_rises", "gradients_vanish_like_a_root", "weights_are_similarities"),
    *("normalising_cancels_the_meta_rate", "lambda_vanishes_with_the_distance", "mixed_targets_are_less_sharp"),
    "weights_divide_a_batch",
)

COMMON = ("kind", "a", "control", "aside")
VALUE = ("of", "at", "minus")  # which number of a repeat
PLACES = {"runs": "trainings", "search": "searches", "synthetic": "synthetic arms"}
RUNS, VALUES, SEARCHES = ("runs",), ("runs", "search", "synthetic"), ("search", "synthetic")


@dataclass(frozen=True)
class Test:
    """One kind: keys that it needs, and takes, beside those of all; what a and b may be."""

    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    a: tuple[str, ...] = VALUES
    b: tuple[str, ...] = VALUES
    grouped: bool = False  # compares the places of a with each other
    __test__ = False  # no test of pytest's

    @property
    def keys(self) -> tuple[str, ...]:
        """Whatever may stand beside kind and a."""
        return (*self.needs, *self.takes)


TWO = ("b", "match", "of_b", *VALUE)  # of a comparison of two numbers, which may be of the same cells
KINDS: Mapping[str, Test] = {
    "GT": Test((), ("margin", *TWO)),
    "EQ": Test(("margin",), TWO),
    "INTERVAL": Test(("low", "high"), TWO),
    "INTER": Test(("b", "harder", "easier"), VALUE, RUNS, RUNS),
    "ONE_SAMPLE": Test((), ("threshold", "direction", *VALUE)),
    "FALL": Test(("margin",), ("of",), RUNS),
    "HOLD": Test(("margin",), ("of",), RUNS),
    "RISE": Test(("from",), ("of", "to", "direction"), RUNS),
    "CROSS": Test(("b", "near"), ("of", "match", "allow"), RUNS, RUNS),
    "VAR": Test(("b",), ("pool", "repeats", *VALUE)),
    "SPREAD": Test(("below",), ("pool", *VALUE)),
    "ANOVA": Test(("factors",), ("match", *VALUE), grouped=True),
    "KW": Test((), ("match", *VALUE), grouped=True),
    "RANGE": Test(("below",), ("match", *VALUE), grouped=True),
    "TREND": Test((), ("match", *VALUE), grouped=True),
    "INTERIOR": Test(("b",), VALUE),
    "SIGN": Test(("b",), VALUE),
    "REF": Test(("table",), ("row", "column", "at", "allow"), RUNS),
    "SEARCH": Test(("b", "by"), ("from", "repeats", "match"), SEARCHES, SEARCHES),
    "SPEARMAN": Test(
        ("threshold",), ("b", "of", "of_b", "from", "direction", "match"), ("runs", "search"), ("runs", "search")
    ),
    "SHARE": Test(("b", "threshold"), ("margin", "at", "match"), ("search",), RUNS),
}
#: Comparisons of printed numbers: the keys that each needs beside kind and a.
PRINTED: Mapping[str, tuple[str, ...]] = {
    "GT": ("b",),
    "BELOW": ("threshold",),
    "BETWEEN": ("reference", "low", "high"),
    "INTER": ("b", "harder", "easier"),
    "RANGE": ("label", "below"),
    "BEST": ("label", "b", "margin"),
    "SAME": ("label", "b"),
    "VAR": ("b",),
}
TAKEN = {"GT": ("match", "margin")}  # and those that it takes
