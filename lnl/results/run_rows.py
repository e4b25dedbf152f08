"""Runs as rows of a tidy table: what a frame in Python and the CSV file of `lnl export` have in common.

A row is a mapping from COLUMNS, and from columns that depend on what was run: `parameter.<name>` for each parameter of
a method, `protocol.<key>` for each value of a protocol that some variant here has changed. docs/python.md says what
every column means.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lnl.declared import paths
from lnl.declared.cells import Cell, Run
from lnl.declared.dependencies import parted
from lnl.declared.searched import asks
from lnl.declared.stand_ins import stands_for
from lnl.errors import UserError
from lnl.results import briefly
from lnl.results.records import RunState, judged, state_of, unmixed
from lnl.search.files import choice

if TYPE_CHECKING:
    from lnl.declared.suite import Suite

COORDINATES = ("scale", "protocol", "dataset", "stand_in_for", "noise", "method", "variant", "seed")
SUMMARY = ("last10_mean", "final", "best")
ORIGIN = ("seconds", "device", "mode", "commit", "finished")
COLUMNS = (
    *COORDINATES, "cell", "state", "reason", *SUMMARY, "epochs", "requested_rate", "realised_rate",
    "spec_digest", "data_digest", "label_digest", "method_digest", "search", "search_seed", *ORIGIN, "path",
)  # fmt: skip
NUMBERS = (*SUMMARY, "epochs", "requested_rate", "realised_rate", "search_seed", "seconds")
PARAMETER, PROTOCOL = "parameter.", "protocol."
JOINED = "+"  # between the papers' data sets that one cell stands for
Warn = Callable[[str], None]


@dataclass(frozen=True)
class Found:
    """A run with its state and, where it has one, its record (whose curves may be left out) and where that lies."""

    state: RunState
    path: str

    @property
    def cell(self) -> Cell:
        return self.state.cell


def every(suite: Suite, warn: Warn) -> list[Found]:
    """Every run of the scale that has a record, in the order of their paths; curves are not read.

    warn: takes a line for each file or folder that cannot be believed, and is left out.
    """
    cells: dict[Cell, list[Found]] = {}
    for place in briefly.listed(suite.scale):
        if isinstance(place, UserError):
            warn(str(place))
            continue
        try:
            record = briefly.read(place.path)
            if place.seed is None:
                raise UserError(f"{place.path}: its name is none of a record, seed1.json; delete it, or rename it")
        except UserError as error:
            warn(str(error))
            continue
        cells.setdefault(place.cell, []).append(Found(_judged(suite, place, place.seed, record), place.path))
    return [one for found in cells.values() for one in _unmixed(found)]


def _judged(suite: Suite, place: briefly.Place, seed: int, record: dict[str, Any]) -> RunState:
    try:
        return judged(suite, place.cell, seed, record, place.path)
    except UserError as error:
        return RunState(place.cell, seed, "stale", record, f"not declared at scale {suite.scale}: {error}")


def _unmixed(found: Sequence[Found]) -> Iterator[Found]:
    states = unmixed(tuple(one.state for one in found))
    return (Found(state, one.path) for state, one in zip(states, found, strict=True))


def demanded(suite: Suite, wanted: str | Sequence[str]) -> list[Found]:
    """The runs that artefacts or papers ask for, with or without a record, each once. UserError for an unknown name."""
    chosen = suite.select(wanted if isinstance(wanted, str) else list(wanted), "runs")
    runs = dict.fromkeys(run for key in chosen for run in suite.demand(key))
    cells: dict[Cell, list[Found]] = {}
    for run in runs:
        path = paths.record(suite.scale, run.cell.id, run.seed)
        cells.setdefault(run.cell, []).append(Found(state_of(suite, run.cell, run.seed), path))
    return [one for found in cells.values() for one in _unmixed(found)]


def one(suite: Suite, run: Run) -> Found:
    """A single run."""
    return Found(state_of(suite, run.cell, run.seed), paths.record(suite.scale, run.cell.id, run.seed))


def rows(suite: Suite, found: Sequence[Found]) -> tuple[list[str], list[dict[str, Any]]]:
    """(columns in order, a row for each run). What a run does not have is missing from its row."""
    about = _About(suite)
    out, changed, flats, known = [], dict[str, None](), [], dict[str, None]()
    for run in found:
        spec = about.spec(run)
        flat = about.flat(run, spec)
        parameters = _parameters(spec, (run.state.record or {}).get("result", {}).get("searched"))
        known |= dict.fromkeys(parameters)
        changed |= about.changed(run, flat)
        flats.append(flat)
        out.append(_row(suite, about, run, spec) | parameters)
    for row, flat in zip(out, flats, strict=True):
        row |= {f"{PROTOCOL}{key}": flat[key] for key in changed if key in flat}
    return [*COLUMNS, *sorted(known), *sorted(f"{PROTOCOL}{key}" for key in changed)], out


class _About:
    """What is the same for all runs of a cell, or of a specification, asked once."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self._cells: dict[Cell, dict[str, Any]] = {}
        self._flats: dict[str, dict[str, Any]] = {}
        self._plain: dict[Cell, dict[str, Any] | None] = {}
        self._changed: dict[tuple[Cell, str], dict[str, None]] = {}

    def spec(self, run: Found) -> Mapping[str, Any]:
        """Specification of a run: what its record was made under, else what is declared today."""
        if run.state.record is not None:
            return dict(run.state.record["result"].get("spec") or {})
        return self.suite.spec(run.cell)

    def digest(self, run: Found) -> str:
        """Digest of that specification."""
        if run.state.record is not None:
            return str(run.state.record["result"]["digest"])
        return self.suite.digest(run.cell)

    def cell(self, run: Found) -> dict[str, Any]:
        """Coordinates of a run but for its seed."""
        if run.cell not in self._cells:
            cell = run.cell
            method, variant = parted(self.suite, cell.method)
            try:
                stands = JOINED.join(stands_for(self.suite, cell))
            except UserError:  # not declared any more: as it was
                stands = str((run.state.record or {}).get("result", {}).get("stand_in_for") or "")
            self._cells[cell] = {
                "scale": self.suite.scale,
                "protocol": cell.protocol,
                "dataset": cell.dataset,
                "stand_in_for": stands,
                "noise": cell.noise,
                "method": method,
                "variant": variant,
            }
        return self._cells[run.cell]

    def flat(self, run: Found, spec: Mapping[str, Any]) -> dict[str, Any]:
        """What a specification says beside the method, with dotted keys."""
        digest = self.digest(run)
        if digest not in self._flats:
            self._flats[digest] = _flat({k: v for k, v in spec.items() if k not in ("method", "engine")})
        return self._flats[digest]

    def changed(self, run: Found, flat: Mapping[str, Any]) -> dict[str, None]:
        """Keys of it that are other than in the plain cell of the same method, as it is declared today."""
        at = run.cell, self.digest(run)
        if at not in self._changed:
            plain = self._plain_of(run.cell)
            keys = () if plain is None else {*flat, *plain}
            self._changed[at] = {k: None for k in keys if flat.get(k) != (plain or {}).get(k)}
        return self._changed[at]

    def _plain_of(self, cell: Cell) -> dict[str, Any] | None:
        if cell not in self._plain:
            try:
                paper = self.suite.declared(cell).paper_dataset
                at = {"protocol": cell.protocol, "dataset": paper, "noise": cell.noise}
                spec = self.suite.resolved(at | {"method": parted(self.suite, cell.method)[0]}, {}, cell.id)
                self._plain[cell] = _flat({k: v for k, v in spec.items() if k not in ("method", "engine")})
            except (UserError, KeyError):
                self._plain[cell] = None
        return self._plain[cell]


def _row(suite: Suite, about: _About, run: Found, spec: Mapping[str, Any]) -> dict[str, Any]:
    state, record = run.state, run.state.record or {}
    result, origin = record.get("result", {}), record.get("provenance") or {}
    labels, summary, searched = result.get("labels", {}), result.get("summary", {}), result.get("searched") or {}
    ended = (result.get("diverged") or {}).get("epoch")
    return {
        **about.cell(run),
        "seed": state.seed,
        "cell": run.cell.id,
        "state": state.state,
        "reason": state.reason,
        **{name: summary.get(name) for name in SUMMARY},
        "epochs": (ended if ended is not None else spec.get("epochs")) if result else None,
        "requested_rate": labels.get("requested_rate"),
        "realised_rate": labels.get("realised_rate") if _truth_known(suite, run) else None,
        "spec_digest": about.digest(run),
        "data_digest": result.get("data_digest"),
        "label_digest": labels.get("digest"),
        "method_digest": origin.get("method_digest"),
        "search": searched.get("search"),
        "search_seed": searched.get("seed"),
        **{name: origin.get(name) for name in ORIGIN},
        "path": run.path if result else None,
    }


def _truth_known(suite: Suite, run: Found) -> bool:
    """Whether anybody can say how many labels of a run's data set are wrong."""
    known = suite.datasets.get(run.cell.dataset)
    return known is None or known.truth_known


def _parameters(spec: Mapping[str, Any], searched: Mapping[str, Any] | None) -> dict[str, Any]:
    """The method's parameters as columns; a searched one as it was found, None while it is not."""
    out = {}
    for name, value in ((spec.get("method") or {}).get("parameters") or {}).items():
        if asks(value):
            found = choice(searched)
            value = found["value"] if found is not None and "value" in found else found
        out[f"{PARAMETER}{name}"] = _plain_value(value)
    return out


def _plain_value(value: Any) -> Any:
    """A value that a cell of a table can hold: lists and mappings as JSON."""
    return json.dumps(value, sort_keys=True) if isinstance(value, list | dict) else value


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested mapping with dotted keys; lists as JSON."""
    out: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            out |= _flat(value, f"{prefix}{key}.")
        else:
            out[prefix + key] = _plain_value(value)
    return out
