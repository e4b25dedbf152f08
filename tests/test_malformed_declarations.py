"""One mutation of every kind: the head answers with a line that names the file, or rightly takes it.

`python -m tests.faults.malformed_declarations` tries a thousand.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from faults.declared_files import FEW
from faults.declared_mutations import Mutation, one_of_each
from faults.malformed_declarations import trials

from lnl.declared import schema

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each mutation is tried in a forked process")


def _nearby(mutation: Mutation) -> bool:
    """Of a file that stands in the one small checkout that this test has."""
    folder = mutation.file.split("/")[0]
    return (folder not in FEW and "decisions" not in mutation.file) or Path(mutation.file).stem in FEW.get(folder, ())


def test_every_kind_of_mutation_is_refused_in_a_line_or_makes_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "check", schema.check)  # which the trials replace by one that remembers
    found = list(trials(one_of_each(seed=0, wanted=_nearby)))
    assert len(found) > 50
    wrong = [each for each in found if each.outcome not in ("refused", "accepted with sense")]
    assert wrong == [], "\n".join(f"{each.outcome}: {each.mutation}: {each.words}" for each in wrong)
    assert Counter(each.outcome for each in found)["refused"] > 40
