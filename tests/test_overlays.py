"""Overlays: a private folder on top of a checkout, and what is wrong in it costs nobody else anything."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from suite_copy import OWN, ROOT, SuiteCopy, put

import lnl
from lnl.cli.starting import new
from lnl.declared import dependencies, kept_suites, overlay_folders
from lnl.declared.data_places import Places
from lnl.declared.label_needs import makeable
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.run.dag import Dag
from lnl.run.targets import check as check_target

STANDARD = (ROOT / "methods/standard.py").read_text()
METHOD = STANDARD.replace('"key": "standard"', '"key": "mine"').replace(
    '"title": "', '"joins": ["small"], "title": "My '
)


class Lab:
    """A checkout, and an overlay beside it."""

    def __init__(self, folder: Path) -> None:
        self.copy = SuiteCopy.make(folder / "checkout")
        table = yaml.safe_load((self.copy.root / "tables/small.yaml").read_text())
        put(self.copy.root / "tables/small.yaml", table | {"seeds": 1})
        self.overlay = folder / "mylab"
        put(self.overlay / "methods/mine.py", METHOD)
        put(self.overlay / "tables/mine.yaml", OWN)

    def suite(self, **config: Any) -> Suite:
        return Suite.load(config={"scale": "demo", "overlay": ["../mylab"], **config})


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    made, known = Lab(tmp_path), list(sys.path)
    monkeypatch.chdir(made.copy.root)
    monkeypatch.delenv(overlay_folders.VARIABLE, raising=False)
    yield made
    sys.path[:] = known


def test_a_private_method_is_in_a_paper_s_table_and_in_one_of_its_own(lab: Lab) -> None:
    before = {
        cell: Suite.load(config={"scale": "demo"}).digest(cell) for cell in Suite.load(config={"scale": "demo"}).cells
    }
    put(lab.overlay / "helpers_of_mylab.py", "STRENGTH = 1.0\n")
    put(lab.overlay / "methods/mine.py", METHOD.replace("import torch", "import helpers_of_mylab\nimport torch", 1))
    run = lab.copy.snakemake("small", "mine", "--config", "scale=demo", "device=cpu", LNL_OVERLAY="../mylab")
    assert run.returncode == 0, run.stderr
    assert "| My " in (lab.copy.root / "results/demo/tables/small.md").read_text()
    assert Path("results/demo/cells/s2e/digits/symmetric-50/mine/seed1.json").exists()
    assert Path("results/demo/tables/mine.md").exists()
    again = lab.copy.snakemake("small", "mine", "--config", "scale=demo", "device=cpu", LNL_OVERLAY="../mylab")
    assert "Nothing to be done" in again.stderr
    status = lab.copy.lnl("status", "mine", "--scale", "demo", LNL_OVERLAY=str(lab.overlay))
    assert re.search(r"(?m)^mine +1 ", status.stdout), status.stdout + status.stderr
    suite = lab.suite()
    assert {cell: suite.digest(cell) for cell in before} == before


@pytest.mark.parametrize("said", ["../mylab", ["../mylab"], "absolute", "environment", "both"])
def test_it_is_named_by_configuration_or_environment(lab: Lab, said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if said in ("environment", "both"):
        monkeypatch.setenv(overlay_folders.VARIABLE, f"{lab.overlay}{os.pathsep}../mylab")
    config = {"absolute": str(lab.overlay), "environment": [], "both": ["../mylab"]}.get(str(said), said)
    suite = lab.suite(overlay=config)
    assert len(suite.layers.overlays) == 1 and "mine" in suite.artefacts and "mine" in suite.methods
    assert "mine" not in lab.suite(overlay=None).methods


def test_python_opens_it_from_anywhere(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    root = lab.copy.root.resolve()
    monkeypatch.chdir(root.parent)
    suite = lnl.open(root, scale="demo", overlay="mylab")
    assert set(suite.runs("mine")["method"]) == {"mine"}
    assert "mine" in set(suite.runs("small")["method"])


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            "../nowhere",
            "config key 'overlay': ../nowhere does not exist; relative paths begin at the checkout; "
            "`lnl new method NAME --into ../nowhere` begins one",
        ),
        ("Snakefile", "config key 'overlay': Snakefile is no folder"),
        (".", "config key 'overlay': . is the checkout, or around it"),
        ("..", "config key 'overlay': .. is the checkout, or around it"),
        ("config/scales", "config key 'overlay': config/scales has none of methods/, tables/"),
        (7, "overlay"),
        (["../mylab", 7], "overlay"),
        ("x" * 300, "config key 'overlay': xxx"),
        ("~nobody-of-this-name/x", "config key 'overlay': ~nobody-of-this-name/x"),
    ],
)
def test_what_is_no_overlay_is_a_line(lab: Lab, said: Any, line: str) -> None:
    for validate in (True, False):
        with pytest.raises(UserError) as caught:
            Suite.load(config={"scale": "demo", "overlay": said}, validate=validate)
        assert line in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(UserError):
        lnl.open(".", scale="demo", overlay=said)


SCALE = {"title": "odd", "epochs": 0}
SMALL_PROTOCOL = {"title": "x", "source": "x", "datasets": {"mnist": {"network": "mlp"}}}
EXTENDING = {"key": "e", "title": "E", "version": 1, "paper": "x", "extends": "x", "parameters": {}}
BROKEN: dict[str, Any] = {
    "tables/draft.yaml": {**OWN, "columns": [{"key": "m", "label": "M", "method": "mien"}]},
    "tables/no-noise.yaml": {**OWN, "rows": [{"key": "a", "label": "A", "noise": "file-nobody"}]},
    "tables/odd-noise.yaml": {**OWN, "rows": [{"key": "a", "label": "A", "noise": "symetric-20"}]},
    "tables/half.yaml": "title: [",
    "tables/lacking.yaml": {"title": "x"},
    "tables/Capital.yaml": OWN,
    "tables/ending.yml": OWN,
    "tables/empty.yaml": "",
    "figures/odd.py": 'DEMAND = {"title": "x"}\n',
    "figures/half.py": "DEMAND = {\n",
    "claims/odd.yaml": {"title": "x", "claims": [{"key": "a"}]},
    "methods/half.py": "SPEC = {\n",
    "methods/nothing.py": "import torch\n",
    "methods/odd.py": STANDARD.replace('"key": "standard"', '"key": "odd", "joins": ["nowhere"]'),
    "methods/extending.py": f"SPEC = {EXTENDING}\n",
    "config/protocols/odd.yaml": {
        "like": "nobody",
        "title": "x",
        "source": "x",
        "datasets": {"mnist": {"network": "mlp"}},
    },
    "config/protocols/lacking.yaml": {"title": "x"},
    "config/scales/odd.yaml": SCALE,
    "config/searches/odd.yaml": {"title": "x"},
    "config/spaces/odd.yaml": {"title": "x"},
    "config/datasets/odd.yaml": {"title": "x"},
    "config/noises/odd.yaml": {"title": "x", "source": "x", "maps": {"mnist": ["1 -> 11"]}},
    "config/noises/odder.py": "NOISE = {}\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_left_out_with_a_line_and_all_else_is_made(lab: Lab, name: str) -> None:
    file = put(lab.overlay / name, BROKEN[name])
    suite = lab.suite()
    dependencies.check(suite)
    assert {"small", "mine"} <= set(suite.artefacts) and suite.selected
    if name == "tables/no-noise.yaml":  # what lacks a label file is said when it is asked for
        assert suite.layers.remarks() == [] and "no-noise" not in makeable(suite, suite.artefacts)
        return
    (line,) = suite.layers.remarks()
    assert f"../mylab/{name}" in line and "\n" not in line and line.endswith("; left out")
    assert line.count(f"../mylab/{name}") == 1
    if file.suffix == ".yaml" and name.startswith("tables/"):
        with pytest.raises(UserError) as caught:
            suite.select(file.stem)
        assert str(caught.value).splitlines()[0] in line.replace(" (and", "\n (and")
        with pytest.raises(UserError, match="mylab"):
            check_target(file.stem, suite.artefacts, suite.scales, suite.broken)


def test_all_that_is_broken_at_once_leaves_the_rest(lab: Lab) -> None:
    for name, content in BROKEN.items():
        put(lab.overlay / name, content)
    run = lab.copy.snakemake("small", "mine", "-n", "--config", "scale=demo", "device=cpu", LNL_OVERLAY="../mylab")
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stderr.count("; left out") == len(BROKEN) - 1  # what lacks a label file is said in its own way
    assert "Traceback" not in run.stderr + run.stdout


def test_jobs_heed_no_file_that_their_head_has_left_out(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    put(lab.overlay / "config/datasets/odd.yaml", {"title": "x"})
    put(lab.overlay / "tables/draft.yaml", BROKEN["tables/draft.yaml"])
    monkeypatch.setenv("LNL_CONFIG", "")
    for name in ("LNL_HEAD", "PATH"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    Dag(Path(), {"scale": "demo", "overlay": "../mylab"}, head=True)
    told = json.loads(os.environ["LNL_CONFIG"])
    job = Suite.load(config=told, validate=False)
    assert job.parse("s2e/digits/symmetric-20/mine") in job.cells and job.layers.remarks() == []
    assert "draft" not in job.artefacts and "odd" not in job.datasets


@pytest.mark.parametrize(
    ("place", "name", "text"),
    [
        ("tables", "small.yaml", yaml.safe_dump(OWN)),
        ("methods", "ours.py", STANDARD),
        ("methods", "standard.py", METHOD.replace('"mine"', '"other"')),
        ("config/protocols", "s2e.yaml", yaml.safe_dump({"like": "coteaching", **SMALL_PROTOCOL})),
        ("config/scales", "demo.yaml", yaml.safe_dump(SCALE)),
        ("config/datasets", "mnist.yaml", "title: x\n"),
        ("config/noises", "asymmetric.py", "NOISE = {}\n"),
    ],
)
def test_two_of_one_name_are_a_line_with_both(lab: Lab, place: str, name: str, text: str) -> None:
    put(lab.overlay / place / name, text)
    with pytest.raises(UserError) as caught:
        lab.suite()
    assert re.fullmatch(
        rf"\.\./mylab/{place}/{name}: key '.*' is already taken by {place}/.*; rename one of them", str(caught.value)
    )


def test_a_joined_method_that_cannot_be_trained_in_one_place_leaves_it_empty(lab: Lab) -> None:
    put(lab.overlay / "methods/mine.py", METHOD.replace('"joins": ["small"]', '"joins": ["two"]'))
    table = yaml.safe_load((lab.copy.root / "tables/small.yaml").read_text())
    table["rows"].append(
        {"key": "backward", "label": "x", "noise": "pair-45", "variant": "x", "set": {"rounding": "ceil"}}
    )
    table["columns"] = [{"key": "coteaching", "label": "Co-teaching", "method": "coteaching"}]
    put(lab.copy.root / "tables/two.yaml", table)
    suite = lab.suite()
    found = {(slot.row, slot.column): slot for slot in suite.slots("two")}
    assert found["symmetric-50", "mine"].cell and found["backward", "coteaching"].cell
    assert found["backward", "mine"].cell is None and "rounding" in str(found["backward", "mine"].absent)
    assert any("rounding" in line for line in suite.layers.remarks())


def test_of_an_artefact_that_is_left_out_nothing_stays(lab: Lab) -> None:
    def table(tau: float, second: str) -> dict[str, Any]:
        variant = {"key": "v", "label": "V", "method": "coteaching", "variant": "v", "set": {"tau": tau}}
        return {**OWN, "columns": [variant, {"key": "m", "label": "M", "method": second}]}

    put(lab.overlay / "tables/a-draft.yaml", table(0.8, "mien"))
    put(lab.overlay / "tables/b-sound.yaml", table(0.9, "standard"))
    suite = lab.suite()
    assert "a-draft" not in suite.artefacts and len(suite.demand("b-sound")) == 2
    (found,) = [cell for cell in suite.cells if cell.method == "coteaching-v"]
    assert suite.spec(found)["method"]["parameters"]["tau"] == 0.9


def test_of_two_files_of_one_overlay_with_one_key_the_second_is_left_out(lab: Lab) -> None:
    put(lab.overlay / "methods/my_copy.py", METHOD)
    put(lab.overlay / "tables/all.yaml", OWN)
    put(lab.overlay / "tables/of-small.yaml", OWN | {"source": {"paper": "small", "where": "x"}})
    suite = lab.suite()
    assert suite.methods["mine"]["file"].endswith("mine.py") and {"small", "mine"} <= set(suite.artefacts)
    said = suite.layers.remarks()
    assert [name for name in ("my_copy.py", "all.yaml", "of-small.yaml") if any(name in line for line in said)] == [
        "my_copy.py", "all.yaml", "of-small.yaml",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["tables/.#small.yaml", "methods/.mine.py.swp", "config/scales/.demo.yaml"])
def test_an_editor_s_files_are_nobody_s_declarations(lab: Lab, name: str) -> None:
    for root in (lab.overlay, lab.copy.root):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to("user@host.1:2")
    asked = {"scale": "demo", "overlay": ["../mylab"]}
    assert kept_suites.keep(asked, True) and not kept_suites.keep(asked, True)
    assert lab.suite().layers.remarks() == []


def test_what_is_no_file_is_a_line_and_holds_nobody_up(lab: Lab) -> None:
    os.mkfifo(lab.overlay / "tables/pipe.yaml")
    (lab.overlay / "tables/zero.yaml").symlink_to("/dev/zero")
    (lab.overlay / "tables/folder.yaml").mkdir()
    said = lab.suite().layers.remarks()
    assert len(said) == 3 and any("is no file, but a pipe or a device" in line for line in said)


def test_two_modules_of_one_name_in_two_overlays_are_a_line(lab: Lab) -> None:
    for folder in (lab.overlay, lab.overlay.parent / "other"):
        put(folder / "helpers_of_two.py", "")
        put(folder / "tables/.keep", "")
    with pytest.raises(UserError, match=r"helpers_of_two.py: there is a module 'helpers_of_two' in \.\./mylab/helpers"):
        lab.suite(overlay=["../mylab", "../other"])


def test_a_scale_that_is_left_out_says_why(lab: Lab) -> None:
    put(lab.overlay / "config/scales/odd.yaml", SCALE)
    with pytest.raises(UserError, match=r"mylab/config/scales/odd\.yaml: 'epochs'"):
        lab.suite(scale="odd")


def test_blocks_of_the_page_are_what_a_user_types(lab: Lab) -> None:
    page = (ROOT / "docs/overlays.md").read_text()
    block, labels = re.findall(r"^```yaml\n(.*?)^```$", page, re.S | re.M)
    config = yaml.safe_load(Path("config/config.yaml").read_text()) | yaml.safe_load(block)
    Path("config/config.yaml").write_text(yaml.safe_dump(config))
    put(lab.overlay / "config/label_files.yaml", labels)
    suite = Suite.load(config={"scale": "demo"})
    assert "mine" in suite.methods and not suite.layers.remarks()
    assert [name for name, _ in Places.of(suite.config).label_files] == ["mine"]
    (joins,) = re.findall(r"^```python\n(.*?)^```$", page, re.S | re.M)
    named = yaml.safe_load("{" + joins.strip().rstrip(",") + "}")["joins"]
    assert set(named) <= set(Suite.load(ROOT, {"scale": "demo"}, validate=False).tables)


def test_decisions_are_about_the_checkout_alone(lab: Lab) -> None:
    search = yaml.safe_load(Path("config/searches/random.yaml").read_text())
    put(lab.overlay / "config/searches/mine.yaml", search)
    own = lab.suite().without_overlays()
    assert "mine" not in own.methods and "mine" not in own.searches and "mine" not in own.artefacts
    assert set(own.searches) == set(lab.suite(overlay=None).searches)


def test_a_kept_suite_is_read_again_when_an_overlay_changes(lab: Lab) -> None:
    asked = {"scale": "demo", "overlay": ["../mylab"]}
    assert kept_suites.keep(asked, False) and not kept_suites.keep(asked, False)
    put(lab.overlay / "tables/further.yaml", OWN)
    assert "further" in kept_suites.suite(asked, False).artefacts
    assert kept_suites.keep(asked, False)


def test_a_skeleton_is_written_into_it(lab: Lab) -> None:
    file, then = new(lab.suite(), "method", "further", Path("../mylab"))
    assert file == Path("../mylab/methods/further.py") and then.startswith("lnl train ")
    assert "further" in lab.suite().methods
    file, then = new(lab.suite(), "noise", "odd", Path("../elsewhere"))
    assert file == Path("../elsewhere/config/noises/odd.yaml") and then.startswith(
        "LNL_OVERLAY=../elsewhere lnl train "
    )
    assert "odd" in lab.suite(overlay=["../mylab", "../elsewhere"]).noises


@pytest.mark.parametrize("there", [None, [], [".git"]], ids=["missing", "empty", "not-yet-one"])
def test_the_command_that_begins_it_is_not_refused_since_it_is_missing(
    lab: Lab, there: list[str] | None, tmp_path: Path
) -> None:
    """docs/overlays.md in its order: the folder is named first, and begun then."""
    folder = tmp_path / "new lab"
    for name in there or ():
        (folder / name).mkdir(parents=True)
    if there is not None:
        folder.mkdir(exist_ok=True)
    named = {overlay_folders.VARIABLE: f"{folder}{os.pathsep}{tmp_path / 'next'}"}
    remedy = f"`lnl new method NAME --into '{folder}'` begins one"
    for words in (["status"], ["new", "method", "fresh"], ["new", "method", "fresh", "--into", "../elsewhere"]):
        refused = lab.copy.lnl(*words, **named)
        assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and remedy in refused.stderr
    assert not Path("methods/fresh.py").exists() and not Path("../elsewhere").exists()
    begun = lab.copy.lnl("new", "method", "fresh", "--into", str(folder), **named)
    assert begun.returncode == 0, begun.stderr
    assert (folder / "methods/fresh.py").exists() and "Next: lnl train " in begun.stdout  # it is named already
    assert lab.copy.lnl("new", "table", "fresh", "--into", str(tmp_path / "next"), **named).returncode == 0
    assert "fresh" in lab.copy.lnl("status", "fresh", "--scale", "demo", **named).stdout


def test_a_checkout_is_no_place_to_begin_one(lab: Lab) -> None:
    refused = lab.copy.lnl("new", "method", "fresh", "--into", ".", LNL_OVERLAY=".")
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and "is the checkout" in refused.stderr
