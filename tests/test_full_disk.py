"""A disk that is full, fails or may not be written: a line on the terminal names file, reason and remedy."""

from __future__ import annotations

import errno
import io
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from rights import ordinary
from safetensors.torch import save_file
from suite_copy import SuiteCopy

from lnl import cli
from lnl.cli.doctor import _folder
from lnl.errors import UserError
from lnl.files import disk, replacing, sealed
from lnl.run import terminal
from lnl.run.store import Store

LARGE = 200_000  # bytes; the limit is half of it
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what jobs say goes through /proc")


@pytest.fixture
def limited() -> object:
    """No file grows beyond a limit: what needs no disk to be full for."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGE // 2, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _numpy(path: Path) -> None:
    with path.open("wb") as stream:
        np.save(stream, np.zeros(LARGE, np.uint8), allow_pickle=False)


WRITERS: dict[str, Callable[[Path], object]] = {
    "text": lambda path: path.write_text("x" * LARGE),
    "numpy": _numpy,
    "torch": lambda path: torch.save({"weight": torch.zeros(LARGE)}, path),
    "safetensors": lambda path: save_file({"weight": torch.zeros(LARGE)}, path),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_every_library_that_cannot_write_names_the_file_the_reason_and_the_remedy(
    writer: str, tmp_path: Path, limited: object
) -> None:
    file = tmp_path / "file"
    with pytest.raises(UserError) as raised, replacing(file) as temporary:
        WRITERS[writer](temporary)
    assert str(raised.value).startswith(f"{file}: cannot be written (File too large); raise the limit")
    assert not list(tmp_path.iterdir())
    assert disk.trouble(raised.value, "") == str(raised.value)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "make room"), (errno.EDQUOT, "make room"), (errno.EROFS, "see to the disk"), (errno.EIO, "see to")],
)
def test_each_trouble_of_a_disk_has_its_remedy(
    number: int, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(UserError, match=f"{os.strerror(number)}.*{remedy}.*start again; nothing that was finished"):
        sealed.write(tmp_path / "record.json", {"a": 1})


def test_an_error_that_is_no_disks_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="shapes"), replacing(tmp_path / "file"):
        raise RuntimeError("shapes do not fit")
    assert disk.trouble(ValueError("I/O error"), "") is None


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> object:
    """What the terminal of a head shows of its jobs."""
    shown = io.StringIO()
    monkeypatch.setattr(terminal, "_say", shown.write)
    terminal.listen()
    yield shown
    terminal.conclude()
    os.environ.pop(terminal.VARIABLE, None)


@linux
def test_what_a_job_says_is_shown_once_and_again_at_the_end(heard: io.StringIO) -> None:
    for line in ("lnl: a: No space left", "lnl: a: No space left", "lnl: b: No space left"):
        terminal.tell(line)
    until = time.monotonic() + 10
    while "b:" not in heard.getvalue() and time.monotonic() < until:
        time.sleep(0.01)
    assert heard.getvalue() == "lnl: a: No space left\nlnl: b: No space left\n"
    terminal.conclude()
    assert heard.getvalue().splitlines()[2:] == [
        "lnl: not everything could be written (1 more such lines above): a: No space left"
    ]


@linux
def test_a_job_writes_to_no_other_file_that_its_heads_number_leads_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("somebody's")
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with file.open("a") as opened:
        for other, number in ((opened.fileno(), os.fstat(opened.fileno()).st_ino), (writer, 1)):
            monkeypatch.setenv(terminal.VARIABLE, f"/proc/{os.getpid()}/fd/{other} {number}")
            terminal.tell("lnl: a: No space left")
    assert file.read_text() == "somebody's"
    with pytest.raises(BlockingIOError):
        os.read(reader, 1)
    os.close(reader), os.close(writer)


@linux
def test_a_disk_that_is_full_at_the_end_is_named(heard: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal._folders.append("results/demo")
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 4096}))
    terminal.conclude()
    assert heard.getvalue().startswith("lnl: results/demo: its disk is full (4 kB are free); make room")


@linux
def test_a_command_whose_log_is_full_says_so_on_the_terminal(
    heard: io.StringIO, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def flush(self) -> None:
            self.write("")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["lnl", "show", "nothing"])
    monkeypatch.setattr(sys, "stdout", Full())
    monkeypatch.setattr(cli, "_output", lambda: "results/demo/logs/some.log")
    monkeypatch.setattr("lnl.cli.commands.inspecting.load_suite", lambda **_: print("said"))
    assert cli.run() == 2
    terminal.conclude()
    assert "lnl: results/demo/logs/some.log: cannot be written (No space left on device); make room" in heard.getvalue()


def test_a_failure_whose_note_cannot_be_written_is_still_the_failure(
    suite: SuiteCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lnl.declared.suite import Run, Suite

    monkeypatch.chdir(suite.root)
    declared = Suite.load(Path(), {})
    store = Store(declared, Run(declared.parse("s2e/digits/symmetric-50/standard"), 1))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    store.fail(ValueError("the reason"), None)  # raises nothing of its own


@linux
def test_a_start_on_a_full_disk_says_so_at_its_end_and_the_next_one_completes(suite: SuiteCopy) -> None:
    expected = suite.records()
    for folder in ("cells", "store"):
        shutil.rmtree(suite.root / "results/demo" / folder)
    method = suite.root / "methods/standard.py"
    sound = method.read_text()
    full = "raise OSError(28, 'No space left on device', 'the/file')\n        losses = cross_entropy"
    method.write_text(sound.replace("losses = cross_entropy", full))
    begun = suite.snakemake("small")
    assert begun.returncode != 0 and "Traceback" not in begun.stderr
    said = [line for line in begun.stderr.splitlines() if line.startswith("lnl: ")]
    assert said[0].startswith("lnl: the/file: cannot be written (No space left on device); make room")
    assert said[-1].startswith("lnl: not everything could be written: the/file")
    kept = {file: file.stat().st_mtime_ns for file in suite.stored()}
    assert len(kept) == 2  # what was trained is kept
    method.write_text(sound)
    assert suite.snakemake("small").returncode == 0
    assert suite.records() == expected and all(file.stat().st_mtime_ns == at for file, at in kept.items())


def test_folders_that_cannot_be_written_are_a_line_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    closed = [tmp_path / "results/demo/store/s2e", tmp_path / "results/demo/cells"]
    for folder in closed:
        folder.mkdir(parents=True)
        folder.chmod(0o555)
    lock = tmp_path / "results/demo/head.lock"
    lock.touch(mode=0)
    with ordinary():
        found = list(_folder(Path("results"), "choose another"))
    names = {what for ok, what, _ in found if not ok}
    assert names == {"results/demo/store/s2e", "results/demo/cells", "results/demo/head.lock"}
    for folder in closed:
        folder.chmod(0o755)
    lock.chmod(0o600)
    with ordinary():
        assert list(_folder(Path("results"), "choose another")) == [(True, "results: writable", "")]
        (tmp_path / "results").chmod(0o555)
        [(ok, what, remedy)] = _folder(Path("results"), "choose another")
    (tmp_path / "results").chmod(0o755)
    assert (ok, what, remedy) == (False, "results", "cannot be written (Permission denied); choose another")


@pytest.mark.parametrize(
    ("closed", "words", "named"),
    [
        ("config", ["doctor"], "config/config.yaml: cannot be read"),
        ("methods", ["doctor"], "methods: cannot be read"),
        ("results", ["export", "runs.csv"], "results/demo/cells: cannot be read"),
        ("results", ["train", "s2e/digits/symmetric-50/standard", "--quiet"], "results/demo/store/s2e"),
        ("results/demo/store", ["status"], "results/demo/store/s2e"),
    ],
)
def test_a_command_in_a_folder_without_rights_is_one_line(
    suite: SuiteCopy,
    closed: str,
    words: list[str],
    named: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(suite.root)
    monkeypatch.setattr(sys, "argv", ["lnl", *words])
    (suite.root / "results/demo/cells/s2e/digits/symmetric-50/standard/seed1.json").unlink()
    (suite.root / closed).chmod(0)
    try:
        with ordinary():
            assert cli.run() == 2
    finally:
        (suite.root / closed).chmod(0o755)
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1 and said.startswith(f"lnl: {named}") and "denied" in said


def test_a_head_that_may_not_write_snakemakes_folder_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lnl.run.worker import head

    monkeypatch.chdir(tmp_path)
    (tmp_path / ".snakemake/log").mkdir(parents=True)
    head.check_rights()
    (tmp_path / ".snakemake/log").chmod(0o555)
    with ordinary(), pytest.raises(UserError, match=r"\.snakemake: cannot be written \(Permission denied\); have its"):
        head.check_rights()
    (tmp_path / ".snakemake/log").chmod(0o755)


def test_a_file_system_without_locks_is_a_line_of_the_doctors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    findings = list(_folder(tmp_path, "choose another"))
    assert [what for ok, what, remedy in findings if not ok and "has no locks" in remedy] == [str(tmp_path)]
