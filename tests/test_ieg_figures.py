"""IEG's figures: every line stands where its runs end, looks as the legend says, and shows what its words say."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex, to_rgba_array

from lnl.declared import restarts
from lnl.declared.suite import Cell, Suite
from lnl.render import matrices
from lnl.render.figure import data_of, drawing

ROOT = Path(__file__).resolve().parent.parent
PERIODS = 6
SHAPE = np.array([0.0, 3, 9, 7, 5, 2])  # of every curve, best in its middle


def level(cell: Cell, seed: int) -> float:
    """Where a run's test accuracy ends, less 2: another number for each noise, method and repeat."""
    rate = int(cell.noise.rpartition("-")[2]) if cell.noise.startswith("uniform") else 0
    own = {"ieg": 0.0, "ieg-eg": 3.0, "supervised": 5.0, "ieg-ablation-8": 7.0}.get(cell.method, 9.0)
    return 60 - rate / 4 + own + [0, 0.5, 2.0, 4.5][seed]


def curves(cell: Cell, seed: int) -> dict[str, Any]:
    test = (level(cell, seed) + SHAPE).tolist()
    return {
        "epoch": list(range(PERIODS)),
        "test_accuracy": [test],
        "train_accuracy_given": [[value - 30 for value in test]],
        "kept_label_clean": [[0.9 - n / 100 for n in range(PERIODS)]],
        "kept_label_flipped": [[0.2 + n / 100 for n in range(PERIODS)]],
        "weight_clean": [[1.5 + seed / 100] * PERIODS],
        "weight_flipped": [[0.5 + seed / 100] * PERIODS],
        **({"pseudo_label_accuracy": [[value / 2 for value in test]]} if cell.method.startswith("ieg") else {}),
    }


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite.load(ROOT, {"scale": "paper", "seeds": None}, validate=False)


@pytest.fixture
def drawn(suite: Suite, tmp_path: Path) -> Callable[[str], tuple[Any, Any]]:
    """(figure, data) of a figure of which every run has a record."""

    def at(cell: Cell, seed: int) -> Path:
        return tmp_path / cell.id / f"seed{seed}.json"

    def draw(key: str) -> tuple[Any, Any]:
        for run in suite.demand(key):
            path, made = at(run.cell, run.seed), curves(run.cell, run.seed)
            helpers.write_record(suite, path, run.cell, run.seed, 0.6, curves=made)
        data = data_of(suite, key, at)
        return drawing(suite, key)(data), data

    yield draw  # type: ignore[misc]
    pyplot.close("all")


def legend(figure: Any) -> dict[str, Any]:
    """What the legend shows for each word."""
    [shown] = figure.legends
    return {t.get_text(): h for t, h in zip(shown.get_texts(), shown.legend_handles, strict=True)}


def looks(line: Any) -> tuple[str, str]:
    return to_hex(line.get_color()), line.get_linestyle()


@pytest.mark.parametrize("key", ["ieg_figure1", "ieg_figure2_bottom"])
def test_points_over_the_noise_are_last_accuracies_with_bars_of_one_standard_deviation(
    key: str, drawn: Callable[[str], tuple[Any, Any]]
) -> None:
    figure, data = drawn(key)
    [ax] = figure.axes
    containers, colours = iter(ax.containers), set()
    for column in data.columns:
        ends = {}
        for row in data.rows:
            cell = data.place(row.key, column.key).slot.cell
            if cell is not None:
                assert cell.noise == ("clean" if row.key == "0" else f"uniform-{row.key}")
                ends[float(row.key)] = np.array([level(cell, seed) + SHAPE[-1] for seed in (1, 2, 3)])
        means = [values.mean() for values in ends.values()]
        if len(ends) == 1:  # what does not depend on the noise is a level line
            [line] = [
                line for line in ax.lines if np.allclose(line.get_ydata(), means[0]) and len(line.get_xdata()) == 2
            ]
        else:
            line, _, (bars,) = next(containers).lines
            assert line.get_ydata() == pytest.approx(means) and line.get_xdata() == pytest.approx(list(ends), abs=1.5)
            lengths = [np.ptp(np.asarray(bar)[:, 1]) / 2 for bar in bars.get_segments()]
            sums = [((values - mean) ** 2).sum() for values, mean in zip(ends.values(), means, strict=True)]
            assert lengths == pytest.approx([(total / 2) ** 0.5 for total in sums])
        colour = to_hex(line.get_color())
        assert to_hex(to_rgba_array(legend(figure)[column.label].get_color())[0]) == colour
        colours.add(colour)
    assert len(colours) == len(data.columns)


def test_right_labels_are_kept_and_wrong_ones_are_not_in_the_words_and_steps_of_the_legend(
    drawn: Callable[[str], tuple[Any, Any]],
) -> None:
    figure, _ = drawn("ieg_figure2_top")
    [ax] = figure.axes
    ends = [*(500.0 * n for n in range(1, PERIODS + 1))]
    for words, values in (("right labels", 0.9 - np.arange(6) / 100), ("wrong labels", 0.2 + np.arange(6) / 100)):
        [line] = [line for line in ax.lines if looks(line) == looks(legend(figure)[words])]
        assert line.get_ydata() == pytest.approx(values) and line.get_xdata() == pytest.approx(ends)


@pytest.mark.parametrize("key", ["ieg_figure_a1", "ieg_figure_a2"])
def test_test_accuracy_is_solid_and_that_of_training_dotted_in_the_colour_of_its_setting(
    key: str, suite: Suite, drawn: Callable[[str], tuple[Any, Any]]
) -> None:
    figure, data = drawn(key)
    said = {words: looks(line)[1] for words, line in legend(figure).items()}
    assert (said["test"], said["training, by given labels"]) == ("-", ":")
    for ax, row in zip(figure.axes, data.rows, strict=True):
        for column in data.columns:
            colour = looks(legend(figure)[column.label])[0]
            cell = data.place(row.key, column.key).slot.cell
            for dashes, below in (("-", 0), (":", 30)):
                found = [line for line in ax.lines if looks(line) == (colour, dashes) and len(line.get_xdata()) > 2]
                wanted = level(cell, 1) + SHAPE - below
                assert any(np.allclose(line.get_ydata(), wanted) for line in found), (row, column, dashes)


def test_a_panel_of_labels_is_that_of_its_repeat(
    drawn: Callable[[str], tuple[Any, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each repeat has a labeller, and labels, of its own: repeat n has n% of class 0 taken for class 1."""

    def of(result: dict[str, Any]) -> Any:
        found = np.eye(10)
        found[0, :2] = 1 - result["seed"] / 100, result["seed"] / 100
        return found

    monkeypatch.setattr(matrices, "realised", of)
    figure, data = drawn("ieg_semantic_confusion")
    assert [ax.get_title() for ax in figure.axes] == ["(a) Repeat 1", "(b) Repeat 2", "(c) Repeat 3"]
    for seed, ax in enumerate(figure.axes, 1):
        assert {text.get_position(): text.get_text() for text in ax.texts}[1, 0] == str(seed)
        assert "60.0% of all labels are wrong" in ax.get_xlabel()
    shares = {row[2]: row[5] for row in data.numbers if row[3:5] == ("share of the given label", 1)}
    assert [shares[f"seed {seed}, class 0"] for seed in (1, 2, 3)] == pytest.approx([0.01, 0.02, 0.03])


@pytest.mark.parametrize("key", ["ieg_resnet29_curves", "ieg_small_cnn_bn_curves"])
def test_training_is_drawn_for_each_method_with_right_labels_solid_and_wrong_ones_dotted(
    key: str, suite: Suite, drawn: Callable[[str], tuple[Any, Any]]
) -> None:
    figure, data = drawn(key)
    accuracy, pseudo, weights = figure.axes
    every = [column.label for column in data.columns]
    assert every[:4] == ["Supervised", "Learning to Reweight", "EG, without the noisy labels", "IEG"]
    for ax, quantity, labels in (
        (accuracy, "test_accuracy", every),
        (pseudo, "pseudo_label_accuracy", every[1:]),  # supervised training makes none
    ):
        assert [each.get_label() for each in ax.lines] == labels
        for column, each in zip(data.columns[-len(labels) :], ax.lines, strict=True):
            assert each.get_ydata() == pytest.approx(data.curve_over_steps("curves", column.key, quantity).mean)
    ends = {each.get_linestyle(): each.get_ydata()[-1] for each in weights.lines}
    assert ends == pytest.approx({"-": 1.515, ":": 0.515}) and len(weights.lines) == 2 * len(every)
    assert [text.get_text() for text in weights.get_legend().get_texts()] == ["right labels", "wrong labels"]
    (note,) = data.declaration["notes"]
    rate = suite.protocols["ieg"]["optimiser"]
    boundaries = [math.ceil(restarts.begins(n, rate["first"], rate["longer"])) for n in (1, 2, 3, 4)]
    assert ", ".join(f"{step:,}" for step in boundaries[:-1]) + f" and {boundaries[-1]:,} steps" in note
    assert rate["longer"] == 1.5, "each time half as long again"


def test_rows_of_a_realised_matrix_are_true_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[0.7, 0.2, 0.1], [0.0, 1.0, 0.0], None]
    monkeypatch.setattr(matrices.paths, "read", lambda path: {"transition_realised": rows, "digest": "d"})
    result = {"labels": {"noise_seed": 1, "digest": "d"}, "scale": "paper", "dataset": "cifar10"}
    result["spec"] = {"noise": {"key": "semantic-vgg13", "generator": "named_stream"}}
    found = matrices.realised(result)
    assert found is not None and found.tolist() == [[0.7, 0.2, 0.1], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    assert matrices.realised(result | {"labels": {"noise_seed": 1, "digest": "of others"}}) is None
    figure, ax = pyplot.subplots()
    matrices.tiles(ax, found)
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert (written[1, 0], written[0, 1]) == ("20%", "0"), "a row below another, given labels across"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Given label", "True class")
    pyplot.close(figure)
