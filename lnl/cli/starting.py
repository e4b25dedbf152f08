"""`lnl new KIND NAME`: a commented skeleton of a declaration, which runs as it is."""

from __future__ import annotations

import itertools
import os
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template

from lnl.cli.common import load_suite
from lnl.declared import distinct, names, noise_checks
from lnl.declared.cells import Cell
from lnl.declared.overlay_folders import VARIABLE, beginning, check_place, overlays
from lnl.declared.suite import Suite
from lnl.errors import UserError, choose
from lnl.files import replacing

SKELETONS = Path(__file__).with_name("skeletons")
USUAL = "s2e"  # the protocol of a skeleton that names none: its networks are small


@dataclass(frozen=True)
class Kind:
    """What a user may begin. skeleton: a file of skeletons/ that is called like what it becomes, with .txt behind."""

    folder: str
    skeleton: str
    then: Callable[[Suite, str], str]  # what to type next
    taken: Callable[[Suite, str, str], None] | None = None  # UserError where another file than this one has the name
    beside: str | None = None  # the skeleton of a Python file that comes with it
    called: str = ""  # what one of it is called, where that is not the kind's name


def command(kind: str, name: str, into: Path | None) -> None:
    """Write the skeleton and say what to type next."""
    with beginning(into):
        suite = load_suite(sparing=True)  # what names are taken can be told of sound declarations alone
    file, then = new(suite, kind, name, into)
    print(f"{file} is written; its comments say what each key is. Next: {then}")


def new(suite: Suite, kind: str, name: str, into: Path | None = None) -> tuple[Path, str]:
    """Write the skeleton; the file, and the command to type next. UserError for a name that is none, or taken.

    into: an overlay, or a folder that is to be one; default: the checkout.
    """
    chosen: Kind = choose(kind, KINDS, "kind", "lnl new")
    called = chosen.called or kind
    names.check(name, called, "lnl new")
    base = suite.root if into is None else into
    if into is not None:
        check_place(into.resolve(), suite.root, str(into), "lnl new --into")
    written = {base / _file(chosen.folder, each, kind, name): each for each in (chosen.skeleton, chosen.beside) if each}
    for file in written:
        if os.path.lexists(file):
            raise UserError(f"lnl new: {file} is there already; choose another name, or edit it")
    first, *_ = written
    if kind != "method" and name in suite.held(chosen.folder):
        taken = suite.source_of(chosen.folder, name)
        raise UserError(f"lnl new: there is a {called} '{name}' already, {taken}; choose another name")
    if chosen.taken is not None:
        chosen.taken(suite, name, str(first))
    for file, part in reversed(written.items()):  # what names another one is written after it
        text = Template((SKELETONS / part).read_text(encoding="utf-8"))
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with replacing(file) as temporary:
                temporary.write_text(text.substitute(_words(suite, name)), encoding="utf-8")
        except OSError as error:
            raise UserError(f"lnl new: {str(file)[:200]}: {error.strerror or error}; name another place") from None
    with beginning(into):  # of several that are named, others may be still to be begun
        known = into is None or into.resolve() in [each.resolve() for each in overlays(suite.root, suite.config)]
    return first, ("" if known else f"{VARIABLE}={shlex.quote(str(into))} ") + chosen.then(suite, name)


def _file(folder: str, skeleton: str, kind: str, name: str) -> Path:
    """A Python file that is imported has no '-' in its name; a figure is called by its key."""
    suffix = Path(skeleton.removesuffix(".txt")).suffix
    return Path(folder, f"{name.replace('-', '_') if suffix == '.py' and kind != 'figure' else name}{suffix}")


def _words(suite: Suite, name: str) -> dict[str, str]:
    """What stands in the places of a skeleton: a protocol or a paper with whose name this one begins is its own."""
    protocol = _own(name, list(suite.protocols)) or _usual(suite)
    return {
        "name": name,
        "module": name.replace("-", "_"),
        "title": name.replace("-", " ").replace("_", " ").capitalize(),
        "protocol": protocol,
        "dataset": next(iter(suite.protocols[protocol]["datasets"])),
        "claim": _free_claim(suite, name),
        "paper": _own(name, [*suite.papers, *(key for key in suite.protocols if key not in suite.papers)]) or name,
    }


def _usual(suite: Suite) -> str:
    return USUAL if USUAL in suite.protocols else next(iter(suite.protocols))


def _own(name: str, known: list[str]) -> str:
    """The longest known name with which this one begins: mine for mine, mine_curves and mine-2; else nothing."""
    fitting = [key for key in known if name == key or name.startswith((f"{key}_", f"{key}-"))]
    return max(fitting, key=len, default="")


def _free_claim(suite: Suite, name: str) -> str:
    """A key for the first claim of a paper: letters and digits of its name, and the first number that nobody has."""
    taken = {claim["key"] for file in suite.claims.values() for claim in file["claims"]}
    word = re.sub("[^a-z0-9]", "", name)
    return next(key for key in (f"{word}-{n:02}" for n in itertools.count(1)) if key not in taken)


def _free_method(suite: Suite, name: str, file: str) -> None:
    if name in suite.methods:
        raise UserError(
            f"lnl new: there is a method '{name}' already, {suite.methods[name]['file']}; choose another name"
        )


def _free_artefact(suite: Suite, name: str, file: str) -> None:
    if name in suite.artefacts:
        raise UserError(f"lnl new: there is an artefact '{name}' already, {suite.source(name)}; choose another name")
    distinct.check_artefacts([*suite.sources(), (name, file, _words(suite, name)["paper"])])


def _free_claims(suite: Suite, name: str, file: str) -> None:
    distinct.check_artefacts([*suite.sources(), (f"{name}_claims", file, name)])


def _free_noise(suite: Suite, name: str, file: str) -> None:
    noise_checks.check_name(name, "lnl new")


def _cell(suite: Suite, protocol: str, dataset: str, method: str, noise: str = "symmetric-50") -> str:
    """A cell as `lnl train` takes it at this scale."""
    return Cell(protocol, suite.used_for(dataset), noise, method).id


def _try_method(suite: Suite, name: str) -> str:
    at = _words(suite, name)
    return f"lnl train {_cell(suite, at['protocol'], at['dataset'], name)} --epochs 20"


def _try_protocol(suite: Suite, name: str) -> str:
    return f"lnl train {_cell(suite, name, 'mnist', 'coteaching')} --epochs 20"


def _try_noise(suite: Suite, name: str) -> str:
    at = _words(suite, name)
    return f"lnl train {_cell(suite, at['protocol'], at['dataset'], 'coteaching', f'{name}-40')} --epochs 20"


def _try_dataset(suite: Suite, name: str) -> str:
    return f"lnl prepare data {name}"


def _try_search(suite: Suite, name: str) -> str:
    """In a protocol in which something validates: a new one's images may all test."""
    return f"lnl search {_cell(suite, _usual(suite), 'mnist', 'coteaching', 'pair-45')}/{name}"


def _try_scale(suite: Suite, name: str) -> str:
    return f"lnl train {Cell(_usual(suite), 'digits', 'symmetric-50', 'coteaching').id} --scale {name}"


def _try_artefact(suite: Suite, name: str) -> str:
    return f"snakemake {name} -c2"


def _try_claims(suite: Suite, name: str) -> str:
    return _try_artefact(suite, f"{name}_claims")


KINDS = {
    "method": Kind("methods", "method.py.txt", _try_method, _free_method),
    "table": Kind("tables", "table.yaml.txt", _try_artefact, _free_artefact),
    "figure": Kind("figures", "figure.py.txt", _try_artefact, _free_artefact),
    "claims": Kind("claims", "claims.yaml.txt", _try_claims, _free_claims, called="claims page"),
    "protocol": Kind("config/protocols", "protocol.yaml.txt", _try_protocol),
    "dataset": Kind("config/datasets", "dataset.yaml.txt", _try_dataset, beside="dataset.py.txt"),
    "noise": Kind("config/noises", "noise.yaml.txt", _try_noise, _free_noise),
    "search": Kind("config/searches", "search.yaml.txt", _try_search),
    "scale": Kind("config/scales", "scale.yaml.txt", _try_scale),
}
