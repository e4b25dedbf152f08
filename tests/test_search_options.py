"""Options of search algorithms: a misspelt one is a line when declarations are read, not a failed job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from suite_copy import ROOT, SuiteCopy

from lnl.declared.search_options import ALGORITHMS, resolved
from lnl.declared.suite import Suite
from lnl.errors import UserError


def _said(root: Path) -> str:
    with pytest.raises(UserError) as error:
        Suite.load(root, {"scale": "paper"})
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        (
            "newton-sound",
            {"algorithm": {"name": "newton", "memry": 4}},
            "unknown option 'memry' (did you mean 'memory'?",
        ),
        (
            "newton-sound",
            {"algorithm": {"name": "newton", "form": "released"}},
            "unknown form 'released' (did you mean",
        ),
        ("bayesian", {"algorithm": {"name": "bayesian", "form": "as_printed"}}, "unknown form 'as_printed'"),
        (
            "natural-gradient-sound",
            {"algorithm": {"name": "natural-gradient", "fisher_samples": 9}},
            "form sound: unknown option 'fisher",
        ),
        (
            "natural-gradient-sound",
            {"datasets": {"mnist": {"algorithm": {"stp": 1}}}},
            "datasets, mnist: search algorithm 'natural-gradie",
        ),
        (
            "hyperband",
            {"algorithm": {"name": "hyperband", "eta": 3, "brackets": 5, "rungs": "all"}},
            "'rungs' cannot be",
        ),
        ("hyperband", {"algorithm": {"name": "hyperband", "eta": 3, "brackets": 5, "continue": "no"}}, "true or false"),
        ("random", {"algorithm": {"name": "randm"}}, "'randm' is not one of random, grid"),
        ("random", {"candidates": "shared_with_optimiser"}, "did you mean 'shared-with-optimiser'?"),
        ("natural-gradient-sound", {"final": "average"}, "'average' is not one of best, draw, mode, mean"),
        (
            "natural-gradient-sound",
            {"scored_on": "test-half"},
            "'test-half' is not one of validation, test, test-file, noisy-hold-out",
        ),
    ],
)
def test_a_bad_option_is_found_when_the_declarations_are_read(
    tmp_path: Path, name: str, changes: dict[str, Any], message: str
) -> None:
    copy = SuiteCopy.make(tmp_path / "checkout")
    file = copy.root / f"config/searches/{name}.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **changes}))
    said = _said(copy.root)
    assert f"config/searches/{name}.yaml" in said and message in said


def test_so_is_one_of_the_search_without_networks(tmp_path: Path) -> None:
    copy = SuiteCopy.make(tmp_path / "checkout")
    file = copy.root / "config/synthetic.yaml"
    file.write_text(file.read_text().replace("form: as_printed, step: 1}", "form: as_printed, stp: 1}"))
    assert "config/synthetic.yaml: algorithms, newton-printed: search algorithm 'newton'" in _said(copy.root)


def test_what_cannot_be_searched_together_is_refused(tmp_path: Path) -> None:
    copy = SuiteCopy.make(tmp_path / "checkout")
    for name, changes, message in (
        ("hyperband", {"candidates": "shared-with-optimiser"}, "hyperband trains candidates in parts"),
        ("bayesian-as-released", {"final": "mean"}, "bayesian keeps no distribution from which to take its mean"),
    ):
        file = copy.root / f"config/searches/{name}.yaml"
        file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **changes}))
        with pytest.raises(UserError, match=message):
            Suite.load(copy.root, {"scale": "paper"}).parse_search(f"s2e/mnist/pair-45/coteaching/{name}", 1)


def test_rounds_of_one_candidate_leave_the_size_of_blocks_to_the_others(tmp_path: Path) -> None:
    from lnl.declared.searches import blocks, check_block

    copy = SuiteCopy.make(tmp_path / "checkout")
    suite = Suite.load(copy.root, {"scale": "paper", "search_block": 4})
    check_block(suite)
    for name, sizes in (("bayesian-as-released", [1]), ("weight-sharing-as-released", [2]), ("random", [4] * 5)):
        search = suite.parse_search(f"s2e/mnist/pair-45/coteaching/{name}", 1)
        assert [len(block) for block in blocks(suite, search, 0)] == sizes


def test_every_algorithm_has_its_defaults() -> None:
    schema = yaml.safe_load((ROOT / "workflow/schemas/search.yaml").read_text())
    assert schema["properties"]["algorithm"]["properties"]["name"]["enum"] == list(ALGORITHMS)
    assert resolved({"name": "bayesian"}) == {"name": "bayesian", "form": "gaussian_process"}
    plain = {"name": "hyperband", "eta": 2.5, "brackets": 6, "rungs": "as_published", "continue": True}
    assert resolved({"name": "hyperband", "eta": 2.5, "brackets": 6}) == plain
    released = {"name": "natural-gradient", "form": "as_released", "step": 80.0, "fisher_samples": 10_000}
    assert resolved({"name": "natural-gradient", "form": "as_released"}) == released
    assert resolved({"name": "natural-gradient", "form": "as_released_best"})["step"] == 1.0
