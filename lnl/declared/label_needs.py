"""Label files that artefacts need and that are not there: such an artefact is left out, or refused, and no other is."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache

from lnl.declared import dependencies
from lnl.declared.data_places import Places
from lnl.declared.suite import Suite
from lnl.errors import UserError


@cache
def lacking(suite: Suite, key: str) -> str | None:
    """Why an artefact cannot be made here: the line about a label file that it needs. None where nothing is missing.

    Labels whose manifest is there were read before; what was trained on them can be shown without the file.
    """
    places = Places.of(suite.config, suite.root)
    needed = {dependencies.noise_manifest(suite, run): run.cell.noise for run in suite.demand(key)}
    needed |= {dependencies.search_labels(suite.searching, s): s.noise for s in dependencies.searches(suite, key)}
    for manifest, noise in needed.items():
        try:
            places.label_file(noise)
        except UserError as error:
            if not os.path.exists(manifest):
                return str(error)
    return None


def not_made(key: str, why: str) -> str:
    """What `snakemake`, `lnl plan` and `lnl status` say of an artefact that is asked for and lacks a label file."""
    return f"{key} is not made: {why}"


def makeable(suite: Suite, keys: Iterable[str]) -> list[str]:
    """Artefacts of these that need no label file, or only such as are there."""
    return [key for key in keys if lacking(suite, key) is None]


def selected(suite: Suite) -> list[str]:
    """Artefacts that are built when none is asked for; without those that lack a label file, unless one is named."""
    asked = suite.config["artefacts"] or ()
    named = {asked} if isinstance(asked, str) else set(asked)
    return [key for key in suite.selected if key in named or lacking(suite, key) is None]


def training_file(suite: Suite, dataset: str) -> str:
    """What labels have to be of, in words; of a stand-in also where those of the data themselves are wanted."""
    replaced = {
        name: {paper for paper, put in scale.get("stand_ins", {}).get("datasets", {}).items() if put == dataset}
        for name, scale in suite.scales.items()
    }
    papers = ", ".join(sorted(replaced[suite.scale]))
    if not papers or dataset not in suite.datasets:
        return f"the training file of {dataset}"
    others = [name for name in suite.scales if not replaced[name]]
    of = papers if "," not in papers else "these"
    wanted = f", and labels of {of} need scale={' or scale='.join(others)}" if others else ""
    return f"the training file of {dataset} (which stands in for {papers} at scale {suite.scale}{wanted})"
