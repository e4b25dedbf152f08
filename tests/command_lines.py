"""Whether a command of this repository can be run as a page writes it: arguments, names, targets, keys."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import typer
import yaml
from markdown_pages import ROOT, made_by_the_reader, placeholder

from lnl.cli.app import app
from lnl.declared.suite import Suite
from lnl.errors import UserError

SNAKEMAKE = {  # option -> words that follow it
    **dict.fromkeys(("-c", "--cores", "-j", "--jobs", "--workflow-profile", "--profile", "--executor", "--quiet"), 1),
    **dict.fromkeys(("--cluster-generic-submit-cmd", "--cluster-generic-cancel-cmd"), 1),
    **dict.fromkeys(("-n", "--dry-run", "--keep-going", "--lint"), 0),
}


@cache
def suite(scale: str | None = None) -> Suite:
    return Suite.load(ROOT, {"scale": scale} if scale else {}, validate=False)


def fault(words: list[str], page: Path) -> str | None:
    """What is wrong with a command, or None."""
    checks = {"lnl": _lnl, "snakemake": _snakemake, "make": _make}
    try:
        check = checks.get(words[0])
        return check(words[1:], page) if check else _benchmarks(words[2], words[3:])
    except UserError as error:
        return str(error)


def _lnl(words: list[str], page: Path) -> str | None:
    command, rest = typer.main.get_command(app), ["1" if word == "n" else word for word in words]
    while named := getattr(command, "commands", None):  # `lnl`, and `lnl prepare`
        if not rest or placeholder(rest[0]):
            return None
        if rest[0] not in named:
            return f"there is no command '{rest[0]}'"
        command = named[rest.pop(0)]
    if any("…" in word for word in rest):
        return None
    try:
        given = command.make_context(command.name, rest).params
    except Exception as error:  # typer brings its own copy of click, whose classes have no public name
        if not hasattr(error, "format_message"):
            raise
        return str(error.format_message())
    return _names(given, page)


def _names(given: dict[str, object], page: Path) -> str | None:
    """Artefacts, papers, scales, cells and folders among the arguments of a command that parses."""
    scale = given.get("scale")
    at = suite(str(scale) if scale else None)
    wanted = given.get("wanted") or ()
    at.select([word for word in wanted if not placeholder(word) and not made_by_the_reader(word, page)])  # type: ignore[attr-defined]
    key = given.get("key")
    known = {*at.artefacts} & {key, f"{key}_claims"}
    if isinstance(key, str) and not (placeholder(key) or known or made_by_the_reader(key, page)):
        return f"there is no artefact '{key}'"
    for name in ("cell", "search"):
        if isinstance(word := given.get(name), str) and not placeholder(word):
            _place(at, word, page)
    table = given.get("table")
    if isinstance(table, str) and not placeholder(table) and table not in at.artefacts:
        return f"there is no table '{table}'"
    folder = given.get("folder")
    if isinstance(folder, str) and not placeholder(folder) and not (ROOT / folder).exists():
        return f"there is no folder {folder}"
    return None


def _place(at: Suite, written: str, page: Path) -> None:
    """UserError for a cell, or a search, that is not declared; methods and noises that the reader writes are."""
    parts = written.split("/")
    if len(parts) == 5:
        if not made_by_the_reader(parts[4], page):
            at.parse_search(written, 1)
        return
    if len(parts) == 4 and made_by_the_reader(parts[3], page):
        parts[3] = "standard"
    if len(parts) == 4 and made_by_the_reader(parts[2].rpartition("-")[0], page):
        parts[2] = "pair-45"
    if len(parts) == 4 and made_by_the_reader(parts[0], page):
        if f"config/datasets/{parts[1]}.yaml" in page.read_text(encoding="utf-8"):
            # data that the reader declares
            parts[1] = next(cell.dataset for cell in at.cells if cell.protocol == "s2e")
        parts[0] = "s2e"
    at.parse("/".join(parts))


def _snakemake(words: list[str], page: Path) -> str | None:
    targets, config, rest = [], None, list(words)
    while rest:
        word = rest.pop(0)
        if word == "--config":
            config = []
        elif re.fullmatch(r"-[cj]\d+", word) or placeholder(word):
            config = None
        elif word.startswith("-"):
            if word not in SNAKEMAKE:
                return f"option {word} is unknown to this test: add it if Snakemake knows it"
            config = None
            value = [rest.pop(0) for _ in range(SNAKEMAKE[word])]
            if word.endswith("profile") and not (ROOT / value[0]).is_dir():
                return f"there is no profile {value[0]}"
        elif config is None:
            targets.append(word)
        else:
            config.append(word)
            if wrong := _config(word):
                return wrong
    known = {*suite().artefacts, *suite().papers, "all", "report"}
    unknown = [word for word in targets if word not in known and not made_by_the_reader(word, page)]
    return f"there is no target {unknown[0]}" if unknown else None


def _config(word: str) -> str | None:
    key, found, value = word.partition("=")
    declared = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    if not found:
        return f"'{word}' follows --config and is no key=value: targets come first"
    if key not in declared:
        return f"there is no config key {key}"
    if key == "scale" and not placeholder(value) and value not in suite().scales:
        return f"there is no scale {value}"
    return None


def _make(words: list[str], page: Path) -> str | None:
    known = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    unknown = [word for word in words if "=" not in word and not placeholder(word) and word not in known]
    return f"the Makefile has no target {unknown[0]}" if unknown else None


def _benchmarks(module: str, words: list[str]) -> str | None:
    from benchmarks.bench import SECTIONS

    if module != "benchmarks":
        file = ROOT / f"{module.replace('.', '/')}.py"
        if not file.exists():
            return f"there is no module {module}"
        source = file.read_text()
        unknown = [word for word in words if word.startswith("--") and f'"{word}"' not in source]
        return f"{module} has no option {unknown[0]}" if unknown else None
    unknown = [word for word in words if word not in SECTIONS and word not in ("--check", "--keep")]
    return f"there is no section {unknown[0]}" if unknown else None
