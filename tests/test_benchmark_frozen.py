"""The loop that `make bench` measures against stays as it was."""

import importlib.util
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


def load(name):
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


frozen = load("frozen")


def test_the_restated_loops_have_not_changed():
    assert frozen.restatement_digest() == frozen.recorded_digest(), (
        "benchmarks/released_loops.py is frozen: a change to it makes every recorded ratio meaningless"
    )


def test_the_digest_sees_code_and_not_prose():
    source = 'def f(x):\n    """One."""\n    return x + 1\n'
    assert frozen.digest(source) == frozen.digest("# why\ndef f(x):\n    '''Two.'''\n    return (x\n            + 1)\n")
    assert frozen.digest(source) != frozen.digest(source.replace("1", "2"))
    assert frozen.digest(source) != frozen.digest(source.replace("x + 1", "sum([x, 1])"))


def test_the_restatement_uses_only_what_the_released_loops_use():
    import ast

    tree = ast.parse((BENCHMARKS / "released_loops.py").read_text(encoding="utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert imported == {"numpy", "torch", "torchvision"}
