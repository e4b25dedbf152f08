"""The declarations of the repository as trees, small checkouts that hold them, and trees written down again."""

from __future__ import annotations

import ast
import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
LITERALS = {"methods": "SPEC", "figures": "DEMAND", "noises": "NOISE"}  # by the folder of Python files
#: What a mutation of the configuration is tried on: each kind of artefact once, searches and hand-overs among them.
FEW = {
    "tables": ("coteaching_table8", "s2e_control_mnist", "tutorial_networks", "tutorial_datasets", "pumpout_table2"),
    "figures": ("tutorial_memorisation", "s2e_figure3", "tutorial_s2e_searched_rt"),
    "claims": (),
}
SINGLE = {"config": "config/config.yaml", "synthetic": "config/synthetic.yaml"}
FOLDERS = {
    "protocols": "config/protocols",
    "datasets": "config/datasets",
    "noises": "config/noises",
    "scales": "config/scales",
    "searches": "config/searches",
    "spaces": "config/spaces",
    "decisions": "config/decisions",
    "tables": "tables",
    "figures": "figures",
    "claims": "claims",
    "methods": "methods",
}
KINDS = (*FOLDERS, *SINGLE)


class Pairs(list[tuple[Any, Any]]):
    """A mapping that may have a key twice."""


@dataclass(frozen=True)
class Raw:
    """Text to be written as it is."""

    text: str


@cache
def files(kind: str) -> list[str]:
    """Files of a kind, as paths below the root."""
    if kind in SINGLE:
        return [SINGLE[kind]]
    endings = {"noises": ("*.yaml", "*.py")}.get(kind, ("*.py",) if kind in LITERALS else ("*.yaml",))
    found = sorted(path for ending in endings for path in (ROOT / FOLDERS[kind]).glob(ending))
    return [str(path.relative_to(ROOT)) for path in found]


@cache
def tree(file: str) -> Any:
    """What a file declares; not to be changed by whoever reads it."""
    text = (ROOT / file).read_text(encoding="utf-8")
    if not file.endswith(".py"):
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return ast.literal_eval(_assignment(text, LITERALS[Path(file).parent.name]).value)


def _assignment(text: str, name: str) -> ast.Assign:
    body = [node for node in ast.parse(text).body if isinstance(node, ast.Assign)]
    return next(node for node in body if getattr(node.targets[0], "id", None) == name)


def written(file: str, content: Any) -> str:
    """The text of a file that declares `content` in place of what stands there."""
    if not file.endswith(".py"):
        return _yaml(content) + "\n"
    text = (ROOT / file).read_text(encoding="utf-8")
    node = _assignment(text, LITERALS[Path(file).parent.name])
    lines = text.splitlines(keepends=True)
    new = f"{node.targets[0].id} = {_python(content)}\n"  # type: ignore[attr-defined]
    return "".join([*lines[: node.lineno - 1], new, *lines[node.end_lineno :]])


def _pairs(node: Any) -> Any:
    return node if isinstance(node, Pairs) else node.items()


def _yaml(node: Any) -> str:
    """YAML of one line: flow style, every string in quotes."""
    if isinstance(node, Raw):
        return node.text
    if isinstance(node, dict | Pairs):
        return "{" + ", ".join(f"{_yaml(key)}: {_yaml(value)}" for key, value in _pairs(node)) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(map(_yaml, node)) + "]"
    if isinstance(node, float):
        if not math.isfinite(node):
            return {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}[str(node)]
        text = repr(node)
        return text if "." in text else text.replace("e", ".0e")
    return json.dumps(node, ensure_ascii=False)


def _python(node: Any) -> str:
    if isinstance(node, Raw):
        return node.text
    if isinstance(node, dict | Pairs):
        return "{" + ", ".join(f"{_python(key)}: {_python(value)}" for key, value in _pairs(node)) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(map(_python, node)) + "]"
    if isinstance(node, float) and not math.isfinite(node):
        return {"nan": "1e999", "inf": "1e999", "-inf": "-1e999"}[str(node)]
    return repr(node)


def paths(node: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place of a tree, the whole first."""
    yield at
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield from paths(value, (*at, key))


def value_at(node: Any, at: tuple[str | int, ...]) -> Any:
    for key in at:
        node = node[key]
    return node


def replaced(node: Any, at: tuple[str | int, ...], value: Any) -> Any:
    """The tree with another value at a place; the original stays as it is."""
    if not at:
        return value
    out = dict(node) if isinstance(node, dict) else list(node)
    out[at[0]] = replaced(node[at[0]], at[1:], value)
    return out


@dataclass
class Checkouts:
    """Folders with as much of the repository as a file needs beside it, made when they are asked for."""

    folder: Path
    made: dict[frozenset[str], Path] = field(default_factory=dict)

    def of(self, file: str) -> Path:
        """A checkout in which `file` is declared, and so are the artefacts that it names."""
        artefacts = self._needed(file)
        if artefacts not in self.made:
            self.made[artefacts] = _checkout(self.folder / str(len(self.made)), artefacts)
        return self.made[artefacts]

    @staticmethod
    def _needed(file: str) -> frozenset[str]:
        kind = file.split("/")[0]
        if "decisions" in file:
            return frozenset(name for kind in FEW for name in files(kind))
        suffix = {"tables": "yaml", "claims": "yaml", "figures": "py"}
        few = {f"{kind}/{key}.{suffix[kind]}" for kind, keys in FEW.items() for key in keys}
        if file in few:
            return frozenset(few)
        if kind == "claims":
            text = (ROOT / file).read_text(encoding="utf-8")
            return frozenset({file, *(name for name in files("tables") if Path(name).stem in text)})
        return frozenset({file, "tables/coteaching_table8.yaml"} if kind in FEW else few)


def _checkout(root: Path, artefacts: frozenset[str]) -> Path:
    whole = len(artefacts) == sum(len(files(kind)) for kind in FEW)
    ignored = shutil.ignore_patterns("__pycache__", *([] if whole else ["decisions"]))
    for name in ("config", "methods"):
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    for kind in FEW:
        (root / kind).mkdir()
    for file in artefacts:
        shutil.copy(ROOT / file, root / file)
    known = {Path(file).stem for file in artefacts}
    for path in (root / "config" / "scales").glob("*.yaml"):
        declared = tree(f"config/scales/{path.name}")
        named = [key for key in declared.get("artefacts", []) if key in known]
        if "artefacts" in declared and len(named) < len(declared["artefacts"]):
            path.write_text(_yaml({**declared, "artefacts": named or sorted(known)[:1]}) + "\n")
    return root
