"""A SPEC's `settings`: keys by protocol, data set and noise, a kind of noise at any rate among them; which one wins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from suite_copy import SuiteCopy

from lnl.declared import settings
from lnl.declared.method_parameters import method_parameters
from lnl.declared.suite import Suite
from lnl.errors import UserError

NOISES = {  # written out: noise, its kind
    "clean": None,
    "symmetric-50": "symmetric",
    "symmetric-20": "symmetric",
    "symmetric-70": "symmetric",
    "asymmetric-40": "asymmetric",
    "uniform-40": "uniform",
    "uniform-l2r-40": "uniform-l2r",
    "file-mine": "file",
    "semantic-vgg13": "semantic",
}


def _spec(**keys: Any) -> dict[str, Any]:
    return {"key": "m", "parameters": {"share": 0.2}, "settings": {k: {"share": v} for k, v in keys.items()}}


def _value(keys: dict[str, float], *cell: str) -> float:
    return method_parameters(_spec(**keys), {}, (cell[0], cell[1], cell[2]), "")["share"]


def test_a_kind_is_a_noise_of_any_rate_and_no_other_kind() -> None:
    for kind in ("symmetric", "asymmetric", "uniform", "uniform-l2r", "file", "semantic"):
        for noise, of in NOISES.items():
            found = _value({f"*/*/{kind}-*": 0.9}, "s2e", "mnist", noise)
            assert found == (0.9 if of == kind else 0.2), (kind, noise)


@pytest.mark.parametrize("backwards", [False, True])
def test_an_exact_noise_beats_its_kind_which_beats_any_whatever_comes_first(backwards: bool) -> None:
    keys = {"*/*/*": 0.1, "*/*/asymmetric-*": 0.3, "*/*/asymmetric-40": 0.5, "*/mnist/asymmetric-40": 0.7}
    keys = dict(reversed(keys.items())) if backwards else keys
    settings.check_apart(_spec(**keys)["settings"], "")
    cells = {("cifar10", "clean"): 0.1, ("mnist", "symmetric-40"): 0.1, ("cifar10", "asymmetric-20"): 0.3}
    cells |= {("cifar10", "asymmetric-40"): 0.5, ("mnist", "asymmetric-40"): 0.7, ("mnist", "asymmetric-45"): 0.3}
    assert {cell: _value(keys, "s2e", *cell) for cell in cells} == cells


KEYS = st.tuples(
    st.sampled_from(["*", "s2e", "ieg"]),
    st.sampled_from(["*", "mnist", "cifar10"]),
    st.sampled_from(["*", "symmetric-*", "symmetric-50", "symmetric-20", "asymmetric-*", "clean"]),
)


def _narrower(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Whether whatever `a` matches is matched by `b`, and not the other way round."""
    below = {("symmetric-50", "symmetric-*"), ("symmetric-20", "symmetric-*")}
    return a != b and all(y in ("*", x) or (x, y) in below for x, y in zip(a, b, strict=True))


@example({("*", "*", "symmetric-50"): 0.5, ("s2e", "*", "*"): 0.3, ("s2e", "*", "symmetric-*"): 0.5})
@given(st.dictionaries(KEYS, st.sampled_from([0.3, 0.5]), max_size=5))
def test_a_key_that_no_other_one_narrows_wins_and_keys_are_refused_where_none_does(
    keys: dict[tuple[str, str, str], float],
) -> None:
    spec = _spec(**{"/".join(key): value for key, value in keys.items()})
    cells = [(p, d, n) for p in ("s2e", "ieg", "x") for d in ("mnist", "cifar10", "x") for n in NOISES]
    clashing = False
    for cell in cells:
        fitting = [k for k in keys if _narrower(cell, k) or k == cell or _kind_of(cell, k)]
        best = {keys[k] for k in fitting if not any(_narrower(other, k) for other in fitting)}
        clashing |= len(best) > 1
        if len(best) == 1:
            assert method_parameters(spec, {}, cell, "")["share"] in best
        if not fitting:
            assert method_parameters(spec, {}, cell, "")["share"] == 0.2
    if clashing:
        with pytest.raises(UserError, match=r"say equally much of .*; add '"):
            settings.check_apart(spec["settings"], "")
    else:
        settings.check_apart(spec["settings"], "")


def _kind_of(cell: tuple[str, str, str], key: tuple[str, str, str]) -> bool:
    same = all(k in ("*", c) for k, c in zip(key[:2], cell[:2], strict=True))
    return same and key[2] == f"{NOISES[cell[2]]}-*"


def _problem(folder: Path, keys: dict[str, Any]) -> str:
    copy = SuiteCopy.make(folder)
    spec = {"key": "mine", "title": "Mine", "version": 1, "paper": "none", "networks": 1} | _spec() | {"key": "mine"}
    (copy.root / "methods/mine.py").write_text(f"SPEC = {spec | {'settings': keys}!r}\n")
    with pytest.raises(UserError) as found:
        Suite.load(copy.root, {"scale": "demo"})
    assert len(found.value.lines) == 1 and "methods/mine.py: SPEC, settings" in str(found.value)
    return str(found.value)


BAD = {
    "*/cifar10/asymetric-*": "unknown kind of noise 'asymetric' (did you mean 'asymmetric'?",
    "*/cifar10/clean-*": "unknown kind of noise 'clean'",
    "*/cifar10/asymmetric*": "unknown noise 'asymmetric*'",
    "*/cifar10": "write protocol/dataset/noise, with * for any, and <kind>-* for a noise of any rate",
}


@pytest.mark.parametrize("key", BAD)
def test_a_key_that_would_never_match_is_one_line(key: str, tmp_path: Path) -> None:
    assert BAD[key] in _problem(tmp_path, {key: {"share": 0.5}})


def test_two_keys_that_match_equally_well_and_differ_are_one_line(tmp_path: Path) -> None:
    said = _problem(tmp_path, {"s2e/*/*": {"share": 0.5}, "*/*/symmetric-*": {"share": 0.3}})
    assert "add 's2e/*/symmetric-*'" in said and "0.5 and 0.3" in said
