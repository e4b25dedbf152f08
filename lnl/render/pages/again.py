"""The commands by which somebody else makes the numbers of a page again from the records that are committed."""

from __future__ import annotations

from pathlib import Path

from lnl.declared.searches import search_of
from lnl.declared.suite import Suite
from lnl.render.document import COMMANDS
from lnl.render.pages.committed import FOLDER, Committed
from lnl.render.pages.marks import Mark
from lnl.render.pages.places import Place, places, suite_of


def again(mark: Mark, kept: Committed) -> str:
    """`again KEY …`: imports of every folder that holds a run behind these artefacts, or a search behind a run, then
    what renders them. Of folders that hold the same, the page's own is named, else the one that holds most."""
    suite = suite_of(mark, kept)
    own = Path(mark.page).parent / "records"
    repeats = f" --seeds {mark.options['seeds']}" if "seeds" in mark.options else ""
    needed: dict[str, set[Path]] = {suite.searching.scale: set(), suite.scale: set()}  # a search before its runs
    rendered = []
    for key in mark.words:
        chosen = places(mark, kept, [key])
        for scale, file in (each for place in chosen for each in _files(suite, place)):
            needed[scale].add(file)
        partial = " --partial" if any(place.done < len(place.runs.runs) for place in chosen) else ""
        name = key.removesuffix("_claims") if suite.artefacts[key] == "claims" else key
        rendered.append(f"lnl {COMMANDS[suite.artefacts[key]]} {name} --scale {suite.scale}{repeats}{partial}")
    imported = [
        f"lnl import {folder} --scale {scale}"
        for scale, files in needed.items()
        for folder in _folders(kept.root, files, own)
    ]
    return "\n".join(["```console", *(f"$ {command}" for command in (*imported, *rendered)), "```"])


def _files(suite: Suite, place: Place) -> list[tuple[str, Path]]:
    """(scale, path below a folder of records) of the runs of a place, and of the search that they train with."""
    found = []
    for run in place.runs.runs:
        if run.record is not None:
            found.append((suite.scale, Path(suite.scale, run.cell.id, f"seed{run.seed}.json.gz")))
            if search := search_of(suite, run.cell):
                scale = suite.searching.scale
                found.append((scale, Path(scale, "searches", search.id, f"seed{search.seed}", "best.json.gz")))
    return found


def _folders(root: Path, files: set[Path], own: Path) -> list[Path]:
    """Folders of records, from the root of the checkout, that hold all of these files among them."""
    holds = {
        each.relative_to(root): {file for file in files if (each / file).is_file()}
        for each in sorted((root / FOLDER).glob("*/records"))
    }
    left, chosen = set(files), []
    while holds and left:
        best = max(holds, key=lambda folder: (folder == own and bool(holds[folder]), len(holds[folder] & left)))
        if not holds[best] & left:
            break
        chosen.append(best)
        left -= holds.pop(best)
    return chosen
