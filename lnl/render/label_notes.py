"""What a table says of its label noise: how repeats share it, and the realised rate beside the requested one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lnl.data.registry import DatasetInfo
from lnl.declared import origin
from lnl.declared.suite import Run
from lnl.noise.keys import SEMANTIC, flip_rate, parse, warning
from lnl.render.document import number

if TYPE_CHECKING:
    from lnl.declared.suite import Suite
    from lnl.render.compare import Line

CLEAN = "clean"
FILE = "file"  # the generator of labels that a user brings: none
LABELLER = "labeller"  # of those that a network predicts


def label_notes(compared: list[Line], datasets: Mapping[str, DatasetInfo]) -> tuple[str, ...]:
    """One line each, read from the records; none without a record."""
    found = [r["result"] for line in compared for state in ("ok", "diverged") for r in line.runs.records(state)]
    unknown = [key for key in dict.fromkeys(r["dataset"] for r in found) if not datasets[key].truth_known]
    noisy = [r for r in found if r["noise"] != CLEAN]
    cautions: dict[str, dict[str, None]] = {}
    for r in noisy:
        words = warning(r["noise"], datasets[r["dataset"]].classes)
        if words:
            cautions.setdefault(words, {})[r["dataset"]] = None
    return (
        *(f"{key}: labels as the data set has them; which of them are right is not known." for key in unknown),
        *_shared(compared, noisy),
        *_rates([r for r in noisy if r["dataset"] not in unknown]),
        *(f"{', '.join(where)}: {words}." for words, where in cautions.items()),
    )


def misread(suite: Suite, compared: list[Line]) -> tuple[str, ...]:
    """What looks wrong with users' labels, from files or of kinds that they declare, as the manifests tell: a line for
    each data set and noise."""
    said = {}
    for line in compared:
        if line.slot.cell is not None and flip_rate(line.slot.cell.noise, 2) is None and line.slot.seeds:
            where = f"{line.slot.cell.dataset}, {line.slot.cell.noise}"
            said[where] = origin.remarks(suite, Run(line.slot.cell, line.slot.seeds[0]))
    return tuple(f"{where}: {'; '.join(remarks)}." for where, remarks in said.items() if remarks)


def _shared(compared: list[Line], noisy: list[Mapping[str, Any]]) -> list[str]:
    """Which repeats share one vector of labels; those of a file always do."""
    labels = [result["labels"] for result in noisy]
    drawn = [each for each in labels if each.get("generator") != FILE]
    made = sorted({(each.get("generator"), each.get("noise_seed")) for each in drawn if _fixed(each)}, key=str)
    texts = [
        f"labels of the labeller with seed {seed}"
        if generator == LABELLER
        else f"generator {generator}, noise seed {seed}"
        for generator, seed in made
    ]
    texts += ["read from a file"] * (len(drawn) < len(labels))
    lines = []
    if texts:
        lines.append(
            f"All repeats of a cell share one noise vector ({'; '.join(texts)}): the spread is over {_over(noisy)}, "
            "not over label noise."
        )
    if any(each.get("vector") == "per_repeat" for each in drawn):
        which = f" ({', '.join(_drawing_their_own(compared))})" if texts else ""
        lines.append(f"Each repeat draws a noise vector of its own{which}: the spread includes label noise.")
    return lines


def _over(noisy: list[Mapping[str, Any]]) -> str:
    """What differs between repeats that share their labels: with sets drawn for each, those as well."""
    with_sets = any({"sets", "hold_out"} & r.get("spec", {}).keys() for r in noisy if _fixed(r["labels"]))
    return "initialisation, order and which examples are set apart" if with_sets else "initialisation and order"


def _fixed(labels: Mapping[str, Any]) -> bool:
    return labels.get("vector") == "fixed"


def _drawing_their_own(compared: list[Line]) -> list[str]:
    """Cells whose repeats have labels of their own, by their place in the table."""
    own = [
        line
        for line in compared
        for r in line.runs.records()
        if r["result"]["labels"]["vector"] == "per_repeat"
        and r["result"]["labels"].get("generator") != FILE
        and r["result"]["noise"] != CLEAN
    ]
    return list(dict.fromkeys(f"{line.slot.row_label}, {line.slot.column_label}" for line in own))


def _rates(results: list[Mapping[str, Any]]) -> list[str]:
    rates: dict[tuple[str, str], set[tuple[float | None, float]]] = {}
    replaced: dict[tuple[str, str], set[float]] = {}
    for result in results:
        if result["labels"].get("realised_rate") is None:
            continue
        if "out_of_distribution" in result["labels"]:
            share = float(result["labels"]["realised_rate"])
            replaced.setdefault((result["dataset"], result["noise"]), set()).add(share)
        else:
            pair = (result["labels"].get("requested_rate"), float(result["labels"]["realised_rate"]))
            rates.setdefault((result["dataset"], result["noise"]), set()).add(pair)
    lines = [
        f"{dataset}, {noise}: {span(shares)}% of training images replaced by images of no class, labels kept."
        for (dataset, noise), shares in replaced.items()
    ]
    for (dataset, noise), pairs in rates.items():
        there, asked = span(real for _, real in pairs), [rate for rate, _ in pairs if rate is not None]
        lines.append(
            f"{dataset}, {noise}: {span(asked)}% of labels asked for, {there}% flipped."
            if asked
            else f"{dataset}, {noise}: labels {given_by(noise)}, {there}% of them differ from the true ones."
        )
    return lines


def span(rates: Iterable[float]) -> str:
    """Rates in 0..1 as percent: one number, or from the least to the largest."""
    ordered = sorted(100 * rate for rate in rates)
    low, high = number(ordered[0]), number(ordered[-1])
    return low if low == high else f"{low} to {high}"


def given_by(noise: str) -> str:
    """Who gave the labels of a noise that is asked for without a rate: words that follow `labels`."""
    return "that a network predicts" if parse(noise).kind == SEMANTIC else "of a file"
