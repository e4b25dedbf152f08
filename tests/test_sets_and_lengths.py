"""Index sets and lengths in steps, as declared: what is refused, and what does not matter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from declared_datasets import DATASETS
from drawn import examples
from hypothesis import example, given
from hypothesis import strategies as st
from suite_copy import SuiteCopy

from lnl.data.set_sizes import per_class
from lnl.data.sets import draw_sets
from lnl.declared.declared_sets import resolved as resolved_sets
from lnl.declared.lengths import at_scale, periods, said
from lnl.declared.suite import Suite
from lnl.engine.clock import Clock
from lnl.errors import UserError

LABELS = np.arange(4000) % 2
OWN: dict[str, Any] = {
    "title": "a protocol in steps",
    "source": "a test",
    "datasets": {"digits49": {"network": "digits_mlp"}},
    "noise": {"vector": "fixed", "seed": 0, "generator": "as_released"},
    "split": "none",
    "sets": {"train": {"count": 1000, "shares": [0.02, 0.98]}, "clean": {"count": 10, "balanced": True}},
    "length": {"steps": 100, "period": 10},
    "batch": {"size": 20},
    "optimiser": {"name": "sgd", "lr": 0.01, "schedule": "steps", "milestones": [50]},
}
Change = Callable[[dict[str, Any]], object]


@given(st.permutations(["b", "a", "c"]), st.integers(1, 9))
def test_the_order_of_a_declaration_draws_the_same_sets(names: list[str], seed: int) -> None:
    declared = {name: {"count": 100 * (1 + "abc".index(name))} for name in names}
    found = draw_sets({**declared, "train": {"count": 900}}, LABELS, 2, "x", seed)
    again = draw_sets({"train": {"count": 900}, **dict(sorted(declared.items()))}, LABELS, 2, "x", seed)
    assert all(np.array_equal(found[name], again[name]) for name in again)
    taken = np.concatenate([found[name] for name in names])
    assert len(np.unique(taken)) == 600
    assert set(taken.tolist()) < set(found["train"].tolist())


def test_every_repeat_data_set_and_name_draws_a_set_of_its_own() -> None:
    """Trusted images are others in each repeat: the released codes never seed what draws them."""
    probe = {"count": 400, "balanced": True}

    def drawn(name: str = "probe", dataset: str = "x", seed: int = 1) -> set[int]:
        return set(draw_sets({name: probe}, LABELS, 2, dataset, seed)[name].tolist())

    assert drawn() == drawn() and len(drawn()) == 400
    for other in (drawn(seed=2), drawn(dataset="y"), drawn(name="validation")):
        assert len(drawn() & other) < 70  # by chance 40 of 4,000 are in both


def test_periods_stand_on_the_papers_clock() -> None:
    """A schedule that is declared in periods is read where the run stands in the paper's training."""
    cut = {"steps": 100, "period": 20, "paper_steps": 1000, "paper_period": 50, "clock": "cut"}
    for length, of_step in ((cut, 1.0), (cut | {"clock": "scaled"}, 10.0)):
        clock = Clock.of({"length": length, "epochs": 5, "paper_epochs": 20})
        assert [clock.time(n) for n in range(5)] == pytest.approx([n * 20 * of_step / 50 for n in range(5)])
        assert [clock.steps_in(n) for n in range(5)] == [20] * 5
    short = Clock.of({"length": cut | {"steps": 90}, "epochs": 5, "paper_epochs": 20})
    assert [short.steps_in(n) for n in range(5)] == [20, 20, 20, 20, 10]


@examples(200)
@given(st.integers(1, 5000), st.integers(1, 2000), st.integers(1, 100), st.booleans())
@example(24, 1000, 65, True)
def test_no_milestone_is_passed_by(steps: int, part: int, at: int, in_steps: bool) -> None:
    """Step `at` of each hundredth of ours stands at that of the paper's, whichever unit a protocol counts in."""
    ours, paper = 100 * steps, 100 * part
    length = {"steps": ours, "period": 1, "paper_steps": paper, "paper_period": 1, "clock": "scaled"}
    spec = {"length": length} if in_steps else {}
    clock = Clock.of({**spec, "epochs": ours, "paper_epochs": paper})
    assert clock.paper_step(at * steps) == at * part


def test_a_smaller_share_is_part_of_a_larger_one() -> None:
    many, few = (
        draw_sets({"train": {"count": 1000, "shares": [share, 1 - share]}}, LABELS, 2, "x", 1)["train"]
        for share in (0.1, 0.005)
    )
    assert (LABELS[many] == 0).sum() == 100
    assert (LABELS[few] == 0).sum() == 5
    assert set(few[LABELS[few] == 0]) < set(many[LABELS[many] == 0])
    assert per_class({"count": 5000, "shares": [0.005, 0.995]}, 2) == [25, 4975]


@given(st.integers(10, 6000), st.lists(st.integers(1, 999), min_size=2, max_size=6), st.integers(0, 3))
def test_shares_are_rounded_down_and_the_largest_class_has_the_rest(count: int, parts: list[int], digits: int) -> None:
    """Counted in whole numbers; the released code takes floor(5000 (1 - p)) of the rare class."""
    parts = [part * 10**digits for part in parts]
    shares = [part / sum(parts) for part in parts]
    found = per_class({"count": count, "shares": shares}, len(parts))
    wanted = [count * part // sum(parts) for part in parts]
    wanted[parts.index(max(parts))] += count - sum(wanted)
    assert found == wanted
    assert per_class({"count": count, "balanced": True}, len(parts)) == [
        sum(place % len(parts) == label for place in range(count)) for label in range(len(parts))
    ]


@given(st.integers(1, 50), st.integers(0, 300), st.integers(1, 60))
def test_of_examples_that_are_left_the_first_of_one_order_are_chosen(seed: int, before: int, count: int) -> None:
    """What another set takes away is made up for by the next ones: nothing else changes. Each repeat, and each set, has
    an order of its own."""
    few = {"clean": {"count": count}}
    alone = draw_sets(few, LABELS, 2, "x", seed)["clean"]
    beside = draw_sets({"a": {"count": before}, **few}, LABELS, 2, "x", seed)
    assert set(alone) - set(beside["a"]) <= set(beside["clean"])
    larger = draw_sets({"clean": {"count": count + 40}}, LABELS, 2, "x", seed)["clean"]
    assert set(alone) < set(larger)
    others = [draw_sets(few, LABELS, 2, "x", seed + 1), draw_sets(few, LABELS, 2, "y", seed)]
    others += [draw_sets({"other": few["clean"]}, LABELS, 2, "x", seed)]
    for drawn in others:
        (places,) = drawn.values()
        assert len(set(alone) & set(places)) <= 6  # of 4,000


@given(st.lists(st.integers(10, 5000), min_size=1, max_size=4))
def test_a_stand_in_has_what_fits_into_half_of_it_and_the_largest_sets_shrink_first(counts: list[int]) -> None:
    """As if all grew by one example at a time, until they are as large as declared or half of the stand-in is taken."""
    stand_in, printed = DATASETS["digits"], DATASETS["cifar10"]
    sets = {f"set-{number}": {"count": count} for number, count in enumerate(counts)}
    found = [declared["count"] for declared in resolved_sets(sets, stand_in, printed, "a test").values()]
    grown, room = [0] * len(counts), stand_in.train // 2
    while room and grown != counts:
        for number, count in enumerate(counts):
            if grown[number] < count and room:
                grown[number], room = grown[number] + 1, room - 1
    assert all(abs(a - b) <= 1 for a, b in zip(found, grown, strict=True))
    assert sum(found) <= stand_in.train // 2
    same = resolved_sets({"only": {"count": counts[0]}}, printed, printed, "a test")
    assert same["only"]["count"] == counts[0]


def test_a_scale_shortens_what_a_variant_has_shortened_by_as_much() -> None:
    usual = {"length": {"steps": 8000, "period": 500}}
    half = {"length": {"steps": 4000, "period": 500}}
    scale = {"length": {"steps": 2000, "period": 100}}
    assert [at_scale(d, usual, scale)["steps"] for d in (usual, half)] == [2000, 1000]
    assert said({"length": at_scale(half, usual, scale)}) == "1,000 of 4,000 steps"
    assert periods({"steps": 1050, "period": 100}) == 11
    third = {"length": {"steps": 3, "period": 1}}
    assert at_scale(third, {"length": {"steps": 8, "period": 1}}, {"length": {"steps": 5}})["steps"] == 2  # 1.875


def test_sets_of_clean_examples_of_another_source_share_none() -> None:
    sets = {name: {"count": 40, "of": "clean"} for name in ("a", "b")}
    drawn = draw_sets(sets, LABELS, 2, "x", 1, clean=100)
    both = [*drawn["a"], *drawn["b"]]
    assert len(set(both)) == 80 and min(both) >= 3900


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SuiteCopy:
    own = SuiteCopy.make(tmp_path / "checkout")
    monkeypatch.chdir(own.root)
    return own


def changed(change: Change) -> str:
    declared = yaml.safe_load(yaml.safe_dump(OWN))
    change(declared)
    return yaml.safe_dump(declared)


def resolved(checkout: SuiteCopy) -> dict[str, Any]:
    suite = Suite.load(checkout.root, {"scale": "paper"})
    return suite.spec(suite.parse("own/digits49/clean/standard"))


def test_a_method_without_its_clean_set_is_refused_before_any_job(checkout: SuiteCopy) -> None:
    suite = Suite.load(checkout.root, {"scale": "paper"})
    for method, name in (("l2r", "clean"), ("ieg", "probe")):
        with pytest.raises(UserError, match=f"reads a set '{name}', which protocol s2e does not declare; add") as error:
            suite.spec(suite.parse(f"s2e/mnist/symmetric-50/{method}"))
        assert "\n" not in str(error.value)


VALIDATES = {"count": 9, "validates": True, "held_out": "all"}
REFUSED: dict[str, tuple[Change, str]] = {
    "both units": (lambda p: p.update(epochs=3, untrained_epoch=False), "'epochs' stands beside 'length'"),
    "neither": (lambda p: p.pop("length"), "'epochs' is missing, or 'length'"),
    "an untrained epoch": (lambda p: p.update(untrained_epoch=True), "'untrained_epoch' stands beside 'length'"),
    "a cap": (lambda p: p["batch"].update(steps_cap=3), "'batch.steps_cap' caps an epoch"),
    "a long period": (lambda p: p["length"].update(period=101), "'length.period': 101, and the training has 100 steps"),
    "a late milestone": (lambda p: p["optimiser"].update(milestones=[100]), "and the training ends after 100 steps"),
    "another unit of a data set": (lambda p: p["datasets"]["digits49"].update(epochs=3), "digits49: 'epochs', and"),
    "a set that is too large": (lambda p: p["sets"]["clean"].update(count=1000), "leave nothing of 1,000"),
    "no example of a class": (lambda p: p["sets"]["train"].update(count=40), "leave none of class 0"),
    "the last of a class": (lambda p: p["sets"]["clean"].update(count=40), "takes all of class 0"),
    "shares of three": (lambda p: p["sets"]["train"].update(shares=[0.5, 0.4, 0.1]), "3 shares, and digits49 has 2"),
    "shares of less": (lambda p: p["sets"]["train"].update(shares=[0.5, 0.4]), "shares sum to 0.9"),
    "shares and balance": (lambda p: p["sets"]["train"].update(balanced=True), "'shares' and 'balanced' exclude"),
    "labels of train": (lambda p: p["sets"]["train"].update(labels="given"), "'labels' says nothing"),
    "trained on and validating": (lambda p: p["sets"]["clean"].update(validates=True), "add held_out: all"),
    "a name that is taken": (lambda p: p["sets"].update({"hold-out": {"count": 9}}), "is what methods leave out"),
    "two that validate": (lambda p: p["sets"].update(a=VALIDATES, b=VALIDATES), "a and b both validate"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_one_line_before_any_job(what: str, checkout: SuiteCopy) -> None:
    change, words = REFUSED[what]
    (checkout.root / "config" / "protocols" / "own.yaml").write_text(changed(change))
    with pytest.raises(UserError) as refused:
        resolved(checkout)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_protocol_like_another_one_may_count_in_the_other_unit(checkout: SuiteCopy) -> None:
    folder = checkout.root / "config" / "protocols"
    (folder / "own.yaml").write_text(changed(lambda p: None))
    other = {"title": "the same in epochs", "source": "a test", "like": "own", "epochs": 3, "untrained_epoch": False}
    (folder / "other.yaml").write_text(yaml.safe_dump({**other, "optimiser": {"milestones": [2]}}))
    suite = Suite.load(checkout.root, {"scale": "paper"})
    steps, epochs = (suite.spec(suite.parse(f"{name}/digits49/clean/standard")) for name in ("own", "other"))
    assert (steps["epochs"], steps["length"]["steps"]) == (10, 100)
    assert epochs["epochs"] == 3 and "length" not in epochs
