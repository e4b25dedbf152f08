"""What is typed at `lnl`, one fault of every kind, and what Snakemake is told on its command line.

`python -m tests.faults.typed_words --count 200` tries hundreds.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from suite_copy import SuiteCopy

ROOT = Path(__file__).resolve().parent.parent
CELL = "s2e/digits/symmetric-50/standard"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> SuiteCopy:
    return SuiteCopy.make(tmp_path_factory.mktemp("typed") / "checkout")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each call is a copy of one process")
def test_every_kind_of_fault_is_refused_in_a_line_or_does_no_harm() -> None:
    command = [sys.executable, "-m", "tests.faults.typed_words", "--count", "9", "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", CELL, "--seed", "-1"), "'--seed': Input should be greater than or equal to 0"),
        (("train", CELL, "--seed", str(10**30)), "'--seed': Input should be less than or equal to 4294967295"),
        (("train", CELL, "--device", "cuda:99"), "--device cuda:99 (did you mean 'cuda'?"),
        (("train", CELL, "--scale", ""), "--scale: is empty"),
        (("train", CELL, "--data-root", ""), "--data-root: is empty"),
        (("show", CELL.replace("standard", "standart")), "did you mean 'standard'?"),
        (("methods", "--write", "Snakefile/x.md"), "Snakefile/x.md: Not a directory; name another place"),
        (("reproduced", "x" * 300), "File name too long"),
        (("import", "x" * 300), "no such folder"),
    ],
)
def test_a_word_that_does_not_fit_is_named_with_the_remedy(
    checkout: SuiteCopy, words: tuple[str, ...], said: str
) -> None:
    done = checkout.lnl(*words)
    assert done.returncode == 2
    assert said in " ".join(re.sub("[╭╮╰╯─│]", " ", done.stderr).split())  # typer draws a box
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("methods",), ("show", CELL)])
def test_in_a_folder_of_the_checkout_its_top_is_named(checkout: SuiteCopy, command: tuple[str, ...]) -> None:
    done = SuiteCopy(checkout.root / "methods").lnl(*command)
    assert done.returncode == 2
    assert done.stderr == f"lnl: no config/config.yaml here; run `lnl` in {checkout.root}\n"


def test_a_terminal_without_the_letters_gets_their_numbers(checkout: SuiteCopy) -> None:
    done = checkout.lnl("methods", afresh=True, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "\\u2013" in done.stdout


def test_a_reader_that_has_seen_enough_ends_it_without_a_word(checkout: SuiteCopy) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    lnl = str(Path(sys.executable).parent / "lnl")
    for command in (["methods"], ["status", "small"]):
        done = subprocess.run(
            [lnl, *command],
            cwd=checkout.root,
            env=checkout.environment(),
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert (done.stderr, done.returncode in (1, 141)) == ("", True), command
    os.close(writing)


def test_a_configuration_may_say_a_scale_alone(checkout: SuiteCopy, tmp_path: Path) -> None:
    suite = checkout.copy(tmp_path / "suite")
    (suite.root / "config/config.yaml").write_text("scale: demo\n")
    assert suite.jobs("--config", "seeds=[1,3]")["train"] == 4
    assert suite.lnl("show", CELL).returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--config", "seeds=[1,-3]"), "seeds"),
        (("--config", "seeds=1,3"), "write seeds=[1,3]"),
        (("--config", f"seeds={10**30}"), "seeds"),
        (("--config", "scale=demmo"), "did you mean 'demo'?"),
        (("--directory", "elsewhere"), "without --directory"),
    ],
)
def test_snakemake_refuses_a_word_before_any_job(checkout: SuiteCopy, words: tuple[str, ...], said: str) -> None:
    done = checkout.snakemake(*words)
    assert done.returncode != 0
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert not (checkout.root / "results/demo/cells").exists()
