"""Protocol switches that are younger than records: where batch norm begins, and which test images count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pytest
import torch
import yaml
from suite_copy import TABLE, SuiteCopy
from torch import Tensor

from lnl.declared.data_places import Places
from lnl.declared.decision_switches import switches
from lnl.declared.dependencies import handover_points
from lnl.declared.network_options import UNNAMED, network_options
from lnl.declared.schema import check
from lnl.declared.suite import Cell, Run, Suite
from lnl.engine.build import networks
from lnl.engine.data import DeviceData
from lnl.engine.progress import unwatched
from lnl.engine.streams import Streams
from lnl.errors import UserError
from lnl.files import sealed
from lnl.networks import build
from lnl.networks.layers import BatchNorm
from lnl.networks.registry import NETWORKS, resolve
from lnl.run.job import job
from lnl.run.store import Store

CIFAR = (3, 32, 32)
LARGE = ("ieg_wrn28_10", "wrn28_10", "resnet50_v1", "resnet50_v2", "inception_resnet_v2")  # others have the same code
NORMED = [name for name, info in NETWORKS.items() if "batch_norm_scale" in info.options]
AT = {"protocol": "coteaching", "dataset": "mnist", "noise": "pair-45", "method": "standard"}


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite.load(helpers.ROOT, {"scale": "paper"}, validate=False)


# ---- batch norm's scale --------------------------------------------------------------------------------------------


def _built(name: str, scale: str | None, seed: int = 1) -> tuple[list[Tensor], list[Tensor]]:
    """Scales of batch norm, and all other initial values, of a network."""
    options = {} if scale is None else {"batch_norm_scale": scale}
    torch.manual_seed(seed)
    network = build(name, (3, 75, 75) if NETWORKS[name].smallest > 32 else CIFAR, 10, **options)
    norms = [module for module in network.modules() if isinstance(module, BatchNorm)]
    scales = [norm.weight for norm in norms if norm.weight is not None]
    return scales, [p for p in network.parameters() if not any(p is s for s in scales)]


def test_every_network_with_batch_norm_has_the_switch_and_no_other() -> None:
    with torch.device("meta"):
        assert {name for name in NETWORKS if _built(name, None)[0]} == set(NORMED)


@pytest.mark.parametrize("name", [name for name in NORMED if name not in LARGE])
def test_scales_begin_at_one_or_uniform_and_all_else_begins_alike(name: str) -> None:
    (ones, others), (uniform, same) = _built(name, None), _built(name, "uniform")
    assert all((scale == 1).all() for scale in ones)
    drawn = torch.cat(uniform)
    assert drawn.min() >= 0 and drawn.max() < 1
    assert abs(drawn.mean().item() - 0.5) < 4 / (12 * len(drawn)) ** 0.5  # four standard errors of U(0, 1)'s mean
    assert len(drawn.unique()) > 0.99 * len(drawn)  # single precision repeats a number now and then
    assert all(torch.equal(a, b) for a, b in zip(others, same, strict=True))
    assert torch.equal(drawn, torch.cat(_built(name, "uniform")[0]))
    assert not torch.equal(drawn, torch.cat(_built(name, "uniform", seed=2)[0]))


def test_methods_share_their_scales_and_two_networks_do_not() -> None:
    described = {"name": "digits_cnn", "options": {"batch_norm_scale": "uniform"}}
    one, two = (networks(described, (1, 8, 8), 10, Streams("p", "d", 1), count) for count in (1, 2))
    assert torch.equal(one[0].norm1.weight, two[0].norm1.weight)  # type: ignore[union-attr]
    assert not torch.equal(two[0].norm1.weight, two[1].norm1.weight)  # type: ignore[union-attr]


# ---- what enters a specification -----------------------------------------------------------------------------------


def test_the_defaults_stay_out_of_a_specification_and_other_values_are_in_it(suite: Suite) -> None:
    plain = suite.resolved(AT, {}, "test")
    assert plain["network"]["options"] == {"dropout": "none"}
    assert "evaluated" not in plain
    uniform = suite.resolved(AT, {"protocol.network_options.batch_norm_scale": "uniform"}, "test")
    assert uniform["network"]["options"] == {"dropout": "none", "batch_norm_scale": "uniform"}
    assert suite.resolved(AT, {"protocol.evaluated": "whole_batches"}, "test")["evaluated"] == "whole_batches"
    linear = AT | {"protocol": "s2e"}  # its network of MNIST has no batch norm: nothing changes
    changed = suite.resolved(linear, {"protocol.network_options.batch_norm_scale": "uniform"}, "test")
    assert changed == suite.resolved(linear, {}, "test")


def test_a_network_whose_default_is_another_than_an_unnamed_option_says_so() -> None:
    """Else a digest would stay when a network gets an option, or another default."""

    def options(network: str, **said: str) -> dict[str, str]:
        return network_options(network, said, "test")

    assert options("dyr_preact_resnet18") == options("dyr_preact_resnet18", shortcut="activated")
    assert options("dyr_preact_resnet18") == {"shortcut": "activated"}
    assert options("dyr_preact_resnet18", shortcut="identity") == {"shortcut": "identity"}
    assert options("resnet32") == options("cnn9") == {}
    assert options("resnet32", shortcut="identity", dropout="none") == {"shortcut": "identity"}
    for name, info in NETWORKS.items():
        built = {option: UNNAMED[option] for option in info.options} | options(name)
        assert built == resolve(name, {})[1], "what is built where nothing is named"


def test_a_decision_on_an_option_knows_the_values_of_its_protocols_networks_alone(suite: Suite) -> None:
    found = {
        name: switches(suite, suite.decisions.by_key[name])[0].allowed
        for name in ("resnet32_shortcut", "preact_resnet18_shortcut", "cnn9_dropout")
    }
    assert found["resnet32_shortcut"] == ("identity", "projection")
    assert found["preact_resnet18_shortcut"] == ("activated", "identity")
    assert found["cnn9_dropout"] == ("none", "always", "proper")


def test_an_option_of_another_network_is_refused_before_any_job(suite: Suite) -> None:
    at = {"protocol": "pumpout", "dataset": "cifar10", "noise": "pair-45", "method": "standard"}
    with pytest.raises(UserError, match=r"network 'resnet32', option 'shortcut': unknown value 'activated'"):
        suite.resolved(at, {"protocol.network_options.shortcut": "activated"}, "test")
    demo = Suite.load(helpers.ROOT, {"scale": "demo"}, validate=False)  # whose stand-ins know nothing of it
    at = {**at, "protocol": "dynamic-bootstrapping", "noise": "uniform-80", "method": "dynamic-bootstrap"}
    assert demo.resolved(at, {}, "test")["network"] == {"name": "digits_mlp", "options": {}}


@pytest.mark.parametrize(
    "change", [{"evaluated": "most"}, {"network_options": {"batch_norm_scale": "zeros"}}, {"network_options": {"x": 1}}]
)
def test_a_value_that_does_not_exist_is_refused_before_any_job(suite: Suite, change: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"evaluated|batch_norm_scale|'x'"):
        check(suite.protocols["coteaching"] | change, "protocol", "test")


# ---- images that count ---------------------------------------------------------------------------------------------


def test_ten_thousand_images_are_78_whole_batches_and_16_are_left_out() -> None:
    images, labels = torch.zeros(10_000, 1, 1, 1, dtype=torch.uint8), torch.arange(10_000)
    few = (images[:100], labels[:100])
    data = DeviceData(images, labels, {"test": (images, labels), "validation": few}, (1, 1, 1)).whole_batches(128)
    assert data.parts["test"][1].tolist() == list(range(9_984))  # 78 x 128, in the file's order
    assert len(data.parts["test"][0]) == 9_984
    assert len(data.parts["validation"][1]) == 100  # less than a batch: all of them


def test_an_accuracy_is_that_of_the_images_that_count() -> None:
    arrays = helpers.arrays()
    built = helpers.build("standard", helpers.spec(epochs=2, paper_epochs=2), data=arrays)
    built.run()
    whole = built.evaluation.accuracies("test", 1)["test_accuracy"].item()
    built.evaluation.data = built.data.whole_batches(32)  # of 50 images
    images = torch.from_numpy(np.asarray(arrays.test_images)).float() / 255
    right = built.learner.forward(images, None, "frozen")[0].argmax(-1).numpy() == arrays.test_labels
    assert built.evaluation.accuracies("test", 1)["test_accuracy"].item() == pytest.approx(100 * right[:32].sum() / 32)
    assert whole == pytest.approx(100 * right.sum() / 50)
    assert right[:32].mean() != right.mean()


def test_a_record_says_how_many_images_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = SuiteCopy.make(tmp_path / "checkout")
    variant = {"variant": "whole", "set": {"protocol.evaluated": "whole_batches"}}
    columns = [TABLE["columns"][0], {"key": "whole", "label": "W", "method": "standard", **variant}]
    (copy.root / "tables/small.yaml").write_text(
        yaml.safe_dump({k: v for k, v in TABLE.items() if k not in ("published", "joins")} | {"columns": columns})
    )
    monkeypatch.chdir(copy.root)
    suite = Suite.load(Path(), {"device": "cpu", "scale": "demo"})
    found = {}
    for method in ("standard", "standard-whole"):
        run = Run(Cell("s2e", "digits", "symmetric-50", method), 1)
        job(suite, run, Places.of(suite.config), "cpu", lambda: False, unwatched, None, handover_points(suite, run))
        record = sealed.read(Store(suite, run).record_file)
        check(record, "record", method)
        found[method] = record["result"]
    plain, whole = found["standard"], found["standard-whole"]
    assert "counted" not in plain
    assert set(whole["counted"]) == {"test", "validation"}
    assert all(count % 128 == 0 for count in whole["counted"].values())
    counted = whole["counted"]["test"]
    hits = [accuracy * counted / 100 for accuracy in whole["curves"]["test_accuracy"][0]]
    assert hits == pytest.approx([round(hit) for hit in hits], abs=1e-3)
    assert whole["curves"]["loss"] == plain["curves"]["loss"]  # training is not touched
    assert whole["curves"]["test_accuracy"] != plain["curves"]["test_accuracy"]
