"""From declarations to the resolved specification of one cell: all that may change its numbers, and nothing else.

No paths, devices, threads or scheduling enter a specification. Epochs and steps that a protocol or a method names are
the paper's; at a shorter scale they are read on the paper's clock, t * T_paper / T, so nothing needs to be rescaled.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lnl.data.registry import DatasetInfo
from lnl.declared import declared_sets, lengths, noise_checks, transitions
from lnl.declared.method_parameters import method_parameters
from lnl.declared.nested import merge, set_dotted
from lnl.declared.network_options import check_size, network_used, options_used
from lnl.declared.restarts import without_inherited
from lnl.errors import UserError, choose
from lnl.networks.registry import NETWORKS
from lnl.noise.kinds import NoiseKind

Tree = Mapping[str, Any]

PROTOCOL = "protocol."  # what a variant's change of a protocol value begins with

#: Split of runs that leave out part of the noisy training file and validate on it by its given labels.
NOISY_HOLD_OUT = "noisy-hold-out"

#: Protocol values that are younger than records: at these they stay out of a specification, whose digest is as before.
LEFT_OUT: dict[str, Any] = {
    "augment": "none",
    "evaluated": "all",
    "trained_on": "all",
    "pieces": [],
    "tested_on": "test",
    "top5": False,
}

#: Bumped by hand when the engine changes what it computes (a method's own number is SPEC["version"]). Another rounding
#: of the same sum is no such change: records name the commit that made them.
ENGINE_VERSION = 1


def digest(spec: dict[str, Any]) -> str:
    """Sixteen hexadecimal digits of a resolved specification."""
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]


def of_protocol(changes: Tree) -> dict[str, Any]:
    """What of a variant's changes concerns its protocol; all else are parameters of its method."""
    return {key: value for key, value in changes.items() if key.startswith(PROTOCOL)}


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
    shared = choose(protocol, protocols, "protocol", source)
    reduced = choose(scale, scales, "scale", source)
    stand_ins = reduced.get("stand_ins", {})
    own = choose(dataset, shared["datasets"], f"data set of protocol {protocol}", source)
    usual = without_inherited(shared, merge(shared, own))  # the data set's own values, its network too
    declared = _varied(usual, changes, protocol, source)
    if stage is not None:
        declared = stage(declared)
    if check and (len(own) > 1 or stage is not None or of_protocol(changes)):
        check({k: v for k, v in declared.items() if k != "network"}, source)

    length = lengths.resolved(declared, usual, reduced, scale, source)
    data = _Data.of(dataset, stand_ins, datasets, source)
    matrices = noise_checks.check(noise, noises, data.info, dataset, source)
    declared = _tested(declared, data, source)
    network = network_used(declared["network"], dataset, stand_ins, scale, source)
    check_size(network, data.used, data.info, source)
    own_parameters = {key: value for key, value in changes.items() if not key.startswith(PROTOCOL)}
    parameters = method_parameters(method, own_parameters, (protocol, data.tuned_on, noise), source)
    transitions.check(parameters, noise, data.info.classes, source, matrices)
    options = options_used(declared["network"], network, declared.get("network_options", {}), source)
    _check_sets(declared, protocol, method, data, source)
    return {
        "engine": ENGINE_VERSION,
        "protocol": protocol,
        "dataset": data.used,
        "noise": {"key": noise, **declared["noise"]},
        **_split(declared, parameters, data),
        "network": {"name": network, "options": options},
        **length,
        "untrained_epoch": declared["untrained_epoch"],
        **{key: declared[key] for key, unsaid in LEFT_OUT.items() if declared.get(key, unsaid) != unsaid},
        **_arithmetic(declared, reduced, network),
        **_sets(declared, data, source),
        "batch": _batch(declared, reduced, data.info),
        "optimiser": _optimiser(declared, usual, reduced),
        "limits": _limits(reduced, length),
        "method": {
            "key": method.get("extends", method["key"]),
            "version": method["version"],
            "parameters": parameters,
        },
    }


def _varied(usual: dict[str, Any], changes: Tree, protocol: str, source: str) -> dict[str, Any]:
    """A protocol with what a variant changes of it. UserError for a key that is not there, and for a length in another
    unit than the protocol's."""
    changed = of_protocol(changes)
    declared = copy.deepcopy(usual) if changed else usual  # only then: ten thousand cells share one protocol
    for key, value in changed.items():
        if "length" in declared and key in ("protocol.epochs", "protocol.untrained_epoch"):
            raise UserError(f"{source}: {key}, and protocol {protocol} counts steps; set protocol.length.steps")
        set_dotted(declared, key.removeprefix(PROTOCOL), value, source)
    return without_inherited(usual, declared)


@dataclass(frozen=True)
class _Data:
    """The data set that a paper names, and the one that is used: it or, at this scale, its stand-in."""

    printed: str
    used: str
    datasets: Mapping[str, DatasetInfo]

    @classmethod
    def of(cls, printed: str, stand_ins: Tree, datasets: Mapping[str, DatasetInfo], source: str) -> _Data:
        used = stand_ins.get("datasets", {}).get(printed, printed)
        choose(used, datasets, "data set", source)
        return cls(printed, used, datasets)

    @property
    def info(self) -> DatasetInfo:
        """Facts about the one that is used."""
        return self.datasets[self.used]

    @property
    def stands_in(self) -> bool:
        return self.used != self.printed

    @property
    def tuned_on(self) -> str:
        """The data set whose settings of a method hold: what was tuned on one holds for that one in another form
        (news2-lsa), and for no other stand-in."""
        return self.printed if self.info.form_of == self.printed else self.used

    @property
    def meant(self) -> DatasetInfo:
        """Facts about the one that the paper names, for which counts are meant."""
        return self.datasets[self.printed]


def _split(declared: Tree, parameters: Tree, data: _Data) -> dict[str, Any]:
    """On which images a run validates."""
    share = parameters.get("hold_out")
    if share is not None:  # a method that holds examples out validates on them, whatever the protocol splits
        return {"split": NOISY_HOLD_OUT, "hold_out": {"share": share}}
    if data.stands_in and declared["split"] == "test-halves" and data.info.validation:
        return {"split": "own"}  # a stand-in with validation images of its own need not halve its few test images
    return {"split": declared["split"]}


def _tested(declared: dict[str, Any], data: _Data, source: str) -> dict[str, Any]:
    """A protocol with the test set that the data which are used have. UserError for one that they lack."""
    tested_on = declared.get("tested_on", "test")
    if data.stands_in and tested_on not in data.info.further_tests:  # a stand-in has one test part
        return {k: v for k, v in declared.items() if k != "tested_on"}
    if tested_on != "test":
        choose(tested_on, data.info.further_tests, f"test set of {data.used}", source)
    return declared


def _arithmetic(declared: Tree, reduced: Tree, network: str) -> dict[str, Any]:
    """How a network computes, where there is another way than the faithful one: of a linear one there is none."""
    arithmetic = reduced.get("arithmetic", declared.get("arithmetic", "faithful"))
    return {"arithmetic": arithmetic} if arithmetic != "faithful" and not NETWORKS[network].linear else {}


def _check_sets(declared: Tree, protocol: str, method: Tree, data: _Data, source: str) -> None:
    """UserError for a set that the method reads, or that is trained on, and that the protocol does not declare."""
    sets = declared.get("sets") or {}
    for name in method.get("sets", ()):
        if name not in sets:
            count = declared_sets.suggested(sets, data.meant)
            raise UserError(
                f"{source}: {method['key']} reads a set '{name}', which protocol {protocol} does not declare; add "
                f"sets: {{{name}: {{count: {count}, balanced: true}}}} to it"
            )
    if (only := declared.get("trained_on", "all")) != "all":
        choose(only, sets, "set of 'trained_on'", source)


def _sets(declared: Tree, data: _Data, source: str) -> dict[str, Any]:
    sets = declared.get("sets")
    return {"sets": declared_sets.resolved(sets, data.info, data.meant, source)} if sets else {}


def _batch(declared: Tree, reduced: Tree, info: DatasetInfo) -> dict[str, Any]:
    """Batches of the protocol, or as large as the scale has them; data too few for these keep their protocol's."""
    batch = {"steps_cap": None, **declared["batch"]}
    if "batch_size" in reduced and 2 * reduced["batch_size"] <= info.train:
        batch["size"] = reduced["batch_size"]
    return batch


def _optimiser(declared: Tree, usual: Tree, reduced: Tree) -> dict[str, Any]:
    """The optimiser, at the learning rate of the scale if that has one: it stands for the protocol's own rate, to which
    a variant's keeps its ratio; another optimiser keeps its rate."""
    optimiser, printed = dict(declared["optimiser"]), usual["optimiser"]
    if "learning_rate" in reduced and optimiser["name"] == printed["name"]:
        optimiser["lr"] = reduced["learning_rate"] * (optimiser["lr"] / printed["lr"])
    return optimiser


def _limits(reduced: Tree, length: Tree) -> dict[str, Any]:
    """What a scale cuts short; a period of a training in steps is as long as it says."""
    keys = ("test_images",) if "length" in length else ("steps_per_epoch", "test_images")
    return {key: reduced[key] for key in keys if key in reduced}
