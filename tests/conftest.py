"""A finished small suite, made once for all tests that look at what happens next, and what ends with the tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import drawn
import pytest
import torch
import warm_commands
from hypothesis import is_hypothesis_test
from suite_copy import SuiteCopy

pytest_plugins = ["replaying"]


def pytest_addoption(parser: pytest.Parser) -> None:
    words = "the properties alone, on N times as many examples, which are drawn anew"
    parser.addoption("--hunt", type=int, default=0, metavar="N", help=words)


def pytest_configure(config: pytest.Config) -> None:
    drawn.hunt(config.getoption("hunt"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("hunt"):
        items[:] = [item for item in items if is_hypothesis_test(getattr(item, "obj", None))]


def pytest_sessionfinish() -> None:
    warm_commands.end()


if not torch.cuda.is_available():  # where a GPU is, tests have what a training has
    # torch's compiler, which nothing here uses, is loaded by some of torch's own tools, and would list at the end of
    # every test process what it has leaked
    sys.modules.setdefault("triton", None)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def finished_suite(tmp_path_factory: pytest.TempPathFactory) -> SuiteCopy:
    suite = SuiteCopy.make(tmp_path_factory.mktemp("suite") / "checkout")
    done = suite.snakemake()
    assert done.returncode == 0, done.stderr[-3000:]
    suite.said = done.stdout + done.stderr
    return suite


@pytest.fixture
def suite(finished_suite: SuiteCopy, tmp_path: Path) -> SuiteCopy:
    """A copy of the finished suite that a test may change."""
    return finished_suite.copy(tmp_path / "checkout")


@pytest.fixture(autouse=True)
def usual_environment() -> Iterator[None]:
    """A head tells its jobs by the environment that it is there, for the rest of its process."""
    before = dict(os.environ)
    yield
    if dict(os.environ) != before:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(autouse=True)
def usual_numbers() -> Iterator[None]:
    """A training takes denormals as zero, for the rest of its process; hypothesis draws them."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)
