"""All declarations held against each other, once each has the form that its schema asks for: in the head alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from lnl.declared import (
    claim_checks,
    dataset_checks,
    distinct,
    method_checks,
    naming,
    noise_checks,
    schema,
    search_file,
)
from lnl.declared.artefact_checks import check_figure, check_table
from lnl.declared.decision_switches import Declarations
from lnl.declared.layers import Layers
from lnl.declared.protocol_checks import check_protocol, check_scale
from lnl.declared.space_checks import check_space, check_synthetic
from lnl.errors import UserError

SYNTHETIC = "config/synthetic.yaml"


class Catalogue(Declarations, Protocol):
    """What of a catalogue is needed here: its declarations by folder, and how an overlay's are left out."""

    layers: Layers

    def held(self, name: str) -> dict[str, Any]: ...

    def source_of(self, name: str, key: str) -> str: ...

    def sources(self) -> Iterator[tuple[str, str, str]]: ...

    def spared(self, name: str, key: str) -> AbstractContextManager[None]: ...


def check(catalogue: Catalogue) -> None:
    """UserError for the first declaration that names what is not there, or whose values do not go together; what is
    wrong in an overlay is left out, and what needs it as well."""
    for folder in (catalogue.root, *catalogue.layers.overlays):
        _check_endings(catalogue, folder)
    naming.check(naming.of_synthetic(SYNTHETIC, catalogue.synthetic))
    schema.check(catalogue.synthetic, "synthetic", SYNTHETIC)
    each = _Each(catalogue)
    each("method", lambda key, spec: naming.check(naming.of_method(spec)))
    each("config/scales", lambda key, scale: naming.check(naming.of_scale(each.file, scale)))
    for kind in ("tables", "figures", "claims"):
        each(kind, lambda key, declared: naming.check(naming.of_artefact(each.file, declared)))
    distinct.check_artefacts(catalogue.sources())
    each("config/datasets", lambda key, info: dataset_checks.check(key, info, catalogue.datasets))
    each("config/noises", lambda key, kind: noise_checks.check_kind(kind))
    each("config/protocols", lambda key, protocol: _check_protocol(catalogue, key, protocol))
    each("config/scales", lambda key, scale: check_scale(key, scale, catalogue.scales, catalogue.datasets))
    each("config/spaces", check_space)
    each(
        "config/searches",
        lambda key, search: search_file.check(key, search, catalogue.spaces, catalogue.methods, catalogue.datasets),
    )
    check_synthetic(catalogue.synthetic, catalogue.spaces)
    each("method", lambda key, spec: method_checks.check(catalogue, key, spec))
    each("tables", lambda key, table: check_table(catalogue, key, table))
    each("figures", lambda key, figure: check_figure(catalogue, key, figure))
    taken: dict[str, str] = {}
    each("claims", lambda key, claims: claim_checks.check_paper(catalogue, key, claims, taken))


class _Each:
    """One check of all declarations of a folder. `file`: of the one that is checked, as messages name it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue, self.file = catalogue, ""

    def __call__(self, name: str, one: Callable[[str, Any], None]) -> None:
        for key, declared in list(self.catalogue.held(name).items()):
            self.file = self.catalogue.source_of(name, key)
            with self.catalogue.spared(name, key):
                one(key, declared)


def _check_protocol(catalogue: Catalogue, key: str, protocol: dict[str, Any]) -> None:
    schema.check(protocol, "protocol", f"config/protocols/{key}.yaml")  # what is `like` another one, as a whole
    check_protocol(key, protocol, catalogue.datasets)


def _check_endings(catalogue: Catalogue, folder: Path) -> None:
    try:
        distinct.check_files(folder)
    except UserError as error:
        if folder == catalogue.root:
            raise
        catalogue.layers.leave_out(folder / error.lines[0].partition(":")[0], error)
