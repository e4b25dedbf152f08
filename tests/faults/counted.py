"""The end of a search for faults: how many of each kind, each one of them, and an exit status that says whether any."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol


class Counts(Protocol):
    """What a search has found, by kind, and a line that says how many of each."""

    def line(self, count: int) -> str: ...


def concluded(line: str, faults: Mapping[str, Sequence[object]]) -> int:
    """Say the counts in a line, and what was found where errors go; 0 if that is nothing, else 1."""
    print(line)
    for name, found in faults.items():
        for one in found:
            print(f"{name}: {json.dumps(one)[:700]}", file=sys.stderr)
    return int(any(faults.values()))


def counted_command(about: str | None, run: Callable[[int, int], Counts], count: int) -> int:
    """A search that takes nothing but --count and --seed, as a command."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    counts = run(asked.count, asked.seed)
    return concluded(counts.line(asked.count), vars(counts))
