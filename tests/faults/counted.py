"""The end of a search for faults: how many of each kind, each one of them, and an exit status that says whether any."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence


def concluded(line: str, faults: Mapping[str, Sequence[object]]) -> int:
    """Say the counts in a line, and what was found where errors go; 0 if that is nothing, else 1."""
    print(line)
    for name, found in faults.items():
        for one in found:
            print(f"{name}: {json.dumps(one)[:700]}", file=sys.stderr)
    return int(any(faults.values()))
