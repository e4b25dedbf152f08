"""`lnl new`: what it writes runs as it is, is explained in its comments, and takes nobody's place."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
import yaml
from suite_copy import ROOT, SuiteCopy

from lnl.cli.render import artefact
from lnl.cli.starting import KINDS, SKELETONS, new
from lnl.declared import dependencies
from lnl.declared.suite import Suite
from lnl.errors import UserError


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> SuiteCopy:
    made = SuiteCopy.make(tmp_path_factory.mktemp("new") / "checkout")
    shutil.copy(ROOT / "figures/style.mplstyle", made.root / "figures")
    return made


@pytest.fixture
def here(copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> SuiteCopy:
    monkeypatch.chdir(copy.root)
    return copy


def suite(validate: bool = False) -> Suite:
    return Suite.load(config={"scale": "demo"}, validate=validate)


def test_a_paper_of_one_s_own_and_a_method_run_as_they_are_written(here: SuiteCopy) -> None:
    written = {}
    begun = [("protocol", "mine"), ("table", "mine"), ("figure", "mine_curves"), ("claims", "mine")]
    for kind, name in [*begun, ("method", "my-rule"), ("dataset", "my-data"), ("noise", "my-noise")]:
        written[kind], then = new(suite(), kind, name)
        if then.startswith("lnl train"):
            done = here.lnl(*then.split()[1:-1], "3", "--quiet")  # 20 epochs, but shorter
            assert done.returncode == 0, done.stderr
            assert re.search(r"(?m)^ +2 +\d+", done.stdout)  # the last epoch has an accuracy
        elif kind == "dataset":
            assert then == "lnl prepare data my-data"
            done = here.lnl(*then.split()[1:], "--scale", "demo")
            assert done.returncode == 0, done.stderr
        else:
            assert then == f"snakemake {'mine_claims' if kind == 'claims' else name} -c2"
    assert written["method"] == Path("methods/my_rule.py")
    text = written["method"].read_text().replace('# "joins": [', '"joins": ["mine", "mine_curves"], #')
    written["method"].write_text(text)  # as its comment says

    whole = suite(validate=True)
    dependencies.check(whole)
    assert whole.papers["mine"] == ["mine", "mine_curves", "mine_claims"]
    assert {(run.cell.protocol, run.cell.method) for run in whole.demand("mine_claims")} == {
        *(("mine", "standard"), ("mine", "coteaching"))
    }
    assert {run.cell.protocol for run in whole.demand("mine")} == {"mine"}  # whose name it begins with
    assert "my-rule" in {run.cell.method for run in whole.demand("mine")}
    for key, kind in (("mine", "tables"), ("mine_curves", "figures"), ("mine", "claims")):
        artefact(whole, key, kind, partial=True)
    assert "| Symmetric 20% |" in Path("results/demo/tables/mine.md").read_text()
    assert Path("results/demo/figures/mine_curves.png").stat().st_size > 1000
    assert "Co-teaching ends above plain training" in Path("results/demo/claims/mine.md").read_text()


def test_a_search_and_a_scale_of_one_s_own_run_as_they_are_written(here: SuiteCopy) -> None:
    written, then = new(suite(), "search", "my-search")
    assert then == "lnl search s2e/digits/pair-45/coteaching/my-search"
    done = here.lnl(*then.split()[1:])
    assert done.returncode == 0, done.stderr
    assert "best of 8 candidates" in done.stdout

    head, _, listed = written.read_text().partition("# parameter: ")  # as its last comment says
    kept = [line for line in head.splitlines() if not re.match("space|algorithm|rounds|samples", line)]
    written.write_text("\n".join([*kept, *("parameter: " + listed).replace("# ", "").splitlines()]))
    done = here.lnl(*then.split()[1:])
    assert done.returncode == 0, done.stderr
    assert "best of 3 candidates: tau = " in done.stdout

    _, then = new(suite(), "scale", "my-scale")
    assert then == "lnl train s2e/digits/symmetric-50/coteaching --scale my-scale"
    done = here.lnl(*then.split()[1:], "--epochs", "3", "--quiet")
    assert done.returncode == 0, done.stderr
    shown = here.lnl("show", "s2e/digits/symmetric-50/coteaching", "--scale", "my-scale").stdout
    assert "epochs" in shown and "40" in shown and "batch" in shown
    for file in ("searches/my-search", "scales/my-scale"):
        Path("config", file).with_suffix(".yaml").unlink()


@pytest.mark.parametrize(
    "place", ["# scored_on: test ", "# statistic", "# datasets", "# steps_per_epoch", "# test_images"]
)
def test_a_key_in_a_comment_of_a_search_or_a_scale_may_be_made_one(here: SuiteCopy, place: str) -> None:
    for kind in ("search", "scale"):
        file, _ = new(suite(), kind, "my-other")
        file.write_text(file.read_text().replace(place, place.removeprefix("# ")))
        try:
            suite(validate=True)
        finally:
            file.unlink()


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_is_explained_or_says_what_it_is(kind: str) -> None:
    text = (SKELETONS / KINDS[kind].skeleton).read_text()
    assert all(len(line) <= 121 for line in text.splitlines())  # names are longer, or shorter, than their places
    assert text.count("#") >= 6


@pytest.mark.parametrize("name", ["2024", "null", "1e5", "0x1f", "on"])
def test_a_name_that_yaml_takes_for_something_else_stays_a_name(here: SuiteCopy, name: str) -> None:
    new(suite(), "protocol", name)
    for kind in ("table", "claims"):
        file, _ = new(suite(), kind, name)
        read = yaml.safe_load(file.read_text())
        assert read["source"]["paper"] == read["protocol"] == name
    assert read["claims"][0]["key"] == f"{name}-01"
    assert suite().papers[name] == [name, f"{name}_claims"]


def test_claims_of_names_that_differ_in_their_signs_alone_have_keys_of_their_own(here: SuiteCopy) -> None:
    for name in ("of-two", "of_two"):
        file, _ = new(suite(), "claims", name)
    assert yaml.safe_load(file.read_text())["claims"][0]["key"] == "oftwo-02"
    suite(validate=True)


@pytest.mark.parametrize(
    ("kind", "name", "line"),
    [
        ("metod", "x", "unknown kind 'metod' (did you mean 'method'?"),
        ("method", "My", "'My' is no name for a method; rename it: small letters"),
        ("table", "../x", "'../x' is no name for a table"),
        ("figure", "a b", "'a b' is no name for a figure"),
        ("protocol", "", "'' is no name for a protocol"),
        ("protocol", "s2e", "config/protocols/s2e.yaml is there already; choose another name, or edit it"),
        ("method", "coteaching-plus", "methods/coteaching_plus.py is there already"),
        ("table", "train", "'train' is the name of a rule of the workflow"),
        ("table", "small", "tables/small.yaml is there already"),
        ("claims", "My", "'My' is no name for a claims page"),
        ("claims", "small", "'small' is the name of another paper as well (claims/small.yaml)"),
        ("claims", "all", "'all' is the name of a rule of the workflow"),
        ("noise", "pair", "'pair' is a kind of noise of the suite's own"),
        ("noise", "file-mine", "'file-mine' is a kind of noise of the suite's own"),
        ("noise", "asymmetric", "config/noises/asymmetric.yaml is there already"),
        ("noise", "part-dependent", "a noise 'part-dependent' already, config/noises/part-dependent.py"),
        ("dataset", "mnist", "config/datasets/mnist.yaml is there already"),
        ("search", "tau-grid", "config/searches/tau-grid.yaml is there already"),
        ("scale", "lite", "config/scales/lite.yaml is there already"),
        ("dataset", "Mine", "'Mine' is no name for a dataset"),
        ("figure", "small", "there is an artefact 'small' already, tables/small.yaml"),
    ],
)
def test_what_cannot_be_begun_is_refused_in_a_line(here: SuiteCopy, kind: str, name: str, line: str) -> None:
    before = sorted(here.root.rglob("*.*"))
    with pytest.raises(UserError) as caught:
        new(suite(), kind, name)
    assert line in str(caught.value) and "\n" not in str(caught.value)
    assert sorted(here.root.rglob("*.*")) == before


def test_beside_a_declaration_that_is_half_written_its_faults_are_the_answer(here: SuiteCopy) -> None:
    for place in ("tables", "claims"):
        file = Path(place, "half.yaml")
        file.write_text("title: x\n")
        try:
            done = here.lnl("new", "claims", "beside")
        finally:
            file.unlink()
        assert done.returncode == 2 and "Traceback" not in done.stderr
        assert f"lnl: {place}/half.yaml: " in done.stderr and "is missing" in done.stderr
    assert not Path("claims/beside.yaml").exists()


@pytest.mark.parametrize("into", ["/dev/null", "..", "/", "x" * 300, "../a'b"])
def test_what_can_be_no_folder_of_one_s_own_is_refused(here: SuiteCopy, into: str) -> None:
    with pytest.raises(UserError) as caught:
        new(suite(), "table", "mine-too", Path(into))
    assert "\n" not in str(caught.value) and not os.path.exists(f"{into}/tables")
    with pytest.raises(UserError, match="a protocol 's2e' already, config/protocols/s2e"):
        new(suite(), "protocol", "s2e", Path("../elsewhere"))


def test_a_method_s_key_counts_not_its_file(here: SuiteCopy) -> None:
    file = Path("methods/elsewhere.py")
    file.write_text(Path("methods/standard.py").read_text().replace('"key": "standard"', '"key": "hidden"'))
    try:
        with pytest.raises(UserError, match="there is a method 'hidden' already, methods/elsewhere"):
            new(suite(), "method", "hidden")
    finally:
        file.unlink()
