"""Labels that a network has predicted, as they are kept: in the noise manifest, and in the store of the labeller's run.

They are predicted once. Whoever needs them reads them; a labeller that is trained again changes nothing that was
labelled, as long as it is declared as before. No torch is imported.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lnl.declared import dependencies, origin, paths
from lnl.errors import UserError
from lnl.files import sealed
from lnl.noise.label_source import Labeller

if TYPE_CHECKING:
    from lnl.data.arrays import Arrays
    from lnl.declared.suite import Run, Suite
    from lnl.noise.predicted import Predicted


def labeller_of(suite: Suite, run: Run) -> Labeller:
    """What a manifest says of a run whose network predicts labels."""
    return Labeller(f"{run.cell.id} seed {run.seed}", suite.digest(run.cell))


def stored(suite: Suite, run: Run, noise: str) -> Path:
    """Where the store of the labeller's run keeps its labels: a copy of their manifest."""
    return Path(paths.store(suite.scale, run.cell.id, run.seed), f"labels-{noise}-{suite.digest(run.cell)}.json")


def keep(suite: Suite, run: Run, noise: str, manifest: str) -> None:
    """Keep a manifest of today's labeller in the store, before a job replaces it; nothing of any other."""
    kept = stored(suite, run, noise)
    if origin.told(manifest) is None or origin.other_source(manifest, labeller_of(suite, run)):
        return
    if not kept.exists() or kept.read_bytes() != Path(manifest).read_bytes():
        sealed.write(kept, paths.read(manifest), durable=True)


def found(suite: Suite, run: Run, path: Path | str, arrays: Arrays, classes: int) -> Predicted:
    """The labels in a manifest. FileNotFoundError where there is none; ValueError where they are not those that the
    network of `run` has given these data."""
    from lnl.noise.predicted import Predicted, check_data, decoded

    by = labeller_of(suite, run)
    try:
        content: dict[str, Any] = paths.read(path)
    except UserError as error:
        raise ValueError(str(error).removeprefix(f"{path}: ").partition(";")[0]) from None
    if content.get("source") != by.source():
        raise ValueError("its labels are of another labeller, or of one that was declared otherwise")
    labels = decoded(content)
    check_data(labels, content, arrays, classes)
    return Predicted(by, labels, tuple(content.get("remarks", ())))


def given(suite: Suite, run: Run, arrays: Arrays, classes: int) -> Predicted | None:
    """The labels that a run trains on, where a network has predicted them; None where its labels come otherwise.

    UserError, with the command that makes them, where they are missing, damaged, or another labeller's.
    """
    noise, seed = suite.spec(run.cell)["noise"], dependencies.noise_seed(suite, run)
    by = dependencies.labeller(suite, noise["key"], run.cell.dataset, seed)
    if by is None:
        return None
    path = dependencies.noise_manifest(suite, run)
    asked = ("lnl", "prepare", "noise", run.cell.dataset, noise["key"], "--generator", noise["generator"])
    command = shlex.join([*asked, "--seed", str(seed), "--scale", suite.scale])
    try:
        return found(suite, by, path, arrays, classes)
    except FileNotFoundError:
        raise UserError(f"{run.cell.id} reads {path}, which is not there; `{command}` makes it") from None
    except ValueError as error:
        raise UserError(f"{path}: {error}; `{command}` makes it again") from None


def current(suite: Suite, run: Run, manifest: str) -> bool:
    """Whether a manifest is there that is sound, and of today's labeller."""
    return (
        os.path.exists(manifest)
        and origin.told(manifest) is not None
        and not origin.other_source(manifest, labeller_of(suite, run))
    )
