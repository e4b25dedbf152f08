"""Decisions say of switches, values and defaults what is declared; every choice has one; bad input is one line."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from contributed import contributed

from lnl.declared import decisions, dependencies
from lnl.declared.decision_checks import check, check_covered, uncovered
from lnl.declared.decisions import Chapter, Decisions
from lnl.declared.nested import merge
from lnl.declared.reading import read_methods
from lnl.declared.settled import told
from lnl.declared.suite import Suite
from lnl.errors import UserError

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def paper() -> Suite:
    return Suite.load(ROOT, {"scale": "paper"})


def test_decisions_agree_with_the_declarations_and_no_choice_is_without_one(paper: Suite) -> None:
    assert len(paper.decisions.by_key) == len(list(paper.decisions)) > 100  # the checks run when they are read
    assert uncovered(paper, paper.decisions, contributed()) == [], "docs/upkeep.md: what a contribution owes"


def changed(tmp_path: Path, file: str, change: Callable[[dict[str, Any]], None]) -> Decisions:
    """The repository's decisions with one file changed."""
    shutil.copytree(ROOT / decisions.FOLDER, tmp_path / decisions.FOLDER)
    path = tmp_path / decisions.FOLDER / file
    content = yaml.safe_load(path.read_text())
    change(content["decisions"])
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return decisions.read(tmp_path, validate=True)


def put(key: str, *inside: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    """Put a value somewhere inside a decision."""

    def change(content: dict[str, Any]) -> None:
        node: Any = content[key]
        for part in inside[:-1]:
            node = node[part]
        node[inside[-1]] = value

    return change


def without(key: str, *inside: str | int) -> Callable[[dict[str, Any]], None]:
    """Leave something inside a decision out."""

    def change(content: dict[str, Any]) -> None:
        node: Any = content[key]
        for part in inside[:-1]:
            node = node[part]
        del node[inside[-1]]

    return change


BAD = {
    "no such key of a protocol": (
        *("noise.yaml", put("generator", "switch", value={"protocol": "noise.generater"})),
        r"noise\.yaml: generator, switch 'noise\.generater': .*did you mean 'generator'",
    ),
    "no such protocol": (
        *("noise.yaml", put("noise_vector", "switch", "of", 1, value="s2f")),
        r"noise\.yaml: noise_vector: unknown protocol 's2f' \(did you mean 's2e'",
    ),
    "no such parameter": (
        *("methods.yaml", put("ramp", "switch", "method", "parameter", value="romp")),
        r"methods\.yaml: ramp: unknown parameter of mentornet 'romp' \(did you mean 'ramp'",
    ),
    "no such option of a search": (
        *("search.yaml", put("newton", "switch", "algorithm", "option", value="shape")),
        r"search\.yaml: newton: unknown option of newton 'shape'",
    ),
    "a value that the switch does not take": (
        *("noise.yaml", put("noise_vector", "values", "per_run", value="each run has its own")),
        r"noise\.yaml: noise_vector, values: unknown value of noise\.vector 'per_run'",
    ),
    "a value that is not explained": (
        *("methods.yaml", without("rounding", "values", "ceil")),
        r"methods\.yaml: rounding, values: 'ceil' of rounding is not explained",
    ),
    "another default than the protocol's": (
        *("noise.yaml", put("noise_vector", "default", "s2e", value="per_repeat")),
        r"noise\.yaml: noise_vector: default per_repeat, but noise\.vector of protocol s2e is fixed",
    ),
    "another default than the SPEC's": (
        *("methods.yaml", put("normalise", "default", value="twice")),
        r"methods\.yaml: normalise: default twice, but normalise of method coteaching is mean",
    ),
    "another default than the table's": (
        *("statistics.yaml", put("spread_ddof", "default", value=0)),
        r"statistics\.yaml: spread_ddof: default 0, but spread\.ddof of table \w+ is (1|left out)",
    ),
    "a default among no values": (
        *("methods.yaml", put("rounding", "default", value="flor")),
        r"methods\.yaml: rounding: default flor is none of its values: floor, ceil",
    ),
    "a setting that the SPEC does not have": (
        *("correction.yaml", put("initial_epoch", "settings", 0, "value", value=30)),
        r"correction\.yaml: initial_epoch, settings: initial_epoch of coteaching-plus at \*/cifar10/\*: 30 here, 20",
    ),
    "a setting that is left out": (
        *("correction.yaml", without("initial_epoch", "settings", 1)),
        r"correction\.yaml: initial_epoch, settings: .* at \*/cifar100/\*: nothing here, 5",
    ),
    "a row that is not there": (
        *("data.yaml", put("steps_cap", "effect", 0, "row", value="stops")),
        r"data\.yaml: steps_cap, effect: unknown row of decisions_mnist 'stops' \(did you mean 'steps'",
    ),
    "a row that is held against none": (
        *("data.yaml", put("steps_cap", "effect", 0, "row", value="plus")),
        r"data\.yaml: steps_cap, effect: row 'plus' of decisions_mnist is held `against` no other",
    ),
    "a claim that is not there": (
        *("noise.yaml", put("tau", "effect", 0, "claim", value="s2e-99")),
        r"noise\.yaml: tau, effect: unknown claim 's2e-99'",
    ),
    "a decision that a text names": (
        *("data.yaml", put("statistic", "why", value="As decision spreed says.")),
        r"data\.yaml: statistic: unknown decision 'spreed' \(did you mean 'spread'",
    ),
    "no switch, and not a word why": (
        *("search.yaml", without("figure1_setting", "switch")),
        r"search\.yaml: figure1_setting: names no switch; name one, or say under 'fixed' why there is none$",
    ),
    "a switch, and why there is none": (
        *("data.yaml", put("steps_cap", "fixed", value="it cannot be set")),
        r"data\.yaml: steps_cap: names a switch, and says under 'fixed' why there is none; leave one of them out$",
    ),
    "why there is no switch, in no words": (
        *("methods.yaml", put("ties", "fixed", value=" ")),
        r"methods\.yaml: 'decisions\.ties\.fixed': is empty",
    ),
    "a number of a protocol that is not explained": (
        *("data.yaml", without("steps_cap", "values")),
        r"data\.yaml: steps_cap: explains no value of batch\.steps_cap$",
    ),
    "a number of a method that is not explained": (
        *("ieg.yaml", without("ieg_mix_weight", "values")),
        r"ieg\.yaml: ieg_mix_weight: explains no value of mix_weight$",
    ),
    "a word of searches that is not explained": (
        *("search.yaml", without("final_schedule", "values")),
        r"search\.yaml: final_schedule: explains no value of final$",
    ),
    "a basis that there is not": (
        *("noise.yaml", put("tau", "basis", value="printed")),
        r"config/decisions/noise\.yaml: 'decisions\.tau\.basis'",
    ),
}


@pytest.mark.parametrize(("file", "change", "message"), BAD.values(), ids=list(BAD))
def test_what_does_not_agree_is_one_line_with_file_and_key(
    paper: Suite, tmp_path: Path, file: str, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    with pytest.raises(UserError, match=message) as found:
        check(paper, changed(tmp_path, file, change))
    assert str(found.value).startswith(f"config/decisions/{file}")
    assert "\n" not in str(found.value)


def test_what_is_no_scalar_needs_no_values(paper: Suite) -> None:
    """A protocol's sets, a figure's DEMAND: the default says in words what stands there."""
    unexplained = [decision for decision in paper.decisions if decision.switches and not decision.values]
    assert {"l2r_clean_images", "figure1_setting", "synthetic_targets"} <= {decision.key for decision in unexplained}
    assert all(decision.told for decision in unexplained)


def test_a_key_stands_once(tmp_path: Path) -> None:
    folder = tmp_path / decisions.FOLDER
    folder.mkdir(parents=True)
    text = (ROOT / decisions.FOLDER / "noise.yaml").read_text()
    (folder / "noise.yaml").write_text(text + text[text.index("  realised_rate:") : text.index("  tau:")])
    with pytest.raises(UserError, match=r"noise\.yaml line \d+: 'realised_rate' stands there twice"):
        decisions.read(tmp_path, validate=True)
    (folder / "noise.yaml").write_text(text)
    (folder / "other.yaml").write_text(text)
    with pytest.raises(UserError, match=r"other\.yaml: noise_vector: stands in config/decisions/noise\.yaml already"):
        decisions.read(tmp_path, validate=True)


def test_a_choice_without_a_decision_is_named_with_its_file(paper: Suite, tmp_path: Path) -> None:
    kept = [
        Chapter(c.file, c.title, c.order, c.intro, tuple(d for d in c.decisions if d.key != "noise_vector"), ())
        for c in paper.decisions.chapters
    ]
    fixed = (
        "cifar_n",
        "coteaching",
        "dynamic-bootstrapping",
        "gce",
        "ieg-webvision",
        "l2r-imbalance",
        "labeller",
        "s2e",
    )
    places = [f"config/protocols/{name}.yaml: noise.vector" for name in fixed]
    assert uncovered(paper, Decisions(tuple(kept))) == places
    file = tmp_path / "mine.py"
    file.write_text('SPEC = {"key": "mine", "parameters": {"sharp": True, "count": 3}}\n')
    mine = {"mine": {"key": "mine", "file": str(file), "parameters": {"sharp": True, "count": 3}}}
    declared = SimpleNamespace(root=ROOT, methods=paper.methods | mine)
    with pytest.raises(UserError, match=r"mine\.py: sharp: a choice without a decision; add one"):
        check_covered(declared, paper.decisions, {"methods": {"mine"}})  # type: ignore[arg-type]
    check_covered(declared, paper.decisions)  # type: ignore[arg-type]


def test_jobs_do_not_read_them_and_the_head_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(root: Path, validate: bool) -> Decisions:
        raise UserError("read")

    monkeypatch.setattr(decisions, "read", refuse)
    assert Suite.load(ROOT, {"scale": "smoke"}, validate=False).cells
    with pytest.raises(UserError, match="read"):
        dependencies.check(Suite.load(ROOT, {"scale": "smoke"}, validate=False))


def test_no_number_of_a_decision_was_typed(paper: Suite) -> None:
    """What has decimals in a decision is printed or released, declared, or computed: see its effects."""
    folders = ("config", "tables", "claims", "methods")
    files = [f for folder in folders for f in (ROOT / folder).rglob("*.*") if f.parent.name != "decisions"]
    declared = {n for f in files if f.suffix in (".yaml", ".py") for n in decimals(f.read_text("utf-8"))}
    ours = ("title", "fixed", "values", "default", "why", "consequence", "effect")
    for decision in paper.decisions:
        sources = decimals(str([decision.declared.get(key) for key in ("paper", "code")]))
        typed = decimals(str([decision.declared.get(key) for key in ours]))
        assert typed - sources - declared == set(), f"{decision.where}: let an effect compute it"
    for chapter in paper.decisions.chapters:
        for surprise in chapter.surprises:
            assert decimals(surprise["says"]) - declared == set(), surprise["key"]


def decimals(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w.])\d+\.\d+(?!\w|\.\d)", text))


# ---- comments in the declarations ------------------------------------------------------------------------------------

PROTOCOLS, SEARCHES = (
    [ROOT / f"config/{kind}/{key}.yaml" for key in sorted(contributed()[kind])] for kind in ("protocols", "searches")
)
METHODS = sorted(
    Path(spec["file"]) for key, spec in read_methods(ROOT / "methods").items() if key in contributed()["methods"]
)
COMMENTED = [*PROTOCOLS, *SEARCHES, *METHODS]


@pytest.mark.parametrize("file", COMMENTED, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_decision_that_a_value_names_has_a_switch(paper: Suite, file: Path) -> None:
    """What stands at a parameter or a key can be set there, so that the decision is not `fixed`."""
    scalars = re.findall(r"^\s*\"?\w+\"?: *[^\s{\[#][^{\[#]*#\s*decision ([a-z0-9_]+)", file.read_text("utf-8"), re.M)
    assert [key for key in scalars if paper.decisions.by_key[key].fixed] == []


@pytest.mark.parametrize("file", COMMENTED, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_comments_point_to_decisions_that_there_are(paper: Suite, file: Path) -> None:
    named = re.findall(r"(?:#\s*|\()decision ([a-z0-9_]+)", file.read_text(encoding="utf-8"))
    assert [key for key in named if key not in paper.decisions.by_key] == []


def keys_with_lines(node: yaml.MappingNode, before: str = "") -> Iterator[tuple[str, int]]:
    for key, value in node.value:
        yield before + key.value, key.start_mark.line
        if isinstance(value, yaml.MappingNode):
            yield from keys_with_lines(value, f"{before}{key.value}.")


@pytest.mark.parametrize("file", PROTOCOLS, ids=lambda file: file.stem)
def test_a_switch_of_a_protocol_says_which_decision_it_is(paper: Suite, file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    lacking = []
    for dotted, line in keys_with_lines(yaml.compose(text)):
        own = re.sub(r"^datasets\.\w+\.", "", dotted)  # a data set's own value
        for decision in paper.decisions:
            about = [e for e in decision.switches if e.get("protocol") == own and file.stem in e.get("of", [file.stem])]
            if about and not re.search(rf"#.*\bdecision {decision.key}\b", lines[line]):
                lacking.append(f"{file.name}, line {line + 1}: {dotted} # decision {decision.key}")
    assert lacking == []


@pytest.mark.parametrize("file", METHODS, ids=lambda file: file.stem)
def test_a_switch_of_a_method_says_which_decision_it_is(paper: Suite, file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    [key] = [spec["key"] for spec in paper.methods.values() if Path(spec["file"]).stem == file.stem]
    lacking = []
    for decision in paper.decisions:
        names = [e["method"]["parameter"] for e in decision.switches if key in e.get("method", {}).get("of", ())]
        for name in names:
            stated = [line for line in lines if re.match(rf'\s+"{name}":', line)]  # what it takes over says it there
            if stated and not re.search(rf"\bdecision {decision.key}\b", stated[0]):
                lacking.append(f"{file.name}: {name} # decision {decision.key}")
    assert lacking == []


OWN = {
    "protocols": ("s2e", {"optimiser": {"name": "sgd"}, "untrained_epoch": False, "noise": {"vector": "per_repeat"}}),
    "searches": ("gamma-grid", {"statistic": "final", "hold_out": 0.3, "scored_on": "validation"}),
    "spaces": ("two-decays", {"clip": [0.2, 1.0]}),
    "scales": ("lite", {"mode": {"cpu": "stacked", "cuda": "stacked"}}),
    "tables": ("s2e_table3", {"source": {"paper": "mine"}, "statistic": "final", "spread": {"kind": "ci95"}}),
}


@pytest.mark.parametrize("kind", OWN)
def test_what_is_somebody_s_own_follows_its_own_mind_and_the_suite_s_does_not(kind: str) -> None:
    own = Suite.load(ROOT, {"scale": "paper"}, validate=False)
    like, changes = OWN[kind]
    held = getattr(own, kind)
    held["mine"] = merge(held[like], changes)
    check(own, own.decisions)
    check(own, own.decisions, contributed())
    with pytest.raises(UserError, match=r"config/decisions/\w+\.yaml: .*\bmine\b"):
        check(own, own.decisions, {kind: {"mine"}})


@pytest.mark.parametrize("algorithm", [{"name": "bayesian", "form": "tpe"}, {"name": "hyperband", "continue": False}])
def test_a_search_of_somebody_s_own_takes_any_form(algorithm: dict[str, Any]) -> None:
    own = Suite.load(ROOT, {"scale": "paper"}, validate=False)
    own.searches["mine"] = own.searches["random"] | {"algorithm": algorithm, "space": "mine"}
    own.spaces["mine"] = own.spaces["two-decays"]
    check(own, own.decisions)
    with pytest.raises(UserError, match="of algorithm mine is"):
        check(own, own.decisions, {"searches": {"mine"}, "spaces": {"two-decays"}})


def test_tables_of_the_documents_are_held_against_the_defaults() -> None:
    own = Suite.load(ROOT, {"scale": "paper"}, validate=False)
    own.tables["mine"] = {**own.tables["s2e_table3"], "statistic": "final"}
    with pytest.raises(UserError, match="default last10_mean, but statistic of table mine is final"):
        check(own, own.decisions)


def test_all_that_is_contributed_is_held_against_the_defaults(paper: Suite) -> None:
    check(paper, paper.decisions, contributed())
    assert {"s2e", "ieg", "cifar_n", "rog-released"} <= contributed()["protocols"] <= told(paper.decisions)
