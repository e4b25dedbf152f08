"""What a protocol declares of a run: whose it is, and that plans, jobs and pages mean the same by it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lnl.cli import inspect
from lnl.declared import dependencies, runtime
from lnl.declared.suite import Run, Suite
from lnl.errors import UserError
from lnl.render.amounts import duration
from lnl.render.pages.costs import costs
from lnl.render.pages.marks import Mark
from lnl.run.price import cost
from lnl.run.price.cost import Estimator, Price
from lnl.run.price.jobs import BESIDE

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """As it is planned for a GPU that is not here."""
    shared = tmp_path_factory.mktemp("cache")
    return Suite.load(ROOT, {"scale": "paper", "device": "cuda", "cache_root": str(shared)}, validate=False)


@pytest.fixture
def plan(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Estimator:
    monkeypatch.setattr(cost, "gpu_count", lambda: 0)
    monkeypatch.delenv("LNL_CACHE_ROOT", raising=False)
    return Estimator(suite)


def priced(plan: Estimator, cell: str) -> Price:
    declared = plan.suite.declared(plan.suite.parse(cell))
    price = plan.price(cell.split("/")[0], declared.spec, declared.paper_dataset)
    assert price is not None
    assert price.basis == "declared"
    return price


@pytest.mark.parametrize(
    ("cell", "minutes"),
    [
        ("ieg/cifar10/uniform-40/ieg", 1500),  # one network
        ("coteaching/cifar10/pair-45/coteaching", 45),  # two
        ("gce/cifar100/uniform-40/gce", 70),  # a data set that trains for longer than the protocol's others
    ],
)
def test_plan_job_and_page_mean_a_run_of_the_same_method(plan: Estimator, cell: str, minutes: float) -> None:
    protocol, dataset, _, method = cell.split("/")
    assert priced(plan, cell).seconds == pytest.approx(60 * minutes)
    asked = dependencies.resources(plan.suite, plan.suite.parse(cell))
    assert asked["runtime"] == int(1.5 * minutes) + 10
    mark = Mark("docs/page.md", 1, "costs", (protocol,), {}, 0, 0)
    page = costs(mark, cast(Any, SimpleNamespace(suite=lambda scale, seeds: plan.suite))).splitlines()
    assert f"| a run of `{method}` |" in page[0]
    assert f"| {duration(minutes / 60)} |" in next(line for line in page if f"`{dataset}`" in line)


def test_other_methods_are_priced_by_their_counted_work(plan: Estimator) -> None:
    one, two = (priced(plan, f"coteaching/cifar10/pair-45/{method}") for method in ("standard", "coteaching"))
    assert one.seconds == pytest.approx(two.seconds / 2)
    # a step of IEG is 24.0 TFLOP, a plain one of its batch of 100 is 3.13; both are evaluated alike
    plain, ieg = (priced(plan, f"ieg/cifar10/uniform-40/{method}") for method in ("supervised", "ieg"))
    assert 7 < ieg.seconds / plain.seconds < 9


def test_another_network_is_priced_by_its_own_work_or_by_the_start_of_its_operations(
    plan: Estimator, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide, thin = (f"ieg/cifar10/uniform-40/{method}" for method in ("ieg", "ieg-rn29"))
    started = priced(plan, thin).seconds
    assert started > 60 * 60  # 85,498 steps of thousands of operations keep a GPU's host busy for an hour or more
    monkeypatch.setattr(cost, "STARTED", 0.0)
    again = Estimator(plan.suite)
    assert priced(again, thin).seconds < priced(again, wide).seconds / 40 < started


def test_a_heavier_network_is_not_as_slow_for_its_work_as_small_steps_are(plan: Estimator) -> None:
    small, large = (
        plan.suite.parse(f"s2e/cifar10/{cell}")
        for cell in ("pair-45/coteaching", "symmetric-50/standard-net-cifar100-cnn")
    )
    work = [plan.counts.flops(plan.suite.spec(cell)) for cell in (small, large)]
    assert work[1] > 50 * work[0]
    assert priced(plan, large.id).seconds < 3 * priced(plan, small.id).seconds


def test_what_a_job_asks_for_is_enough_for_every_method_of_its_protocol(suite: Suite) -> None:
    known = {key: protocol for key, protocol in suite.protocols.items() if protocol.get("runtime")}
    for cell in suite.cells:
        if cell.protocol in known:
            dearest = suite.methods[known[cell.protocol]["runtime_of"]]
            assert suite.methods[suite.spec(cell)["method"]["key"]]["networks"] <= dearest["networks"], cell


def test_a_run_without_a_price_is_counted_apart(
    plan: Estimator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = plan.suite
    cells = [suite.parse(f"coteaching/cifar10/pair-45/{method}") for method in ("standard", "coteaching")]
    runs = [Run(cell, seed) for cell in cells for seed in (1, 2)]
    whole = plan.cost(runs)
    assert (whole.todo, whole.unpriced) == (4, 0)
    assert whole.hours == pytest.approx(2 * (22.5 + 45) / 60 + whole.jobs * BESIDE / 3600)
    assert whole.longest == pytest.approx(45 / 60)
    monkeypatch.setitem(suite.protocols, "coteaching", {**suite.protocols["coteaching"], "runtime": {}})
    none = Estimator(suite).cost(runs)
    assert (none.todo, none.unpriced, none.jobs, none.longest) == (4, 4, whole.jobs, 0.0)
    assert none.hours == pytest.approx(none.jobs * BESIDE / 3600)
    monkeypatch.setattr(inspect.dependencies, "trained", lambda *_: runs)
    monkeypatch.setattr(inspect.dependencies, "searches", lambda *_: [])
    inspect.plan(suite, ["tutorial_mnist_accuracy"])
    said = capsys.readouterr().out
    assert "? 4 trainings have no price and no part in the sums" in said


def test_whose_minutes_they_are_is_said_and_is_a_method(suite: Suite) -> None:
    protocol, where = suite.protocols["ieg"], "config/protocols/ieg.yaml"
    runtime.check(protocol, suite.methods, where)
    with pytest.raises(UserError, match=r"runtime_of: unknown method 'iegg' \(did you mean 'ieg'"):
        runtime.check({**protocol, "runtime_of": "iegg"}, suite.methods, where)
    unsaid = {key: value for key, value in protocol.items() if key != "runtime_of"}
    with pytest.raises(UserError, match=r"'runtime' does not say whose it is; add runtime_of"):
        runtime.check(unsaid, suite.methods, where)
    runtime.check({**unsaid, "runtime": {}}, suite.methods, where)
