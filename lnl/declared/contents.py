"""What the files of a checkout and its overlays declare, read: each by itself, as its schema says.

Standard library and PyYAML only: every cluster job parses this. jsonschema is used in the head process
(`validate=True`).
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self

from lnl.data.registry import DatasetInfo
from lnl.declared import claim_keys, configuration, names, noise_files
from lnl.declared.declared_files import DeclaredFiles
from lnl.declared.layers import LABELS, Layers
from lnl.declared.lengths import check_unit, with_periods
from lnl.declared.nested import merge
from lnl.declared.reading import extended, read_literal, read_mapping, read_method
from lnl.declared.restarts import without_inherited
from lnl.declared.with_features import with_features
from lnl.errors import UserError, choose
from lnl.files.home import written_out
from lnl.noise import keys as noise_keys
from lnl.noise.kinds import NoiseKind, OwnNoise

LABEL_FILES = "config/label_files.yaml"  # of an overlay; a checkout has them in its configuration


def checked(declaration: object, kind: str, source: str) -> None:
    """UserError for a declaration that is not as workflow/schemas/<kind>.yaml says."""
    from lnl.declared.schema import check  # read with jsonschema, which jobs never import

    if kind == "claims":
        claim_keys.check_file(declaration, source)
    check(declaration, kind, source)


def _check_variant(protocol: dict[str, Any], where: str) -> None:
    """UserError for a protocol that a data set or a variant has changed into none."""
    from lnl.declared.protocol_checks import check_training

    checked(protocol, "protocol", where)
    check_training(protocol, where)


def _in_unit_of(own: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """The protocol that another one is like, without its length if that one has one in the other unit."""
    dropped = ("epochs", "untrained_epoch") if "length" in own else ("length",) if "epochs" in own else ()
    return {name: value for name, value in base.items() if name not in dropped}


class Contents:
    """Declarations by kind and key, of the checkout and its overlays."""

    def __init__(self, root: Path, config: dict[str, Any], validate: bool) -> None:
        self.root = root
        self.config = config
        self.scale: str = config["scale"]
        self.layers = Layers(root, config)
        self.files = DeclaredFiles(self.layers)
        validate = validate or (bool(self.layers.overlays) and self.layers.by_head is None)
        self._check: Callable[[dict[str, Any], str], None] | None = None
        if validate:
            self._check = _check_variant
        self.layers.label_files = self._label_files()
        self.config = {**config, LABELS: self.layers.label_files}
        self.datasets = self.files.read("config/datasets", "yaml", self._dataset)
        self.noises = {
            **self.files.read("config/noises", "yaml", self._noise),
            **self.files.read("config/noises", "py", self._noise),
        }
        self.protocols = self._protocols()
        self.scales = with_features(self._folder("config/scales", "scale"), config["news_features"], self.datasets)
        self.methods = self._methods()
        self.searches = self._folder("config/searches", "search")
        self.spaces = self._folder("config/spaces", "space")
        self.synthetic = read_mapping(root / "config" / "synthetic.yaml")
        self.tables = self._folder("tables", "table")
        self.figures = self.files.read("figures", "py", self._figure)
        self.claims = self._folder("claims", "claims")

    def _sound(self, found: dict[str, Any], kind: str, where: str) -> dict[str, Any]:
        """What was read, held against its schema if declarations are validated."""
        if self._check is not None:
            checked(found, kind, where)
        return found

    def _folder(self, name: str, kind: str) -> dict[str, dict[str, Any]]:
        """Declared files of a folder by name, each as its schema says, if declarations are validated."""

        def read(file: Path) -> dict[str, Any]:
            return self._sound(read_mapping(file), kind, self.layers.told(file))

        return self.files.read(name, "yaml", read)

    def _label_files(self) -> dict[str, dict[str, Any]]:
        """Entries of overlays' config/label_files.yaml by name, with whole paths; in a job as its head has read them.

        UserError for a name that the configuration or another overlay has as well.
        """
        if self.layers.by_head is not None:
            return dict(self.config.get(LABELS) or {})
        for name in self.config.get("label_files") or {}:
            self.files.take("label_files", name, self.root / configuration.FILE)
        found: dict[str, dict[str, Any]] = {}
        for folder in self.layers.overlays:
            file = folder / LABEL_FILES
            with self.layers.spared(file):
                if os.path.lexists(file):
                    found |= self._labels_of(folder, file)
        return found

    def _labels_of(self, folder: Path, file: Path) -> dict[str, dict[str, Any]]:
        declared, where = read_mapping(file), self.layers.told(file)
        checked({"scale": self.scale, "label_files": declared}, "config", where)  # as if it stood there
        entries = {}
        for name, said in declared.items():
            names.check(name, "label file", where, names.FREE)
            path = folder / written_out(said["path"], f"{where}, '{name}'")
            entries[name] = {**said, "path": os.path.abspath(path), "declared_in": where}
        for name in entries:
            self.files.take("label_files", name, file)
        return entries

    def _dataset(self, file: Path) -> DatasetInfo:
        found = self._sound(read_mapping(file), "dataset", self.layers.told(file))
        info = DatasetInfo.of(file.stem, found, file)
        if info.in_files and (allowed := self.config.get("unreadable_images", "refuse")) != "refuse":
            return replace(info, options={"unreadable": allowed, **info.options})
        return info

    def _noise(self, file: Path) -> NoiseKind:
        return noise_files.read(file, self.datasets, lambda said, where: self._sound(said, "noise", where))

    def _figure(self, file: Path) -> dict[str, Any]:
        return self._sound(read_literal(file, "DEMAND") or {}, "figure", f"{self.layers.told(file)}: DEMAND")

    def _protocols(self) -> dict[str, dict[str, Any]]:
        """Protocols; those that say they are `like` another one, with what they change on top of it."""
        declared, found = self._folder("config/protocols", "protocol"), {}
        for key, own in declared.items():
            with self.layers.spared(self.files.of("config/protocols", key)):
                base, where = own.get("like"), self.source_of("config/protocols", key)
                if base is not None and "like" in choose(base, declared, "protocol", where):
                    raise UserError(f"{where}: is like '{base}', which itself is like another one")
                check_unit(own, where)
                changed = {name: value for name, value in own.items() if name != "like"}
                below = {} if base is None else _in_unit_of(own, declared[base])
                found[key] = with_periods(without_inherited(below, merge(below, changed)))
        return found

    def _methods(self) -> dict[str, dict[str, Any]]:
        """SPEC of every method file by its key, which need not be the file's name."""
        found: dict[str, dict[str, Any]] = {}
        read = partial(read_method, check=lambda said, where: self._sound(said, "method", where))
        for spec in self.files.read("methods", "py", read).values():
            with self.layers.spared(Path(spec["file"])):
                self.files.take("method", spec["key"], Path(spec["file"]))
                found[spec["key"]] = spec
        out = {}
        for key, spec in found.items():
            with self.layers.spared(Path(spec["file"])):
                out[key] = extended(spec, found)
        return out

    @contextmanager
    def spared(self, name: str, key: str) -> Iterator[None]:
        """While one declaration is held against the others: an overlay's in which something is wrong is left out."""
        file = self.files.of(name, key)
        with self.layers.spared(file):
            yield
        if not self.layers.is_left_out(file):
            return
        self.held(name).pop(key, None)
        for known in ("artefacts", "papers"):
            self.__dict__.pop(known, None)

    def held(self, name: str) -> dict[str, Any]:
        """Declarations by key, by the folder of their files; methods by `method`."""
        found: dict[str, Any] = getattr(self, "methods" if name == "method" else name.removeprefix("config/"))
        return found

    def source_of(self, name: str, key: str) -> str:
        """The file of a declaration as messages name it, by its folder and key; of a method by `method` and its key."""
        return self.layers.told(self.files.of(name, key))

    def dataset(self, key: str) -> DatasetInfo:
        """The facts about a declared data set; UserError with the nearest name where there is none."""
        with self.layers.explained():
            found: DatasetInfo = choose(key, self.datasets, "data set", "config/datasets")
        return found

    def own_noise(self, noise: str, dataset: str) -> OwnNoise | None:
        """The declared kind behind a noise, on a data set; None for a noise of the suite's own kinds, and for files."""
        kind = noise_keys.parse(noise).kind
        return OwnNoise(self.noises[kind], self.dataset(dataset)) if kind in self.noises else None

    def without_overlays(self) -> Self:
        """The same without what overlays declare, which no decision of the suite's is about."""
        if not self.layers.overlays:
            return self
        own = copy.copy(self)
        for name in ("protocols", "scales", "searches", "spaces", "datasets", "noises", "tables", "figures", "claims"):
            folder = name if name in ("tables", "figures", "claims") else f"config/{name}"
            private = self.files.of_overlays(folder)
            setattr(own, name, {key: value for key, value in getattr(self, name).items() if key not in private})
        private = self.files.of_overlays("method")
        own.methods = {key: spec for key, spec in self.methods.items() if key not in private}
        for known in ("artefacts", "papers"):
            own.__dict__.pop(known, None)
        return own
