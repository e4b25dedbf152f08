"""What a checkout declares, read and validated once: protocols, scales, methods, searches, tables, figures, claims.

Standard library and PyYAML only: every cluster job parses this. jsonschema is used in the head process
(`validate=True`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from lnl.data.registry import DATASETS, LSA, NEWS
from lnl.declared import decisions, handovers, names, naming
from lnl.declared.reading import named_files, read_folder, read_literal, read_methods, read_yaml
from lnl.declared.search_file import check as check_search
from lnl.declared.search_options import resolved
from lnl.declared.specification import choose, merge
from lnl.errors import UserError


def like(protocols: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Protocols that say they are `like` another one, with what they change on top of it. UserError for a chain."""
    out = {}
    for key, own in protocols.items():
        base = own.get("like")
        if base is not None and "like" in choose(base, protocols, "protocol", f"config/protocols/{key}.yaml"):
            raise UserError(f"config/protocols/{key}.yaml: is like '{base}', which itself is like another one")
        out[key] = merge(protocols[base], {k: v for k, v in own.items() if k != "like"}) if base else own
    return out


def with_features(scales: dict[str, dict[str, Any]], features: str) -> dict[str, dict[str, Any]]:
    """Scales in which news2-lsa stands in for news2, and so on, unless the scale names another stand-in.

    The papers' features of 20 Newsgroups need GloVe vectors that a user has to bring (decision news_features); with
    `glove` nothing is replaced.
    """
    choose(features, {"lsa": 0, "glove": 0}, "value", "config key 'news_features'")
    if features == "glove":
        return scales
    ours = {"stand_ins": {"datasets": {key: key + LSA for key in NEWS}}}
    return {key: merge(ours, scale) for key, scale in scales.items()}


class Catalogue:
    """All declarations of one checkout, at one scale: read, validated, and by the names that people ask for."""

    def __init__(self, root: Path, config: dict[str, Any], validate: bool) -> None:
        self.root = root
        self.config = config
        self.scale: str = config["scale"]
        self.protocols = like(read_folder(root / "config" / "protocols"))
        self.scales = with_features(read_folder(root / "config" / "scales"), config.get("news_features", "lsa"))
        self.methods = read_methods(root / "methods")
        self.searches = read_folder(root / "config" / "searches")
        self.spaces = read_folder(root / "config" / "spaces")
        self.synthetic = read_yaml(root / "config" / "synthetic.yaml")
        self.tables = read_folder(root / "tables")
        self.figures = {p.stem: read_literal(p, "DEMAND") or {} for p in named_files(root / "figures", "py")}
        self.claims = {k: self._as_mapping(v) for k, v in read_folder(root / "claims").items()}
        self._check: Callable[[dict[str, Any], str], None] | None = None
        if validate:
            self._validate()
        choose(self.scale, self.scales, "scale", "config key 'scale'")

    @classmethod
    def load(cls, root: Path | str = ".", config: Mapping[str, Any] | None = None, validate: bool = True) -> Self:
        """Read the declarations under `root`; `config` overrides keys of config/config.yaml. UserError if invalid."""
        root = Path(root)
        values = {**read_yaml(root / "config" / "config.yaml"), **(config or {})}
        if validate:
            from lnl.declared.schema import check

            check(values, "config", "config")
        return cls(root, values, validate)

    @staticmethod
    def _as_mapping(declaration: Any) -> dict[str, Any]:
        return declaration if isinstance(declaration, dict) else {"claims": declaration}

    def _validate(self) -> None:
        from lnl.declared.schema import check

        self._check = lambda protocol, where: check(protocol, "protocol", where)
        naming.check(self.methods, self.scales, self.synthetic, self.tables, self.figures, self.claims)
        for name in self.config.get("label_files") or {}:
            names.check(name, "label file", "config key 'label_files'", names.FREE)
        check(self.synthetic, "synthetic", "config/synthetic.yaml")
        for key, value in self.synthetic["algorithms"].items():
            resolved(value["algorithm"], f"config/synthetic.yaml: algorithms, {key}: ")
        for key, value in self.protocols.items():
            check(value, "protocol", f"config/protocols/{key}.yaml")
        for key, value in self.scales.items():
            check(value, "scale", f"config/scales/{key}.yaml")
        for key, value in self.searches.items():
            check(value, "search", f"config/searches/{key}.yaml")
            check_search(key, value, self.spaces)
        for key, value in self.spaces.items():
            check(value, "space", f"config/spaces/{key}.yaml")
        for key, spec in self.methods.items():
            check({k: v for k, v in spec.items() if k != "file"}, "method", f"{spec['file']}: SPEC")
            self._check_settings(spec)
            for table in spec.get("joins", []):
                declared = self.tables | self.figures
                choose(table, declared, f"table (SPEC 'joins' of {key})", spec["file"])
                if "joins" not in declared[table]:
                    open_to = ", ".join(k for k, v in declared.items() if "joins" in v)
                    raise UserError(f"{spec['file']}: '{table}' takes no further methods; those that do: {open_to}")
        handovers.check(self.methods)
        for key, value in self.tables.items():
            check(value, "table", f"tables/{key}.yaml")
        for key, value in self.figures.items():
            check(value, "figure", f"figures/{key}.py: DEMAND")
        for key, value in self.claims.items():
            check(value, "claims", f"claims/{key}.yaml")
        if isinstance(self.config.get("seeds"), list) and len(set(self.config["seeds"])) < len(self.config["seeds"]):
            raise UserError(f"config key 'seeds': {self.config['seeds']} names a seed twice; name each once")

    def _check_settings(self, spec: dict[str, Any]) -> None:
        """UserError for a setting of a SPEC that names nothing: it would never apply, and nobody would notice."""
        for setting, changes in spec.get("settings", {}).items():
            where = f"{spec['file']}: SPEC, settings '{setting}'"
            parts = setting.split("/")
            if len(parts) != 3:
                raise UserError(f"{where}: write protocol/dataset/noise, with * for any")
            known: dict[str, dict[str, Any]] = {"protocol": self.protocols, "data set": DATASETS}
            for word, (what, options) in zip(parts, known.items(), strict=False):
                if word != "*":
                    choose(word, options, what, where)
            for key in changes:
                choose(key, spec["parameters"], f"parameter of {spec['key']}", where)

    @cached_property
    def decisions(self) -> decisions.Decisions:
        """What is decided where the sources disagree: read when asked for, and checked if the declarations are."""
        found = decisions.read(self.root, validate=self._check is not None)
        if self._check is not None:
            from lnl.declared.decision_checks import check

            check(self, found)
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

    @property
    def selected(self) -> list[str]:
        """Artefacts that are built when none is named: config key 'artefacts', else the scale's, else all."""
        return self.select(self.config["artefacts"] or self.scales[self.scale].get("artefacts") or "all")

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
