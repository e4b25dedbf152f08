"""Where data, caches and label files lie, from the configuration and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lnl.declared import configuration, environment
from lnl.declared.layers import LABELS
from lnl.errors import UserError, nearest
from lnl.files.home import written_out
from lnl.noise.label_source import LabelFile

SUFFIXES = (".npy", ".npz", ".csv", ".tsv", ".txt", ".pt", ".pth")  # of files that labels are read from


@dataclass(frozen=True)
class Places:
    """Paths that a job needs and a record does not mention."""

    data_root: str | None
    cache_root: str
    accepted: tuple[str, ...] = ()
    label_files: tuple[tuple[str, LabelFile], ...] = ()  # by name
    checkpoint_seconds: float = 60.0
    of_overlays: tuple[tuple[str, str], ...] = ()  # names of label files that overlays declare, and where

    @classmethod
    def of(cls, config: dict[str, Any], root: Path = Path()) -> Places:
        """Places of a configuration; LNL_DATA_ROOT and LNL_CACHE_ROOT stand in where it says nothing else.

        root: the checkout, from which relative paths of label files are counted.
        """
        private = config.get(LABELS) or {}
        declared = {**(config.get("label_files") or {}), **private}
        return cls(
            data_root=_root("data_root", config.get("data_root"), os.environ.get("LNL_DATA_ROOT"), "data"),
            cache_root=_root(
                "cache_root",
                None,
                os.environ.get("LNL_CACHE_ROOT"),
                config.get("cache_root") or configuration.DEFAULTS["cache_root"],
            ),
            accepted=tuple(config.get("accepted_digests") or ()),
            label_files=tuple((name, _label_file(name, said, root)) for name, said in declared.items()),
            checkpoint_seconds=environment.known("LNL_CHECKPOINT_SECONDS"),
            of_overlays=tuple((name, str(said["declared_in"])) for name, said in private.items()),
        )

    def label_file(self, noise: str) -> LabelFile | None:
        """The file behind a noise key `file-<name>` or `file-<name>.<field>`, None for any other noise.

        UserError for an unknown name, for a field where the declaration names another one, and for a file that is not
        there.
        """
        if not noise.startswith("file-"):
            return None
        name, field = self._named(noise.removeprefix("file-"))
        known = dict(self.label_files)
        if name not in known:
            first = name.partition(".")[0]
            lacks = f"has no '{name}'" if first == name else f"has neither '{first}' nor '{name}'"
            raise UserError(
                f"noise '{noise}': config key 'label_files' {lacks}{nearest(first, known)}; "
                f"add `{first}: {{path: …}}` to it, or to an overlay's config/label_files.yaml (docs/bring-your-own.md)"
            )
        found, private = known[name], dict(self.of_overlays).get(name)
        where = f"config key 'label_files.{name}'" if private is None else f"{private}, '{name}'"
        if field is not None:
            if found.field not in (None, field):
                raise UserError(f"noise '{noise}': {where} names field '{found.field}'; leave `field` out there")
            found = replace(found, field=field)
        _check_there(found.path, where, "the checkout" if private is None else "the overlay")
        return found

    def _named(self, name: str) -> tuple[str, str | None]:
        """A declared name, and the field behind it: `<name>.<field>` is a field of a file that is declared once."""
        known = {declared for declared, _ in self.label_files}
        if name in known:
            return name, None
        whole = [declared for declared in known if name.startswith(f"{declared}.") and name != f"{declared}."]
        if not whole:
            return name, None
        longest = max(whole, key=len)
        return longest, name.removeprefix(f"{longest}.")


def _root(key: str, first: str | None, variable: str | None, last: str) -> str:
    """A folder, ~ written out, as the configuration says it first, an environment variable, or the configuration."""
    where = f"LNL_{key.upper()}" if variable and not first else f"config key '{key}'"
    return str(written_out(first or variable or last, where))


def _label_file(name: str, said: Mapping[str, Any], root: Path) -> LabelFile:
    path = written_out(said["path"], f"config key 'label_files.{name}'")
    index = said.get("index")
    return LabelFile(
        root / path,
        said.get("field"),
        False if index in (False, "false") else index,  # on the command line every value is a word
        tuple(str(each) for each in said.get("classes") or ()),
        said.get("clean"),
    )


def _check_there(path: Path, where: str, base: str) -> None:
    try:
        there, folder = path.exists(), path.is_dir()
    except OSError as error:
        raise UserError(f"{where}: {path} {error.strerror or error}; have it opened to you") from None
    if folder:
        raise UserError(f"{where}: {path} is a folder; name the file in it")
    if not there:
        beside = _beside(path)
        hint = nearest(path.name, beside) if beside else ""
        raise UserError(f"{where}: {path} does not exist{hint}; relative paths begin at {base}")


def _beside(path: Path) -> list[str]:
    """Files in the same folder that may hold labels: one of them may be the one that is meant."""
    try:
        there = sorted(each.name for each in path.parent.iterdir() if each.suffix.lower() in SUFFIXES)
        return [name for name in there if name != path.name]  # which is a link to nowhere
    except OSError:
        return []
