"""`lnl doctor`: what is missing or in the way here, a line for each."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from lnl.data.registry import DatasetInfo
from lnl.declared import dependencies, label_needs, paths
from lnl.declared.data_places import Places
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.files import said
from lnl.files.disk import full
from lnl.files.locks import lockable
from lnl.run.hardware import gpu_count

console = Console()
LIBRARIES = ("torch", "torchvision", "snakemake", "numpy", "pandas", "scipy", "matplotlib")
NAMED = 5  # places below a folder that a line each is for
Finding = tuple[bool, str, str]  # whether it is well; what; the remedy


def doctor(suite: Suite) -> bool:
    """Check data, device and environment; True if everything that the declared artefacts need is there."""
    places = Places.of(suite.config)
    sound = True
    for ok, what, remedy in _findings(suite, places):
        sound &= ok
        text = f"[{'green' if ok else 'red'}]{'ok  ' if ok else 'MEND'}[/] {escape(said(what))}"
        console.print(text + ("" if ok else f": {escape(said(remedy))}"), soft_wrap=True)
    return sound


def _findings(suite: Suite, places: Places) -> Iterator[Finding]:
    for name in LIBRARIES:
        try:
            yield True, f"{name} {metadata.version(name)}", ""
        except metadata.PackageNotFoundError:
            yield False, name, "not installed; `make env`"
    yield from _device(suite)
    yield True, f"cores: {os.cpu_count()}; one thread a job", ""
    remedy = "choose a folder that can be written"
    yield from _folder(Path(paths.results()), remedy)
    yield from _folder(Path(places.cache_root), "choose another cache folder (cache_root)")
    yield from _folder(Path(".snakemake"), "start where you may write")
    yield from _folder(Path(tempfile.gettempdir()), "name a folder that can be written by TMPDIR", deep=False)
    needed = {declared.spec["dataset"] for declared in suite.cells.values()}
    kinds = (suite.own_noise(cell.noise, cell.dataset) for cell in suite.cells)
    needed |= {of.key for own in kinds if own is not None for of in own.sources}
    for key in sorted(needed):
        yield _data(suite.dataset(key), places)
    yield from _labels(suite)
    yield from ((True, f"overlay {folder}", "") for folder in suite.layers.overlays)
    yield from ((False, "overlay", line) for line in suite.layers.remarks())
    try:
        dependencies.check(suite)
        counts = f"{len(suite.artefacts)} artefacts, {len(suite.cells)} cells at scale {suite.scale}"
        yield True, f"declarations: {counts}", ""
    except UserError as error:
        yield False, "declarations", str(error)


def _labels(suite: Suite) -> Iterator[Finding]:
    """Whether the label files that are declared are there, and which artefacts want others."""
    places = Places.of(suite.config, suite.root)
    for name, file in places.label_files:
        try:
            places.label_file(f"file-{name}")
            yield True, f"labels {name}: {file.path}", ""
        except UserError as error:
            yield False, f"labels {name}", str(error)
    for key in suite.artefacts:
        if label_needs.lacking(suite, key):
            yield True, f"{key} is left out until its label file is declared", ""


def _device(suite: Suite) -> Iterator[Finding]:
    try:
        import torch
        import torchvision  # noqa: F401

        built = torch.version.cuda or "not built in"
        yield True, f"torch and torchvision import together; CUDA {built}", ""
        gpus, usable, wanted = gpu_count(), torch.cuda.is_available(), suite.config["device"] == "cuda"
        seen = f"GPUs: {torch.cuda.device_count()} usable of {gpus} seen"
        yield usable or not (gpus or wanted), seen, "driver and torch do not fit"
    except (ImportError, RuntimeError) as error:
        yield False, "torch with torchvision", f"{error}; take both from the same index (`make env`)"


def _folder(folder: Path, remedy: str, deep: bool = True) -> Iterator[Finding]:
    """Whether it can be written, with what lies in it, has room and has locks; where it is not yet, the one above."""
    found = False
    for place in _closed(folder) if deep else ():
        found = True
        yield False, str(place), f"cannot be opened or written; have its owner open it to you, or {remedy}"
    above = folder
    while not os.path.lexists(above) and above != above.parent:
        above = above.absolute().parent
    try:
        locks = lockable(above)
    except OSError as error:
        if not found:
            yield False, str(folder), f"cannot be written ({error.strerror}); {remedy}"
        return
    if not found:
        yield True, f"{folder}: writable", ""
    if not locks:
        yield (
            False,
            str(folder),
            "has no locks; start one Snakemake at a time, or choose another folder",
        )
    if line := full(above):
        yield False, str(folder), line.partition(": ")[2]


def _closed(folder: Path) -> Iterator[Path]:
    """The first few folders below one, without itself, that cannot be worked in, and locks that cannot be opened."""
    waiting, named = [folder], 0
    while waiting and named < NAMED:
        here = waiting.pop()
        try:
            entries = list(os.scandir(here))
        except FileNotFoundError:
            continue
        except OSError:
            if here != folder:
                named += 1
                yield here
            continue
        inside = [Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False)]
        if here != folder and not os.access(here, os.W_OK | os.X_OK, effective_ids=True):
            named += 1
            yield here
        locks = [entry for entry in entries if entry.name in ("lock", ".lock", "head.lock")]
        for entry in locks:
            if not os.access(entry.path, os.R_OK | os.W_OK, effective_ids=True):
                named += 1
                yield Path(entry)
        waiting += sorted(inside, reverse=True)


def _data(info: DatasetInfo, places: Places) -> Finding:
    from lnl.data.prepare import load

    title = info.title
    try:
        arrays = load(info, places.data_root, places.cache_root, places.accepted)
    except UserError as error:
        return False, f"{title} in {places.data_root}", str(error)
    except OSError as error:
        why = f"{error.filename or places.cache_root}: {error.strerror or error}; choose another folder"
        return False, f"{title} in {places.data_root}", why
    return True, f"{title}: {len(arrays.train_labels):,} training examples, digest {arrays.digest}", ""
