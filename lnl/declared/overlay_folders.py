"""Which folders are laid over a checkout: those that the configuration and LNL_OVERLAY name. Standard library only."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from lnl.declared import names
from lnl.errors import UserError
from lnl.files.home import written_out

VARIABLE = "LNL_OVERLAY"  # folders, separated as PATH is; on top of those of the configuration
PLACES = ("methods", "tables", "figures", "claims", "config")  # of a checkout, and of an overlay
_begun: ContextVar[str | None] = ContextVar("begun", default=None)  # the folder of `beginning`


def overlays(root: Path, config: Mapping[str, Any]) -> tuple[Path, ...]:
    """Folders of the configuration's `overlay` and of LNL_OVERLAY; relative ones begin at the checkout. With `overlay:
    null` there are none, whatever the environment says.

    UserError for one that is no folder, is a checkout, or has nothing that could be laid over one.
    """
    said = config.get("overlay", [])
    if said is None:
        return ()
    if not isinstance(said, str | list) or not all(isinstance(word, str) for word in said):
        raise UserError(f"config key 'overlay': {said!r} is no folder, and no list of folders")
    listed = [(word, "config key 'overlay'") for word in ([said] if isinstance(said, str) else said)]
    listed += [(word, VARIABLE) for word in os.environ.get(VARIABLE, "").split(os.pathsep) if word]
    base = Path() if root.resolve() == Path.cwd() else root  # messages name files as short as they can
    folders = [(base / written_out(word, where), word, where) for word, where in listed]
    begun = _begun.get() is not None and _begun.get() in [_place(folder) for folder, *_ in folders]
    found: dict[Path, Path] = {}
    for folder, word, where in folders:
        try:
            if begun and _is_blank(folder):
                continue
            _check(folder, root, word, where)
            found.setdefault(folder.resolve(), folder)
        except OSError as error:
            why = error.strerror or error
            raise UserError(f"{where}: {word[:200]}: {why}; name a folder that you may read") from None
    return tuple(found.values())


def _check(folder: Path, root: Path, word: str, where: str) -> None:
    """UserError for what can be no overlay of a checkout. OSError for what cannot be looked at."""
    real = folder.resolve(strict=True) if folder.exists() else folder
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        begin = "" if folder.exists() else f"; {_begin(word)}"
        raise UserError(f"{where}: {word} {what}; relative paths begin at the checkout{begin}")
    check_place(real, root, word, where)
    os.listdir(folder)
    if not _has_places(folder):
        raise UserError(f"{where}: {word} has none of {', '.join(f'{place}/' for place in PLACES)}; {_begin(word)}")


def _begin(word: str) -> str:
    return f"`lnl new method NAME --into {shlex.quote(word)}` begins one"


def _place(folder: Path) -> str:
    return os.path.realpath(folder)


def _is_blank(folder: Path) -> bool:
    """Whether a folder is not there yet, or has nothing that could be laid over a checkout."""
    return not os.path.lexists(folder) or (folder.is_dir() and not _has_places(folder))


def _has_places(folder: Path) -> bool:
    return any((folder / place).is_dir() for place in PLACES)


@contextmanager
def beginning(folder: Path | None) -> Iterator[None]:
    """While an overlay is begun in a folder: if it is named as one already, it may be missing or empty, and so
    may others that are named beside it."""
    token = _begun.set(None if folder is None else _place(folder))
    try:
        yield
    finally:
        _begun.reset(token)


def check_place(real: Path, root: Path, word: str, where: str) -> None:
    """UserError for a folder that could not be an overlay, whatever it holds."""
    if real == root.resolve() or root.resolve().is_relative_to(real):
        raise UserError(f"{where}: {word} is the checkout, or around it; an overlay is a folder of its own")
    names.check_place(real, "an overlay")
