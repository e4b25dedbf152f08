"""Whatever is demanded and has no record of today is made by the next start, whatever Snakemake itself knows of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from suite_copy import SuiteCopy

from lnl.files import sealed

CELLS = "results/demo/cells/s2e/digits/symmetric-50"
STORE = "results/demo/store/s2e/digits/symmetric-50"
LONG_AGO = 600_000_000


def _edit(suite: SuiteCopy, name: str, old: str, new: str) -> None:
    """An edit that no date tells: the file looks as old as it is."""
    file = suite.root / name
    text, times = file.read_text(), file.stat()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def _changed_default(suite: SuiteCopy) -> None:
    _edit(suite, "methods/coteaching.py", '"t_k": 10', '"t_k": 20')


def _deleted_record(suite: SuiteCopy) -> None:
    (suite.root / CELLS / "standard/seed1.json").unlink()


def _lost_record(suite: SuiteCopy) -> None:
    _deleted_record(suite)
    shutil.rmtree(suite.root / STORE / "standard/seed1")


def _failed_runs(suite: SuiteCopy) -> None:
    """What a start leaves whose jobs failed: no record of today's declaration, and a table that shows it."""
    _changed_default(suite)
    for record in (suite.root / CELLS / "coteaching").glob("seed*.json"):
        record.unlink()
    assert suite.lnl("render", "--partial").returncode == 0


def _rendered_without_a_run(suite: SuiteCopy) -> None:
    record = suite.root / CELLS / "standard/seed1.json"
    record.rename(record.with_suffix(".away"))
    assert suite.lnl("render", "--partial").returncode == 0
    record.with_suffix(".away").rename(record)


def _changed_and_changed_back(suite: SuiteCopy) -> None:
    _changed_default(suite)
    assert suite.lnl("render", "--partial").returncode == 0
    _edit(suite, "methods/coteaching.py", '"t_k": 20', '"t_k": 10')


def _retitled_table(suite: SuiteCopy) -> None:
    _edit(suite, "tables/small.yaml", "A small table", "A table, small")


def _old_declaration(suite: SuiteCopy) -> None:
    _changed_default(suite)
    os.utime(suite.root / "methods/coteaching.py", (LONG_AGO, LONG_AGO))


STATES: list[tuple[Callable[[SuiteCopy], None], dict[str, int]]] = [
    (_deleted_record, {"train": 1, "table": 1}),
    (_lost_record, {"train": 1, "table": 1}),
    (_failed_runs, {"train": 2, "table": 1}),
    (_old_declaration, {"train": 2, "table": 1}),
    (_rendered_without_a_run, {"table": 1}),
    (_changed_and_changed_back, {"table": 1}),
    (_retitled_table, {"table": 1}),
]


@pytest.mark.parametrize("bookkeeping", [True, False], ids=["", "without .snakemake"])
@pytest.mark.parametrize(("happened", "wanted"), STATES, ids=[happened.__name__.strip("_") for happened, _ in STATES])
def test_what_has_no_record_of_today_is_made(
    suite: SuiteCopy, happened: Callable[[SuiteCopy], None], wanted: dict[str, int], bookkeeping: bool
) -> None:
    happened(suite)
    if not bookkeeping:
        shutil.rmtree(suite.root / ".snakemake")
    jobs = suite.jobs()
    assert {rule: count for rule, count in jobs.items() if rule in ("train", "table")} == wanted
    assert jobs["report"] == 1


def test_without_its_bookkeeping_a_finished_suite_has_nothing_to_do(suite: SuiteCopy) -> None:
    shutil.rmtree(suite.root / ".snakemake")
    assert suite.jobs() == {}


def test_a_run_that_failed_is_tried_again_until_it_is_there(suite: SuiteCopy) -> None:
    fault = 'p = self.parameters\n        assert p["t_k"] != 20, "not with twenty"'
    _edit(suite, "methods/coteaching.py", "p = self.parameters", fault)
    _changed_default(suite)
    before = suite.records()
    out = suite.snakemake()
    assert out.returncode != 0
    assert not list((suite.root / CELLS / "coteaching").glob("seed*.json"))
    assert suite.jobs()["train"] == 2
    _edit(suite, "methods/coteaching.py", "!= 20", "!= 21")
    assert suite.snakemake().returncode == 0
    assert set(suite.records()) == set(before)
    assert suite.jobs() == {}


def test_a_record_of_an_earlier_declaration_is_kept_when_it_is_replaced(suite: SuiteCopy) -> None:
    kept = {file.name: file.read_bytes() for file in (suite.root / STORE / "coteaching/seed1").glob("record-*.json")}
    shutil.rmtree(suite.root / STORE)  # records that came without a store: copied from another machine
    _changed_default(suite)
    assert suite.snakemake(f"{CELLS}/coteaching/seed1.json").returncode == 0
    there = {file.name: file.read_bytes() for file in (suite.root / STORE / "coteaching/seed1").glob("record-*.json")}
    assert len(there) == 2 and kept.items() <= there.items()


def test_records_that_came_without_a_store_are_kept_whatever_their_dates(suite: SuiteCopy) -> None:
    shutil.rmtree(suite.root / "results/demo/store")
    shutil.rmtree(suite.root / ".snakemake")
    before = suite.records()
    for manifest in (
        *(suite.root / "results/demo/noise").rglob("*.json"),
        suite.root / "results/demo/data/digits.json",
    ):
        os.utime(manifest)  # copied after the records
    out = suite.snakemake()
    assert out.returncode == 0, out.stderr
    assert suite.records() == before
    said = "".join(log.read_text() for log in (suite.root / "results/demo/logs/s2e").rglob("seed*.log"))
    assert "was finished already" in said and "is trained" not in said


@pytest.mark.parametrize("damage", ["cut", "other scale", "labels"])
def test_a_record_that_cannot_be_believed_is_made_again(suite: SuiteCopy, damage: str) -> None:
    file = suite.root / CELLS / "standard/seed1.json"
    sound = file.read_text()
    if damage == "cut":
        file.write_text(sound[: len(sound) - 40])
    elif damage == "other scale":
        file.write_text(sound.replace('"scale": "demo"', '"scale": "lite"'))
    else:
        content = sealed.opened(sound.encode())
        content["result"]["labels"] = "none"
        sealed.write(file, content)
    shutil.copyfile(file, next((suite.root / STORE / "standard/seed1").glob("record-*.json")))
    out = suite.snakemake()
    assert out.returncode == 0, out.stderr
    assert json.loads(file.read_text())["result"] == json.loads(sound)["result"]
    assert suite.jobs() == {}


def test_a_target_alone_makes_nothing_that_it_does_not_need(suite: SuiteCopy) -> None:
    _changed_default(suite)
    jobs = suite.jobs(f"{CELLS}/coteaching/seed1.json")
    assert (jobs["train"], jobs.get("table", 0)) == (1, 0)
    assert suite.jobs(f"{CELLS}/standard/seed1.json") == {}


def test_files_of_a_search_that_was_declared_otherwise_are_made_again(suite: SuiteCopy) -> None:
    target = "results/demo/searches/s2e/digits/pair-45/coteaching/tau-grid/seed1/best.json"
    file = suite.root / target
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"search": "s2e/digits/pair-45/coteaching/tau-grid", "digest": "0" * 16, "seed": 1}))
    jobs = suite.jobs(target)
    assert jobs["best"] == 1 and jobs["candidates"] > 0


def test_an_arm_of_a_study_that_was_declared_otherwise_is_searched_again(suite: SuiteCopy) -> None:
    declared = (suite.root / "config/synthetic.yaml").read_text()
    assert declared
    study, arm = _first_arm(suite)
    target = f"results/demo/synthetic/{study}/{arm}.json"
    file = Path(suite.root / target)
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"digest": "0" * 16}))
    assert suite.jobs(target) == {"synthetic": 1, "total": 1}


def _first_arm(suite: SuiteCopy) -> tuple[str, str]:
    import yaml

    studies = yaml.safe_load((suite.root / "config/synthetic.yaml").read_text())["studies"]
    study = next(iter(studies))
    return study, next(iter(studies[study]["arms"]))
