"""Operations that make a host wait for its device, noticed on a CPU as well."""

from __future__ import annotations

from torch.utils._python_dispatch import TorchDispatchMode


class Synchronisations(TorchDispatchMode):
    """Lists in `seen` what waits, within its `with`."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        name = str(func)
        if any(
            word in name
            for word in ("_local_scalar_dense", "nonzero", "is_nonzero", "aten.item", "masked_select", "unique")
        ):
            self.seen.append(name)
        return func(*args, **(kwargs or {}))
