"""The suite's own files carry a digest of their content: whatever is damaged is noticed, and never believed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from declared_datasets import load
from drawn import examples
from hypothesis import example, given
from hypothesis import strategies as st
from suite_copy import SuiteCopy

from lnl.files import sealed
from lnl.run import checkpoints, handed_over

CONTENT = {"digest": "0" * 16, "curves": {"loss": [[0.25, 1e-07, 3.0]]}, "title": "ä", "none": None}
ABOUT = {"run": "p/d/n/m seed 1", "made_of": "a" * 16, "point": "warm"}
CELLS = "results/demo/cells/s2e/digits/symmetric-50"


def _flipped(content: bytes, where: int, bit: int) -> bytes:
    at = where % len(content)
    return content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :]


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
places = st.tuples(st.integers(0, 2**20), st.integers(0, 7))


# ---- JSON ----------------------------------------------------------------------------------------------------------


@given(places)
def test_a_flipped_bit_of_a_sealed_file_is_noticed_or_changes_nothing(place: tuple[int, int]) -> None:
    damaged = _flipped(sealed.sealed(CONTENT).encode(), *place)
    try:
        found = sealed.opened(damaged)
    except ValueError:  # that of text and of JSON among them
        return
    assert {key: value for key, value in found.items() if key in CONTENT} == CONTENT


@given(
    st.dictionaries(
        st.text(), st.integers() | st.text() | st.lists(st.floats(allow_nan=False, allow_infinity=False)), min_size=1
    )
)
def test_what_is_sealed_is_read_as_it_was(content: dict[str, Any]) -> None:
    content.pop(sealed.KEY, None)
    text = sealed.sealed(content or {"a": 1}).encode()
    assert sealed.opened(text) == (content or {"a": 1}) and sealed.intact(text)


def test_layout_is_not_content_but_a_number_is() -> None:
    whole = json.loads(sealed.sealed(CONTENT))
    assert sealed.opened(json.dumps(whole, indent=4).encode()) == CONTENT
    with pytest.raises(ValueError, match="damaged"):
        sealed.opened(json.dumps(whole | {"none": 1}).encode())


def test_of_two_that_find_a_file_damaged_the_second_has_nothing_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.json").write_text("half")
    for _ in range(2):
        sealed.set_aside(tmp_path / "a.json", "damaged")
    assert [file.name for file in tmp_path.iterdir()] == ["a.json.damaged"]
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_files_without_a_seal_are_somebody_elses_and_are_read() -> None:
    assert sealed.opened(json.dumps(CONTENT).encode()) == CONTENT


@pytest.mark.parametrize("content", [b"", b"[]", b"3", b"\xff", b"{", b"[" * 100_000])
def test_what_is_no_object_is_said_in_words(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|decode|Expecting|nested"):
        sealed.opened(content)


# ---- checkpoints and hand-overs ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A checkpoint and a hand-over as they are written."""
    folder = tmp_path_factory.mktemp("states")
    tensors = {"w": torch.arange(6.0).reshape(2, 3), "n": torch.tensor(3), "b": torch.ones(2, dtype=torch.bfloat16)}
    checkpoints.save(folder / "c.pt", {"model": tensors}, [["c", 1, "k"]], [{"data": "a", "labels": "b"}], seconds=1.0)
    handed_over.write(folder / "h.safetensors", tensors, ABOUT)
    assert torch.equal(handed_over.load(folder / "h.safetensors")["w"], tensors["w"])
    whole = checkpoints.load(folder / "c.pt")
    assert whole is not None and torch.equal(whole["training"]["model"]["b"], tensors["b"])
    return (folder / "c.pt").read_bytes(), (folder / "h.safetensors").read_bytes()


@examples(150)
@example((14182, 0))  # an offset that leads before the file
@given(places)
def test_a_flipped_bit_of_a_checkpoint_is_noticed_or_changes_nothing(
    states: tuple[bytes, bytes], tmp_path_factory: pytest.TempPathFactory, place: tuple[int, int]
) -> None:
    file = tmp_path_factory.mktemp("c") / "c.pt"
    file.write_bytes(_flipped(states[0], *place))
    found = checkpoints.load(file)
    if found is None:
        assert not file.exists() and file.with_name("c.pt.damaged").exists()
    else:
        assert torch.equal(found["training"]["model"]["w"], torch.arange(6.0).reshape(2, 3))
        assert found["training"]["model"]["n"] == 3 and found["runs"] == [["c", 1, "k"]] and found["seconds"] == 1.0


@given(places)
def test_a_flipped_bit_of_a_hand_over_is_noticed_or_is_a_blank(
    states: tuple[bytes, bytes], tmp_path_factory: pytest.TempPathFactory, place: tuple[int, int]
) -> None:
    file = tmp_path_factory.mktemp("h") / "h.safetensors"
    file.write_bytes(_flipped(states[1], *place))
    if handed_over.sound(file, ABOUT):
        found = handed_over.load(file)
        assert torch.equal(found["w"], torch.arange(6.0).reshape(2, 3)) and found["n"] == 3


@pytest.mark.parametrize("key", ABOUT)
def test_a_hand_over_of_somebody_else_is_none(states: tuple[bytes, bytes], tmp_path: Path, key: str) -> None:
    file = tmp_path / "h.safetensors"
    file.write_bytes(states[1])
    assert handed_over.sound(file, ABOUT)
    assert f"of another {key}" in str(handed_over.obstacle(file, {**ABOUT, key: "other"}))


def test_a_checkpoint_of_another_run_is_set_aside(
    states: tuple[bytes, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "c.pt"
    file.write_bytes(states[0])
    assert checkpoints.begun(file, [["c", 2, "k"]], [{}]) is None
    assert "checkpoint of another run; set aside as c.pt.damaged" in capsys.readouterr().err and not file.exists()


# ---- whole starts --------------------------------------------------------------------------------------------------


def test_a_damaged_file_is_named_and_made_again_by_the_next_start(suite: SuiteCopy) -> None:
    record = suite.root / CELLS / "standard/seed1.json"
    manifest = suite.root / "results/demo/data/digits.json"
    labels = suite.root / "results/demo/noise/digits/symmetric-50/as_released-seed0.json"
    table = suite.root / "results/demo/tables/small.csv"
    before = {file: file.read_bytes() for file in (record, manifest, labels, table)}
    for file in (record, manifest, labels):
        content = file.read_text()
        at = content.index(": 1") + 2
        file.write_text(content[:at] + "2" + content[at + 1 :])
    table.write_text(table.read_text().replace("1", "7"))
    out = suite.snakemake()
    assert out.returncode == 0, out.stderr
    for file in (record, manifest, labels):
        assert f"lnl: {file.relative_to(suite.root)}: " in out.stderr and "made again" in out.stderr
    assert {file: file.read_bytes() for file in before} == before
    assert suite.jobs() == {}


@pytest.mark.parametrize("stored", [True, False], ids=["in-the-store", "not-in-the-store"])
def test_what_is_said_of_a_damaged_record_puts_it_right_with_nothing_deleted(suite: SuiteCopy, stored: bool) -> None:
    place = f"{CELLS}/standard/seed1.json"
    record = suite.root / place
    before = sealed.read(record)["result"]
    record.write_text('{"x": 1}')
    if not stored:
        shutil.rmtree(suite.root / CELLS.replace("cells", "store") / "standard/seed1")
    status, table = suite.lnl("status", "small").stdout, suite.lnl("table", "small").stderr
    exported = suite.lnl("export", "runs.csv").stderr
    for line in (status, exported):
        assert f"{place}: not a run record" in line and "elete" not in line
        assert "from the store if it is there, else by training this run alone" in line
    assert "small: the records of 1 of 4 runs cannot be read at scale demo" in table and place in table
    [command] = {found for line in (status, exported) for found in re.findall("`lnl (train [^`]+)`", line)}
    out = suite.lnl(*shlex.split(command))
    assert ("was finished already" if stored else "is trained") in out.stdout, out.stderr
    assert sealed.read(record)["result"] == before


def test_a_damaged_copy_in_the_store_is_set_aside_and_taken_from_the_published_one(suite: SuiteCopy) -> None:
    kept = next((suite.root / CELLS.replace("cells", "store") / "standard/seed1").glob("record-*.json"))
    before = kept.read_bytes()
    kept.write_bytes(_flipped(before, 400, 0))
    out = suite.lnl("train", "s2e/digits/symmetric-50/standard", "--seed", "1")
    assert "was finished already" in out.stdout and "set aside as" in out.stderr
    assert kept.read_bytes() == before


def test_going_back_to_former_labels_finds_what_was_trained_on_them(suite: SuiteCopy) -> None:
    store = suite.root / CELLS.replace("cells", "store") / "standard/seed1"
    record = next(store.glob("record-*.json"))
    content = sealed.read(record)
    manifest = suite.root / "results/demo/noise/digits/symmetric-50/as_released-seed0.json"
    told = sealed.read(manifest)
    sealed.write(manifest, told | {"digest": "1" * 16})  # as if the labels had been others in between
    content["result"]["labels"]["digest"] = "1" * 16
    (suite.root / CELLS / "standard/seed1.json").unlink()
    script = f"""
from pathlib import Path
from lnl.declared.suite import Run, Suite
from lnl.files import sealed
from lnl.run.store import Store
suite = Suite.load(".")
store = Store(suite, Run(suite.parse("s2e/digits/symmetric-50/standard"), 1))
store.save({content!r})
assert store.finished()
"""
    subprocess.run([sys.executable, "-c", script], cwd=suite.root, check=True, env=suite.environment())
    assert len(list(store.glob("record-*.json"))) == 2
    sealed.write(manifest, told)
    out = suite.lnl("train", "s2e/digits/symmetric-50/standard", "--seed", "1")
    assert "was finished already" in out.stdout
    assert sealed.read(suite.root / CELLS / "standard/seed1.json")["result"]["labels"]["digest"] == told["digest"]
    assert len(list(store.glob("record-*.json"))) == 2


def test_a_cached_array_that_was_damaged_and_kept_its_date_is_prepared_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = load("digits", None, tmp_path)
    file = tmp_path / "data/digits/train_images.npy"
    known = file.stat()
    content = np.array(whole.train_images)
    file.write_bytes(_flipped(file.read_bytes(), 5000, 3))
    os.utime(file, ns=(known.st_atime_ns, known.st_mtime_ns))
    again = load("digits", None, tmp_path)
    assert np.array_equal(again.train_images, content) and again.digest == whole.digest
    assert "damaged" in capsys.readouterr().err


def test_labels_of_an_old_date_or_another_column_are_read_again(suite: SuiteCopy) -> None:
    column = [str(i % 10) for i in range(1197)]
    file = suite.root / "labels.csv"

    def write(first: str) -> None:
        rows = [f"{a},{b}" for a, b in zip([first, *column[1:]], reversed(column), strict=True)]
        file.write_text("\n".join(["mine,yours", *rows]) + "\n")

    write("0")
    config = suite.root / "config/config.yaml"
    declared = yaml.safe_load(config.read_text())
    declared["label_files"] = {"us": {"path": "labels.csv", "field": "mine"}}
    config.write_text(yaml.safe_dump(declared))
    target = "results/demo/noise/digits/file-us/as_released-seed0.json"
    assert suite.snakemake(target).returncode == 0
    assert suite.jobs(target) == {}
    write("1")
    os.utime(file, (1, 1))
    assert suite.jobs(target)["noise"] == 1
    write("0")
    os.utime(file, (1, 1))
    assert suite.jobs(target) == {}
    declared["label_files"]["us"]["field"] = "yours"
    config.write_text(yaml.safe_dump(declared))
    assert suite.jobs(target)["noise"] == 1
