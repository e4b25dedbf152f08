"""Reading what is declared: YAML files, the SPEC at the top of a method and the DEMAND at the top of a figure.

Nothing declared is executed: literals are read with `ast`, so that parsing the suite imports no torch and no
matplotlib.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from lnl.declared import names
from lnl.declared.literals import parsed, read_literal
from lnl.declared.text_files import Stamp, stamp, text
from lnl.declared.yaml_text import copied, parse
from lnl.errors import UserError

__all__ = [
    "overridden",
    "read_folder",
    "read_literal",
    "read_mapping",
    "read_method",
    "read_methods",
    "read_yaml",
    "syntax_digest",
]

#: Members of a method that see one run; a stack of runs shares one `loss`, and what differs between runs goes through
#: `schedule`.
SINGLE_ONLY = (
    "step",
    "epoch_begin",
    "epoch_end",
    "validated",
    "predict",
    "validation_loss",
    "estimates",
    "finish",
    "initial_state",
    "sample",
    "streams",
    "random",
    "views",
)


def read_yaml(path: Path) -> Any:
    """Content of a YAML file; UserError names the line of what is no YAML, or none of a declaration."""
    return copied(_yaml(path, stamp(path)))


def read_mapping(path: Path) -> dict[str, Any]:
    """Content of a YAML file that holds keys and values; UserError for any other, an empty one too."""
    found = read_yaml(path)
    if not isinstance(found, dict):
        what = "is empty" if found is None else f"holds a {'list' if isinstance(found, list) else 'single value'}"
        raise UserError(f"{path}: {what}; keys and their values are wanted")
    return found


@cache
def _yaml(path: Path, at: Stamp) -> Any:
    content = text(path)
    try:
        return _tree(content)  # a copy of a checkout declares what its original does
    except UserError:
        return parse(content, path)  # which says what is wrong with this file


@cache
def _tree(content: str) -> Any:
    return parse(content, Path())


def read_folder(folder: Path) -> dict[str, dict[str, Any]]:
    """All `*.yaml` of a folder by file name; UserError for a name that could not stand in a path of results."""
    return {path.stem: read_mapping(path) for path in named_files(folder, "yaml")}


def named_files(folder: Path, suffix: str) -> list[Path]:
    """Files of declarations in a folder, as `files_of` finds them; UserError for a name that could not be the key of
    what the file declares."""
    found = files_of(folder, suffix)
    for path in found:
        names.check(path.stem, f"file in {folder.name}/", str(path))
    return found


def files_of(folder: Path, suffix: str) -> list[Path]:
    """Files of a folder that end in .suffix, sorted, without hidden ones and, of Python files, without those that begin
    with `_`; none where there is no folder. UserError for a folder that may not be read."""
    try:
        os.listdir(folder)  # a pattern finds nothing where nothing may be read
    except PermissionError as error:
        raise UserError(f"{folder}: cannot be read ({error.strerror}); have its owner open it to you") from None
    except OSError:
        return []
    hidden = "._" if suffix == "py" else "."  # an editor's, or a module of helpers
    return [path for path in sorted(folder.glob(f"*.{suffix}")) if path.name[0] not in hidden]


def read_methods(folder: Path) -> dict[str, dict[str, Any]]:
    """SPEC of every method file of a folder by method key, with its `file`. UserError for the first that is none."""
    found: dict[str, dict[str, Any]] = {}
    for path in named_files(folder, "py"):
        spec = read_method(path)
        add_method(found, spec)
    return {key: extended(spec, found) for key, spec in found.items()}


def add_method(methods: dict[str, dict[str, Any]], spec: dict[str, Any]) -> None:
    """Put a SPEC among others; UserError for two files with one key."""
    if spec["key"] in methods:
        taken = methods[spec["key"]]["file"]
        raise UserError(f"{spec['file']}: key '{spec['key']}' is already taken by {taken}")
    methods[spec["key"]] = spec


def read_method(path: Path, check: Callable[[dict[str, Any], str], object] | None = None) -> dict[str, Any]:
    """SPEC of a method file, with `file`. check: of a SPEC as it is written, before it takes over what the method that
    it extends says."""
    spec = read_literal(path, "SPEC")
    if spec is None:
        raise UserError(f"{path}: a method file begins with SPEC = {{…}} (docs/add-a-method.md)")
    if check is not None:
        check(spec, f"{path}: SPEC")
    if not isinstance(spec.get("key"), str):
        raise UserError(f"{path}: SPEC has no 'key', a word")
    wanted = ("title", "version", "parameters", *(() if "extends" in spec else ("networks",)))
    lacking = [name for name in wanted if name not in spec]
    if lacking:
        raise UserError(*(f"{path}: SPEC lacks '{name}' (docs/add-a-method.md)" for name in lacking))
    if not isinstance(spec["parameters"], dict):
        raise UserError(f"{path}: SPEC: 'parameters' is a dictionary, of each parameter its default")
    return {**spec, "file": str(path)}


def extended(spec: dict[str, Any], methods: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A method that `extends` another is that one's class with other parameters: it takes over what it does not say."""
    base = spec.get("extends")
    if base is None:
        return spec
    if not isinstance(base, str) or base not in methods or "extends" in methods[base]:
        raise UserError(f"{spec['file']}: SPEC extends '{base}', which is no method with a class of its own")
    of = methods[base]
    unknown = [key for key in spec["parameters"] if key not in of["parameters"]]
    if unknown:
        known = ", ".join(of["parameters"])
        raise UserError(f"{spec['file']}: SPEC: {base} has no parameter '{unknown[0]}'; it has {known}")
    own = {**spec, "parameters": {**of["parameters"], **spec["parameters"]}}
    inherited = {  # what the base tunes on a setting, but for the parameters that make this another method
        where: {key: value for key, value in changes.items() if key not in spec["parameters"]}
        for where, changes in of.get("settings", {}).items()
    }
    more = spec.get("settings", {})
    settings = {where: inherited.get(where, {}) | more.get(where, {}) for where in {**inherited, **more}}
    taken = {k: v for k, v in of.items() if k not in ("file", "joins", "settings")}
    return {**taken, **own, **({"settings": settings} if settings else {})}


def overridden(path: Path) -> frozenset[str]:
    """Members of `Method` that a method file overrides, without running it; all of them where its class has other
    bases, whose members are not known here.
    """
    return _overridden(path, stamp(path))


@cache
def _overridden(path: Path, at: Stamp) -> frozenset[str]:
    classes = [node for node in parsed(path).body if isinstance(node, ast.ClassDef)]
    methods = [node for node in classes if node.bases]
    if len(methods) != 1 or [getattr(base, "id", None) for base in methods[0].bases] != ["Method"]:
        return frozenset(SINGLE_ONLY)
    out: set[str] = set()
    for member in methods[0].body:
        targets = member.targets if isinstance(member, ast.Assign) else [getattr(member, "target", None)]
        out |= {t.id for t in targets if isinstance(t, ast.Name)}
        out |= {member.name} if isinstance(member, ast.FunctionDef) else set()
    return frozenset(out)


def reads_in_schedule_only(path: Path) -> bool:
    """Whether a method file reads the method's parameters in `schedule` alone, so that runs of a stack may differ in
    any of them."""
    return _reads_in_schedule_only(path, stamp(path))


@cache
def _reads_in_schedule_only(path: Path, at: Stamp) -> bool:
    tree = parsed(path)
    schedules = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "schedule"]
    within = {id(node) for schedule in schedules for node in ast.walk(schedule)}
    reads = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "parameters"]
    return all(id(node) in within for node in reads)


def syntax_digest(path: Path, without: str = "") -> str:
    """Digest of a file's syntax tree without docstrings and comments: what it computes, not how it is worded.

    without: a name whose assignment at the top level does not count.
    """
    tree = ast.parse(text(path))
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.Assign) and [getattr(each, "id", "") for each in node.targets] == [without])
    ]
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and body:
            first = body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]
