"""The walk of a search: files, kills, continued and shared candidates, stacks, and what goes wrong for users."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from suite_copy import ROOT, SCALE, TABLE, SuiteCopy

from lnl.declared import search_rounds, searches, specification
from lnl.declared.suite import Suite
from lnl.engine.progress import unwatched
from lnl.errors import UserError
from lnl.files import sealed
from lnl.learning.curves import clipped, evaluate
from lnl.run.searching import chain
from lnl.run.searching.page import Page
from lnl.run.store import Store

RELEASED = "natural-gradient-as-released"  # S2E's search

CELL = "s2e/digits/pair-45"
TARGET = f"results/demo/searches/{CELL}/coteaching/{{}}/seed1/best.json"
BUDGET = {"rounds": 2, "samples": 3, "brackets": 2}


@pytest.fixture
def suite(tmp_path: Path) -> SuiteCopy:
    """A checkout whose searches take seconds: two rounds of three candidates of six epochs."""
    copy = SuiteCopy.make(tmp_path / "checkout")
    scale = {**SCALE, "search": BUDGET, "search_block": 2}
    (copy.root / "config/scales/demo.yaml").write_text(yaml.safe_dump(scale))
    return copy


def _json(file: Path) -> Any:
    return sealed.read(file)


def _scores(copy: SuiteCopy, name: str) -> list[dict[str, Any]]:
    folder = (copy.root / TARGET.format(name)).parent
    return [_json(file) for file in sorted(folder.glob("round*/scores.json"))]


def _edit_search(copy: SuiteCopy, name: str, **changes: Any) -> None:
    file = copy.root / f"config/searches/{name}.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **changes}))


def test_a_draw_of_the_last_distribution_is_what_the_run_trains_with(suite: SuiteCopy) -> None:
    out = suite.lnl("search", f"{CELL}/s2e", afresh=True)
    assert out.returncode == 0, out.stderr
    assert out.stdout.splitlines()[-1] == "methods train with a draw of the last distribution"
    best = _json(suite.root / TARGET.format(RELEASED))
    candidates = [c for page in _scores(suite, RELEASED) for c in page["candidates"]]
    assert len(candidates) == 6 == best["candidates"] and best["trainings"] == 6
    assert best["best"]["score"] == max(c["score"] for c in candidates)
    winner = _scores(suite, RELEASED)[best["best"]["round"] - 1]["candidates"][best["best"]["candidate"] - 1]
    assert winner["schedule"] == best["best"]["schedule"]

    assert suite.lnl("train", f"{CELL}/s2e", "--seed", "2").returncode == 0
    result = _json(suite.root / f"results/demo/cells/{CELL}/s2e/seed2.json")["result"]
    assert result["searched"]["schedule"] == best["draw"]["schedule"]  # as S2E's released code has it
    schedule = best["draw"]["schedule"]
    clock = np.arange(6) * 200 / 6  # epochs on the paper's clock
    wanted = clipped(evaluate(schedule["formula"], np.array(schedule["x"]), clock, 200.0), tuple(schedule["clip"]))
    assert result["curves"]["schedule"][1:] == pytest.approx(wanted[1:].tolist())


def test_a_changed_result_of_the_search_trains_the_run_again(suite: SuiteCopy) -> None:
    assert suite.lnl("search", f"{CELL}/coteaching/random").returncode == 0
    record = suite.root / f"results/demo/cells/{CELL}/s2e/seed1.json"
    assert suite.lnl("search", f"{CELL}/s2e").returncode == 0 and suite.lnl("train", f"{CELL}/s2e").returncode == 0
    before = _json(record)["result"]["curves"]
    file = suite.root / TARGET.format(RELEASED)
    found = _json(file)
    found["draw"]["schedule"]["x"] = [1.0, 0.5, 0.4, 0.0, 0.0]
    sealed.write(file, found)
    assert "is trained" in suite.lnl("train", f"{CELL}/s2e").stdout
    assert _json(record)["result"]["curves"] != before


@pytest.mark.parametrize("name", [RELEASED, "hyperband"])
def test_killed_between_and_inside_rounds_it_ends_in_the_same_result(
    suite: SuiteCopy, tmp_path: Path, name: str
) -> None:
    whole = suite.copy(tmp_path / "whole")
    assert whole.lnl("search", f"{CELL}/coteaching/{name}").returncode == 0
    target = TARGET.format(name)
    scored = (suite.root / target).parent / "round1/scores.json"
    suite.killed(target, when=suite.begun, warm_jobs=True)  # inside the first round
    suite.killed(target, when=scored.exists, warm_jobs=True)  # between rounds
    first = len(suite.stored())
    suite.killed(target, when=lambda: len(suite.stored()) > first, warm_jobs=True)  # inside the second
    finished = {f: f.stat().st_mtime_ns for f in suite.root.glob("results/demo/store/**/record-*.json")}
    assert suite.snakemake(target).returncode == 0
    assert {f: f.stat().st_mtime_ns for f in finished} == finished  # no finished candidate was trained again
    assert (suite.root / target).read_bytes() == (whole.root / target).read_bytes()
    assert _scores(suite, name) == _scores(whole, name)
    assert suite.jobs(target) == {}


def test_a_failing_candidate_costs_its_neighbours_nothing(suite: SuiteCopy) -> None:
    method = suite.root / "methods/coteaching.py"
    text = method.read_text()
    broken = 'p = self.parameters\n        assert p["R"]["x"][0] < 0.99, "this candidate is broken"'
    method.write_text(text.replace("p = self.parameters", broken, 1))
    out = suite.snakemake(TARGET.format("tau-grid"))  # the largest tau of six: 0.917 of [0, 1]
    assert out.returncode == 0
    method.write_text(text.replace("p = self.parameters", broken.replace("0.99", "0.8"), 1))
    other = "results/demo/searches/s2e/digits/symmetric-20/coteaching/tau-grid/seed1"
    assert suite.snakemake(f"{other}/best.json").returncode != 0
    trained = list(suite.root.glob("results/demo/store/s2e/digits/symmetric-20/*/*/record-*.json"))
    assert len(trained) == 5
    assert not (suite.root / other / "best.json").exists()
    method.write_text(text)
    assert suite.snakemake(f"{other}/best.json").returncode == 0


def _in_process(suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch, name: str, **config: Any) -> tuple[Suite, Any]:
    import torch

    from lnl.declared.data_places import Places
    from lnl.run.searching.candidates import walk

    monkeypatch.chdir(suite.root)
    loaded = Suite.load(Path(), {"device": "cpu", **config})
    search = loaded.parse_search(f"{CELL}/coteaching/{name}", 1)
    quiet = _nothing
    walk(loaded, search, Places.of(loaded.config), torch.device("cpu"), lambda: False, quiet, lambda words: None)
    return loaded, search


def _nothing(title: str) -> Any:
    from contextlib import nullcontext

    return nullcontext(unwatched)


def _curves(suite: Suite, search: Any, round: int, index: int) -> dict[str, Any]:
    from lnl.run.searching.page import Page

    run = Page(suite, search, round).run(index)
    return json.loads(Store(suite, run).record_file.read_text())["result"]["curves"]


def test_candidates_are_paired_or_have_their_own_start(suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, search = _in_process(suite, monkeypatch, "random")
    first = {_curves(loaded, search, r, k)["test_accuracy"][0][0] for r in range(2) for k in range(3)}
    assert len(first) == 1  # the untrained networks are the same
    _edit_search(suite, "random", candidates="own")
    loaded, search = _in_process(suite, monkeypatch, "random")
    first = {_curves(loaded, search, r, k)["test_accuracy"][0][0] for r in range(2) for k in range(3)}
    assert len(first) > 1


def test_shared_candidates_continue_each_others_networks(suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, search = _in_process(suite, monkeypatch, "weight-sharing")
    assert [len(searches.blocks(loaded, search, r)) for r in range(2)] == [1, 1]
    order = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    curves = [_curves(loaded, search, *place)["test_accuracy"] for place in order]
    for before, after in itertools.pairwise(curves):
        assert [network[0] for network in after] == [network[-1] for network in before]


def test_hyperband_promotes_the_better_part_and_goes_on_where_they_stood(
    suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, search = _in_process(suite, monkeypatch, "hyperband")
    first, second = _scores(suite, "hyperband")
    early = [c for c in first["candidates"] if c["fraction"] < 1]
    promoted = second["candidates"]
    places = [c["continues"][1] - 1 for c in promoted]
    scores = [c["score"] for c in early]
    assert sorted(places) == sorted(np.argsort([-s for s in scores], kind="stable")[: len(promoted)].tolist())
    assert [c["epochs"] for c in early] == [2] * len(early) and {c["epochs"] for c in promoted} == {6}
    from lnl.declared.data_places import Places
    from lnl.run.searching.page import Page
    from lnl.run.train import train

    page = Page(loaded, search, 1)
    run = page.run(0)
    kept = json.loads(Store(loaded, run).record_file.read_text())
    assert kept["provenance"]["resumed"] == 0  # going on with a part is no resume
    Store(loaded, run).record_file.unlink()
    import torch

    again = train(loaded, run, Places.of(loaded.config), torch.device("cpu"), lambda: False, unwatched)
    assert again.curves == kept["result"]["curves"]  # in one go: the same numbers
    rounds = searches.rounds(loaded, search)
    assert [len(r) for r in rounds] == [len(first["candidates"]), len(second["candidates"])]


def test_a_stack_of_candidates_finds_the_same(
    suite: SuiteCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacked = suite.copy(tmp_path / "stacked")
    loaded, search = _in_process(suite, monkeypatch, RELEASED)
    protocol = stacked.root / "config/protocols/s2e.yaml"
    protocol.write_text(protocol.read_text().replace("mode: {cuda: stacked}", "mode: {cpu: stacked}"))
    loaded, search = _in_process(stacked, monkeypatch, RELEASED)
    assert searches.blocks(loaded, search, 0) == [range(3)]
    smaller = Suite.load(stacked.root, loaded.config | {"search_block": 2})
    assert searches.blocks(smaller, search, 0) == [range(2), range(2, 3)]
    assert _scores(stacked, RELEASED) == _scores(suite, RELEASED)  # linear networks: bit for bit
    record = next(stacked.root.glob("results/demo/store/**/record-*.json"))
    assert _json(record)["provenance"]["mode"] == "stacked" and _json(record)["provenance"]["stack"] == 3
    assert not list(stacked.root.glob("results/demo/store/**/stack-*.pt"))


def test_a_diverged_candidate_is_the_worst_and_is_seen(suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, search = _in_process(suite, monkeypatch, RELEASED)
    folder = (suite.root / TARGET.format(RELEASED)).parent
    page = _json(folder / "round1/scores.json")
    best = max(range(3), key=lambda k: page["candidates"][k]["score"])
    page["candidates"][best] |= {"score": None, "diverged": {"epoch": 3, "reason": "loss is not finite"}}
    sealed.write(folder / "round1/scores.json", page)
    chain.conclude(loaded, search)
    found = _json(folder / "best.json")
    assert found["diverged"] == 1 and (found["best"]["round"], found["best"]["candidate"]) != (1, best + 1)
    for round in (1, 2):
        page = _json(folder / f"round{round}/scores.json")
        for candidate in page["candidates"]:
            candidate["score"] = None
        sealed.write(folder / f"round{round}/scores.json", page)
    with pytest.raises(UserError, match="all of them diverged"):
        chain.conclude(loaded, search)


def test_candidates_that_diverge_before_anything_is_evaluated_have_no_score(suite: SuiteCopy) -> None:
    protocol, method = suite.root / "config/protocols/s2e.yaml", suite.root / "methods/coteaching.py"
    protocol.write_text(protocol.read_text().replace("untrained_epoch: true", "untrained_epoch: false", 1))
    code = method.read_text()
    method.write_text(code.replace("(loss=loss,", "(loss=float('nan') * loss,", 1))
    assert method.read_text() != code
    out = suite.lnl("search", f"{CELL}/coteaching/random")
    assert out.returncode == 2 and "all of them diverged" in out.stderr and "Traceback" not in out.stderr, out.stderr
    page = _json((suite.root / TARGET.format("random")).parent / "round1/scores.json")
    assert {(entry["score"], entry["diverged"]["epoch"]) for entry in page["candidates"]} == {(None, 0)}


def test_a_chain_of_networks_may_be_longer_than_python_calls_itself(
    suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    scale = {**SCALE, "search": {"rounds": 2, "samples": 600}}
    (suite.root / "config/scales/demo.yaml").write_text(yaml.safe_dump(scale))
    monkeypatch.chdir(suite.root)
    loaded = Suite.load(config={"scale": "demo", "device": "cpu"})
    search = loaded.parse_search(f"{CELL}/coteaching/weight-sharing", 1)
    chain.propose(loaded, search, 0)
    page = Page(loaded, search, 0)
    last, before = (loaded.spec(page.run(index).cell) for index in (599, 598))
    assert last["networks_of"] == specification.digest(before)


def test_scores_of_another_machine_are_not_trained_again(suite: SuiteCopy, tmp_path: Path) -> None:
    (suite.root / "tables/small.yaml").unlink()
    table = {k: v for k, v in TABLE.items() if k != "published"} | {"seeds": 1}
    table["columns"] = [{"key": "s2e", "label": "S2E", "method": "s2e"}]
    table["rows"] = [{"key": "pair-45", "label": "Pair-45%", "noise": "pair-45"}]
    (suite.root / "tables/searched.yaml").write_text(yaml.safe_dump(table))
    fresh = suite.copy(tmp_path / "fresh")
    assert suite.snakemake("searched").returncode == 0
    assert suite.lnl("keep", "kept", "searched", afresh=True).returncode == 0
    alone = suite.copy(tmp_path / "alone")
    shutil.rmtree(alone.root / "results/demo/searches")
    out = alone.lnl("import", str(suite.root / "kept/demo/searches"))
    assert out.stdout.strip() == "3 imported", out.stdout + out.stderr  # searches need no record beside them
    # a record, two pages of scores and the result of the search; and the labels of the record
    out = fresh.lnl("import", str(suite.root / "kept"))
    assert out.stdout.strip() == "4 imported, 1 manifest imported", out.stdout + out.stderr
    assert fresh.snakemake("searched").returncode == 0
    assert not list(fresh.root.glob("results/demo/store/s2e/digits/pair-45/coteaching-s2e-*"))
    assert fresh.records() == suite.records()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("search", f"{CELL}/coteaching/natural-gradient-as-release"), "did you mean 'natural-gradient-as-released'?"),
        (("search", f"{CELL}/coteaching"), "no searched R"),
        (("search", "coteaching/digits/pair-45/coteaching/natural-gradient-as-released"), "no validation images"),
        (
            ("search", f"{CELL}/coteaching/{RELEASED}", "--step", "score", "--round", "9"),
            "rounds 1 to 2",
        ),
        (("search", f"{CELL}/coteaching/{RELEASED}", "--step", "score"), "--step score needs --round: "),
        (("train", f"{CELL}/s2e"), "`lnl search"),
        (
            ("search", f"{CELL}/coteaching/{RELEASED}", "--step", "propose", "--round", "2"),
            "not there",
        ),
    ],
)
def test_bad_input_is_one_line(suite: SuiteCopy, words: tuple[str, ...], message: str) -> None:
    out = suite.lnl(*words)
    assert out.returncode == 2, out.stderr
    assert out.stderr.startswith("lnl: ") and message in out.stderr and len(out.stderr.splitlines()) == 1


def test_a_history_of_another_search_or_seed_is_refused(suite: SuiteCopy) -> None:
    assert suite.lnl("search", f"{CELL}/coteaching/random").returncode == 0
    mine = suite.root / TARGET.format("random")
    other = Path(str(mine.parent).replace("seed1", "seed2"))
    (other / "round1").mkdir(parents=True)
    (other / "round1/scores.json").write_text((mine.parent / "round1/scores.json").read_text())
    out = suite.lnl("search", f"{CELL}/coteaching/random", "--seed", "2", "--step", "score", "--round", "1")
    assert out.returncode == 2
    (other / "best.json").write_text((mine.parent / "best.json").read_text())
    out = suite.lnl("search", f"{CELL}/coteaching/random", "--seed", "2", "--step", "conclude")
    assert out.returncode == 2 and "belongs to" in out.stderr and "seed 1" in out.stderr
    (suite.root / TARGET.format(RELEASED)).parent.joinpath("round1").mkdir(parents=True)
    (suite.root / TARGET.format(RELEASED)).parent.joinpath("round1/scores.json").write_text(
        (mine.parent / "round1/scores.json").read_text()
    )
    out = suite.lnl("search", f"{CELL}/coteaching/{RELEASED}", "--step", "propose", "--round", "2")
    assert out.returncode == 2 and "belongs to" in out.stderr and len(out.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--config", "search_block=4"), "search_block"),
        (("--config", "search_block=0"), "search_block"),
    ],
)
def test_bad_configuration_stops_before_any_job(suite: SuiteCopy, words: tuple[str, ...], message: str) -> None:
    out = suite.snakemake(TARGET.format(RELEASED), *words)
    assert out.returncode != 0 and message in out.stderr and "Traceback" not in out.stderr
    assert not (suite.root / "results").exists() or not list(suite.root.glob("results/*/searches/**/*.json"))


@pytest.mark.parametrize(("changes", "message"), [({"rounds": 0}, "rounds"), ({"space": "two-decay"}, "two-decays")])
def test_a_bad_declaration_stops_before_any_job(suite: SuiteCopy, changes: dict[str, Any], message: str) -> None:
    _edit_search(suite, RELEASED, **changes)
    out = suite.snakemake(TARGET.format(RELEASED))
    assert out.returncode != 0 and message in out.stderr and "Traceback" not in out.stderr


def test_a_space_that_leaves_its_range_needs_a_clip_rule(suite: SuiteCopy) -> None:
    file = suite.root / "config/spaces/two-decays-rise.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "clip": None}))
    _edit_search(suite, RELEASED, space="two-decays-rise")
    out = suite.lnl("search", f"{CELL}/coteaching/{RELEASED}")
    assert out.returncode == 2 and "clip" in out.stderr and len(out.stderr.splitlines()) == 1
    assert not list(suite.root.glob("results/demo/store/s2e/**/*.json"))


def test_plans_of_hyperband() -> None:
    algorithm = {"name": "hyperband", "eta": 3, "brackets": 3}
    rounds = search_rounds.plan(algorithm, 1, 1)
    assert [len(r) for r in rounds] == [9 + 5 + 3, 3 + 1, 1]
    assert rounds[0] == pytest.approx([1 / 9] * 9 + [1 / 3] * 5 + [1.0] * 3)
    assert rounds[1] == pytest.approx([1 / 3] * 3 + [1.0]) and rounds[2] == [1.0]
    cost = 9 / 9 + 5 / 3 + 3 + (2 / 3) * (3 / 3 + 1) + 2 / 3  # what is trained anew
    assert search_rounds.trainings(algorithm, 1, 1) == pytest.approx(cost)
    assert [list(b) for b in search_rounds.blocks(7, 3)] == [[0, 1], [2, 3, 4], [5, 6]]


def test_a_table_runs_its_own_searches_and_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    copy = SuiteCopy.make(tmp_path / "whole")
    for name in ("tables", "figures", "claims"):
        shutil.rmtree(copy.root / name)
        shutil.copytree(ROOT / name, copy.root / name, ignore=shutil.ignore_patterns("__pycache__"))
    jobs = copy.jobs("s2e_table3", "--config", "scale=paper")
    # as released, as printed and our sound form: MNIST, CIFAR-10, CIFAR-100 under three noises each
    rounds, candidates = 3 * 9 * 5, 3 * 3 * (100 + 50 + 100)
    assert jobs["best"] == 3 * 9 and jobs["propose"] == rounds == jobs["scores"] and jobs["candidates"] == candidates
    assert jobs["train"] == 4 * 9 * 5 and jobs["noise"] == 9 and jobs["data"] == 3
    assert set(jobs) == {
        "best",
        "propose",
        "scores",
        "candidates",
        "train",
        "noise",
        "data",
        "table",
        "s2e_table3",
        "total",
    }


def test_schedules_searched_at_another_scale_are_found_there(tmp_path: Path) -> None:
    copy = SuiteCopy.make(tmp_path / "checkout")
    scale = {**SCALE, "search": BUDGET, "search_block": 3}
    (copy.root / "config/scales/demo.yaml").write_text(yaml.safe_dump(scale))
    longer = {**SCALE, "epochs": 8, "searched_at": "demo"}
    (copy.root / "config/scales/longer.yaml").write_text(yaml.safe_dump(longer))
    record = f"results/longer/cells/{CELL}/s2e/seed1.json"
    assert copy.snakemake(record, "--config", "scale=longer").returncode == 0
    assert (copy.root / TARGET.format(RELEASED)).exists() and not (copy.root / "results/longer/searches").exists()
    result = _json(copy.root / record)["result"]
    assert len(result["curves"]["epoch"]) == 8
    assert result["searched"]["schedule"] == _json(copy.root / TARGET.format(RELEASED))["draw"]["schedule"]


def test_another_size_of_blocks_trains_nothing_again(suite: SuiteCopy) -> None:
    assert suite.snakemake(TARGET.format(RELEASED)).returncode == 0
    before = (suite.root / TARGET.format(RELEASED)).read_bytes()
    times = {f: f.stat().st_mtime_ns for f in suite.root.glob("results/demo/store/**/record-*.json")}
    assert suite.snakemake(TARGET.format(RELEASED), "--config", "search_block=3").returncode == 0
    assert (suite.root / TARGET.format(RELEASED)).read_bytes() == before
    assert {f: f.stat().st_mtime_ns for f in times} == times


def test_cleaning_stale_records_leaves_candidates_and_searched_runs(suite: SuiteCopy) -> None:
    assert suite.lnl("search", f"{CELL}/s2e").returncode == 0 and suite.lnl("train", f"{CELL}/s2e").returncode == 0
    kept = set(suite.root.glob("results/demo/**/*.json"))
    assert suite.lnl("clean", "--stale", "--store", "--yes").returncode == 0
    assert set(suite.root.glob("results/demo/**/*.json")) == kept


def test_shared_and_paired_candidates_never_take_each_others_records(
    suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    _in_process(suite, monkeypatch, "weight-sharing")
    shared = _scores(suite, "weight-sharing")
    _edit_search(suite, "weight-sharing", candidates="paired")
    shutil.rmtree(suite.root / "results/demo/searches")
    _in_process(suite, monkeypatch, "weight-sharing")
    paired = _scores(suite, "weight-sharing")
    assert paired[0]["candidates"][0]["score"] == shared[0]["candidates"][0]["score"]  # the first has no predecessor
    assert [c["score"] for c in paired[0]["candidates"]] != [c["score"] for c in shared[0]["candidates"]]


# ---- what candidates are judged by ---------------------------------------------------------------------------------


def test_the_best_is_the_earliest_of_those_that_were_trained_to_their_end(
    suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lnl.search.history import Candidate, Round

    monkeypatch.chdir(suite.root)
    loaded = Suite.load(Path(), {"device": "cpu"}, validate=False)
    search, written = loaded.parse_search(f"{CELL}/coteaching/hyperband", 1), []
    points = [tuple(float(u) for u in row) for row in np.linspace(0.2, 0.8, 5)[:, None].repeat(9, 1)]
    size = chain.space_of(loaded, search).dimension
    a, b, c, d, e = (point[:size] for point in points)
    rounds = [
        Round((Candidate(a, 1 / 3), Candidate(b, 1.0), Candidate(c, 1.0)), (0.99, None, 0.5)),
        Round((Candidate(a, 1.0, (0, 0)), Candidate(d, 1.0), Candidate(e, 1.0)), (0.4, 0.5, 0.5)),
    ]
    monkeypatch.setattr(chain, "history", lambda *_: rounds)
    monkeypatch.setattr(chain, "write", lambda suite, search, path, content: written.append((path, content)))
    chain.conclude(loaded, search)
    [(path, found)] = written
    assert path.endswith("hyperband/seed1/best.json")
    best = {key: found["best"][key] for key in ("round", "candidate", "score")}
    assert best == {"round": 1, "candidate": 3, "score": 0.5}
    entry = chain.space_of(loaded, search).entry(np.array(c))
    assert entry == {key: found["best"][key] for key in entry}
    assert (found["candidates"], found["diverged"]) == (6, 1)
    rounds[:] = [Round((Candidate(a, 1 / 3), Candidate(b, 1.0)), (0.99, None))]
    with pytest.raises(UserError, match="no fully trained candidate has a score; all of them diverged"):
        chain.conclude(loaded, search)


@pytest.mark.parametrize(
    ("scored_on", "statistic", "until", "score", "test"),
    [
        ("validation", None, 2, 0.25, 0.65),  # the second epoch, the mean of both networks
        ("test", None, 3, 0.75, 0.75),
        ("test_file", None, 3, 0.55, 0.75),  # both halves of it
        ("validation", "last10_mean", 3, 0.30, 0.70),  # without the untrained networks
    ],
)
def test_a_candidate_is_scored_by_what_its_search_declares(
    scored_on: str, statistic: str | None, until: int, score: float, test: float
) -> None:
    from types import SimpleNamespace

    from lnl.declared.search_file import TEST_FILE
    from lnl.run.searching.page import Page
    from lnl.run.store import Trained

    page = Page.__new__(Page)
    page.proposed = [{"u": [0.5], "fraction": 1.0}]
    spec = {"scored_on": TEST_FILE if scored_on == "test_file" else scored_on, "statistic": statistic}
    candidate = {"split": "test-halves", "untrained_epoch": True}
    declared: Any = SimpleNamespace(spec=spec, candidate=candidate, until=lambda fraction: until)
    page.declared = declared
    curves = {
        "epoch": [0, 1, 2],
        "test_accuracy": [[1.0, 60.0, 70.0], [2.0, 70.0, 80.0]],
        "validation_accuracy": [[3.0, 20.0, 30.0], [4.0, 30.0, 40.0]],
    }
    late = {"epoch": 3, "reason": "a loss"}  # after it was scored
    for diverged in (None, late):
        entry = page.entry(0, Trained(curves, diverged))
        assert (entry["score"], entry["test"]) == (pytest.approx(score), pytest.approx(test))
        assert (entry["candidate"], entry["epochs"], entry["diverged"]) == (1, until, None)
    short = {name: [1.0] if name == "epoch" else [each[:1] for each in curve] for name, curve in curves.items()}
    entry = page.entry(0, Trained(short, late))
    assert (entry["score"], entry["test"], entry["diverged"]) == (None, None, late)
