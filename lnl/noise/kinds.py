"""Kinds of noise that are declared, a file each in config/noises: which class is taken for which, whose images replace
some, or functions.

Standard library only: nothing that is declared is run before labels are drawn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lnl.data.registry import DatasetInfo
from lnl.errors import UserError, choose, nearest

#: What such a function may ask for, by the names of its parameters. `stream` and `seed` are the label vector's own.
OF_MATRIX = ("classes", "rate", "stream", "seed")
OFFERED = {"matrix": OF_MATRIX, "draw": ("labels", "images", *OF_MATRIX)}


@dataclass(frozen=True)
class ClassMap:
    """Which class of a data set is taken for which other one; classes that keep their labels are left out."""

    dataset: str
    classes: int
    taken_for: Mapping[int, int]

    def rows(self, rate: float) -> list[list[float]]:
        """The transition matrix [K][K] where that happens with probability `rate`."""
        found = [[float(true == given) for given in range(self.classes)] for true in range(self.classes)]
        for true, given in self.taken_for.items():
            found[true][true], found[true][given] = 1 - rate, rate
        return found


@dataclass(frozen=True)
class NoiseKind:
    """One kind: `maps` of a YAML file or the data sets that its images are `replaced_by`, both by data set, or the
    `functions` of a Python file, their parameters by name."""

    key: str
    title: str
    source: str
    file: Path
    maps: Mapping[str, ClassMap] = field(default_factory=dict)
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    code: str = ""  # digest of what the Python file computes
    replaced_by: Mapping[str, tuple[DatasetInfo, ...]] = field(default_factory=dict)

    @classmethod
    def of_maps(
        cls, key: str, declared: Mapping[str, Any], file: Path, datasets: Mapping[str, DatasetInfo]
    ) -> NoiseKind:
        """The kind of a YAML file. UserError for a data set or a class that there is not."""
        maps = {}
        for name, said in declared["maps"].items():
            maps[name] = _class_map(choose(name, datasets, "data set", f"{file}: maps"), said, file)
        return cls(key, declared["title"], declared["source"], file, maps)

    @classmethod
    def of_images(
        cls, key: str, declared: Mapping[str, Any], file: Path, datasets: Mapping[str, DatasetInfo]
    ) -> NoiseKind:
        """The kind of a YAML file by which images are replaced. UserError for a data set that there is not."""
        for name in (each for to, of in declared["replaced_by"].items() for each in (to, *of)):
            choose(name, datasets, "data set", f"{file}: replaced_by")
        sources = {to: tuple(datasets[name] for name in of) for to, of in declared["replaced_by"].items()}
        return cls(key, declared["title"], declared["source"], file, replaced_by=sources)

    def sources_of(self, info: DatasetInfo) -> tuple[DatasetInfo, ...]:
        """Data sets whose images replace some of this one's, or of the one of which it is another form; else the first
        that have images of its shape and need no files; () where there are none."""
        free = (of for of in self.replaced_by.values() if all(each.embedded and each != info for each in of))
        alike = (of for of in free if of[0].shape == info.shape)
        return self.replaced_by.get(info.key) or self.replaced_by.get(info.form_of or "") or next(alike, ())

    def map_of(self, info: DatasetInfo) -> ClassMap | None:
        """The map for a data set, or for the one of which it is another form; else the first for as many classes."""
        alike = (each for each in self.maps.values() if each.classes == info.classes)
        return self.maps.get(info.key) or self.maps.get(info.form_of or "") or next(alike, None)

    @property
    def varies(self) -> bool:
        """Whether each vector of labels comes with another matrix that methods are told, or with other images."""
        if not self.functions:
            return bool(self.replaced_by)
        return "matrix" not in self.functions or bool({"stream", "seed"} & set(self.functions["matrix"]))

    def made_from(self, info: DatasetInfo) -> dict[str, Any]:
        """What decides about labels, for their manifest: the map, or what the Python file computes; or about images,
        the data sets that they come from, as declared."""
        if self.replaced_by:
            return {"replaced_by": [[of.key, of.declared] for of in self.sources_of(info)]}
        if self.functions:
            return {"file": self.file.name, "code": self.code}
        found = self.map_of(info) or ClassMap(info.key, info.classes, {})  # which no cell could have been declared with
        return {"map_of": found.dataset, "map": {str(true): given for true, given in found.taken_for.items()}}


@dataclass(frozen=True)
class OwnNoise:
    """A declared kind on one data set."""

    kind: NoiseKind
    info: DatasetInfo

    @property
    def sources(self) -> tuple[DatasetInfo, ...]:
        """Data sets whose images replace some; none of a noise of labels alone."""
        return self.kind.sources_of(self.info) if self.kind.replaced_by else ()

    def source(self) -> dict[str, Any]:
        """What labels are made from, for their manifest."""
        return self.kind.made_from(self.info)


def _class_map(info: DatasetInfo, said: list[Any], file: Path) -> ClassMap:
    where = f"{file}: maps, {info.key}"
    numbers = {str(number): number for number in range(info.classes)}  # unless a class has such a name
    numbers |= {str(name): number for number, name in enumerate(info.names)}
    found: dict[int, int] = {}
    for true, given in (pair for each in said for pair in _pairs(each)):
        for word in (true, given):
            if word not in numbers:
                raise UserError(f"{where}: it has no class '{word}'{nearest(word, numbers)}")
        if numbers[true] in found:
            raise UserError(f"{where}: class '{true}' is taken for two; one is what this noise has")
        if true == given:
            raise UserError(f"{where}: class '{true}' is taken for itself; leave it out")
        found[numbers[true]] = numbers[given]
    return ClassMap(info.key, info.classes, dict(sorted(found.items())))


def _pairs(said: str | list[Any]) -> list[tuple[str, str]]:
    """(true, given) of `7 -> 1`, of `5 <-> 6`, which is both ways, of `1 -> 2 -> 3`, or of a cycle [1, 2, 3]."""
    if not isinstance(said, str):
        cycle = [str(each) for each in said]
        return list(zip(cycle, cycle[1:] + cycle[:1], strict=True))
    words = [word.strip() for word in re.split("<?->", said)]
    arrows = re.findall("<?->", said)
    pairs = list(zip(words, words[1:], arrows, strict=False))
    return [pair for true, given, arrow in pairs for pair in ((true, given), (given, true))[: 1 + (arrow == "<->")]]
