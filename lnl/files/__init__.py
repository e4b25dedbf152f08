"""Writing files so that a reader, or a process killed half way, never sees half a file; reading files that may be
anything. Standard library only."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import math
import os
import re
import stat
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lnl.files.disk import of_writing

# A list that holds only numbers, null, true and false: indent=1 would give each of them a line of its own. Its line
# breaks are what tells it from text that looks like one, which stands in a string with its own escaped.
_SCALARS = re.compile(r"\[\n\s*([-+.\w]+(?:,\n\s*[-+.\w]+)*)\n\s*\]")

#: What `replacing` writes to first: its name in a folder says that a write was killed, or is under way.
TEMPORARY = re.compile(r"\..+\.[0-9a-f]{12}\.tmp")

LARGEST = 4 * 2**20  # bytes, unpacked, of a record or a page of a search; two hundred epochs take 0.2 MB
DEEPEST = 40  # objects and lists inside each other; records have nine
LARGEST_INTEGER = 2**63


@contextmanager
def replacing(path: Path | str, durable: bool = False) -> Iterator[Path]:
    """A temporary name beside `path`; what is written there replaces `path` in one step when the block succeeds.

    Creates the parent folders. Raises UserError where the place cannot be written. durable: content and name are on the
    disk before this returns, some ten milliseconds, for what nobody could make again without training.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if durable:
            _to_disk(temporary)
        os.replace(temporary, path)
        if durable:
            _to_disk(path.parent)
    except Exception as error:
        line = of_writing(path, error, temporary)
        if line is None:
            raise
        raise line from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def dump_json(value: Any) -> str:
    """JSON text with sorted keys and one line for each list of numbers; NaN and infinities raise ValueError."""
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)

    def one_line(match: re.Match[str]) -> str:
        return "[" + re.sub(r",\s+", ", ", match.group(1)) + "]"

    return _SCALARS.sub(one_line, text) + "\n"


def read_file(path: Path | str, largest: int = LARGEST) -> bytes:
    """Content of a regular file, unpacked if its name ends in .gz. Nothing else is opened, and never more than
    `largest` bytes are held. ValueError says why not; FileNotFoundError and other OSErrors are the system's."""
    before = os.lstat(path)
    _regular(before.st_mode)
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as stream:
        opened = os.fstat(stream.fileno())
        _regular(opened.st_mode)  # it may have been exchanged meanwhile
        raw = stream.read(largest + 1) if opened.st_size <= largest else b""
    if opened.st_size > largest or len(raw) > largest:
        raise ValueError(f"larger than {largest // 2**20} MB")
    if not str(path).endswith(".gz"):
        return raw
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as packed:
            content = packed.read(largest + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"damaged gzip file: {error}") from None
    if len(content) > largest:
        raise ValueError(f"larger than {largest // 2**20} MB when unpacked")
    return content


def sha256(path: Path | str) -> str:
    """Digest of a file's bytes, however large it is."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _regular(mode: int) -> None:
    if stat.S_ISLNK(mode):
        raise ValueError("a link, and links are not followed")
    if not stat.S_ISREG(mode):
        raise ValueError("a folder" if stat.S_ISDIR(mode) else "no regular file")


def parse_json(raw: bytes) -> Any:
    """JSON as everybody reads it, or ValueError: UTF-8, no key twice in an object, every number finite and below 2^63,
    no half characters, and nothing nested so deeply that walking it could fail."""
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError as error:
        if "int_max_str_digits" in str(error):  # Python's own remedy is none for a file
            raise ValueError("a whole number is too large") from None
        raise
    _plain(value)
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number in JSON")


def _plain(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        deeper: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                deeper += each.keys()
                deeper += each.values()
            elif isinstance(each, list):
                deeper += each
            elif isinstance(each, str):
                if not each.isascii():
                    each.encode()  # half of a pair of code units cannot be written again
            elif isinstance(each, float) and not math.isfinite(each):
                raise ValueError("a number is too large")
            elif isinstance(each, int) and not -LARGEST_INTEGER <= each < LARGEST_INTEGER:
                raise ValueError("a whole number is too large")
        if not deeper:
            return
        level = deeper
    raise ValueError(f"nested more than {DEEPEST} deep")


def below(folder: Path, deep: bool = True) -> Iterator[os.DirEntry[str]]:
    """What lies in a folder that is no link itself, in order; deep: also in folders inside, no link followed."""
    waiting = [] if folder.is_symlink() else [folder]
    while waiting:
        try:
            entries = sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name)
        except OSError:
            continue
        yield from entries
        if deep:
            waiting += [Path(entry.path) for entry in reversed(entries) if entry.is_dir(follow_symlinks=False)]


def said(text: object) -> str:
    """A path, or what a stranger's file says, as a line can hold it: no line breaks, no control or half characters."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def leaves(path: Path | str, folder: Path | str) -> bool:
    """Whether a path that is written as one inside `folder` leads out of it, by a link or by `..`."""
    real = os.path.realpath(folder)
    return os.path.commonpath([real, os.path.realpath(path)]) != real
