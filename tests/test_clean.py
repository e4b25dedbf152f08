"""`lnl clean` deletes what it has listed, when asked, and nothing that the suite has not written."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from declared_datasets import DATASETS
from suite_copy import TABLE

from lnl.cli.bring_in import bring_in
from lnl.cli.clean import KINDS, clean
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.files import replacing
from lnl.noise.manifest import ensure_labels
from lnl.run import leftovers
from tests.faults.hostile_imports import checkout, valid_files
from tests.helpers import arrays

STANDARD = "s2e/mnist/clean/standard/seed1"
COTEACHING = "s2e/mnist/pair-45/coteaching/seed1"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout with three imported runs and a search as the working directory; the folder that it stands in, with a
    temporary folder of its own."""
    with checkout() as (folder, suite):
        (folder / "temporary").mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(folder / "temporary"))
        for name, content in valid_files().items():
            (folder / "sound" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "sound" / name).write_bytes(gzip.compress(content, 1))
        assert bring_in(suite, folder / "sound").counts["imported"] == 5
        yield folder


def _suite(**config: Any) -> Suite:
    return Suite.load(Path(), {"scale": "paper", **config}, validate=False)


def _clean(*wanted: str, store: bool = False, yes: bool = False, **config: Any) -> tuple[set[str], str]:
    """What is listed, and what is said."""
    lines: list[str] = []
    found = clean(_suite(**config), set(wanted), store, yes, lines.append)
    return {str(each.path) for each in found}, "\n".join(lines)


def _tree(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*")}


def _another_default(method: str) -> None:
    file = Path("methods", f"{method}.py")
    file.write_text(file.read_text().replace('"version": 1', '"version": 9', 1))


def test_stale_records_are_listed_first_and_their_kept_copies_only_when_asked(sandbox: Path) -> None:
    assert _clean("stale", store=True)[0] == set()
    _another_default("coteaching")
    before = _tree(sandbox)
    listed, said = _clean("stale")
    assert listed == {f"results/paper/cells/{COTEACHING}.json"}
    assert "kB  results/paper/cells" in said and "made under another declaration (" in said and "--yes" in said
    assert _tree(sandbox) == before
    assert _clean("stale", yes=True)[0] == listed and not Path(*listed).exists()
    assert len(list(Path("results/paper/store").rglob("record-*"))) == 3
    kept, _ = _clean("stale", store=True, yes=True)
    assert len(kept) == 1 and COTEACHING in kept.pop()
    left = {str(path.parent.relative_to("results/paper/store")) for path in Path("results").rglob("record-*")}
    assert STANDARD in left and COTEACHING not in left


def _removed_method() -> None:
    Path("methods/pumpout_sl.py").unlink()


def _removed_protocol() -> None:
    Path("config/protocols/pumpout.yaml").unlink()


def _broken_table() -> None:
    Path("tables/small.yaml").write_text(yaml.safe_dump(TABLE | {"protocol": "s3e"}))


@pytest.mark.parametrize("broken", [_removed_method, _removed_protocol, _broken_table])
def test_no_stale_record_goes_while_a_declaration_does_not_resolve(sandbox: Path, broken: Any) -> None:
    _another_default("standard")  # one that is stale indeed
    broken()
    before = _tree(sandbox)
    with pytest.raises(UserError, match=r"^lnl clean --stale: .*does not resolve.*; nothing was deleted$"):
        _clean("stale", store=True, yes=True)
    assert _tree(sandbox) == before


def test_what_to_clean_has_to_be_said(sandbox: Path) -> None:
    for wanted, store in (((), False), (("caches",), True)):
        with pytest.raises(UserError, match="lnl clean"):
            _clean(*wanted, store=store)


@pytest.mark.parametrize("root", [".", "..", "cache", "results"])
def test_only_what_the_suite_wrote_leaves_a_cache_folder(
    sandbox: Path, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Path(root)
    monkeypatch.delenv("LNL_CACHE_ROOT", raising=False)
    before = _tree(sandbox)
    truth = arrays()
    ensure_labels(truth, DATASETS["mnist"], "pair-45", "as_released", 3, cache)
    data = cache / "data/mnist"
    data.mkdir(parents=True)
    for name in ("train_images", "mine"):
        np.save(data / f"{name}.npy", truth.test_labels)
    (data / "meta.json").write_text(json.dumps({"format": 1, "files": {"train_images": {}, "../../mine": {}}}))
    own = _tree(sandbox) - before - {str((data / "mine.npy").absolute())}
    foreign = [
        cache / name for name in ("noise/mnist/mine.npy", "data/mine.json", "noise/mine-seed1.json", "price.json")
    ]
    for file in [*foreign, data / "mine.npy"]:
        file.write_text("{}")
    (cache / "data/cifar10").symlink_to(Path("methods").absolute())
    kept = _tree(sandbox) - own
    listed, _ = _clean("caches", yes=True, cache_root=str(cache))
    assert {Path(path).name for path in listed} == {
        *("train_images.npy", "meta.json"),
        *(f"as_released-seed3.{suffix}" for suffix in ("npy", "json", "lock")),
    }
    gone = {str(Path(os.path.normpath(cache.absolute() / path))) for path in ("noise/mnist/pair-45",)}
    assert _tree(sandbox) | gone >= kept
    assert all(file.exists() for file in [*foreign, data / "mine.npy", Path("methods/standard.py")])


def test_a_cache_that_is_a_link_leads_somewhere_when_it_is_empty(
    sandbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LNL_CACHE_ROOT", raising=False)
    (sandbox / "scratch").mkdir()
    Path("cache").symlink_to(sandbox / "scratch")
    ensure_labels(arrays(), DATASETS["mnist"], "pair-45", "as_released", 3, Path("cache"))
    assert _clean("caches", yes=True, cache_root="cache")[0]
    assert Path("cache").is_dir() and not list(Path("cache").iterdir())


def test_labels_that_a_network_gave_go_with_the_look_that_asked_for_them(sandbox: Path) -> None:
    look = Path("results/paper/looks/5-epochs/paper")
    made = [
        look / "noise/mnist/semantic-vgg13/labeller-seed1.json",
        look / f"store/{STANDARD}/labels-semantic-vgg13-{'0' * 16}.json",
        look / f"cells/{STANDARD}.json",
    ]
    for file in made:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
    assert _clean("looks", yes=True)[0] == set(map(str, made))
    assert not Path("results/paper/looks").exists() and Path("results/paper/store").exists()


def test_a_link_goes_as_a_link_and_what_it_leads_to_stays(sandbox: Path) -> None:
    _another_default("coteaching")
    elsewhere = sandbox / "elsewhere"
    place = Path("results/paper/store", COTEACHING)
    [record] = place.glob("record-*.json")
    shutil.move(place, elsewhere)
    place.symlink_to(elsewhere)  # a folder: not entered
    assert _clean("stale", "checkpoints", "leftovers", store=True)[0] == {f"results/paper/cells/{COTEACHING}.json"}
    place.unlink()
    place.mkdir()
    record.symlink_to(elsewhere / record.name)  # a file: the link goes
    assert str(record) in _clean("stale", store=True, yes=True)[0]
    assert not record.is_symlink() and (elsewhere / record.name).exists()
    shutil.move("results/paper", sandbox / "moved")
    Path("results/paper").symlink_to(sandbox / "moved")
    listed, said = _clean(*KINDS, store=True, yes=True)
    assert not listed and "left alone" in said


def test_what_killed_writes_left_behind_goes_when_it_is_old(sandbox: Path) -> None:
    made: list[Path] = []
    for target in ("results/paper/cells/a.json", ".cache/lnl/price.json", ".cache/lnl/noise/mnist/x/drawn-seed1.npy"):
        with replacing(target) as temporary:
            made.append(temporary)
            temporary.write_text("whole")
        Path(target).unlink()
    others = [Path(".cache/lnl/.notes.txt.0123456789ab.tmp"), Path("results/paper/.a.json.tmp")]
    young = made[0].with_name(f".a.json.{'0' * 12}.tmp")  # somebody may be writing it
    for file in [*made, *others, young]:
        file.write_text("half")
    for file in [*made, *others]:
        os.utime(file, (1, 1))
    listed, said = _clean("leftovers")
    assert listed == set(map(str, made)) and "killed" in said
    _clean("leftovers", yes=True)
    assert not any(file.exists() for file in made) and all(file.exists() for file in [*others, young])


def test_the_folder_of_a_killed_worker_goes(sandbox: Path) -> None:
    folder = sandbox / "temporary" / f"{leftovers.prefix()}killed"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(folder / leftovers.SOCKET))
    os.utime(folder, (1, 1))
    listed, said = _clean("leftovers", yes=True)
    assert listed == {str(folder / leftovers.SOCKET)} and "worker" in said
    assert not folder.exists() and folder.parent.exists()


def test_the_folder_of_a_worker_that_may_live_stays(sandbox: Path) -> None:
    names = ("hears", "begins", "young", "others", "empty")
    hears, begins, young, others, empty = (sandbox / "temporary" / f"{leftovers.prefix()}{name}" for name in names)
    elsewhere = sandbox / "temporary/lnl-00000000-host"  # of another host, whose sockets nobody hears here
    with (
        socket.socket(socket.AF_UNIX) as listener,
        socket.socket(socket.AF_UNIX) as left,
        socket.socket(socket.AF_UNIX) as far,
        socket.socket(socket.AF_UNIX) as more,
    ):
        for folder, bound in ((hears, listener), (begins, left), (elsewhere, far), (others, more)):
            folder.mkdir()
            bound.bind(str(folder / leftovers.SOCKET))
        listener.listen()
        young.mkdir()
        empty.mkdir()
        (others / "notes").write_text("")
        for folder in (hears, elsewhere, others, empty):
            os.utime(folder, (1, 1))
        assert list(leftovers.dead_workers()) == [empty]
        os.utime(begins, (1, 1))
        assert list(leftovers.dead_workers()) == [begins, empty]
        leftovers.remove([])
    assert not begins.exists() and not empty.exists()
    assert all(folder.exists() for folder in (hears, young, others, elsewhere))


def test_states_of_stopped_runs_go_but_for_those_being_trained(sandbox: Path) -> None:
    from filelock import FileLock

    states = [Path("results/paper/store", run, "checkpoint-x.pt") for run in (STANDARD, COTEACHING)]
    for state in states:
        state.write_text("")
    with FileLock(states[0].with_name("lock")):
        listed, said = _clean("checkpoints", yes=True)
    assert listed == {str(states[1])} and "is being trained" in said
    assert states[0].exists() and not states[1].exists()
