"""Numbers of what a record keeps of its trained network: weights of unseen examples, and its confusion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

LEAST = {"least_positive_by_class": "by_class", "least_positive_by_loss": "by_loss"}
MEANS = {"unseen_weight_clean": "mean_clean", "unseen_weight_flipped": "mean_flipped"}
QUANTITIES = ("zero_weight_clean", "zero_weight_flipped", "weight_auc", "noise_mass", *LEAST, *MEANS)


def value(result: dict[str, Any], of: str) -> float:
    """One number of a run; nan where its record keeps no such piece. Shares are in percent, weights in times 1/B."""
    kept = result.get("pieces", {})
    if of == "noise_mass":
        return noise_mass(kept)
    if of in LEAST:  # smallest share of examples with a weight, of all classes that there are, or of all tenths by loss
        shares = [share for share in kept.get("positive", {}).get(LEAST[of], []) if share is not None]
        return min(shares, default=math.nan)
    weights = kept.get("weights", {})
    if of == "weight_auc":
        area = weights.get("single_class", {}).get("auc")
        return math.nan if area is None else float(area)
    if of in MEANS:
        mean = weights.get("mixed", {}).get(MEANS[of])
        return math.nan if mean is None else float(mean)
    counts = np.asarray(weights.get("mixed", {}).get(of.removeprefix("zero_weight_"), []), dtype=float)
    return 100 * float(counts[0] / counts.sum()) if counts.sum() else math.nan


def noise_mass(kept: dict[str, Any]) -> float:
    """Share of test images that are predicted to be of another class, one that examples of theirs were labelled as in
    training: mean over the classes that were mislabelled at all."""
    if "confusion" not in kept or "flips" not in kept:
        return math.nan
    found, flips = (np.asarray(kept[name], dtype=float) for name in ("confusion", "flips"))
    wrong = (flips > 0) & ~np.eye(len(flips), dtype=bool)
    rows = wrong.any(1) & (found.sum(1) > 0)
    if not rows.any():
        return math.nan
    return 100 * float(((found * wrong).sum(1)[rows] / found.sum(1)[rows]).mean())
