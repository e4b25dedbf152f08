"""Kinds of noise as files of config/noises: YAML with maps or with data sets whose images replace some, Python with
functions. Nothing of them is run here."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lnl.data.registry import DatasetInfo
from lnl.declared.literals import parsed, read_literal
from lnl.declared.reading import read_mapping, syntax_digest
from lnl.errors import UserError, nearest
from lnl.noise.kinds import OFFERED, NoiseKind

Check = Callable[[dict[str, Any], str], object]


def read(file: Path, datasets: Mapping[str, DatasetInfo], check: Check | None = None) -> NoiseKind:
    """The kind that a file declares. UserError for one that declares none.

    check: of what it declares, as the schema has it.
    """
    declared = read_mapping(file) if file.suffix == ".yaml" else read_literal(file, "NOISE")
    if declared is None:
        raise UserError(f'{file}: begins with NOISE = {{"title": …, "source": …}} (docs/bring-your-own.md)')
    if check is not None:
        check(declared, str(file) if file.suffix == ".yaml" else f"{file}: NOISE")
    forms = [name for name in ("maps", "replaced_by") if name in declared]
    if file.suffix == ".yaml" and len(forms) != 1:
        wanted = "has both 'maps' and 'replaced_by'; make two kinds of it" if forms else "lacks 'maps' or 'replaced_by'"
        raise UserError(f"{file}: {wanted} (docs/bring-your-own.md)")
    if file.suffix != ".yaml" and forms:
        raise UserError(f"{file}: has functions, and takes no '{forms[0]}' (docs/bring-your-own.md)")
    if "replaced_by" in forms:
        return NoiseKind.of_images(file.stem, declared, file, datasets)
    if file.suffix == ".yaml":
        return NoiseKind.of_maps(file.stem, declared, file, datasets)
    code = syntax_digest(file, without="NOISE")
    return NoiseKind(file.stem, declared["title"], declared["source"], file, functions=_functions(file), code=code)


def _functions(file: Path) -> dict[str, tuple[str, ...]]:
    """Parameters of `matrix` and `draw`. UserError without either, and for one that nobody could give them."""
    found = {}
    for node in parsed(file).body:
        if not isinstance(node, ast.FunctionDef) or node.name not in OFFERED:
            continue
        names = tuple(each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
        for name in names:
            if name not in OFFERED[node.name]:
                hint = nearest(name, OFFERED[node.name])
                raise UserError(f"{file} line {node.lineno}: {node.name}() is offered no '{name}'{hint}")
        found[node.name] = names
    for each in ast.walk(parsed(file)):
        if isinstance(each, ast.Attribute) and ast.unparse(each) in ("np.random", "numpy.random"):
            shared = f"{file} line {each.lineno}: {ast.unparse(each)}"
            raise UserError(f"{shared} is drawn from by others as well; take `stream`")
    if not found:
        raise UserError(f"{file}: has no function matrix(classes, rate), and no draw(labels, rate, stream)")
    return found
