"""The dictionary at the top of a Python file, read without running it. Standard library only.

SPEC of a method, DEMAND of a figure and NOISE of a kind of noise hold what YAML could hold as well: dictionaries with
words for keys, lists, words, finite numbers, True, False and None. What is more than that is one line with its place.
"""

from __future__ import annotations

import ast
import math
from functools import cache
from pathlib import Path
from typing import Any

from lnl.declared.text_files import Stamp, stamp, text
from lnl.errors import UserError

LITERALS = ("SPEC", "DEMAND", "NOISE")


def read_literal(path: Path, name: str) -> dict[str, Any] | None:
    """The dictionary literal assigned to `name` at the top level of a Python file, or None if there is none."""
    node = _assignments(path, stamp(path)).get(name)
    if node is None:
        return None
    if not isinstance(node.value, ast.Dict):
        raise UserError(f"{path} line {node.lineno}: {name} must be a dictionary")
    found: dict[str, Any] = _value(node.value, path, name)
    return found


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a Python file; UserError names the line of a syntax error."""
    return _parsed(path, stamp(path))


@cache
def _parsed(path: Path, at: Stamp) -> ast.Module:
    try:
        return _tree(text(path))
    except SyntaxError as error:
        raise UserError(f"{path} line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        said = str(error) or "nested too deep"
        raise UserError(f"{path}: is no Python that could be read ({said})") from None


@cache
def _tree(content: str) -> ast.Module:
    return ast.parse(content)


@cache
def _assignments(path: Path, at: Stamp) -> dict[str, ast.Assign]:
    """Assignments at the top level by name. UserError for a literal that is assigned twice."""
    found: dict[str, ast.Assign] = {}
    for node in parsed(path).body:
        for target in node.targets if isinstance(node, ast.Assign) else ():
            if isinstance(target, ast.Name) and target.id in LITERALS and target.id in found:
                raise UserError(f"{path} line {node.lineno}: {target.id} stands there twice; keep one of them")
            if isinstance(target, ast.Name) and isinstance(node, ast.Assign):
                found[target.id] = node
    return found


def _value(node: ast.expr, path: Path, name: str) -> Any:
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool | str | int)):
        return node.value
    if isinstance(node, ast.List):
        return [_value(each, path, name) for each in node.elts]
    if isinstance(node, ast.Dict):
        return _dictionary(node, path, name)
    number = _number(node)
    if number is None:
        kind = {ast.Tuple: "a tuple; write a list", ast.Set: "a set; write a list"}.get(type(node), "no plain literal")
        raise UserError(
            f"{path} line {node.lineno}: {name} must be a plain literal (no calls, no names): "
            f"'{_short(node)}' is {kind}"
        )
    if not math.isfinite(number):
        raise UserError(f"{path} line {node.lineno}: {name}: '{_short(node)}' is no finite number")
    return number


def _dictionary(node: ast.Dict, path: Path, name: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for at, value in zip(node.keys, node.values, strict=True):
        if not isinstance(at, ast.Constant) or not isinstance(at.value, str) or not at.value.strip():
            shown = "**" if at is None else _short(at)
            raise UserError(f"{path} line {node.lineno}: {name}: '{shown}' is no word in quotes, and cannot be a key")
        if at.value in out:
            raise UserError(f"{path} line {at.lineno}: {name}: '{at.value}' stands there twice; keep one of them")
        out[at.value] = _value(value, path, name)
    return out


def _number(node: ast.expr) -> float | None:
    """The number that a node writes, with its sign; None for anything else."""
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, node = -1, node.operand
    plain = isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)
    return sign * node.value if plain else None  # type: ignore[attr-defined]


def _short(node: ast.expr) -> str:
    try:
        shown = " ".join(ast.unparse(node).split())
    except RecursionError:  # Python 3.13 reads deeper than it can write
        shown = "an expression within expressions without end"
    return shown if len(shown) <= 40 else f"{shown[:39]}…"
