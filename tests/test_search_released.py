"""What S2E released of its other searches: Hyperband's rungs, an estimator of the worst, shared optimisers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from suite_copy import ROOT, SCALE, TABLE, SuiteCopy

from lnl.declared import search_rounds
from lnl.declared.search_rounds import Length
from lnl.declared.suite import Suite
from lnl.engine.progress import unwatched
from lnl.errors import UserError
from lnl.files import sealed
from lnl.search.algorithms import build
from lnl.search.algorithms.bayesian import good
from lnl.search.history import Candidate, Round

CELL = "s2e/digits/pair-45"
FOLDER = f"results/demo/searches/{CELL}/coteaching/{{}}/seed1"


def declared(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / f"config/searches/{name}.yaml").read_text())
    return found


# ---- Hyperband -----------------------------------------------------------------------------------------------------

# Of S2E's later release at eta 2.5: candidates, and epochs that the loop trains (rounded up, the first only evaluates).
RUNGS = [[98, 39, 15, 6, 2, 2], [47, 18, 7, 2, 1], [24, 9, 3, 1], [13, 5, 2], [8, 3], [6]]
TRAINED = [2, 5, 12, 31, 79, 199]  # 200 / 2.5^5 = 2.048 -> 3, 5.12 -> 6, 12.8 -> 13, 32, 80, 200; one less each


def test_released_hyperband_has_196_candidates_and_trains_6960_epochs() -> None:
    algorithm = declared("hyperband-as-released")["algorithm"]
    length = Length(200, untrained=True)
    assert [search_rounds.rung_sizes(algorithm, bracket) for bracket in (5, 4, 3, 2, 1, 0)] == RUNGS
    planned = search_rounds.plan(algorithm, 1, 1)
    assert [len(round) for round in planned] == [196, 39 + 18 + 9 + 5 + 3, 15 + 7 + 3 + 2, 6 + 2 + 1, 2 + 1, 2]
    assert [search_rounds.until(algorithm, 2.5**-s, length) - 1 for s in (5, 4, 3, 2, 1, 0)] == TRAINED
    epochs = sum(n * e for sizes in RUNGS for n, e in zip(sizes, TRAINED[-len(sizes) :], strict=True))
    assert epochs == 6960
    spent = search_rounds.trainings(algorithm, 1, 1, length)
    assert spent == pytest.approx(6960 / 199) and round(spent) == 35


def test_rungs_as_published_lose_fewer() -> None:
    algorithm = {**declared("hyperband-as-released")["algorithm"], "rungs": "as_published"}
    assert search_rounds.rung_sizes(algorithm, 5) == [98, 39, 15, 6, 2, 1]
    assert search_rounds.rung_sizes(algorithm, 4) == [47, 18, 7, 3, 1]
    assert search_rounds.until(algorithm, 2.5**-5, Length(200, untrained=True)) == 2  # 2.048
    small = {"name": "hyperband", "eta": 3, "brackets": 3, "continue": False}
    whole = (9 / 9 + 3 / 3 + 1) + (5 / 3 + 1) + 3  # every rung pays its own share
    assert search_rounds.trainings(small, 1, 1) == pytest.approx(whole)


# ---- the Parzen estimator ------------------------------------------------------------------------------------------


def _history(rounds: int) -> list[Round]:
    """Uniform points of one number, one a round, whose score is the number itself."""
    points = np.random.default_rng(3).random(rounds)
    return [Round((Candidate((float(u),)),), (float(u),)) for u in points]


def test_the_released_estimator_looks_for_the_worst_and_the_repaired_one_for_the_best() -> None:
    pytest.importorskip("optuna")
    history = _history(36)
    worst, best = (
        np.median([build({"name": "bayesian", "form": form}, 1, 40, 1).propose(history, s)[0].u[0] for s in range(9)])
        for form in ("as_released", "tpe")
    )
    assert worst < 0.2 and best > 0.8


def test_the_estimator_starts_after_20_uniform_draws_and_is_pure() -> None:
    pytest.importorskip("optuna")
    uniform = build({"name": "random"}, 1, 40, 1)
    for form in ("as_released", "tpe"):
        running = build({"name": "bayesian", "form": form}, 1, 40, 1)
        assert running.propose(_history(19), 1) == uniform.propose(_history(19), 1)
        later = running.propose(_history(20), 1)
        assert later != uniform.propose(_history(20), 1)
        assert later == build({"name": "bayesian", "form": form}, 1, 40, 1).propose(_history(20), 1)


def test_as_many_count_as_good_as_in_hyperopt() -> None:
    """ceil(sqrt(n) / 4), 25 at most: 2 of 20, 2 of 40, 3 of 100."""
    assert [good(n) for n in (1, 16, 17, 20, 40, 100, 10_000, 40_000)] == [1, 1, 2, 2, 2, 3, 25, 25]


# ---- the walk ------------------------------------------------------------------------------------------------------


@pytest.fixture
def suite(tmp_path: Path) -> SuiteCopy:
    """A checkout whose searches take seconds: two rounds of two candidates of six epochs."""
    copy = SuiteCopy.make(tmp_path / "checkout")
    scale = {**SCALE, "search": {"rounds": 2, "samples": 2, "brackets": 2}, "search_block": 2}
    (copy.root / "config/scales/demo.yaml").write_text(yaml.safe_dump(scale))
    return copy


def _walked(suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch, name: str, cell: str = CELL) -> tuple[Suite, Any]:
    from contextlib import nullcontext

    import torch

    from lnl.declared.data_places import Places
    from lnl.run.searching.candidates import walk

    monkeypatch.chdir(suite.root)
    loaded = Suite.load(Path(), {"device": "cpu"})
    search = loaded.parse_search(f"{cell}/coteaching/{name}", 1)
    walk(
        loaded,
        search,
        Places.of(loaded.config),
        torch.device("cpu"),
        lambda: False,
        lambda title: nullcontext(unwatched),
        lambda words: None,
    )
    return loaded, search


def test_first_release_searches_and_judges_on_one_file_and_the_table_says_so(suite: SuiteCopy) -> None:
    cell = "s2e-released-iclr/digits/pair-45/s2e-sound"
    out = suite.lnl("search", cell)
    assert out.returncode == 0 and "on all images of the test file" in out.stdout, out.stderr
    table = {**TABLE, "protocol": "s2e-released-iclr", "seeds": 1}
    table["columns"] = [{"key": "s2e", "label": "S2E", "method": "s2e-sound"}]
    table["rows"] = [{"key": "pair-45", "label": "Pair-45%", "noise": "pair-45"}]
    del table["published"]
    (suite.root / "tables/small.yaml").write_text(yaml.safe_dump(table))
    assert suite.lnl("train", cell).returncode == 0
    assert suite.lnl("table", "small").returncode == 0
    page = next(suite.root.glob("results/demo/**/small.md")).read_text()
    assert (
        "†: R(t), or another searched value, was chosen by a search" in page
        and "scored on all images of the test file" in page
    )
    assert "Last-epoch accuracy (%) on the images that scored it" in page


def _pages(suite: SuiteCopy, name: str) -> list[list[dict[str, Any]]]:
    files = sorted((suite.root / FOLDER.format(name)).glob("round*/scores.json"))
    return [json.loads(file.read_text())["candidates"] for file in files]


def test_a_rung_from_scratch_trains_new_networks(suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    from lnl.run.searching.page import Page

    loaded, search = _walked(suite, monkeypatch, "hyperband-as-released")
    first, second = _pages(suite, "hyperband-as-released")
    # two brackets of eta 2.5: 3 candidates at 6 / 2.5 = 2.4 epochs, rounded up, one of which goes on; 2 fully trained
    assert [c["epochs"] for c in first] == [3, 3, 3, 6, 6] and [c["epochs"] for c in second] == [6]
    assert second[0]["continues"] is None
    winner = max(range(3), key=lambda k: first[k]["score"])
    assert second[0]["u"] == first[winner]["u"]
    before, after = Page(loaded, search, 0).run(winner), Page(loaded, search, 1).run(0)
    assert (before.seed, after.seed) == (2000 + winner, 2005)
    best = json.loads((suite.root / FOLDER.format("hyperband-as-released") / "best.json").read_text())
    assert best["trainings"] == pytest.approx(3 * 2 / 5 + 1 + 2)  # 2 of 5 trained epochs each, once again, two


def test_an_optimiser_goes_on_with_its_networks(suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import load_file

    from lnl.run.searching.page import Page
    from lnl.run.store import Store

    loaded, search = _walked(suite, monkeypatch, "weight-sharing-as-released")
    pages = [Page(loaded, search, r) for r in range(2)]
    left = [load_file(Store(loaded, page.run(i)).handover_file("final")) for page in pages for i in range(2)]
    one = int(left[0]["slot_steps"])
    assert [int(each["slot_steps"]) for each in left] == [one, 2 * one, 3 * one, 4 * one]
    keys = {key for page in pages for i in range(2) for key in loaded.spec(page.run(i).cell) if key.endswith("_of")}
    assert keys == {"networks_and_optimiser_of"}
    curves = [json.loads(Store(loaded, pages[0].run(i)).record_file.read_text())["result"]["curves"] for i in range(2)]
    assert [n[0] for n in curves[1]["test_accuracy"]] == [n[-1] for n in curves[0]["test_accuracy"]]
    # with new optimisers the second candidate, of the same networks and schedule, trains otherwise
    file = suite.root / "config/searches/weight-sharing-as-released.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "candidates": "shared"}))
    fresh, again = _walked(suite, monkeypatch, "weight-sharing-as-released")
    other = load_file(Store(fresh, Page(fresh, again, 0).run(1)).handover_file("final"))
    assert int(other["slot_steps"]) == one and not other["flat"].equal(left[1]["flat"])


def test_the_mean_of_the_distribution_can_be_trained(suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    from lnl.run.searching.chain import algorithm_of, history
    from lnl.search.files import found

    loaded, search = _walked(suite, monkeypatch, "natural-gradient-as-released")
    best = suite.root / FOLDER.format("natural-gradient-as-released") / "best.json"
    kept = sealed.read(best)
    theta = algorithm_of(loaded, search).distribution(history(loaded, search, 2), 1)
    assert theta is not None
    a, b = theta.theta[0::2], theta.theta[1::2]
    highest = np.array([1, 1, 0.5, 1, 0.5])  # of two decays' numbers, which begin at 0
    assert kept["mean"]["schedule"]["x"] == pytest.approx((highest * a / (a + b)).tolist())

    table = yaml.safe_load((suite.root / "tables/small.yaml").read_text())
    asked = {"method": "s2e", "set": {"R": {"search": "natural-gradient-as-released", "final": "mean"}}}
    table["columns"] = [{"key": "mean", "label": "S2E, mean", "variant": "mean", **asked}]
    table["rows"] = [{"key": "pair-45", "label": "Pair-45%", "noise": "pair-45"}]
    del table["published"]
    (suite.root / "tables/small.yaml").write_text(yaml.safe_dump(table))
    loaded = Suite.load(Path(), {"device": "cpu"})
    cell = loaded.parse(f"{CELL}/s2e-mean")
    told = found(loaded, cell)
    assert told is not None and told["schedule"] == kept["mean"]["schedule"] and told["final"] == "mean"

    del kept["mean"]  # a result of before there were means
    sealed.write(best, kept)
    with pytest.raises(UserError, match="made before a search told its mean; delete it: `lnl search"):
        found(loaded, cell)
    told = found(loaded, loaded.parse(f"{CELL}/s2e"))
    assert told is not None and told["schedule"] == kept["draw"]["schedule"]


@pytest.mark.parametrize(("protocol", "split"), [("s2e", "test-halves"), ("s2e-released-iclr", "none")])
def test_the_whole_test_file_scores_a_candidate(
    suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch, protocol: str, split: str
) -> None:
    from lnl.run.searching import chain
    from lnl.run.searching.page import Page
    from lnl.run.store import Trained

    file = suite.root / "config/searches/random.yaml"
    on = {"scored_on": "test-file"} if protocol == "s2e" else {}  # the released protocol says so itself
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **on}))
    monkeypatch.chdir(suite.root)
    loaded = Suite.load(Path(), {"device": "cpu", "scale": "paper"})
    search = loaded.parse_search(f"{protocol}/mnist/pair-45/coteaching/random", 1)
    spec = loaded.declared_search(search)
    assert spec.spec["scored_on"] == "test-file" and spec.candidate["split"] == split
    chain.propose(loaded, search, 0)
    curves = {"epoch": list(range(200)), "test_accuracy": [[90.0] * 200, [80.0] * 200]}
    if split == "test-halves":
        curves["validation_accuracy"] = [[94.0] * 200, [88.0] * 200]
    entry = Page(loaded, search, 0).entry(0, Trained(curves, None))
    halves = (92.0 + 84.0) / 2  # (90 + 94) / 2 and (80 + 88) / 2
    assert entry["score"] == pytest.approx(0.01 * (halves if split == "test-halves" else 85.0))
    assert entry["test"] == pytest.approx(0.85)
