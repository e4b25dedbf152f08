"""The points on which the sources disagree or are silent, and what this suite does: config/decisions/*.yaml.

A decision has a key, what papers and codes say, the switch that sets it, its values and default, what the default rests
on, why, and what measures it. Nothing but people and pages needs them: they are read when somebody asks, so that no
cluster job does. Standard library and PyYAML only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from lnl.declared.reading import named_files, read_mapping
from lnl.errors import UserError

FOLDER = "config/decisions"
LEFT_OUT = "left out"  # the word for a key that may be absent, and is
OTHERWISE = "otherwise"  # the rest of a default that is given by name


@dataclass(frozen=True)
class Decision:
    """One point. `declared`: as it stands in `file`, by workflow/schemas/decisions.yaml."""

    key: str
    file: str
    declared: Mapping[str, Any] = field(repr=False)

    @property
    def where(self) -> str:
        """File and key, with which every message about it begins."""
        return f"{self.file}: {self.key}"

    @property
    def title(self) -> str:
        return str(self.declared["title"])

    @property
    def switches(self) -> list[Mapping[str, Any]]:
        """Where it is set: places that take one and the same set of values; none where it is `fixed`."""
        declared = self.declared.get("switch", [])
        return declared if isinstance(declared, list) else [declared]

    @property
    def fixed(self) -> str:
        """Why there is no switch; empty where there is one."""
        return str(self.declared.get("fixed", ""))

    @property
    def values(self) -> Mapping[str, str]:
        """What each value means, by the word of the value."""
        return self.declared.get("values", {})

    @property
    def default(self) -> Any:
        return self.declared["default"]

    @property
    def settings(self) -> list[Mapping[str, Any]]:
        """Other defaults in a setting: {at: protocol/data set/noise, of: methods, value}."""
        return self.declared.get("settings", [])

    @property
    def effects(self) -> list[Mapping[str, Any]]:
        """What measures it; none: not measured yet."""
        return self.declared["effect"]

    @property
    def by_name(self) -> Mapping[str, Any]:
        """The default by protocol, method, search, space, table or scale; empty where it is one for all."""
        return self.default if isinstance(self.default, Mapping) else {}

    @property
    def told(self) -> bool:
        """Whether the default is a sentence, not a value that a switch has."""
        if not isinstance(self.default, str) or self.default in (LEFT_OUT, *self.values):
            return False
        return not self.values or " " in self.default


@dataclass(frozen=True)
class Chapter:
    """One file: decisions, or findings about the sources that bear on them."""

    file: str
    title: str
    order: int
    intro: str
    decisions: tuple[Decision, ...]
    surprises: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Decisions:
    """All chapters in the order of the page."""

    chapters: tuple[Chapter, ...]

    @cached_property
    def by_key(self) -> dict[str, Decision]:
        return {decision.key: decision for decision in self}

    def __iter__(self) -> Iterator[Decision]:
        return (decision for chapter in self.chapters for decision in chapter.decisions)

    def __bool__(self) -> bool:
        return bool(self.chapters)


def word(value: Any) -> str:
    """A value as a declaration spells it: true, null, 0.97."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {word(one)}" for key, one in value.items()) + "}"
    return "[" + ", ".join(map(word, value)) + "]" if isinstance(value, list) else str(value)


def is_form(name: str) -> bool:
    """Whether a key of `values` stands for many values (`a number`, `[low, high]`, `{search: <name>}`), not for one."""
    return name.startswith(("a ", "[", "{"))


def explained_by(value: Any, values: Mapping[str, str]) -> str | None:
    """The key of `values` that says what a value means: its own word, or the form that it has; None without one."""
    if word(value) in values:
        return word(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        forms = ["a number"]
    elif isinstance(value, list):
        forms = ["a matrix", *(form for form in values if form.startswith("["))]
    elif isinstance(value, Mapping):
        first = str(next(iter(value), ""))
        forms = [form for form in values if form.startswith("{" + first)]
    else:
        forms = []
    return next((form for form in forms if form in values), None)


def read(root: Path, validate: bool) -> Decisions:
    """The decisions of a checkout; none where it has no such folder. UserError for a key that stands in two files, and,
    if asked to validate, for what the schema does not know."""
    chapters = []
    known: dict[str, Decision] = {}
    for path in named_files(root / FOLDER, "yaml"):
        file = f"{FOLDER}/{path.name}"
        declared = read_mapping(path)
        if validate:
            from lnl.declared.schema import check

            check(declared, "decisions", file)
        listed = [Decision(key, file, value) for key, value in declared.get("decisions", {}).items()]
        for decision in listed:
            if decision.key in known:
                raise UserError(f"{decision.where}: stands in {known[decision.key].file} already; give it another key")
            known[decision.key] = decision
        about = (declared["title"], declared["order"], declared.get("intro", ""))
        chapters.append(Chapter(file, *about, tuple(listed), tuple(declared.get("surprises", ()))))
    return Decisions(tuple(sorted(chapters, key=lambda chapter: (chapter.order, chapter.file))))
