"""Table of what methods are composed of, lnl/learning, made from its files for whoever writes a method. Standard
library only."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from lnl.declared.literals import parsed

FOLDER = Path(__file__).parent.parent / "learning"
BEGIN = "<!-- learning: made by `lnl methods --write docs/add-a-method.md` -->"
END = "<!-- end of learning -->"


def learning_table(folder: Path) -> str:
    """Markdown: a line for each file of a folder, with its first sentence and what it offers."""
    lines = ["| `lnl.learning.` | what it is | offers |", "|---|---|---|"]
    for file in sorted(folder.glob("[!_]*.py")):
        tree = parsed(file)
        paragraph = " ".join((ast.get_docstring(tree) or "").partition("\n\n")[0].split())
        sentence = re.match(r".*?[.](?= [A-Z]|$)", paragraph)
        offered = [
            f"`{node.name}`"
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        ]
        lines.append(f"| `{file.stem}` | {sentence[0] if sentence else paragraph} | {', '.join(offered)} |")
    return "\n".join(lines)
