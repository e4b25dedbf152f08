"""The layers that declarations are read from: the checkout, and overlays, which are private folders on top of it.

An overlay has any of a checkout's `methods/ tables/ figures/ claims/ config/`, and modules that its Python files
import. What is wrong in an overlay costs nobody else anything: the file is left out, and a line says why. Standard
library only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lnl.declared import left_out
from lnl.declared.left_out import Fault, LeftOut
from lnl.declared.overlay_folders import overlays
from lnl.errors import Unknown, UserError

KNOWN = "overlay_left_out"  # in a head's configuration for its jobs: files that it has found broken
LABELS = "overlay_label_files"  # in the same: entries of overlays' label files by name, and which file each is in
SPARED = "unfinished_methods"  # in the configuration of a command that goes on without the checkout's broken methods


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


class Clash(UserError):
    """Two declarations of one name. Nobody can say which one is meant, so that no overlay is spared it."""


class Layers:
    """The checkout and its overlays, and what of these is left out."""

    def __init__(self, root: Path, config: Mapping[str, Any]) -> None:
        self.root = root
        self.overlays = overlays(root, config)
        self.left_out: dict[str, Fault] = {}  # files of overlays, and what is wrong with each
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
            self.leave_out(file, error)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Around a look-up of names that a user gave: an `Unknown` name whose declaration was left out becomes the
        error that tells everything that is wrong in that file."""
        try:
            yield
        except Unknown as error:
            behind = left_out.behind(error, self.left_out)
            if behind is None:
                raise
            raise behind from None

    def fault(self, place: str, key: str) -> LeftOut | None:
        """The error that tells what is wrong with a declaration that was left out, by the folder of its file and its
        key; None where there is no such file."""
        return left_out.named(self.left_out, [place], key)

    def leave_out(self, file: Path, error: UserError) -> None:
        """Note why a file is left out. Messages name it as if it were the checkout's where they do not know better."""
        told = left_out.with_cause(error, self.left_out)
        folder = self.overlay_of(file) or self.root
        inside = str(file.relative_to(folder))
        lines = (line.replace(inside, str(file), 1) if line.startswith(inside) else line for line in told.lines)
        cause = told.files[0] if isinstance(told, LeftOut) else None
        self.left_out.setdefault(str(file), Fault(tuple(lines), cause))

    def forgive(self, file: str, error: UserError) -> None:
        """Note what is wrong where a file of an overlay is used; raise the error of any other file."""
        if not self.of_overlay(file):
            raise error
        self.forgiven.setdefault(file, error.lines[0])

    def remarks(self, told: Sequence[str] = ()) -> list[str]:
        """A line for each file at fault, one for all that fall with it; nothing in a job, whose head has said it.

        told: files whose faults an error tells (`LeftOut.files`); what it says needs no second line.
        """
        return [] if self.by_head is not None else left_out.remarks(self.left_out, self.forgiven, told)
