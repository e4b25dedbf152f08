"""A parameter chosen from a declared list on held-out noisy examples: what is held out, what wins, what goes wrong."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pytest
import torch
import yaml
from suite_copy import SCALE, TABLE, SuiteCopy

from lnl.data.splits import noisy_hold_out
from lnl.declared import dependencies, reductions, searches
from lnl.declared.cells import Run, Search
from lnl.declared.data_places import Places
from lnl.declared.dependencies import handover_points
from lnl.declared.suite import Suite
from lnl.engine.build import training
from lnl.engine.data import DeviceData
from lnl.engine.loop import Training
from lnl.engine.method import Method, Stream
from lnl.engine.progress import unwatched
from lnl.errors import UserError
from lnl.files import sealed
from lnl.render.compare import lines
from lnl.render.notes import notes
from lnl.results.claims import search_values
from lnl.run.inputs import prepare, problem
from lnl.run.job import job
from lnl.run.searching.candidates import walk
from lnl.run.searching.page import Page
from lnl.run.store import Store

AT = "coteaching/digits/symmetric-20"  # a protocol without validation images
LIST = {
    "title": "tau from a list",
    "source": "a test",
    "parameter": "tau",
    "values": [0, 1.0, 2.5, 4.0],
    "scored_on": "noisy-hold-out",
    "hold_out": 0.1,
    "candidates": "paired",
    "final": "best",
}
TUNED = {"key": "tuned", "label": "tau tuned", "method": "coteaching", "variant": "tuned"}
CPU = torch.device("cpu")


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SuiteCopy:
    """A checkout with one table, whose only cell trains Co-teaching with a tau from LIST."""
    copy = SuiteCopy.make(tmp_path / "checkout")
    table = {k: v for k, v in TABLE.items() if k not in ("published", "joins")} | {"protocol": "coteaching", "seeds": 1}
    table["rows"] = [{"key": "sym", "label": "Symmetry", "noise": "symmetric-20"}]
    table["columns"] = [TUNED | {"set": {"tau": {"search": "tau-list"}}}]
    (copy.root / "tables/small.yaml").write_text(yaml.safe_dump(table))
    scale = SCALE | {"search": {"rounds": 2, "samples": 3}, "batch_size": 16}
    (copy.root / "config/scales/demo.yaml").write_text(yaml.safe_dump(scale))
    _declare(copy)
    monkeypatch.chdir(copy.root)
    return copy


def _declare(copy: SuiteCopy, name: str = "tau-list", **changes: Any) -> None:
    declared = {k: v for k, v in (LIST | changes).items() if v is not None}
    (copy.root / f"config/searches/{name}.yaml").write_text(yaml.safe_dump(declared))


def _ask(copy: SuiteCopy, **values: Any) -> None:
    """The table's column with these parameters instead."""
    table = yaml.safe_load((copy.root / "tables/small.yaml").read_text())
    table["columns"] = [TUNED | {"set": values}]
    (copy.root / "tables/small.yaml").write_text(yaml.safe_dump(table))


def _load(**config: Any) -> Suite:
    return Suite.load(Path(), {"device": "cpu", **config})


def _walk(suite: Suite, search: Search) -> None:
    bar = lambda title: nullcontext(unwatched)  # noqa: E731
    walk(suite, search, Places.of(suite.config), CPU, lambda: False, bar, lambda words: None)


def _searched(**config: Any) -> tuple[Suite, Search]:
    """The search behind the table, walked to its end."""
    suite = _load(**config)
    [search] = dependencies.searches(suite, "small")
    _walk(suite, search)
    return suite, search


def _files(search: Search) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    folder = Path(f"results/demo/searches/{search.id}/seed{search.seed}")
    return json.loads((folder / "best.json").read_text()), json.loads((folder / "round1/scores.json").read_text())[
        "candidates"
    ]


def _result(suite: Suite, run: Run) -> dict[str, Any]:
    return dict(json.loads(Store(suite, run).record_file.read_text())["result"])


def _built(suite: Suite, search: Search, index: int) -> Training:
    return prepare(suite, [Page(suite, search, 0).run(index)], Places.of(suite.config), CPU, "single", ())[0]


# ---- from the list to the run ----------------------------------------------------------------------------------------


def test_the_value_with_the_best_held_out_accuracy_is_trained(copy: SuiteCopy) -> None:
    suite, search = _searched()
    best, candidates = _files(search)
    assert [c["value"] for c in candidates] == LIST["values"]  # no scale cuts a declared list
    for index, candidate in enumerate(candidates):
        found = _result(suite, Page(suite, search, 0).run(index))
        last = [network[-1] for network in found["curves"]["validation_accuracy"]]
        assert candidate["score"] == pytest.approx(sum(last) / 200) and found["spec"]["split"] == "noisy-hold-out"
    assert len({c["score"] for c in candidates}) > 1
    winner = max(candidates, key=lambda c: c["score"])
    assert best["parameter"] == "tau" and best["best"]["value"] == winner["value"]
    assert best["scores"] == [[c["value"], c["score"]] for c in candidates]

    [run] = suite.demand("small")
    job(suite, run, Places.of(suite.config), "cpu", lambda: False, unwatched, None, handover_points(suite, run))
    result = _result(suite, run)
    searched = result["searched"]
    assert (searched["parameter"], searched["value"], searched["score"]) == ("tau", winner["value"], winner["score"])
    assert searched["scores"] == best["scores"]
    assert result["spec"]["split"] == "none" and "hold_out" not in result["spec"]  # it trains on everything
    assert result["curves"]["schedule"][-1] == pytest.approx(1 - 0.2 * winner["value"])
    scale = reductions.comparable(suite, "small")
    said = dict(notes(suite.tables["small"], lines(suite, "small"), "small", scale, suite.datasets))["Search"]
    assert f"Chosen: Symmetry, tau tuned: tau = {winner['value']}." in said
    assert any("tau among 0, 1.0, 2.5, 4.0, scored by the given labels of a noisy hold-out" in line for line in said)


def test_another_choice_trains_the_run_again_and_a_longer_list_only_what_is_new(copy: SuiteCopy) -> None:
    suite, search = _searched()
    [run] = suite.demand("small")
    first = Store(suite, run).key
    _declare(copy, values=[*LIST["values"], 0.5])
    times = {f: f.stat().st_mtime_ns for f in Path().glob("results/demo/store/**/record-*.json")}
    suite, search = _searched()
    records = list(Path().glob("results/demo/store/**/record-*.json"))
    assert len(records) == len(times) + 1 and {f: f.stat().st_mtime_ns for f in times} == times
    file = Path(f"results/demo/searches/{search.id}/seed1/best.json")
    best = sealed.read(file)
    other = next(value for value in LIST["values"] if value != best["best"]["value"])
    before = Store(suite, run).key
    sealed.write(file, best | {"best": best["best"] | {"value": other}})
    assert len({first, before, Store(suite, run).key}) == 3


def test_the_first_of_equal_values_wins(copy: SuiteCopy) -> None:
    from lnl.run.searching import chain

    suite, search = _searched()
    file = Path(f"results/demo/searches/{search.id}/seed1/round1/scores.json")
    page = sealed.read(file)
    for candidate, score in zip(page["candidates"], (0.3, 0.7, None, 0.7), strict=True):
        candidate["score"] = score
    sealed.write(file, page)
    chain.conclude(suite, search)
    best, _ = _files(search)
    assert best["best"]["value"] == 1.0 and best["diverged"] == 1 and best["scores"][2] == [2.5, None]


def test_the_last_ten_trained_epochs_score_a_candidate(copy: SuiteCopy) -> None:
    _declare(copy, statistic="last10_mean", values=[0, 1.0])
    suite, search = _searched()
    _, candidates = _files(search)
    curve = _result(suite, Page(suite, search, 0).run(1))["curves"]["validation_accuracy"]
    assert len(curve[0]) == 6  # the first of them is of the untrained networks
    assert candidates[1]["score"] == pytest.approx(np.mean([network[1:] for network in curve]) / 100)


def test_a_stack_of_values_finds_the_same(copy: SuiteCopy) -> None:
    suite, search = _searched()
    _, alone = _files(search)
    scale = yaml.safe_load(Path("config/scales/demo.yaml").read_text()) | {"mode": {"cpu": "stacked"}}
    Path("config/scales/demo.yaml").write_text(yaml.safe_dump(scale))
    Path("results").rename("alone")
    suite, search = _searched()
    assert searches.blocks(suite, search, 0) == [range(4)]
    assert _files(search)[1] == alone


def test_a_parameter_that_a_loss_reads_is_never_stacked(copy: SuiteCopy) -> None:
    """A stack has one loss, that of its first run: all candidates would be the first."""
    scale = yaml.safe_load(Path("config/scales/demo.yaml").read_text()) | {"mode": {"cpu": "stacked"}}
    Path("config/scales/demo.yaml").write_text(yaml.safe_dump(scale))
    file = Path("methods/coteaching.py")
    file.write_text(
        file.read_text().replace("losses = cross", 'assert self.parameters["tau"] >= 0\n        losses = cross')
    )
    suite = _load()
    [search] = dependencies.searches(suite, "small")
    assert searches.mode(suite, search) == "single" and len(searches.blocks(suite, search, 0)) == 4


def test_what_extends_a_method_is_searched_with_its_own_parameters(copy: SuiteCopy) -> None:
    spec = {"key": "steep", "title": "Steep", "version": 1, "extends": "coteaching"}
    spec["parameters"] = {"c": 3.0, "tau": {"search": "tau-list"}}  # type: ignore[assignment]
    Path("methods/steep.py").write_text(f"SPEC = {spec!r}\n")
    suite = _load()
    cell = suite.parse(f"{AT}/steep")
    search = searches.search_of(suite, cell)
    assert search is not None and search.method == "steep"
    assert suite.declared_search(search).candidate["method"]["parameters"]["c"] == 3.0
    assert suite.parse_search(f"{AT}/steep/tau-list", 1) == search
    assert searches.search_of(suite, suite.parse("s2e/digits/symmetric-20/s2e")).method == "coteaching"  # type: ignore[union-attr]


def test_the_rules_walk_it(copy: SuiteCopy) -> None:
    jobs = copy.jobs("small")
    assert {k: jobs[k] for k in ("propose", "candidates", "scores", "best", "train")} == {
        "propose": 1,
        "candidates": 4,
        "scores": 1,
        "best": 1,
        "train": 1,
    }


# ---- what is held out ------------------------------------------------------------------------------------------------


def test_held_out_examples_are_judged_by_given_labels_and_never_trained_on(copy: SuiteCopy) -> None:
    suite, search = _searched()
    trained, held = [], []
    for index in range(2):
        built = _built(suite, search, index)
        known = problem(suite, Page(suite, search, 0).run(index), Places.of(suite.config), CPU)
        assert known.data.held_out is not None
        held.append(known.data.held_out)
        visited = set()
        for epoch in (1, 2, 3):
            built.begin_epoch(epoch)
            visited |= set(built.batches.order.tolist())
        trained.append(visited)
        _, labels = built.data.parts["validation"]
        given = torch.from_numpy(np.array(known.given))[known.data.held_out]
        assert torch.equal(labels, given) and not torch.equal(labels, known.data.true[known.data.held_out])
        assert len(built.data.parts["test"][1]) == len(
            problem(suite, suite.demand("small")[0], Places.of({}), CPU).data.parts["test"][1]
        )
    assert torch.equal(held[0], held[1]) and trained[0] == trained[1]
    assert not trained[0] & set(held[0].tolist())
    assert len(held[0]) == round(0.1 * len(known.given)) and len(trained[0]) > 0.85 * len(known.given)
    assert not torch.equal(
        held[0], problem(suite, Page(suite, *_proposed(suite, search, 2)).run(0), Places.of({}), CPU).data.held_out
    )


def _proposed(suite: Suite, search: Search, seed: int) -> tuple[Search, int]:
    from lnl.run.searching import chain

    other = replace(search, seed=seed)
    chain.propose(suite, other, 0)
    return other, 0


class Trusting(Method):
    """Asks for trusted examples, some of which stay in the training set."""

    def streams(self) -> dict[str, Stream]:
        return {"out": Stream(20, 4), "within": Stream(40, 4, held_out=False)}


def test_trusted_examples_are_not_taken_from_what_is_held_out() -> None:
    arrays = helpers.arrays()
    given = np.array(arrays.train_labels)
    data = DeviceData.load(arrays, "none", CPU, None)
    held = noisy_hold_out(len(given), 0.5, "prototypes", 1)
    data = data.hold_out(torch.from_numpy(held), torch.from_numpy(given), None)
    transition = torch.eye(helpers.CLASSES)
    built = training(helpers.spec(), Trusting, data, [given], 0.2, transition, [1])
    [run] = built.runs
    taken = {name: set(places.tolist()) for name, places in run.trusted.items()}
    rest = set(range(len(given))) - set(held.tolist())
    assert taken["out"] <= rest and taken["within"] <= rest
    assert set(run.train_index.tolist()) == rest - taken["out"]


def test_the_draw_is_named_by_data_set_share_and_seed() -> None:
    held = noisy_hold_out(1000, 0.1, "digits", 1)
    assert len(set(held.tolist())) == 100 and held.min() >= 0 and held.max() < 1000 and (np.diff(held) > 0).all()
    assert np.array_equal(held, noisy_hold_out(1000, 0.1, "digits", 1))
    for other in (("mnist", 1), ("digits", 2)):
        assert not np.array_equal(held, noisy_hold_out(1000, 0.1, *other))
    counts = np.zeros(1000)
    for seed in range(400):
        counts[noisy_hold_out(1000, 0.1, "digits", seed)] += 1
    assert counts.mean() == 40 and abs(counts.std() - 6) < 0.6  # binomial: sqrt(400 · 0.1 · 0.9)


def test_a_schedule_may_be_scored_on_held_out_noisy_examples_too(copy: SuiteCopy) -> None:
    declared = yaml.safe_load(Path("config/searches/tau-grid.yaml").read_text())
    on = {"scored_on": "noisy-hold-out", "hold_out": 0.25}
    Path("config/searches/held.yaml").write_text(yaml.safe_dump(declared | on))
    _ask(copy, R={"search": "held"})
    suite, search = _searched()
    best, candidates = _files(search)
    assert best["best"]["score"] == max(c["score"] for c in candidates) and "schedule" in best["best"]
    assert len(_built(suite, search, 0).data.parts["validation"][1]) == round(1197 / 4)


# ---- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": []}, "'values'"),
        ({"values": [0, 1, 0]}, "'values'"),
        ({"values": [{"a": 1}]}, "'values.0'"),
        ({"hold_out": 0}, "'hold_out'"),
        ({"hold_out": 0.51}, "'hold_out'"),
        ({"hold_out": None}, "'hold_out' is missing"),
        ({"scored_on": None}, "'hold_out' goes with scored_on: noisy-hold-out"),
        ({"scored_on": None, "hold_out": None}, "scored_on: noisy-hold-out"),
        ({"space": "two-decays"}, "'space' and 'values' exclude each other"),
        ({"samples": 3}, "'samples' and 'values' exclude each other"),
        ({"values": None}, "missing"),
        ({"parameter": None}, "'parameter' is missing"),
        ({"parameter": "R"}, "R is searched over a space"),
        ({"final": "draw"}, "'final': 'draw' is not one of best"),
        ({"candidates": "shared"}, "'candidates': 'shared' is not one of paired, own"),
        ({"statistic": "best"}, "'statistic': 'best' is not one of final, last10_mean"),
        ({"parameter": "taau"}, "unknown parameter of a method 'taau' (did you mean 'tau'?"),
        ({"parameter": "c"}, "no file of config/searches has `parameter: tau`"),
        ({"values": [0, "much"]}, "values: tau = 'much'; coteaching takes a number there"),
    ],
)
def test_a_bad_search_is_one_line_before_any_job(copy: SuiteCopy, changes: dict[str, Any], message: str) -> None:
    _declare(copy, **changes)
    with pytest.raises(UserError) as error:
        dependencies.check(_load())
    listed = str(error.value).splitlines()  # of missing keys a line each
    assert message in str(error.value) and (len(listed) == 1 or all(line.endswith(" is missing") for line in listed))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"tau": {"search": "natural-gradient-as-released"}},
            "search 'natural-gradient-as-released' is one of R, not of tau; searches of tau: tau-list",
        ),
        ({"R": {"search": "tau-list"}}, "search 'tau-list' is one of tau, not of R; searches of R: "),
        ({"tau": {"search": "tau-lost"}}, "did you mean 'tau-list'?"),
        ({"tau": {"search": "tau-list", "final": "best"}}, "unknown key of tau 'final'"),
        ({"tau": {"search": "tau-list", "seed": -1}}, "tau's seed is a whole number"),
        ({"tau": {"serch": "tau-list"}}, "tau is a value or {search: <name>}"),
        ({"tau": {"search": "tau-list"}, "R": {"search": "random"}}, "tau and R are both searched"),
        ({"rounding": {"search": "roundings"}}, "rounding = 'up'; coteaching knows floor, ceil"),
        ({"tua": {"search": "tau-list"}}, "unknown parameter of coteaching 'tua'"),
    ],
)
def test_a_bad_demand_is_one_line_before_any_job(copy: SuiteCopy, values: dict[str, Any], message: str) -> None:
    if "rounding" in values:
        _declare(copy, "roundings", parameter="rounding", values=["floor", "up"])
    _ask(copy, **values)
    with pytest.raises(UserError) as error:
        dependencies.check(_load())
    assert message in str(error.value) and len(str(error.value).splitlines()) == 1


def test_a_method_that_has_a_searched_parameter_takes_no_second_search(copy: SuiteCopy) -> None:
    file = Path("methods/mentornet.py")
    file.write_text(file.read_text().replace('"tau": 1.0,', '"tau": {"search": "tau-list"},'))
    with pytest.raises(UserError, match=r"tau of mentornet is searched as well as R; .* give tau a value"):
        _load().parse_search("s2e/digits/pair-45/mentornet/random", 1)
    with pytest.raises(UserError, match="standard has no parameter tau that could be searched; methods that have: "):
        _load().parse_search(f"{AT}/standard/tau-list", 1)


def test_a_method_that_reads_another_runs_networks_is_not_searched(copy: SuiteCopy) -> None:
    file = Path("methods/mentornet.py")
    needed = '"networks": 1,\n    "handovers": {"base": ["standard", "final"]},'
    file.write_text(file.read_text().replace('"networks": 1,', needed))
    with pytest.raises(UserError, match="mentornet begins with another run's networks"):
        _load().parse_search(f"{AT}/mentornet/tau-list", 1)


def test_claims_ask_a_search_of_values_for_scores_and_not_for_schedules(copy: SuiteCopy) -> None:
    suite, search = _searched()
    result, state = search_values.searched(suite, search)
    assert state == "" and result is not None
    best, candidates = _files(search)
    assert search_values.value(result, "best_score") == pytest.approx(100 * best["best"]["score"])
    assert search_values.first_scores(result) == {(c["value"],): c["score"] for c in candidates}
    spent, so_far = search_values.curve(result)
    assert spent.tolist() == [1, 2, 3, 4] and so_far[-1] == pytest.approx(100 * best["best"]["score"])
    with pytest.raises(UserError, match="finds a value, no schedule"):
        search_values.value(result, "late_rise")
