"""Tables and figures of Learning to Reweight: numbers as printed, rows that train what they say, drawings by hand."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pytest
import yaml
from scipy import stats

from lnl.declared.cells import Cell
from lnl.declared.suite import Suite
from lnl.render.compare import lines
from lnl.render.figure import data_of, drawing
from lnl.results.records import Locate

PRINTED = list(csv.DictReader((helpers.ROOT / "tests/golden/published_l2r.csv").open()))  # from the paper's text
Piece = dict[str, Any]
TABLES = {f"Table {n}": f"l2r_table{n}" for n in (1, 2)}


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite.load(helpers.ROOT, {"scale": "paper", "seeds": None}, validate=False)


def _plain(words: str) -> str:
    """A row's name without case, hyphens, spaces, what stands in brackets, and the paper's slip."""
    plain = re.sub(r"\(.*\)|[- ]", "", words.lower())
    return {"ours": "learningtoreweight"}.get(plain, plain).replace("basiline", "baseline")


@pytest.mark.parametrize("where", TABLES)
def test_numbers_and_intervals_are_as_printed(where: str) -> None:
    declared = yaml.safe_load((helpers.ROOT / f"tables/{TABLES[where]}.yaml").read_text())
    labels = {row["key"]: _plain(row["label"]) for row in declared["rows"]}
    found = {
        (labels[row], column): tuple(map(float, numbers))
        for row, of_row in declared["published"]["values"].items()
        for column, numbers in of_row.items()
    }
    wanted = {
        (_plain(line["entry"]), column): tuple(float(n) for n in (line[column], line[f"{column}_half"]) if n)
        for line in PRINTED
        if line["where"] == where
        for column in ("cifar10", "cifar100")
    }
    assert found == wanted
    assert len(wanted) == {"Table 1": 20, "Table 2": 32}[where]
    assert (declared["published"]["spread"]["kind"], declared["published"]["spread"]["n"]) == ("ci95", 5)
    assert (declared["spread"]["kind"], declared["seeds"], declared["statistic"]) == ("ci95", 5, "final")


@pytest.mark.parametrize("where", TABLES)
def test_a_row_trains_what_its_label_says(suite: Suite, where: str) -> None:
    """Section 4.2 and the released code: +ES is 60,000 steps with its rate falling at 40,000 and 50,000; +FT is 5,000
    plain steps at 0.001 on the clean images; Reed has 0.8 hard and 0.95 soft."""
    for slot in suite.slots(TABLES[where]):
        if slot.cell is None:
            assert "MentorNet" in slot.row_label
            continue
        spec = suite.spec(slot.cell)
        tuned, alone = "+FT" in slot.row_label, "Clean only" in slot.row_label
        early = "+ES" in slot.row_label or where == "Table 1"
        cell = slot.cell
        while tuned:  # what it goes on from
            assert (spec["length"]["steps"], spec["trained_on"], spec["method"]["key"]) == (5000, "clean", "standard")
            assert (spec["optimiser"]["lr"], spec["optimiser"]["schedule"]) == (0.001, "constant")
            assert (spec["stage"]["point"], spec["stage"]["optimiser_state"]) == ("final", "kept")
            cell, tuned = Cell(cell.protocol, cell.dataset, cell.noise, cell.method.removesuffix("-ft")), False
            spec = suite.spec(cell)
        if alone:
            assert (spec["length"]["steps"], spec["trained_on"]) == (2000, "clean")
            assert (spec["optimiser"]["lr"], spec["optimiser"]["schedule"]) == (0.1, "constant")
        else:
            milestones = [40000, 50000] if early else [40000, 60000]
            assert spec["optimiser"]["milestones"] == milestones
            assert spec["length"]["steps"] == (60000 if early else 80000)
        values, key = spec["method"]["parameters"], spec["method"]["key"]
        kind = {"Baseline": "standard", "Random": "random-weights", "Weighted": "weighted", "Reed": "bootstrap"}
        kind |= {"S-model": "s-model", "Learning": "l2r", "Clean": "standard"}
        assert key == kind[re.split("[ -](?!model)", slot.row_label)[0]]
        if key == "bootstrap":
            assert values["kind"] == ("soft" if "soft" in slot.row_label else "hard")
        if key == "s-model":
            assert values["initial"] == ("confusion" if "+Conf" in slot.row_label else "identity")


def _curves(**curves: list[float]) -> Piece:
    epochs = len(next(iter(curves.values())))
    every = {"test_accuracy": [50.0] * epochs, "loss": [1.0] * epochs, **curves}
    return {"curves": {"epoch": list(range(epochs))} | {name: [values] for name, values in every.items()}}


def _recorded(suite: Suite, key: str, folder: Path, content: Callable[[Cell, int], Piece]) -> Locate:
    """Where the records of every run of an artefact lie, which have `content` beside what a record needs."""

    def at(cell: Cell, seed: int) -> Path:
        return folder / cell.id / f"seed{seed}.json"

    for run in suite.demand(key):
        helpers.write_record(suite, at(run.cell, run.seed), run.cell, run.seed, 0.4, **content(run.cell, run.seed))
    return at


def test_verdicts_take_the_printed_intervals_for_what_they_are_and_leave_the_copied_row_out(
    suite: Suite, tmp_path: Path
) -> None:
    """A 95% interval of n runs is t s / root n; a doubtful number has no verdict."""
    printed = {slot.cell: slot.published.mean for slot in suite.slots("l2r_table2") if slot.published}
    apart = (-1.5, -0.5, 0.0, 0.5, 1.5)  # of the repeats

    def content(cell: Cell, seed: int) -> Piece:
        mean = printed.get(cell, 50.0)
        return _curves(test_accuracy=[99.0, mean + 1.2 + apart[seed - 1]])

    found = lines(suite, "l2r_table2", _recorded(suite, "l2r_table2", tmp_path, content))
    assert len(found) == 32
    t = stats.t.ppf(0.975, 4)
    words = set()
    for line in found:
        assert line.summary.spread == pytest.approx(t * np.std(apart, ddof=1) / np.sqrt(5))
        if (line.slot.row, line.slot.column) == ("weighted", "cifar100"):
            assert line.verdict.word.startswith("not comparable (printed like Random's")
            continue
        assert line.published_spread is not None
        theirs = line.published_spread * np.sqrt(5) / t
        allowed = max(0.7, 2 * np.sqrt(np.var(apart, ddof=1) / 5 + theirs**2 / 5))
        assert line.verdict.allowed == pytest.approx(allowed)
        assert line.verdict.difference == pytest.approx(1.2)
        assert line.verdict.word == ("agrees" if allowed >= 1.2 else "above")
        words.add(line.verdict.word)
    assert words == {"agrees", "above"}


# ---- figures -------------------------------------------------------------------------------------------------------


def _written(suite: Suite, key: str, folder: Path, content: Callable[[Cell, int], Piece]) -> Any:
    """The figure's data from such records."""
    return data_of(suite, key, _recorded(suite, key, folder, content))


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def test_figure_2_shows_errors_of_the_last_period_and_their_sample_deviation(suite: Suite, tmp_path: Path) -> None:
    data = _written(suite, "l2r_figure2", tmp_path, lambda cell, n: _curves(test_accuracy=[99.0, 98.0, 80.0 + n]))
    drawing(suite, "l2r_figure2")(data)
    errors = [100 - 80.0 - n for n in range(1, 11)]
    [(mean, low, high, repeats)] = [line[5:] for line in data.numbers if line[1:3] == ("199", "l2r")]
    assert repeats == 10
    assert mean == pytest.approx(np.mean(errors))
    assert (high - mean, mean - low) == pytest.approx([np.std(errors, ddof=1)] * 2)


def test_figure_3_shows_shares_of_right_and_of_wrong_examples_over_all_repeats_after_half_and_all_of_a_training(
    suite: Suite, tmp_path: Path
) -> None:
    def weights(cell: Cell, seed: int) -> Piece:
        mixed = {
            "clean": [1, 0, seed if cell.method == "l2r-half" else 1],
            "flipped": [8, 1, 1],
            "mean_clean": 1.5,
            "mean_flipped": 0.25,
            "auc": 0.7,
        }
        single = {"clean": [0, 5, 5], "flipped": [9, 1, 0], "mean_clean": 1.0, "mean_flipped": 0.1, "auc": 0.9}
        kept = {"edges": [0.0, 1.0], "mixed": mixed, "single_class": single}
        return _curves(test_accuracy=[50.0] * 3) | {"pieces": {"weights": kept}}

    data = _written(suite, "l2r_figure3", tmp_path, weights)
    figure = drawing(suite, "l2r_figure3")(data)
    heights = [[bar.get_height() for bar in ax.patches] for ax in figure.axes[:4]]
    # of five repeats: 5 clean ones without weight and 1 + 2 + 3 + 4 + 5 above one
    assert heights[0] == pytest.approx([25, 0, 75, 80, 10, 10])
    assert heights[1] == heights[3] == pytest.approx([0, 50, 50, 90, 10, 0])
    assert heights[2] == pytest.approx([50, 0, 50, 80, 10, 10])
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["0", "≤1", ">1"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["right label", "wrong label"]
    assert "0.700" in figure.axes[0].get_xlabel() and "0.900" in figure.axes[1].get_xlabel()


def test_figure_3_leaves_out_what_has_no_run_and_says_so(suite: Suite, tmp_path: Path) -> None:
    part = {"clean": [0, 5], "flipped": [9, 1], "mean_clean": 1.0, "mean_flipped": 0.1, "auc": 0.9}
    kept = _curves(test_accuracy=[50.0]) | {
        "pieces": {"weights": {"edges": [0.0], "mixed": part, "single_class": part}},
    }
    records = _recorded(suite, "l2r_figure3", tmp_path, lambda cell, n: kept)
    for place in tmp_path.rglob("l2r-half/*.json"):
        place.unlink()
    figure = drawing(suite, "l2r_figure3")(data_of(suite, "l2r_figure3", records))
    assert [ax.get_title() for ax in figure.axes] == [
        "(a) The whole training: batches as they come",
        "(b) The whole training: batches of one true class",
    ]
    assert any("Without a run so far: Half of the training." in text.get_text() for text in figure.texts)


def test_figure_6_shows_rows_of_true_classes_in_shares_of_each(suite: Suite, tmp_path: Path) -> None:
    counts = np.arange(1, 101).reshape(10, 10)
    data = _written(
        *(suite, "l2r_figure6", tmp_path),
        lambda cell, seed: _curves(test_accuracy=[50.0]) | {"pieces": {"confusion": counts.tolist()}},
    )
    figure = drawing(suite, "l2r_figure6")(data)
    wanted = [[n / sum(row) for n in row] for row in counts.tolist()]
    images = [ax.images[0].get_array() for ax in figure.axes if ax.images]
    assert len(images) == 4
    for image in images:
        np.testing.assert_allclose(np.asarray(image), wanted)
    found = {line[3:5]: line[5] for line in data.numbers if line[1:3] == ("background", "l2r")}
    assert found["share of class 2 that is predicted as", 7] == pytest.approx(28 / sum(range(21, 31)))


def test_figure_7_shows_accuracies_by_given_labels_where_a_period_ends(suite: Suite, tmp_path: Path) -> None:
    names = ("train_accuracy_given", "train_accuracy_true", "validation_accuracy", "test_accuracy")
    curves = {name: [20.0 + 10 * i + epoch for epoch in range(80)] for i, name in enumerate(names)}
    data = _written(suite, "l2r_figure7", tmp_path, lambda cell, seed: _curves(**curves))
    figure = drawing(suite, "l2r_figure7")(data)
    (ax,), (legend,) = figure.axes, figure.legends
    said = dict(zip((text.get_text() for text in legend.get_texts()), legend.get_lines(), strict=True))
    assert [said[words].get_linestyle() for words in ("in training", "on the hyper-validation set")] == [":", "-"]
    drawn = {(line.get_linestyle(), tuple(np.asarray(line.get_ydata())[[0, -1]])) for line in ax.lines}
    assert drawn == {(":", (20.0, 99.0)), ("-", (40.0, 119.0))}
    assert {tuple(np.asarray(line.get_xdata())[[0, 1, -1]]) for line in ax.lines} == {(1000, 2000, 80000)}
