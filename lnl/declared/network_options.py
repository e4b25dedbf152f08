"""The network of a specification: the protocol's or its stand-in, whether it takes the images, and its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.data.registry import DatasetInfo
from lnl.errors import UserError, choose
from lnl.networks import registry
from lnl.networks.registry import NETWORKS

#: What a network's option is in a specification that does not name it: another default of a network is always named, so
#: that the digest of a network never outlives what it computes.
UNNAMED = {"dropout": "none", "shortcut": "identity", "batch_norm_scale": "ones"}

#: Options that are younger than records: at these values they stay out of a specification, whoever names them.
NEVER_NAMED = {"batch_norm_scale": "ones"}


def network_used(named: str, dataset: str, stand_ins: Mapping[str, Any], scale: str, source: str) -> str:
    """The network that is trained where a protocol names one for a paper's data set: at this scale, it or what stands
    in for it. UserError for an unknown one, and for a data set without a stand-in of its own where they have some."""
    choose(named, NETWORKS, "network", source)
    used = stand_ins.get("networks", {}).get(named, named)
    if isinstance(used, dict):  # by the paper's data set: one network on two data sets may need two stand-ins
        used = choose(dataset, used, f"data set of the stand-ins for {named}", f"scale {scale}")
    return str(used)


def check_size(network: str, dataset: str, info: DatasetInfo, source: str) -> None:
    """UserError for images that are smaller than a network takes, where the registry says how small they may be."""
    height, width = info.shape[1:]
    side = choose(network, NETWORKS, "network", source).smallest
    if min(height, width) < side:
        raise UserError(
            f"{source}: network '{network}' needs images of at least {side} x {side}, and those of {dataset} are "
            f"{height} x {width}; name another network"
        )


def options_used(named: str, used: str, said: Mapping[str, str], source: str) -> dict[str, str]:
    """Options of the network that is trained; of a stand-in those that it has as well. UserError for a value that the
    network that the protocol names does not know."""
    options = network_options(named, said, source)
    if used == named:
        return options
    known = choose(used, NETWORKS, "network", source).options
    return network_options(used, {k: v for k, v in said.items() if v in known.get(k, ())}, source)


def network_options(network: str, said: Mapping[str, str], source: str) -> dict[str, str]:
    """Options of a network as a specification names them, of those that a protocol says for all of its networks.
    UserError for a value that this one does not know."""
    has = choose(network, NETWORKS, "network", source).options
    try:
        _, chosen = registry.resolve(network, {k: v for k, v in said.items() if k in has})
    except UserError as error:
        raise UserError(f"{source}: {error}") from None
    return {k: v for k, v in chosen.items() if NEVER_NAMED.get(k) != v and (k in said or UNNAMED.get(k) != v)}
