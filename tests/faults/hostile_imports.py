"""Hostile folders, made from a valid one by one mutation each, and what `lnl import` makes of them.

    python -m tests.faults.hostile_imports [--count 100] [--seed 0]

Each folder holds three records and the two pages of a search, one of which is hostile: the others have to come in, it
has not to. One line of counts; exit status 1 unless all of them are 0.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lnl.cli.bring_in import command
from lnl.declared.suite import Suite
from lnl.errors import UserError
from tests.faults.broken_files import MUTATIONS
from tests.faults.mutations import Case

from .counted import counted_command

ROOT = Path(__file__).resolve().parents[2]
SCALE, SECONDS = "paper", 10
NEWS, MNIST = "pumpout/news2-lsa/pair-45/pumpout-sl", "s2e/mnist"
SEARCH = f"searches/{NEWS}/gamma-grid/seed1"
#: Valid files, as an import puts them below results/paper, and the folder of docs/reproduction that keeps each.
VALID = {
    f"{SEARCH}/round1/scores.json": "pumpout_news",
    f"{SEARCH}/best.json": "pumpout_news",
    f"cells/{NEWS}/seed1.json": "pumpout_news",
    f"cells/{MNIST}/clean/standard/seed1.json": "s2e_mnist",
    f"cells/{MNIST}/pair-45/coteaching/seed1.json": "s2e_mnist",
}
NEEDS = {f"cells/{NEWS}/seed1.json": f"{SEARCH}/best.json"}


class TooLong(BaseException):
    """The time of one import is over. Nothing that catches exceptions may catch it."""


@dataclass
class Counts:
    """How many imports ended badly, by how, and what they were."""

    tracebacks: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)  # a sound neighbour did not come in
    silent: list[str] = field(default_factory=list)  # nothing was said of the hostile file

    def line(self, folders: int) -> str:
        return f"{folders} folders: " + ", ".join(f"{len(found)} {name}" for name, found in vars(self).items())

    def sound(self) -> bool:
        return not any(vars(self).values())


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def checkout() -> Iterator[tuple[Path, Suite]]:
    """A folder with a checkout in it that declares no artefact, and is the working directory meanwhile."""
    before = os.getcwd()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # hundreds of small folders come and go
    with tempfile.TemporaryDirectory(prefix="lnl-hostile-", dir=memory) as folder:
        root = Path(folder, "deep/enough/for/what/climbs/checkout")
        for name in ("tables", "figures", "claims"):
            (root / name).mkdir(parents=True)
        for name in ("config", "methods", "workflow"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "decisions"))
        os.chdir(root)
        try:
            yield Path(folder), Suite.load(Path(), {"scale": SCALE}, validate=False)
        finally:
            os.chdir(before)


def valid_files() -> dict[str, bytes]:
    """The sound files, unpacked, by their place in the folder that is imported."""
    places = {name: f"{SCALE}/{name.removeprefix('cells/')}.gz" for name in VALID}
    kept = {place: ROOT / "docs/reproduction" / VALID[name] / "records" / place for name, place in places.items()}
    return {place: gzip.decompress(file.read_bytes()) for place, file in kept.items()}


def one(sandbox: Path, suite: Suite, valid: dict[str, bytes], number: int, rng: random.Random, counts: Counts) -> None:
    """Make folder `number`, import it, and count what went wrong."""
    shutil.rmtree("results", ignore_errors=True)
    folder = sandbox / f"hostile{number}"
    targets = dict(zip(valid, VALID, strict=True))
    mutation = MUTATIONS[number % len(MUTATIONS)]
    place = rng.choice([name for name in valid if not mutation.only or mutation.only in name])
    for name, content in valid.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name != place:
            (folder / name).write_bytes(gzip.compress(content, 1))
    hostile = mutation.apply(Case(folder / place, valid[place], sandbox / f"elsewhere{number}", rng))
    name = f"{number} {mutation.name}: {place} {hostile}"
    before = _tree(sandbox)
    said, status = _imported(suite, folder, name, counts)
    if _tree(sandbox) != before:
        counts.outside.append(name)
    there = {str(file.relative_to(f"results/{SCALE}")) for file in Path("results", SCALE).rglob("*.json")}
    there = {file for file in there if not file.startswith("store/")}
    if targets[place] in there or not there <= set(targets.values()):
        counts.accepted.append(name)
    expected = set(targets.values()) - {targets[place]}
    if status is not None and not {t for t in expected if NEEDS.get(t, t) in expected} <= there:
        counts.lost.append(f"{name}: {said}")
    spoken = status == 2 or "other declaration" in said or "without its search" in said or "conflict" in said
    if status is not None and not (spoken or mutation.ignored):
        counts.silent.append(f"{name}: {said}")
    shutil.rmtree(folder)
    shutil.rmtree(sandbox / f"elsewhere{number}", ignore_errors=True)


def _imported(suite: Suite, folder: Path, name: str, counts: Counts) -> tuple[str, int | None]:
    """What the import said, and its exit status; None if it ended badly."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")  # as strict as a terminal
    status: int | None = 0
    try:
        with limited(SECONDS), contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            command(suite, folder)
    except UserError as error:
        status = 2
        print(error, file=out)
    except SystemExit as end:
        status = int(end.code or 0)
    except TooLong:
        status = None
        counts.hangs.append(name)
    except BaseException as error:
        status = None
        counts.tracebacks.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
    out.flush()
    return out.buffer.getvalue().decode(errors="replace"), status  # type: ignore[attr-defined]


def _tree(sandbox: Path) -> set[str]:
    """All there is but the results of the checkout, and what leads out of the sandbox and is watched for."""
    found = {str(path) for path in sandbox.rglob("*")}
    return {path for path in found if "/checkout/results" not in path} | {
        str(path) for path in Path(tempfile.gettempdir()).glob("escaped*")
    }


def run(count: int, seed: int) -> Counts:
    """Make and import `count` hostile folders; the same ones for the same seed."""
    counts, valid = Counts(), valid_files()
    rng = random.Random(seed)
    first = rng.randrange(len(MUTATIONS))
    with checkout() as (sandbox, suite):
        for number in range(first, first + count):
            one(sandbox, suite, valid, number, random.Random(f"{seed} {number}"), counts)
    return counts


def main() -> int:
    return counted_command(__doc__, run, count=100)


if __name__ == "__main__":
    sys.exit(main())
