"""A rate that restarts: its cycles against a plain loop, where trainings and scales are cut, and what is refused."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import helpers
import pytest
import torch
import yaml
from drawn import examples
from hypothesis import example, given
from hypothesis import strategies as st
from suite_copy import SuiteCopy

from lnl.declared import restarts
from lnl.declared.lengths import at_scale, said
from lnl.declared.protocol_checks import check_training
from lnl.declared.reductions import cell_heading
from lnl.declared.stages import applied
from lnl.declared.suite import Suite
from lnl.engine import optim
from lnl.engine.clock import Clock
from lnl.engine.loop import Stopped, Training
from lnl.engine.optim import rates
from lnl.errors import UserError

IEG = (500, 1.5)
COSINE: dict[str, Any] = {"name": "sgd", "lr": 0.1, "schedule": "cosine_restarts", "first": 500}
COSINE |= {"longer": 1.5, "lower": 0.9}
LONG: dict[str, Any] = {"length": {"steps": 85_498, "period": 500, "clock": "cut"}, "optimiser": COSINE}
Change = Callable[[dict[str, Any]], object]

cycles = {
    "first": st.integers(1, 60),
    "longer": st.one_of(st.just(1.0), st.floats(1.05, 3).map(lambda x: round(x, 2))),
}


def own(change: Change) -> dict[str, Any]:
    found = {"length": dict(LONG["length"]), "optimiser": dict(COSINE)}
    change(found)
    return found


def minima(first: float, longer: float, until: int) -> list[int]:
    """The last steps of the trainings that `cut` leaves, as far as step `until`."""
    begin = math.ceil(first)  # a shorter training has no cycle that ends, and is left as it is
    return sorted({restarts.cut(steps, first, longer) - 1 for steps in range(begin, until + 2)})


def test_the_minima_of_the_paper() -> None:
    """Restarts at 500, 1,250, 2,375, 4,062.5, …: a training of 2,375 steps ends at the third one, with step 2,374."""
    found = minima(*IEG, until=100_000)
    assert found[:4] == [499, 1249, 2374, 4062]
    assert found[2] + 1 == 2375
    assert found[-1] == 85_497
    assert [restarts.nearest(steps, *IEG) for steps in (85_497, 85_500, 1, 1000, 3000)] == [
        85498,
        85498,
        500,
        1250,
        2375,
    ]


@examples(50)
@given(**cycles, lower=st.floats(0.1, 1), until=st.integers(0, 1500))
def test_the_rate_is_that_of_a_plain_loop(first: int, longer: float, lower: float, until: int) -> None:
    """Cycle by cycle, as the schedule is printed; steps that stand on a boundary within rounding are left out."""
    spec = {**COSINE, "first": first, "longer": longer, "lower": lower}
    start, length, peak, ends = 0.0, float(first), 0.1, []
    for step in range(until + 1):
        while step >= start + length:
            start, length, peak = start + length, length * longer, peak * lower
        if step + 1 >= start + length and abs(step + 1 - start - length) > 1e-6:
            ends.append(step)
        wanted = peak / 2 * (1 + math.cos(math.pi * (step - start) / length))
        if min(abs(step - start), abs(start + length - step)) > 1e-6:
            assert rates(spec, step, 10**6)["lr"] == pytest.approx(wanted, rel=1e-6, abs=1e-12)
    assert set(ends) <= set(minima(first, longer, until))


@examples(50)
@given(**cycles, until=st.integers(0, 3000))
@example(first=13, longer=1.31, until=12)  # 13 * (1.31 - 1) / (1.31 - 1) is a hair more than 13
@example(first=100, longer=1.1, until=700)
def test_a_minimum_is_the_last_step_before_the_rate_rises(first: int, longer: float, until: int) -> None:
    found = [restarts.part(step, first, longer, 1.0) for step in range(until + 2)]
    rises = [step for step in range(until + 1) if found[step + 1] > found[step]]
    lowest = minima(first, longer, until)
    assert set(rises) <= set(lowest)
    assert all(found[step + 1] >= found[step] for step in lowest)  # equal where a cycle has one step alone


@examples(50)
@given(**cycles, steps=st.integers(1, 3000), most=st.integers(1, 3000))
def test_a_scale_cuts_to_the_last_minimum_that_fits(first: int, longer: float, steps: int, most: int) -> None:
    rate = {**COSINE, "first": first, "longer": longer}
    declared = {"length": {"steps": steps, "period": 7, "clock": "cut"}, "optimiser": rate}
    short = at_scale(declared, LONG, {"length": {"steps": most, "period": 100}})
    fitting = [step + 1 for step in minima(first, longer, most - 1)]
    wanted = steps if most >= steps else fitting[-1] if fitting else most
    assert short["steps"] == wanted
    assert short["steps"] <= most or short["steps"] == steps
    assert short["period"] <= short["steps"]
    assert Clock.of({"length": short, "epochs": 1, "paper_epochs": 1}).pace == 1
    assert (" of " in said({"length": short})) == (wanted < steps)


def test_a_variant_that_is_shorter_is_not_shortened_twice() -> None:
    short = {**LONG, "length": {**LONG["length"], "steps": 2375}}
    scale = {"length": {"steps": 2000, "period": 100}}
    assert [at_scale(each, LONG, scale)["steps"] for each in (LONG, short)] == [1250, 1250]
    assert [at_scale(each, LONG, {"length": {"steps": 4, "period": 2}})["steps"] for each in (LONG, short)] == [4, 4]
    assert at_scale(short, LONG, {})["steps"] == 2375


REFUSED: dict[str, tuple[Change, str]] = {
    "no first cycle": (lambda p: p["optimiser"].pop("first"), "'optimiser.first' is missing: steps of the first cycle"),
    "no growth": (lambda p: p["optimiser"].pop("longer"), "'optimiser.longer' is missing: length of a cycle"),
    "no peak": (lambda p: p["optimiser"].pop("lower"), "'optimiser.lower' is missing: its peak"),
    "another schedule": (
        lambda p: p["optimiser"].update(schedule="constant"),
        "'optimiser.first' goes with schedule: cosine_restarts, and the schedule is constant; leave it out",
    ),
    "a scaled clock": (lambda p: p["length"].update(clock="scaled"), "never scaled, but cut at one of its minima"),
    "the usual clock": (lambda p: p["length"].pop("clock"), "declare clock: cut"),
    "epochs": (
        lambda p: (p.pop("length"), p.update(epochs=9, untrained_epoch=False)),
        "counts steps, and this training is counted in epochs; give it a 'length'",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_one_line(what: str) -> None:
    change, words = REFUSED[what]
    with pytest.raises(UserError) as refused:
        check_training(own(change), "here.yaml")
    assert words in str(refused.value)
    assert str(refused.value).startswith("here.yaml: ")
    assert "\n" not in str(refused.value)


def test_a_length_that_is_no_minimum_is_told_once_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    for steps in (85_498, 2375, 2400, 2400, 300):
        check_training(own(lambda p, steps=steps: p["length"].update(steps=steps, period=100)), "here.yaml")  # type: ignore[misc]
    first, second = capsys.readouterr().err.splitlines()  # a first cycle that is longer than the training is no error
    assert first.startswith("lnl: here.yaml: 'length.steps': 2400 ends within a cycle") and first.endswith("2375 steps")
    assert "300" in second and second.endswith("500 steps")


def test_a_stage_or_a_variant_with_another_schedule_leaves_the_restarts_behind() -> None:
    stage = applied(dict(LONG), {"optimiser": {"schedule": "constant"}})
    assert stage["optimiser"] == {"name": "sgd", "lr": 0.1, "schedule": "constant"}
    steps = {**COSINE, "schedule": "steps", "milestones": [50]}
    assert "first" not in restarts.without_inherited(LONG, {**LONG, "optimiser": steps})["optimiser"]
    said_anew = restarts.without_inherited(LONG, {**LONG, "optimiser": {**steps, "first": 7}})
    assert said_anew["optimiser"]["first"] == 7  # somebody's own number without its schedule: refused, as above
    assert restarts.without_inherited(LONG, LONG) is LONG


def trained() -> Training:
    length = {"steps": 27, "period": 10, "paper_steps": 300, "paper_period": 10, "clock": "cut"}
    rate = {**COSINE, "first": 5, "momentum": 0.9}
    return helpers.build("standard", helpers.spec(length=length, optimiser=rate, epochs=3, untrained_epoch=False))


def test_a_training_takes_every_step_at_its_own_rate_and_resumes_within_a_cycle() -> None:
    """Cycles of 5, 7.5 and 11.25 steps, in periods of ten; stopped before the restart at 12.5, going on behind it."""
    whole, part, rest = (trained() for _ in range(3))
    seen, step = [], whole.learner.optimiser.step
    whole.learner.optimiser.step = lambda *given: (seen.append(given[2].item()), step(*given))  # type: ignore[method-assign,func-returns-value,assignment]
    whole.run()
    torch.testing.assert_close(seen, [0.1 * restarts.part(step, 5, 1.5, 0.9) for step in range(27)], rtol=1e-6, atol=0)
    assert [n for n in range(1, 27) if seen[n] > seen[n - 1]] == [5, 13, 24]
    kept = io.BytesIO()
    with pytest.raises(Stopped):
        part.run(lambda: part.position.total >= 12, lambda: (kept.seek(0), torch.save(part.snapshot(), kept))[0])  # type: ignore[arg-type,func-returns-value]
    kept.seek(0)
    rest.restore(torch.load(kept, weights_only=True))
    rest.run()
    assert rest.curves == whole.curves
    assert torch.equal(rest.learner.population.flat, whole.learner.population.flat)


@examples(10)
@given(decay=st.sampled_from([0.0, 0.01]), nesterov=st.booleans(), seed=st.integers(0, 99))
def test_a_rate_on_the_device_updates_as_torchs_optimiser_does(decay: float, nesterov: bool, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    flat = torch.randn(1, 40, generator=generator)
    theirs = flat.clone().requires_grad_()
    rate = {**COSINE, "first": 4, "momentum": 0.9, "weight_decay": decay, "nesterov": nesterov}
    ours, held = optim.build(rate, flat), optim.rate_on_device(rate, flat)
    reference = torch.optim.SGD([theirs], lr=0.1, momentum=0.9, weight_decay=decay, nesterov=nesterov)
    for step in range(15):
        gradient = torch.randn(1, 40, generator=generator)
        reference.param_groups[0]["lr"] = rates(rate, step, 100)["lr"]
        theirs.grad = gradient.clone()
        reference.step()
        assert held is not None
        ours.step(flat, gradient, held.fill_(rates(rate, step, 100)["lr"]))
    torch.testing.assert_close(flat, theirs.detach(), rtol=1e-5, atol=1e-6)


def test_as_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Out of files: cut at a scale and said so; another schedule takes none of its keys over; bad numbers refused."""
    checkout = SuiteCopy.make(tmp_path / "checkout")
    monkeypatch.chdir(checkout.root)
    folder = checkout.root / "config" / "protocols"
    declared = {
        "title": "a rate that restarts",
        "source": "a test",
        "datasets": {
            "digits49": {"network": "digits_mlp"},
            "digits": {"network": "digits_mlp", "optimiser": {"schedule": "constant"}},
        },
        "noise": {"vector": "fixed", "seed": 0, "generator": "as_released"},
        "split": "none",
        "batch": {"size": 20},
        **LONG,
    }
    (folder / "own.yaml").write_text(yaml.safe_dump(declared))
    like = {"title": "the same with milestones", "source": "a test", "like": "own"}
    (folder / "other.yaml").write_text(
        yaml.safe_dump(
            {**like, "optimiser": {"schedule": "steps", "milestones": [1000]}, "length": {"clock": "scaled"}}
        )
    )
    (checkout.root / "config" / "scales" / "short.yaml").write_text(
        yaml.safe_dump({"title": "short", "length": {"steps": 2000, "period": 100}})
    )
    suite = Suite.load(checkout.root, {"scale": "short"})
    cell = suite.parse("own/digits49/clean/standard")
    assert suite.spec(cell)["length"]["steps"] == 1250
    assert "1,250 of 85,498 steps" in cell_heading(suite, cell)
    for path in ("own/digits/clean/standard", "other/digits49/clean/standard"):
        spec = suite.spec(suite.parse(path))
        assert set(spec["optimiser"]) & set(restarts.KEYS) == set()
        assert spec["length"]["steps"] == 2000
    assert capsys.readouterr().err == ""
    (folder / "own.yaml").write_text(yaml.safe_dump({**declared, "optimiser": {**COSINE, "longer": 0.5}}))
    with pytest.raises(UserError, match=r"own\.yaml: .*longer.*0\.5"):
        Suite.load(checkout.root, {"scale": "short"})
