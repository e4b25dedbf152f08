"""Files that the suite has written, damaged one at a time, and what the next start makes of each.

    python -m tests.faults.damaged_files [--count 300] [--seed 0] [--only checkpoint] [--case 17]

After the start every result has to be that of a suite whose files are sound; the damaged file is made again or set
aside, and a line says so; nothing shows a traceback, nothing fails, and a second start has nothing to do. One line of
counts; exit status 1 unless all of them are 0.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import warm_commands

from . import damage, written_files
from .tiny_suite import TinySuite, tiny_suite
from .written_files import KINDS, Kind

SECONDS = 60  # of one start, which takes two
FAULTS = {
    "traceback": "a traceback on the terminal or in a log",
    "stuck": "the start fails, or never ends",
    "used": "other results than those of sound files, and nobody fails",
    "left": "the damaged file lies where it lay",
    "undone": "a second start would do something",
    "unsaid": "no line names the file",
}


@dataclass
class Counts:
    """Cases by what went wrong with them."""

    cases: int = 0
    found: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def line(self) -> str:
        return f"{self.cases} damaged files: " + ", ".join(f"{len(self.found[name])} {name}" for name in FAULTS)


class Trials:
    """A tiny suite with its states, in which one file after another is damaged."""

    def __init__(self, suite: TinySuite) -> None:
        self.suite = suite
        written_files.keep_states(suite)
        suite.put_back("finished")
        self.reference: dict[str, Any] = suite.results()

    def one(self, kind: Kind, how: damage.Damage, rng: random.Random) -> tuple[str, list[str]]:
        """One case: what was done, and which of FAULTS it has, with their words."""
        self.suite.put_back(kind.state)
        files = kind.files(self.suite)
        file = rng.choice(files)
        place = file.relative_to(self.suite.root)
        kind.have_it_read(self.suite, file)
        others = [other for other in files if other != file and other.is_file()] or self._others(file)
        words = f"{kind.name}: {place}: {damage.damage(file, others, rng, how)}"
        return words.replace(f"{self.suite.root}/", ""), list(self._wrong(file))

    def _others(self, file: Path) -> list[Path]:
        places = (self.suite.root / "results/demo", self.suite.root / ".cache/lnl")
        found = [each for place in places for each in place.rglob(f"*{file.suffix}")]
        return sorted(each for each in found if each != file and each.is_file())

    def _wrong(self, file: Path) -> Iterator[str]:
        damaged = damage.fingerprint(file)
        try:
            ended = self.suite.call("snakemake", "--cores", "2").end(SECONDS)
        except TimeoutError:
            yield "stuck: no end"
            return
        said = ended.said + self.suite.logs()
        if "Traceback (most recent call last)" in said:
            yield f"traceback: {_last_of_traceback(said)}"
        if ended.status != 0:
            lines = re.findall(r"^lnl: .*", self.suite.logs(), re.M) or ended.err.strip().splitlines()[-1:]
            yield f"stuck: {lines[-1] if lines else ended.status}"
            return
        if (different := self._different()) is not None:
            yield f"used: {different}"
        if file.name != "lock" and damage.fingerprint(file) == damaged:
            yield "left"
        again = self.suite.start("-n")
        if again.status != 0 or "Nothing to be done" not in again.said:
            yield f"undone: {_jobs(again.said)}"
        if file.name != "lock" and not re.search(rf"^lnl: .*{re.escape(file.name)}", said, re.M):
            yield "unsaid"

    def _different(self) -> str | None:
        try:
            results = self.suite.results()
        except (OSError, ValueError) as error:
            return f"a result that cannot be read: {error}"
        names = [name for name, content in self.reference.items() if results.get(name) != content]
        return f"{names[0]} is another" if names else None


def _last_of_traceback(said: str) -> str:
    after = said.partition("Traceback (most recent call last)")[2].splitlines()[1:]
    places = [line.strip() for line in after if line.startswith('  File "')]
    last = next((line for line in after if line and not line.startswith(" ")), "?")
    return f"{last[:150]} ({places[-1] if places else '?'})"


def _jobs(said: str) -> str:
    table = re.search(r"Job stats:\njob\s+count\n[- ]+\n(.*?)\n\n", said, re.S)
    return ", ".join(re.sub(r"\s+", " ", line) for line in table[1].splitlines()) if table else said.strip()[-200:]


def cases(seed: int, count: int, only: str = "") -> Iterator[tuple[int, Kind, damage.Damage, random.Random]]:
    """The first `count` cases of a seed: all kinds of files in turn, and then the next kind of damage to each."""
    kinds = [kind for kind in KINDS if only in kind.name]
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        how = damage.KINDS[(number // len(kinds) + number + seed) % len(damage.KINDS)]
        yield number, kinds[number % len(kinds)], how, rng


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="kinds of files whose name has this in it")
    parser.add_argument("--case", type=int, help="this one alone")
    asked = parser.parse_args()
    counts, begun = Counts(), time.monotonic()
    with tiny_suite() as suite:
        try:
            trials = Trials(suite)
            for number, kind, how, rng in cases(asked.seed, asked.count, asked.only):
                if asked.case not in (None, number):
                    continue
                words, wrong = trials.one(kind, how, rng)
                counts.cases += 1
                for fault in wrong:
                    counts.found[fault.split(":")[0]].append(f"{kind.name}, {how.__name__}")
                if wrong:
                    print(f"{number} {words}", *(f"    {fault}" for fault in wrong), sep="\n", flush=True)
        finally:
            warm_commands.end()
    print(f"{counts.line()} ({time.monotonic() - begun:.0f} s)")
    for fault, meaning in FAULTS.items():
        found = sorted({(each, counts.found[fault].count(each)) for each in counts.found[fault]})
        print(f"{fault}, {meaning}: " + ("; ".join(f"{each} {number}" for each, number in found) or "none"))
    return int(any(counts.found.values()))


if __name__ == "__main__":
    sys.exit(main())
