"""Declarations -> cells. A table, a figure or a claims file is a demand; the DAG is the union of demands.

Standard library and PyYAML only: every cluster job parses this. jsonschema is used in the head process
(`validate=True`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from lnl.cells import Cell, Declared, Run, Slot
from lnl.declarations import read_folder, read_literal, read_methods, read_yaml
from lnl.errors import UserError, nearest
from lnl.resolve import choose, digest, resolve

COORDINATES = ("protocol", "dataset", "noise", "method")


__all__ = ["Cell", "Run", "Slot", "Suite"]


class Suite:
    """All declarations of one checkout, at one scale."""

    def __init__(self, root: Path, config: dict[str, Any], validate: bool) -> None:
        self.root = root
        self.config = config
        self.scale: str = config["scale"]
        self.protocols = read_folder(root / "config" / "protocols")
        self.scales = read_folder(root / "config" / "scales")
        self.methods = read_methods(root / "methods")
        self.tables = read_folder(root / "tables")
        self.figures = {
            p.stem: read_literal(p, "DEMAND") or {} for p in sorted((root / "figures").glob("*.py")) if p.name[0] != "_"
        }
        self.claims = {k: self._as_mapping(v) for k, v in read_folder(root / "claims").items()}
        self._check: Callable[[dict[str, Any], str], None] | None = None
        if validate:
            self._validate()
        choose(self.scale, self.scales, "scale", "config key 'scale'")
        self._cells: dict[Cell, Declared] = {}
        self._resolved: dict[str, dict[str, Any]] = {}  # specifications by coordinates: read, never changed
        self._demands: dict[str, list[Run]] = {}
        self._digests: dict[Cell, str] = {}

    @classmethod
    def load(cls, root: Path | str = ".", config: Mapping[str, Any] | None = None, validate: bool = True) -> Suite:
        """Read the declarations under `root`; `config` overrides keys of config/config.yaml. UserError if invalid."""
        root = Path(root)
        values = {**read_yaml(root / "config" / "config.yaml"), **(config or {})}
        if validate:
            from lnl.schema import check

            check(values, "config", "config")
        return cls(root, values, validate)

    @staticmethod
    def _as_mapping(declaration: Any) -> dict[str, Any]:
        return declaration if isinstance(declaration, dict) else {"claims": declaration}

    def _validate(self) -> None:
        from lnl.schema import check

        self._check = lambda protocol, where: check(protocol, "protocol", where)
        for key, value in self.protocols.items():
            check(value, "protocol", f"config/protocols/{key}.yaml")
        for key, value in self.scales.items():
            check(value, "scale", f"config/scales/{key}.yaml")
        for key, spec in self.methods.items():
            check({k: v for k, v in spec.items() if k != "file"}, "method", f"{spec['file']}: SPEC")
            for table in spec.get("joins", []):
                declared = self.tables | self.figures
                choose(table, declared, f"table (SPEC 'joins' of {key})", spec["file"])
                if "joins" not in declared[table]:
                    open_to = ", ".join(k for k, v in declared.items() if "joins" in v)
                    raise UserError(f"{spec['file']}: '{table}' takes no further methods; those that do: {open_to}")
        for key, value in self.tables.items():
            check(value, "table", f"tables/{key}.yaml")
        for key, value in self.figures.items():
            check(value, "figure", f"figures/{key}.py: DEMAND")
        for key, value in self.claims.items():
            check(value, "claims", f"claims/{key}.yaml")
        if isinstance(self.config.get("seeds"), list) and len(set(self.config["seeds"])) < len(self.config["seeds"]):
            raise UserError(f"config key 'seeds': {self.config['seeds']} names a seed twice; name each once")

    # ---- artefacts -------------------------------------------------------------------------------------------------

    @cached_property
    def artefacts(self) -> dict[str, str]:
        """Every artefact's kind (tables, figures, claims) by key. A claims page is called `<paper>_claims`."""
        return (
            dict.fromkeys(self.tables, "tables")
            | dict.fromkeys(self.figures, "figures")
            | dict.fromkeys((f"{k}_claims" for k in self.claims), "claims")
        )

    def declaration(self, key: str) -> dict[str, Any]:
        """Declared content of an artefact."""
        kind = choose(key, self.artefacts, "artefact", "artefact")
        folder: dict[str, dict[str, Any]] = getattr(self, kind)
        return folder[key.removesuffix("_claims") if kind == "claims" else key]

    def source(self, key: str) -> str:
        """File that declares an artefact, for messages."""
        kind = self.artefacts[key]
        return f"figures/{key}.py" if kind == "figures" else f"{kind}/{key.removesuffix('_claims')}.yaml"

    def paper(self, key: str) -> str:
        """Key of the document that an artefact belongs to."""
        if self.artefacts[key] == "claims":
            return key.removesuffix("_claims")
        return str(self.declaration(key)["source"]["paper"])

    @cached_property
    def papers(self) -> dict[str, list[str]]:
        """Artefacts by paper."""
        out: dict[str, list[str]] = {}
        for key in self.artefacts:
            out.setdefault(self.paper(key), []).append(key)
        return out

    def select(self, wanted: str | list[str]) -> list[str]:
        """Artefact keys for `all`, a paper, an artefact, or a list of these; UserError with the nearest name."""
        if wanted == "all":
            return list(self.artefacts)
        keys: list[str] = []
        for word in [wanted] if isinstance(wanted, str) else wanted:
            if word in self.papers:
                keys += self.papers[word]
            else:
                choose(word, {**self.artefacts, **self.papers}, "artefact or paper", "config key 'artefacts'")
                keys.append(word)
        return list(dict.fromkeys(keys))

    # ---- slots and demands -----------------------------------------------------------------------------------------

    def seeds(self, declared: int | list[int] | None) -> tuple[int, ...]:
        """Repeats of an artefact at this scale: config wins, else as declared but at most what the scale allows."""
        asked = self.config.get("seeds")
        value = asked if asked is not None else (declared if declared is not None else 1)
        listed = tuple(range(1, value + 1)) if isinstance(value, int) else tuple(value)
        if len(set(listed)) < len(listed):
            raise UserError(f"seeds {list(listed)}: a seed is named twice; name each once")
        limit = self.scales[self.scale].get("seeds")
        return listed if asked is not None or limit is None else listed[:limit]

    def _axis(self, key: str, name: str) -> list[dict[str, Any]]:
        declared = self.declaration(key)
        entries = [dict(e) for e in declared.get(name, [])]
        if declared.get("joins") == name:
            taken = {e.get("method") for e in entries}
            for method, spec in self.methods.items():
                if key in spec.get("joins", []) and method not in taken:
                    entries.append({"key": method, "label": spec["title"], "method": method, "joined": True})
        return entries

    def slots(self, key: str) -> list[Slot]:
        """Every row x column of a table or figure, in declared order."""
        declared = self.declaration(key)
        if declared.get("kind", "accuracy") not in ("accuracy", "curves"):
            return []
        seeds = self.seeds(declared.get("seeds"))
        printed = (declared.get("published") or {}).get("values", {})
        skips = {(s.get("row"), s.get("column")): s["reason"] for s in declared.get("skips", [])}
        common = {k: declared[k] for k in COORDINATES if k in declared}
        slots = []
        for row in self._axis(key, "rows"):
            for column in self._axis(key, "columns"):
                number = printed.get(row["key"], {}).get(column["key"])
                published = None if number is None else (number[0], number[1] if len(number) > 1 else None)
                reason = next(
                    (
                        skips[k]
                        for k in ((row["key"], column["key"]), (row["key"], None), (None, column["key"]))
                        if k in skips
                    ),
                    None,
                )
                cell, absent = (None, reason) if reason else self._fill(key, common, row, column)
                slots.append(
                    Slot(
                        row["key"],
                        row.get("label", row["key"]),
                        column["key"],
                        column.get("label", column["key"]),
                        cell,
                        seeds,
                        published,
                        absent,
                        bool(row.get("joined") or column.get("joined")),
                    )
                )
        return slots

    def _fill(
        self, key: str, common: dict[str, Any], row: dict[str, Any], column: dict[str, Any]
    ) -> tuple[Cell | None, str | None]:
        where = f"{self.source(key)}, row '{row['key']}', column '{column['key']}'"
        if row.get("published_only") or column.get("published_only"):
            return None, "published numbers only"
        return self.cell_of([common, row, column], where)

    def cell_of(self, parts: list[dict[str, Any]], where: str) -> tuple[Cell | None, str | None]:
        """Cell of merged coordinates (later parts win), registered with its specification; or why there is none."""
        at: dict[str, Any] = {}
        for part in parts:
            at |= {k: part[k] for k in COORDINATES if k in part}
        missing = [k for k in COORDINATES if k not in at]
        if missing:
            raise UserError(f"{where}: no {missing[0]} is given")
        method = self.methods.get(at["method"])
        if method is None:
            from lnl.synonyms import SYNONYMS

            choose(at["method"], SYNONYMS, "method", where)
            return None, "not in the suite yet"

        name: str = at["method"]
        changes: dict[str, Any] = {}
        base = self._resolve(at, {}, where)
        for part in parts:
            extra = part.get("set") or {}
            if not extra:
                continue
            if not part.get("variant"):
                raise UserError(f"{where}: 'set' needs a 'variant' that names it in the path")
            if self._resolve(at, changes | extra, where) != self._resolve(at, changes, where):
                name += f"-{part['variant']}"
            changes = changes | extra
        spec = self._resolve(at, changes, where)
        if spec == base:
            name = at["method"]
        cell = Cell(at["protocol"], spec["dataset"], at["noise"], name)
        self._register(cell, Declared(spec, at["dataset"], where))
        return cell, None

    def _resolve(self, at: dict[str, Any], changes: dict[str, Any], where: str) -> dict[str, Any]:
        key = repr((sorted(at.items()), sorted(changes.items())))
        if key not in self._resolved:
            self._resolved[key] = self._resolve_anew(at, changes, where)
        return self._resolved[key]

    def _resolve_anew(self, at: dict[str, Any], changes: dict[str, Any], where: str) -> dict[str, Any]:
        return resolve(
            protocol=at["protocol"],
            protocols=self.protocols,
            scale=self.scale,
            scales=self.scales,
            dataset=at["dataset"],
            noise=at["noise"],
            method=self.methods[at["method"]],
            changes=changes,
            source=where,
            check=self._check,
        )

    def _register(self, cell: Cell, declared: Declared) -> None:
        known = self._cells.setdefault(cell, declared)
        if known.spec != declared.spec:
            raise UserError(f"{declared.source}: {cell.id} has another specification in {known.source}; name a variant")

    def demand(self, key: str) -> list[Run]:
        """Runs that an artefact needs at this scale, each once, in declared order."""
        if key not in self._demands:
            self._demands[key] = list(dict.fromkeys(self._demand(key)))
        return self._demands[key]

    def _demand(self, key: str) -> Iterator[Run]:
        if self.artefacts.get(key) == "claims":
            yield from self._claimed(key)
            return
        for slot in self.slots(key):
            if slot.cell:
                yield from (Run(slot.cell, seed) for seed in slot.seeds)

    def _claimed(self, key: str) -> Iterator[Run]:
        from lnl.claims.declarations import demanded

        for place in demanded(self.declaration(key)):
            where = f"{self.source(key)}, claim '{place.claim}', cell '{place.name}'"
            cell, _ = self.cell_of(place.parts, where)
            if cell:
                yield from (Run(cell, seed) for seed in self.seeds(place.seeds))

    # ---- cells -----------------------------------------------------------------------------------------------------

    @cached_property
    def cells(self) -> dict[Cell, Declared]:
        """Every cell that some artefact declares, with its specification. UserError for one path with two specs."""
        for key in self.artefacts:
            self.demand(key)
        return self._cells

    def declared(self, cell: Cell) -> Declared:
        """Specification of a cell; a plain method that no artefact demands resolves with its defaults."""
        known = self._cells.get(cell) or self.cells.get(cell)
        if known:
            return known
        if cell.method not in self.methods:
            labels = {c.method: 0 for c in self.cells} | dict.fromkeys(self.methods, 0)
            raise UserError(f"{cell.id}: unknown method or variant '{cell.method}'{nearest(cell.method, labels)}")
        protocol = choose(cell.protocol, self.protocols, "protocol", cell.id)
        stand_ins = self.scales[self.scale].get("stand_ins", {}).get("datasets", {})
        papers = [d for d in protocol["datasets"] if stand_ins.get(d, d) == cell.dataset]
        if not papers:
            used = {stand_ins.get(d, d): 0 for d in protocol["datasets"]}
            hint = nearest(cell.dataset, used)
            raise UserError(f"{cell.id}: protocol {cell.protocol} has no '{cell.dataset}' at scale {self.scale}{hint}")
        where = {"protocol": cell.protocol, "dataset": papers[0], "noise": cell.noise, "method": cell.method}
        declared = Declared(self._resolve(where, {}, cell.id), papers[0], "the command line")
        self._cells[cell] = declared
        return declared

    def spec(self, cell: Cell) -> dict[str, Any]:
        """Resolved specification of a cell."""
        return self.declared(cell).spec

    def digest(self, cell: Cell) -> str:
        """Digest of a cell's resolved specification, which its records carry."""
        if cell not in self._digests:
            self._digests[cell] = digest(self.spec(cell))
        return self._digests[cell]

    def parse(self, cell_id: str) -> Cell:
        """Cell of a `protocol/dataset/noise/method` text; UserError if it is not one."""
        parts = cell_id.strip("/").split("/")
        if len(parts) != 4:
            raise UserError(f"'{cell_id}' is not protocol/dataset/noise/method")
        cell = Cell(*parts)
        self.declared(cell)
        return cell

    # ---- what a reader must know -----------------------------------------------------------------------------------

    def comparable(self, key: str) -> str | None:
        """None at paper scale; else a short text that says at what scale the numbers were made."""
        if self.scale == "paper":
            return None
        changes = self._changes(key)
        return f"{self.scale}: {', '.join(changes)}" if changes else self.scale

    def heading(self, key: str) -> str:
        """One line for captions: scale, stand-ins, epochs."""
        return "scale paper: the printed setting" if self.scale == "paper" else f"scale {self.comparable(key)}"

    def _changes(self, key: str) -> list[str]:
        specs = [self.declared(run.cell) for run in self.demand(key)]
        out = [f"{d.spec['dataset']} for {d.paper_dataset}" for d in specs if d.spec["dataset"] != d.paper_dataset]
        for declared in specs:
            used = declared.spec["network"]["name"]
            printed = self.protocols[declared.spec["protocol"]]["datasets"][declared.paper_dataset]["network"]
            if used != printed:
                out.append(f"{used} for {printed}")
        epochs = {(d.spec["epochs"], d.spec["paper_epochs"]) for d in specs}
        out += [f"{t} of {paper} epochs" for t, paper in sorted(epochs) if t != paper]
        return list(dict.fromkeys(out))
