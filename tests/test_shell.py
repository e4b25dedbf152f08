"""No name and no path is run: shell lines quote whatever they are filled with, wherever a checkout lies."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from suite_copy import SuiteCopy

from lnl.errors import UserError
from lnl.run.dag import Dag

ROOT = Path(__file__).resolve().parent.parent
RULES = [ROOT / "Snakefile", *sorted((ROOT / "workflow/rules").glob("*.smk"))]


def shell_lines(text: str) -> Iterator[str]:
    """Every text that a rule file gives to a shell: after `shell:`, and in `shell(…)`."""
    literal = r"\w*\"(?:[^\"\\]|\\.)*\""
    for found in re.finditer(rf"\bshell(?::\s*((?:{literal}\s*)+)|\((.*)\))", text):
        yield found[1] or found[2]


def unquoted(line: str) -> list[str]:
    """Places of a shell line that are filled in without quoting, and texts that Python fills in."""
    prefixes = re.findall(r"(?:^|\s)([a-zA-Z]+)\"", line)
    return [*re.findall(r"\{(?![^{}]*:q\})[^{}]*\}", line.replace("{{", "").replace("}}", "")), *prefixes]


def test_every_place_of_a_shell_line_is_quoted() -> None:
    texts = [file.read_text() for file in RULES]
    lines = [line for text in texts for line in shell_lines(text)]
    assert len(lines) == sum(len(re.findall(r"\bshell\b", text)) for text in texts) > 10  # none is overlooked
    assert [line for line in lines if unquoted(line)] == []
    other = [text for text in texts if re.search(r"^\s*(?:run|script|wrapper|notebook|cwl):", text, re.M)]
    assert other == []  # which would have to be looked at as well


@pytest.mark.parametrize(
    "line", ['"lnl {log}"', '"lnl {wildcards.key} {log:q}"', '"{params.a:u}"', '"{input[0]}"', 'f"lnl {{log:q}}"']
)
def test_the_test_above_sees_what_it_looks_for(line: str) -> None:
    (found,) = shell_lines(f"rule a:\n    shell:\n        {line}\n")
    assert unquoted(found)
    assert list(shell_lines(f"onerror:\n    shell({line})\n")) == [line]


OTHER_NAMES = {
    "scale": "dag.scales",
    "noise": "names.FREE",
    "generator": "names.WORDS",
    "sets": "set_keys.PATTERN",
}


def test_wildcards_take_what_the_rule_of_names_takes() -> None:
    text = (ROOT / "workflow/rules/common.smk").read_text()
    constraints = dict(re.findall(r"^    (\w+)=(.*),$", text[text.index("wildcard_constraints:") :], re.M))
    used = {w for file in RULES for w in re.findall(r"\{(?:wildcards\.)?(\w+)(?::q)?\}", file.read_text())}
    assert used - {"log", "output", "rule", "SEARCH"} <= set(constraints)
    number = {"seed", "round", "block"}
    for name, value in constraints.items():
        expected = OTHER_NAMES.get(name, "names.NAME")
        assert value == ("names.NUMBER" if name in number else expected) or name == "seeds"


def test_nothing_builds_a_command_line_as_text() -> None:
    """Commands are lists of words: no shell reads them."""
    for folder in ("lnl", "benchmarks", "methods", "figures"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                if isinstance(node.func.value, ast.Name) and node.func.value.id == "subprocess" and node.args:
                    assert not isinstance(node.args[0], ast.Constant | ast.JoinedStr | ast.BinOp), (
                        f"{file}: {node.lineno}"
                    )
    for profile in (ROOT / "workflow/profiles").rglob("*.yaml"):
        assert not re.search(r"submit|precommand|shadow", re.sub(r"#.*", "", profile.read_text()))


# ---- where a checkout lies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["$(touch marker)", "a`touch marker`", "a'b", 'a"b', "a\\b", "a{x}b", "a\nb", "a:b"])
def test_a_checkout_in_a_hostile_folder_is_refused_in_one_line(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / name
    root.mkdir()
    for place, head in ((root, True), (ROOT, False)):
        with pytest.raises(UserError, match="rename the folder") as caught:
            Dag(place, {}, head)
        assert "\n" not in str(caught.value)
        monkeypatch.chdir(root)  # from which Snakemake may be started as well


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize("name", ["$(touch marker)", "a`touch marker`", "a'b", 'a"; touch marker; "b', "a\nb"])
def test_make_refuses_such_a_folder_before_it_does_anything(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    root.mkdir()
    shutil.copy(ROOT / "Makefile", root)
    (root / "requirements.lock").write_text("")
    done = subprocess.run(["make", "env", "PYTHON=false"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith("make: the path of a checkout cannot hold")
    assert sorted(file.name for file in root.iterdir()) == ["Makefile", "requirements.lock"]
    assert not list(tmp_path.rglob("marker"))


def test_a_checkout_whose_path_a_shell_would_split_works(tmp_path: Path) -> None:
    """With such a data root and label file beside it; a whole Snakemake run, since that is what has to quote."""
    suite = SuiteCopy.make(tmp_path / "a b;touch marker;&(c) [d]* é #~!<>|?")
    file = "results/demo/cells/s2e/digits/symmetric-50/standard/seed1.json"
    hostile = "d $(touch marker) `touch marker` '\"; touch marker #"
    config = suite.root / "config/config.yaml"
    content = yaml.safe_load(config.read_text()) | {"data_root": hostile, "cache_root": f"{hostile}/cache"}
    config.write_text(yaml.safe_dump(content | {"label_files": {"mine": {"path": hostile, "field": hostile}}}))
    done = suite.snakemake(file)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (suite.root / file).exists() and (suite.root / hostile / "cache").is_dir()
    assert not list(tmp_path.rglob("marker"))


def test_hostile_targets_and_variants_start_nothing(tmp_path: Path) -> None:
    """Two whole runs of Snakemake, which is what would hand them to a shell."""
    suite = SuiteCopy.make(tmp_path / "checkout")
    done = suite.snakemake("results/demo/data/$(touch marker).json")
    assert done.returncode != 0 and "$(touch marker)" in done.stdout + done.stderr
    table = yaml.safe_load((suite.root / "tables/small.yaml").read_text())
    table["columns"][1] |= {"variant": "$(touch marker)", "set": {"tau": 0.5}}
    (suite.root / "tables/small.yaml").write_text(yaml.safe_dump(table))
    done = suite.snakemake()
    assert done.returncode != 0
    assert any("tables/small.yaml: '$(touch marker)' is no name" in line for line in done.stderr.splitlines())
    assert not list(tmp_path.rglob("marker"))
    assert not (suite.root / "results").exists()
