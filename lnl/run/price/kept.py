"""Memory that a step keeps for its backward passes: the most of it that is held at one time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self
from weakref import finalize

from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks


class _Saved:
    """A saved tensor in the graph's hands; it goes when the graph lets it go."""

    __slots__ = ("__weakref__", "tensor")

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


class KeptForBackward:
    """Counts what graphs built inside it keep. A storage counts once, however many operations saved it, and as long as
    one of them holds it: its address may then be another's. `parameters` are there anyway and do not count."""

    def __init__(self, parameters: Iterable[Tensor]) -> None:
        self.most = 0  # bytes
        self._now = 0
        self._own = {weight.untyped_storage()._cdata for weight in parameters}
        self._holders: dict[int, int] = {}

    def __enter__(self) -> Self:
        self._hooks = saved_tensors_hooks(self._save, lambda saved: saved.tensor)
        self._hooks.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._hooks.__exit__(*raised)

    def _save(self, tensor: Tensor) -> _Saved:
        saved, storage = _Saved(tensor), tensor.untyped_storage()
        if storage._cdata in self._own:
            return saved
        if storage._cdata not in self._holders:
            self._now += storage.nbytes()
            self.most = max(self.most, self._now)
        self._holders[storage._cdata] = self._holders.get(storage._cdata, 0) + 1
        finalize(saved, self._let_go, storage._cdata, storage.nbytes())
        return saved

    def _let_go(self, storage: int, size: int) -> None:
        self._holders[storage] -= 1
        if not self._holders[storage]:
            del self._holders[storage]
            self._now -= size
