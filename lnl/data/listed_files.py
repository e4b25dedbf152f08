"""Lists and folders of a data set whose images stay in their files: whether all that it names is there.

Standard library only: a start asks it before any job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lnl.data.registry import PARTS, DatasetInfo
from lnl.files.home import written_out


def obstacle(info: DatasetInfo, root: Path) -> str | None:
    """Which list or folder below a data root is missing, in a line with the remedy; None where all are there. Nothing
    is opened, and no image is looked for."""
    for name in _named(info):
        path = written_out(name, str(info.file))
        path = path if path.is_absolute() else root / path
        if not path.exists():
            return f"{info.title}: there is no {path}; docs/webvision.md says what belongs where below the data root"
    return None


def _named(info: DatasetInfo) -> Iterator[str]:
    """Files and folders that the options of its parts name, as far as they are paths at all (the reader says more)."""
    told: list[Any] = [info.options.get(name) for name in PARTS]
    told += [*dict(info.options.get("further_tests") or {}).values(), info.options.get("clean")]
    for part in told:
        if isinstance(part, Mapping):
            lists = part.get("lists")
            names = [
                *(lists if isinstance(lists, list) else []),
                *(part.get(k) for k in ("images", "folders", "named")),
            ]
            yield from (name for name in names if isinstance(name, str) and name)
