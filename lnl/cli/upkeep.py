"""`lnl doctor`, `lnl reproduced`: what is missing, what the pages say."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path

from rich.console import Console

from lnl.data.registry import DATASETS
from lnl.declared import dependencies, paths
from lnl.declared.data_places import Places
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.run.hardware import gpu_count

console = Console()


def reproduced(out: str | None, blocks: bool) -> None:
    """Write the page of what is reproduced so far to a file, or renew the marked blocks of all pages."""
    from lnl.cli.common import load_suite, named
    from lnl.render.pages.write import write
    from lnl.render.reproduced import render_reproduced

    if (out is None) != blocks:
        raise UserError("lnl reproduced: give a file to write, or --write for the marked blocks of README.md and docs/")
    if out is not None:
        suite = load_suite()
        with named(Path(out)):
            console.print(str(render_reproduced(suite, Path(out))), soft_wrap=True)
        return
    changed = write(load_suite().root)
    for file in changed:
        console.print(str(file), soft_wrap=True)
    console.print(f"{len(changed)} files changed" if changed else "every block is what the records give")


def doctor(suite: Suite) -> bool:
    """Check data, device and environment; True if everything that the declared artefacts need is there."""
    sound = True
    places = Places.of(suite.config)

    def line(ok: bool, what: str, remedy: str = "") -> None:
        nonlocal sound
        sound &= ok
        console.print(
            f"[{'green' if ok else 'red'}]{'ok  ' if ok else 'MEND'}[/] {what}{'' if ok else f': {remedy}'}",
            soft_wrap=True,
        )

    for name in ("torch", "torchvision", "snakemake", "numpy", "pandas", "scipy", "matplotlib"):
        try:
            line(True, f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            line(False, name, "not installed; `make env`")
    try:
        import torch
        import torchvision  # noqa: F401

        line(
            True,
            f"torch and torchvision import together; CUDA {torch.version.cuda or 'not built in'}",
        )
        gpus = gpu_count()
        usable = torch.cuda.is_available()
        wanted = suite.config["device"] == "cuda"
        line(
            usable or not (gpus or wanted),
            f"GPUs: {torch.cuda.device_count()} usable of {gpus} seen",
            "driver and torch do not fit",
        )
    except (ImportError, RuntimeError) as error:
        line(False, "torch with torchvision", f"{error}; take both from the same index (`make env`)")
    line(True, f"cores: {os.cpu_count()}; one thread a job")
    for folder in (Path(paths.RESULTS), Path(places.cache_root)):
        parent = next(p for p in (folder, *folder.resolve().parents) if p.exists())
        line(os.access(parent, os.W_OK), f"{folder}: writable", "choose a folder that can be written")
    used = sorted({declared.spec["dataset"] for declared in suite.cells.values()})
    for key in used:
        line(*_data(key, places))
    try:
        dependencies.check(suite)
        line(True, f"declarations: {len(suite.artefacts)} artefacts, {len(suite.cells)} cells at scale {suite.scale}")
    except UserError as error:
        line(False, "declarations", str(error))
    return sound


def _data(key: str, places: Places) -> tuple[bool, str, str]:
    from lnl.data.prepare import load

    title = DATASETS[key].title
    try:
        arrays = load(key, places.data_root, places.cache_root, places.accepted)
    except UserError as error:
        return False, f"{title} in {places.data_root}", str(error)
    return True, f"{title}: {len(arrays.train_labels):,} training examples, digest {arrays.digest}", ""
