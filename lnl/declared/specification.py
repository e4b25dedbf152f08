"""From declarations to the resolved specification of one cell: all that may change its numbers, and nothing else.

No paths, devices, threads or scheduling enter a specification. Epochs and steps that a protocol or a method names are
the paper's; at a shorter scale they are read on the paper's clock, t * T_paper / T, so nothing needs to be rescaled.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from lnl.data.registry import DatasetInfo
from lnl.declared import declared_sets, lengths, noise_checks, settings, transitions
from lnl.declared.restarts import without_inherited
from lnl.errors import UserError, choose
from lnl.networks import registry
from lnl.networks.registry import NETWORKS
from lnl.noise.kinds import NoiseKind

#: Split of runs that leave out part of the noisy training file and validate on it by its given labels.
NOISY_HOLD_OUT = "noisy-hold-out"

#: Protocol values that are younger than records: at these they stay out of a specification, whose digest is as before.
LEFT_OUT: dict[str, Any] = {
    "augment": "none",
    "evaluated": "all",
    "batch_norm_scale": "ones",
    "trained_on": "all",
    "pieces": [],
    "tested_on": "test",
    "top5": False,
}

#: What a network's option is in a specification that does not name it: another default of a network is always named, so
#: that the digest of a network never outlives what it computes.
UNNAMED = {"dropout": "none", "shortcut": "identity", "batch_norm_scale": "ones"}

#: Bumped by hand when the engine changes what it computes (a method's own number is SPEC["version"]). Another rounding
#: of the same sum is no such change: records name the commit that made them.
ENGINE_VERSION = 1


def digest(spec: dict[str, Any]) -> str:
    """Sixteen hexadecimal digits of a resolved specification."""
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, recursively; neither is changed, and what they have in common is shared."""
    out = dict(base)
    for key, value in over.items():
        out[key] = merge(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out


def set_dotted(tree: dict[str, Any], dotted: str, value: Any, source: str) -> None:
    """Set one existing value of a nested declaration; UserError for a key that is not there."""
    *parents, last = dotted.split(".")
    node = tree
    for part in parents:
        node = choose(part, node, "key", source)
        if not isinstance(node, dict):
            raise UserError(f"{source}: '{dotted}' goes below '{part}', which has no keys")
    choose(last, node, "key", source)
    node[last] = value


def method_parameters(
    spec: dict[str, Any], over: dict[str, Any], where: tuple[str, str, str], source: str
) -> dict[str, Any]:
    """Defaults of a method, its overrides for a setting (protocol, dataset, noise), then `over`.

    A parameter that is null is left out: a method may gain an option without making its records stale.
    """
    values = dict(spec.get("parameters", {}))
    for key, value in (settings.changes(spec.get("settings", {}), where) | over).items():
        choose(key, values, f"parameter of {spec['key']}", source)
        values[key] = value
    for key, allowed in spec.get("values", {}).items():
        searched = isinstance(values.get(key), dict) and "search" in values[key]  # for one of the allowed
        if not searched and values.get(key) not in allowed:
            raise UserError(
                f"{source}: {key} = {values.get(key)!r}; {spec['key']} knows {', '.join(map(str, allowed))}"
            )
    _check_types(spec, values, source)
    for key, (low, high) in spec.get("ranges", {}).items():
        value = values.get(key)
        if value is None or isinstance(value, dict):  # a search, or what `searched` refuses
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or value < low or (high is not None and value > high):
            wanted = f"numbers from {low:g} on" if high is None else f"{low:g} to {high:g}"
            if not number:
                wanted = f"a number from {low:g} {'on' if high is None else f'to {high:g}'}, without quotes"
            raise UserError(f"{source}: {key} = {value!r}; {spec['key']} takes {wanted}")
    return {key: value for key, value in values.items() if value is not None}


def _check_types(spec: dict[str, Any], values: dict[str, Any], source: str) -> None:
    """UserError for a word where the method has a number or a yes, for a fraction where it counts something, and for
    null where none of its own values is."""
    nullable = {key for changes in spec.get("settings", {}).values() for key, value in changes.items() if value is None}
    nullable |= {key for key, allowed in spec.get("values", {}).items() if None in allowed}
    for key, default in spec.get("parameters", {}).items():
        value = values[key]
        if default is None or isinstance(value, dict) or isinstance(default, dict):
            continue
        if value is None and key not in nullable:
            raise UserError(
                f"{source}: {key} is null, and {spec['key']} has no meaning for that; its default is {default!r}"
            )
        kinds = {bool: "true or false", int: "a whole number, written without a point,", float: "a number"}
        wanted = kinds.get(type(default))
        fits = type(value) is type(default) or (isinstance(default, float) and type(value) is int)
        if wanted and value is not None and not fits:
            raise UserError(
                f"{source}: {key} = {value!r}; {spec['key']} takes {wanted} there, its default is {default!r}"
            )


def check_size(network: str, dataset: str, info: DatasetInfo, source: str) -> None:
    """UserError for images that are smaller than a network takes, where the registry says how small they may be."""
    height, width = info.shape[1:]
    side = choose(network, NETWORKS, "network", source).smallest
    if min(height, width) < side:
        raise UserError(
            f"{source}: network '{network}' needs images of at least {side} x {side}, and those of {dataset} are "
            f"{height} x {width}; name another network"
        )


def network_options(network: str, said: Mapping[str, str], source: str) -> dict[str, str]:
    """Options of a network as a specification names them, of those that a protocol says for all of its networks.
    UserError for a value that this one does not know."""
    has = choose(network, NETWORKS, "network", source).options
    try:
        _, chosen = registry.resolve(network, {k: v for k, v in said.items() if k in has})
    except UserError as error:
        raise UserError(f"{source}: {error}") from None
    return {k: v for k, v in chosen.items() if LEFT_OUT.get(k) != v and (k in said or UNNAMED.get(k) != v)}


def resolve(
    *,
    protocol: str,
    protocols: dict[str, Any],
    scale: str,
    scales: dict[str, Any],
    dataset: str,
    datasets: Mapping[str, DatasetInfo],
    noise: str,
    noises: Mapping[str, NoiseKind],
    method: dict[str, Any],
    changes: dict[str, Any],
    source: str,
    check: Callable[[dict[str, Any], str], None] | None = None,
    stage: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Resolved specification of a cell.

    `dataset` is the paper's; a scale may put a stand-in, another one of `datasets`, in its place. `noises` are
    declared kinds. `changes` are a variant's: bare keys are method parameters, `protocol.<dotted>` keys are protocol
    values. `source` names the declaration in errors; `check`, where given, validates a protocol that a data set or a
    variant has changed; `stage` puts a stage's own values into it.
    """
    declared = choose(protocol, protocols, "protocol", source)
    reduced = choose(scale, scales, "scale", source)
    own = choose(dataset, declared["datasets"], f"data set of protocol {protocol}", source)
    usual = declared = without_inherited(declared, merge(declared, own))  # the data set's own values, its network too
    printed = dict(declared["optimiser"])
    if any(key.startswith("protocol.") for key in changes):
        declared = copy.deepcopy(declared)  # only then: ten thousand cells share one protocol
    parameters = {}
    for key, value in changes.items():
        if key.startswith("protocol."):
            if "length" in declared and key in ("protocol.epochs", "protocol.untrained_epoch"):
                raise UserError(f"{source}: {key}, and protocol {protocol} counts steps; set protocol.length.steps")
            set_dotted(declared, key.removeprefix("protocol."), value, source)
        else:
            parameters[key] = value
    declared = without_inherited(usual, declared)
    if stage is not None:
        declared = stage(declared)
    if check and (len(own) > 1 or len(parameters) < len(changes) or stage is not None):
        check({k: v for k, v in declared.items() if k != "network"}, source)

    if "length" in declared:
        length = {"length": lengths.at_scale(declared, usual, reduced)}
        epochs, paper_epochs = lengths.periods(length["length"]), lengths.periods(declared["length"])
    else:
        length, paper_epochs = {}, declared["epochs"]
        epochs = min(reduced.get("epochs", paper_epochs), paper_epochs)
        shorter = f", at scale {scale}" if epochs < paper_epochs else ""
        lengths.check_length(epochs, declared["untrained_epoch"], f"{source}{shorter}")
    stand_ins = reduced.get("stand_ins", {})
    used = stand_ins.get("datasets", {}).get(dataset, dataset)
    info = choose(used, datasets, "data set", source)
    rows = noise_checks.check(noise, noises, info, dataset, source)

    split = declared["split"]
    if used != dataset and split == "test-halves" and info.validation:
        split = "own"  # a stand-in that brings validation images of its own need not halve its few test images
    tested_on = declared.get("tested_on", "test")
    if used != dataset and tested_on not in info.further_tests:  # a stand-in has one test part
        declared = {k: v for k, v in declared.items() if k != "tested_on"}
    elif tested_on != "test":
        choose(tested_on, info.further_tests, f"test set of {used}", source)
    choose(declared["network"], NETWORKS, "network", source)
    network = stand_ins.get("networks", {}).get(declared["network"], declared["network"])
    if isinstance(network, dict):  # by the paper's data set: one network on two data sets may need two stand-ins
        network = choose(dataset, network, f"data set of the stand-ins for {declared['network']}", f"scale {scale}")
    check_size(network, used, info, source)
    # what was tuned on a data set holds for that one in another form (news2-lsa), and for no other stand-in
    tuned_on = dataset if info.form_of == dataset else used
    values = method_parameters(method, parameters, (protocol, tuned_on, noise), source)
    transitions.check(values, noise, info.classes, source, rows)
    share = values.get("hold_out")  # a method that holds examples out validates on them, whatever the protocol splits
    said = declared.get("network_options", {})
    options = network_options(declared["network"], said, source)
    if network != declared["network"]:  # of a stand-in those that it has as well
        known = choose(network, NETWORKS, "network", source).options
        options = network_options(network, {k: v for k, v in said.items() if v in known.get(k, ())}, source)
    arithmetic = reduced.get("arithmetic", declared.get("arithmetic", "faithful"))
    sets = declared.get("sets")
    for name in method.get("sets", ()):
        if name not in (sets or {}):
            count = declared_sets.suggested(sets or {}, datasets[dataset])
            raise UserError(
                f"{source}: {method['key']} reads a set '{name}', which protocol {protocol} does not declare; add "
                f"sets: {{{name}: {{count: {count}, balanced: true}}}} to it"
            )
    if (only := declared.get("trained_on", "all")) != "all":
        choose(only, sets or {}, "set of 'trained_on'", source)
    unlimited = ("steps_per_epoch",) if length else ()  # a period is as long as it says
    batch = {"steps_cap": None, **declared["batch"]}
    if "batch_size" in reduced and 2 * reduced["batch_size"] <= info.train:  # a smaller data set keeps its protocol's
        batch["size"] = reduced["batch_size"]
    optimiser = dict(declared["optimiser"])
    if "learning_rate" in reduced and optimiser["name"] == printed["name"]:
        # it stands for the protocol's own rate: a variant's keeps its ratio to that, another optimiser keeps its rate
        optimiser["lr"] = reduced["learning_rate"] * (optimiser["lr"] / printed["lr"])
    return {
        "engine": ENGINE_VERSION,
        "protocol": protocol,
        "dataset": used,
        "noise": {"key": noise, **declared["noise"]},
        **({"split": split} if share is None else {"split": NOISY_HOLD_OUT, "hold_out": {"share": share}}),
        "network": {"name": network, "options": options},
        "epochs": epochs,
        "paper_epochs": paper_epochs,
        **length,
        "untrained_epoch": declared["untrained_epoch"],
        **{
            k: declared[k]
            for k in ("augment", "evaluated", "trained_on", "pieces", "tested_on", "top5")
            if declared.get(k, LEFT_OUT[k]) != LEFT_OUT[k]
        },
        **({"arithmetic": arithmetic} if arithmetic != "faithful" and not NETWORKS[network].linear else {}),
        **({"sets": declared_sets.resolved(sets, info, datasets[dataset], source)} if sets else {}),
        "batch": batch,
        "optimiser": optimiser,
        "limits": {k: reduced[k] for k in ("steps_per_epoch", "test_images") if k in reduced and k not in unlimited},
        "method": {
            "key": method.get("extends", method["key"]),
            "version": method["version"],
            "parameters": values,
        },
    }
