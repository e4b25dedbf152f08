"""Manifests of given labels and index sets that go with records: which they are, and whether one can be believed.

Most labels and sets can be drawn again from what is declared. Those that a network has predicted cannot: they stand in
their manifest and nowhere else, so that records without it could not be continued, nor others trained on their labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lnl.data import set_manifest
from lnl.data.arrays import integer_digest
from lnl.declared import dependencies, labellers, origin
from lnl.declared.shape import Misfit, checker
from lnl.declared.suite import Run, Suite
from lnl.errors import UserError
from lnl.noise.predicted import decoded
from lnl.results.damaged import ANEW
from lnl.run.labels_kept import labeller_of


def of_record(suite: Suite, run: Run, result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(path, digest) of the manifests of the labels and of the sets that a record was trained on, as it tells."""
    labels = result.get("labels") or {}
    if "digest" in labels:
        yield dependencies.noise_manifest(suite, run), str(labels["digest"])
    sets = dependencies.set_manifest(suite, run)
    if sets is not None and result.get("sets"):
        yield sets, set_manifest.digest(result["sets"])


def sound(content: object, file: Path) -> dict[str, Any]:
    """The manifest itself, if it is one that lies in its place and is what its digests say.

    UserError with file and remedy if not.
    """
    try:
        checker("manifest")(content)
        assert isinstance(content, dict)
        if not origin.placed(content, file.with_name(file.name.removesuffix(".gz"))):
            raise Misfit("is of another place than its path says")
        _check_digests(content)
    except (Misfit, ValueError) as error:
        raise UserError(f"{file}: not a manifest: {error}; {ANEW}") from None
    return content


def _check_digests(content: Mapping[str, Any]) -> None:
    """ValueError or Misfit where a digest is not of what stands beside it."""
    if "labels" in content and len(decoded(content)) != content["examples"]:
        raise Misfit(f"holds other labels than those of {content['examples']} examples")
    for name, found in content.get("sets", {}).items():
        places = np.array(found["places"], dtype=np.int64)
        if found["digest"] != integer_digest(places) or found["count"] != len(places):
            raise Misfit(f"holds other places of set {name} than those of its digest")
    if "sets" in content and content["digest"] != set_manifest.digest(content["sets"]):
        raise Misfit("has a digest that is not of its sets")


def of_today(suite: Suite, content: Mapping[str, Any]) -> bool:
    """Whether labels come from where today's declarations have them: from the labeller, or the kind of noise."""
    if "sets" in content:
        return True
    noise, dataset, seed = str(content["noise"]), str(content["dataset"]), int(content["noise_seed"])
    if labellers.network_of(noise, dataset) is not None:
        by = dependencies.labeller(suite, noise, dataset, seed)
        return by is not None and "labels" in content and content.get("source") == labeller_of(suite, by).source()
    own = suite.own_noise(noise, dataset)
    return own is None or content.get("source") == own.source()
