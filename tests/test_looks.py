"""`lnl train CELL --epochs N`: curves on the terminal, and nothing that a table, a statistic or an export finds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from markdown_pages import ROOT
from suite_copy import SuiteCopy
from typer.testing import CliRunner

from lnl.cli import look
from lnl.cli.app import app
from lnl.cli.clean import clean
from lnl.cli.exchange import export
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.results import rendered

CELL = "s2e/digits/symmetric-50/standard"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> SuiteCopy:
    return SuiteCopy.make(tmp_path_factory.mktemp("looks") / "checkout")


def rows(said: str) -> list[list[str]]:
    """The numbers of the printed curves, an epoch a row."""
    return [re.findall(r"[\d.]+", line) for line in said.splitlines() if re.match(r" +\d+  ", line)]


def test_a_look_is_seen_by_nobody_else_and_is_trained_anew(copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    first = copy.lnl("train", CELL, "--epochs", "4", "--quiet")
    assert first.returncode == 0, first.stderr
    assert [line[0] for line in rows(first.stdout)] == ["0", "1", "2", "3"]
    assert "4 of 200 epochs" in first.stdout and "apart from the records" in first.stdout
    place = copy.root / "results/demo/looks/4-epochs"
    (record,) = place.glob("demo/cells/*/*/*/*/seed1.json")
    assert str(record.relative_to(copy.root)) in first.stdout
    assert json.loads(record.read_text())["result"]["spec"]["epochs"] == 4
    assert not (copy.root / "results/demo/cells").exists() and copy.stored() == []

    method = copy.root / "methods/standard.py"
    code = method.read_text()
    method.write_text(code.replace("losses.mean(-1)", "0.0 * losses.mean(-1)"))  # and its version is as before
    again = copy.lnl("train", CELL, "--epochs", "4", "--quiet")
    method.write_text(code)
    accuracies = [line[1] for line in rows(again.stdout)]
    assert len(set(accuracies)) == 1 and accuracies != [line[1] for line in rows(first.stdout)]

    monkeypatch.chdir(copy.root)
    suite = Suite.load(config={"scale": "demo"}, validate=False)
    assert len(rendered.missing(suite, "small")) == len(suite.demand("small"))
    with pytest.raises(UserError, match="no run of scale demo to export"):
        export(suite, Path("runs.csv"))


def test_a_method_that_begins_with_another_s_networks_gets_them_in_the_same_place(copy: SuiteCopy) -> None:
    done = copy.lnl("train", "s2e/digits/symmetric-50/f-correction", "--epochs", "3", "--quiet")
    assert done.returncode == 0, done.stderr
    assert list((copy.root / "results/demo/looks/3-epochs").rglob("standard-held-out/*.safetensors"))
    assert not (copy.root / "results/demo/handovers").exists()


def test_a_look_is_deleted_with_its_like_alone(copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copy.root)
    mine = copy.root / "results/demo/looks/5-epochs/notes.txt"
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("my own")
    assert copy.lnl("train", CELL, "--epochs", "2", "--quiet").returncode == 0
    clean(Suite.load(config={"scale": "demo"}, validate=False), {"looks"}, store=False, yes=True, say=lambda line: None)
    left = [path for path in (copy.root / "results/demo/looks").rglob("*") if path.is_file()]
    assert left == [mine]


def test_a_look_at_what_diverges_before_anything_is_evaluated_says_so(copy: SuiteCopy) -> None:
    method = copy.root / "methods/standard.py"
    code = method.read_text()
    method.write_text(code.replace("losses.mean(-1)", "float('nan') * losses.mean(-1)"))
    seen = copy.lnl("train", CELL, "--epochs", "2", "--set", "protocol.untrained_epoch=false", "--quiet")
    method.write_text(code)
    assert seen.returncode == 0, seen.stderr
    assert "diverged in epoch 0: loss or parameters are not finite" in seen.stdout and rows(seen.stdout) == []


def test_what_waits_for_a_search_is_refused_in_a_line(copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copy.root)
    suite = Suite.load(config={"scale": "demo"}, validate=False)
    with pytest.raises(UserError, match="--epochs searches nothing; look at a method whose parameters are given"):
        look.command(suite, "s2e/digits/symmetric-50/s2e", 1, look.Look(epochs=3), quiet=True)
    assert suite.scales["demo"]["epochs"] == 6  # the suite itself is as before


def test_the_beginning_of_a_training_is_the_one_that_its_record_has(copy: SuiteCopy) -> None:
    """Nothing is squeezed: neither rates nor ramps. What `--set` changes is changed as a variant's `set` would."""
    cell = "s2e/digits/symmetric-50/coteaching"
    seen = copy.lnl("train", cell, "--first", "4", "--quiet")
    assert seen.returncode == 0, seen.stderr
    assert "the first 4 of 6 epochs" in seen.stdout and not (copy.root / "results/demo/cells").exists()
    assert not list((copy.root / "results/demo/looks/first-4").rglob("*.pt"))
    whole = copy.lnl("train", cell, "--epochs", "6", "--quiet")
    assert rows(seen.stdout) == rows(whole.stdout)[:4]
    other = copy.lnl("train", cell, "--first", "4", "--set", "tau=0.1", "--set", "protocol.batch.size=16", "--quiet")
    assert "tau = 0.1\nprotocol.batch.size = 16\n" in other.stdout and rows(other.stdout)[0] == rows(seen.stdout)[0]
    kept = [[float(line[5]) for line in rows(said)[1:]] for said in (seen.stdout, other.stdout)]  # as scheduled
    assert min(kept[0]) == 0.5 and min(kept[1]) >= 0.9 - 1 / 16


def test_the_beginning_of_a_training_that_is_counted_in_steps(copy: SuiteCopy) -> None:
    stand_ins = {"datasets": {"mnist49": "digits49"}, "networks": {"l2r_lenet": "digits_cnn"}}
    scale = {"title": "in steps", "length": {"steps": 8, "period": 2}, "batch_size": 8, "stand_ins": stand_ins}
    (copy.root / "config/scales/stepped.yaml").write_text(yaml.safe_dump(scale))
    cell = "l2r-imbalance/digits49/clean/standard"
    done = copy.lnl("train", cell, "--first", "3", "--scale", "stepped", "--quiet")
    assert "the first 3 of 4 periods" in done.stdout and len(rows(done.stdout)) == 3, done.stderr
    refused = copy.lnl("train", cell, "--epochs", "3", "--scale", "stepped", "--quiet")
    words = "its length is in steps, and --epochs counts epochs; --first N has its beginning"
    assert refused.stderr == f"lnl: {cell}: {words}\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--first", "6"), f"{CELL}: its training is 6 of 200 epochs; leave --first 6 out"),
        (("--first", "3", "--epochs", "3"), "--epochs is the whole training in so many, --first its beginning; leave"),
        (
            ("--set", "tau=1"),
            "--set: a look has it, with --epochs or --first; runs that count are declared, with `set`",
        ),
        (("--first", "3", "--set", "tau"), "--set tau: not NAME=VALUE, such as tau=0.3"),
        (("--first", "3", "--set", "tau={"), "--set tau={: '{' is no value; YAML reads it"),
        (("--first", "3", "--set", "tau=1"), "--set: unknown parameter of standard 'tau'"),
        (("--first", "3", "--set", "protocol.optimiser.lt=1"), "--set: "),
    ],
)
def test_what_is_no_look_is_refused_in_a_line(
    words: tuple[str, ...], line: str, copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copy.root)
    out = copy.lnl("train", CELL, *words)
    assert out.returncode == 2 and out.stderr.startswith(f"lnl: {line}") and len(out.stderr.splitlines()) == 1


@pytest.mark.parametrize("option", ["--epochs", "--first"])
def test_both_bounds_of_a_look_are_shown_and_hold(option: str) -> None:
    shown = CliRunner().invoke(app, ["train", "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert shown.exit_code == 0 and shown.output.count(f"{look.FEWEST} to {look.MOST:,}") == 2
    for number, why in (("1", " (the first one may be of the untrained network)"), ("10001", ""), ("-3", " (the")):
        refused = CliRunner().invoke(app, ["train", CELL, option, number])
        assert isinstance(refused.exception, UserError)
        assert str(refused.exception).startswith(f"{option} {number}: a look has 2 to 10,000 epochs{why}")


def test_a_rate_that_the_scale_counts_otherwise_is_said_as_it_trains() -> None:
    suite = Suite.load(ROOT, {"scale": "demo"}, validate=False)
    cell, name = suite.parse(CELL), "protocol.optimiser.lr"
    suite.set_otherwise(cell, {name: 0.0005}, "--set")  # half of what the protocol has, in whose place demo has 0.01
    assert look._at_this_scale(suite.spec(cell), name, 0.0005) == ", at this scale 0.005"
    assert look._at_this_scale(suite.spec(cell), name, 0.005) == look._at_this_scale(suite.spec(cell), "tau", 0.3) == ""


def test_a_variant_is_not_set_otherwise(copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copy.root)
    suite = Suite.load(config={"scale": "demo"}, validate=False)
    with pytest.raises(UserError, match="coteaching-c2 is a variant; name its method, and set what differs"):
        suite.set_otherwise(replace(suite.parse(CELL), method="coteaching-c2"), {"tau": 1}, "--set")


@examples(40)
@given(
    widths=st.dictionaries(st.text("abc_", min_size=1), st.integers(4, 40), min_size=1, max_size=12),
    room=st.integers(20, 200),
)
def test_columns_are_shown_in_as_many_tables_as_they_need(widths: dict[str, int], room: int) -> None:
    widths = {"epoch": 5} | widths
    blocks = list(look._blocks(widths, room))
    assert all(block[0] == "epoch" and len(block) > 1 for block in blocks)
    assert ["epoch", *(name for block in blocks for name in block[1:])] == list(widths)
    used = [sum(widths[name] + 2 for name in block) - 2 for block in blocks]
    assert all(total <= room or len(block) == 2 for total, block in zip(used, blocks, strict=True))
    follow = zip(used, blocks[1:], strict=False)
    assert all(total + 2 + widths[after[1]] > room for total, after in follow)  # the next one had no room


def test_no_number_is_cut_where_the_terminal_is_narrow(monkeypatch: pytest.MonkeyPatch, capsys) -> None:  # type: ignore[no-untyped-def]
    names = ("test_accuracy", "loss", "pseudo_label_entropy_clean", "pseudo_label_entropy_flipped", "an_own_figure")
    curves = {name: [[-0.012345 * (n + 1), 98.765]] for n, name in enumerate(names)} | {"epoch": [0, 1]}
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    look._print(curves)
    said = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out)
    assert all(len(line) <= 60 for line in said.splitlines()) and "…" not in said
    for n in range(len(names)):
        assert f"{-0.012345 * (n + 1):.4g}" in said
