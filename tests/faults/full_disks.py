"""Starts of a small suite on a disk that fills up, and the start after room was made.

    python -m tests.faults.full_disks [--count 50] [--seed 0]

The disk is a file system of its own in memory where one may be mounted (as root on Linux), with less room than the
suite needs; elsewhere no file may grow beyond a limit. Each start has to say on its terminal which file could not be
written and why, without a traceback, and to end; what it has finished has to stay; and the next one, with room, has to
end with the records of a suite that nothing has disturbed. One line of counts; exit status 1 unless all faults are 0.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import warm_commands
from suite_copy import SuiteCopy

from .counted import concluded

SECONDS = 180  # for one start, on a machine that is busy
TARGET, ROOMY = "small", 64 * 1024  # kB
LEAST = 48  # kB: with a lower limit on files Snakemake cannot read its own rules, and says so in its own words
REASON = r"(No space left on device|File too large)"
#: A path and the reason in one line, as the suite, a shell or Snakemake says it.
NAMED = re.compile(rf"\w+[/.][\w./-]+\b[^\n]*{REASON}|{REASON}[^\n]*\w+[/.][\w./-]+")
Records = dict[str, dict[str, Any]]


@dataclass
class Counts:
    """How many starts ended badly, by how, and what they were; and how many had all the room they needed."""

    silent: list[str] = field(default_factory=list)  # no line names a file and the reason
    tracebacks: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)  # what was finished is gone, or was made again
    unequal: list[str] = field(default_factory=list)  # with room it did not complete, or with other records
    roomy: int = 0

    def faults(self) -> dict[str, list[str]]:
        return {name: found for name, found in vars(self).items() if isinstance(found, list)}

    def line(self, starts: int) -> str:
        faults = ", ".join(f"{len(found)} {name}" for name, found in self.faults().items())
        return f"{starts} starts, {self.roomy} of them with room enough: {faults}"


@dataclass(frozen=True)
class Disk:
    """A place for a checkout, with room for it and so many kB more."""

    folder: Path
    mounted: bool

    @contextlib.contextmanager
    def made(self) -> Iterator[None]:
        self.folder.mkdir()
        if self.mounted:
            _mount("-t", "tmpfs", "-o", f"size={ROOMY}k", "tmpfs", str(self.folder))
        try:
            yield
        finally:
            if self.mounted:
                subprocess.run(["umount", "-l", str(self.folder)], check=True)
            shutil.rmtree(self.folder)

    def used(self) -> int:
        """kB of what lies here; the largest file where a limit is one on files."""
        if self.mounted:
            return shutil.disk_usage(self.folder).used // 1024
        made = [file for name in ("results", ".cache") for file in (self.folder / "checkout" / name).rglob("*")]
        return max(file.stat().st_size for file in made if file.is_file()) // 1024

    @contextlib.contextmanager
    def full(self, room: int) -> Iterator[None]:
        """Room for so many kB while the block runs."""
        if self.mounted:
            _mount("-o", f"remount,size={self.used() + room}k", str(self.folder))
        yield
        if self.mounted:
            _mount("-o", f"remount,size={ROOMY}k", str(self.folder))


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, stderr=subprocess.DEVNULL)


def mountable(folder: Path) -> bool:
    """Whether a file system in memory can be mounted here."""
    try:
        with Disk(folder / "tried", True).made():
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def _started(suite: SuiteCopy, limit: int | None, **extra: str) -> tuple[int | None, str]:
    """Exit status and terminal of a start; no status if it had to be ended. limit: kB of a file."""
    warm = [sys.executable, warm_commands.__file__, warm_commands.SNAKEMAKE, "--cores", "2", TARGET]
    bound: Callable[[], None] | None = None
    if limit is not None:

        def bound() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit * 1024,) * 2)

    process = subprocess.Popen(
        warm if limit is None else suite.command(TARGET),
        cwd=suite.root,
        env=(suite.warm_environment if limit is None else suite.environment)(**extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=bound,
    )
    try:
        said, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()
        return None, process.communicate()[0]
    return process.returncode, said


def _finished(suite: SuiteCopy) -> dict[str, tuple[bytes, int]]:
    return {file.name + str(file.parent): (file.read_bytes(), file.stat().st_mtime_ns) for file in suite.stored()}


def one(disk: Disk, plain: Path, need: int, expected: Records, number: int, rng: random.Random, counts: Counts) -> None:
    """Start number `number` on a disk that is too small, and the one after it."""
    room = rng.choice([0, rng.randrange(24), rng.randrange(need)])
    if not disk.mounted:
        room = rng.randrange(LEAST, need)
    extra = rng.choice([{}, {"LNL_CHECKPOINT_SECONDS": "0.05"}])
    name = f"{number}: room for {room} of {need} kB{', checkpoints' if extra else ''}"
    with disk.made():
        suite = SuiteCopy(plain).copy(disk.folder / "checkout")
        with disk.full(room):
            status, said = _started(suite, None if disk.mounted else room, **extra)
        if status is None:
            counts.hangs.append(f"{name}: {said[-300:]}")
        if "Traceback (most recent call last)" in said or "Logging error" in said:
            counts.tracebacks.append(name)
        if status == 0:
            counts.roomy += 1
        elif not NAMED.search(said):
            counts.silent.append(f"{name}: {said[-300:]}")
        finished = _finished(suite)
        status, said = _started(suite, None)
        if status != 0 or suite.records() != expected:
            counts.unequal.append(f"{name}: status {status}, {said[-300:]}")
        now = _finished(suite)
        if any(now.get(file) != kept for file, kept in finished.items()):
            counts.lost.append(name)


def run(count: int, seed: int, mounted: bool | None = None) -> Counts:
    """So many starts; the same ones for the same seed. mounted: a disk of its own; None: where there can be one."""
    counts = Counts()
    with tempfile.TemporaryDirectory(prefix="lnl-full-") as folder:
        plain = Path(folder, "plain")
        suite = SuiteCopy.make(plain)
        disk = Disk(Path(folder, "disk"), mountable(Path(folder)) if mounted is None else mounted)
        with disk.made():
            suite = suite.copy(disk.folder / "checkout")
            before = disk.used() if disk.mounted else 0
            status, said = _started(suite, None)
            assert status == 0, said[-2000:]
            need, expected = disk.used() - before, suite.records()
        for number in range(count):
            one(disk, plain, need, expected, number, random.Random(f"{seed} {number}"), counts)
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", action="store_true", help="limit files even where a disk can be mounted")
    asked = parser.parse_args()
    try:
        counts = run(asked.count, asked.seed, False if asked.limit else None)
    finally:
        warm_commands.end()
    return concluded(counts.line(asked.count), counts.faults())


if __name__ == "__main__":
    os.environ.pop(warm_commands.client.VARIABLE, None)
    sys.exit(main())
