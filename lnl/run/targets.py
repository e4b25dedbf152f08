"""What a start is asked for, where that is no target: one line with the nearest names. Standard library only."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from lnl.declared import distinct
from lnl.declared.left_out import LeftOut
from lnl.declared.suite import Suite
from lnl.errors import UserError, alike
from lnl.run.worker.head import one_line

NAME = re.compile(r"[\w-]+")  # a target by name; with a point or a slash it is a file
Broken = Mapping[str, UserError]  # artefacts that are left out, and what is wrong with each
SETTING = re.compile(r"(\w+)=.*")


def check(
    word: str,
    targets: Iterable[str],
    scales: Iterable[str],
    broken: Broken = MappingProxyType({}),
) -> None:
    """UserError for a word that is meant as the name of a target, and is none of them."""
    listed = set(targets)
    if word in broken:
        raise broken[word]
    if word in listed:
        return
    if f"{word}_claims" in broken:
        raise broken[f"{word}_claims"]
    if SETTING.fullmatch(word):
        raise UserError(f"'{word}' is no target; settings follow --config, after the targets: --config {word}")
    if word in set(scales):
        raise UserError(f"'{word}' is no target, but a scale: --config scale={word}, after the targets")
    if NAME.fullmatch(word):
        remedy = "`lnl status` lists artefacts, and a paper's name asks for all of it"
        raise UserError(f"there is no target '{word}'{alike(word, listed)}; {remedy}")


def name_the_nearest(workflow: Any, suite: Suite) -> None:
    """From now on, end with a line where Snakemake looks up a target that nobody has declared; before the first one is
    looked up, say what is left out of the suite.

    To be called when all rules are known. Snakemake asks its workflow of every target whether it is a rule, and takes
    what is none for a file: of a name that is mistyped it would say "No rule to produce s2e_figure44" (9.14 to 9.27).
    """
    is_rule, known = workflow.is_rule, set(distinct.targets(suite.artefacts, suite.papers))
    broken, unsaid = suite.broken, [True]

    def asked(word: Any) -> bool:
        if unsaid:
            unsaid.clear()
            _say_left_out(suite, known, workflow.dag_settings.targets)
        found: bool = is_rule(word)
        if not found:
            with one_line():
                check(str(word), known, suite.scales, broken)
        return found

    if workflow.is_main_process:
        workflow.is_rule = asked


def _say_left_out(suite: Suite, known: Iterable[str], asked: Iterable[Any]) -> None:
    """Say a line of each file that is left out, but none of one that is asked for, whose faults end this start."""
    told: list[str] = []
    for word in asked:
        try:
            check(str(word), known, suite.scales, suite.broken)
        except LeftOut as error:
            told += error.files
        except UserError:
            pass  # which ends this start once Snakemake looks it up
    for line in suite.layers.remarks(told):
        print(f"lnl: {line}", file=sys.stderr)
