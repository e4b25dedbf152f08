"""Twenty short sequences of what happens to a suite, and what has to hold after every step (tests/faults/world.py).

`python -m tests.faults.state_machine` tries three hundred longer ones.
"""

from __future__ import annotations

import sys

import pytest
from faults import state_machine
from faults.world import World

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="commands are copies of a process")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


def test_nothing_is_lost_and_nothing_is_mixed_whatever_happens(world: World) -> None:
    sound = state_machine.chunk(world, count=20, steps=3, number=1)
    assert sound, world.failures


def test_the_result_of_a_search_that_is_deleted_with_its_scores_is_made_again(world: World) -> None:
    world.begin()
    before = world.suite.results()
    folder = world.suite.root / "results/demo/searches/s2e/digits/file-mine/coteaching/tau-grid/seed1"
    for file in (folder / "best.json", *folder.glob("round1/[bs]*.json")):
        file.unlink()
    world.start("tiny")
    assert world.suite.results() == before
