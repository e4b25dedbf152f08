"""A heading says whatever a scale put in the place of what is declared: of tables, figures, claims pages and cells."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from lnl.cli.app import app
from lnl.declared import reductions
from lnl.declared.suite import Suite
from lnl.networks.registry import NETWORKS
from lnl.render.figure import data_of

ROOT = Path(__file__).resolve().parent.parent


@cache
def suite(scale: str, **config: Any) -> Suite:
    return Suite.load(ROOT, {"scale": scale, **config}, validate=False)


@pytest.mark.parametrize(
    ("scale", "key", "heading"),
    [
        (
            *("demo", "tutorial_mnist_accuracy"),
            "digits for mnist, digits_mlp for cnn9, 100 of 200 epochs, batches of 64 for 128, learning rate 0.01 for "
            "0.001, 3 of 5 repeats",
        ),
        (
            *("smoke", "tutorial_mnist_accuracy_curves"),
            "digits for mnist, digits_cnn for cnn9, 2 of 200 epochs, batches of 8 for 128, 2 steps an epoch, "
            "16 test images, 1 of 5 repeats",
        ),
        ("lite", "suite_claims", "60 of 200 epochs, 2 of 10 repeats"),
        ("lite", "ieg_semantic_confusion", "4,063 of 85,498 steps, labeller (60 of 120 epochs), 2 of 3 repeats"),
        (
            *("lite", "l2r_figure4"),  # whose column with fine-tuning goes on from networks that it does not show
            "5,000 of 80,000 steps, 312 of 5,000 steps, base networks (3,750 of 60,000 steps), 2 of 5 repeats",
        ),
        ("fast", "suite_claims", "convolutions in bfloat16"),
        ("transfer", "s2e_figure4_mnist", "2 of 5 repeats, searches of 40 candidates, 60 epochs each"),
    ],
)
def test_a_heading_says_all_that_a_scale_replaced(scale: str, key: str, heading: str) -> None:
    assert reductions.heading(suite(scale), key) == f"scale {scale}: {heading}"


@pytest.mark.parametrize("scale", ["smoke", "demo"])
@pytest.mark.parametrize("key", sorted(path.stem for path in (ROOT / "tables").glob("ieg_*.yaml")))
def test_a_heading_names_the_networks_that_the_rows_declare_and_no_others(scale: str, key: str) -> None:
    """Those of variants, and not those of another table's rows, for which one stand-in serves as well."""
    given = suite(scale)
    table, declared = given.declaration(key), set()
    for slot in given.slots(key):
        if slot.cell is not None:
            row = next(each for each in table["rows"] if each["key"] == slot.row)
            column = next(each for each in table["columns"] if each["key"] == slot.column)
            at = {**table, **row, **column}
            protocol = given.protocols[at["protocol"]]
            usual = {**protocol, **protocol["datasets"][at["dataset"]]}["network"]
            changes = {**row.get("set", {}), **column.get("set", {})}
            declared.add(changes.get("protocol.network", usual))
    own = reductions.heading(given, key).partition("labeller")[0]
    listed = re.findall(r"digits_\w+ for ((?:(?!digits_)\w+(?:, | and ))*(?!digits_)\w+)", own)
    named = {word for words in listed for word in re.split(", | and ", words)} & set(NETWORKS)
    assert named == declared


def test_sets_of_a_variant_are_told_by_its_own_count() -> None:
    """L2R's row of table 1 asks for 1,000 probe images, of which digits have 598; IEG's for the protocol's hundred."""
    smoke = suite("smoke")
    said = [
        reductions.cell_heading(smoke, smoke.parse(f"ieg/digits/uniform-80/{method}")) for method in ("ieg-l2r", "ieg")
    ]
    assert ["598 of 1,000 probe examples" in each for each in said] == [True, False]
    assert not any("of 100 probe" in each for each in said)


def test_a_cell_of_semantic_noise_says_what_was_replaced_of_its_labeller_as_well() -> None:
    """And not twice what was replaced of both."""
    demo = suite("demo")
    said = reductions.cell_heading(demo, demo.parse("ieg/digits/semantic-vgg13/supervised"))
    assert "labeller (digits_cnn for vgg13, 100 of 120 epochs, " in said
    assert said.count("digits for cifar10") == 1
    assert "labeller" not in reductions.cell_heading(demo, demo.parse("ieg/digits/uniform-80/supervised"))


def test_what_a_variant_declares_is_no_replacement() -> None:
    demo = suite("demo")
    specs = [demo.spec(run.cell) for run in demo.demand("suite_claims")]
    assert any(spec.get("arithmetic") == "fast" for spec in specs)
    assert "bfloat16" not in reductions.heading(demo, "suite_claims")


def test_a_figure_of_searches_names_what_its_candidates_train_on() -> None:
    said = data_of(suite("demo"), "tutorial_s2e_searched_rt").heading
    assert "digits for cifar10, digits_mlp for small_cnn" in said and "batches of 64 for 128" in said


def test_a_figure_without_networks_says_so_where_it_is_shorter() -> None:
    assert data_of(suite("demo"), "s2e_figure3").heading == ""
    assert data_of(suite("smoke"), "s2e_figure3").heading == "scale smoke: 2 of 60 repeats, 2 of 20 repeats"


def test_fewer_repeats_that_were_asked_for_are_told_and_more_are_not() -> None:
    key = "tutorial_mnist_accuracy"
    assert reductions.heading(suite("paper", seeds=2), key) == "scale paper: nothing reduced, 2 of 5 repeats"
    assert reductions.comparable(suite("paper", seeds=2), key) is None  # what there is may be judged
    assert reductions.heading(suite("paper", seeds=9), key) == "scale paper: nothing reduced"
    stands = reductions.heading(suite("paper", seeds=1), "pumpout_figure7_news")
    assert "stands for" in stands and stands.endswith(", 1 of 5 repeats")
    assert "repeats" not in reductions.heading(suite("demo", seeds=9), key)


def test_a_claims_page_and_a_cell_say_it_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    from lnl.render.claims import document

    found = document(suite("demo"), "tutorial", [])
    assert found.heading.startswith("scale demo: digits for mnist") and "batches of 64 for 128" in found.heading
    monkeypatch.setattr("lnl.cli.commands.inspecting.load_suite", lambda scale, **_: suite(scale))
    shown = CliRunner().invoke(app, ["show", "s2e/digits/pair-45/s2e", "--scale", "demo"]).stdout
    assert shown.splitlines()[0] == (
        "# scale demo: digits for mnist and cifar10, digits_mlp for mlp and small_cnn, "
        "100 of 200 epochs, batches of 64 for 128, learning rate 0.01 for 0.001, searches of 8 candidates, "
        "100 epochs each"
    )
    assert yaml.safe_load(shown)["epochs"] == 100  # as before, it can be read
    assert reductions.cell_heading(suite("paper"), suite("paper").parse("s2e/mnist/pair-45/standard")) == (
        "scale paper: nothing reduced"
    )


def test_a_rate_in_a_heading_is_the_one_that_a_cell_trains_with_and_its_own_at_paper_scale() -> None:
    """A variant keeps its share of the protocol's rate, so that a scale's own rate is not what it trains with."""
    demo, paper, variants = suite("demo"), suite("paper"), 0
    printed = {(d.paper_dataset, c.protocol, c.noise, c.method): d.spec for c, d in paper.cells.items()}
    for cell, declared in demo.cells.items():
        theirs = printed.get((declared.paper_dataset, cell.protocol, cell.noise, cell.method))
        if theirs is None:  # by another name at this scale
            continue
        mine, own = (f"{spec['optimiser']['lr']:g}" for spec in (declared.spec, theirs))
        said = reductions._rate(demo, declared)
        assert said == (f"learning rate {mine} for {own}" if mine != own else ""), cell.id
        variants += mine != own and mine != "0.01"
    assert variants > 3


@pytest.mark.parametrize("key", ["s2e_figure6", "pumpout_figure5", "tutorial_s2e_performance"])
def test_a_search_that_several_artefacts_share_is_told_as_each_declares_it(key: str) -> None:
    """Whichever of them was resolved first: one stand-in serves MNIST and CIFAR-10, and one search of it both."""
    wanted = {"s2e_figure6": "cifar10", "pumpout_figure5": "mnist", "tutorial_s2e_performance": "cifar10"}[key]
    first, last = (Suite.load(ROOT, {"scale": "smoke"}, validate=False) for _ in range(2))
    _ = last.cells
    for each in (first, last):
        said = reductions.heading(each, key)
        assert set(re.findall(r"digits for (\w+)", said)) == {wanted}, said


def test_what_one_thing_stands_for_is_said_once() -> None:
    words = ["digits for mnist", "60 of 200 epochs", "digits for cifar10", "digits for cifar100", "digits for mnist"]
    assert reductions.gathered(words) == ["digits for mnist, cifar10 and cifar100", "60 of 200 epochs"]
