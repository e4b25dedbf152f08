"""In what unit the effect of a declared test is. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PERCENT = "%"  # of a level; a difference of two is in points
UNITS = {  # of quantities that records do not have in percent
    "loss_auc": "area under the ROC curve",
    "weight_auc": "area under the ROC curve",
    "transition_error": "total variation",
    "transition_shift": "total variation",
    **dict.fromkeys(
        ("weight_clean", "weight_flipped", "unseen_weight_clean", "unseen_weight_flipped"), "of plain training's weight"
    ),
    "pseudo_label_entropy_clean": "nats",
    "pseudo_label_entropy_flipped": "nats",
    "late_rise": "of a batch",
    "ramp_distance": "of a batch",
    "error": "RMSE",
    **dict.fromkeys(("kept_fraction", "negative_risk", "kept_label_clean", "kept_label_flipped"), "of all"),
    **dict.fromkeys(("zero_weight_share_clean", "zero_weight_share_flipped"), "of all"),
}
OF_KINDS = {  # whose effect is no value of the quantity
    "CROSS": "epochs",
    "TREND": "Kendall's tau",
    "SPEARMAN": "rank correlation",
    "SIGN": "of the cells",
    "SHARE": "of the candidates",
}


def unit(test: Mapping[str, Any], synthetic: bool = False) -> str:
    """The unit of a declared test's effect: points, %, epochs, a rate per epoch, …

    synthetic: the test compares searches without networks, whose scores are errors of a schedule.
    """
    kind = str(test["kind"])
    if kind in OF_KINDS:
        return OF_KINDS[kind]
    if kind == "SEARCH":
        return UNITS["error"] if synthetic else "points"
    if test.get("at") == "peak_epoch":
        return "epochs"
    level = kind == "REF" or (
        kind == "ONE_SAMPLE" and not test.get("minus") and test.get("at") not in ("fall", "fluctuation")
    )
    found = UNITS.get(test.get("of", "test_accuracy"), PERCENT if level else "points")
    return f"{found} an epoch" if kind == "RISE" else found
