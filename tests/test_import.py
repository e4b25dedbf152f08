"""`lnl import` believes no file: what is hostile stays out, what is sound comes in, and both are said."""

from __future__ import annotations

import copy
import gzip
import json
import os
import random
import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from suite_copy import TABLE
from typer.testing import CliRunner

from lnl.cli import bring_in as exchange
from lnl.cli.app import app
from lnl.cli.exchange import export, keep
from lnl.declared.schema import schema
from lnl.declared.shape import Misfit, checker
from lnl.declared.specification import digest
from lnl.declared.suite import Cell, Run, Suite
from lnl.errors import UserError
from lnl.files import LARGEST, parse_json, read_file
from lnl.results.records import read, state_of
from lnl.results.valid import validated
from lnl.run.store import Store
from tests.faults.hostile_imports import ROOT, SEARCH, checkout, limited, run, valid_files
from tests.faults.mutations import put, ways

COMMITTED = sorted(ROOT.glob("docs/reproduction/*/records/**/seed*.json.gz"))
STANDARD = Cell("s2e", "mnist", "clean", "standard")


@pytest.fixture
def place() -> Iterator[tuple[Path, Suite]]:
    """A checkout of its own as the working directory, and a folder of sound files beside it."""
    with checkout() as (sandbox, suite):
        for name, content in valid_files().items():
            (sandbox / "sound" / name).parent.mkdir(parents=True, exist_ok=True)
            (sandbox / "sound" / name).write_bytes(gzip.compress(content, 1))
        yield sandbox / "sound", suite


def _record() -> dict[str, Any]:
    """A sound record of three epochs."""
    found = json.loads(read_file(ROOT / f"docs/reproduction/s2e_mnist/records/paper/{STANDARD.id}/seed1.json.gz"))
    result = found["result"]
    result["spec"]["epochs"] = 3
    for name, curve in result["curves"].items():
        nested = isinstance(curve[0], list)
        result["curves"][name] = [network[:3] for network in curve] if nested else curve[:3]
    result |= {"summary": {}, "digest": digest(result["spec"])}
    return validated(found, "a record")


def test_hostile_folders_leave_nothing_behind() -> None:
    counts = run(20, seed=0)
    assert counts.sound(), vars(counts)


def test_every_committed_record_is_sound_and_checked_in_three_milliseconds() -> None:
    assert len(COMMITTED) > 300
    spent = []
    for file in COMMITTED:
        record = parse_json(read_file(file))
        before = time.process_time()
        validated(record, file)
        spent.append(time.process_time() - before)
    assert statistics.median(spent) < 0.003


def test_plain_functions_say_what_jsonschema_says() -> None:
    rng, base, wrong = random.Random(0), _record(), 0
    whole = jsonschema.Draft202012Validator(schema("record"))
    for _ in range(120):
        record = copy.deepcopy(base)
        way = rng.choice([way for way, _ in ways(record) if way])
        put(record, way, rng.choice([None, False, 7, -3, 120, 0.5, 101.5, "text", "a/b", "", [], [1], {}, {"a": 1}]))
        try:
            checker("record")(record)
            fits = True
        except Misfit:
            fits = False
        assert fits == whole.is_valid(record), way
        wrong += not fits
    assert 20 < wrong < 120


@pytest.mark.parametrize(
    ("way", "value", "said"),
    [
        (("curves", "loss", 0), [1.0], "curve loss of another length"),
        (("curves", "epoch"), [0, 2, 3], "epochs are not 0, 1, 2"),
        (("curves", "loss"), [[1.0] * 3] * 2, "curve loss of 2 networks, and test_accuracy of 1"),
        (("curves", "loss", 0, 1), float("nan"), "'result.curves.loss.0.1' is nan"),
        (("curves", "test_accuracy", 0, 1), 100.5, "'result.curves.test_accuracy.0.1' is 100.5, above 100"),
        (("seed",), True, "'result.seed' is true, not a whole number"),
        (("dataset",), "mnist\n", "'result.dataset' is 'mnist\\n'"),
        (("noise",), "pair-45", "has noise pair-45, and its specification 'clean'"),
        (("labels", "vector"), "per_repeat", "has vector per_repeat"),
        (("summary", "final"), 50.0, "the file was altered"),
        (("status",), "diverged", "'result.diverged' is null"),
        (("spec", "epochs"), 4, "curves of 3 epochs, and its specification has 4"),
        (("spec", "more"), 4, "digest that does not fit its own specification"),
    ],
)
def test_a_record_that_is_not_sound_is_one_line(way: tuple[Any, ...], value: Any, said: str) -> None:
    record = put(_record(), ("result", *way), value)
    with pytest.raises(UserError) as found:
        validated(record, "here.json")
    line = str(found.value)
    assert (
        line.startswith("here.json: ")
        and said in line
        and "\n" not in line
        and "take it anew from where it was made" in line
    )


def test_a_run_that_diverged_before_anything_was_evaluated_is_sound() -> None:
    record = _record()
    record["result"] |= {"curves": {}, "status": "diverged", "diverged": {"epoch": 0, "reason": "loss is not finite"}}
    validated(record, "here.json")


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[NaN]", b"[1e999]", b"[-Infinity]", b"[" + b"9" * 5000 + b"]", b"[" + b"9" * 25 + b"]",
        b'{"a": 1, "a": 2}', b'["\\ud800"]', b'{"\\udfff": 1}', b'["\xff"]',
        b"[" * 100_000, b"[" * 60 + b"]" * 60, b'{"a":' * 60 + b"1" + b"}" * 60,
    ],
)  # fmt: skip
def test_json_that_not_everybody_reads_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        parse_json(raw)


def test_no_file_is_read_beyond_its_bound(tmp_path: Path) -> None:
    bomb, sparse, pipe, link = (tmp_path / name for name in ("bomb.gz", "sparse", "pipe", "link"))
    bomb.write_bytes(gzip.compress(b" " * 2**20) * 3000)
    with sparse.open("wb") as stream:
        stream.truncate(LARGEST + 1)
    os.mkfifo(pipe)
    link.symlink_to(bomb)
    with limited(5):
        for file, why in ((bomb, "MB when unpacked"), (sparse, "larger"), (pipe, "no regular"), (link, "a link")):
            with pytest.raises(ValueError, match=why):
                read_file(file)


def test_a_refused_file_is_named_and_costs_the_others_nothing(
    place: tuple[Path, Suite], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, suite = place
    best = folder / f"paper/{SEARCH}/best.json.gz"
    page = json.loads(gzip.decompress(best.read_bytes()))
    best.write_bytes(gzip.compress(json.dumps(page | {"seed": "1/../../../x"}).encode()))
    os.mkfifo(folder / "seed5.json")
    with limited(5), pytest.raises(SystemExit) as end:
        exchange.command(suite, folder)
    said = capsys.readouterr()
    assert end.value.code == 2
    assert said.out.strip() == "3 imported, 1 without its search, 2 refused"
    assert [line.split(": ")[1] for line in said.err.splitlines()] == [str(folder / "seed5.json"), str(best)]
    assert all("; " in line for line in said.err.splitlines())


def test_a_folder_below_one_called_store_is_read(place: tuple[Path, Suite]) -> None:
    folder, suite = place
    moved = folder.parent / "store"
    folder.rename(moved)
    report = exchange.bring_in(suite, moved)
    assert report.counts["imported"] == 5 and not report.refused


def test_a_search_of_other_labels_is_counted_with_all_its_pages(
    place: tuple[Path, Suite], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, suite = place
    scores = next((folder / f"paper/{SEARCH}").rglob("scores.json.gz"))
    page = json.loads(gzip.decompress(scores.read_bytes()))
    scores.write_bytes(gzip.compress(json.dumps(page | {"trained_on": {"labels": "0" * 16}}).encode()))
    monkeypatch.setattr("lnl.declared.origin.of_search", lambda *_: {"labels": "1" * 16})
    pages = len(list((folder / f"paper/{SEARCH}").rglob("*.json.gz")))
    report = exchange.bring_in(suite, folder)
    assert pages > 1 and report.counts["other data or labels"] == pages and not report.refused


def test_a_run_that_is_trained_here_is_not_waited_for(place: tuple[Path, Suite]) -> None:
    folder, suite = place
    with limited(5), Store(suite, Run(STANDARD, 1)).lock():
        report = exchange.bring_in(suite, folder)
    assert report.counts["imported"] == 4 and "is being trained here" in report.refused[0]


def test_nothing_of_the_results_is_read_through_a_link(
    place: tuple[Path, Suite], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, suite = place
    exchange.bring_in(suite, folder)
    at = {"key": "clean", "label": "Clean", "noise": "clean"}
    Path("tables/small.yaml").write_text(yaml.safe_dump(TABLE | {"rows": [at], "published": {"values": {}}}))
    suite = Suite.load(Path(), {"scale": "paper"}, validate=False)
    kept = Path("results/paper/cells", STANDARD.id)
    runs = export(suite, folder.parent / "runs.csv")
    for what in (kept / "seed1.json", kept):
        shutil.move(what, folder.parent / what.name)
        what.symlink_to(folder.parent / what.name)
        state = state_of(suite, STANDARD, 1)
        assert state.state == "failed" and "by a link" in state.reason
        with pytest.raises(UserError, match="by a link"):
            keep(suite, ["small"], folder.parent / "kept")
        capsys.readouterr()
        assert export(suite, folder.parent / "runs.csv") == runs - 1
        told = capsys.readouterr().err
        assert str(what) in told and "link" in told and told.count("\n") == 1
        what.unlink()
        shutil.move(folder.parent / what.name, what)
    (kept / "seed1.json").unlink()
    os.mkfifo(kept / "seed1.json")
    with limited(5), pytest.raises(UserError, match="no regular file"):
        read(kept / "seed1.json")


@pytest.mark.parametrize("command", [["keep", "FILE", "all"], ["import", "FILE"]])
def test_a_file_where_a_folder_is_meant_is_a_line(tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "records"
    file.write_text("")
    said = CliRunner().invoke(app, [str(file) if word == "FILE" else word for word in command])
    assert isinstance(said.exception, UserError) and str(said.exception) == f"{file}: is no folder; name one"
