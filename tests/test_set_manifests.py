"""Index sets as artefacts: their names, their manifests, and the runs that hold to them."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from suite_copy import SuiteCopy

from lnl.cli import prepare
from lnl.cli.prepare import sets as prepare_sets
from lnl.data.prepare import load
from lnl.declared import dependencies, paths
from lnl.declared.data_places import Places
from lnl.declared.set_keys import PATTERN, key, meant
from lnl.declared.suite import Run, Suite
from lnl.errors import UserError
from lnl.files import sealed
from lnl.run import inputs, manifests
from lnl.run.dag import Dag
from lnl.run.inputs import problem

names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,12}", fullmatch=True).filter(lambda name: name != "hold-out")
counts = st.integers(1, 60_000)
plain = st.builds(lambda count: {"count": count}, counts)
balanced = st.builds(lambda count: {"count": count, "balanced": True}, counts)
of_clean = st.builds(lambda count: {"count": count, "of": "clean"}, counts)
shared = st.builds(
    lambda count, share: {"count": count, "shares": [share, 1 - share]}, counts, st.floats(1e-6, 1 - 1e-6)
)


@given(st.dictionaries(names, plain | balanced | of_clean | shared, max_size=3), st.none() | st.integers(1, 500))
def test_a_name_means_what_it_was_made_of(sets: dict[str, Any], held: int | None) -> None:
    spec = {"sets": {name: {**declared, "held_out": "all"} for name, declared in sets.items()}}
    share = None if held is None else held / 1000
    called = key(spec if share is None else {**spec, "hold_out": {"share": share}})
    assert (called is None) == (not sets and share is None)
    if called is not None:
        assert meant(called) == (sets, share)
        assert re.fullmatch(PATTERN, called)


@pytest.mark.parametrize(
    "text", ["clean", "clean-ten", "Clean-10", "clean-10-shares-1,x", "hold-out-2", "a-1++b-2", ""]
)
def test_a_name_of_no_sets_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(UserError, match="write them as") as error:
        meant(text)
    assert "\n" not in str(error.value)


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    own = SuiteCopy.make(tmp_path / "checkout")
    monkeypatch.chdir(own.root)
    return Suite.load(own.root, {"scale": "smoke"})


def with_probes(suite: Suite) -> Run:
    return Run(suite.parse("ieg/digits/uniform-80/ieg"), 1)


def wildcards(run: Run) -> SimpleNamespace:
    protocol, dataset, noise, method = run.cell.id.split("/")
    return SimpleNamespace(protocol=protocol, dataset=dataset, noise=noise, method=method, seed=str(run.seed))


def test_a_manifest_lists_the_places_that_runs_train_with(suite: Suite) -> None:
    run = with_probes(suite)
    manifest = dependencies.set_manifest(suite, run)
    assert manifest is not None
    assert manifest in Dag(suite.root, suite.config, head=False).train_inputs(wildcards(run))
    called = key(suite.spec(run.cell))
    prepare_sets(suite, run.cell.dataset, str(called), run.seed)
    content = paths.read(manifest)
    ready = problem(suite, run, Places.of(suite.config), torch.device("cpu"))
    assert ready.sets
    arrays = load(suite.dataset(run.cell.dataset), None, Places.of(suite.config).cache_root)
    for name, chosen in ready.sets.items():
        known = content["sets"][name]
        assert known["places"] == chosen.tolist()
        assert known["digest"] == ready.about["sets"][name]["digest"]
        assert np.bincount(np.asarray(arrays.train_labels)[known["places"]]).tolist() == known["per_class"]


def test_a_run_refuses_sets_that_are_not_those_of_the_manifest(suite: Suite) -> None:
    run = with_probes(suite)
    manifest = str(dependencies.set_manifest(suite, run))
    prepare_sets(suite, run.cell.dataset, str(key(suite.spec(run.cell))), run.seed)
    sealed.write(manifest, paths.read(manifest) | {"digest": "0" * 16})
    with pytest.raises(UserError, match="the sets changed under existing results") as error:
        problem(suite, run, Places.of(suite.config), torch.device("cpu"))
    assert "\n" not in str(error.value)


def test_what_a_method_holds_out_is_a_set_as_well(suite: Suite) -> None:
    run = Run(suite.parse("s2e/digits/symmetric-50/standard-held-out"), 1)
    called = str(key(suite.spec(run.cell)))
    prepare_sets(suite, run.cell.dataset, called, run.seed)
    known = paths.read(str(dependencies.set_manifest(suite, run)))["sets"]["hold-out"]
    ready = problem(suite, run, Places.of(suite.config), torch.device("cpu"))
    assert ready.about["sets"]["hold-out"]["digest"] == known["digest"]
    trained = np.setdiff1d(np.arange(len(ready.given)), known["places"])
    assert known["count"] == len(ready.given) - len(trained)


def test_a_manifest_that_is_damaged_is_made_again_and_a_sound_one_is_not(suite: Suite) -> None:
    run = with_probes(suite)
    noise, called = suite.spec(run.cell)["noise"], str(key(suite.spec(run.cell)))
    prepare.data(suite, "digits")
    prepare.noise(suite, "digits", noise["key"], noise["generator"], 1)
    prepare_sets(suite, "digits", called, 1)
    at = SimpleNamespace(
        scale="smoke", dataset="digits", noise=noise["key"], generator=noise["generator"], sets=called, seed="1"
    )
    anew: list[str] = []
    dag = Dag(suite.root, suite.config, head=False, again=anew.append)

    def asked() -> list[str]:
        anew.clear()
        assert dag.data_inputs(at) == []
        assert dag.set_inputs(at) == dag.label_inputs(at) == [paths.data("smoke", "digits")]
        return list(anew)

    assert asked() == []
    sets = str(dependencies.set_manifest(suite, run))
    for file in (paths.data("smoke", "digits"), dependencies.noise_manifest(suite, run), sets):
        sound = Path(file).read_bytes()
        Path(file).write_bytes(sound[:-9])
        assert asked() == [file]
        Path(file).write_bytes(sound)
    assert asked() == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"places": [0, 1]}, "holds other places of set probe than those of its digest"),
        ({"count": 3}, "holds other places of set probe than those of its digest"),
        ({"digest": "0" * 16}, "holds other places of set probe than those of its digest"),
        ({}, "has a digest that is not of its sets"),
    ],
)
def test_a_manifest_of_sets_that_is_not_what_its_digests_say_is_refused(
    suite: Suite, changes: dict[str, Any], says: str
) -> None:
    run = with_probes(suite)
    file = Path(str(dependencies.set_manifest(suite, run)))
    prepare_sets(suite, "digits", str(key(suite.spec(run.cell))), 1)
    content = paths.read(file)
    assert manifests.sound(content, file.with_name(f"{file.name}.gz")) == content
    [(path, digest)] = manifests.of_record(suite, run, {"sets": content["sets"]})
    assert (path, digest) == (str(file), content["digest"]), "a record on these sets goes with this manifest"
    altered = (
        content | {"sets": {"probe": content["sets"]["probe"] | changes}} | ({} if changes else {"digest": "0" * 16})
    )
    with pytest.raises(UserError, match=f"not a manifest: it {says}"):
        manifests.sound(altered, file)
    with pytest.raises(UserError, match="of another place"):
        manifests.sound(content, file.with_name("probe-1-seed1.json"))


def test_runs_of_a_stack_have_labels_and_sets_of_their_own(suite: Suite) -> None:
    cell = suite.parse("ieg/digits/uniform-80/standard")
    runs, places, cpu = [Run(cell, seed) for seed in (2, 1)], Places.of(suite.config), torch.device("cpu")
    built, said = inputs.prepare(suite, runs, places, cpu, "stacked", ())
    alone = [inputs.prepare(suite, [run], places, cpu, "single", ()) for run in runs]
    assert said == [about for _, [about] in alone]
    assert [about["labels"]["noise_seed"] for about in said] == [2, 1]
    for own, (single, _) in zip(built.batches.runs, alone, strict=True):
        [run] = single.batches.runs
        assert torch.equal(own.given, run.given) and torch.equal(own.train_index, run.train_index)
    first, second = built.batches.runs
    assert not torch.equal(first.given, second.given) and not torch.equal(first.train_index, second.train_index)
