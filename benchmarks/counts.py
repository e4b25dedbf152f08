"""Counting what a step asks for: operations dispatched, and moments at which the host would wait for a device.

Counts are exact and do not depend on the machine. On a CPU nothing waits, so what would wait on a GPU is counted by
name: operations whose result the host must know (a value, or a shape that depends on values), and the tensor methods
that read a tensor into Python without passing through the dispatcher.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

# Operations after which the host knows a value, or a shape that depends on values.
WAITS = {
    "_local_scalar_dense",
    "item",
    "is_nonzero",
    "equal",
    "allclose",
    "nonzero",
    "masked_select",
    "_unique",
    "_unique2",
    "unique_dim",
    "unique_consecutive",
    "bincount",
    "repeat_interleave",
}
# Methods that hand a CPU tensor's memory to Python directly; on a GPU each begins with a copy to the host.
READS = ("numpy", "tolist", "__array__", "cpu", "__dlpack__")
ALLOCATIONS = ("empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided")


class Counting(TorchDispatchMode):
    """Counts operations by name while it is active; `operations` leaves out views and bare allocations."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: Counter[str] = Counter()
        self.waits: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        if name in WAITS or _indexes_by_truth(name, args) or _leaves_the_device(name, args, kwargs or {}):
            self.waits[name] += 1
        if not func.is_view and name not in ALLOCATIONS and name != "_unsafe_view":
            self.operations[name] += 1
        return func(*args, **(kwargs or {}))


def _indexes_by_truth(name: str, args: Any) -> bool:
    """Boolean indexing: how many elements there are must be known before the result can be allocated."""
    if name not in ("index", "index_put", "index_put_"):
        return False
    return any(isinstance(i, torch.Tensor) and i.dtype in (torch.bool, torch.uint8) for i in args[1])


def _leaves_the_device(name: str, args: Any, kwargs: Any) -> bool:
    source = next((a for a in args if isinstance(a, torch.Tensor)), None)
    if name == "copy_":
        return args[0].device.type == "cpu" and args[1].device.type != "cpu"
    target = kwargs.get("device")
    to_host = target is not None and torch.device(target).type == "cpu"
    return name == "_to_copy" and to_host and source is not None and source.device.type != "cpu"


@contextmanager
def counting() -> Iterator[Counting]:
    """Everything that torch does inside the block, reads by `numpy`, `tolist` and the like included."""
    mode = Counting()
    kept = {name: getattr(torch.Tensor, name) for name in READS}

    def counted(name: str, read: Callable) -> Callable:
        def method(self: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            mode.waits[name] += 1
            return read(self, *args, **kwargs)

        return method

    own = {name: name in torch.Tensor.__dict__ for name in READS}
    for name, read in kept.items():
        setattr(torch.Tensor, name, counted(name, read))
    try:
        with mode:
            yield mode
    finally:
        for name, read in kept.items():
            if own[name]:
                setattr(torch.Tensor, name, read)
            else:
                delattr(torch.Tensor, name)
