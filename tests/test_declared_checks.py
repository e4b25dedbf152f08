"""Declarations held against each other before any job: names, ranges, and whatever the test of a claim needs."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from declared_datasets import DATASETS

from lnl.declared import claim_tests, distinct, formulas, search_file, search_options
from lnl.declared.artefact_checks import check_figure, check_table
from lnl.declared.protocol_checks import check_protocol, check_scale
from lnl.declared.reading import read_method, read_methods, read_yaml
from lnl.declared.schema import check
from lnl.declared.space_checks import check_space, check_synthetic
from lnl.declared.suite import Suite
from lnl.errors import UserError

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite.load(ROOT, {"scale": "paper"}, validate=False)


def refused(line: str, judge: Callable[..., Any], *words: Any) -> None:
    with pytest.raises(UserError) as caught:
        judge(*words)
    assert line in str(caught.value) and "\n" not in str(caught.value)


def set_at(tree: Any, dotted: str, value: Any) -> Any:
    """A copy of a declaration with another value at a place, or without it."""
    out = copy.deepcopy(tree)
    *parents, last = [int(part) if part.isdigit() else part for part in dotted.split(".")]
    node = out
    for part in parents:
        node = node.setdefault(part, {}) if isinstance(node, dict) else node[part]
    node[last] = value
    return out


# ---- all that is wrong with the keys of one file -------------------------------------------------------------------


def lines_about(declaration: Any, kind: str) -> list[str]:
    """What is said of a declaration, without the name of its file."""
    with pytest.raises(UserError) as caught:
        check(declaration, kind, "here.yaml")
    assert all(line.startswith("here.yaml: ") and len(line) < 300 for line in caught.value.lines)
    return [line.removeprefix("here.yaml: ") for line in str(caught.value).split("\n")]


def test_missing_and_wrong_keys_of_a_file_are_listed_together(suite: Suite) -> None:
    table = copy.deepcopy(suite.tables["s2e_figure4_mnist"])
    table["rows"][1]["lable"] = table["rows"][1].pop("label")
    table["columns"][0] |= {"set": {"tau": 1}}
    table["seeds"] = 0
    del table["title"], table["source"]
    assert lines_about(table, "table") == [
        "'title' is missing",
        "'source' is missing",
        "'seeds': 0 is below the least possible value, 1",
        "'columns[standard]': 'set' needs 'variant' beside it",
        "'rows[symmetric-50]': unknown key 'lable' (did you mean 'label'?)",
    ]


def test_a_key_that_is_written_otherwise_is_not_said_to_be_missing_as_well(suite: Suite) -> None:
    table = copy.deepcopy(suite.tables["s2e_figure4_mnist"])
    table["titel"] = table.pop("title")
    assert lines_about(table, "table") == ["unknown key 'titel' (did you mean 'title'?)"]
    found = lines_about(table | {"zzz": 1, "qqq": 2}, "table")
    assert [line.partition(";")[0] for line in found] == [
        *("unknown key 'qqq'", "unknown key 'titel' (did you mean 'title'?)", "unknown key 'zzz'"),
    ]
    assert ["keys: columns, dataset, " in line for line in found] == [False, False, True]


def test_a_key_that_stands_one_level_too_high_is_told_its_place(suite: Suite) -> None:
    table = suite.tables["s2e_figure4_mnist"]
    assert lines_about(table | {"paper": "s2e"}, "table") == ["unknown key 'paper' (it stands under 'source')"]


def test_a_value_of_the_wrong_form_is_answered_with_one_of_the_right_form(suite: Suite) -> None:
    table = set_at(suite.tables["s2e_figure4_mnist"], "tolerance", 1.0)
    row, column = table["rows"][0]["key"], table["columns"][0]["key"]
    table["published"]["values"][row][column] = "91.16 ± 0.08"
    assert lines_about(table, "table") == [
        "'tolerance': 1.0 is not a mapping of keys to values; e.g. {points: 0.7, reason: why so many}",
        f"'published.values.{row}.{column}': '91.16 ± 0.08' is not a list; e.g. [66.05, 0.61]",
    ]
    figure = next(iter(suite.figures.values())) | {"skips": "none"}
    with pytest.raises(UserError, match=r"'skips': 'none' is not a list; e.g. \[\{'row': 'pair-45', "):
        check(figure, "figure", "figures/mine.py: DEMAND")  # Python's, as its file is


@pytest.mark.parametrize("name", [file.stem for file in sorted((ROOT / "workflow/schemas").glob("*.yaml"))])
def test_examples_of_a_schema_are_as_it_says(name: str) -> None:
    whole = read_yaml(ROOT / f"workflow/schemas/{name}.yaml")

    def look(part: Any) -> None:
        if isinstance(part, dict):
            examples = part.get("examples", [])
            for one in examples if isinstance(examples, list) else []:  # else a property that is called so
                assert len(str(one)) < 90
                jsonschema.validate(one, {"$defs": whole.get("$defs", {})} | part)
            part = list(part.values())
        for each in part if isinstance(part, list) else []:
            look(each)

    look(whole)


def test_an_entry_of_a_list_is_called_by_its_key_if_it_has_one_of_its_own(suite: Suite) -> None:
    rows = [{"key": "a"}, {"key": "twice"}, {"key": "twice"}, {"key": 5, "label": "x"}, {"key": "b c d"}]
    found = lines_about(suite.tables["s2e_figure4_mnist"] | {"rows": rows}, "table")
    assert [line.partition(":")[0] for line in found] == [
        *("'rows[a]'", "'rows.1'", "'rows.2'", "'rows.4'", "'rows.3.key'"),
    ]


def test_a_key_of_another_kind_of_test_is_told_before_what_is_wrong_with_its_value() -> None:
    from lnl.declared.contents import checked

    test = {"kind": "FALL", "a": "ours", "margin": 5, "by": 5}
    claim = {"key": "mine-01", "where": "x", "claim": "x", "cores": "yes", "cells": {"ours": {}}, "test": test}
    printed = {"key": "mine-02", "where": "x", "claim": "x", "cores": "yes", "printed": [{"kind": "GT", "low": "x"}]}
    with pytest.raises(UserError) as caught:
        checked({"title": "x", "claims": [claim, printed]}, "claims", "claims/mine.yaml")
    first, second = caught.value.lines
    assert first.startswith("claims/mine.yaml, claim 'mine-01', test FALL: takes no 'by' (")
    assert second.startswith("claims/mine.yaml, claim 'mine-02', printed GT: takes no 'low' (")
    del test["by"], test["margin"]
    with pytest.raises(UserError, match=r"'claims\[mine-01\].test.margin': 'x' is not a number"):
        checked({"title": "x", "claims": [claim | {"test": test | {"margin": "x"}}]}, "claims", "claims/mine.yaml")
    for strange in (None, [], {"claims": 3}, {"claims": [None, {"key": [], "test": [5, {"kind": []}, {}]}]}):
        with pytest.raises(UserError, match=r"^claims/mine.yaml: "):
            checked(strange, "claims", "claims/mine.yaml")


def test_a_list_of_what_is_wrong_ends_where_a_terminal_does(suite: Suite) -> None:
    table = suite.tables["s2e_figure4_mnist"] | {"rows": [{"key": f"row{i}"} for i in range(40)]}
    found = lines_about(table, "table")
    assert len(found) == 12 and found[0] == "'rows[row0]': 'label' is missing" and found[-1] == "and 29 more"


def test_a_spec_lists_all_that_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text('SPEC = {"key": "mine", "networks": 0}\n')
    with pytest.raises(UserError) as caught:
        read_method(tmp_path / "mine.py", lambda spec, where: check(spec, "method", where))
    wanted = [f"'{key}' is missing" for key in ("title", "version", "parameters", "paper")]
    wanted.append("'networks': 0 is below the least possible value, 1")
    assert list(caught.value.lines) == [f"{tmp_path}/mine.py: SPEC: {line}" for line in wanted]
    with pytest.raises(UserError) as caught:
        read_methods(tmp_path)  # as a job does, which asks for less
    assert ["'title'" in line for line in caught.value.lines] == [True, False, False]


# ---- what two modules say alike ------------------------------------------------------------------------------------


def test_names_that_are_checked_without_their_modules_are_theirs() -> None:
    from lnl.learning.curves import FORMULAS
    from lnl.results.claims import estimates, identities, measured, printed, words

    assert {name: formula.numbers for name, formula in FORMULAS.items()} == dict(formulas.NUMBERS)
    known = {*claim_tests.OF_RUNS, *claim_tests.OF_SEARCHES}
    assert known == set(words.QUANTITIES)
    assert set(claim_tests.POINTS) == set(words.POINTS)
    assert set(claim_tests.IDENTITIES) == set(identities.IDENTITIES)
    assert set(claim_tests.ESTIMATES) == set(estimates.QUANTITIES)
    assert set(claim_tests.KINDS) == set(measured._MAKERS) == set(words._TEMPLATES)
    assert set(claim_tests.PRINTED) == set(printed._KINDS)


def test_names_of_rules_are_those_of_the_workflow() -> None:
    files = [ROOT / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]
    assert set(distinct.RULES) == {
        name for file in files for name in re.findall(r"^rule (\w+):", file.read_text(), re.M)
    }


# ---- numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("epochs", 200.0, "'epochs': 200.0 is written as a fraction, and a whole number is wanted: write 200"),
        ("epochs", 10_000_000, "above the largest possible value, 10,000"),
        ("batch.size", 1e30, "'batch.size': 1e+30 is written as a fraction"),
        ("noise.seed", 2**40, "above the largest possible value"),
        ("noise.seed", -1, "below the least possible value, 0"),
        ("optimiser.lr", float("inf"), "inf is no finite number"),
        ("optimiser.lr", "1e-3", "a number has no quotes, and 1e-3 is written 1.0e-3"),
        ("optimiser.lr", 0, "below the least possible value"),
        ("optimiser.beta1", 1.0, "not below 1"),
        ("optimiser.beta2", -0.1, "below the least possible value, 0"),
        ("optimiser.eps", 0, "below the least"),
        ("optimiser.momentum", 1.5, "not below 1"),
        ("optimiser.factor", 3, "above the largest possible value, 1"),
        ("optimiser.weight_decay", 1e9, "above the largest possible value, 1"),
        ("optimiser.milestones", [0.5], "'optimiser.milestones.0': 0.5 is not a whole number"),
        ("optimiser.decay_start", None, "None is not a whole number"),
        ("network_options.dropuot", "none", "unknown key 'dropuot' (did you mean 'dropout'?)"),
        ("datasets.mnist.batch.size", 0, "'datasets.mnist.batch.size': 0 is below"),
        ("runtime.mnist.cpu_minuts", 3, "unknown key 'cpu_minuts' (did you mean 'cpu_minutes'?)"),
        ("title", " ", "'title': is empty; it needs a text"),
    ],
)
def test_a_number_of_a_protocol_is_whole_finite_and_in_range(key: str, value: Any, line: str) -> None:
    declared = set_at(read_yaml(ROOT / "config/protocols/s2e.yaml"), key, value)
    refused(line, check, declared, "protocol", "config/protocols/s2e.yaml")


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("optimiser.schedule", "steps", "'optimiser.milestones' is missing"),
        ("optimiser.milestones", [100, 50], "[100, 50] do not follow each other"),
        ("optimiser.milestones", [100, 250], "250, and the training ends after 200 epochs"),
        ("optimiser.decay_start", 200, "200, and the training ends after 200 epochs"),
        ("optimiser.nesterov", True, "'optimiser.nesterov' needs a 'momentum' above 0"),
        ("datasets.mnst", {"network": "mlp"}, "unknown data set 'mnst' (did you mean 'mnist'?"),
        ("datasets.mnist.network", "mpl", "unknown network 'mpl' (did you mean 'mlp'?"),
        ("runtime.mnst", {}, "unknown data set of this protocol 'mnst'"),
        ("split", "own", "mnist has no validation images of its own"),
        ("epochs", 1, "datasets, mnist: 'epochs': 1, and with untrained_epoch: true the first one only evaluates"),
        ("datasets.cifar10.epochs", 1, "datasets, cifar10: 'epochs': 1, and with untrained_epoch: true"),
    ],
)
def test_values_of_a_protocol_go_together(key: str, value: Any, line: str) -> None:
    refused(line, check_protocol, "s2e", set_at(read_yaml(ROOT / "config/protocols/s2e.yaml"), key, value), DATASETS)


def test_a_training_of_nothing_is_refused_wherever_it_is_asked_for() -> None:
    own = Suite.load(ROOT, {"scale": "paper"}, validate=False)
    at = {"protocol": "s2e", "dataset": "mnist", "noise": "pair-45", "method": "coteaching"}
    refused("here: 'epochs': 1, and with", own.resolved, at, {"protocol.epochs": 1}, "here")
    alone = own.resolved(at, {"protocol.epochs": 1, "protocol.untrained_epoch": False}, "here")
    assert (alone["epochs"], alone["untrained_epoch"]) == (1, False)
    own.scales["paper"] = {**own.scales["paper"], "epochs": 1}
    refused("here, at scale paper: 'epochs': 1, and with", own.resolved, at, {"protocol.split": "none"}, "here")


def test_a_scale_names_what_there_is(suite: Suite) -> None:
    demo = suite.scales["demo"]
    for key, value, line in (
        ("stand_ins.datasets.mnst", "digits", "unknown data set 'mnst'"),
        ("stand_ins.datasets.mnist", "digit", "did you mean 'digits'?"),
        ("stand_ins.networks.mlp", "digits_mpl", "did you mean 'digits_mlp'?"),
        ("stand_ins.networks.mlp", {"mnst": "digits_mlp"}, "unknown data set 'mnst'"),
        ("searched_at", "lit", "unknown scale 'lit' (did you mean 'lite'?"),
        ("searched_at", "transfer", "transfer uses the searches of another scale itself"),
    ):
        refused(line, check_scale, "demo", set_at(demo, key, value), suite.scales, DATASETS)


# ---- searches, spaces, the synthetic experiment --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "key", "value", "line"),
    [
        ("random", "rounds", 5000, "5000 rounds of 20 are 100,000 candidates; a search has at most 10,000"),
        ("hyperband", "algorithm.brackets", 15, "are 11,",),
        ("random", "datasets.cifr10", {"samples": 2}, "unknown data set 'cifr10' (did you mean 'cifar10'?"),
        ("natural-gradient-as-released", "datasets.cifar10.algorithm.name", "random", "one search has one algorithm"),
        ("gamma-grid", "parameter", "gama", "unknown parameter of a method 'gama' (did you mean 'gamma'?"),
    ],
)  # fmt: skip
def test_a_search_can_be_paid_for_and_is_of_something(suite: Suite, name: str, key: str, value: Any, line: str) -> None:
    changed = set_at(suite.searches[name], key, value)
    refused(line, search_file.check, name, changed, suite.spaces, suite.methods, DATASETS)


def test_only_hyperband_whose_rounds_follow_from_its_options_needs_no_budget(suite: Suite) -> None:
    def without(name: str) -> dict[str, Any]:
        return {key: value for key, value in suite.searches[name].items() if key not in ("rounds", "samples")}

    check(without("hyperband"), "search", "here.yaml")
    search_file.check("hyperband", without("hyperband"), suite.spaces, suite.methods, DATASETS)
    other = Suite.load(ROOT, {"scale": "paper"}, validate=False)
    other.searches["hyperband"] = without("hyperband")
    search = other.parse_search("s2e/mnist/symmetric-50/s2e/hyperband", 1)
    assert other.declared_search(search).spec == suite.declared_search(search).spec  # and so the same digest
    assert lines_about(without("random"), "search") == ["'rounds' is missing", "'samples' is missing"]


def test_a_default_that_a_method_cannot_have_is_no_fault_of_a_search_that_names_another_parameter(suite: Suite) -> None:
    wrong = set_at(suite.methods["pumpout-sl"], "ranges.gamma", [5, 6])
    wrong = set_at(wrong, "parameters.gamma", 0.5)
    declared = suite.searches["gamma-grid"]
    search_file.check("gamma-grid", declared, suite.spaces, {"pumpout-sl": wrong}, DATASETS)
    sound = set_at(wrong, "parameters.gamma", 5.5)  # whose values then are what is wrong
    refused("gamma-grid.yaml: values", search_file.check, "gamma-grid", declared, suite.spaces, {"x": sound}, DATASETS)


def test_an_option_of_an_algorithm_is_a_number_that_one_can_wait_for() -> None:
    for option, value, line in (
        ("fisher_samples", 10_000_000, "'fisher_samples' is a number in (0, 1e+06], not 10000000"),
        ("fisher_samples", 100.0, "is a whole number, written without a point"),
        ("step", float("nan"), "'step' is a number in (0, 1e+06], not nan"),
        ("form", ["as_released"], "unknown form"),
    ):
        declared = {"name": "natural-gradient", "form": "as_released", option: value}
        refused(line, search_options.resolved, declared)


def test_a_space_has_the_numbers_of_its_formula_the_right_way_round(suite: Suite) -> None:
    for key, value, line in (
        ("formula", "two_decay", "unknown formula 'two_decay' (did you mean 'two_decays'?"),
        ("coordinates.0.count", 3, "two_decays takes 5 numbers, 7 declared"),
        ("coordinates.0.range", [1, 0], "the range starts at 1 and ends at 0"),
        ("coordinates.1.name", "w", "two coordinates are called 'w'"),
        ("clip", [0.9, 0.1], "'clip' is null or two shares, the lower one first"),
    ):
        refused(line, check_space, "two-decays", set_at(suite.spaces["two-decays"], key, value))


def test_a_schedule_is_one_that_can_be_evaluated() -> None:
    good = {"formula": "coteaching_tau", "clip": [0.01, 1.0], "x": [0.5]}
    formulas.check_schedule(good, "here")
    for key, value, line in (
        ("formula", "coteaching_tua", "did you mean 'coteaching_tau'?"),
        ("x", [0.5, 0.5], "coteaching_tau takes a list of 1 numbers"),
        ("x", [float("nan")], "nan in 'x' is no number"),
        ("x", ["a"], "'a' in 'x' is no number"),
        ("clip", [0, 2], "'clip' is null or two shares"),
        ("xs", 1, "unknown key of R 'xs'"),
    ):
        refused(line, formulas.check_schedule, {**good, key: value}, "here")
    refused("the schedule R lacks 'clip'", formulas.check_schedule, {"formula": "free", "x": []}, "here")


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("studies.spaces.target", "insde", "unknown target 'insde' (did you mean 'inside'?"),
        ("studies.spaces.budget", "publishd", "unknown budget"),
        ("studies.spaces.arms.free.space", "fre", "unknown search space 'fre'"),
        ("studies.spaces.arms.free.algorithm", "randm", "unknown algorithm 'randm'"),
        ("studies.quadratic.arms.random.space", "free", "has 5 numbers, a point of space 'free' has 200"),
        ("targets.late-rise.points.t", [0, 1], "has 2 epochs t and 9 values R"),
        ("targets.inside.x", [1.0], "two_decays takes a list of 5 numbers"),
        ("algorithms.random.algorithm.setp", 1, "unknown option 'setp'"),
        ("budgets.long.rounds", 9000, "90,000 candidates"),
    ],
)
def test_a_study_names_what_there_is(suite: Suite, key: str, value: Any, line: str) -> None:
    refused(line, check_synthetic, set_at(suite.synthetic, key, value), suite.spaces)


# ---- tables and figures --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "key", "value", "line"),
    [
        ("tutorial_rt", "rows.1.key", "symmetric-20-tk5", "two rows have the key 'symmetric-20-tk5'"),
        ("tutorial_rt", "published.values.symetric", {}, "published: unknown row 'symetric'"),
        ("tutorial_rt", "published.values.symmetric-20-tk5.c3", [1.0], "unknown column 'c3'"),
        ("tutorial_rt", "skips", [{"row": "x", "reason": "because"}], "skips: unknown row 'x'"),
        ("tutorial_rt", "skips", [{"row": ["pair-45-tk5", "x"], "reason": "because"}], "skips: unknown row 'x'"),
        (
            "tutorial_rt",
            "skips",
            [{"row": ["pair-45-tk5", "pair-45-tk5"], "reason": "because"}],
            "that another skip names",
        ),
        ("tutorial_rt", "rows.0.network", "mlp", "'network' has no use in an artefact of kind accuracy"),
        ("tutorial_datasets", "columns.0.key", "trian", "did you mean 'train'?"),
        ("tutorial_datasets", "rows.0.dataset", "mnst", "did you mean 'mnist'?"),
        ("tutorial_networks", "columns.0.options", {"dropuot": "none"}, "did you mean 'dropout'?"),
        ("tutorial_networks", "parameters.values.mnst", 1, "parameters: unknown column 'mnst'"),
        ("tutorial_prior_work", "rows.0.key", "small_los", "did you mean 'small_loss'?"),
        ("tutorial_prior_work", "published.values.sgd.mentornet", "yes", 'is "YES" or "NO", in quotes'),
    ],
)
def test_a_table_has_a_place_for_what_it_prints(suite: Suite, name: str, key: str, value: Any, line: str) -> None:
    refused(line, check_table, suite, name, set_at(suite.tables[name], key, value))


@pytest.mark.parametrize(
    ("name", "key", "value", "line"),
    [
        ("s2e_figure6", "rows.1.key", "symmetric-20", "two rows have the key 'symmetric-20'"),
        ("s2e_figure6", "rows.1.set", {"tau": 1}, "'set' has no use in an artefact of kind searches"),
        ("s2e_figure3", "studies", ["space"], "unknown study 'space' (did you mean 'spaces'?"),
        ("s2e_figure3", "seeds", 3, "a figure of kind synthetic has no 'seeds'"),
        ("s2e_figure4", "studies", ["spaces"], "'studies' belongs to figures of kind synthetic"),
    ],
)
def test_a_figure_asks_for_what_its_kind_draws(suite: Suite, name: str, key: str, value: Any, line: str) -> None:
    refused(line, check_figure, suite, name, set_at(suite.figures[name], key, value))


def test_an_artefact_has_a_name_of_its_own() -> None:
    for sources, line in (
        ([("x", "tables/x.yaml", "p"), ("x", "figures/x.py", "p")], "there is an artefact 'x' already, tables/x.yaml"),
        ([("x", "tables/x.yaml", "p"), ("y", "tables/y.yaml", "x")], "'x' is the name of another paper as well"),
        ([("x", "tables/x.yaml", "x"), ("x", "figures/x.py", "x")], "there is an artefact 'x' already, tables/x.yaml"),
        ([("train", "tables/train.yaml", "p")], "'train' is the name of a rule"),
        ([("x", "tables/x.yaml", "report")], "'report' is the name of a rule"),
    ):
        refused(line, distinct.check_artefacts, sources)
    distinct.check_artefacts([("x", "tables/x.yaml", "x"), ("x_claims", "claims/x.yaml", "x")])  # its own paper's


def test_a_file_that_ends_in_another_way_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "mine.yml").touch()
    refused("tables/mine.yml: declarations end in .yaml; rename it to mine.yaml", distinct.check_files, tmp_path)
