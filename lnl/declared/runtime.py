"""What a run takes by declaration: minutes and memory of one whole run of the method that a protocol names.

Jobs, plans and pages read them here. `runtime_of` names the dearest of a protocol's methods: what a scheduler is asked
for is enough for any of them, and a plan prices the others by their own work (`lnl.run.price.cost`). Standard library
only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lnl.declared import lengths
from lnl.declared.nested import merge
from lnl.errors import UserError, choose

Tree = Mapping[str, Any]


@dataclass(frozen=True)
class Runtime:
    """One run of `method` at scale paper, on the network that its protocol has for a data set; None: not declared."""

    method: str
    cuda_minutes: float | None
    cpu_minutes: float | None
    memory_mb: int | None

    def minutes(self, gpu: bool) -> float | None:
        """Of one GPU, or of one CPU core."""
        return self.cuda_minutes if gpu else self.cpu_minutes


def declared(protocol: Tree, dataset: str) -> Runtime | None:
    """What a protocol declares of a run on the paper's data set; None where it declares nothing."""
    known = protocol.get("runtime", {}).get(dataset)
    if not known:
        return None
    return Runtime(protocol["runtime_of"], known.get("cuda_minutes"), known.get("cpu_minutes"), known.get("memory_mb"))


def share(spec: dict[str, Any], protocol: dict[str, Any], dataset: str) -> float:
    """A run's length as a part of the run that is declared: of the protocol's, or of the data set's own."""
    return lengths.share(spec, merge(protocol, protocol["datasets"][dataset]))


def check(protocol: Tree, methods: Tree, where: str) -> None:
    """UserError for minutes of no method, or of an unknown one."""
    if "runtime_of" in protocol:
        choose(protocol["runtime_of"], methods, "method", f"{where}: runtime_of")
    elif any(protocol.get("runtime", {}).values()):
        raise UserError(f"{where}: 'runtime' does not say whose it is; add runtime_of: and the dearest method")
