"""The SPECs of methods, beyond their schema: parameters that exist, values and ranges that hold the defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lnl.declared import handovers, noise_checks, searched, settings, transitions
from lnl.declared.decision_switches import Declarations
from lnl.declared.method_parameters import method_parameters
from lnl.errors import UserError, choose
from lnl.noise.keys import SHAPES

POINTS = ("final", "best-validation", "lowest-validation-loss")
_STEP = re.compile(r"step-[1-9][0-9]{0,8}")

Tree = Mapping[str, Any]


def check(catalogue: Declarations, key: str, spec: dict[str, Any]) -> None:
    """UserError for a SPEC that names what is not there, or contradicts itself."""
    methods, artefacts = catalogue.methods, catalogue.tables | catalogue.figures
    open_to = {name: artefact for name, artefact in artefacts.items() if "joins" in artefact}
    where = f"{spec['file']}: SPEC"
    _check_parameters(spec, catalogue.searches, where)
    for setting, changes in spec.get("settings", {}).items():
        _check_setting(spec, setting, catalogue, f"{where}, settings '{setting}'")
        _check_values(spec, changes, catalogue.searches, f"{where}, settings '{setting}'")
    settings.check_apart(spec.get("settings", {}), f"{where}, settings")
    for name, (source, point, *given) in spec.get("handovers", {}).items():
        _check_handover(methods, source, point, f"{where}, handovers '{name}'")
        _check_values(spec, given[0] if given else {}, catalogue.searches, f"{where}, handovers '{name}'")
    for table in spec.get("joins", []):
        if table in artefacts and table not in open_to:
            raise UserError(f"{spec['file']}: '{table}' takes no further methods; those that do: {', '.join(open_to)}")
        choose(table, open_to, f"table (SPEC 'joins' of {key})", spec["file"])
    handovers.check(methods, key)


def _check_parameters(spec: dict[str, Any], searches: Tree, where: str) -> None:
    parameters = spec["parameters"]
    for name in (*spec.get("values", {}), *spec.get("ranges", {})):
        choose(name, parameters, f"parameter of {spec['key']}", f"{where}, values and ranges")
    for name, allowed in spec.get("values", {}).items():
        kinds = {type(value) for value in allowed if value is not None}
        if len(kinds) > 1 or not kinds <= {str, bool, int, float}:
            raise UserError(
                f"{where}, values: those of {name} are not of one kind, words, numbers, or yes and no: {allowed}"
            )
    for name, (low, high) in spec.get("ranges", {}).items():
        if high is not None and low > high:
            raise UserError(f"{where}, ranges: {name} from {low:g} to {high:g}; write the smaller number first")
    _check_values(spec, {}, searches, where)


def _check_values(spec: dict[str, Any], changes: dict[str, Any], searches: Tree, where: str) -> None:
    """UserError for parameters that the method could not be run with."""
    own = {key: value for key, value in changes.items() if value is not None}  # null: left out on this setting
    transitions.check_kind(own, where)
    searched.check(method_parameters(spec, own, ("", "", ""), where), spec["parameters"], searches, where)


def _check_setting(spec: dict[str, Any], setting: str, catalogue: Declarations, where: str) -> None:
    """A setting that names nothing would never apply, and nobody would notice."""
    parts = setting.split("/")
    if len(parts) != 3:
        raise UserError(f"{where}: write protocol/dataset/noise, with * for any, and <kind>-* for a noise of any rate")
    known: dict[str, Tree] = {"protocol": catalogue.protocols, "data set": catalogue.datasets}
    for word, (what, names) in zip(parts, known.items(), strict=False):
        if word != "*":
            choose(word, names, what, where)
    if parts[2].endswith(settings.KIND):
        kinds = [*(kind for kind in SHAPES if kind != "clean"), *catalogue.noises]  # clean has no rate
        choose(parts[2].removesuffix(settings.KIND), dict.fromkeys(kinds, 0), "kind of noise", where)
    elif parts[2] != settings.ANY:
        noise_checks.declared(parts[2], catalogue.noises, where)
    for key in spec["settings"][setting]:
        choose(key, spec["parameters"], f"parameter of {spec['key']}", where)


def _check_handover(methods: dict[str, dict[str, Any]], source: str, point: str, where: str) -> None:
    choose(source, methods, "method", where)
    if point not in POINTS and not _STEP.fullmatch(point):
        raise UserError(f"{where}: '{point}' is no point of a training: {', '.join(POINTS)}, or step-<n>")
