"""Files that are written whole or not at all, folders that are walked, and code that is read as it stands."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from lnl.errors import UserError
from lnl.files import TEMPORARY, below, disk, dump_json, leaves, parse_json, replacing, sealed
from lnl.files.home import written_out
from lnl.files.locks import Busy, Lock, free
from lnl.files.own_code import failed, loaded


def _half(file: Path) -> None:
    file.write_text("half")
    raise ValueError("half")


def test_what_was_there_stays_until_all_of_the_new_is_written(tmp_path: Path) -> None:
    file = tmp_path / "new/folder/a.json"
    with replacing(file) as temporary:
        temporary.write_text("first")
        assert not file.exists() and TEMPORARY.fullmatch(temporary.name) and temporary.parent == file.parent
    with pytest.raises(ValueError, match="half"), replacing(file) as temporary:
        _half(temporary)
    assert file.read_text() == "first" and os.listdir(file.parent) == ["a.json"]


@pytest.mark.parametrize("durable", [True, False])
def test_what_took_a_training_is_on_the_disk_before_its_name_and_its_name_before_anybody_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool
) -> None:
    done, replace = [], os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: done.append(stat.S_ISDIR(os.fstat(handle).st_mode)))
    monkeypatch.setattr(os, "replace", lambda *names: (done.append("renamed"), replace(*names))[1])
    sealed.write(tmp_path / "a.json", {"a": 1}, durable=durable)
    assert done == ([False, "renamed", True] if durable else ["renamed"])


def test_a_list_of_numbers_is_a_line_and_words_are_left_alone() -> None:
    value = {
        "curve": [[1.5, None, -2], [True]],
        "words": ["[\n 1,\n 2\n]", "[ nan,  1 ]"],
        "names": ["a", "b"],
        "none": [],
    }
    text = dump_json(value)
    assert json.loads(text) == value and "[1.5, null, -2]" in text and '["a"' not in text
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="Out of range"):
            dump_json({"a": wrong})


def test_numbers_and_depths_are_taken_up_to_their_bounds() -> None:
    bounds = {"low": -(2**63), "high": 2**63 - 1, "float": 1.7e308, "word": "naïve"}
    assert parse_json(json.dumps(bounds).encode()) == bounds
    for number in (2**63, -(2**63) - 1):
        with pytest.raises(ValueError, match="a whole number is too large"):
            parse_json(str(number).encode())
    assert parse_json(b"[" * 39 + b"1" + b"]" * 39)
    with pytest.raises(ValueError, match="nested more than 40 deep"):
        parse_json(b"[" * 40 + b"1" + b"]" * 40)


def test_a_folder_is_walked_in_order_and_no_link_is_followed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    for name in ("b/c/1", "b/2", "a", "z/3"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("")
    (top / "link").symlink_to(top / "b")
    names = [str(Path(entry.path).relative_to(top)) for entry in below(top)]
    assert names == ["a", "b", "link", "z", "b/2", "b/c", "b/c/1", "z/3"]
    assert [entry.name for entry in below(top, deep=False)] == ["a", "b", "link", "z"]
    assert not list(below(top / "link")) and not list(below(top / "none"))
    assert leaves(top / "b/../../x", top) and not leaves(top / "b/2", top)
    assert not leaves(top / "link/2", top) and leaves(top / "link/2", top / "z")
    assert leaves(tmp_path / "top2/a", top), "a name that begins alike is another folder"


def test_what_is_set_aside_takes_the_place_of_what_was_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, aside = tmp_path / "a.json", tmp_path / "a.json.damaged"
    for text in ("one", "two"):
        file.write_text(text)
        sealed.set_aside(file, "why\nnot")
        assert aside.read_text() == text and not file.exists()
    assert capsys.readouterr().err.splitlines() == [f"lnl: {file}: why\\nnot; set aside as a.json.damaged"] * 2
    file.mkdir()
    (file / "inside").write_text("")
    sealed.write(file, {"a": 1})
    assert sealed.read(file) == {"a": 1} and (aside / "inside").exists()
    sealed.set_aside(file, "again")
    assert aside.is_file()


def test_a_lock_is_one_process_s_at_a_time_and_asking_takes_it_from_nobody(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with Lock(file):
        assert not free(file)
        with pytest.raises(Busy):
            Lock(file).acquire(timeout=0)
    assert free(file) and free(file)
    Lock(file).acquire(timeout=0).release()


def test_code_is_read_as_it_stands_and_an_error_in_it_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    for value in (1, 2):  # of one length, within one second
        file.write_text(f"number = {value}\n")
        module = loaded("methods.mine", file)
        assert module.number == value
    for text, why in (("A = 1\nB = A / 0\n", "ZeroDivisionError"), ("import sys\nsys.exit('x')\n", "SystemExit: x")):
        file.write_text(text)
        with pytest.raises(UserError, match=f"mine.py line 2: {why}"):
            loaded("methods.mine", file)
    assert str(failed(file, ValueError("odd"), "its loss: ")) == f"{file.resolve()}: its loss: ValueError: odd"


def test_a_home_is_written_out_and_one_of_nobody_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert written_out("~/data") == Path("/home/me/data") and written_out("/a/~b") == Path("/a/~b")
    with pytest.raises(UserError, match=r"^data_root: ~nouser/x: .*; write the path out$"):
        written_out("~nouser/x", "data_root")


def test_a_disk_is_full_with_less_than_a_megabyte_and_not_where_nobody_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = disk.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda folder: usage._replace(free=2**20 - 1024))
    assert f"{tmp_path}: its disk is full (1023 kB are free); make room" in str(disk.full(tmp_path))
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda folder: usage._replace(free=2**20))
    assert disk.full(tmp_path) is None
    monkeypatch.undo()
    assert disk.full(tmp_path / "none") is None
