"""lnl compare: paired differences as scipy has them, over pairs that are pairs, of rows, methods, cells and commits."""

from __future__ import annotations

import copy
import csv
import json
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scipy import stats
from suite_copy import SuiteCopy

import lnl
from lnl.cli import compare as command
from lnl.cli.exchange import keep
from lnl.cli.opened import Opened
from lnl.declared import paths
from lnl.declared.cells import Cell
from lnl.declared.suite import Suite
from lnl.files import sealed
from lnl.results.comparing import COLUMNS, Comparison, Pair, Side, compare
from lnl.results.records import RunState

CELL = Cell("s2e", "digits", "symmetric-50", "standard")
A, B, C = [91.0, 92.5, 90.5, 93.0, 91.5], [90.0, 90.5, 90.1, 91.2, 91.0], [91.2, 92.0, 90.9, 93.1, 91.0]


def _result(seed: int, value: float, labels: str, vector: str, data: str) -> dict[str, Any]:
    return {
        "seed": seed,
        "curves": {"epoch": [0, 1], "test_accuracy": [[0.0, value]], "loss": [[None, 1.0]]},
        "spec": {"split": "none"},
        "labels": {"digest": labels, "vector": vector},
        "data_digest": data,
    }


def _side(
    name: str, values: list[float], labels: str = "l", vector: str = "fixed", data: str = "d", states: str = "ok"
) -> Side:
    listed = states.split() * (1 if " " in states else len(values))
    return Side(
        name,
        CELL.id,
        tuple(
            RunState(CELL, seed, state, {"result": _result(seed, value, labels, vector, data)})
            for seed, (value, state) in enumerate(zip(values, listed, strict=True), 1)
        ),
    )


def _compared(*sides: Side) -> list[Comparison]:
    return compare([Pair(sides[0], other, "") for other in sides[1:]], "final")


def test_differences_intervals_and_p_are_those_of_a_paired_t_test_holm_over_all() -> None:
    found = _compared(_side("a", A), _side("b", B), _side("c", C))
    tests = [stats.ttest_rel(A, other) for other in (B, C)]
    for each, test, other in zip(found, tests, (B, C), strict=True):
        interval = test.confidence_interval(0.95)
        assert each.difference == pytest.approx(sum(A) / 5 - sum(other) / 5)
        assert (each.low, each.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
        assert each.p == pytest.approx(test.pvalue) and each.seeds == (1, 2, 3, 4, 5)
    smaller, larger = sorted(test.pvalue for test in tests)
    assert sorted(each.p_holm or 0 for each in found) == pytest.approx([2 * smaller, max(2 * smaller, larger)])
    assert [each.word for each in found] == ["undecided", "undecided"]  # 0.025 twice
    assert [each.word for each in _compared(_side("b", B), _side("a", A))] == ["lower"]


def test_a_p_that_is_small_alone_may_not_be_so_among_many() -> None:
    alone = _compared(_side("a", A), _side("b", B))[0]
    assert alone.p is not None and 0.01 < alone.p <= 0.05 and alone.word == "higher"
    among = _compared(_side("a", A), _side("b", B), *(_side(f"c{n}", C) for n in range(5)))[0]
    assert among.p == alone.p and among.p_holm == pytest.approx(6 * alone.p) and among.word == "undecided"


@pytest.mark.parametrize(("n", "interval", "p"), [(1, False, False), (2, True, False), (3, True, True)])
def test_few_pairs_say_less(n: int, interval: bool, p: bool) -> None:
    (found,) = _compared(_side("a", A[:n]), _side("b", B[:n]))
    assert found.difference == pytest.approx(sum(A[:n]) / n - sum(B[:n]) / n)
    assert (found.low is not None, found.p is not None) == (interval, p)
    assert (found.word == "too few") is not p


def test_pairs_that_all_differ_by_the_same_have_the_sign_test() -> None:
    (found,) = _compared(_side("a", [91.0, 92.0, 93.0]), _side("b", [90.0, 91.0, 92.0]))
    assert (found.p, found.word) == (0.25, "undecided") and "sign test" in found.note
    (same,) = _compared(_side("a", A), _side("b", A))
    assert (same.difference, same.p, same.word) == (0, 1.0, "undecided")


@pytest.mark.parametrize(
    ("other", "n", "note"),
    [
        ({"labels": "m"}, 0, "5 of 5 common seeds have other labels or data"),
        ({"data": "e"}, 0, "5 of 5 common seeds have other labels or data"),
        ({"labels": "m", "vector": "per_repeat"}, 5, "own labels for each repeat"),
        ({"labels": "m", "vector": "per_repeat", "data": "e"}, 0, "other labels or data"),
        ({"states": "ok diverged ok stale ok"}, 3, "b: 1 diverged, 1 stale"),
        ({"states": "missing"}, 0, "no run of b"),
    ],
)
def test_only_runs_that_count_and_share_a_problem_are_pairs(other: dict[str, str], n: int, note: str) -> None:
    (found,) = _compared(_side("a", A), _side("b", B, **other))  # type: ignore[arg-type]
    assert len(found.seeds) == n and note in found.note
    assert (found.word == "no pairs") is (n == 0)


def test_seeds_that_one_side_lacks_are_left_out() -> None:
    longer, shorter = _side("a", A), _side("b", B[:4])
    (found,) = _compared(longer, Side("b", shorter.cell, shorter.runs[1:]))
    assert found.seeds == (2, 3, 4) and found.mean_a == pytest.approx(sum(A[1:4]) / 3)


# ---- names ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(finished_suite: SuiteCopy) -> Opened:
    """The finished suite, which nobody changes."""
    return lnl.open(finished_suite.root)


def _opened(suite: SuiteCopy, **config: Any) -> Opened:
    """A copy of it, whose declarations were checked before."""
    return Opened(Suite.load(suite.root, config, validate=False))


def _grown(suite: SuiteCopy, **gains: float) -> Opened:
    """Records of five more repeats of both methods, made of the first; gains: points that a method is better by."""
    for method in ("standard", "coteaching"):
        first = suite.root / f"results/demo/cells/s2e/digits/symmetric-50/{method}/seed1.json"
        record = json.loads(first.read_text())
        for seed in range(3, 8):
            made = copy.deepcopy(record)
            made.pop("seal")
            made["result"]["seed"] = seed
            gain = gains.get(method, 0) + math.sin(seed if method == "standard" else 2 * seed)
            curves = made["result"]["curves"]
            curves["test_accuracy"] = [[50 + gain for _ in network] for network in curves["test_accuracy"]]
            sealed.write(first.with_name(f"seed{seed}.json"), made)
    return _opened(suite)


def test_rows_methods_and_cells_are_the_same_comparison(suite: SuiteCopy) -> None:
    opened = _grown(suite, coteaching=3)
    by_method = opened.compare("coteaching", "standard")
    cells = [f"s2e/digits/symmetric-50/{method}" for method in ("coteaching", "standard")]
    by_cell = opened.compare(*cells)
    by_table = _opened(suite, seeds=7).compare("coteaching", "standard", table="small")
    numbers = ["n", "seeds", "difference", "low", "high", "p", "p_holm", "verdict", "protocol", "dataset", "noise"]
    assert by_method[numbers].equals(by_cell[numbers]) and by_method[numbers].equals(by_table[numbers])
    assert by_method.n.tolist() == [7] and by_table.row.tolist() == ["symmetric-50"]
    assert _opened(suite, seeds=[3, 4, 5]).compare("coteaching", "standard").seeds.tolist() == ["3 4 5"]


def test_a_remark_says_of_which_protocol_it_is_where_there_are_several(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sides = [replace(_side(name, []), cell=f"{of}/digits/pair-45/{name}") for of in ("s2e", "rog") for name in "ab"]
    found = compare([Pair(sides[0], sides[1], ""), Pair(sides[2], sides[3], "")], "final")
    monkeypatch.setattr(command, "compared", lambda *_: found)
    command.command(SimpleNamespace(scale="demo"), ["a", "b"], None, None, None)  # type: ignore[arg-type]
    said = [line for line in capsys.readouterr().out.splitlines() if "no run of a and b" in line]
    assert [line.partition(":")[0] for line in said] == ["s2e digits pair-45", "rog digits pair-45"]


def test_records_of_what_is_not_declared_any_more_take_nothing_from_the_others(suite: SuiteCopy) -> None:
    opened = _grown(suite)
    cells = opened.results / "demo/cells"
    shutil.copytree(cells / "s2e", cells / "gone")
    found = opened.compare("coteaching", "standard").set_index("protocol")
    assert found.n.to_dict() == {"s2e": 7, "gone": 0}
    assert found.note["gone"].startswith("coteaching: 7 stale; standard: 7 stale")


def test_own_records_stand_beside_the_committed_ones(suite: SuiteCopy) -> None:
    opened = _grown(suite, standard=1)
    with paths.results_in(opened.results):
        keep(_opened(suite, seeds=7).declared, ["small"], suite.root / "docs/reproduction/mine/records")
    opened = _grown(suite, standard=3)
    for record in (opened.results / "demo/cells/s2e/digits/symmetric-50/coteaching").iterdir():
        record.unlink()
    (found,) = opened.compare("standard", "standard@committed").itertuples()
    assert (found.n, found.b) == (7, "standard@committed") and found.difference == pytest.approx(5 * 2 / 7)
    assert opened.compare("standard", "coteaching@committed", table="small").n.tolist() == [2]  # as the table asks
    with pytest.raises(lnl.UserError, match="no record of coteaching of scale demo below"):
        opened.compare("standard", "coteaching")


@pytest.mark.parametrize(
    ("names", "more", "line"),
    [
        (["coteaching"], {}, "give two names at least"),
        (["standard", "standard"], {}, "'standard' is named twice"),
        (["standard", "@committed"], {}, "names nothing to compare"),
        (["coteachin", "standard"], {}, "unknown method or variant 'coteachin' (did you mean 'coteaching'"),
        (["mentornet", "standard"], {}, "no record of mentornet of scale demo below"),
        (["standard@committed", "coteaching"], {}, "no record of standard of scale demo below docs/reproduction"),
        (["s2e/digits/symmetric-50/standard", "coteaching"], {}, "cells (protocol/dataset/noise/method) only"),
        (["s2e/digits/symmetric-50/standrd", "s2e/digits/symmetric-50/coteaching"], {}, "did you mean 'standard'"),
        (
            ["s2e/digits/pair-45/standard", "s2e/digits/pair-45/coteaching"],
            {},
            "`lnl train s2e/digits/pair-45/standard`",
        ),
        (["coteaching", "standrd"], {"table": "small"}, "tables/small.yaml: no row or column 'standrd' (did you"),
        (["coteaching", "symmetric-50"], {"table": "small"}, "rows only, or columns only"),
        (["coteaching", "standard"], {"table": "smal"}, "did you mean 'small'"),
        (["coteaching", "standard"], {"statistic": "fina"}, "unknown statistic 'fina' (did you mean 'final'"),
    ],
)
def test_what_cannot_be_compared_is_one_line(small: Opened, names: list[str], more: dict[str, str], line: str) -> None:
    with pytest.raises(lnl.UserError) as caught:
        small.compare(*names, **more)
    assert line in str(caught.value)


# ---- terminal and file ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_shows_it_within_its_width_and_the_file_has_all_of_it(
    suite: SuiteCopy, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = _grown(suite, coteaching=3)
    monkeypatch.chdir(suite.root)
    monkeypatch.setenv("COLUMNS", str(width))
    with paths.results_in(opened.results):
        command.command(opened.declared, ["coteaching", "standard"], None, None, Path("differences.csv"))
        piped = capsys.readouterr().out
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        monkeypatch.setenv("TERM", "xterm")
        command.command(opened.declared, ["coteaching", "standard"], None, None, Path("differences.csv"))
    shown = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out).splitlines()
    assert max(map(len, shown)) <= width
    (row,) = [line for line in shown if "symmetric-50" in line]
    (whole,) = [line for line in piped.splitlines() if "symmetric-50" in line]
    expected = opened.compare("coteaching", "standard")
    words = row.split()
    assert words[:3] == ["digits", "symmetric-50", "7"]
    assert f"{expected.difference[0]:+.2f}".replace("-", "−") in words and words[-1] == expected.verdict[0]
    assert (f"{expected.mean_a[0]:.2f}" in words) is (width == 120) and f"{expected.mean_a[0]:.2f}" in whole.split()
    assert "coteaching minus standard" in shown[0]
    with (suite.root / "differences.csv").open() as stream:
        (written,) = csv.DictReader(stream)
    assert list(written) == list(COLUMNS)
    assert float(written["p_holm"]) == expected.p_holm[0] and written["seeds"] == "1 2 3 4 5 6 7"


def test_the_command_is_that(suite: SuiteCopy) -> None:
    done = suite.lnl("compare", "coteaching", "standard", "--table", "small", "--csv", "found.csv")
    assert done.returncode == 0 and "coteaching minus standard" in done.stdout, done.stderr
    assert "too few" in (suite.root / "found.csv").read_text()
    for words, said in (
        (("compare", "coteaching", "standrd"), "did you mean"),
        (("compare", "coteaching", "standard", "--csv", ""), "'' is no name of a file"),
        (("export", "."), "'.' is no name of a file"),
    ):
        wrong = suite.lnl(*words)
        assert (wrong.returncode, wrong.stdout) == (2, "") and len(wrong.stderr.splitlines()) == 1
        assert said in wrong.stderr
