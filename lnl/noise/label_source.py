"""Which file, and what of it, given labels come from. Standard library only: every start asks it."""

from __future__ import annotations

import hashlib
from pathlib import Path


def label_source(file: Path | str, field: str | None) -> dict[str, str | None]:
    """Digest of a label file's bytes, and the array or column that is read from it. OSError where there is no file."""
    with Path(file).open("rb") as stream:
        return {"sha256": hashlib.file_digest(stream, "sha256").hexdigest(), "field": field}
