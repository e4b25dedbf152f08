"""JSON files of the suite's own: each ends in a digest of its content, so that one that was damaged is never believed.

A file without one is of somebody else, or of before there were any: records and searches under docs/reproduction, say.
Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lnl.errors import UserError
from lnl.files import dump_json, read_file, replacing, said

KEY = "seal"
_END = re.compile(rb',\n "seal": "([0-9a-f]{32})"\n}\n\Z')


def write(path: Path | str, content: Mapping[str, Any], durable: bool = False) -> None:
    """Write `content` with its seal to a temporary name and rename it to `path` (`replacing`); folders are created."""
    text = sealed(content)
    clear(path)
    with replacing(path, durable) as temporary:
        temporary.write_text(text, encoding="utf-8")


def sealed(content: Mapping[str, Any]) -> str:
    """JSON text of an object that has keys, its seal last. ValueError for NaN and infinities."""
    body = dump_json(content).removesuffix("\n}\n")
    return f'{body},\n "{KEY}": "{_digest(body.encode())}"\n}}\n'


def read(path: Path | str) -> dict[str, Any]:
    """Content of such a file (.gz unpacked), without its seal. ValueError says what is wrong with it; OSErrors are the
    system's."""
    return opened(read_file(path))


def read_if_sound(path: Path | str) -> dict[str, Any]:
    """Content of such a file; nothing where there is none or it is damaged, for what is made again then."""
    try:
        return read(path)
    except (OSError, ValueError):
        return {}


def opened(raw: bytes, parse: Callable[[bytes], Any] = json.loads) -> dict[str, Any]:
    """Content of a file of the suite's own from its bytes, without its seal. ValueError where they are no JSON object,
    or not what was sealed."""
    try:
        content = parse(raw)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(content, dict):
        raise ValueError("no JSON object")
    if KEY not in content:
        return content
    told = content.pop(KEY)
    if intact(raw) or (content and told == _digest(dump_json(content).removesuffix("\n}\n").encode())):
        return content  # as written, or written anew by somebody's editor with the same content
    raise ValueError("damaged: it is not what its seal was made of")


def intact(raw: bytes) -> bool:
    """Whether bytes end in the seal of all that stands before it, as `write` leaves them."""
    end = _END.search(raw, max(0, len(raw) - 64))
    return end is not None and end[1].decode() == _digest(raw[: end.start()])


def clear(path: Path | str) -> None:
    """Set aside a folder that lies where a file of the suite's own belongs."""
    if os.path.isdir(path) and not os.path.islink(path):
        set_aside(Path(path), "a folder, where a file belongs")


def set_aside(path: Path, why: object) -> None:
    """Move a damaged file out of the way, to <name>.damaged, and say so in a line. UserError where that cannot be.

    Two processes may find the same file damaged at the same time; for the second it is out of the way already.
    """
    aside = path.with_name(f"{path.name}.damaged")
    try:
        if aside.is_dir() and not aside.is_symlink():
            shutil.rmtree(aside)
        elif path.is_dir() and not path.is_symlink():  # a folder takes no file's place
            aside.unlink(missing_ok=True)
        os.replace(path, aside)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(f"{path}: {why}; it cannot be set aside ({error.strerror}); delete it") from None
    print(f"lnl: {said(path)}: {said(why)}; set aside as {aside.name}", file=sys.stderr)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]
