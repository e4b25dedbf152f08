"""S2E's artefacts that are made of ordinary trainings: cells as the paper says, shared where they are the same."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from declared_datasets import DATASETS

from lnl.declared.search_options import resolved
from lnl.declared.specification import digest
from lnl.declared.suite import Cell, Suite
from lnl.declared.synonyms import SYNONYMS
from lnl.engine.optim import rates
from lnl.networks import build
from lnl.render.figure import FigureData, data_of, drawing, render
from lnl.render.table import render as render_table

ROOT = Path(__file__).resolve().parent.parent
NOISES = ("symmetric-20", "symmetric-50", "pair-45")
DATA = ("mnist", "cifar10", "cifar100")
SLOTS = {  # rows x columns; 3 x 3 panels of seven methods, S2E as printed, our sound search and one control
    "s2e_figure1": 5,
    "s2e_figure4": 9 * 10,
    "s2e_table3": 9 * 4,
    "s2e_control_mnist": 3 * 6,
    "tutorial_s2e_memorisation": 15,
    "tutorial_s2e_performance": 3 * 8,
    "tutorial_s2e_label_precision": 3 * 2,
}
TABLE3 = """
mnist Co-teaching+ 97.88 0.08 96.06 0.31 87.76 3.30
mnist Proposed 97.89 0.01 96.58 0.01 95.89 0.01
cifar10 Co-teaching+ 57.84 0.80 49.24 1.50 38.17 0.73
cifar10 Proposed 61.16 0.41 52.75 0.86 49.48 0.01
cifar100 Co-teaching+ 49.09 0.37 38.15 0.80 27.28 0.70
cifar100 Proposed 52.17 0.46 41.66 0.01 34.73 0.01
"""  # transcribed apart from the declaration


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite.load(ROOT, {"scale": "paper", "seeds": None})


def cells(suite: Suite, key: str) -> dict[tuple[str, str], Cell | None]:
    return {(s.row, s.column): s.cell for s in suite.slots(key) if not s.joined}


def curves_of(suite: Suite, key: str) -> dict[str, Cell | None]:
    """Cells by column of a figure that has one row."""
    return {column: cell for (_, column), cell in cells(suite, key).items()}


@pytest.mark.parametrize(("key", "number"), SLOTS.items())
def test_number_of_slots(suite: Suite, key: str, number: int) -> None:
    slots = [slot for slot in suite.slots(key) if not slot.joined]
    assert len(slots) == number
    assert all(slot.seeds == (1, 2, 3, 4, 5) for slot in slots)


def test_figure_1_is_five_trainings_as_appendix_a1_has_them(suite: Suite) -> None:
    spec = {column: suite.spec(cell) for column, cell in curves_of(suite, "s2e_figure1").items() if cell}
    assert len(spec) == 5
    assert len(suite.demand("s2e_figure1")) == 5 * 5
    networks = {column: (s["dataset"], s["network"]["name"]) for column, s in spec.items()}
    assert networks == {
        "cifar10": ("cifar10", "small_cnn"),
        "cifar100": ("cifar100", "cifar100_cnn"),
        "network1": ("cifar10", "cifar100_cnn"),
        "adam": ("cifar10", "small_cnn"),
        "sgd": ("cifar10", "small_cnn"),
    }
    assert {c: (s["epochs"], s["paper_epochs"]) for c, s in spec.items() if c not in ("adam", "sgd")} == dict.fromkeys(
        ("cifar10", "cifar100", "network1"), (200, 200)
    )
    assert {s["batch"]["size"] for s in spec.values()} == {128}
    assert {s["noise"]["key"] for s in spec.values()} == {"symmetric-50"}
    assert {s["method"]["key"] for s in spec.values()} == {"standard"}


@pytest.mark.parametrize(
    ("column", "lr"),
    [
        ("cifar10", {1: 1e-3, 79: 1e-3, 140: 5e-4, 199: 1e-3 / 120}),
        ("adam", {1: 1e-3, 79: 1e-3, 540: 5e-4, 999: 1e-3 / 920}),
        ("sgd", {1: 0.1, 499: 0.1, 500: 0.01, 749: 0.01, 750: 0.001, 999: 0.001}),
    ],
)
def test_learning_rates_of_figure_1(suite: Suite, column: str, lr: dict[int, float]) -> None:
    cell = curves_of(suite, "s2e_figure1")[column]
    assert cell is not None
    spec = suite.spec(cell)
    assert spec["epochs"] == (200 if column == "cifar10" else 1000)
    found = {t: rates(spec["optimiser"], t, spec["paper_epochs"])["lr"] for t in lr}
    assert found == pytest.approx(lr)


def test_a_shorter_scale_reads_a_1000_epoch_schedule_on_its_own_clock() -> None:
    lite = Suite.load(ROOT, {"scale": "lite"}, validate=False)
    spec = lite.spec(Cell("s2e", "cifar10", "symmetric-50", "standard-sgd-t1000"))
    assert (spec["epochs"], spec["paper_epochs"]) == (60, 1000)
    clock = [epoch * spec["paper_epochs"] / spec["epochs"] for epoch in (29, 30, 45)]
    assert [rates(spec["optimiser"], t, 1000)["lr"] for t in clock] == pytest.approx([0.1, 0.01, 0.001])


def test_panels_share_every_training_that_is_the_same(suite: Suite) -> None:
    figure1, panels = curves_of(suite, "s2e_figure1"), curves_of(suite, "tutorial_s2e_memorisation")
    assert panels["base"] == figure1["cifar10"]
    assert panels["cifar100-cnn"] == figure1["network1"]
    assert [panels[c] for c in ("cifar100", "adam", "sgd")] == [figure1[c] for c in ("cifar100", "adam", "sgd")]
    figure4 = cells(suite, "s2e_figure4")
    for column, place in {
        "base": ("cifar10-symmetric-50", "standard"),
        "cifar100": ("cifar100-symmetric-50", "standard"),
        "mnist": ("mnist-symmetric-50", "standard"),
        "coteaching": ("cifar10-symmetric-50", "coteaching"),
    }.items():
        assert panels[column] == figure4[place]
    both = set(suite.demand("s2e_figure1")) | set(suite.demand("tutorial_s2e_memorisation"))
    assert len(both) == 15 * 5  # all of figure 1 is among the panels
    new = both - set(suite.demand("s2e_figure4"))
    assert len({run.cell for run in new}) == 11


def test_memorisation_panels_differ_from_the_base_in_one_thing(suite: Suite) -> None:
    panels = {k: suite.spec(c) for k, c in curves_of(suite, "tutorial_s2e_memorisation").items() if c}
    base = panels["base"]

    def changed(column: str) -> set[str]:
        return {key for key in base if panels[column][key] != base[key]}

    assert changed("cifar100") == {"dataset", "network"}
    assert changed("mlp") == changed("cifar100-cnn") == {"network"}
    assert changed("adam") == {"epochs", "paper_epochs"}
    assert changed("sgd") == changed("sgd-momentum") == {"epochs", "paper_epochs", "optimiser"}
    assert changed("lr3e-3") == changed("lr3e-4") == changed("constant") == {"optimiser"}
    assert [panels[c]["optimiser"]["momentum"] for c in ("sgd", "sgd-momentum")] == [0.0, 0.9]
    drops = {c: panels[c]["method"]["parameters"] for c in ("coteaching", "tau050", "tau150", "tk100")}
    assert [(p["tau"], p["t_k"]) for p in drops.values()] == [(1.0, 10), (0.5, 10), (1.5, 10), (1.0, 100)]


def test_figure_4_has_three_data_sets_by_three_noises_and_keeps_the_cells_of_its_mnist_table(suite: Suite) -> None:
    found = cells(suite, "s2e_figure4")
    assert list(dict.fromkeys(row for row, _ in found)) == [f"{d}-{n}" for d in DATA for n in NOISES]
    for (row, column), cell in cells(suite, "s2e_figure4_mnist").items():
        assert found[f"mnist-{row}", column] == cell
    three = cells(suite, "s2e_table3")
    assert all(found[place] == cell for place, cell in three.items() if place[1] != "s2e-printed")
    for row, column in three:
        searched = {"s2e": "as-released", "s2e-printed": "as-printed", "s2e-sound": "sound"}.get(column)
        if searched:
            wanted = suite.spec(three[row, column])["method"]["parameters"]["R"]["search"]
            assert wanted == f"natural-gradient-{searched}"


def is_sound(algorithm: dict[str, Any]) -> bool:
    """Whether an algorithm is one of the sound forms, which are ours, named or by default."""
    return resolved(algorithm).get("form") == "sound"


def words(value: Any) -> list[str]:
    """One name, or those of a list; nothing of a mapping."""
    return [name for name in (value if isinstance(value, list) else [value]) if isinstance(name, str)]


def mappings(declared: Any) -> Iterator[dict[str, Any]]:
    """Every mapping inside a claim's cells, or a column: those that name methods, searches and arms are among them."""
    if isinstance(declared, dict):
        yield declared
    for inside in declared.values() if isinstance(declared, dict) else declared if isinstance(declared, list) else ():
        yield from mappings(inside)


def sound_searches(suite: Suite) -> set[str]:
    return {name for name, at in suite.searches.items() if "algorithm" in at and is_sound(at["algorithm"])}


def sound_arms(suite: Suite) -> set[tuple[str, str]]:
    sound = {name for name, at in suite.synthetic["algorithms"].items() if is_sound(at["algorithm"])}
    studies = suite.synthetic["studies"].items()
    return {(study, name) for study, at in studies for name, arm in at["arms"].items() if arm["algorithm"] in sound}


def of_ours(suite: Suite, declared: Any) -> bool:
    """Whether something in a claim's cells, or a column, is searched, computed or trained by a sound form."""
    searches, arms = sound_searches(suite), sound_arms(suite)
    return any(
        searches & set(words(at.get("search")))
        or arms & set(itertools.product(words(at.get("study")), words(at.get("arm"))))
        or "s2e-sound" in words(at.get("method"))
        for at in mappings(declared)
    )


def test_whatever_runs_a_sound_form_says_that_it_is_ours(suite: Suite) -> None:
    assert sound_searches(suite) >= {"gradient", "gradient-four-bases", "natural-gradient-four-bases", "newton-sound"}
    for name in sound_searches(suite):
        declared = suite.searches[name]
        assert "sound" in declared["title"] and "ours" in declared["title"], name
        assert declared["source"].startswith("of this suite"), name
    for name, declared in suite.synthetic["algorithms"].items():
        assert is_sound(declared["algorithm"]) == ("ours" in declared["title"]), name
    for study, name in sound_arms(suite):
        assert "ours" in suite.synthetic["studies"][study]["arms"][name]["title"], (study, name)
    for key in (*suite.figures, *suite.tables):
        for column in suite.declaration(key).get("columns", []):
            assert not of_ours(suite, column) or "ours" in column["label"], (key, column)
    assert "ours" in suite.methods["s2e-sound"]["title"] and "ours" in SYNONYMS["s2e-sound"]["title"]


def test_no_number_that_a_document_prints_stands_beside_our_own_search(suite: Suite) -> None:
    for key in suite.tables:
        ours = [slot for slot in suite.slots(key) if slot.cell and slot.cell.method.startswith("s2e-sound")]
        assert all(slot.published is None and "ours" in slot.column_label for slot in ours)
    for page in ("s2e", "tutorial"):
        for claim in suite.claims[page]["claims"]:
            tests = claim.get("test", [])
            for test in tests if isinstance(tests, list) else [tests]:
                for side in (test.get("a"), test.get("b")):
                    sound = any(of_ours(suite, claim["cells"].get(name)) for name in words(side))
                    assert not sound or ("ours" in str(side) and test.get("aside")), (claim["key"], side)


def test_table_3_is_as_printed() -> None:
    declared = Suite.load(ROOT, {"scale": "paper"}, validate=False).tables["s2e_table3"]["published"]["values"]
    methods = {"Co-teaching+": "coteaching-plus", "Proposed": "s2e"}
    for line in TABLE3.strip().splitlines():
        dataset, method, *numbers = line.split()
        for number, noise in enumerate(NOISES):
            mean, spread = (float(text) for text in numbers[2 * number : 2 * number + 2])
            assert declared[f"{dataset}-{noise}"][methods[method]] == [mean, spread]
    assert sum(len(row) for row in declared.values()) == 18


def test_the_control_searches_tau_on_the_same_images(suite: Suite) -> None:
    for key in ("s2e_control_mnist", "s2e_figure4", "tutorial_s2e_performance"):
        for (row, column), cell in cells(suite, key).items():
            if column != "coteaching-tuned":
                continue
            assert cell is not None
            control, plain = suite.spec(cell), suite.spec(cells(suite, key)[row, "coteaching"] or cell)
            schedule = control["method"]["parameters"]["R"]
            assert schedule["search"] == "tau-grid"
            assert schedule["spec"]["candidate"] == digest(plain)  # but for R, the plain Co-teaching of the same row
            assert schedule["spec"]["scored_on"] == "validation"


def test_the_tutorial_s_figures_use_its_own_search(suite: Suite) -> None:
    precision, performance = (cells(suite, f"tutorial_s2e_{word}") for word in ("label_precision", "performance"))
    figure4 = cells(suite, "s2e_figure4")
    for noise in NOISES:
        cell = precision[noise, "s2e"]
        assert cell is not None
        assert cell == performance[noise, "s2e"]
        assert suite.spec(cell)["method"]["parameters"]["R"]["search"] == "newton-as-released"
        assert precision[noise, "coteaching"] == figure4[f"cifar10-{noise}", "coteaching"]


@pytest.mark.parametrize("scale", ["demo", "smoke", "lite", "paper"])
def test_every_network_takes_the_images_that_it_is_declared_for(scale: str) -> None:
    at = Suite.load(ROOT, {"scale": scale}, validate=False)
    pairs = {(at.spec(c)["network"]["name"], at.spec(c)["dataset"]) for key in SLOTS for c in _declared(at, key)}
    for network, dataset in pairs:
        info = DATASETS[dataset]
        logits = build(network, info.shape, info.classes).eval()(torch.zeros(1, *info.shape))
        assert logits.shape == (1, info.classes)


def _declared(suite: Suite, key: str) -> Iterator[Cell]:
    yield from (slot.cell for slot in suite.slots(key) if slot.cell)


def test_a_scale_s_learning_rate_keeps_a_variant_s_ratio_and_leaves_another_optimiser_its_own() -> None:
    demo = Suite.load(ROOT, {"scale": "demo"}, validate=False)
    panels = {k: demo.spec(c)["optimiser"] for k, c in curves_of(demo, "tutorial_s2e_memorisation").items() if c}
    lr = {column: panels[column]["lr"] for column in ("base", "lr3e-3", "lr3e-4", "sgd")}
    assert lr == pytest.approx({"base": 0.01, "lr3e-3": 0.03, "lr3e-4": 0.003, "sgd": 0.1})
    assert lr["base"] == 0.01


# ---- tables that need no training ----------------------------------------------------------------------------------


def rows_of(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    with path.open() as file:
        return {(r["row"], r["column"]): r for r in csv.DictReader(file)}


def test_table_1_counts_the_halves_of_the_test_file(
    suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/paper/data").mkdir(parents=True)
    counts = {"shape": [3, 32, 32], "classes": 10, "counts": {"train": 50000, "validation": 0, "test": 10000}}
    (tmp_path / "results/paper/data/cifar10.json").write_text(json.dumps(counts))
    render_table(suite, "s2e_table1", tmp_path)
    found = rows_of(tmp_path / "s2e_table1.csv")
    assert [found["CIFAR-10", f"# of {word}"]["ours"] for word in ("validation", "test")] == ["5,000", "5,000"]
    assert {r["verdict"] for (row, _), r in found.items() if row == "CIFAR-10"} == {"agrees"}
    assert {r["verdict"] for (row, _), r in found.items() if row == "MNIST"} == {"not measured"}


def test_table_2_differs_only_where_the_print_contradicts_itself(suite: Suite, tmp_path: Path) -> None:
    render_table(suite, "s2e_table2", tmp_path)
    found = rows_of(tmp_path / "s2e_table2.csv")
    assert {k[0]: r["verdict"] for k, r in found.items() if k[1] == "layers"} == {
        "MLP on MNIST": "agrees",
        "CNN on CIFAR-10": "agrees",
        "CNN on CIFAR-100": "differs",
    }
    assert "10 of 11 as printed" in found["CNN on CIFAR-100", "layers"]["ours"]
    counts = [r["ours"] for (_, column), r in found.items() if column == "parameters"]
    assert counts == ["203,530", "62,006", "541,280"]


# ---- figures -------------------------------------------------------------------------------------------------------


@pytest.fixture
def some(suite: Suite, tmp_path: Path) -> Callable[[Cell, int], Path]:
    """Records of the memorisation panels' base (all seeds) and of Adam over 1000 epochs (seed 1), and no others."""
    base = Cell("s2e", "cifar10", "symmetric-50", "standard")
    adam = Cell("s2e", "cifar10", "symmetric-50", "standard-t1000")
    for cell, seed in [*((base, seed) for seed in range(1, 6)), (adam, 1)]:
        file = tmp_path / cell.id / f"seed{seed}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"result": _record(suite, cell, seed), "provenance": {}}))
    return lambda cell, seed: tmp_path / cell.id / f"seed{seed}.json"


def _record(suite: Suite, cell: Cell, seed: int) -> dict[str, Any]:
    test = [10.0, 40.0 + seed, 50.0, 45.0, 41.0]
    curves = {
        "epoch": list(range(5)),
        "test_accuracy": [test],
        "train_accuracy_given": [[None, 20.0, 30.0, 40.0, 50.0]],
    }
    return {
        "digest": suite.digest(cell),
        "status": "ok",
        "seed": seed,
        "spec": suite.spec(cell),
        "labels": {"realised_rate": 0.5, "vector": "fixed"},
        "curves": curves,
    }


def drawn(suite: Suite, key: str, locate: Callable[[Cell, int], Path]) -> tuple[Any, FigureData]:
    data = data_of(suite, key, locate)
    return drawing(suite, key)(data), data


def test_each_panel_says_what_its_own_curves_lack(suite: Suite, some: Callable[[Cell, int], Path]) -> None:
    import matplotlib.pyplot as plt

    figure, _ = drawn(suite, "tutorial_s2e_memorisation", some)
    said = [[text.get_text() for text in ax.texts] for ax in figure.axes]
    legends = [[t.get_text() for t in ax.get_legend().get_texts()] if ax.get_legend() else [] for ax in figure.axes]
    plt.close(figure)
    assert said == [[f"{runs} runs"] for runs in ("5 of 25", "5 of 15", "5 of 15", "5 of 15", "1 of 15", "5 of 20")]
    assert legends[4] == ["Adam"]
    assert legends[1] == ["CIFAR-10"]


def test_curves_that_a_stand_in_makes_one_are_one_line_with_both_names(tmp_path: Path) -> None:
    import matplotlib.pyplot as plt

    demo = Suite.load(ROOT, {"scale": "demo"}, validate=False)
    cell = Cell("s2e", "digits", "symmetric-50", "standard")
    file = tmp_path / "seed1.json"
    file.write_text(json.dumps({"result": _record(demo, cell, 1), "provenance": {}}))
    figure, _ = drawn(demo, "tutorial_s2e_memorisation", lambda c, s: file if (c, s) == (cell, 1) else tmp_path / "no")
    names = [text.get_text() for text in figure.axes[2].get_legend().get_texts()]
    plt.close(figure)
    assert names == ["MNIST = CIFAR-10"]


@pytest.mark.parametrize("key", ["s2e_figure1", "s2e_figure4", "tutorial_s2e_memorisation"])
def test_titles_axes_and_decisions(suite: Suite, some: Callable[[Cell, int], Path], key: str) -> None:
    import matplotlib.pyplot as plt

    figure, data = drawn(suite, key, some)
    titles = [ax.get_title(loc="left") or ax.get_title() for ax in figure.axes]
    bottom = [ax.get_xlabel() for ax in figure.axes]
    left = [ax.get_ylabel() for ax in figure.axes]
    words = " ".join(text.get_text() for text in figure.texts)
    plt.close(figure)
    # figure 4: MNIST and CIFAR-100 have no run here, and their lines of panels are left out
    letters = {"s2e_figure1": "abc", "s2e_figure4": "def", "tutorial_s2e_memorisation": "abcdef"}[key]
    assert [t[:3] for t in titles] == [f"({letter})" for letter in letters]
    assert bottom[-3:] == ["Epoch"] * 3
    assert all(label.endswith("accuracy (%)") for label in left[::3])
    assert data.declaration["notes"][0].split()[0] in words
    if key == "tutorial_s2e_memorisation":
        assert left[1:3] == ["Training accuracy\nby given labels (%)", "Test accuracy (%)"]


def test_axes_span_the_trained_epochs(suite: Suite, some: Callable[[Cell, int], Path]) -> None:
    import matplotlib.pyplot as plt

    figure, _ = drawn(suite, "s2e_figure4", some)
    low, high = figure.axes[1].get_ylim()  # (e) CIFAR-10, symmetric-50: Standard alone
    plt.close(figure)
    assert 40 < low < 41
    assert 50 < high < 51


def test_a_curve_of_several_panels_is_one_curve_in_the_csv(
    suite: Suite, some: Callable[[Cell, int], Path], tmp_path: Path
) -> None:
    files = render(suite, "tutorial_s2e_memorisation", tmp_path / "out", some)
    with files[2].open() as file:
        rows = [r for r in csv.DictReader(file) if (r["column"], r["quantity"]) == ("base", "test_accuracy")]
    assert [r["x"] for r in rows] == ["0", "1", "2", "3", "4"]
