"""Steps on a device that the host cannot look into, by every method, augmentation and network of the suite.

`tests/test_engine_modes.py` looks at whole epochs, with what is drawn for each step; here nothing is computed."""

from __future__ import annotations

import functools
from typing import Any

import helpers
import pytest
import torch
from elsewhere import COUNT_FIRST, ELSEWHERE, Crossings, as_on_a_gpu, build_there, crossings
from registered import STACKED, TRAINABLE, ready
from torch import Tensor

from lnl.declared.suite import Suite
from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.learning import augment
from lnl.learning.selection import cross_entropy
from lnl.networks import build
from lnl.networks.layers import batch_norm_mode
from lnl.networks.registry import NETWORKS

# torch's own, of operations that it differentiates forward on such a device
pytestmark = [
    pytest.mark.usefixtures(as_on_a_gpu.__name__),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:FutureWarning"),
]


#: Methods that look at labels, at what they hold out or at a network handed over before their first step: they are
#: built on the host.
LOOK_FIRST = COUNT_FIRST | {"f-correction", "gce-truncated", "s-model"}


def _device(key: str) -> str:
    return "cpu" if key in LOOK_FIRST else str(ELSEWHERE)


@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
@pytest.mark.parametrize("key", TRAINABLE)
def test_no_step_waits_and_all_that_it_needs_lies_where_it_runs(
    key: str, network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_there(monkeypatch)
    assert crossings(ready(key, network, device=_device(key)), monkeypatch) == []


@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
@pytest.mark.parametrize("key", STACKED)
def test_no_step_of_a_stack_waits_and_all_that_it_needs_lies_where_it_runs(
    key: str, network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_there(monkeypatch)
    built = helpers.build(key, helpers.spec(network), [1, 2], mode="stacked", device=str(ELSEWHERE))
    assert crossings(built, monkeypatch) == []


@functools.cache
def _declared() -> dict[str, list[dict[str, Any]]]:
    """Parameters by method, of every declared cell; of those that differ in numbers only, the first."""
    suite = Suite.load(helpers.ROOT, {"scale": "paper"}, validate=False)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for cell in list(suite.cells):
        method = suite.spec(cell)["method"]
        given = {k: v for k, v in method["parameters"].items() if not isinstance(v, dict)}  # what no search finds
        switches = {k: v if isinstance(v, str | bool) else bool(v) for k, v in given.items()}
        found.setdefault(method["key"], {}).setdefault(str(sorted(switches.items())), given)
    return {key: list(ways.values()) for key, ways in found.items()}


@pytest.mark.parametrize("key", TRAINABLE)
def test_no_step_in_a_declared_way_waits_for_the_device(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    build_there(monkeypatch)
    for changes in _declared().get(key, []):
        device = "cpu" if changes.get("truncated") else _device(key)  # what it holds out is looked at
        assert crossings(ready(key, "digits_cnn", device=device, **changes), monkeypatch) == [], changes


@pytest.mark.parametrize("kind", helpers.AUGMENTATIONS)
def test_no_augmentation_waits_for_the_device(kind: str) -> None:
    images, uniform = (torch.rand(shape, device=ELSEWHERE) for shape in ((2, 4, 3, 8, 8), (2, 4, augment.width(kind))))
    with Crossings() as found:
        assert augment.augment(kind, images, uniform).shape == images.shape
    assert found.seen == []


@pytest.mark.parametrize("name", NETWORKS)
def test_no_network_waits_for_the_device(name: str) -> None:
    side = max(32, NETWORKS[name].smallest)
    with ELSEWHERE:
        network = build(name, (3, side, side), 10)
        images, uniform = torch.rand(2, 3, side, side), torch.rand(2, network.random_width)
    with Crossings() as found, batch_norm_mode("update"):
        scores = network(images, uniform if network.random_width else None)
        torch.autograd.grad(scores.sum(), list(network.parameters()))
    assert found.seen == []


class Reads(Method):
    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses.mean(-1) * float(losses.max() > 0), losses=losses)


class Picks(Method):
    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses[:, losses[0] > 0].mean(-1), losses=losses)


class Brings(Method):
    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses.mean(-1) * torch.tensor([2.0]).to(losses.device), losses=losses)


class Makes(Method):
    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses.mean(-1) * torch.tensor([2.0], device=losses.device), losses=losses)


class Keeps(Method):
    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        return {"factor": torch.ones(())}

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        logits = learner.forward(batch.x, batch.uniform)
        losses = cross_entropy(logits, batch.labels)
        loss = losses.mean(-1) * learner.state["factor"]
        learner.apply(learner.gradient(loss))
        return Outcome(loss.detach(), losses.detach(), None, logits)


class Mixes(Method):
    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=(losses * torch.ones(losses.shape[-1])).mean(-1), losses=losses)


@pytest.mark.parametrize(("method", "says"), [(Reads, "item"), (Picks, "nonzero"), (Mixes, "device")])
def test_a_step_that_looks_at_the_device_is_an_error_there(
    method: type[Method], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RuntimeError, match=says):
        crossings(helpers.build(method, helpers.spec()), monkeypatch)


@pytest.mark.parametrize("method", [Brings, Makes])
def test_what_a_step_brings_from_the_host_is_seen(method: type[Method], monkeypatch: pytest.MonkeyPatch) -> None:
    assert crossings(helpers.build(method, helpers.spec()), monkeypatch) != []


def test_what_a_method_keeps_on_the_host_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    build_there(monkeypatch)
    assert crossings(helpers.build(Keeps, helpers.spec(), device=str(ELSEWHERE)), monkeypatch) != []
