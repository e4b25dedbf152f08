"""YAML as declarations are written in it: mappings of words, lists, words, plain numbers, yes and no. Nothing else.

The one reader of every declared file. A key that stands twice, a number that is none, a date, a tag, aliases that
unfold to more than a person writes: each is one line with the file and the line in it, before anything makes sense of
it.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import yaml

from lnl.errors import UserError

DEEPEST = 100  # levels of mappings and lists within each other
MOST = 100_000  # values of a file, aliases unfolded: fifty times what the longest one has

_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,39})")
_TAG = "tag:yaml.org,2002:"
_BRACKETS = re.compile(r"[][{}]")
_YES = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def parse(text: str, path: Path) -> Any:
    """What a YAML text says; None for an empty one. UserError names `path` and the line of what is wrong."""
    _check_depth(text, path)
    loader = _Parser(text)
    try:
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        said = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise UserError(f"{path}{where}: not valid YAML ({said})") from None
    finally:
        loader.dispose()
    return None if node is None else _Built(path).value(node, 0)[0]


def copied(tree: Any) -> Any:
    """A tree of its own: what one reader changes in it no other one sees."""
    if isinstance(tree, dict):
        return {key: copied(value) for key, value in tree.items()}
    return [copied(value) for value in tree] if isinstance(tree, list) else tree


def _check_depth(text: str, path: Path) -> None:
    """The parser calls itself for every level, and what it cannot go down to ends the process."""
    deep = text.count("[") + text.count("{") > DEEPEST and _depth(text) > 10 * DEEPEST  # brackets in words count too
    if deep or "- " * DEEPEST in text or "? " * DEEPEST in text:
        raise UserError(f"{path}: lists or mappings lie more than {DEEPEST} deep within each other")


def _depth(text: str) -> int:
    depth = most = 0
    for found in _BRACKETS.finditer(text):
        depth = depth + 1 if found[0] in "[{" else max(depth - 1, 0)
        most = max(most, depth)
    return most


class _Built:
    """Values of the nodes of one file. What an alias names is built once, and counted as often as it is named."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[int, tuple[Any, int] | None] = {}  # by node; None while it is being built

    def wrong(self, node: Any, what: str) -> UserError:
        return UserError(f"{self.path} line {node.start_mark.line + 1}: {what}")

    def value(self, node: Any, depth: int) -> tuple[Any, int]:
        """(value, how many values it is made of) of a node."""
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node), 1
        if id(node) in self.known:
            known = self.known[id(node)]
            if known is None:
                raise self.wrong(node, "an alias (*) names what it is a part of")
            return known
        if depth >= DEEPEST:
            raise self.wrong(node, f"lists or mappings lie more than {DEEPEST} deep within each other")
        self.known[id(node)] = None
        mapping = isinstance(node, yaml.MappingNode)
        if not node.tag == f"{_TAG}{'map' if mapping else 'seq'}":
            raise self.wrong(node, f"a value of the kind {node.tag.removeprefix(_TAG)}, which no declaration has")
        found = self.mapping(node, depth) if mapping else self.sequence(node, depth)
        if found[1] > MOST:
            raise self.wrong(node, f"more than {MOST:,} values, aliases (*) unfolded")
        self.known[id(node)] = found
        return found

    def sequence(self, node: Any, depth: int) -> tuple[list[Any], int]:
        out, size = [], 1
        for each in node.value:
            value, count = self.value(each, depth + 1)
            out.append(value)
            size += count
        return out, size

    def mapping(self, node: Any, depth: int) -> tuple[dict[str, Any], int]:
        out: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        size = 1
        for at, each in node.value:
            value, count = self.value(each, depth + 1)
            size += count
            if at.tag == f"{_TAG}merge":
                merged = self.merged(at, value) | merged
                continue
            key = self.key(at)
            if key in out:
                raise self.wrong(at, f"'{key}' stands there twice; keep one of them")
            out[key] = value
        return merged | out, size

    def merged(self, at: Any, value: Any) -> dict[str, Any]:
        """What `<<` takes over, of one mapping or of several, the first of which wins."""
        out: dict[str, Any] = {}
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, dict):
                raise self.wrong(at, "'<<' takes over the keys of a mapping, which this is not")
            out = each | out
        return out

    def key(self, node: Any) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.tag != f"{_TAG}str" or not node.value.strip():
            shown = f"'{node.value}'" if isinstance(node, yaml.ScalarNode) else "a list or mapping"
            raise self.wrong(node, f"{shown} is no word, and cannot be a key; a number or a yes needs quotes")
        return str(node.value)

    def scalar(self, node: Any) -> Any:
        kind, said = node.tag.removeprefix(_TAG), node.value
        if kind == "str":
            return said
        if kind == "null":
            return None
        if kind == "bool" and said.lower() in _YES:
            return _YES[said.lower()]
        if kind == "int":
            if not _WHOLE.fullmatch(said):
                raise self.wrong(node, f"{said[:50]} is no plain decimal number; write 15, not 017, 0xf or 1_5")
            return int(said)
        if kind == "float":
            return self.number(node, said)
        what = "a date; a text needs quotes" if kind == "timestamp" else f"of the kind {kind}, which no declaration has"
        raise self.wrong(node, f"{said[:50]!r} is {what}")

    def number(self, node: Any, said: str) -> float:
        try:
            found = float(said)
        except ValueError:  # .inf, .nan, 1:30.5
            found = math.nan
        if not math.isfinite(found) or "_" in said:
            raise self.wrong(node, f"{said[:50]} is no finite decimal number; a text needs quotes")
        return found
