"""Suites that are resolved once for many jobs: a warm worker keeps them, and its copies find them. Standard library.

A job asks for the checkout, the configuration and the checks that its worker has kept a suite for, or reads and
resolves it by itself; so it does after any declaration has changed. In every other process nothing is kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lnl.declared import configuration, dependencies, overlay_folders
from lnl.declared.suite import Suite

Stamps = frozenset[tuple[str, int, int, int, int]]

_kept: dict[str, tuple[Stamps, Suite]] = {}


def suite(config: Mapping[str, Any], validate: bool) -> Suite:
    """The suite of the working directory, as `Suite.load` has it: the kept one, if there is one of today's files."""
    found = _kept.get(_name(config, validate))
    if found is not None and found[0] == _stamps(config):
        return found[1]  # what its overlays import is found already: a copy has its worker's path of modules
    return Suite.load(Path(), config, validate)


def keep(config: Mapping[str, Any], validate: bool) -> bool:
    """Resolve all that the working directory declares, for the copies of this process; False where it is kept already.

    UserError for declarations that cannot be resolved; nothing is kept of them.
    """
    name, stamps = _name(config, validate), _stamps(config)
    if name in _kept and _kept[name][0] == stamps:
        return False
    read = Suite.load(Path(), config, validate)
    dependencies.resolve(read)
    _kept[name] = stamps, read
    return True


def _name(config: Mapping[str, Any], validate: bool) -> str:
    return json.dumps([os.getcwd(), validate, dict(config)], sort_keys=True, default=str)


def _stamps(config: Mapping[str, Any]) -> Stamps:
    """What changes when a file of the declarations does, or when one comes or goes."""
    folders = [Path(), *overlay_folders.overlays(Path(), configuration.read(Path(), config))]
    found = []
    for file in (file for folder in folders for file in _files(folder)):
        with suppress(OSError):  # an editor's temporary file, gone by now
            known = os.lstat(file)
            found.append((file, known.st_mtime_ns, known.st_ctime_ns, known.st_ino, known.st_size))
    return frozenset(found)


def _files(folder: Path) -> Iterator[str]:
    for place in overlay_folders.PLACES:
        for inside, _, names in os.walk(folder / place):
            yield inside
            yield from (os.path.join(inside, name) for name in names)
