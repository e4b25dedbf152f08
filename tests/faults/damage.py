"""What can happen to a file on a disk: seven kinds of damage, with or without its date kept."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

Damage = Callable[[Path, list[Path], random.Random], str]  # a file, others of its kind; in words what was done


def flipped(file: Path, others: list[Path], rng: random.Random) -> str:
    content = bytearray(file.read_bytes())
    at, bit = rng.randrange(len(content)), rng.randrange(8)
    content[at] ^= 1 << bit
    return _written(file, bytes(content), f"bit {bit} of byte {at} flipped")


def cut(file: Path, others: list[Path], rng: random.Random) -> str:
    content = file.read_bytes()
    left = rng.randrange(1, len(content))
    return _written(file, content[:left], f"cut to {left} of {len(content)} bytes")


def emptied(file: Path, others: list[Path], rng: random.Random) -> str:
    return _written(file, b"", "emptied")


def garbage(file: Path, others: list[Path], rng: random.Random) -> str:
    return _written(file, rng.randbytes(file.stat().st_size or 20), "random bytes")


def zeroed(file: Path, others: list[Path], rng: random.Random) -> str:
    content = file.read_bytes()
    start = rng.randrange(len(content))
    end = min(len(content), start + 512)
    return _written(file, content[:start] + bytes(end - start) + content[end:], f"bytes {start} to {end} zero")


def exchanged(file: Path, others: list[Path], rng: random.Random) -> str:
    other = rng.choice(others)
    return _written(file, other.read_bytes(), f"content of {other}")


def folder(file: Path, others: list[Path], rng: random.Random) -> str:
    file.unlink()
    file.mkdir()
    return "a folder"


KINDS: tuple[Damage, ...] = (flipped, cut, emptied, garbage, zeroed, exchanged, folder)


def damage(file: Path, others: list[Path], rng: random.Random, kind: Damage) -> str:
    """Damage a file; its date is kept half of the time. In words what was done."""
    times = file.stat()
    if times.st_size < 2 and kind in (flipped, cut, emptied, zeroed):  # as a lock is
        kind = garbage
    words = kind(file, others, rng)
    if kept := rng.random() < 0.5:
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    return f"{words}, {'old' if kept else 'new'} date"


def fingerprint(file: Path) -> bytes | str:
    """What lies in a place: a content, or a word for what is none."""
    if file.is_file():
        return file.read_bytes()
    return "a folder" if file.is_dir() else "nothing"


def remove(path: Path) -> None:
    """Delete a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _written(file: Path, content: bytes, words: str) -> str:
    file.unlink()  # a new file, as a copy from elsewhere is
    file.write_bytes(content)
    return words
