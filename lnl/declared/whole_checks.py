"""All declarations held against each other, once each has the form that its schema asks for: in the head alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from lnl.declared import (
    claim_checks,
    dataset_checks,
    distinct,
    method_checks,
    naming,
    noise_checks,
    runtime,
    schema,
    search_file,
    stages,
)
from lnl.declared.artefact_checks import check_figure, check_table
from lnl.declared.decision_switches import Declarations
from lnl.declared.layers import Layers
from lnl.declared.protocol_checks import check_protocol, check_scale
from lnl.declared.space_checks import check_space, check_synthetic
from lnl.errors import UserError

SYNTHETIC = "config/synthetic.yaml"


class Whole(Declarations, Protocol):
    """What of a catalogue is needed here: its declarations by folder, and how an overlay's are left out."""

    layers: Layers

    def held(self, name: str) -> dict[str, Any]: ...

    def source_of(self, name: str, key: str) -> str: ...

    def spared(self, name: str, key: str) -> AbstractContextManager[None]: ...


def check(catalogue: Whole) -> None:
    """UserError for the first declaration that names what is not there, or whose values do not go together; what is
    wrong in an overlay is left out, and what needs it as well."""
    for folder in (catalogue.root, *catalogue.layers.overlays):
        _check_endings(catalogue, folder)
    naming.check(naming.of_synthetic(SYNTHETIC, catalogue.synthetic))
    schema.check(catalogue.synthetic, "synthetic", SYNTHETIC)
    each = partial(_each, catalogue)
    each("method", lambda key, spec, file: naming.check(naming.of_method(spec)))
    each("config/scales", lambda key, scale, file: naming.check(naming.of_scale(file, scale)))
    for kind in ("tables", "figures", "claims"):
        each(kind, lambda key, declared, file: naming.check(naming.of_artefact(file, declared)))
    artefacts: list[tuple[str, str, str]] = []
    for kind in ("tables", "figures", "claims"):
        each(kind, partial(_check_names, artefacts, kind))
    each("config/datasets", lambda key, info, file: dataset_checks.check(key, info, catalogue.datasets))
    each("config/noises", lambda key, kind, file: noise_checks.check_name(key, file))
    each("config/protocols", lambda key, protocol, file: _check_protocol(catalogue, key, protocol, file))
    each("config/scales", lambda key, scale, file: check_scale(key, scale, catalogue.scales, catalogue.datasets))
    each("config/spaces", lambda key, space, file: check_space(key, space))
    each(
        "config/searches",
        lambda key, search, file: search_file.check(
            key, search, catalogue.spaces, catalogue.methods, catalogue.datasets
        ),
    )
    check_synthetic(catalogue.synthetic, catalogue.spaces)
    each("method", lambda key, spec, file: method_checks.check(catalogue, key, spec))
    each("config/protocols", lambda key, protocol, file: stages.check(protocol, catalogue.methods, file))
    each("config/protocols", lambda key, protocol, file: runtime.check(protocol, catalogue.methods, file))
    each("tables", lambda key, table, file: check_table(catalogue, key, table))
    each("figures", lambda key, figure, file: check_figure(catalogue, key, figure))
    taken: dict[str, str] = {}
    each("claims", lambda key, claims, file: claim_checks.check_paper(catalogue, key, claims, taken))


def _check_names(taken: list[tuple[str, str, str]], kind: str, key: str, declared: Any, file: str) -> None:
    """No two artefacts of one name, and none of a rule's or another paper's. taken: (key, file, paper) of those so
    far."""
    claims = kind == "claims"
    one = (f"{key}_claims" if claims else key, file, key if claims else str(declared["source"]["paper"]))
    distinct.check_artefacts([*taken, one])
    taken.append(one)


def _each(catalogue: Whole, name: str, one: Callable[[str, Any, str], None]) -> None:
    """Check all declarations of a folder: by key, content, and file as messages name it."""
    for key, declared in list(catalogue.held(name).items()):
        with catalogue.spared(name, key):
            one(key, declared, catalogue.source_of(name, key))


def _check_protocol(catalogue: Whole, key: str, protocol: dict[str, Any], file: str) -> None:
    schema.check(protocol, "protocol", file)  # what is `like` another one, as a whole
    check_protocol(key, protocol, catalogue.datasets, file)


def _check_endings(catalogue: Whole, folder: Path) -> None:
    try:
        distinct.check_files(folder)
    except UserError as error:
        if folder == catalogue.root:
            raise
        catalogue.layers.leave_out(folder / error.lines[0].partition(":")[0], error)
