"""Pumpout's artefacts and Co-teaching's CIFAR tables: cells as the documents say, panels that say what they show."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from helpers import method_called

from lnl.declared import dependencies, reductions
from lnl.declared.claims import demanded
from lnl.declared.suite import Cell, Run, Suite
from lnl.noise.transition import matrix
from lnl.render.bands import unlearnable
from lnl.render.figure import data_of, drawing, render
from lnl.render.layers import layers, parameters
from lnl.render.table import document

ROOT = Path(__file__).resolve().parent.parent
SLOTS = {  # rows x columns as printed; NEWS with two classes and with seven
    "pumpout_figure2": 3 * 3,
    "pumpout_figure3": 3 * 3,
    "pumpout_figure4": 6 * 3,
    "pumpout_figure5": 3 * 4,
    "pumpout_figure6": 3 * 4,
    "pumpout_figure7": 6 * 4,
    "pumpout_figure4_news": 6 * 3,
    "pumpout_figure7_news": 6 * 4,
    "pumpout_gamma": 5 * 2 * 8,
    "coteaching_table5": 3 * 7,
    "coteaching_table6": 3 * 7,
    "fcorrection_estimates": 3,
}
GRID = [0, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1]
E = 30


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite.load(ROOT, {"scale": "paper", "seeds": None})


def cells(suite: Suite, key: str) -> dict[tuple[str, str], Cell | None]:
    return {(s.row, s.column): s.cell for s in suite.slots(key) if not s.joined}


# ---- declarations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "number"), SLOTS.items())
def test_number_of_slots(suite: Suite, key: str, number: int) -> None:
    slots = [slot for slot in suite.slots(key) if not slot.joined]
    assert len(slots) == number
    assert all(slot.cell is not None and slot.seeds == (1, 2, 3, 4, 5) for slot in slots)


def test_the_distinct_runs_of_the_figures_are_those_of_the_document(suite: Suite) -> None:
    """3 data sets x 3 noises x 6 methods x 5 repeats; seven classes of NEWS beside them."""
    runs = {run for k in range(2, 8) for run in suite.demand(f"pumpout_figure{k}")}
    assert len([run for run in runs if run.cell.dataset != "news7-lsa"]) == 270
    assert len(runs) == 360
    tables = {run for k in (4, 7) for run in suite.demand(f"pumpout_figure{k}_news")}
    assert tables == {run for k in (4, 7) for run in suite.demand(f"pumpout_figure{k}")}


@pytest.mark.parametrize(
    ("figure", "network", "options"),
    [
        (2, "cnn9", {"dropout": "proper"}),
        (3, "resnet32", {"shortcut": "identity"}),
        (4, "softsign_mlp", {}),
        (7, "softsign_mlp", {}),
    ],
)
def test_the_protocol_is_section_4(suite: Suite, figure: int, network: str, options: dict[str, str]) -> None:
    for cell in cells(suite, f"pumpout_figure{figure}").values():
        assert cell is not None
        spec = suite.spec(cell)
        assert (spec["network"]["name"], spec["network"]["options"]) == (network, options)
        assert (spec["epochs"] - spec["untrained_epoch"], spec["split"]) == (200, "none")  # 200 trained epochs
        assert spec["batch"] == {"size": 128, "steps_cap": None}
        assert "augment" not in spec
        optimiser = spec["optimiser"]
        assert (optimiser["name"], optimiser["lr"], optimiser["schedule"]) == ("adam", 0.001, "constant")
        assert (optimiser["beta1"], optimiser["beta1_after"]) == (0.9, None)


def test_every_repeat_has_labels_of_its_own_and_says_which(suite: Suite) -> None:
    cell = cells(suite, "pumpout_figure2")["pair-45", "standard"]
    assert cell is not None
    assert [dependencies.noise_seed(suite, Run(cell, seed)) for seed in (1, 2, 5)] == [1, 2, 5]
    assert len({dependencies.noise_manifest(suite, Run(cell, seed)) for seed in (1, 2, 5)}) == 3


def test_gamma_of_both_versions_is_selected_from_the_printed_grid(suite: Suite) -> None:
    for figure, method in ((2, "pumpout-sl"), (5, "pumpout-bc")):
        cell = cells(suite, f"pumpout_figure{figure}")["symmetric-20", method]
        assert cell is not None
        assert suite.spec(cell)["method"]["parameters"]["gamma"]["spec"]["algorithm"]["values"] == GRID


@pytest.mark.parametrize("method", ["pumpout-sl", "pumpout-bc"])
def test_the_gamma_figure_trains_each_value_of_the_grid_once(suite: Suite, method: str) -> None:
    found = [cell for (row, column), cell in cells(suite, "pumpout_gamma").items() if row == "news7-pair-45"]
    values = [
        suite.spec(cell)["method"]["parameters"]["gamma"] for cell in found if cell and cell.method.startswith(method)
    ]
    assert values == GRID
    assert len(set(found)) == 16


def test_claims_about_gamma_use_the_cells_of_the_figure(suite: Suite) -> None:
    drawn = set(cells(suite, "pumpout_gamma").values())
    fixed = [p for p in demanded(suite.claims["pumpout"]) if p.claim in ("pum-24", "pum-25", "pum-26")]
    asked = {suite.cell_of(p.parts, "test")[0] for p in fixed}
    assert {cell for cell in asked if cell and "gamma" in cell.method} == drawn


@pytest.mark.parametrize(("key", "where"), [("coteaching_table5", "Table 5"), ("coteaching_table6", "Table 6")])
def test_coteachings_tables_are_as_printed(key: str, where: str) -> None:
    rows = list(csv.DictReader((ROOT / "tests/golden/published.csv").open()))  # transcribed apart from the declarations
    printed = {
        (r["noise"], method_called(r["entry"], "coteaching")): [float(r["mean"]), float(r["std"])]
        for r in rows
        if (r["document"], r["where"]) == ("coteaching", where)
    }
    declared = yaml.safe_load((ROOT / f"tables/{key}.yaml").read_text())["published"]["values"]
    assert {(noise, method): n for noise, row in declared.items() for method, n in row.items()} == printed
    assert len(printed) == 21


def test_the_mlp_on_news_is_table_3() -> None:
    found = layers("softsign_mlp", (1, 1, 300), 2)
    assert found == ["300-D Embedding", *["dense 300→300 BN Softsign"] * 2, "dense 300→2"]
    assert parameters("softsign_mlp", (1, 1, 300), 2) == 2 * (300 * 300 + 300 + 600) + 300 * 2 + 2


@pytest.mark.parametrize("key", ["pumpout_table2", "pumpout_table3"])
def test_network_tables_agree_with_the_printed_layers(suite: Suite, key: str) -> None:
    _, facts = document(suite, key)
    assert set(facts["verdict"]) <= {"agrees", ""}
    assert "agrees" in set(facts["verdict"])


def test_a_stand_in_for_several_data_sets_is_named_by_each_artefact_as_it_means_it() -> None:
    demo = Suite.load(ROOT, {"scale": "demo", "seeds": None})
    for key, words in (
        ("tutorial_mnist_accuracy", "mnist"),
        ("coteaching_table5", "cifar10"),
        ("pumpout_figure5", "mnist"),
    ):
        assert reductions.heading(demo, key).startswith(f"scale demo: digits for {words}, digits_mlp for ")


# ---- figures -------------------------------------------------------------------------------------------------------


def result(suite: Suite, cell: Cell, seed: int, accuracy: float, **more: Any) -> dict[str, Any]:
    networks = 2 if cell.method.startswith("coteaching") else 1
    curves = {"epoch": list(range(E)), "test_accuracy": [[accuracy] * E] * networks, "loss": [[1.0] * E] * networks}
    return {
        "dataset": cell.dataset,
        "digest": suite.digest(cell),
        "status": "ok",
        "seed": seed,
        "spec": suite.spec(cell),
        "labels": {"realised_rate": 0.45, "vector": "per_repeat"},
        "curves": curves,
    } | more


Archive = Callable[..., Callable[[Cell, int], Path]]


@pytest.fixture
def archive(suite: Suite, tmp_path: Path) -> Archive:
    """Records of all runs of a figure, at an accuracy of 70 plus the seed."""

    def made(key: str, **more: Any) -> Callable[[Cell, int], Path]:
        def at(cell: Cell, seed: int) -> Path:
            return tmp_path / cell.id / f"seed{seed}.json"

        for run in suite.demand(key):
            path = at(run.cell, run.seed)
            path.parent.mkdir(parents=True, exist_ok=True)
            made = result(suite, run.cell, run.seed, 70.0 + run.seed, **more)
            path.write_text(json.dumps({"result": made, "provenance": {}}))
        return at

    return made


def drawn(suite: Suite, key: str, locate: Callable[[Cell, int], Path]) -> Any:
    import matplotlib.pyplot as plt

    figure = drawing(suite, key)(data_of(suite, key, locate))
    plt.close(figure)
    return figure


def test_labels_without_information_are_told_apart() -> None:
    assert unlearnable("symmetric-50", 2)
    assert not unlearnable("symmetric-50", 7)
    assert not unlearnable("pair-45", 2)


def test_the_panel_that_cannot_be_learned_says_so_and_shows_chance(suite: Suite, archive: Archive) -> None:
    figure = drawn(suite, "pumpout_figure7", archive("pumpout_figure7"))
    said = [" ".join(text.get_text() for text in ax.texts) for ax in figure.axes]
    assert ["cannot be learned" in words for words in said] == [False, True, False, False, False, False]
    assert "chance, 50%" in said[1]
    dotted = [line for line in figure.axes[1].lines if line.get_linestyle() == ":"]
    assert [set(line.get_ydata()) for line in dotted] == [{50.0}]
    assert figure.axes[1].get_title() == "(b) 2 classes, Symmetric-50% (news2-lsa)"
    assert figure.axes[4].get_title() == "(e) 7 classes, Symmetric-50% (news7-lsa)"
    small_print = " ".join(text.get_text() for text in figure.texts)
    assert "news2-lsa stands for news2" in small_print


def test_accuracy_stands_above_precision_in_bands_of_three(suite: Suite, archive: Archive) -> None:
    figure = drawn(suite, "pumpout_figure4", archive("pumpout_figure4"))
    labels = [ax.get_ylabel() for ax in figure.axes]
    assert labels[0::3] == ["Test accuracy (%)", "Label precision (%)"] * 2
    assert [bool(ax.get_title()) for ax in figure.axes] == ([True] * 3 + [False] * 3) * 2
    assert [ax.get_xlabel() for ax in figure.axes] == [""] * 9 + ["Epoch"] * 3


def test_a_gamma_with_diverged_runs_is_crossed_out(suite: Suite, archive: Archive, tmp_path: Path) -> None:
    at = archive("pumpout_gamma")
    cell = cells(suite, "pumpout_gamma")["news7-pair-45", "pumpout-sl-1"]
    assert cell is not None
    for seed in range(1, 6):
        record = json.loads(at(cell, seed).read_text())
        record["result"] |= {"status": "diverged", "diverged": {"epoch": 3, "reason": "loss is nan"}}
        at(cell, seed).write_text(json.dumps(record))
    figure = drawn(suite, "pumpout_gamma", at)
    crossed = [list(line.get_xdata()) for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert crossed == [[7]]
    curve = figure.axes[0].lines[0].get_ydata()
    assert curve[:7] == pytest.approx([73.0] * 7)
    assert np.isnan(curve[7])


def test_the_estimate_is_drawn_with_its_distances(suite: Suite, archive: Archive, tmp_path: Path) -> None:
    shifted = np.roll(matrix("pair-45", 10), 1, axis=0).tolist()
    at = archive("fcorrection_estimates", estimates={"transition": shifted})
    figure = drawn(suite, "fcorrection_estimates", at)
    assert "distance 0.55, to the shifted matrix 0.00" in figure.axes[3].get_xlabel()
    files = render(suite, "fcorrection_estimates", tmp_path / "out", at)
    rows = [r for r in csv.DictReader(files[2].open()) if r["row"] == "pair-45" and r["column"] == "seed 2, class 1"]
    assert [float(r["mean"]) for r in rows][:3] == pytest.approx([0.55, 0.45, 0.0])
