"""The folders that declarations are read from: the checkout, and overlays, which are private folders on top of it.

An overlay has any of a checkout's `methods/ tables/ figures/ claims/ config/`, and modules that its Python files
import. What is wrong in an overlay costs nobody else anything: the file is left out, and a line says why. Standard
library only.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from lnl.declared import left_out, names
from lnl.declared.text_files import text
from lnl.errors import Unknown, UserError
from lnl.files.home import written_out

VARIABLE = "LNL_OVERLAY"  # folders, separated as PATH is; on top of those of the configuration
KNOWN = "overlay_left_out"  # in a head's configuration for its jobs: files that it has found broken
LABELS = "overlay_label_files"  # in the same: entries of overlays' label files by name, and which file each is in
SPARED = "unfinished_methods"  # in the configuration of a command that goes on without the checkout's broken methods
_begun: ContextVar[str | None] = ContextVar("begun", default=None)  # the folder of `beginning`
PLACES = ("methods", "tables", "figures", "claims", "config")  # of a checkout, and of an overlay
ARTEFACTS = ("tables", "figures", "claims", "protocols")  # a paper is often called as its protocol is
#: Folders of what messages call so.
FOLDERS = {
    "method": ("methods",),
    "protocol": ("protocols",),
    "data set": ("datasets",),
    "noise": ("noises",),
    "kind of noise": ("noises",),
    "scale": ("scales",),
    "search": ("searches",),
    "search space": ("spaces",),
    **dict.fromkeys(("artefact", "table", "figure", "claims page"), ARTEFACTS),
}


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


@contextmanager
def whole(noted: list[dict[Any, Any]]) -> Iterator[None]:
    """After a UserError in the block, give these dictionaries the content back that they had before it: an artefact of
    an overlay that fails half way leaves none of its declarations behind."""
    before = [dict(each) for each in noted]
    try:
        yield
    except UserError:
        for each, kept in zip(noted, before, strict=True):
            each.clear()
            each.update(kept)
        raise


def _is_called(file: Path, key: str) -> bool:
    """Whether a file that may be broken in any way declares what has this key."""
    if file.stem in (key, key.removesuffix("_claims") if file.parent.name == "claims" else key):
        return True
    if file.parent.name != "methods":
        return False
    written = rf"""["']key["']\s*:\s*["']{re.escape(key)}["']"""
    with suppress(UserError):
        return file.stem == key.replace("-", "_") or re.search(written, text(file)) is not None
    return False


class Clash(UserError):
    """Two declarations of one name. Nobody can say which one is meant, so that no overlay is spared it."""


class Layers:
    """The checkout and its overlays, and what of these is left out."""

    def __init__(self, root: Path, config: Mapping[str, Any]) -> None:
        self.root = root
        self.overlays = overlays(root, config)
        self.left_out: dict[str, tuple[str, ...]] = {}  # files of overlays, and what is wrong with each
        self.forgiven: dict[str, str] = {}  # files whose use has failed in one place, and why
        self.unfinished = bool(config.get(SPARED))  # whether the checkout's method files are spared as an overlay's are
        self.label_files: dict[str, dict[str, Any]] = {}  # entries of overlays, as LABELS has them
        self.by_head: frozenset[str] | None = frozenset(config[KNOWN]) if KNOWN in config else None

    def importable(self) -> None:
        """From now on overlays' Python files find the modules beside them. UserError for two modules of one name."""
        modules: dict[str, Path] = {}
        for folder in self.overlays:
            for file in (*folder.glob("*.py"), *folder.glob("*/__init__.py")):
                module = file.parent if file.name == "__init__.py" else file
                other = modules.setdefault(module.stem, module)
                if other != module:
                    raise Clash(f"{module}: there is a module '{module.stem}' in {other} already; rename one of them")
            place = os.path.abspath(folder)
            if place not in sys.path:
                sys.path.append(place)  # behind all else: a module of an overlay takes nobody's place

    def folders(self, name: str) -> list[Path]:
        """Where files of one kind lie, such as config/protocols, the checkout's first."""
        return [self.root / name, *(folder / name for folder in self.overlays)]

    def overlay_of(self, file: Path | str) -> Path | None:
        """The overlay that a file is in; None for the checkout's."""
        return next((folder for folder in self.overlays if Path(file).is_relative_to(folder)), None)

    def of_overlay(self, file: Path | str) -> bool:
        """Whether a file is an overlay's."""
        return self.overlay_of(file) is not None

    def passed_on(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """A head's configuration for its jobs: they read the overlays as it has, and heed no file that it left out."""
        if not self.overlays:
            return dict(config)
        left_out = sorted({os.path.abspath(file) for file in self.left_out} | (self.by_head or set()))
        return {
            **config,
            "overlay": [os.path.abspath(each) for each in self.overlays],
            KNOWN: left_out,
            LABELS: self.label_files,
        }

    def told(self, file: Path) -> str:
        """A file as messages name it: one of the checkout by its place in it."""
        return str(file.relative_to(self.root) if file.is_relative_to(self.root) else file)

    def is_left_out(self, file: Path) -> bool:
        """Whether a file is not to be heeded: since it is broken, or the head of this job has found it so."""
        return str(file) in self.left_out or (self.by_head is not None and os.path.abspath(file) in self.by_head)

    @contextmanager
    def spared(self, file: Path) -> Iterator[None]:
        """While a file is read, or held against the others. An error in an overlay's is noted; the file is to be left
        out then. So is a method of the checkout that is being written, for commands that spare it."""
        try:
            yield
        except UserError as error:
            method = self.unfinished and file.parent == self.root / "methods"
            if isinstance(error, Clash) or not (method or self.of_overlay(file)):
                raise
            self.leave_out(file, self._with_cause(error))

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Around a look-up of names that a user gave: an `Unknown` name whose declaration was left out becomes a
        UserError with a line for everything that is wrong in that file."""
        try:
            yield
        except Unknown as error:
            faults = self._faults_behind(error)
            if not faults:
                raise
            raise UserError(*faults) from None

    def _with_cause(self, error: UserError) -> UserError:
        """The error to note for a file: this one or, for an `Unknown` name whose own declaration was left out, a line
        that says so and those about what is wrong there."""
        faults = self._faults_behind(error) if isinstance(error, Unknown) else []
        if not isinstance(error, Unknown) or not faults:
            return error
        source = f"{error.source}: " if error.source else ""
        return UserError(f"{source}{error.what} '{error.word}' {left_out.ITSELF}", *faults)

    def _faults_behind(self, error: Unknown) -> list[str]:
        kind = re.split(r" of (?!noise)| or | \(|,", error.what)[0]
        return [line for folder in FOLDERS.get(kind, ()) for line in self.faults(folder, error.word)]

    def faults(self, place: str, key: str) -> list[str]:
        """What is wrong with a declaration that was left out, by the folder of its file and its key."""
        out: list[str] = []
        for file, (first, *more) in self.left_out.items():
            if Path(file).parent.name == Path(place).name and _is_called(Path(file), key):
                out += [first if file in first else f"{file}: {first}", *more]
        return out

    def leave_out(self, file: Path, error: UserError) -> None:
        """Note why a file is left out. Messages name it as if it were the checkout's where they do not know better."""
        folder = self.overlay_of(file) or self.root
        inside = str(file.relative_to(folder))
        lines = (line.replace(inside, str(file), 1) if line.startswith(inside) else line for line in error.lines)
        self.left_out.setdefault(str(file), tuple(lines))

    def forgive(self, file: str, error: UserError) -> None:
        """Note what is wrong where a file of an overlay is used; raise the error of any other file."""
        if not self.of_overlay(file):
            raise error
        self.forgiven.setdefault(file, error.lines[0])

    def remarks(self) -> list[str]:
        """A line for each file at fault, one for all that fall with it; nothing in a job, whose head has said it."""
        return [] if self.by_head is not None else left_out.remarks(self.left_out, self.forgiven)
