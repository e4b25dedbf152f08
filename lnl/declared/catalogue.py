"""What a checkout declares, read and validated once: protocols, scales, methods, searches, tables, figures, claims.

Standard library and PyYAML only: every cluster job parses this. jsonschema is used in the head process
(`validate=True`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from lnl.data.registry import DatasetInfo
from lnl.declared import configuration, decisions, distinct, names, naming, noise_files
from lnl.declared.reading import named_files, read_folder, read_literal, read_mapping, read_methods
from lnl.declared.specification import choose, merge
from lnl.errors import UserError
from lnl.noise import keys as noise_keys
from lnl.noise.kinds import OwnNoise


def like(protocols: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Protocols that say they are `like` another one, with what they change on top of it. UserError for a chain."""
    out = {}
    for key, own in protocols.items():
        base = own.get("like")
        if base is not None and "like" in choose(base, protocols, "protocol", f"config/protocols/{key}.yaml"):
            raise UserError(f"config/protocols/{key}.yaml: is like '{base}', which itself is like another one")
        out[key] = merge(protocols[base], {k: v for k, v in own.items() if k != "like"}) if base else own
    return out


def with_features(
    scales: dict[str, dict[str, Any]], features: str, datasets: Mapping[str, DatasetInfo]
) -> dict[str, dict[str, Any]]:
    """Scales in which news2-lsa, which is another form of news2, stands in for it, and so on, unless the scale names
    another stand-in.

    The papers' features of 20 Newsgroups need GloVe vectors that a user has to bring (decision news_features); with
    `glove` nothing is replaced.
    """
    choose(features, {"lsa": 0, "glove": 0}, "value", "config key 'news_features'")
    if features == "glove":
        return scales
    ours = {"stand_ins": {"datasets": {info.form_of: key for key, info in datasets.items() if info.form_of}}}
    return {key: merge(ours, scale) for key, scale in scales.items()}


def _checked(declaration: object, kind: str, source: str) -> None:
    from lnl.declared.schema import check  # read with jsonschema, which jobs never import

    check(declaration, kind, source)


def _check_variant(protocol: dict[str, Any], where: str) -> None:
    """UserError for a protocol that a data set or a variant has changed into none."""
    from lnl.declared.protocol_checks import check_optimiser

    _checked(protocol, "protocol", where)
    check_optimiser(protocol["optimiser"], protocol["epochs"], where)


class Catalogue:
    """All declarations of one checkout, at one scale: read, validated, and by the names that people ask for."""

    def __init__(self, root: Path, config: dict[str, Any], validate: bool) -> None:
        self.root = root
        self.config = config
        self.scale: str = config["scale"]
        self._check: Callable[[dict[str, Any], str], None] | None = None
        if validate:
            self._check = _check_variant
        self.datasets = self._datasets()
        self.noises = noise_files.read(
            root / "config" / "noises", self.datasets, (lambda s, w: _checked(s, "noise", w)) if validate else None
        )
        self.protocols = like(self._folder("config/protocols", "protocol"))
        self.scales = with_features(self._folder("config/scales", "scale"), config["news_features"], self.datasets)
        self.methods = read_methods(root / "methods", (lambda s, w: _checked(s, "method", w)) if validate else None)
        self.searches = self._folder("config/searches", "search")
        self.spaces = self._folder("config/spaces", "space")
        self.synthetic = read_mapping(root / "config" / "synthetic.yaml")
        self.tables = self._folder("tables", "table")
        self.figures = self._figures()
        self.claims = self._folder("claims", "claims")
        if validate:
            self._validate()
        choose(self.scale, self.scales, "scale", "config key 'scale'")

    @classmethod
    def load(cls, root: Path | str = ".", config: Mapping[str, Any] | None = None, validate: bool = True) -> Self:
        """Read the declarations under `root`; `config` overrides keys of config/config.yaml. UserError if invalid."""
        root = Path(root)
        values = configuration.read(root, config)
        if validate:
            _checked(values, "config", "config")
        return cls(root, values, validate)

    def _folder(self, name: str, kind: str) -> dict[str, dict[str, Any]]:
        """Declared files of a folder by name, each as its schema says, if declarations are validated."""
        found = read_folder(self.root / name)
        for key, value in found.items() if self._check is not None else ():
            _checked(value, kind, f"{name}/{key}.yaml")
        return found

    def _datasets(self) -> dict[str, DatasetInfo]:
        found = self._folder("config/datasets", "dataset")
        place = self.root / "config" / "datasets"
        return {key: DatasetInfo.of(key, declared, place / f"{key}.yaml") for key, declared in found.items()}

    def own_noise(self, noise: str, dataset: str) -> OwnNoise | None:
        """The declared kind behind a noise, on a data set; None for a noise of the suite's own kinds, and for files."""
        kind = noise_keys.parse(noise).kind
        return OwnNoise(self.noises[kind], self.dataset(dataset)) if kind in self.noises else None

    def dataset(self, key: str) -> DatasetInfo:
        """The facts about a declared data set; UserError with the nearest name where there is none."""
        return choose(key, self.datasets, "data set", "config/datasets")

    def _figures(self) -> dict[str, dict[str, Any]]:
        found = {}
        for path in named_files(self.root / "figures", "py"):
            found[path.stem] = read_literal(path, "DEMAND") or {}
            if self._check is not None:
                _checked(found[path.stem], "figure", f"figures/{path.name}: DEMAND")
        return found

    def _validate(self) -> None:
        """UserError for what no schema can tell of one file: names declared elsewhere, values that go together."""
        from lnl.declared.whole_checks import check

        _checked(self.synthetic, "synthetic", "config/synthetic.yaml")
        naming.check(self.methods, self.scales, self.synthetic, self.tables, self.figures, self.claims)
        for name in self.config["label_files"] or {}:
            names.check(name, "label file", "config key 'label_files'", names.FREE)
        distinct.check_artefacts(self.sources())
        check(self)
        if isinstance(self.config.get("seeds"), list) and len(set(self.config["seeds"])) < len(self.config["seeds"]):
            raise UserError(f"config key 'seeds': {self.config['seeds']} names a seed twice; name each once")

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

    def sources(self) -> Iterator[tuple[str, str, str]]:
        """(key, file, paper) of every artefact, also of two of one name, which `artefacts` cannot hold."""
        for kind in ("tables", "figures"):
            for key, declared in getattr(self, kind).items():
                yield key, f"{kind}/{key}.{'py' if kind == 'figures' else 'yaml'}", str(declared["source"]["paper"])
        yield from ((f"{key}_claims", f"claims/{key}.yaml", key) for key in self.claims)

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

    def select(self, wanted: str | list[str], where: str = "config key 'artefacts'") -> list[str]:
        """Artefact keys for `all`, a paper, an artefact, or a list of these; UserError with the nearest name."""
        if wanted == "all":
            return list(self.artefacts)
        keys: list[str] = []
        for word in [wanted] if isinstance(wanted, str) else wanted:
            if word in self.papers:
                keys += self.papers[word]
            else:
                choose(word, {**self.artefacts, **self.papers}, "artefact or paper", where)
                keys.append(word)
        return list(dict.fromkeys(keys))

    @property
    def selected(self) -> list[str]:
        """Artefacts that are built when none is named: config key 'artefacts', else the scale's, else all."""
        asked = self.config["artefacts"]
        if asked:
            return self.select(asked)
        return self.select(
            self.scales[self.scale].get("artefacts") or "all", f"config/scales/{self.scale}.yaml: artefacts"
        )

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
