"""Cells that begin with another cell's network: what they depend on, and who writes what for whom."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from suite_copy import TABLE, SuiteCopy

from lnl.data.splits import noisy_hold_out
from lnl.declared import dependencies, paths
from lnl.declared.data_places import Places
from lnl.declared.dependencies import handover_points
from lnl.declared.suite import Cell, Run, Suite
from lnl.engine.progress import unwatched
from lnl.errors import UserError
from lnl.run import train
from lnl.run.dag import Dag
from lnl.run.inputs import problem
from lnl.run.job import job
from lnl.run.store import Store

COLUMNS = [
    {"key": "standard", "label": "Normal", "method": "standard"},
    {"key": "forward", "label": "F", "method": "f-correction"},
    {"key": "late", "label": "F, late", "method": "f-correction", "variant": "late", "set": {"stage": "final"}},
    {"key": "true", "label": "F, true", "method": "f-correction", "variant": "true", "set": {"transition": "true"}},
    {
        "key": "own",
        "label": "F, own noise",
        "method": "f-correction",
        "variant": "own-noise",
        "set": {"protocol.noise.vector": "per_repeat"},
    },
]
AT = ("s2e", "digits", "symmetric-50")
CPU = torch.device("cpu")


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SuiteCopy:
    copy = SuiteCopy.make(tmp_path / "checkout")
    table = {k: v for k, v in TABLE.items() if k not in ("published", "joins")} | {"columns": COLUMNS}
    (copy.root / "tables/small.yaml").write_text(yaml.safe_dump(table))
    monkeypatch.chdir(copy.root)
    return copy


def _load(**config: Any) -> Suite:
    return Suite.load(Path(), {"device": "cpu", "scale": "demo", **config})


def _train(suite: Suite, cell: Cell, seed: int = 1) -> dict[str, Any]:
    run = Run(cell, seed)
    job(suite, run, Places.of(suite.config), "cpu", lambda: False, unwatched, None, handover_points(suite, run))
    return dict(json.loads(Store(suite, run).record_file.read_text())["result"])


def test_what_changes_the_first_network_changes_its_readers_and_no_others(copy: SuiteCopy) -> None:
    before = _load()
    file = copy.root / "methods/standard_held_out.py"
    file.write_text(file.read_text().replace('"hold_out": 0.1', '"hold_out": 0.4'))
    after = _load()
    changed = {c.method for c in before.cells if before.digest(c) != after.digest(c)}
    assert changed == {"f-correction", "f-correction-own-noise", "standard-held-out-own-noise"}


def test_a_variant_of_the_protocol_begins_with_a_network_of_the_same_variant(copy: SuiteCopy) -> None:
    suite = _load()
    [(source, point)] = suite.begins_with(Cell(*AT, "f-correction-own-noise")).values()
    assert (source.method, point) == ("standard-held-out-own-noise", "lowest-validation-loss")
    assert suite.spec(source)["noise"]["vector"] == "per_repeat"
    assert [dependencies.noise_seed(suite, Run(source, seed)) for seed in (1, 2)] == [1, 2]
    fresh = _load()  # a job that is given nothing but the name
    assert fresh.digest(fresh.parse(source.id)) == suite.digest(source)
    [(plain, _)] = suite.begins_with(Cell(*AT, "f-correction-late")).values()
    assert plain.method == "standard"  # a parameter of the reader alone changes nothing of the source
    assert suite.begins_with(Cell(*AT, "f-correction-true")) == {}


def test_a_repeat_is_handed_over_only_if_its_reader_is_asked_for(copy: SuiteCopy) -> None:
    table = yaml.safe_load((copy.root / "tables/small.yaml").read_text())
    more = table | {"title": "more of Standard", "columns": COLUMNS[:1], "seeds": 4}
    (copy.root / "tables/more.yaml").write_text(yaml.safe_dump(more))
    suite = _load()
    standard = Cell(*AT, "standard")
    points = [dependencies.handover_points(suite, Run(standard, seed)) for seed in (1, 2, 3, 4, 9)]
    assert points == [("final",), ("final",), (), (), ("final",)]  # nobody asks for 9: by hand, with its reader in mind


def test_a_method_that_begins_with_itself_is_refused(copy: SuiteCopy) -> None:
    file = copy.root / "methods/standard.py"
    file.write_text(
        file.read_text().replace('"networks": 1,', '"networks": 1,\n    "handovers": {"a": ["f-correction", "final"]},')
    )
    with pytest.raises(UserError, match="'handovers' lead from"):
        _load()


def test_what_a_method_holds_out_validates_by_its_given_labels_and_is_not_trained_on(copy: SuiteCopy) -> None:
    suite = _load()
    cell = suite.parse("/".join((*AT, "standard-held-out")))
    assert suite.spec(cell)["split"] == "noisy-hold-out"
    held = []
    for seed in (1, 2):
        known = problem(suite, Run(cell, seed), Places.of(suite.config), CPU)
        given = torch.from_numpy(np.array(known.given))
        index = torch.from_numpy(noisy_hold_out(len(given), 0.1, "digits", seed))
        images, labels = known.data.parts["validation"]
        assert torch.equal(labels, given[index])
        assert len(images) == len(index)
        held.append(set(index.tolist()))
    assert held[0] != held[1]
    built, _ = train.prepare(suite, [Run(cell, 1)], Places.of(suite.config), CPU, "single", ())
    assert not held[0] & set(built.learner.train_index.tolist())


def test_an_estimate_stands_in_the_record_and_a_diverged_one_does_not(copy: SuiteCopy) -> None:
    suite = _load()
    source = suite.parse("/".join((*AT, "standard-held-out")))
    _train(suite, source)
    Store(suite, Run(source, 1)).publish_handover("lowest-validation-loss")
    estimate = np.array(_train(suite, Cell(*AT, "f-correction"))["estimates"]["transition"])
    assert estimate.shape == (10, 10)
    np.testing.assert_allclose(estimate.sum(1), 1, atol=1e-3)
    assert len({tuple(row) for row in estimate}) > 1
    table = yaml.safe_load((copy.root / "tables/small.yaml").read_text())
    wild = {"initial": "identity", "protocol.optimiser.lr": 1e35}
    table["columns"] = [{"key": "s", "label": "S", "method": "s-model", "variant": "wild", "set": wild}]
    (copy.root / "tables/small.yaml").write_text(yaml.safe_dump(table))
    unchecked = Suite.load(Path(), {"device": "cpu", "scale": "demo"}, validate=False)  # the head refuses such a rate
    diverged = _train(unchecked, Cell(*AT, "s-model-wild"))
    assert diverged["status"] == "diverged"
    assert "estimates" not in diverged


def test_by_hand_a_cell_that_nothing_declares_is_handed_over_as_the_message_says(copy: SuiteCopy) -> None:
    reader = "s2e/digits/pair-20/f-correction"
    asked = copy.lnl("train", reader, "--device", "cpu")
    assert asked.returncode == 2
    remedy = asked.stderr.partition("`lnl ")[2].partition("`")[0].split()
    assert remedy[0] == "handover"
    done = copy.lnl(*remedy, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert copy.lnl("train", reader, "--device", "cpu").returncode == 0


def _lost(copy: SuiteCopy) -> None:
    """What the first run of Standard has handed over is gone, and with it what has begun there."""
    places = ("store/{}/standard-held-out/seed1/handover-*", "handovers/{}/standard-held-out/seed1-*")
    for place in (*places, "store/{}/f-correction/seed1/record-*", "cells/{}/f-correction/seed1.json"):
        [gone] = copy.root.glob(f"results/demo/{place.format('/'.join(AT))}")
        gone.unlink()


def test_a_state_that_is_gone_is_made_again_by_a_training_and_its_hand_over_trains_nothing(copy: SuiteCopy) -> None:
    """A hand-over asks for no GPU, nor for the time of a training."""
    table = yaml.safe_load((copy.root / "tables/small.yaml").read_text())
    (copy.root / "tables/small.yaml").write_text(yaml.safe_dump(table | {"columns": COLUMNS[1:2]}))
    done = copy.snakemake("small")
    assert done.returncode == 0, done.stderr[-3000:]
    before, source, point = copy.records(), "/".join((*AT, "standard-held-out")), "lowest-validation-loss"
    _lost(copy)
    ended = copy.lnl("handover", source, "--point", point, "--kept")
    remedy = f"`lnl handover {source} --seed 1 --point {point} --scale demo` trains it again"
    assert ended.stderr == f"lnl: {source} seed 1: its state at '{point}' is gone; {remedy}\n"
    assert ended.returncode == 2
    assert copy.jobs("small") == {"handover": 1, "table": 1, "train": 2, "small": 1, "total": 5}
    done = copy.snakemake("small")
    assert done.returncode == 0, done.stderr[-3000:]
    what = f"its state at '{point}', with which others begin, is gone; made again"
    assert done.stderr.count(f"lnl: {paths.record('demo', source, 1)}: {what}\n") == 1
    [log] = copy.root.glob("results/demo/logs/handovers/**/seed1-*.log")
    assert log.read_text() == f"{paths.handover('demo', source, 1, point)}\n"
    assert copy.records() == before


def test_a_state_is_handed_over_whose_record_in_the_store_is_damaged(copy: SuiteCopy) -> None:
    """The published record takes its place: nothing has to be trained."""
    source, point = "/".join((*AT, "standard-held-out")), "lowest-validation-loss"
    assert copy.lnl("handover", source, "--point", point, "--device", "cpu").returncode == 0
    [record] = copy.root.glob(f"results/demo/store/{source}/seed1/record-*.json")
    record.write_bytes(record.read_bytes()[:40])
    ended = copy.lnl("handover", source, "--point", point, "--kept")
    assert (ended.returncode, ended.stdout) == (0, f"{paths.handover('demo', source, 1, point)}\n"), ended.stderr


def test_a_state_is_trained_again_for_who_needs_it_with_those_that_it_began_with(
    copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = copy.root / "methods/bootstrap.py"
    chained = '"networks": 1,\n    "handovers": {"a": ["f-correction", "final"]},'
    file.write_text(file.read_text().replace('"networks": 1,', chained))
    table = yaml.safe_load((copy.root / "tables/small.yaml").read_text())
    columns = [*COLUMNS, {"key": "bootstrap", "label": "B", "method": "bootstrap"}]
    (copy.root / "tables/small.yaml").write_text(yaml.safe_dump(table | {"columns": columns}))
    suite = _load()
    first, second, last = (Run(Cell(*AT, method), 1) for method in ("standard-held-out", "f-correction", "bootstrap"))
    there = [first, second]
    monkeypatch.setattr("lnl.results.records.current", lambda suite, run: run in there)
    anew: list[str] = []

    def asked() -> list[str]:
        anew.clear()
        dag = Dag(Path(), {"device": "cpu", "scale": "demo"}, head=False, again=anew.append)
        dag.train_inputs(SimpleNamespace(**vars(last.cell), seed=1))
        return [path.split("/")[6] for path in anew]

    assert asked() == ["f-correction", "standard-held-out"]
    there.append(last)
    assert asked() == [], "nobody needs them"
    there.remove(last)
    Store(suite, first).folder.mkdir(parents=True)
    Store(suite, first).note_unreached(["lowest-validation-loss"])
    assert asked() == ["f-correction"], "the other would end without it again"
    there.clear()
    assert asked() == [], "they are trained anyway"
