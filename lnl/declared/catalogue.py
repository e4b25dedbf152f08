"""What a checkout declares, read and validated once: protocols, scales, methods, searches, tables, figures, claims.

Standard library and PyYAML only: every cluster job parses this. jsonschema is used in the head process
(`validate=True`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from lnl.declared import configuration, decisions, names
from lnl.declared.contents import Contents, checked
from lnl.declared.layers import KNOWN, LABELS, SPARED
from lnl.declared.left_out import LeftOut
from lnl.errors import Unknown, UserError, alike, choose


class Catalogue(Contents):
    """All declarations of one checkout, at one scale: held against each other, and by the names that people ask for."""

    def __init__(self, root: Path, config: dict[str, Any], validate: bool) -> None:
        super().__init__(root, config, validate)
        if self._check is not None:
            self._validate()
        with self.layers.explained():
            choose(self.scale, self.scales, "scale", "config key 'scale'")

    @classmethod
    def load(cls, root: Path | str = ".", config: Mapping[str, Any] | None = None, validate: bool = True) -> Self:
        """Read the declarations under `root`; `config` overrides keys of config/config.yaml. UserError if invalid.

        What is wrong in an overlay is left out, with a line in `layers.left_out`; an overlay's declarations are always
        validated, unless the head of this job has done so.
        """
        root = Path(root)
        values = configuration.read(root, config)
        if validate:
            checked(
                {key: value for key, value in values.items() if key not in (KNOWN, LABELS, SPARED)}, "config", "config"
            )
        return cls(root, values, validate)

    def _validate(self) -> None:
        """UserError for what no schema can tell of one file: names declared elsewhere, values that go together."""
        from lnl.declared.whole_checks import check

        for name in self.config["label_files"] or {}:
            names.check(name, "label file", "config key 'label_files'", names.FREE)
        check(self)
        if isinstance(self.config.get("seeds"), list) and len(set(self.config["seeds"])) < len(self.config["seeds"]):
            raise UserError(f"config key 'seeds': {self.config['seeds']} names a seed twice; name each once")

    @cached_property
    def decisions(self) -> decisions.Decisions:
        """What is decided where the sources disagree: read when asked for, and checked if the declarations are."""
        found = decisions.read(self.root, validate=self._check is not None)
        if self._check is not None:
            from lnl.declared.decision_checks import check

            check(self.without_overlays(), found)
        return found

    # ---- artefacts -------------------------------------------------------------------------------------------------

    @cached_property
    def artefacts(self) -> dict[str, str]:
        """Every artefact's kind (tables, figures, claims) by key. A claims page is called `<paper>_claims`."""
        return (
            dict.fromkeys(self.tables, "tables")
            | dict.fromkeys(self.figures, "figures")
            | dict.fromkeys((f"{k}_claims" for k in self.claims), "claims")
        )

    def sources(self) -> Iterator[tuple[str, str, str]]:
        """(key, file, paper) of every artefact, also of two of one name, which `artefacts` cannot hold."""
        for kind in ("tables", "figures"):
            for key, declared in getattr(self, kind).items():
                yield key, self.source_of(kind, key), str(declared["source"]["paper"])
        yield from ((f"{key}_claims", self.source_of("claims", key), key) for key in self.claims)

    def declaration(self, key: str) -> dict[str, Any]:
        """Declared content of an artefact."""
        if key in self.broken:
            raise self.broken[key]
        kind = choose(key, self.artefacts, "artefact", "artefact")
        folder: dict[str, dict[str, Any]] = getattr(self, kind)
        return folder[key.removesuffix("_claims") if kind == "claims" else key]

    def source(self, key: str) -> str:
        """File that declares an artefact, for messages."""
        kind = self.artefacts[key]
        return self.source_of(kind, key.removesuffix("_claims") if kind == "claims" else key)

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

    @property
    def broken(self) -> dict[str, LeftOut]:
        """Artefacts of overlays that are left out, and the error that says what is wrong with each."""
        found = {}
        for file, fault in self.layers.left_out.items():
            kind, key = Path(file).parent.name, Path(file).stem
            if kind in ("tables", "figures", "claims"):
                found[f"{key}_claims" if kind == "claims" else key] = LeftOut(*fault.lines, files=[file])
        return found

    def select(self, wanted: str | list[str], where: str = "") -> list[str]:
        """Artefact keys for `all`, a paper, an artefact, or a list of these; UserError with the nearest name.

        where: the place in which they stand; nothing for what was typed.
        """
        if wanted == "all":
            return list(self.artefacts)
        words = [wanted] if isinstance(wanted, str) else wanted
        with self.layers.explained():
            return list(dict.fromkeys(key for word in words for key in self._selected(word, where)))

    def _selected(self, word: str, where: str) -> list[str]:
        """Artefacts of one name, which is a paper's or their own."""
        if word in self.broken:
            raise self.broken[word]
        if word in self.papers:
            return self.papers[word]
        known = {**self.artefacts, **self.papers}
        if not where and word not in known:
            raise Unknown("", "artefact or paper", word, f"{alike(word, known)}; `lnl status all` lists them")
        choose(word, known, "artefact or paper", where)
        return [word]

    @property
    def selected(self) -> list[str]:
        """Artefacts that are built when none is named: config key 'artefacts', else the scale's, else all."""
        asked = self.config["artefacts"]
        if asked:
            return self.select(asked, "config key 'artefacts'")
        return self.select(
            self.scales[self.scale].get("artefacts") or "all", f"config/scales/{self.scale}.yaml: artefacts"
        )

    def used_for(self, dataset: str) -> str:
        """The data set that is trained on where a paper names this one: at this scale, it or its stand-in."""
        return str(self.scales[self.scale].get("stand_ins", {}).get("datasets", {}).get(dataset, dataset))

    def mode(self, protocol: str) -> str:
        """How a protocol's runs that could share a program are trained: `single` or `stacked`.

        Declared by kind of device in the protocol or, where stand-ins make runs small, in the scale.
        """
        declared = self.protocols[protocol].get("mode", {}) | self.scales[self.scale].get("mode", {})
        return str(declared.get("cuda" if self.config.get("device") == "cuda" else "cpu", "single"))

    def seeds(self, declared: int | list[int] | None) -> tuple[int, ...]:
        """Repeats of an artefact at this scale: config wins, else as declared but at most what the scale allows."""
        asked = self.config.get("seeds")
        value = asked if asked is not None else (declared if declared is not None else 1)
        listed = tuple(range(1, value + 1)) if isinstance(value, int) else tuple(value)
        if len(set(listed)) < len(listed):
            raise UserError(f"seeds {list(listed)}: a seed is named twice; name each once")
        limit = self.scales[self.scale].get("seeds")
        return listed if asked is not None or limit is None else listed[:limit]
