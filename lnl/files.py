"""Writing files so that a reader, or a process killed half way, never sees half a file (standard library only)."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lnl.errors import UserError

# A list that holds only numbers, null, true and false: indent=1 would give each of them a line of its own.
_SCALARS = re.compile(r"\[\s+([-+.\w]+(?:,\s+[-+.\w]+)*)\s+\]")


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """A temporary name beside `path`; what is written there replaces `path` in one step when the block succeeds.

    Creates the parent folders. Raises UserError where the place cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror or error}); choose a folder that can be"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def dump_json(value: Any) -> str:
    """JSON text with sorted keys and one line for each list of numbers; NaN and infinities raise ValueError."""
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)

    def one_line(match: re.Match[str]) -> str:
        return "[" + re.sub(r",\s+", ", ", match.group(1)) + "]"

    # Text that looks like such a list can stand inside a string only with its line breaks escaped, so it never matches.
    return _SCALARS.sub(one_line, text) + "\n"


def write_json_atomic(path: Path | str, value: Any) -> None:
    """Write `value` as JSON to a temporary name and rename it to `path`; parent folders are created."""
    text = dump_json(value)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
