"""Semantic noise: a network is trained on few clean images, hands itself over, and labels the training file once."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from suite_copy import ROOT, SCALE, SuiteCopy

from lnl.cli import look, prepare
from lnl.cli.bring_in import bring_in
from lnl.cli.exchange import keep
from lnl.data.arrays import integer_digest
from lnl.data.prepare import load
from lnl.declared import dependencies, paths, stacked_repeats
from lnl.declared.data_places import Places
from lnl.declared.dependencies import handover_points
from lnl.declared.stand_ins import stands_for
from lnl.declared.suite import Cell, Run, Suite
from lnl.engine.progress import unwatched
from lnl.errors import UserError
from lnl.files import sealed
from lnl.networks import build
from lnl.noise import keys
from lnl.noise.label_source import Labeller
from lnl.noise.predicted import check_classes, check_data, decoded, encoded
from lnl.results import committed
from lnl.run import labelling, labels_kept
from lnl.run.dag import Dag
from lnl.run.inputs import problem
from lnl.run.job import job
from lnl.run.store import Store

NOISE = "semantic-vgg13"
LABELLER = Run(Cell("labeller", "digits", "clean", "standard"), 0)
READER = Run(Cell("coteaching", "digits", NOISE, "standard"), 1)
MANIFEST = Path("results/demo/noise/digits/semantic-vgg13/as_released-seed0.json")
REPLACED = {"cnn9": "digits_mlp", "vgg13": "digits_cnn", "densenet100": "digits_mlp"}
CPU = torch.device("cpu")


# ---- keys ----------------------------------------------------------------------------------------------------------


def test_a_key_names_the_network_and_no_rate() -> None:
    noise = keys.check("semantic-vgg13", 10)
    assert (noise.kind, noise.name, noise.rate) == ("semantic", "vgg13", None)
    assert keys.flip_rate(noise, 10) is None and keys.warning(noise, 10) is None


@pytest.mark.parametrize("key", ["semantic", "semantic-", "semantic-VGG13", "semantic-vgg13-20", "semantic-vgg 13"])
def test_what_is_no_network_is_refused_with_the_form(key: str) -> None:
    with pytest.raises(UserError, match="write semantic-<network>"):
        keys.parse(key)


def test_an_unknown_network_and_a_data_set_without_a_labeller_are_refused_by_name() -> None:
    suite = Suite.load(ROOT, {"scale": "smoke", "device": "cpu"}, validate=False)
    with pytest.raises(UserError, match=r"noise 'semantic-vgg14': unknown network 'vgg14'.*vgg13"):
        suite.declared(Cell("ieg", "digits", "semantic-vgg14", "ieg"))
    with pytest.raises(UserError, match="data set of protocol labeller 'news2'"):
        suite.declared(Cell("pumpout", "standin-news", NOISE, "standard"))


# ---- labels in a manifest ------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 999), min_size=1, max_size=400))
@examples(60)
def test_labels_come_back_from_a_manifest_and_altered_ones_do_not(labels: list[int]) -> None:
    array = np.array(labels)
    content: dict[str, Any] = json.loads(json.dumps({"labels": encoded(array), "digest": integer_digest(array)}))
    assert decoded(content).tolist() == labels
    raw = bytearray(base64.b64decode(content["labels"]["base64"]))
    assert len(raw) == len(labels) * (1 if max(labels) < 256 else 2)
    raw[0] ^= 1
    content["labels"]["base64"] = base64.b64encode(raw).decode()
    with pytest.raises(ValueError, match="other labels"):
        decoded(content)


def test_labels_stand_in_manifests_as_they_were_ever_written() -> None:
    assert encoded(np.array([0, 7, 255])) == {"type": "uint8", "base64": "AAf/"}
    assert encoded(np.array([0, 256])) == {"type": "uint16", "base64": "AAAAAQ=="}  # two bytes each, the low one first


def test_labels_of_other_data_or_of_more_classes_are_none_of_todays() -> None:
    arrays: Any = SimpleNamespace(digest="a", train_labels=np.zeros(3))
    check_data(np.array([0, 9, 2]), {"data_digest": "a"}, arrays, 10)
    with pytest.raises(ValueError, match="beyond the 9 classes"):
        check_data(np.array([0, 9, 2]), {"data_digest": "a"}, arrays, 9)
    for labels, digest in (([0, 9], "a"), ([0, 9, 2], "b")):
        with pytest.raises(ValueError, match=f"of other data .digest {digest}, today a"):
            check_data(np.array(labels), {"data_digest": digest}, arrays, 10)


@pytest.mark.parametrize(
    "held", [None, [1, 2], {"type": "int8", "base64": "AA=="}, {"type": "uint16", "base64": "AA=="}]
)
def test_a_manifest_without_labels_that_can_be_read_says_so(held: Any) -> None:
    with pytest.raises(ValueError, match="holds no labels"):
        decoded({"labels": held, "digest": "0"})


def test_a_labeller_that_never_predicts_a_class_is_refused_by_class() -> None:
    by = Labeller("labeller/digits/clean/standard seed 1", "0")
    assert check_classes(np.array([2, 0, 1]), 3, by, "") == ()
    with pytest.raises(UserError, match="seed 1 never predicts classes 1, 3 of 4; train it longer"):
        check_classes(np.array([2, 0, 2]), 4, by, "")
    [remark] = check_classes(np.array([2, 0, 2]), 4, by, "digits stands in for cifar10")
    assert "never predicts classes 1, 3" in remark and "digits stands in" in remark


# ---- the DAG of table 4 --------------------------------------------------------------------------------------------


def test_table_4_leads_from_labellers_over_their_networks_and_labels_to_its_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where no results are
    for name in ("LNL_CONFIG", "LNL_HEAD", "PATH"):
        monkeypatch.setenv(name, "")
    dag = Dag(ROOT, {"scale": "smoke", "device": "cpu"}, head=False)
    records = dag.demanded("tables")(SimpleNamespace(key="ieg_table4"))
    runs = dag.suite.demand("ieg_table4")
    assert {run.cell.dataset for run in runs} == {"digits", "standin-cifar100"} and len(runs) == 8
    for run in runs:
        assert paths.record("smoke", run.cell.id, run.seed) in records
        labels = f"results/smoke/noise/{run.cell.dataset}/{NOISE}/named_stream-seed{run.seed}.json"
        assert labels in dag.train_inputs(_wildcards(run))
        at = SimpleNamespace(
            scale="smoke", dataset=run.cell.dataset, noise=NOISE, generator="named_stream", seed=str(run.seed)
        )
        by = Run(Cell("labeller", run.cell.dataset, "clean", "standard"), run.seed)
        handed = f"results/smoke/handovers/{by.cell.id}/seed{run.seed}-final.safetensors"
        assert dag.label_inputs(at) == [f"results/smoke/data/{run.cell.dataset}.json", handed]
        assert dependencies.handover_points(dag.suite, by) == ("final",)
        assert dag.suite.spec(by.cell)["trained_on"] == "labelled"
        assert f"results/smoke/noise/{run.cell.dataset}/clean/as_released-seed0.json" in dag.train_inputs(
            _wildcards(by)
        )
    counted = dependencies.trained(dag.suite, "ieg_table4")
    assert len(counted) == 10 and len(set(counted) - set(runs)) == 2


def test_on_real_images_the_network_has_its_own_cell_and_seed_its_own_labeller() -> None:
    suite = Suite.load(ROOT, {"scale": "paper", "device": "cpu"}, validate=False)
    vgg, dense = (suite.labeller(f"semantic-{name}", "cifar100") for name in ("vgg13", "densenet100"))
    assert vgg == Cell("labeller", "cifar100", "clean", "standard")
    assert dense == Cell("labeller", "cifar100", "clean", "standard-densenet100")
    assert dense is not None and suite.spec(dense)["network"]["name"] == "densenet100"
    assert suite.spec(vgg)["sets"] == {"labelled": {"count": 10000, "balanced": True}}
    assert suite.declared(Cell("labeller", "cifar10", "clean", "standard-resnet34")).spec["epochs"] == 120
    seeds = {run.seed: dependencies.sources(suite, run) for run in suite.demand("ieg_table4")}
    assert {seed: [source.seed for source, _ in found] for seed, found in seeds.items()} == {1: [1], 2: [2], 3: [3]}


def test_a_labeller_that_is_declared_otherwise_makes_other_cells_of_its_readers_alone() -> None:
    cells = [Cell("ieg", "digits", noise, "ieg") for noise in (NOISE, "uniform-40")]
    before, after = (Suite.load(ROOT, {"scale": "smoke", "device": "cpu"}, validate=False) for _ in range(2))
    after.protocols["labeller"]["optimiser"]["lr"] = 0.05
    same = [before.digest(cell) == after.digest(cell) for cell in cells]
    assert same == [False, True]
    kept = [labels_kept.stored(suite, LABELLER, NOISE) for suite in (before, before, after)]
    assert kept[0] == kept[1] != kept[2], "labels of either stay in the store"


def _wildcards(run: Run) -> SimpleNamespace:
    at = {name: getattr(run.cell, name) for name in ("protocol", "dataset", "noise", "method")}
    return SimpleNamespace(scale="smoke", seed=str(run.seed), **at)


# ---- labels, from training to training -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> SuiteCopy:
    """A checkout whose labeller is trained and has handed its network over."""
    copy = SuiteCopy.make(tmp_path_factory.mktemp("semantic") / "checkout")
    scale = SCALE | {"epochs": 30, "batch_size": 32}
    scale |= {"stand_ins": {"datasets": {"cifar10": "digits"}, "networks": REPLACED}}
    (copy.root / "config/scales/demo.yaml").write_text(yaml.safe_dump(scale))
    (copy.root / "tables/small.yaml").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(copy.root)
        suite = _load()
        points = handover_points(suite, LABELLER)
        job(suite, LABELLER, Places.of(suite.config), "cpu", lambda: False, unwatched, None, points)
        Store(suite, LABELLER).publish_handover("final")
    return copy


@pytest.fixture
def copy(trained: SuiteCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SuiteCopy:
    copied = trained.copy(tmp_path / "checkout")
    monkeypatch.chdir(copied.root)
    return copied


def _load() -> Suite:
    return Suite.load(Path(), {"device": "cpu", "scale": "demo"})


def _prepare(suite: Suite) -> dict[str, Any]:
    prepare.noise(suite, "digits", NOISE, "as_released", 0)
    return sealed.read(MANIFEST)


def _argmax(suite: Suite) -> np.ndarray:
    """The labels of the published network, its layers and the statistics of its batch norm filled by hand."""
    handed = load_file(paths.handover("demo", LABELLER.cell.id, 0, "final"))
    network = build("digits_cnn", (1, 8, 8), 10).eval()
    torch.nn.utils.vector_to_parameters(handed["flat"].view(-1), network.parameters())
    for name, statistic in network.named_buffers():
        statistic.copy_(handed[f"buffer.0.{name}"])
    places = Places.of(suite.config)
    images = load(suite.dataset("digits"), places.data_root, places.cache_root, ()).train_images
    with torch.no_grad():
        scores = network(torch.from_numpy(np.array(images)).float() / 255, None)
    return scores.argmax(1).numpy()


def test_labels_are_the_networks_answers_and_stand_in_the_manifest(copy: SuiteCopy) -> None:
    suite = _load()
    content = _prepare(suite)
    labels, answers = decoded(content), _argmax(suite)
    assert labels.tolist() == answers.tolist()
    places = Places.of(suite.config)
    truth = np.array(load(suite.dataset("digits"), places.data_root, places.cache_root, ()).train_labels)
    assert content["realised_rate"] == pytest.approx(float(np.mean(labels != truth)))
    assert 0 < content["realised_rate"] < 0.85  # of ten classes: better than chance
    confusion = [[np.mean(labels[truth == a] == b) for b in range(10)] for a in range(10)]
    np.testing.assert_allclose(content["transition_realised"], confusion, atol=1e-6)
    assert (content["generator"], content["requested_rate"]) == ("labeller", None)
    made = problem(suite, READER, places, CPU)
    assert made.given.tolist() == labels.tolist()
    assert made.noise_rate == content["realised_rate"]
    assert made.about["labels"]["digest"] == content["digest"]


def test_labels_are_read_and_never_predicted_again(copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = _load()
    first = _prepare(suite)
    file = paths.handover("demo", LABELLER.cell.id, 0, "final")
    tensors = load_file(file)
    save_file({name: torch.zeros_like(tensor) for name, tensor in tensors.items()}, file)  # a network of other bits
    MANIFEST.unlink()  # as Snakemake does before it runs a job
    assert _prepare(suite)["digest"] == first["digest"]
    before = MANIFEST.read_bytes()
    monkeypatch.setattr(labelling, "_predicted", lambda *_: pytest.fail("predicted again"))
    _prepare(suite)
    assert MANIFEST.read_bytes() == before


def test_the_same_network_gives_the_same_manifest(copy: SuiteCopy) -> None:
    suite = _load()
    _prepare(suite)
    before = MANIFEST.read_bytes()
    MANIFEST.unlink()
    labels_kept.stored(suite, LABELLER, NOISE).unlink()
    _prepare(suite)
    assert MANIFEST.read_bytes() == before


def test_missing_labels_are_a_line_with_the_command_and_so_is_a_missing_network(copy: SuiteCopy) -> None:
    suite = _load()
    with pytest.raises(UserError, match=r"which is not there; `lnl prepare noise digits semantic-vgg13 .* makes it"):
        problem(suite, READER, Places.of(suite.config), CPU)
    Path(paths.handover("demo", LABELLER.cell.id, 0, "final")).unlink()
    asked = "semantic-vgg13' reads .* not there; `lnl handover labeller/digits/clean/standard --seed 0 --point final"
    with pytest.raises(UserError, match=asked):
        _prepare(suite)


def test_damaged_labels_and_those_of_another_labeller_are_refused_in_a_line(copy: SuiteCopy) -> None:
    suite = _load()
    content = _prepare(suite)
    places = Places.of(suite.config)
    MANIFEST.write_text(MANIFEST.read_text().replace('"noise_seed": 0', '"noise_seed": 1'))
    with pytest.raises(UserError, match=r"as_released-seed0.json: .*damaged.*; `lnl prepare noise"):
        problem(suite, READER, places, CPU)
    sealed.write(MANIFEST, content | {"source": content["source"] | {"made_of": "0" * 16}})
    with pytest.raises(UserError, match="its labels are of another labeller"):
        problem(suite, READER, places, CPU)
    sealed.write(MANIFEST, content | {"labels": encoded(np.zeros(1197, dtype=np.int64))})
    with pytest.raises(UserError, match="other labels than those of its digest"):
        problem(suite, READER, places, CPU)
    sealed.write(MANIFEST, content | {"data_digest": "0" * 16})
    with pytest.raises(UserError, match="of other data"):
        problem(suite, READER, places, CPU)


def test_a_labeller_that_has_learned_nothing_is_refused_before_any_label_is_written(copy: SuiteCopy) -> None:
    suite = _load()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labelling, "_predicted", lambda *_: torch.full((1197,), 3))
        patch.setattr(labelling, "_reduced", lambda *_: "")  # as on the paper's own images
        with pytest.raises(UserError, match="never predicts classes 0, 1, 2, 4"):
            _prepare(suite)
    assert not MANIFEST.exists() and not labels_kept.stored(suite, LABELLER, NOISE).exists()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labelling, "_predicted", lambda *_: torch.full((1197,), 3))
        [remark] = _prepare(suite)["remarks"]
    assert remark.endswith("never predicts classes 0, 1, 2, 4, 5, 6, 7, 8, 9; digits stands in for cifar10")
    MANIFEST.unlink()
    assert _prepare(suite)["remarks"] == [remark], "of labels from the store as well"


def test_labels_that_were_brought_along_are_kept_before_a_job_replaces_them(copy: SuiteCopy) -> None:
    suite = _load()
    first = _prepare(suite)
    kept = labels_kept.stored(suite, LABELLER, NOISE)
    kept.unlink()
    labels_kept.keep(suite, LABELLER, NOISE, str(MANIFEST))
    assert sealed.read(kept)["digest"] == first["digest"]
    labels = (decoded(first) + 1) % 10
    other = first | {"labels": encoded(labels), "digest": integer_digest(labels)}
    sealed.write(MANIFEST, other)  # of the same labeller, trained elsewhere
    assert _prepare(suite)["digest"] == other["digest"], "what is published is not replaced by what is kept"
    sealed.write(kept, first)
    labels_kept.keep(suite, LABELLER, NOISE, str(MANIFEST))
    assert sealed.read(kept)["digest"] == other["digest"]
    kept.unlink()
    sealed.write(MANIFEST, first | {"source": first["source"] | {"made_of": "0" * 16}})
    labels_kept.keep(suite, LABELLER, NOISE, str(MANIFEST))
    assert not kept.exists()


def test_a_start_makes_labels_of_another_labeller_again_and_keeps_those_of_this_one(copy: SuiteCopy) -> None:
    suite = _load()
    first = _prepare(suite)
    Store(suite, LABELLER).publish()
    labels_kept.stored(suite, LABELLER, NOISE).unlink()
    handed = paths.handover("demo", LABELLER.cell.id, 0, "final")
    at = SimpleNamespace(scale="demo", dataset="digits", noise=NOISE, generator="as_released", seed="0")
    anew: list[str] = []

    def inputs() -> list[str]:
        anew.clear()
        dag = Dag(Path(), {"device": "cpu", "scale": "demo"}, head=False, again=anew.append)
        found = dag.label_inputs(at)
        dag.keep_labels()
        return found

    assert inputs() == ["results/demo/data/digits.json", handed] and anew == []
    assert sealed.read(labels_kept.stored(suite, LABELLER, NOISE)) == first
    other = first | {"source": first["source"] | {"made_of": "0" * 16}}
    sealed.write(MANIFEST, other)
    assert handed in inputs() and anew == [str(MANIFEST)]
    assert sealed.read(labels_kept.stored(suite, LABELLER, NOISE)) == first
    MANIFEST.write_text("{}")
    assert handed in inputs() and anew == [str(MANIFEST)]
    MANIFEST.unlink()
    Path(paths.record("demo", LABELLER.cell.id, 0)).unlink()
    assert handed in inputs() and anew == [handed], "a network whose run nobody can tell is trained again"


def test_labels_of_a_scale_that_searches_are_those_of_its_own_labeller() -> None:
    dag = Dag(ROOT, {"scale": "transfer", "device": "cpu"}, head=False)
    assert dag.searching.scale == "lite"
    for scale in ("transfer", "lite"):
        at = SimpleNamespace(scale=scale, dataset="cifar10", noise=NOISE, generator="named_stream", seed="1")
        [_, handed] = dag.label_inputs(at)
        assert handed.startswith(f"results/{scale}/handovers/labeller/cifar10/")


def test_a_quick_look_labels_for_itself_alone(copy: SuiteCopy) -> None:
    look.command(_load(), READER.cell.id, 1, look.Look(epochs=3), quiet=True)
    looked = Path("results/demo/looks/3-epochs")
    [labels] = looked.glob("demo/noise/**/as_released-seed0.json")
    assert len(decoded(sealed.read(labels))) == 1197
    assert not MANIFEST.exists()


def test_repeats_whose_labels_differ_are_not_trained_as_one_stack() -> None:
    suite = Suite.load(ROOT, {"scale": "demo", "device": "cpu"}, validate=False)
    cells = [Cell("ieg", "digits", noise, "standard") for noise in ("uniform-40", NOISE)]
    assert [stacked_repeats.stackable(suite, cell) for cell in cells] == [True, False]


# ---- labels that travel with records -------------------------------------------------------------------------------


TABLE = """
title: One method on labels of a network
source: {paper: mine, where: test}
protocol: coteaching
dataset: cifar10
noise: semantic-vgg13
rows: [{key: labels, label: labels}]
columns: [{key: standard, label: Standard, method: standard}]
seeds: 1
statistic: last10_mean
spread: {kind: std, ddof: 1}
tolerance: {points: 1.0, reason: a table of a test}
published: {spread: {kind: std, n: 5}, values: {}}
"""
KEPT = Path("kept/demo/noise/digits/semantic-vgg13/as_released-seed0.json.gz")


@pytest.fixture
def archive(copy: SuiteCopy) -> tuple[Suite, dict[str, Any]]:
    """A run on labels of a network is trained, kept below kept/, and gone from here with its labels; the manifest."""
    Path("tables/small.yaml").write_text(TABLE)
    suite = _load()
    content = _prepare(suite)
    job(suite, READER, Places.of(suite.config), "cpu", lambda: False, unwatched, None, handover_points(suite, READER))
    Store(suite, READER).publish()
    assert keep(suite, ["small"], Path("kept")) == 1
    shutil.rmtree("results")
    return suite, content


def test_labels_of_a_network_come_back_with_the_records_that_were_trained_on_them(
    archive: tuple[Suite, dict[str, Any]],
) -> None:
    suite, content = archive
    assert bring_in(suite, Path("kept")).line() == "1 imported, 1 manifest imported"
    assert sealed.read(MANIFEST) == content
    places = Places.of(suite.config)
    assert problem(suite, READER, places, CPU).given.tolist() == decoded(content).tolist()  # and no network is here
    assert bring_in(suite, Path("kept")).line() == "1 here already"
    dag = Dag(Path(), {"device": "cpu", "scale": "demo"}, head=True)
    of_labels = SimpleNamespace(scale="demo", dataset="digits", noise=NOISE, generator="as_released", seed="0")
    assert dag.label_inputs(of_labels) == ["results/demo/data/digits.json"]  # nobody trains a labeller again
    assert keep(suite, ["small"], Path("kept")) == 1
    with paths.results_in("laid-out"):
        Path("docs/reproduction/mine").mkdir(parents=True)
        shutil.move("kept", "docs/reproduction/mine/records")
        assert committed.unpacked(Path(), Path("laid-out")) == ["demo"]
    assert sealed.read(Path("laid-out", *MANIFEST.parts[1:])) == content


def test_other_labels_than_those_that_are_there_are_refused_in_a_line(archive: tuple[Suite, dict[str, Any]]) -> None:
    suite, content = archive
    labels = decoded(content)
    labels[0] = (labels[0] + 1) % 10
    other = content | {"labels": encoded(labels), "digest": integer_digest(labels)}

    sealed.write(MANIFEST, other)  # of another training of the labeller, on this machine
    report = bring_in(suite, Path("kept"))
    [line] = report.refused
    assert f"digest {content['digest']}, and {MANIFEST}, which is here, has {other['digest']}; nothing is re" in line
    assert report.line() == "1 other data or labels, 1 refused" and sealed.read(MANIFEST) == other

    shutil.rmtree("results")
    KEPT.write_bytes(gzip.compress(sealed.sealed(other).encode()))  # of other labels than the record beside it
    report = bring_in(suite, Path("kept"))
    [line] = report.refused
    assert f"digest {other['digest']}, and the runs beside it were trained on {content['digest']}; take it" in line
    assert report.line() == "1 imported, 1 refused" and not MANIFEST.exists()

    sealed.write(MANIFEST, content)
    before = {file: file.read_bytes() for file in Path("kept").rglob("*.gz")}
    with pytest.raises(UserError, match=f"{KEPT}: digest {other['digest']}, and {MANIFEST} has {content['digest']}"):
        keep(suite, ["small"], Path("kept"))
    assert {file: file.read_bytes() for file in Path("kept").rglob("*.gz")} == before


def test_a_manifest_that_is_none_is_named(archive: tuple[Suite, dict[str, Any]]) -> None:
    suite, content = archive
    for change, said in (
        ({"digest": "0" * 16}, "holds other labels than those of its digest"),
        ({"examples": 7}, "holds other labels than those of 7 examples"),
        ({"noise": "semantic-densenet100"}, "is of another place than its path says"),
        ({"remarks": [3]}, "not a manifest"),
        ({"more": 1}, "not a manifest"),
    ):
        KEPT.write_bytes(gzip.compress(sealed.sealed(content | change).encode()))
        report = bring_in(suite, Path("kept"))
        assert report.line().endswith("1 refused") and not MANIFEST.exists()
        assert said in report.refused[0] and str(KEPT) in report.refused[0]


def test_labels_of_a_labeller_that_is_declared_otherwise_stay_outside(archive: tuple[Suite, dict[str, Any]]) -> None:
    suite, content = archive
    elsewhere = content | {"source": content["source"] | {"made_of": "0" * 16}}
    KEPT.write_bytes(gzip.compress(sealed.sealed(elsewhere).encode()))
    assert bring_in(suite, Path("kept")).line() == "1 imported, 1 manifest of another declaration"
    shutil.rmtree("results")
    shutil.rmtree("kept/demo/coteaching")
    with pytest.raises(UserError, match="no records"):
        bring_in(suite, Path("kept"))


def test_what_stands_in_for_several_data_sets_is_the_one_that_somebody_labels() -> None:
    suite = Suite.load(ROOT, {"scale": "demo"}, validate=False)  # digits stand in for MNIST, of the same protocol, too
    cell = suite.parse("coteaching/digits/semantic-densenet100/coteaching")
    assert suite.where(cell)["dataset"] == "cifar10" and stands_for(suite, cell) == ["cifar10"]
    assert suite.where(suite.parse("coteaching/digits/symmetric-50/coteaching"))["dataset"] == "mnist"
