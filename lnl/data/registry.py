"""The facts about a data set, as config/datasets/*.yaml declares them: known without opening a file of data.

Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Reader:
    """What reads a data set's files: a module with `read`, and the options that a declaration gives it."""

    module: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    embedded: bool = False  # needs no data root: a package embeds the data, or they are made here
    in_files: bool = False  # images stay in their files: what is kept of each is its path and size


#: By the word in a declaration. Any other is the name of a Python file beside it, with a function `read` of its own.
READERS = {
    "digits": Reader("lnl.data.digits", embedded=True),
    "standin": Reader("lnl.data.standin", embedded=True),
    "digits-pair": Reader("lnl.data.digits_pair", ("classes",), embedded=True),
    "mnist": Reader("lnl.data.mnist", (), ("classes",)),
    "cifar": Reader("lnl.data.cifar"),
    "imagenet32": Reader("lnl.data.imagenet32"),
    "news": Reader("lnl.data.news"),
    "npz": Reader("lnl.data.readers.npz", ("file",), ("arrays",)),
    "csv": Reader("lnl.data.readers.table", ("label",), ("file", *PARTS, "columns", "separator", "standardise")),
    "idx": Reader("lnl.data.readers.idx", ("train", "test"), ("validation",)),
    "image-folder": Reader("lnl.data.readers.image_folder", (), ("folder", *PARTS, "resize")),
    "image-files": Reader(
        "lnl.data.readers.image_files",
        ("train", "test"),
        ("validation", "clean", "further_tests", "unreadable"),
        in_files=True,
    ),
    "torchvision": Reader("lnl.data.readers.torchvision_set", ("name",), ("arguments",)),
}


@dataclass(frozen=True)
class DatasetInfo:
    """Facts about one data set. `shape` is an image's (channels, height, width); train, validation, test are counts.

    Features that are no images are float32 vectors of shape (1, 1, D) in place of uint8 pixels: `dtype` says which.
    The last `clean` of the `train` examples of the training file are of another source, with labels that are right;
    `further_tests` are test sets beside the data set's own, counts by name. Where the truth is not known, its labels
    are those that it comes with, and nobody can say which are wrong.
    """

    key: str
    title: str
    classes: int
    shape: tuple[int, int, int]
    train: int
    validation: int
    test: int
    reader: str
    source: str
    licence: str
    notes: tuple[str, ...] = ()
    dtype: str = "uint8"
    names: tuple[str, ...] = ()  # of the classes, in the order of their numbers; empty where they have none
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)  # what the reader is told
    form_of: str | None = None  # the data set of which this is another form: the same texts, other features
    file: Path = Path()  # the declaration
    clean: int = 0
    further_tests: Mapping[str, int] = field(default_factory=dict, hash=False)
    truth_known: bool = True

    @classmethod
    def of(cls, key: str, declared: Mapping[str, Any], file: Path) -> DatasetInfo:
        """The facts as declared (workflow/schemas/dataset.yaml has the keys)."""
        classes, shape = declared["classes"], declared["shape"]
        names = tuple(classes) if isinstance(classes, list) else ()
        channels, height, width = shape if isinstance(shape, list) else (1, 1, shape)
        return cls(
            key=key,
            title=declared["title"],
            classes=len(names) if names else classes,
            shape=(channels, height, width),
            train=int(declared["counts"]["train"]) + int(declared["counts"].get("clean", 0)),
            validation=int(declared["counts"].get("validation", 0)),
            test=int(declared["counts"]["test"]),
            reader=declared["reader"],
            source=declared["source"],
            licence=declared["licence"],
            notes=tuple(declared.get("notes", ())),
            dtype="uint8" if isinstance(shape, list) else "float32",
            names=names,
            options=declared.get("options", {}),
            form_of=declared.get("form_of"),
            file=file,
            clean=int(declared["counts"].get("clean", 0)),
            further_tests=dict(declared["counts"].get("further_tests", {})),
            truth_known=declared.get("truth", "known") == "known",
        )

    @property
    def embedded(self) -> bool:
        """Whether it needs no data root."""
        return self.reader in READERS and READERS[self.reader].embedded

    @property
    def in_files(self) -> bool:
        """Whether its images stay in their files, since they do not fit in memory."""
        return self.reader in READERS and READERS[self.reader].in_files

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of all parts that it may have: those of every data set, and further test sets."""
        return (*PARTS, *self.further_tests)

    def count(self, part: str) -> int:
        """Examples of a part."""
        return self.further_tests[part] if part in self.further_tests else int(getattr(self, part))

    @property
    def declared(self) -> str:
        """16 hex digits that name what decides how the data are read: not its title, source or licence."""
        facts = [self.reader, self.classes, self.names, self.shape, self.dtype, [getattr(self, part) for part in PARTS]]
        if self.clean or self.further_tests:
            facts.append([self.clean, dict(self.further_tests)])
        told = json.dumps([*facts, dict(self.options)], sort_keys=True, default=str)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def brought(self) -> bool:
        """Whether its files are a user's, of which no sums are documented."""
        return self.reader not in READERS or READERS[self.reader].module.startswith("lnl.data.readers.")

    @property
    def example_bytes(self) -> int:
        """Bytes of one example as it is kept: of an image in a file its path and size."""
        if self.in_files:
            return 100
        return math.prod(self.shape) * (4 if self.dtype == "float32" else 1)
