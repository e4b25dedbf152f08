"""Files that somebody else can write: nothing in them runs, and none is read as data before it is checked."""

from __future__ import annotations

import hashlib
import io
import pickle
import re
import tarfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from declared_datasets import DATASETS, load
from hostile import Hostile
from sklearn.utils import Bunch

from lnl.data import archive, cifar, mnist, news_texts
from lnl.data.checksums import Verifier
from lnl.errors import UserError

NAMES = ["alt.atheism", "sci.space"]


def message(error: pytest.ExceptionInfo[UserError]) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


# ---- 20 Newsgroups -------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the texts lie; the documented content is that of `packed()` and `cache()`."""
    held = {part: news_texts.Texts(["two", "one", "three"], np.array([0, 0, 1]), NAMES) for part in news_texts.PARTS}
    order = np.arange(3)
    np.random.RandomState(0).shuffle(order)
    assert order.tolist() == [2, 1, 0]
    held = {
        part: replace(one, texts=["three", "two", "one"], newsgroups=np.array([1, 0, 0])) for part, one in held.items()
    }
    monkeypatch.setattr(news_texts, "CONTENT", hashlib.sha256(news_texts._as_bytes(held)).hexdigest())
    folder = tmp_path / "data" / news_texts.HOME
    folder.mkdir(parents=True)
    return folder


def packed(extra: bytes = b"") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for part in news_texts.PARTS:
            for name, text in (("alt.atheism/1", b"one"), ("sci.space/7", b"three"), ("alt.atheism/2", b"two")):
                member = tarfile.TarInfo(f"20news-bydate-{part}/{name}")
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text))
        for name, kind in (("20news-bydate-test/sci.space/8", tarfile.SYMTYPE), ("/etc/lnl", tarfile.LNKTYPE)):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = kind, "/etc/passwd"
            tar.addfile(link)
        other = tarfile.TarInfo("../../outside")
        other.size = len(extra)
        tar.addfile(other, io.BytesIO(extra))
    return stream.getvalue()


def cache(**other: Any) -> bytes:
    one = {"data": ["three", "two", "one"], "target": np.array([1, 0, 0]), "target_names": NAMES, **other}
    return zlib.compress(pickle.dumps({part: Bunch(**one) for part in news_texts.PARTS}))


def texts(home: Path, accepted: tuple[str, ...] = ()) -> tuple[str, dict[str, news_texts.Texts]]:
    return news_texts.read(DATASETS["news2-lsa"], home.parent, Verifier(accepted))


def test_archive_and_cache_hold_the_same_and_nothing_is_unpacked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / news_texts.CACHE).write_bytes(cache())
    name, of_cache = texts(home)
    assert name == news_texts.CACHE
    content = packed()
    monkeypatch.setattr(news_texts, "SHA256", hashlib.sha256(content).hexdigest())
    (home / news_texts.ARCHIVE).write_bytes(content)
    name, of_archive = texts(home)
    assert name == news_texts.ARCHIVE
    assert news_texts._as_bytes(of_archive) == news_texts._as_bytes(of_cache)
    assert sorted(file.name for file in home.parent.parent.rglob("*") if file.is_file()) == sorted(
        (news_texts.ARCHIVE, news_texts.CACHE)
    )


@pytest.mark.parametrize("place", ["data", "target", "target_names", "whole", "beside"])
def test_code_in_the_cache_does_not_run(home: Path, tmp_path: Path, place: str) -> None:
    hostile = Hostile(tmp_path / "marker")
    content = zlib.compress(pickle.dumps(hostile)) if place == "whole" else cache(**{place: hostile})
    (home / news_texts.CACHE).write_bytes(content)
    if place == "beside":  # among what nobody looks at: it is not even looked at
        texts(home)
    else:
        with pytest.raises(UserError) as caught:
            load("news2-lsa", home.parent, tmp_path / "arrays")
        assert f"{home / news_texts.CACHE}: is not a sound cache" in message(caught)
    assert not (tmp_path / "marker").exists()


def test_other_texts_are_refused_unless_accepted(home: Path) -> None:
    file = home / news_texts.CACHE
    file.write_bytes(cache(data=["three", "two", "0ne"]))
    with pytest.raises(UserError) as caught:
        texts(home)
    found = re.search(r"the SHA-256 of its texts and newsgroups, ([0-9a-f]{64}) is not", message(caught))
    assert found and str(file) in message(caught)
    verifier = Verifier([found[1]])
    news_texts.read(DATASETS["news2-lsa"], home.parent, verifier)
    assert verifier.used == [{"file": file.name, "digest": found[1], "documented": news_texts.CONTENT}]


def test_a_cache_that_unpacks_without_end_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news_texts, "LARGEST", 10_000)
    (home / news_texts.CACHE).write_bytes(zlib.compress(b"0" * 10_000_000))
    with pytest.raises(UserError) as caught:
        texts(home)
    assert "far too large" in message(caught)


def test_an_archive_with_another_sum_is_not_opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / news_texts.ARCHIVE).write_bytes(packed(b"more"))
    monkeypatch.setattr(archive, "files", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(UserError) as caught:
        texts(home)
    assert "SHA-256" in message(caught) and str(home / news_texts.ARCHIVE) in message(caught)


def test_archives_that_are_cut_or_too_large_are_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    content = packed(b"x" * 5000)
    for broken in (content[:-20], zlib.compress(content), b"no archive", content[:40] + bytes(40) + content[80:]):
        with pytest.raises(ValueError, match=r"not a whole|cut short"):
            list(archive.files(broken))
    monkeypatch.setattr(archive, "LARGEST", 4000)
    with pytest.raises(ValueError, match="or of more than 4000 bytes"):
        list(archive.files(content))


# ---- downloads -----------------------------------------------------------------------------------------------------


class Answer(io.BytesIO):
    """What urlopen gives."""


def test_a_download_is_checked_before_it_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = packed()
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: Answer(content))
    with pytest.raises(UserError) as caught:
        texts(home)
    assert "could not be downloaded" in message(caught)
    assert list(home.iterdir()) == []
    monkeypatch.setattr(news_texts, "SHA256", hashlib.sha256(content).hexdigest())
    assert texts(home)[1]["train"].texts == ["three", "two", "one"]
    assert [file.name for file in home.iterdir()] == [news_texts.ARCHIVE]


def test_mnist_files_are_fetched_where_they_are_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(address: str, timeout: float) -> Answer:
        asked.append(address)
        if address.startswith(mnist.ADDRESSES[0]):
            raise OSError("down")
        return Answer(address.encode())

    monkeypatch.setattr("urllib.request.urlopen", answer)
    sums = [hashlib.md5(f"{mnist.ADDRESSES[1]}{name}.gz".encode()).hexdigest() for _, name, _, _ in mnist.FILES]
    files = [(part, name, known, plain) for (part, name, _, plain), known in zip(mnist.FILES, sums, strict=True)]
    monkeypatch.setattr(mnist, "FILES", tuple(files))
    (tmp_path / mnist.FILES[0][1]).write_bytes(b"unpacked")
    mnist._fetch(tmp_path)
    assert len(asked) == 2 * 3
    assert sorted(file.suffix for file in tmp_path.iterdir()) == ["", ".gz", ".gz", ".gz"]


def test_cifar_s_batches_come_out_of_their_archive_and_nothing_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name in ("cifar-100-python/train", "cifar-100-python/test", "cifar-100-python/meta", "../outside"):
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"data"))
    layout = replace(cifar.PYTHON["cifar100"], archive_sum=hashlib.md5(stream.getvalue()).hexdigest())
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: Answer(stream.getvalue()))
    cifar._fetch(layout, root)
    assert sorted(str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()) == [
        "root/cifar-100-python/test",
        "root/cifar-100-python/train",
    ]


@pytest.mark.parametrize("accepted", [False, True])
def test_code_in_a_cifar_batch_does_not_run_even_if_it_is_accepted(tmp_path: Path, accepted: bool) -> None:
    batch = tmp_path / "cifar-100-python/train"
    batch.parent.mkdir()
    batch.write_bytes(pickle.dumps({"data": Hostile(tmp_path / "marker"), "fine_labels": [0]}))
    known = [hashlib.md5(batch.read_bytes()).hexdigest()] if accepted else []
    with pytest.raises(UserError) as caught:
        load("cifar100", tmp_path, tmp_path / "cache", known)
    assert f"{batch}: {'is not a batch of images' if accepted else 'its MD5 sum'}" in message(caught)
    assert not (tmp_path / "marker").exists()


# ---- the real files ------------------------------------------------------------------------------------------------


@pytest.mark.realdata
def test_the_real_cache_is_read_without_running_it() -> None:
    import os

    name, found = news_texts.read(DATASETS["news2-lsa"], Path(os.environ["LNL_DATA_ROOT"]), Verifier())
    assert name in (news_texts.CACHE, news_texts.ARCHIVE)
    joined = "\0".join([*found["train"].texts, *found["test"].texts]).encode()
    assert hashlib.md5(joined).hexdigest() == "f47f8a410317470feea7948b2b8bea1d"
