"""Claims about searches: what is read from their files, what is compared at equal cost, what a page demands."""

import json
import math
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from lnl.declared import dependencies, paths, searches
from lnl.declared.claims import Place, demanded, places, studied
from lnl.declared.schema import check
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.results.claims import identities, measured_searches
from lnl.results.claims.evidence import Repeats, gather, values
from lnl.results.claims.printed import Comparison
from lnl.results.claims.verdicts import judge
from lnl.run.searching import chain
from lnl.search.files import write

RELEASED = "natural-gradient-as-released"  # S2E's search

ROOT = Path(__file__).parent.parent
AT = {"protocol": "s2e", "dataset": "cifar10", "method": "coteaching"}


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """Five repeats of everything at demo scale, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Suite.load(ROOT, {"scale": "demo", "seeds": 5}, validate=False)


def walk(suite, search, score):
    """All files of a search whose candidates score `score(schedule, round, index)`, without a training."""
    at = (suite.scale, search.id, search.seed)
    for r in range(len(searches.rounds(suite, search))):
        chain.propose(suite, search, r)
        proposed = json.loads(Path(paths.proposals(*at, r + 1)).read_text())["candidates"]
        for b, members in enumerate(searches.blocks(suite, search, r)):
            entries = []
            for i in members:
                value = score(proposed[i]["schedule"], r, i)
                known = {"candidate": i + 1, "u": proposed[i]["u"], "score": value, "test": value}
                entries.append(known | {"diverged": None, "epochs": 100})
            write(
                suite, search, paths.block(*at, r + 1, b + 1), {"round": r + 1, "block": b + 1, "candidates": entries}
            )
        chain.score(suite, search, r)
    chain.conclude(suite, search)


def plant(suite, name, noise, score):
    for seed in range(1, 6):
        walk(suite, suite.search_at({**AT, "noise": noise}, name, seed, "test"), partial(score, seed=seed))


def place(search=None, noise="pair-45", **more):
    part = {**AT, "noise": noise, **({"search": search} if search else {}), **more}
    return Place("x-01", 0, "a", [{}, {}, part], 5)


# ---- what a claims page demands ------------------------------------------------------------------------------------


def test_a_page_demands_the_searches_and_arms_that_its_claims_name(suite):
    declared = suite.claims["s2e"]
    named = {(p.at["noise"], p.at["search"]) for p in demanded(declared, "search")}
    assert ("pair-45", "weight-sharing") in named
    found = {(s.noise, s.name) for _, _, s in suite.searches_of("s2e_claims")}
    assert found == named
    assert {s.name for s in dependencies.searches(suite, "s2e_claims")} >= {
        RELEASED,
        "tau-grid",
        "hyperband",
    }
    assert dependencies.studies(suite, "s2e_claims") == studied(declared)
    assert ("algorithms", "bayesian") in studied(declared)
    runs = {run.cell.method for run in suite.demand("s2e_claims")}
    assert "s2e-random" in runs
    assert not any("search" in method and "s2e-search" not in method for method in runs)


def test_the_dag_waits_for_them(suite, monkeypatch):
    from lnl.run.dag import Dag

    for name in ("LNL_CONFIG", "LNL_HEAD", "PATH"):
        monkeypatch.setenv(name, "")
    inputs = Dag(ROOT, {"scale": "demo"}, head=False).demanded("claims")(SimpleNamespace(key="s2e"))
    assert len(inputs) == len(set(inputs))
    assert "results/demo/searches/s2e/digits/pair-45/coteaching/weight-sharing/seed1/best.json" in inputs
    assert "results/demo/synthetic/quadratic/gradient.json" in inputs
    assert "results/demo/cells/s2e/digits/pair-45/s2e-hyperband/seed1.json" in inputs


def test_parsing_the_claims_needs_no_numpy():
    code = (
        "import sys; from lnl.declared.suite import Suite; s = Suite.load('.', {'scale': 'demo'}, validate=False);"
        "[(s.demand(k), s.searches_of(k)) for k in ('s2e_claims', 'tutorial_claims')];"
        "sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_claims_share_the_cells_of_figures_and_tables(suite):
    """What only claims ask for stays small: see the cost of a page in docs."""
    shared = {run for key, kind in suite.artefacts.items() if kind != "claims" for run in suite.demand(key)}
    alone = {run.cell.method for run in set(suite.demand("s2e_claims")) - shared}
    # F-correction on NEWS in 2, 7 and 20 classes, beside the schedules of other searches
    assert alone == {"s2e-random", "s2e-hyperband", "s2e-shared", "s2e-search2", "s2e-search3", "f-correction"}
    drawn = {s for key, kind in suite.artefacts.items() if kind != "claims" for s in dependencies.searches(suite, key)}
    assert {s.name for s in set(dependencies.searches(suite, "s2e_claims")) - drawn} == {
        "weight-sharing",
        "two-decays-rise",
    }


def test_a_search_of_a_method_without_a_schedule_is_one_line(suite):
    with pytest.raises(UserError, match=r"claim 'x', cell 'a'.*coteching.*coteaching"):
        suite.search_at({**AT, "noise": "pair-45", "method": "coteching"}, RELEASED, 1, "claim 'x', cell 'a'")
    with pytest.raises(UserError, match="weight-sharng"):
        suite.search_at({**AT, "noise": "pair-45"}, "weight-sharng", 1, "claim 'x'")


@pytest.mark.parametrize(
    "cell",
    [
        {"search": RELEASED, "set": {"tau": 1}, "variant": "v"},
        {"study": "spaces"},
        {"search": RELEASED, "study": "x", "arm": "y"},
    ],
)
def test_what_a_place_cannot_be_is_refused(cell):
    declared = {
        "key": "x-01",
        "where": "here",
        "claim": "so",
        "cores": "no",
        "cells": {"a": cell},
        "test": {"kind": "GT", "a": "a"},
    }
    with pytest.raises(UserError, match=r"claims/x\.yaml"):
        check({"title": "t", "claims": [declared]}, "claims", "claims/x.yaml")


def test_a_cell_may_belong_to_some_settings_only(suite):
    declared = suite.claims["s2e"]
    claim = next(c for c in declared["claims"] if c["key"] == "s2e-01")
    assert [len(places(declared, claim, i)["others"]) for i in range(3)] == [0, 3, 0]
    assert [len(places(declared, claim, i)["clean"]) for i in range(3)] == [1, 1, 0]


# ---- numbers of a search -------------------------------------------------------------------------------------------


def one_good_candidate(schedule, r, i, seed):
    return 0.5 + 0.01 * i + 0.1 * (r == 1 and i == 2)


def numbers_of(schedule, values_of):
    """The schedule's last value, against which the claims' numbers are held."""
    from lnl.learning.curves import kept_fraction

    end = 100 * kept_fraction(schedule, 198.0, 200)  # the last of 100 epochs on the paper's clock
    assert values_of("kept_end")[1] == pytest.approx(end)
    assert values_of("kept_end", minus="clean_rate")[1] == pytest.approx(end - 55)
    clock = [kept_fraction(schedule, 2.0 * e, 200) for e in range(100)]
    assert values_of("late_rise")[1] == pytest.approx(clock[-1] - min(clock), abs=1e-12)
    assert 0 < values_of("ramp_distance")[1] < 0.3
    return end


def test_numbers_of_a_search_that_trains_its_best_candidate_are_those_of_it(suite):
    plant(suite, "random", "pair-45", one_good_candidate)
    repeats = gather(suite, place("random"), "test")
    assert len(repeats.results) == 5
    assert set(values(repeats, "best_score").values()) == {62.0}
    numbers_of(repeats.results[1]["pages"][1]["candidates"][2]["schedule"], partial(values, repeats))


def test_numbers_of_a_search_that_trains_a_draw_are_those_of_the_draw(suite):
    """The best candidate's score is the search's all the same; its schedule nobody trains."""
    assert suite.searches[RELEASED]["final"] == "draw"
    plant(suite, RELEASED, "pair-45", one_good_candidate)
    best = json.loads(Path(paths.best("demo", f"s2e/digits/pair-45/coteaching/{RELEASED}", 1)).read_text())
    repeats = gather(suite, place(RELEASED), "test")
    assert set(values(repeats, "best_score").values()) == {62.0} == set(values(repeats, "best_test").values())
    end = numbers_of(best["draw"]["schedule"], partial(values, repeats))
    from lnl.learning.curves import kept_fraction

    assert abs(end - 100 * kept_fraction(best["best"]["schedule"], 198.0, 200)) > 1


def test_a_result_of_a_search_that_does_not_tell_its_draw_is_stale(suite):
    plant(suite, RELEASED, "pair-45", one_good_candidate)
    search = suite.search_at({**AT, "noise": "pair-45"}, RELEASED, 2, "test")
    there = json.loads(Path(paths.best("demo", search.id, 2)).read_text())
    written = {k: v for k, v in there.items() if k not in ("draw", "search", "seed", "scale", "digest", "seal")}
    write(suite, search, paths.best("demo", search.id, 2), written)
    repeats = gather(suite, place(RELEASED), "test")
    assert sorted(repeats.results) == [1, 3, 4, 5]
    assert repeats.remarks == (f"pair-45 search {RELEASED} seed 2 stale",)


def test_a_search_as_it_was_declared_before_is_a_remark(suite):
    plant(suite, "random", "pair-45", lambda s, r, i, seed: 0.5)
    search = suite.search_at({**AT, "noise": "pair-45"}, "random", 2, "test")
    path = Path(paths.best("demo", search.id, 2))
    path.write_text(path.read_text().replace(json.loads(path.read_text())["digest"], "0" * 16))
    repeats = gather(suite, place("random"), "test")
    assert sorted(repeats.results) == [1, 3, 4, 5]
    assert repeats.remarks == ("pair-45 search random seed 2 stale",)


# ---- searches against each other -----------------------------------------------------------------------------------


def synthetic(curves, bed="inside, published"):
    found = {i: {"errors": c} for i, c in enumerate(curves)}
    at = Place("x-01", 0, "a", [{"study": "s", "arm": str(id(found))}], None)
    return Repeats(at, "arm", ("s", id(found)), "", len(found), found, (), bed)


def test_final_area_and_every_cost_by_hand():
    a = synthetic([[5.0, 3.0, 1.0 + k / 10] for k in range(5)])
    b = synthetic([[4.0, 3.5, 2.0 + k / 10] for k in range(5)])
    final = measured_searches.compared({"by": "best"}, a, b)
    assert final.effect == pytest.approx(1.0)
    assert final.p == pytest.approx(1 / math.comb(10, 5))
    area = measured_searches.compared({"by": "area"}, a, b)
    assert area.effect == pytest.approx((4 + 3.5 + 2) / 3 - (5 + 3 + 1) / 3)
    every = measured_searches.compared({"by": "every"}, a, b)
    assert every.p > 0.9  # at the first cost a is the worse one
    assert measured_searches.compared({"by": "every", "from": 2}, a, b).p < 0.01


def test_equal_cost_means_the_smaller_of_both_budgets():
    a = synthetic([[3.0, 2.0, 1.0 + k] for k in range(4)])
    b = synthetic([[3.5, 2.5 + k] for k in range(4)])
    found = measured_searches.compared({"by": "best"}, a, b)
    assert found.effect == pytest.approx(np.median([2.5 + k - 2.0 for k in range(4)]))


def test_arms_of_other_targets_are_never_compared():
    cells = {"a": [synthetic([[1.0]]), synthetic([[1.0]], "late-rise, published")], "b": [synthetic([[2.0]])]}
    assert len(list(measured_searches.MAKERS["SEARCH"]({"a": "a", "b": "b", "by": "best"}, cells, None))) == 1


def test_hyperband_is_compared_in_fractions_of_trainings(suite):
    plant(suite, RELEASED, "pair-45", lambda s, r, i, seed: 0.7 + 0.001 * seed)
    plant(suite, "hyperband", "pair-45", lambda s, r, i, seed: 0.6 + 0.001 * seed)
    a, b = gather(suite, place(RELEASED), "test"), gather(suite, place("hyperband"), "test")
    found = measured_searches.compared({"by": "area", "repeats": 5}, a, b)
    assert found.effect == pytest.approx(10.0, abs=0.2)  # percent
    assert found.p == pytest.approx(1 / math.comb(10, 5))


# ---- schedules and candidates --------------------------------------------------------------------------------------


def runs(accuracy, noise="pair-45", seeds=(1, 2, 3)):
    curves = {"epoch": list(range(100)), "test_accuracy": [accuracy], "loss": [[None, *[1.0] * 99]]}
    found = {k: {"curves": curves, "spec": {"epochs": 100, "split": "none"}, "labels": {}} for k in seeds}
    return Repeats(place(noise=noise), f"standard at {noise}", "standard", "", len(seeds), found)


def test_a_schedule_mirrors_a_curve_that_rises(suite):
    plant(suite, RELEASED, "pair-45", lambda s, r, i, seed: 0.5 + 0.01 * i)
    searched = gather(suite, place(RELEASED), "test")
    test = {"kind": "SPEARMAN", "a": "a", "b": "b", "direction": "below", "threshold": 0}
    for accuracy, rho in (([float(e) for e in range(100)], -1.0), ([100.0 - e for e in range(100)], 1.0)):
        (part,) = measured_searches.MAKERS["SPEARMAN"](test, {"a": [searched], "b": [runs(accuracy)]}, None)
        assert part.outcome.effect == pytest.approx(rho, abs=0.05)  # ties where R is clipped
        assert part.outcome.p is not None
    (part,) = measured_searches.MAKERS["SPEARMAN"](
        test, {"a": [searched], "b": [runs([100.0 - e for e in range(100)], seeds=(1, 2))]}, None
    )
    assert (part.outcome.n, part.outcome.p) == ("5", None)  # five searches, but two trainings beside them
    assert "two repeats, three are needed" in part.outcome.note


def test_shared_and_own_scores_of_the_same_first_candidates(suite):
    own = {}
    plant(
        suite,
        RELEASED,
        "pair-45",
        lambda s, r, i, seed: own.setdefault((r, tuple(s["x"])), 0.5 + 0.01 * i),
    )
    plant(suite, "weight-sharing", "pair-45", lambda s, r, i, seed: 1 - own[r, tuple(s["x"])] if r == 0 else 0.1)
    shared, full = (
        gather(suite, place("weight-sharing"), "test"),
        gather(suite, place(RELEASED), "test"),
    )
    test = {"kind": "SPEARMAN", "a": "a", "b": "b", "direction": "below", "threshold": 0.5}
    (part,) = measured_searches.MAKERS["SPEARMAN"](test, {"a": [shared], "b": [full]}, None)
    assert part.outcome.effect == pytest.approx(-1.0)
    assert part.outcome.n == "5"


def test_the_share_of_candidates_below_plain_training(suite):
    plant(suite, "random", "pair-45", lambda s, r, i, seed: 0.5 if i == 0 else 0.9)
    test = {"kind": "SHARE", "a": "a", "b": "b", "margin": 1, "threshold": 0.01}
    cells = {"a": [gather(suite, place("random"), "test")], "b": [runs([60.0] * 100)]}
    (part,) = measured_searches.MAKERS["SHARE"](test, cells, None)
    assert part.outcome.note == "10 of 40"  # one of four in two rounds of five searches
    assert part.outcome.p == pytest.approx(stats.binomtest(10, 40, 0.01, alternative="greater").pvalue)
    one = Repeats(**{**vars(cells["a"][0]), "results": {1: cells["a"][0].results[1]}})
    (part,) = measured_searches.MAKERS["SHARE"](test, {**cells, "a": [one]}, None)
    assert part.outcome.note == "2 of 8"  # candidates are the cases: one search may do
    assert part.outcome.p is not None
    (part,) = measured_searches.MAKERS["SHARE"](test, {**cells, "b": [runs([60.0] * 100, seeds=(1, 2))]}, None)
    assert (part.outcome.p, part.outcome.note) == (None, "10 of 40; two repeats, three are needed")


# ---- verdicts ------------------------------------------------------------------------------------------------------


def test_verdicts_on_planted_searches(suite, monkeypatch):
    monkeypatch.setattr(identities, "comparisons", lambda name, root: (Comparison("not computed here", 0.0, True),))

    def keeps_little(schedule, r, i, seed):
        from lnl.learning.curves import kept_fraction

        return 0.5 + 0.4 * (1 - kept_fraction(schedule, 198.0, 200)) + 0.001 * seed

    for noise in ("symmetric-20", "symmetric-50", "pair-45"):
        plant(suite, RELEASED, noise, keeps_little)
        plant(suite, "random", noise, lambda s, r, i, seed: 0.4 + 0.001 * seed)
        plant(suite, "hyperband", noise, lambda s, r, i, seed: 0.3 + 0.001 * seed)
    verdicts = {v.key: v for v in judge(suite, "s2e") if v.evidence == "runs"}
    faster = verdicts["s2e-26"]
    assert faster.word == "held"
    assert faster.counts is False  # digits stand in
    assert {part.outcome.n for part in faster.parts} == {"5 + 5"}
    assert len(faster.parts) == 6
    ends = verdicts["s2e-23"]
    assert "mnist and cifar10" in ends.setting  # one stand-in for both: judged once
    assert len(ends.parts) == 3
    assert all(part.outcome.n == "5" for part in ends.parts)
    assert verdicts["s2e-27"].word == "undecided"
    assert "6 of 12 parts run" in verdicts["s2e-27"].note
    assert verdicts["s2e-28"].word == "not run"
