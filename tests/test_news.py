"""20 Newsgroups: groupings, the two kinds of features, mistakes in their files, and what stands in for what."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import zlib
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
import yaml
from declared_datasets import DATASETS, load
from helpers import build, spec
from sklearn.utils import Bunch

from lnl.data import news, news_features, news_texts
from lnl.data.manifest import manifest
from lnl.declared import dependencies, paths, reductions
from lnl.declared.suite import Suite
from lnl.engine.data import DeviceData, to_float
from lnl.errors import UserError
from lnl.render.compare import lines
from lnl.render.notes import notes

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 3  # numbers of a vector in these tests
ALPHABETICAL = [
    *("alt.atheism", "comp.graphics", "comp.os.ms-windows.misc", "comp.sys.ibm.pc.hardware", "comp.sys.mac.hardware"),
    *("comp.windows.x", "misc.forsale", "rec.autos", "rec.motorcycles", "rec.sport.baseball", "rec.sport.hockey"),
    *("sci.crypt", "sci.electronics", "sci.med", "sci.space", "soc.religion.christian", "talk.politics.guns"),
    *("talk.politics.mideast", "talk.politics.misc", "talk.religion.misc"),
]
WORDS = ["The cat sat", "a Dog; ran_off", "moon cat cat", "sun and moon", "dog sun", "cat, sun", "dog: the moon", "ran"]
TRAIN = [f"{first} {second}" for first in WORDS for second in WORDS]
TEST = ["cat cat moon", "nothing known here", TRAIN[5]]


def message(error: pytest.ExceptionInfo[UserError]) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


def part(texts: list[str], labels: list[int]) -> Bunch:
    return Bunch(data=list(texts), target=np.array(labels), filenames=np.array(texts), target_names=ALPHABETICAL)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root whose scikit-learn cache holds a few texts, and data sets of vectors of three numbers."""
    home = tmp_path / "root" / news_texts.HOME
    home.mkdir(parents=True)
    parts = {"train": part(TRAIN, [n % 20 for n in range(len(TRAIN))]), "test": part(TEST, [0, 11, 19])}
    held = {key: news_texts.Texts(one.data, one.target, one.target_names) for key, one in parts.items()}
    monkeypatch.setattr(news_texts, "CONTENT", hashlib.sha256(news_texts._as_bytes(held)).hexdigest())
    (home / news_texts.CACHE).write_bytes(zlib.compress(pickle.dumps(parts)))
    for key in ("news2", "news7", "news20", "news2-lsa", "news7-lsa"):
        small = replace(DATASETS[key], shape=(1, 1, WIDTH), train=len(TRAIN), test=len(TEST))
        monkeypatch.setitem(DATASETS, key, small)
    return tmp_path / "root"


def vectors(root: Path, text: str, name: str = f"glove.tiny.{WIDTH}d.txt") -> Path:
    (root / news.GLOVE).mkdir(exist_ok=True)
    file = root / news.GLOVE / name
    file.write_text(text)
    return file


GLOVE = "the 1 0 0\ncat 0 1 0\nof the 9 9 9\nmoon 0 0 4\n"  # one token holds a space, as some of the released ones


def test_groupings_follow_the_first_part_of_a_newsgroup_s_name() -> None:
    everything = np.arange(20)
    two = news.grouped("news2", ALPHABETICAL, everything)
    assert {name.split(".")[0] for name, c in zip(ALPHABETICAL, two, strict=True) if c == 0} == {
        *("alt", "comp", "misc", "rec"),
    }
    seven = news.grouped("news7", ALPHABETICAL, everything)
    assert [np.flatnonzero(seven == c).tolist() for c in range(7)] == [
        [0],
        [1, 2, 3, 4, 5],
        [6],
        [7, 8, 9, 10],
        [11, 12, 13, 14],
        [15],
        [16, 17, 18, 19],
    ]
    assert news.grouped("news20", ALPHABETICAL, everything).tolist() == everything.tolist()
    counted = {"news2": two.max() + 1, "news7": seven.max() + 1, "news20": 20}
    assert counted == {key: DATASETS[key].classes for key in counted}


def test_the_embedding_keeps_the_loader_s_order_and_is_fitted_on_the_training_texts_only(
    root: Path, tmp_path: Path
) -> None:
    arrays = load("news7-lsa", root, tmp_path / "cache")
    assert arrays.train_images.shape == (64, 1, 1, WIDTH)
    assert arrays.train_images.dtype == np.float32
    assert arrays.train_labels[:12].tolist() == [0, 1, 1, 1, 1, 1, 2, 3, 3, 3, 3, 4]
    np.testing.assert_array_equal(arrays.test_images[2], arrays.train_images[5])  # the same text
    assert not arrays.test_images[1].any()  # no token of the training texts
    others, _ = news_features.lsa(TRAIN, ["entirely other words"], WIDTH)
    np.testing.assert_array_equal(others, arrays.train_images[:, 0, 0])


def test_the_embedding_is_the_svd_of_tf_idf_with_fixed_signs() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    weights = TfidfVectorizer(token_pattern=news_features.TOKEN).fit_transform(TRAIN).toarray()
    _, _, directions = np.linalg.svd(weights, full_matrices=False)
    expected = weights @ directions[:WIDTH].T
    found, _ = news_features.lsa(TRAIN, TEST, WIDTH)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=6e-5)
    np.testing.assert_array_equal(found, np.round(found.astype(np.float64), 4).astype(np.float32))
    flipped, _ = news_features.lsa(TRAIN[::-1], TEST, WIDTH)  # another start of the same directions
    np.testing.assert_allclose(flipped[::-1], found, atol=1.1e-4)


def test_glove_features_are_the_mean_of_known_tokens(root: Path, tmp_path: Path) -> None:
    file = vectors(root, GLOVE)
    arrays = load("news2", root, tmp_path / "cache")
    first = arrays.train_images[0, 0, 0]  # The cat sat The cat sat
    np.testing.assert_allclose(first, [0.5, 0.5, 0])
    np.testing.assert_allclose(arrays.test_images[:, 0, 0][:2], [[0, 2 / 3, 4 / 3], [0, 0, 0]], rtol=1e-6)
    content = manifest(DATASETS["news2"], arrays)
    assert content["classes"] == 2
    assert content["supplied_files"][1] == {
        "file": f"glove/{file.name}",
        "digest": hashlib.md5(file.read_bytes()).hexdigest(),
        "bytes": str(file.stat().st_size),
        "of": "vectors of 43.2% of the words",
    }
    texts = content["supplied_files"][0]
    assert texts["digest"] == hashlib.md5("\0".join([*TRAIN, *TEST]).encode()).hexdigest()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the 1 0\ncat 0 1\n", "its vectors have 2 numbers, 3 are needed"),
        ("the 1 0 0 5\ncat 0 1 0 5\n", "its vectors have 4 numbers, 3 are needed"),
        ("the 1 0 0\ncat 0 1\n", "line 2 has fewer than 3 numbers, it was cut short"),
        ("the 1 0 0\nunused 0 1", "line 2 has fewer than 3 numbers, it was cut short"),
        ("the 1 0 0\ncat 0 x 1\n", "line 2 holds something else than numbers"),
        ("the 1 0 0\ncat 0 nan 1\n", "not finite"),
        ("der 1 0 0\nkater 0 1 0\n", "has a vector for no token of the texts"),
        ("cat 0 1 0\nmoon 0 0 4\n", "% of the texts' words only"),
    ],
)
def test_bad_glove_files_are_one_line(root: Path, tmp_path: Path, text: str, expected: str) -> None:
    file = vectors(root, text)
    with pytest.raises(UserError) as caught:
        load("news7", root, tmp_path / "cache")
    assert expected in message(caught)
    assert str(file) in message(caught)


def test_absent_and_ambiguous_glove_files_are_one_line(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError) as absent:
        load("news2", root, tmp_path / "cache")
    assert str(root / "glove" / "glove.*.3d.txt") in message(absent)
    assert "news_features: lsa" in message(absent)
    for name in ("glove.6B.3d.txt", "glove.840B.3d.txt"):
        vectors(root, GLOVE, name)
    with pytest.raises(UserError) as ambiguous:
        load("news2", root, tmp_path / "cache")
    assert "glove.6B.3d.txt and glove.840B.3d.txt; keep the one to use" in message(ambiguous)


def test_exchanged_vectors_are_noticed_and_vanished_ones_are_not_missed(root: Path, tmp_path: Path) -> None:
    file = vectors(root, GLOVE)
    first = load("news2", root, tmp_path / "cache")
    file.unlink()
    assert load("news2", root, tmp_path / "cache").digest == first.digest
    other = vectors(root, GLOVE.replace("cat 0", "cat 7"), f"glove.other.{WIDTH}d.txt")
    second = load("news2", root, tmp_path / "cache")
    assert second.digest != first.digest
    assert second.supplied[1]["file"] == f"glove/{other.name}"


def test_texts_that_cannot_be_had_are_one_line(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = root / news_texts.HOME / news_texts.CACHE
    cache.write_bytes(cache.read_bytes()[:-20])
    with pytest.raises(UserError) as unsound:
        load("news2-lsa", root, tmp_path / "cache")
    assert f"{cache}: is not a sound cache" in message(unsound)

    def refuse(*_: object, **__: object) -> None:
        raise URLError("network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    with pytest.raises(UserError) as absent:
        load("news2-lsa", tmp_path / "nowhere", tmp_path / "cache")
    assert f"{news_texts.HOME}/{news_texts.CACHE} (which sklearn.datasets.fetch_20newsgroups makes)" in message(absent)
    assert "LNL_DATA_ROOT" in message(absent)
    assert not (tmp_path / "nowhere").exists()


def test_features_reach_the_network_as_they_are(tmp_path: Path) -> None:
    arrays = load("standin-news", None, tmp_path)
    assert arrays.digest == "e904e60d6ec6e064"
    data = DeviceData.load(arrays, "none", torch.device("cpu"), None)
    assert to_float(data.images) is data.images
    index = torch.tensor([[3, 0], [999, 3]])
    batch = data.gather(index)
    assert batch.shape == (2, 2, 1, 1, 300)
    np.testing.assert_array_equal(batch[1, 1].numpy(), arrays.train_images[3])
    assert arrays.train_images.min() < -1  # numbers, not pixels


@pytest.mark.parametrize("arithmetic", ["faithful", "fast"])
def test_the_softsign_mlp_learns_from_features(tmp_path: Path, arithmetic: str) -> None:
    arrays = load("standin-news", None, tmp_path)
    described = spec("softsign_mlp", arithmetic=arithmetic, epochs=3)
    one = build("standard", described, data=arrays, noise="symmetric-20")
    one.run()
    assert one.curves[0]["test_accuracy"][0][-1] > 60  # of 7 classes
    if arithmetic == "faithful":
        stack = build("standard", described, (1, 2), mode="stacked", data=arrays, noise="symmetric-20")
        stack.run()
        assert stack.curves[0]["test_accuracy"][0][-1] == pytest.approx(one.curves[0]["test_accuracy"][0][-1], abs=3)


# ---- what stands in for what ---------------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One table with a row on MNIST and one on NEWS, both with published numbers."""
    for name in ("config", "methods"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tables", "figures", "claims"):
        (tmp_path / name).mkdir()
    file = tmp_path / "config/protocols/s2e.yaml"
    protocol = yaml.safe_load(file.read_text())
    protocol["datasets"]["news2"] = {"network": "softsign_mlp"}
    protocol["runtime"]["news2"] = {"cuda_minutes": 30, "cpu_minutes": 40}
    file.write_text(yaml.safe_dump(protocol))
    table = {
        "title": "Images and texts",
        "source": {"paper": "tutorial", "where": "test"},
        "protocol": "s2e",
        "noise": "pair-45",
        "rows": [
            {"key": "mnist", "label": "MNIST", "dataset": "mnist"},
            {"key": "news", "label": "NEWS", "dataset": "news2"},
        ],
        "columns": [{"key": "standard", "label": "Standard", "method": "standard"}],
        "seeds": 3,
        "statistic": "last10_mean",
        "spread": {"kind": "std", "ddof": 1},
        "tolerance": {"points": 1.0, "reason": "a table of a test"},
        "published": {
            "spread": {"kind": "std", "n": 5},
            "values": {"mnist": {"standard": [50.0]}, "news": {"standard": [50.0]}},
        },
    }
    (tmp_path / "tables/both.yaml").write_text(yaml.safe_dump(table))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def records(suite: Suite, accuracy: float) -> None:
    """A record of every run of the table, all with the same accuracy."""
    for run in suite.demand("both"):
        file = Path(paths.record(suite.scale, run.cell.id, run.seed))
        file.parent.mkdir(parents=True, exist_ok=True)
        result = {"digest": suite.digest(run.cell), "status": "ok", "seed": run.seed, "spec": suite.spec(run.cell)}
        result |= {"labels": {}, "curves": {"epoch": list(range(12)), "test_accuracy": [[accuracy] * 12]}}
        result |= {"dataset": run.cell.dataset, "noise": run.cell.noise}
        file.write_text(json.dumps({"result": result, "provenance": {}}))


def test_the_embedding_stands_in_for_the_papers_features_and_is_never_judged(checkout: Path) -> None:
    suite = Suite.load(checkout, {"scale": "paper"})
    assert [slot.cell.id for slot in suite.slots("both") if slot.cell] == [
        "s2e/mnist/pair-45/standard",
        "s2e/news2-lsa/pair-45/standard",
    ]
    assert reductions.heading(suite, "both") == "scale paper, but news2-lsa stands for news2"
    records(suite, 50.0)
    mnist, texts = lines(suite, "both")
    assert mnist.verdict.word == "agrees"
    assert texts.verdict.word == "not comparable (paper, but news2-lsa stands for news2)"
    said = dict(
        notes(suite.tables["both"], [mnist, texts], "both", reductions.comparable(suite, "both"), suite.datasets)
    )["Verdicts"]
    assert said[0].startswith("agrees: ")
    assert "not judged: scale paper, but news2-lsa stands for news2" in said[-1]
    alone = dict(notes(suite.tables["both"], [texts], "both", reductions.comparable(suite, "both"), suite.datasets))[
        "Verdicts"
    ]
    assert "Nothing is judged" in alone[0]
    cell = texts.slot.cell
    assert cell is not None
    assert suite.declared(cell).paper_dataset == "news2"
    assert suite.parse(cell.id) == cell
    assert (
        dependencies.resources(suite, cell)["runtime"] == int(1.5 * 30) + 10
    )  # as long as the paper's, not a stand-in's


def test_with_glove_nothing_is_replaced(checkout: Path) -> None:
    suite = Suite.load(checkout, {"scale": "paper", "news_features": "glove"})
    assert [slot.cell.dataset for slot in suite.slots("both") if slot.cell] == ["mnist", "news2"]
    assert reductions.heading(suite, "both") == "scale paper: nothing reduced"
    records(suite, 50.0)
    assert [line.verdict.word for line in lines(suite, "both")] == ["agrees", "agrees"]


def test_scales_with_embedded_data_keep_their_own_stand_ins(checkout: Path) -> None:
    found = {}
    for features in ("lsa", "glove"):
        for scale in ("demo", "smoke", "lite"):
            suite = Suite.load(checkout, {"scale": scale, "news_features": features})
            cell = suite.slots("both")[1].cell
            assert cell is not None
            found[features, scale] = (cell.dataset, suite.spec(cell)["network"]["name"])
    both = {"demo": ("digits", "digits_mlp"), "smoke": ("standin-news", "softsign_mlp")}
    assert {scale: found["lsa", scale] for scale in both} == both == {scale: found["glove", scale] for scale in both}
    assert found["lsa", "lite"] == ("news2-lsa", "softsign_mlp")
    assert found["glove", "lite"] == ("news2", "softsign_mlp")


def test_an_unknown_kind_of_features_is_one_line(checkout: Path) -> None:
    for validate in (True, False):
        with pytest.raises(UserError) as caught:
            Suite.load(checkout, {"news_features": "glov"}, validate=validate)
        assert "news_features" in message(caught)
        assert "glove" in message(caught)


# ---- the real texts ------------------------------------------------------------------------------------------------


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("key", "train", "test"),
    [
        ("news2-lsa", [6390, 4924], [4254, 3278]),
        ("news7-lsa", [480, 2936, 585, 2389, 2373, 599, 1952], [319, 1955, 390, 1590, 1579, 398, 1301]),
    ],
)
def test_class_counts_of_the_version_by_date(key: str, train: list[int], test: list[int], tmp_path: Path) -> None:
    import os

    arrays = load(key, os.environ["LNL_DATA_ROOT"], tmp_path)
    content = manifest(DATASETS[key], arrays)
    assert content["per_class"] == {"train": train, "test": test}
    assert arrays.train_images.shape == (11_314, 1, 1, 300)
    assert np.abs(arrays.train_images).max() <= 1  # TF-IDF rows have length one
