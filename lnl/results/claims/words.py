"""Declared tests in plain words: what the claims page shows in place of their syntax. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

QUANTITIES = {  # `of` -> words
    "test_accuracy": "test accuracy",
    "train_accuracy_given": "training accuracy against given labels",
    "clean_accuracy": "accuracy on correctly labelled examples",
    "flipped_accuracy_given": "share of wrong labels reproduced",
    "flipped_accuracy_true": "accuracy on wrongly labelled examples",
    "label_precision": "label precision",
    "kept_fraction": "share of examples selected",
    "negative_risk": "share of examples with a negative corrected loss",
    "transition_error": "distance (mean total variation of rows) of the estimated matrix from the true one",
    "transition_shift": "distance of the estimated matrix from the true one minus that from the shifted one",
    "loss_auc": "area under the ROC curve of the loss (wrong labels against right ones)",
    "validation_accuracy": "accuracy on what validates",
    "weight_clean": "weight of rightly labelled examples (1 is that of plain training)",
    "weight_flipped": "weight of wrongly labelled examples (1 is that of plain training)",
    "kept_label_clean": "share of right labels that are kept",
    "kept_label_flipped": "share of wrong labels that are kept",
    "zero_weight_share_clean": "share of rightly labelled examples with weight zero, in training",
    "zero_weight_share_flipped": "share of wrongly labelled examples with weight zero, in training",
    "pseudo_label_accuracy": "share of pseudo labels that are right",
    "pseudo_label_entropy_clean": "entropy of pseudo labels of rightly labelled examples",
    "pseudo_label_entropy_flipped": "entropy of pseudo labels of wrongly labelled examples",
    "unseen_weight_clean": "mean weight of unseen, rightly labelled examples (1 is that of plain training)",
    "unseen_weight_flipped": "mean weight of unseen, wrongly labelled examples (1 is that of plain training)",
    "zero_weight_clean": "share of unseen, rightly labelled examples with weight zero",
    "zero_weight_flipped": "share of unseen, wrongly labelled examples with weight zero",
    "weight_auc": "area under the ROC curve of the weight (right labels against wrong ones of one true class)",
    "least_positive_by_class": "smallest share of a class's training examples that have any weight",
    "least_positive_by_loss": "smallest share of a tenth, by loss, of the training examples that have any weight",
    "noise_mass": "share of test images that are taken for what the noise makes of their class",
    "best_score": "best validation accuracy of the search",
    "best_test": "test accuracy of the search's best candidate",
    "kept_end": "R in the last epoch (percent)",
    "late_rise": "R in the last epoch minus its smallest value",
    "ramp_distance": "distance (RMSE) of R(t) from the nearest schedule of Co-teaching",
}
POINTS = {  # `at` -> words; the default goes without
    "last10": "",
    "last10_file": ", last ten epochs on the whole test file",
    "early": ", mean of the first tenth of the epochs",
    "fluctuation": " (standard deviation around its running median)",
    "first": " in the first trained epoch",
    "final": " in the last epoch",
    "lowest": " in its lowest trained epoch",
    "mean": ", mean of all trained epochs",
    "fall": " (fall from its smoothed peak to the last ten epochs)",
    "peak_epoch": " (epoch of its smoothed peak)",
}
MEASURES = {  # `by` of a SEARCH -> words
    "best": "best found at equal cost",
    "area": "best so far, averaged over the whole search",
    "every": "best so far at every cost",
}
PRINTED = {
    "GT": "printed numbers in the claimed order",
    "BELOW": "printed number below {threshold:g}",
    "BETWEEN": "printed number {low:g} to {high:g} points below {reference:g}",
    "INTER": "printed lead larger at the harder noise",
    "RANGE": "printed numbers within {below:g} points of each other",
    "BEST": "printed number at most {margin:g} points behind the best",
    "SAME": "two printed numbers no further apart than their spreads",
    "VAR": "printed spreads in the claimed order",
}


def quantity_words(of: str) -> str:
    """A quantity by its name in records, in words."""
    return QUANTITIES.get(of, of.replace("_", " "))


def sentence(test: Mapping[str, Any]) -> str:
    """A declared test as a sentence; a and b are the claim's own names for its cells."""
    text = _TEMPLATES[test["kind"]](_Words(test))
    return f"control: {text}" if test.get("control") else text


def printed_words(tests: list[dict[str, Any]]) -> str:
    """Declared comparisons of printed numbers, each wording once."""
    return "; ".join(dict.fromkeys(_printed(test) for test in tests))


def _printed(test: Mapping[str, Any]) -> str:
    if test["kind"] == "BETWEEN" and test["low"] == -test["high"]:
        return f"printed number within {test['high']:g} points of {test['reference']:g}"
    return PRINTED[test["kind"]].format(**test)


class _Words:
    """The pieces of a declared test as words."""

    def __init__(self, test: Mapping[str, Any]) -> None:
        self.test = test
        self.a = f"'{test['a']}'"
        self.b = f"'{test['b']}'" if "b" in test else ""
        self.per = {"method": ", for each method", "dataset": ", for each data set"}.get(
            test.get("match", "noise"), ", for each noise"
        )

    @property
    def together(self) -> str:
        """What `allow: chance` does to the intervals of a claim."""
        return ", all of them at once with 95%" if self.test.get("allow") == "chance" else ""

    def number(self, key: str, default: float = 0.0) -> str:
        return f"{float(self.test.get(key, default)):g}"

    def of(self, side: str = "") -> str:
        of = self.test.get(f"of{side}", self.test.get("of", "test_accuracy"))
        return quantity_words(of) + POINTS[self.test.get("at", "last10")]

    def listed(self, key: str) -> str:
        found = self.test[key]
        return " and ".join(found) if isinstance(found, list) else str(found)


def _gt(w: _Words) -> str:
    margin = float(w.test.get("margin", 0))
    if not w.b:
        return f"{w.of()} of {w.a} above its {w.of('_b')}"
    word = "above" if margin == 0 else f"more than {margin:g} above" if margin > 0 else f"at most {-margin:g} behind"
    return f"{w.of()} of {w.a} {word} that of each of {w.b}"


def _one_sample(w: _Words) -> str:
    beyond = "the share of clean labels" if w.test.get("minus") else w.number("threshold")
    if w.test.get("minus") and "threshold" in w.test:
        beyond += f" plus {w.number('threshold')}"
    of_schedule = w.test.get("of") in ("kept_end", "late_rise", "ramp_distance")
    text = f"{w.a}: {w.of()}" if of_schedule else f"{w.of()} of {w.a}"
    return f"{text} {w.test.get('direction', 'above')} {beyond}"


def _rise(w: _Words) -> str:
    verb = "falls" if w.test.get("direction") == "below" else "rises"
    span = "from the peak of test accuracy on" if w.test["from"] == "peak" else f"from epoch {w.number('from')}"
    return f"{w.of()} of {w.a} {verb} {span}" + (f" to {w.number('to')}" if "to" in w.test else "")


def _spearman(w: _Words) -> str:
    if not w.b:
        of, other = (quantity_words(w.test[k]) for k in ("of", "of_b"))
        span = " after the peak of test accuracy" if w.test.get("from") == "peak" else ""
        direction = w.test.get("direction", "below")
        return f"rank correlation of {of} with {other} of {w.a}{span} {direction} {w.number('threshold')} over repeats"
    return (
        f"rank correlation of {w.a} with {w.b} {w.test.get('direction', 'below')} {w.number('threshold')} over searches"
    )


def _ref(w: _Words) -> str:
    return f"printed value of each of {w.a} inside the interval of ours{w.together}"


_TEMPLATES = {
    "GT": _gt,
    "EQ": lambda w: f"{w.of()} of {w.a} within {w.number('margin')} of that of each of {w.b}",
    "INTERVAL": lambda w: f"{w.of()} of {w.a} minus that of {w.b} between {w.number('low')} and {w.number('high')}",
    "INTER": lambda w: f"lead of {w.a} over each of {w.b} larger at {w.listed('harder')} than at {w.listed('easier')}",
    "ONE_SAMPLE": _one_sample,
    "FALL": lambda w: f"{w.of()} of {w.a} falls by more than {w.number('margin')} from its smoothed peak",
    "HOLD": lambda w: f"{w.of()} of {w.a} stays within {w.number('margin')} of its smoothed peak",
    "RISE": _rise,
    "CROSS": lambda w: f"{w.a} stays above {w.b} from about epoch {w.number('near')} on{w.together}",
    "VAR": lambda w: f"repeats of {w.a} vary more than those of {w.b}",
    "SPREAD": lambda w: f"standard deviation between repeats of {w.a} below {w.number('below')}",
    "ANOVA": lambda w: f"{w.listed('factors')} influence the {w.of()} of {w.a} (two-way analysis of variance)",
    "KW": lambda w: f"{w.of()} differs among {w.a} (Kruskal-Wallis)",
    "RANGE": lambda w: f"{w.of()} of all of {w.a} within {w.number('below')} of each other",
    "REF": _ref,
    "TREND": lambda w: f"{w.of()} grows along {w.a} in the order of their declaration (Kendall)",
    "INTERIOR": lambda w: f"the best {w.of()} is one of {w.a}, not of {w.b} (bootstrap over repeats)",
    "SIGN": lambda w: f"mean {w.of()} of {w.a} above that of its partner in {w.b} in more cells than by chance",
    "SEARCH": lambda w: f"{w.a} better than each of {w.b}: {MEASURES[w.test['by']]} (Mann-Whitney)",
    "SPEARMAN": _spearman,
    "SHARE": lambda w: (
        f"more than {100 * float(w.test['threshold']):g}% of the candidates of {w.a} end more than "
        f"{w.number('margin')} points below {w.b}"
    ),
}
