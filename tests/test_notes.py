"""Words under a table are true of its own rows: of their noise, names and searches, and of the command for the rest."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lnl.declared.suite import Suite
from lnl.render import notes
from lnl.render.accuracy import _caption
from lnl.render.document import snakemake_command
from lnl.render.label_notes import label_notes, span

ROOT = Path(__file__).resolve().parent.parent
PAPER = Suite.load(ROOT, {"scale": "paper"}, validate=False)


def _line(dataset: str, noise: str, *, row: str = "a row", column: str = "a column", **more: Any) -> Any:
    """A line of a table with two runs, whose labels are drawn once for all repeats."""
    labels = {"vector": "fixed", "generator": "named_stream", "noise_seed": 0, "requested_rate": 0.5}
    labels |= {"realised_rate": 0.5} | more.pop("labels", {})
    result = {"dataset": dataset, "noise": noise, "labels": labels, "spec": {}, **more}
    runs = SimpleNamespace(runs=(), records=lambda *states: [{"result": result}] * 2 * (states in ((), ("ok",))))
    slot = SimpleNamespace(row_label=row, column_label=column, cell=None)
    return SimpleNamespace(
        runs=runs, slot=slot, published=None, published_spread=None, quoted="", dagger="", against=None
    )


def _said(*lines: Any) -> str:
    return " | ".join(label_notes(list(lines), PAPER.datasets))


def test_a_table_of_right_labels_says_nothing_of_label_noise() -> None:
    for vector in ("fixed", "per_repeat"):
        right = _line("mnist", "clean", labels={"vector": vector, "requested_rate": 0.0, "realised_rate": 0.0})
        assert _said(right) == ""
    noisy = _line("mnist", "symmetric-50", row="noisy")
    assert "noisy" not in _said(right, noisy) and _said(right, noisy) == _said(noisy)
    own = _line("mnist", "pair-45", row="own", labels={"vector": "per_repeat"})
    assert "of its own (own, a column)" in _said(right, noisy, own)


def test_of_labels_that_nobody_has_checked_no_share_of_wrong_ones_is_given() -> None:
    web = [key for key, info in PAPER.datasets.items() if not info.truth_known]
    assert web == [key for key in PAPER.datasets if key.startswith("webvision")]
    for key in web:
        said = _said(_line(key, "clean", labels={"requested_rate": 0.0, "realised_rate": 0.0}))
        assert said == f"{key}: labels as the data set has them; which of them are right is not known."


def test_a_caution_names_the_data_set_whose_classes_it_counts() -> None:
    said = _said(_line("news2-lsa", "symmetric-50"), _line("news7-lsa", "symmetric-50"))
    assert "news2-lsa: noise 'symmetric-50': at 1/2 and above" in said and said.count("at 1/2") == 1


@pytest.mark.parametrize("apart", [{}, {"sets": {"probe": {}}}, {"hold_out": {"share": 0.1}}])
def test_repeats_that_share_their_labels_may_still_differ_in_the_examples_that_are_set_apart(
    apart: dict[str, Any],
) -> None:
    said = _said(_line("mnist", "symmetric-50", spec=apart))
    assert ("which examples are set apart, not over label noise" in said) == bool(apart)


def test_two_rates_that_are_written_alike_are_one() -> None:
    assert span([0.35971, 0.35968]) == "35.97"
    assert span([0.3596, 0.3598]) == "35.96 to 35.98"


def test_a_row_that_is_no_plain_method_is_given_no_other_name() -> None:
    plain = {"key": "a", "label": "Baseline", "method": "standard"}
    assert "Baseline = " in notes._names({"rows": [plain]})[0]
    for other in ({"stage": "ft"}, {"variants": []}, {"set": {}, "variant": "b"}):
        assert notes._names({"rows": [plain | other]}) == ()
    for key in ("l2r_table1", "l2r_table2"):
        said = notes._names(PAPER.tables[key])[0]
        assert not any(word in said for word in ("+FT", "+ES", "Clean only"))


def test_a_search_is_told_of_the_rows_whose_runs_it_chose_for() -> None:
    spec = {"parameter": "gamma", "algorithm": {"values": [0.1]}, "scored_on": "validation"}
    chosen = {"searched": {"search": "x/gamma-grid", "parameter": "gamma", "value": 0.1}}
    parameters = {"spec": {"method": {"parameters": {"gamma": {"spec": spec}}}}}
    lines = [
        _line("news7-lsa", "pair-45", row="Standard", column="pair"),
        _line("news7-lsa", "pair-45", row="Pumpout", column="pair", **chosen, **parameters),
    ]
    assert notes._searched(lines, "")[0].startswith("Pumpout: search 'gamma-grid'")
    assert notes._searched(lines[1:], "")[0].startswith("pair: search 'gamma-grid'"), "a whole column"
    other = _line("news7-lsa", "symmetric-20", row="Pumpout", column="symmetry")
    assert notes._searched([*lines, other], "")[0].startswith("Pumpout (pair): search 'gamma-grid'")


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        ({"scale": "lite"}, "snakemake s2e_table3 --config scale=lite"),
        ({"scale": "paper", "seeds": 3}, "snakemake s2e_table3 --config scale=paper seeds=3"),
        ({"scale": "paper", "seeds": [1, 4]}, "snakemake s2e_table3 --config scale=paper 'seeds=[1, 4]'"),
    ],
)
def test_the_command_that_adds_to_a_page_is_of_its_scale_and_repeats(config: dict[str, Any], wanted: str) -> None:
    assert snakemake_command(Suite.load(ROOT, config, validate=False), "s2e_table3") == wanted


def test_a_caption_speaks_of_a_printed_spread_where_one_is_printed() -> None:
    line = _line("cifar10", "clean")
    assert "the published number (neither" in _caption(PAPER.tables["l2r_clean"], [line], "final", "")
    line.published_spread = 0.3
    assert "the published number, ± 95% confidence interval" in _caption(PAPER.tables["l2r_clean"], [line], "final", "")


@pytest.mark.parametrize("scale", ["", "lite"])
def test_a_winner_that_was_trained_at_another_scale_is_said_to_be(scale: str) -> None:
    searched = {"search": "x/random", "schedule": [1.0], "score": 0.95, "scored_on": "validation"}
    spec = {"method": {"parameters": {"R": {"spec": {"scored_on": "validation"}}}}}
    line = _line("mnist", "pair-45", searched=searched, spec=spec, curves={"validation_accuracy": [[60.0, 93.9]]})
    (said,) = notes._afresh([line], scale)
    assert ("of the winning candidate (trained at scale lite) and" in said) == bool(scale)
    assert said.endswith("a row, a column: 95.00, afresh 93.90.")
