"""What `lnl import` says of the files that it was given: numbers by outcome, and a line for each that was refused."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field

from lnl.cli import carried_manifests

SHOWN = 20  # refused files that are named; a hundred lines say no more than how many there are
OUTCOMES = (
    "imported",
    "here already",
    "other declaration",
    "conflict",
    "other scale",
    "without its search",
    "other schedule",
    "other data or labels",
    *carried_manifests.OUTCOMES,
)


@dataclass
class Report:
    """What became of every file: numbers by outcome, and a line for each that was refused."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    refused: list[str] = field(default_factory=list)

    def line(self) -> str:
        """All outcomes in one line."""
        numbers = {**self.counts, "refused": len(self.refused)}
        said = (f"{number} {what}" for what, number in numbers.items() if number)
        return ", ".join(re.sub(r"^1 manifests\b", "1 manifest", words) for words in said)

    def show(self) -> None:
        """Print all of it, and end with status 2 if a file was refused."""
        print(self.line())
        for line in self.refused[:SHOWN]:
            print(f"lnl: {line}", file=sys.stderr)
        if len(self.refused) > SHOWN:
            print(f"lnl: and {len(self.refused) - SHOWN} more that were refused", file=sys.stderr)
        if self.refused:
            raise SystemExit(2)
