"""The texts of 20 Newsgroups by date, from the archive or from scikit-learn's cache of it; neither is trusted.

The archive is checked by its documented sum before it is opened, and its files are read in memory. The cache is a
pickle, which would run what whoever wrote it pleased, and holds the path of the machine that made it, so that there is
no one sum for it: it is read without running it (lnl/data/pickled.py), and what it holds is checked before it is used.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from lnl.data import archive, pickled
from lnl.data.checksums import Verifier
from lnl.data.download import download, fetch
from lnl.data.registry import DatasetInfo
from lnl.errors import UserError
from lnl.files import replacing

HOME = "scikit_learn_data"
ARCHIVE = "20news-bydate.tar.gz"
CACHE = "20news-bydate_py3.pkz"  # what scikit-learn keeps of the archive: texts and labels of both parts
ADDRESS = "https://ndownloader.figshare.com/files/5975967"
SHA256 = "8f1b2514ca22a5ade8fbb9cfa5727df95fa587f4c87b786e15c759fa66d95610"  # of the archive, as scikit-learn names it
CONTENT = "a7a119a2937597eed38b29a718f97557c81378461fd6da503cffef9128367fa0"  # of what is read
LARGEST = 256 * 2**20  # bytes of the unpacked cache, which has 41 MB
PARTS = ("train", "test")


@dataclass(frozen=True)
class Texts:
    """One part: its texts with headers, quotes and signatures, and the index of each one's newsgroup in `names`."""

    texts: list[str]
    newsgroups: NDArray[np.int64]
    names: list[str]


def read(info: DatasetInfo, data_root: Path, verifier: Verifier) -> tuple[str, dict[str, Texts]]:
    """Which file was read, and what it holds by part, in the order in which scikit-learn's loader gives it.

    The archive where it is there, else the cache, else a download of the archive. UserError if that fails, or for
    a file that holds something else and is not accepted.
    """
    kept, cache = data_root / HOME / ARCHIVE, data_root / HOME / CACHE
    if not kept.exists() and not cache.exists():
        files = f"{HOME}/{ARCHIVE}, or {HOME}/{CACHE} (which sklearn.datasets.fetch_20newsgroups makes)"
        download(info.title, files, data_root, lambda: _fetch(kept))
    path = kept if kept.exists() else cache
    try:
        found = _unpacked(verifier.read(kept, SHA256)) if path is kept else _cached(_beginning(cache))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); put the original file there") from error
    except (ValueError, zlib.error) as error:
        what = "a sound cache of scikit-learn's" if path is cache else "a sound archive of 20 Newsgroups"
        raise UserError(f"{path}: is not {what} ({error}); remove it to download the archive") from error
    verifier.check(_as_bytes(found), CONTENT, path, "its texts and newsgroups")
    return path.name, found


def _beginning(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(LARGEST)


def _fetch(place: Path) -> None:
    content = fetch(ADDRESS)
    Verifier().check(content, SHA256, place)
    with replacing(place) as temporary:
        temporary.write_bytes(content)


def _as_bytes(found: dict[str, Texts]) -> bytes:
    """All that is used of the parts, so that equal bytes are equal parts."""
    return json.dumps([[part.names, part.newsgroups.tolist(), part.texts] for part in found.values()]).encode()


def _unpacked(content: bytes) -> dict[str, Texts]:
    """The parts in the archive, in the order that scikit-learn gives them: by name, then shuffled with seed 0."""
    inside: dict[str, dict[str, dict[str, str]]] = {f"20news-bydate-{part}": {} for part in PARTS}
    for name, raw in archive.files(content):
        folder, _, rest = name.removeprefix("./").partition("/")
        newsgroup, _, file = rest.partition("/")
        if folder in inside and file:
            inside[folder].setdefault(newsgroup, {})[file] = raw.decode("latin-1")
    out = {}
    for part, newsgroups in zip(PARTS, inside.values(), strict=True):
        names = sorted(newsgroups)
        listed = [(label, file) for label, name in enumerate(names) for file in sorted(newsgroups[name])]
        order = np.arange(len(listed))
        np.random.RandomState(0).shuffle(order)
        labels = np.array([listed[n][0] for n in order], dtype=np.int64)
        out[part] = Texts([newsgroups[names[listed[n][0]]][listed[n][1]] for n in order], labels, names)
    return out


def _cached(content: bytes) -> dict[str, Texts]:
    """The parts in scikit-learn's cache; ValueError or zlib.error where it is something else."""
    unpacker = zlib.decompressobj()
    plain = unpacker.decompress(content, LARGEST)
    if not unpacker.eof:
        raise ValueError("cut short, or far too large")
    both = pickled.mapping(pickled.read(plain))
    return {part: _part(pickled.mapping(both.get(part))) for part in PARTS}


def _part(held: dict[str, Any]) -> Texts:
    texts, names = held.get("data"), held.get("target_names")
    newsgroups = pickled.array(held.get("target"))
    if not _all_texts(texts) or not _all_texts(names) or newsgroups.shape != (len(texts),):
        raise ValueError("no texts with a newsgroup each")
    if newsgroups.min() < 0 or newsgroups.max() >= len(names):
        raise ValueError("a newsgroup without a name")
    return Texts(texts, newsgroups.astype(np.int64), names)


def _all_texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(one, str) for one in value)
