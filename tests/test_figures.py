"""Figures from synthetic records: files, the numbers behind them, and what a panel says when runs are missing."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import helpers
import matplotlib.pyplot as plt
import numpy as np
import pytest
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st

from lnl.declared.schema import check
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.render import efficiency, figure, matrices, panels, spans, style
from lnl.render.figure import data_of, drawing, render
from lnl.render.figure_data import Entry

ROOT = Path(__file__).parent.parent
FIGURES = sorted(p.stem for p in (ROOT / "figures").glob("*.py"))
EPOCHS = 12


@pytest.fixture(scope="module")
def suite():
    return Suite.load(ROOT, {"scale": "paper", "seeds": None})


def write(suite, path, cell, seed, level, networks):
    """A record with flat curves: network k lies at level + k, and training curves begin after epoch 0."""
    test = [[level + k] * EPOCHS for k in range(networks)]
    train = [[None, *values[1:]] for values in test]
    names = ("loss", "train_accuracy_given", "flipped_accuracy_given", "flipped_accuracy_true", "label_precision")
    names += ("validation_accuracy", "kept_label_clean", "kept_label_flipped")
    part = {"clean": [1, 2, 3], "flipped": [4, 1, 0], "mean_clean": 1.2, "mean_flipped": 0.4, "auc": 0.8}
    weights = {"edges": [0.0, 1.0], "mixed": part, "single_class": part}
    schedule = {"schedule": [None] + [0.5] * (EPOCHS - 1)}
    helpers.write_record(
        *(suite, path, cell, seed, 0.45),
        curves={"epoch": list(range(EPOCHS)), "test_accuracy": test, **schedule} | dict.fromkeys(names, train),
        estimates={"transition": [[0.1] * 10] * 10},
        pieces={"confusion": [[3] * 10] * 10, "flips": [[5] * 10] * 10, "weights": weights},
    )


@pytest.fixture(scope="module")
def locate(suite, tmp_path_factory):
    """Records of every figure's runs but all of symmetric-20 and all but one of symmetric-50."""
    folder = tmp_path_factory.mktemp("records")

    def at(cell, seed):
        return folder / cell.id / f"seed{seed}.json"

    for key in suite.figures:
        for run in suite.demand(key):
            cell = run.cell
            if cell.noise == "symmetric-20" or (cell.noise == "symmetric-50" and run.seed > 1):
                continue
            networks = 2 if cell.method.startswith("coteaching") else 1
            write(suite, at(cell, run.seed), cell, run.seed, 80.0 + run.seed, networks)
    return at


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Pictures of few pixels: whether they are made takes no more, and fewer take a third of the time."""
    monkeypatch.setattr(figure, "DPI", 30)


@pytest.mark.parametrize("key", FIGURES)
def test_every_figure_renders_with_runs_missing(suite, locate, key, tmp_path):
    files = render(suite, key, tmp_path, locate)
    assert [f.name for f in files] == [f"{key}.pdf", f"{key}.png", f"{key}.csv"]
    assert files[0].read_bytes().startswith(b"%PDF")
    assert files[1].read_bytes().startswith(b"\x89PNG")
    drawn_from_files = suite.figures[key].get("kind") in ("searches", "synthetic")  # of results/, not of records
    assert drawn_from_files or len(list(csv.DictReader(files[2].open()))) > 0
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(f.name for f in files)


@pytest.mark.parametrize("key", FIGURES)
def test_every_figure_is_drawn_without_a_single_record(suite, key, tmp_path):
    with plt.style.context(figure.sheet(suite.root)):
        drawn = drawing(suite, key)(data_of(suite, key, lambda cell, seed: tmp_path / "nowhere"))
        drawn.canvas.draw()
    assert drawn.axes
    plt.close(drawn)


def test_an_empty_figure_is_written_as_any_other(suite, tmp_path):
    files = render(suite, "l2r_figure2", tmp_path, lambda cell, seed: tmp_path / "nowhere")
    assert [f.suffix for f in files] == [".pdf", ".png", ".csv"]
    assert all(f.stat().st_size > 0 for f in files)


def test_the_same_records_give_the_same_bytes(suite, locate, tmp_path):
    key = "tutorial_mnist_precision_curves"
    first, second = (render(suite, key, tmp_path / name, locate) for name in ("a", "b"))
    assert [f.read_bytes() for f in first] == [f.read_bytes() for f in second]


def test_networks_are_averaged_first_and_the_band_is_one_standard_deviation(suite, locate):
    data = data_of(suite, "tutorial_mnist_accuracy_curves", locate)
    curve = data.curve("pair-45", "coteaching", "test_accuracy")
    # networks at 80 + seed and 81 + seed for seeds 1..5: mean 83.5, standard deviation of 1..5 with ddof 1
    assert curve.n == curve.wanted == 5
    assert curve.mean == pytest.approx(83.5)
    assert curve.high - curve.mean == pytest.approx(np.std([1, 2, 3, 4, 5], ddof=1))
    epochs, values = data.per_network("pair-45", "coteaching", "test_accuracy")
    assert (len(epochs), values.shape) == (EPOCHS, (5, 2, EPOCHS))


def test_a_curve_that_no_run_has_is_a_line_with_the_nearest_name(suite, locate):
    data = data_of(suite, "tutorial_mnist_accuracy_curves", locate)
    with pytest.raises(
        UserError, match=r"no run of this figure has a curve 'test_acuracy' \(did you mean 'test_accuracy'"
    ):
        data.curve("symmetric-50", "standard", "test_acuracy")


@pytest.mark.parametrize("body", ["return nowhere", "raise SystemExit(3)"])
def test_a_drawing_that_fails_is_a_line_with_its_place(suite, locate, tmp_path, monkeypatch, body):
    file = tmp_path / "tutorial_basis_functions.py"
    file.write_text(f"def draw(data):\n    {body}\n")
    monkeypatch.setattr(suite.files, "of", lambda name, key: file)
    with pytest.raises(
        UserError, match=r"tutorial_basis_functions\.py line 2: draw\(\) failed: (NameError|SystemExit)"
    ):
        render(suite, "tutorial_basis_functions", tmp_path, locate)


def test_one_repeat_has_no_band_and_no_run_no_curve(suite, locate):
    data = data_of(suite, "tutorial_mnist_accuracy_curves", locate)
    assert data.curve("symmetric-50", "standard", "test_accuracy").low is None
    assert data.curve("symmetric-20", "standard", "test_accuracy") is None
    assert data.note("pair-45") == ""
    methods = len(data.columns)
    assert data.note("symmetric-50") == f"{methods} of {5 * methods} runs"
    assert data.note("symmetric-20") == f"0 of {5 * methods} runs"


def test_the_csv_holds_the_numbers_of_the_drawing(suite, locate, tmp_path):
    files = render(suite, "tutorial_mnist_precision_curves", tmp_path, locate)
    rows = [r for r in csv.DictReader(files[2].open()) if (r["row"], r["column"]) == ("pair-45", "mentornet")]
    assert [r["x"] for r in rows] == [str(e) for e in range(1, EPOCHS)]  # no precision before training
    assert {(r["mean"], r["n"]) for r in rows} == {("83", "5")}


def test_a_diverged_run_is_counted_in_words(suite, locate, tmp_path):
    data = data_of(suite, "tutorial_mnist_accuracy_curves", locate)
    cell = next(p.slot.cell for p in data.places if p.slot.row == "pair-45" and p.slot.column == "standard")
    made = json.loads(locate(cell, 1).read_text())
    made["result"] |= {"status": "diverged", "diverged": {"epoch": 3, "reason": "loss is nan"}}
    broken = tmp_path / "diverged.json"
    broken.write_text(json.dumps(made))

    def changed(c, seed):
        return broken if (c, seed) == (cell, 1) else locate(c, seed)

    data = data_of(suite, "tutorial_mnist_accuracy_curves", changed)
    runs = 5 * len(data.columns)
    assert data.note("pair-45") == f"{runs - 1} of {runs} runs (1 diverged)"
    assert data.curve("pair-45", "standard", "test_accuracy").n == 4


def test_methods_that_do_not_exist_yet_are_named_under_the_figure(suite, locate):
    import matplotlib.pyplot as plt

    key = "tutorial_mnist_accuracy_curves"
    data = data_of(suite, key, locate)
    missing = {s.column_label for s in suite.slots(key) if s.absent == "not in the suite yet"}
    assert set(data.absent) == missing
    figure = drawing(suite, key)(data)
    words = " ".join(text.get_text() for text in figure.texts)
    titles = [ax.get_title(loc="left") or ax.get_title() for ax in figure.axes]
    plt.close(figure)
    assert titles == ["(a) Pair-45%", "(b) Symmetry-50%", "(c) Symmetry-20%"]
    assert all(label in words for label in missing)
    assert data.heading in words


def test_transition_matrices_are_those_of_the_slide(suite, tmp_path):
    rows = list(csv.DictReader(render(suite, "tutorial_transition_matrices", tmp_path)[2].open()))
    at = {(r["row"], r["column"], r["x"]): float(r["mean"]) for r in rows}
    assert len(rows) == 50
    assert (at["pair-45", "class 4", "0"], at["pair-45", "class 4", "4"]) == pytest.approx((0.45, 0.55))
    assert (at["symmetric-50", "class 0", "3"], at["symmetric-50", "class 0", "0"]) == pytest.approx((0.125, 0.5))


@pytest.mark.parametrize("key", FIGURES)
def test_demands_are_valid(suite, key):
    check(suite.figures[key], "figure", f"figures/{key}.py")


def test_a_method_looks_the_same_everywhere_and_unlike_the_others():
    looks = [tuple(style.line(method).values()) for method in style.METHODS]
    assert len(set(looks)) == len(looks)


@examples(60)
@given(keys=st.lists(st.text("abcdefgh0123456789-", min_size=1, max_size=6), min_size=1, max_size=40, unique=True))
def test_no_two_curves_of_a_figure_look_alike_whatever_their_keys(keys: list[str]) -> None:
    curves: dict[str, str | None] = {"standard": "standard", **dict.fromkeys(keys), "baseline": "coteaching"}
    found = style.looks(curves)
    assert list(found) == list(curves)
    assert len({tuple(look.values()) for look in found.values()}) == len(curves)
    assert found["standard"] == style.line("standard")
    assert found["baseline"] == style.line("coteaching")  # a method's own look under another key
    strangers = [found[key]["color"] for key in keys if key not in style.METHODS][: len(style.SPARE)]
    assert len(set(strangers)) == len(strangers)  # a colour each while there are some


def test_curves_of_one_method_are_told_apart() -> None:
    found = style.looks({"elr": None, "elr7": None, "plain": "standard", "again": "standard"})
    assert len({tuple(look.values()) for look in found.values()}) == 4
    assert found["plain"] == style.line("standard") != found["again"]


def test_variants_of_an_algorithm_are_told_apart_in_one_figure() -> None:
    """As printed, or as released, they look alike where they are drawn alone."""
    printed, released = ("natural-gradient-printed", "newton-printed"), ("natural-gradient-released", "newton-released")
    names = [*printed, *released, "natural-gradient", *(f"mine-{number}" for number in range(20))]
    found = efficiency.looks(names)
    assert len({tuple(look.values()) for look in found.values()}) == len(names)
    for name in (printed[0], released[0], "natural-gradient"):
        assert tuple(found[name].values()) == efficiency.LOOKS[name]
    assert [efficiency.looks([name])[name] for name in printed] == [found[printed[0]]] * 2


def test_an_unknown_figure_is_one_line(suite, tmp_path):
    with pytest.raises(UserError, match="tutorial_memorisation"):
        render(suite, "tutorial_memorization", tmp_path)


def test_lines_of_panels_without_a_run_are_left_out_and_named() -> None:
    states: dict[str, dict[str, int]] = {key: {"missing": 2} for key in "abcdefg"}
    data: Any = SimpleNamespace(rows=[Entry(key, key.upper()) for key in "abcdefg"], states=lambda row: states[row])
    assert panels.begun(data) == (list(enumerate(data.rows)), [])  # nothing has begun
    states["e"] = {"diverged": 1, "missing": 1}
    shown, said = panels.begun(data)
    assert [(number, row.key) for number, row in shown] == [(3, "d"), (4, "e"), (5, "f")]
    assert said == ["Without a run so far: (a) A; (b) B; (c) C; (g) G."]


def test_rows_without_a_run_are_left_out_and_named_as_they_are_called() -> None:
    states: dict[str, dict[str, int]] = {key: {"missing": 2} for key in ("CIFAR-10", "MNIST")}
    data: Any = SimpleNamespace(rows=[Entry(key, key) for key in states], states=lambda row: states[row])
    assert panels.with_a_run(data) == (data.rows, [])  # nothing has begun
    states["MNIST"] = {"ok": 1, "missing": 1}
    shown, said = panels.with_a_run(data)
    assert [row.key for row in shown] == ["MNIST"]
    assert said == ["Without a run so far: CIFAR-10."]


def test_no_line_goes_over_a_ratio_without_runs_and_no_legend_has_bars_that_the_plot_lacks(suite, tmp_path):
    def at(cell, seed):
        return tmp_path / cell.id / f"seed{seed}.json"

    for run in suite.demand("l2r_figure2"):
        method, _, ratio = run.cell.method.rpartition("-")
        several = method == "resample"  # ten repeats, at an accuracy of 80 + seed; of the others the first alone
        if ratio in ("r9", "r19", "r99") and (run.seed == 1 or several):
            write(suite, at(run.cell, run.seed), run.cell, run.seed, 80.0 + run.seed, 1)
    data = data_of(suite, "l2r_figure2", at)
    drawn = drawing(suite, "l2r_figure2")(data)
    (ax,), (legend,) = drawn.axes, drawn.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == [column.label for column in data.columns if column.key != "l2r-half"]
    for label, curve, handle in zip(labels, ax.containers, legend.legend_handles, strict=True):
        error = 14.5 if label == "Resample" else 19.0
        np.testing.assert_allclose(curve.lines[0].get_ydata(), [error, error, np.nan, error, np.nan])
        assert (type(handle).__name__ == "LineCollection") == (label == "Resample")
    assert [text.get_text() for text in ax.texts] == ["45 of 350 runs"]


def _said(small: str, **more: Any) -> Any:
    """Data of a figure whose small print is given."""
    nothing: dict[str, Any] = {
        "numbers": [],
        "absent": [],
        "one_training": "",
        "without_runs": [],
        "declaration": {"title": "What is shown"},
    }
    return SimpleNamespace(**nothing | more, small_print=lambda spread: small)


@pytest.mark.parametrize("panels_wide", [1, 2, 3])
@pytest.mark.parametrize("drawn", [0, 1, 2])
def test_what_stands_below_tiles_is_below_their_labels(panels_wide: int, drawn: int) -> None:
    """Tiles are square and shrink in a layout; panels without a run beside them do not."""
    made, axes = plt.subplots(1, panels_wide, figsize=(1.2 + 3.6 * panels_wide, 4.9), squeeze=False)
    for number, ax in enumerate(axes[0]):
        if number <= drawn:
            matrices.tiles(ax, np.eye(10), labels=number == 0)
            ax.set_xlabel("Given label\nhow many of them are wrong")
        else:
            panels.remark(ax, "1 of 2 runs", empty=True)
    panels.finish(
        made,
        _said("scale lite: 60 of 120 epochs"),
        [],
        [],
        said=["Rows are true classes, columns given labels, in percent of a class. " * 3],
    )
    made.canvas.draw()
    lowest = min(ax.get_tightbbox().y0 for ax in made.axes)
    assert max(text.get_window_extent().y1 for text in made.texts) <= lowest
    plt.close(made)


@pytest.mark.parametrize("entries", [1, 7, 9, 14])
@pytest.mark.parametrize("length", [5, 20])
@pytest.mark.parametrize("spread", ["band", "bar"])
def test_a_legend_has_as_many_rows_as_its_words_need(entries: int, length: int, spread: str) -> None:
    made, (ax, _) = plt.subplots(1, 2, figsize=(8.0, 3.5))
    labels = [f"{n:02}" + "m" * length for n in range(entries)]
    handles = [ax.plot([0, 1], [0, n])[0] for n in range(entries)]
    panels.finish(made, _said("scale lite"), handles, labels, spread=spread)
    made.canvas.draw()
    (legend,) = made.legends
    assert [text.get_text() for text in legend.get_texts()] == labels
    at, whole = legend.get_window_extent(), made.bbox
    assert at.x0 >= 0 and at.x1 <= whole.width
    assert at.y0 > max(text.get_window_extent().y1 for text in made.texts)
    assert at.y1 <= min(each.get_tightbbox().y0 for each in made.axes)
    plt.close(made)


def test_a_picture_says_what_it_shows_and_which_curves_have_no_run_yet(suite, tmp_path) -> None:
    def at(cell, seed):
        return tmp_path / cell.id / f"seed{seed}.json"

    for key in ("tutorial_mnist_accuracy_curves", "l2r_figure7", "pumpout_figure4"):
        nothing = data_of(suite, key, lambda cell, seed: tmp_path / "none.json")
        assert nothing.without_runs == [], "all are missing, and every panel says so"
        first = next(run for run in suite.demand(key) if run.cell.method.startswith("standard"))
        write(suite, at(first.cell, first.seed), first.cell, first.seed, 80.0, 1)
        data = data_of(suite, key, at)
        drawn = drawing(suite, key)(data)
        under = " ".join(text.get_text() for text in reversed(drawn.texts))
        assert data.declaration["title"] in under
        rest = [column.label for column in data.columns if column.key != "standard"]
        assert rest and f"No run so far of {', '.join(rest)}." in under.replace("  ", " ")
        plt.close(drawn)


@pytest.mark.parametrize("share", [0.0, 0.0049, 0.005, 0.0051, 0.0149, 0.5, 1.0])
def test_a_tile_of_ten_classes_has_a_whole_percent_or_a_point_for_less_than_half_of_one(share: float) -> None:
    made, ax = plt.subplots()
    matrices.tiles(ax, np.full((10, 10), share))
    (word,) = {text.get_text() for text in ax.texts}
    assert word == (matrices.LITTLE if round(100 * share) == 0 else str(round(100 * share)))
    plt.close(made)


def test_a_band_that_is_wider_than_its_curves_leaves_them_the_panel_and_is_said_to_be_cut() -> None:
    made, (narrow, wide) = plt.subplots(1, 2)
    for ax, spread in ((narrow, 2.0), (wide, 50.0)):
        ax.plot([0, 1, 2], [10.0, 60.0, 70.0])
        ax.fill_between([0, 1, 2], [9.0, 60 - spread, 70 - spread], [11.0, 60 + spread, 70 + spread])
        spans.span_trained(ax)
    assert not spans.cuts_a_band(narrow) and spans.cuts_a_band(wide)
    low, high = narrow.get_ylim()
    assert 55 < low < 58 and 72 < high < 75, "the band whole, the untrained epoch outside"
    low, high = wide.get_ylim()
    assert 50 < low < 60 and 70 < high < 80
    panels.finish(made, _said("mean of 3 repeats, band"), [], [])
    assert any("(cut at the axis where it is wider)" in text.get_text() for text in made.texts)
    plt.close(made)
