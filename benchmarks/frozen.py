"""A digest of a Python file that comments, docstrings and layout do not change; the same from Python 3.11 on."""

import ast
import hashlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESTATEMENT = HERE / "released_loops.py"
RECORDED = HERE / "frozen.sha256"


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:]
    return tree


def _written(node: object) -> str:
    """The tree as text. Empty fields are left out: newer Pythons add some, so that `ast.dump` differs."""
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if value is not None and value != []]
        return f"{type(node).__name__}({', '.join(f'{name}={_written(value)}' for name, value in fields)})"
    if isinstance(node, list):
        return f"[{', '.join(_written(item) for item in node)}]"
    return repr(node)


def digest(source: str) -> str:
    """SHA-256 of the syntax tree of `source`."""
    return hashlib.sha256(_written(_without_docstrings(ast.parse(source))).encode()).hexdigest()


def restatement_digest() -> str:
    return digest(RESTATEMENT.read_text(encoding="utf-8"))


def recorded_digest() -> str:
    return RECORDED.read_text(encoding="utf-8").split()[0]
