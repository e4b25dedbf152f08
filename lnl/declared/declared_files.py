"""Which file declares what, in the checkout and its overlays. Standard library only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lnl.declared import names
from lnl.declared.layers import Clash, Layers
from lnl.declared.reading import files_of
from lnl.errors import UserError

T = TypeVar("T")


class DeclaredFiles:
    """Files of declarations by folder, such as config/protocols, and key; methods, which have keys of their own, under
    `method` as well."""

    def __init__(self, layers: Layers) -> None:
        self.layers = layers
        self._files: dict[tuple[str, str], Path] = {}

    def read(self, name: str, suffix: str, one: Callable[[Path], T]) -> dict[str, T]:
        """What `one` makes of every file of a folder, by the files' names; of an overlay what is sound.

        UserError for a name that could not stand in a path of results, and for two files of one name.
        """
        found: dict[str, T] = {}
        for folder in self.layers.folders(name):
            with self.layers.spared(folder):
                for file in files_of(folder, suffix):
                    with self.layers.spared(file):
                        if self.layers.is_left_out(file):
                            continue
                        names.check(file.stem, f"file in {folder.name}/", str(file))
                        self.take(name, file.stem, file)
                        found[file.stem] = one(file)
        return found

    def take(self, name: str, key: str, file: Path) -> None:
        """Note which file has a key; UserError where another one has it."""
        other = self._files.setdefault((name, key), file)
        if other != file:
            told = self.layers.told
            layer = self.layers.overlay_of(file)
            error = UserError if layer is not None and layer == self.layers.overlay_of(other) else Clash
            raise error(f"{told(file)}: key '{key}' is already taken by {told(other)}; rename one of them")

    def of(self, name: str, key: str) -> Path:
        """The file of a declaration; of one that somebody has added in Python, where it would lie."""
        return self._files.get((name, key)) or self.layers.root / name / f"{key}.yaml"

    def of_overlays(self, name: str) -> list[str]:
        """Keys of a folder that overlays declare."""
        return [key for (folder, key), file in self._files.items() if folder == name and self.layers.of_overlay(file)]
