"""The cell whose network predicts the labels of a noise `semantic-<network>`: standard training, protocol `labeller`.

It is declared by the noise that names it, as the source of a hand-over is by its reader. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lnl.errors import UserError, choose
from lnl.networks.registry import NETWORKS
from lnl.noise.keys import SEMANTIC, parse

PROTOCOL = "labeller"
METHOD = "standard"
NOISE = "clean"
POINT = "final"  # at which the labeller hands its network over

Tree = Mapping[str, Any]


def network_of(noise: str, where: str) -> str | None:
    """The network that labels under a noise; None for any other noise. UserError for one that there is not."""
    key = parse(noise)
    if key.kind != SEMANTIC:
        return None
    choose(str(key.name), NETWORKS, "network", f"{where}: noise '{noise}'")
    return key.name


def coordinates(dataset: str) -> dict[str, str]:
    """Where the labeller of a paper's data set stands."""
    return {"protocol": PROTOCOL, "dataset": dataset, "noise": NOISE, "method": METHOD}


def changes(network: str) -> dict[str, str]:
    """What a labeller of this network changes in its protocol."""
    return {"protocol.network": network}


def paper_dataset(protocols: Tree, used_for: Callable[[str], str], dataset: str, where: str) -> str:
    """The paper's data set behind the one that is used. UserError where the protocol has no labeller for it.

    used_for: the data set that is used in place of a paper's (`Catalogue.used_for`).
    """
    declared = choose(PROTOCOL, protocols, "protocol", where)["datasets"]
    found = [name for name in declared if used_for(name) == dataset]
    if not found:
        used = ", ".join(dict.fromkeys(used_for(name) for name in declared))
        raise UserError(f"{where}: nobody labels {dataset}: protocol {PROTOCOL} has {used}; add the data set to it")
    return str(found[0])


def can_label(protocols: Tree, noise: str, dataset: str) -> bool:
    """Whether a paper's data set has a labeller, or none is needed: the noise is no network's."""
    return parse(noise).kind != SEMANTIC or dataset in protocols.get(PROTOCOL, {}).get("datasets", {})


def named(protocol: str, noise: str, method: str) -> str | None:
    """The network in the name of a labeller's cell, `standard-<network>`; None for any other cell."""
    network = method.removeprefix(f"{METHOD}-")
    there = protocol == PROTOCOL and noise == NOISE and method != network
    return network if there and network in NETWORKS else None
