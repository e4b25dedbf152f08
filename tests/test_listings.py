"""Tables on the terminal: no number is cut at any width, and what a narrow terminal lacks is named."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from suite_copy import SuiteCopy

from lnl.cli import inspect
from lnl.cli.tables import GAP, Listing
from lnl.declared.suite import Suite
from lnl.run.price.cost import Correction, Cost

ROOT = Path(__file__).resolve().parent.parent
# Of the longest row:
NUMBERS = (
    "694 of 694",
    "9915 of 9915",
    "12,345",
    "≈ 1,592 d",
    "4.7 d",
    "23,286",
    "1.7 GB",
    "829 MB",
)  # of the longest row
LONG = "tutorial_s2e_search_efficiency"

Shown = Callable[[Callable[[], None]], str]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Shown:
    """What is printed on a terminal of a width; of a pipe, where that is 0, whatever the terminal beside it is."""
    monkeypatch.setenv("COLUMNS", str(request.param or 60))
    monkeypatch.setenv("TERM", "xterm")

    def said(command: Callable[[], None]) -> str:
        monkeypatch.setattr("sys.stdout.isatty", lambda: bool(request.param))
        command()
        return re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out)

    return said


class Priced:
    """An estimator whose every artefact costs what has the longest numbers."""

    correction = Correction()

    def __init__(self, suite: Suite) -> None:
        self.suite = suite

    def cost(self, runs: object, searches: object, artefacts: object) -> Cost:
        return Cost(694, 694, 9915, 9915, 0, 24 * 1592, 24 * 4.7, 23286, 1.7 * 1000, 829, "modelled", 12345)


@pytest.fixture(scope="module")
def paper() -> Suite:
    return Suite.load(ROOT, {"scale": "paper", "device": "cpu"}, validate=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> SuiteCopy:
    return SuiteCopy.make(tmp_path_factory.mktemp("listings") / "checkout")


@pytest.mark.parametrize(
    ("shown", "missing"),
    [(60, 5), (80, 4), (110, 0), (160, 0), (0, 0)],
    indirect=["shown"],
)
def test_a_plan_cuts_no_number_and_names_what_has_no_room(
    shown: Shown, missing: int, paper: Suite, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(inspect, "Estimator", Priced)
    said = shown(lambda: inspect.plan(paper, [LONG]))
    width = request.node.callspec.params["shown"]
    left_out = ["PFLOP", "memory ≥", "longest", "disk", "jobs"][:missing]
    row = next(line for line in said.splitlines() if line.startswith("tutorial_s2e"))
    for name, number in zip(inspect.PRICES, NUMBERS, strict=True):
        assert (number in row) is (name not in left_out), (name, row)
    assert "…" not in said
    assert ("No room for" in said) is bool(missing)
    assert all(name in said.split("No room for")[1] for name in left_out)
    if width:
        assert max(map(len, said.splitlines())) <= width
    else:
        assert LONG in row  # whole names, and a sentence is a line
        assert sum(line.startswith(("Device time", "Jobs", "Candidates", "≈")) for line in said.splitlines()) == 4
        assert said.rstrip().splitlines()[-1].endswith(".")


@pytest.mark.parametrize("shown", [50, 80, 120, 0], indirect=True)
def test_a_status_leaves_out_states_that_no_run_has(
    shown: Shown, copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(copy.root)
    suite = Suite.load(Path(), {"scale": "demo"}, validate=False)
    runs = len(suite.demand("small"))
    said = shown(lambda: inspect.status(suite, ["small"]))
    header, row = (next(line for line in said.splitlines() if line.startswith(word)) for word in ("artefact", "small"))
    assert row.split()[0] == "small" and str(runs) in row.split() and row.split()[-1] == "no"
    assert len(header.split()) == len(row.split()) and "…" not in said
    narrow = request.node.callspec.params["shown"] == 50
    assert ("diverged" in header) is not narrow and ("missing" in header)
    assert ("failed, stale (no run is); a terminal of" in " ".join(said.split())) is narrow


WORDS = st.text("abc_ ", min_size=1, max_size=30)
CELLS = st.text("0123456789,. GB", min_size=1, max_size=14).map(str.strip)


@examples(60)
@given(rows=st.lists(st.tuples(WORDS, CELLS, CELLS, CELLS), min_size=1, max_size=4), room=st.integers(1, 90))
def test_what_is_shown_of_a_table_stands_whole_in_its_column(rows: list[tuple[str, str, str, str]], room: int) -> None:
    listing = Listing("", ("name", "runs to train", "device time", "disk"), (), [("device time",), ("disk",)])
    for row in rows:
        listing.add(*row)
    widths = listing.widths(room)
    assert {0, 1} <= set(widths)  # what has no number to spare is never left out
    for place, width in widths.items():
        assert place == 0 or width >= max(len(row[place]) for row in rows)
    used = sum(widths.values()) + GAP * (len(widths) - 1)
    assert used <= room or set(widths) == {0, 1}  # wider than its room only where nothing more can be left out
    if 2 not in widths:  # it was left out since it had no room
        assert sum(listing.least(place) + GAP for place in range(4)) - GAP > room
    if room == 90:
        assert len(widths) == 4


@pytest.mark.parametrize(
    ("correction", "said"),
    [
        (Correction(), "; no run that an artefact wants at this scale has been measured on a CPU core yet."),
        (Correction(1.5, 3, 0.125, 3, 0), ", times 1.50: what 3 kinds of runs took (half of them within 12% of that)."),
        (Correction(1.5, 1, 0.0, 1, 0), ", times 1.50: what 1 kind of runs took. "),
        (Correction(1.0, 0, 0.0, 0, 1), "took: 1 kind trained in stacks."),
        (Correction(1.0, 0, 0.0, 0, 1), ", not corrected: no run alone that it can price has been measured."),
        (Correction(1.0, 0, 0.0, 2, 0), ", not corrected: no run alone that it can price has been measured."),
        (Correction(1.5, 3, 0.125, 4, 2), "took: 4 kinds trained alone and 2 kinds trained in stacks."),
    ],
)
@pytest.mark.parametrize("shown", [0], indirect=True)
def test_a_plan_says_of_what_is_measured_how_it_was_trained(
    shown: Shown, correction: Correction, said: str, paper: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "Estimator", Priced)
    monkeypatch.setattr(Priced, "correction", correction)
    printed = shown(lambda: inspect.plan(paper, [LONG]))
    assert said in printed
    assert ("no run that an artefact wants" in printed) is (correction == Correction())
