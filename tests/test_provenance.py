"""A record claims no commit that cannot reproduce it: what it has used and git does not track is named."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from suite_copy import ROOT, SuiteCopy

from lnl.declared.cells import Cell
from lnl.declared.suite import Suite
from lnl.run import provenance
from lnl.run.used_files import used

METHOD = (ROOT / "methods/standard.py").read_text().replace('"key": "standard"', '"key": "mine"')


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SuiteCopy:
    """A checkout whose files are all in one commit."""
    made = SuiteCopy.make(tmp_path / "checkout")
    monkeypatch.chdir(made.root)
    _git("init", "-q")
    Path(".gitignore").write_text("results/\n.snakemake/\n.cache/\n")
    _git("add", "-A")
    _git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "all")
    provenance.checkout.cache_clear()
    return made


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


def _said(cell: str, **config: Any) -> tuple[bool, str]:
    """What a record of a cell would say of the checkout."""
    suite = Suite.load(config={"scale": "demo", **config}, validate=False)
    protocol, dataset, noise, method = cell.split("/")
    files = used(suite, Cell(protocol, dataset, noise, method))
    found = provenance.collect(Path.cwd(), torch.device("cpu"), "", {}, files)
    assert found["commit"] == _git("rev-parse", "HEAD")
    return found["dirty"], found.get("untracked", "")


def test_a_record_made_with_an_untracked_method_is_dirty_and_names_it(copy: SuiteCopy) -> None:
    Path("methods/mine.py").write_text(METHOD)
    for method in ("mine", "standard"):
        done = copy.lnl("train", f"s2e/digits/symmetric-50/{method}", "--scale", "demo", "--quiet")
        assert done.returncode == 0, done.stderr
        record = json.loads(Path(f"results/demo/cells/s2e/digits/symmetric-50/{method}/seed1.json").read_text())
        said = record["provenance"]
        assert said["commit"] == _git("rev-parse", "HEAD")
        assert (said["dirty"], said.get("untracked")) == (
            (True, "methods/mine.py") if method == "mine" else (False, None)  # which the other run has not used
        )


FILES = {
    "config/protocols/mine.yaml": ("like: s2e\ntitle: mine\nsource: mine\n", "mine/digits/symmetric-50/standard"),
    "config/noises/odd.yaml": (
        "title: odd\nsource: mine\nmaps:\n  digits: [7 -> 1]\n  mnist: [7 -> 1]\n",
        "s2e/digits/odd-40/standard",
    ),
    "methods/_helpers.py": ("", "s2e/digits/symmetric-50/standard"),
    "lnl/more.py": ("", "s2e/digits/symmetric-50/standard"),
}


@pytest.mark.parametrize(("file", "ignored"), [*((file, False) for file in FILES), ("methods/_helpers.py", True)])
def test_any_file_that_it_has_used_counts(copy: SuiteCopy, file: str, ignored: bool) -> None:
    text, cell = FILES[file]
    if ignored:  # by a list that no commit has either
        Path(".git/info/exclude").write_text(f"{file}\n")
    Path(file).parent.mkdir(exist_ok=True)
    Path(file).write_text(text)
    assert _said(cell) == (True, file)
    if file.startswith("config"):
        assert _said("s2e/digits/symmetric-50/standard") == (False, "")
    _git("add", "-f", file)
    provenance.checkout.cache_clear()
    assert _said(cell) == (True, "")  # tracked, and not as the commit has it
    _git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "more")
    provenance.checkout.cache_clear()
    assert _said(cell) == (False, "")


def test_a_scale_and_the_protocol_that_another_one_is_like_count(copy: SuiteCopy) -> None:
    scale = yaml.safe_load(Path("config/scales/demo.yaml").read_text())
    Path("config/scales/short.yaml").write_text(yaml.safe_dump(scale | {"epochs": 3}))
    assert _said("s2e/digits/symmetric-50/standard", scale="short") == (True, "config/scales/short.yaml")
    Path("config/protocols/base.yaml").write_text(Path("config/protocols/s2e.yaml").read_text())
    Path("config/protocols/mine.yaml").write_text("like: base\ntitle: mine\nsource: mine\n")
    provenance.checkout.cache_clear()
    _git("add", "config/protocols/mine.yaml", "config/scales/short.yaml")
    _git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "more")
    assert _said("mine/digits/symmetric-50/standard") == (True, "config/protocols/base.yaml")


def test_a_method_whose_name_another_one_begins_with_is_not_that_ones_file(copy: SuiteCopy) -> None:
    Path("methods/mine_too.py").write_text(METHOD.replace('"mine"', '"mine-too"'))
    _git("add", "-A")
    _git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "mine, too")
    Path("methods/mine.py").write_text(METHOD)
    assert _said("s2e/digits/symmetric-50/mine-too") == (False, "")
    assert _said("s2e/digits/symmetric-50/mine") == (True, "methods/mine.py")


def test_a_method_of_an_overlay_is_in_no_commit_of_the_checkout(copy: SuiteCopy, tmp_path: Path) -> None:
    (tmp_path / "mylab/methods").mkdir(parents=True)
    (tmp_path / "mylab/methods/mine.py").write_text(METHOD)
    assert _said("s2e/digits/symmetric-50/mine", overlay="../mylab") == (True, "mylab/methods/mine.py")
    assert _said("s2e/digits/symmetric-50/standard", overlay="../mylab") == (False, "")


def test_a_checkout_that_is_opened_by_a_link_is_the_one_that_it_leads_to(copy: SuiteCopy, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(copy.root)
    suite = Suite.load(tmp_path / "link", {"scale": "demo"}, validate=False)
    files = used(suite, Cell("s2e", "digits", "symmetric-50", "standard"))
    assert provenance.lacking(suite.root.resolve(), files) == []


def test_outside_a_git_checkout_nothing_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    found = provenance.collect(tmp_path, torch.device("cpu"), "", {}, [tmp_path / "methods/mine.py"])
    assert (found["commit"], found["dirty"], "untracked" in found) == (None, False, False)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells how much a process has held")
def test_a_record_says_on_what_and_with_what_its_numbers_were_computed(tmp_path: Path) -> None:
    """Prices go by the kind of device, which is how its name begins."""
    held = torch.ones(2**22)  # 16 MB
    found = provenance.collect(tmp_path, torch.device("cpu"), "d", {"seconds": 1.5})
    assert found["device"].startswith("cpu (") and found["device"].endswith(")")
    assert torch.__version__.startswith(found["versions"]["torch"]) and {"python", "numpy"} <= set(found["versions"])
    assert (found["method_digest"], found["seconds"]) == ("d", 1.5)
    there = [line.split() for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    assert found["peak_memory_mb"] == pytest.approx(int(there[0][1]) / 1024, rel=0.05) and held.sum() == 2**22
