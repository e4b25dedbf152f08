"""Sequences of what users, accidents and machines do to a suite, and what has to hold after every step.

    python -m tests.faults.state_machine [--count 300] [--steps 10] [--seed 0] [--from 0] [--without damage,…]

After every step: a table's numbers are means of runs of one specification, data set and vector of labels, each of its
own seed; no finished result is gone unless a command listed it as deleted; a start that ends well leaves nothing
missing, and every published record is what an undisturbed run gives; nothing shows a traceback; no file lies outside
results, cache and `.snakemake`. Hypothesis makes up the sequences and shortens those that fail. Ten at a time; a line
for every ten; exit status 1 if any of them failed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

import warm_commands
from hypothesis import HealthCheck, Phase, reporting, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.internal.conjecture import engine
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from . import damage
from .disturbances import CELLS, Disturbances
from .tiny_suite import temporary_folder
from .world import World

#: What can be left out of the sequences.
KINDS = ("start", "kill", "heads", "train", "edit", "import", "damage", "fail", "clean", "delete")
CHUNK = 10
SHORTENING = 60  # seconds; a step takes one


def machine(world: World, without: frozenset[str] = frozenset()) -> type[RuleBasedStateMachine]:
    """The state machine over one tiny suite, whose state is put back before each sequence."""

    def when(kind: str) -> Callable[[Any], Any]:
        return precondition(lambda self: kind not in without)

    numbers = st.integers(0, 2**16)

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.failed = False
            world.begin()

        @when("start")
        @rule(wanted=st.sampled_from(["tiny", "selected", f"results/demo/cells/{CELLS[0]}/seed1.json"]))
        def start(self, wanted: str) -> None:
            world.step("start", wanted)

        @when("kill")
        @rule(after=st.sampled_from([0.05, 0.2, 0.5, 0.9]), number=st.sampled_from(["SIGKILL", "SIGTERM", "SIGINT"]))
        def killed_start(self, after: float, number: str) -> None:
            world.step("killed_start", after, number)

        @when("heads")
        @rule(apart=st.sampled_from([0.0, 0.1, 0.4]))
        def two_heads(self, apart: float) -> None:
            world.step("two_heads", apart)

        @when("train")
        @rule(cell=st.sampled_from(CELLS), number=st.integers(1, 3))
        def train_by_hand(self, cell: str, number: int) -> None:
            world.step("train", cell, number)

        @when("edit")
        @rule(what=st.sampled_from(["rate", "t_k", "seeds", "labels"]), value=st.integers(0, 1), dated=st.booleans())
        def edit(self, what: str, value: int, dated: bool) -> None:
            world.step("edit", what, value, dated)

        @when("import")
        @rule(what=st.sampled_from(["good", "other labels", "other seed"]), number=numbers)
        def import_records(self, what: str, number: int) -> None:
            world.step("import_records", what, number)

        @when("damage")
        @rule(how=st.sampled_from([kind.__name__ for kind in damage.KINDS]), number=numbers)
        def damage_a_file(self, how: str, number: int) -> None:
            world.step("damage", how, number)

        @when("fail")
        @precondition(lambda self: not self.failed)  # else a third of all steps, since it has nothing to choose
        @rule()
        def start_with_a_method_that_fails(self) -> None:
            self.failed = True
            world.step("failing_start")

        @when("clean")
        @rule(
            kinds=st.sets(st.sampled_from(["--caches", "--checkpoints", "--stale", "--leftovers"]), min_size=1),
            store=st.booleans(),
            yes=st.booleans(),
        )
        def clean(self, kinds: set[str], store: bool, yes: bool) -> None:
            words = [*sorted(kinds), *(["--store"] if store and "--stale" in kinds else [])]
            world.step("clean", words, yes)

        @when("delete")
        @rule(what=st.sampled_from(Disturbances.DELETED), number=numbers)
        def delete(self, what: str, number: int) -> None:
            world.step("delete", what, number)

    return Machine


def chunk(world: World, count: int, steps: int, number: int, without: frozenset[str] = frozenset()) -> bool:
    """Whether `count` sequences all went well; what did not is in the world's `failures`."""
    asked = settings(
        max_examples=count,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    engine.MAX_SHRINKING_SECONDS = SHORTENING
    try:
        with reporting.with_reporter(lambda words: None):
            run_state_machine_as_test(seed(number)(machine(world, without)), settings=asked)
    except (AssertionError, TimeoutError, Flaky):  # what a kill hits is not the same twice
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--from", dest="first", type=int, default=0, help="the sequence to go on from")
    parser.add_argument("--without", default="", help=f"what does not happen, of {', '.join(KINDS)}")
    asked = parser.parse_args()
    failed, begun = 0, time.monotonic()
    with temporary_folder() as folder:
        try:
            world = World(folder)
            for first in range(asked.first, asked.count, CHUNK):
                count = min(CHUNK, asked.count - first)
                without = frozenset(filter(None, asked.without.split(",")))
                sound = chunk(world, count, asked.steps, asked.seed + first, without)
                failed += not sound
                for wrong, trail in world.failures.items():
                    print(f"\n{first} to {first + count - 1}: {wrong}", *trail, sep="\n    ", flush=True)
                world.failures.clear()
                steps = ", ".join(f"{number} {name}" for name, number in sorted(world.steps.items()))
                seconds = time.monotonic() - begun
                print(
                    f"{first + count} of {asked.count} sequences, {failed} failures, {seconds:.0f} s: {steps}",
                    flush=True,
                )
        finally:
            warm_commands.end()
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
