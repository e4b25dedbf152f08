"""No code of the suite loads a file that could run, or hands text to a shell."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("lnl", "methods", "figures", "workflow", "benchmarks")
MODULES = {"pickle", "_pickle", "cPickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}
CALLS = {"eval", "exec", "system", "popen", "read_pickle", "extractall", "unpack_archive", "fetch_20newsgroups"}
SAFE = {"torch": ("weights_only", True), "np": ("allow_pickle", False), "numpy": ("allow_pickle", False)}


def unsafe(source: str, benchmark: bool = False) -> Iterator[str]:
    """What in a Python file may run a file's content, or hands text to a shell."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (f"import {name}" for name in names if name.partition(".")[0] in MODULES)
            yield from (f"import {name}" for name in names if name.startswith("torchvision.datasets") and not benchmark)
        if not isinstance(node, ast.Call):
            continue
        given = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        of = node.func.value if isinstance(node.func, ast.Attribute) else None
        if name in CALLS and not (name == "eval" and isinstance(of, ast.expr)):  # network.eval()
            yield f"{name}()"
        if given.get("shell"):
            yield "shell=True"
        if name == "load" and isinstance(of, ast.Name) and of.id in SAFE:
            keyword, value = SAFE[of.id]
            if given.get(keyword) is not value:
                yield f"{of.id}.load without {keyword}={value}"
        if name in ("load", "load_all") and isinstance(of, ast.Name) and of.id == "yaml":
            loaders = [k.value.id for k in node.keywords if k.arg == "Loader" and isinstance(k.value, ast.Name)]
            if loaders not in (["_Loader"], ["_Unique"]):  # the safe ones, lnl/declared
                yield "yaml.load without a safe loader"


def test_no_code_of_the_suite_loads_what_could_run() -> None:
    found = {}
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            kinds = list(unsafe(file.read_text(), folder == "benchmarks"))
            if kinds:
                found[str(file.relative_to(ROOT))] = kinds
    assert found == {}
    rules = "\n".join(file.read_text() for file in [ROOT / "Snakefile", *(ROOT / "workflow").rglob("*.smk")])
    assert not re.search(rf"\b({'|'.join(MODULES | CALLS)})\b", rules)


@pytest.mark.parametrize(
    "line",
    [
        *("import pickle", "from joblib import load", "import torchvision.datasets as d", "eval(text)"),
        *(
            "np.load(path)",
            "np.load(path, allow_pickle=True)",
            "torch.load(path)",
            "torch.load(path, weights_only=False)",
        ),
        *(
            "os.system(text)",
            "subprocess.run(text, shell=True)",
            "yaml.load(text, Loader=Loader)",
            "tar.extractall(path)",
        ),
    ],
)
def test_the_test_above_sees_what_it_looks_for(line: str) -> None:
    assert list(unsafe(line))
