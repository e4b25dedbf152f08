"""The blocks of docs/bring-your-own.md are what a user types: they are read, and lead to what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from declared_datasets import load
from suite_copy import ROOT, SuiteCopy

from lnl.cli import prepare, render
from lnl.declared import dependencies, paths
from lnl.declared.data_places import Places
from lnl.declared.dependencies import handover_points
from lnl.declared.suite import Suite
from lnl.engine.progress import unwatched
from lnl.noise.labelfile import read_labels
from lnl.run.job import job

PAGE = (ROOT / "docs/bring-your-own.md").read_text(encoding="utf-8")


def _section(heading: str) -> str:
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.S | re.M)
    assert found is not None
    return found[1]


NOISES = dict(
    zip(
        re.findall(r"`config/noises/([\w-]+\.(?:yaml|py))`", _section("Noise")),
        (block for _, block in re.findall(r"^```(yaml|python)\n(.*?)^```$", _section("Noise"), re.S | re.M)),
        strict=True,
    )
)
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", _section("Labels"), re.S | re.M)
FILES, TABLES = ([block for block in BLOCKS if block.startswith(begin)] for begin in ("label_files:", "title:"))
NAMES = re.findall(r"`tables/(\w+)\.yaml`", _section("Labels"))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[SuiteCopy, np.ndarray]:
    """A checkout with the tables and files of the section, digits' labels as the user's, and the true ones."""
    own = SuiteCopy.make(tmp_path / "checkout")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(own.root)
    truth = np.array(load("digits", None, tmp_path / "cache").train_labels)
    order = np.random.default_rng(0).permutation(len(truth))
    (tmp_path / "labels.csv").write_text("id,label\n" + "".join(f"{place},{truth[place]}\n" for place in order))
    names = yaml.safe_load(FILES[1])["label_files"]["named"]["classes"]
    lines = (f"{place},{names[truth[place]]}\n" for place in order)
    (own.root / "animals.csv").write_text("image,answer\n" + "".join(lines))
    np.save(own.root / "labels.npy", truth + 1)
    np.savez(tmp_path / "annotations.npz", anna=truth, ben=np.where(truth == 3, 8, truth), majority=truth)
    configuration: dict[str, Any] = yaml.safe_load((own.root / "config/config.yaml").read_text())
    for block in FILES:
        configuration["label_files"] |= yaml.safe_load(block)["label_files"]
    (own.root / "config/config.yaml").write_text(yaml.safe_dump(configuration))
    for name, block in zip(NAMES, TABLES, strict=True):
        (own.root / f"tables/{name}.yaml").write_text(block)
    return own, truth


def test_the_trial_on_digits_runs_as_it_is_printed_and_leaves_the_checkout_as_it_is(tmp_path: Path) -> None:
    copy = SuiteCopy.make(tmp_path / "checkout")
    before = {file: file.read_bytes() for file in (copy.root / "config").rglob("*.yaml")}
    trial = _section("Labels").partition("### Try it on digits first\n")[2].partition("\n### ")[0]
    typed = re.findall(r"^\$ (.*)$", trial, re.M)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    out = subprocess.run(
        ["bash", "-ec", "\n".join(typed)],
        cwd=copy.root,
        env=copy.warm_environment(PATH=path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert out.returncode == 0, out.stderr
    share = re.findall(r"labels\.csv: (\d+)\.\d% of 1197 labels are the true ones", out.stdout)
    assert share == re.findall(r"are true: (\d+)%", trial), out.stdout
    assert "s2e/digits/file-given/standard seed 1, 20 epochs" in out.stdout
    assert {file: file.read_bytes() for file in before} == before


def test_from_labels_to_a_table_is_at_most_ten_lines() -> None:
    command = re.findall(r"^\$ (snakemake .*)$", _section("Labels"), re.M)[0]
    typed = [*FILES[0].splitlines(), *TABLES[0].splitlines(), command]
    assert len(typed) <= 10 and command.split()[1] == NAMES[0]


def test_every_file_of_the_page_is_read_as_it_says(checkout: tuple[SuiteCopy, np.ndarray]) -> None:
    suite = Suite.load(Path(), {"scale": "demo"})
    dependencies.check(suite)
    for noise in ("file-mine", "file-named", "file-from-one", "file-team.anna", "file-team.majority"):
        file = Places.of(suite.config, suite.root).label_file(noise)
        assert file is not None
        np.testing.assert_array_equal(read_labels(file, checkout[1], 10, "digits"), checkout[1])


def test_the_page_s_first_table_is_made_with_its_lines(checkout: tuple[SuiteCopy, np.ndarray]) -> None:
    suite = Suite.load(Path(), {"scale": "demo"})
    prepare.data(suite, "digits")
    prepare.noise(suite, "digits", "file-mine", "as_released", 0)
    for run in suite.demand(NAMES[0]):
        points = handover_points(suite, run)
        job(suite, run, Places.of(suite.config, suite.root), "cpu", lambda: False, unwatched, None, points)
    render.everything(suite, [NAMES[0]], partial=False)
    text = Path(f"results/demo/tables/{NAMES[0]}.md").read_text()
    assert "digits, file-mine: labels of a file, 0.00% of them differ from the true ones." in text
    assert "|  | Standard | Co-teaching |" in text


def test_annotations_of_one_file_stand_side_by_side(checkout: tuple[SuiteCopy, np.ndarray]) -> None:
    suite = Suite.load(Path(), {"scale": "lite"})
    cells = [slot.cell.id for slot in suite.slots(NAMES[1]) if slot.cell]
    assert cells == [f"s2e/mnist/file-team.{who}/standard" for who in ("anna", "ben", "majority")]


# ---- noise -------------------------------------------------------------------------------------------------------


def test_noises_of_the_page_are_short_and_the_suite_s_own_is_shown_as_it_is() -> None:
    assert set(NOISES) == {"lookalike.yaml", "part-dependent.py", "one-class.py", "strangers.yaml"}
    assert all(len(block.splitlines()) <= 25 for block in NOISES.values())
    assert NOISES["part-dependent.py"] == (ROOT / "config/noises/part-dependent.py").read_text()


def test_noises_of_the_page_draw_what_it_says(checkout: tuple[SuiteCopy, np.ndarray]) -> None:
    for name, block in NOISES.items():
        Path("config/noises", name).write_text(block)
    suite, truth = Suite.load(Path(), {"scale": "demo"}), checkout[1]
    prepare.data(suite, "digits")
    told = {}
    for noise in ("lookalike-30", "part-dependent-30", "one-class-30", "strangers-30"):
        assert suite.parse(f"s2e/digits/{noise}/coteaching")
        prepare.noise(suite, "digits", noise, "as_released", 0)
        told[noise] = paths.read(paths.noise("demo", "digits", noise, "as_released", 0))
    rows = told["lookalike-30"]["transition_requested"]
    assert [(true, rows[true].index(0.3)) for true in range(10) if 0.3 in rows[true]] == [
        (3, 8), (4, 9), (7, 1), (8, 3), (9, 4),
    ]  # fmt: skip
    assert told["lookalike-30"]["requested_rate"] == pytest.approx(0.3 * np.isin(truth, [3, 4, 7, 8, 9]).mean())
    strangers = told["strangers-30"]["out_of_distribution"]
    assert abs(strangers["of"]["standin-cifar100-8x8"] - strangers["of"]["standin-imagenet32-8x8"]) <= 1
    assert strangers["count"] == sum(int(0.3 * (truth == label).sum() + 1e-9) for label in range(10))
    assert told["part-dependent-30"]["realised_rate"] == pytest.approx(0.3, abs=0.05)
    assert len({column for row in told["one-class-30"]["transition_requested"] for column in _off(row)}) == 1


def _off(row: list[float]) -> list[int]:
    """Columns of what is not the largest share of a row, and is there at all."""
    return [column for column, share in enumerate(row) if 0 < share < max(row)]
