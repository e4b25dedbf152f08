"""Named random streams: what is random is named by what it is for, and never by the method, variant or candidate.

So methods are paired (same initial weights, same batches), and a resumed run needs no generator state: a stream is
keyed by the epoch or step it serves.
"""

from __future__ import annotations

import hashlib

import torch


def seed_of(*name: object) -> int:
    """A 63-bit seed from a name; different names give independent streams."""
    text = "/".join(map(str, name))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


class Streams:
    """All random numbers of one run: (protocol, data set, seed, purpose, ...)."""

    def __init__(self, protocol: str, dataset: str, seed: int) -> None:
        self._name = (protocol, dataset, seed)

    def seed(self, purpose: str, *place: int) -> int:
        """Seed of one purpose (initialisation, order, dropout, ...) at a place (network, epoch, step)."""
        return seed_of(*self._name, purpose, *place)

    def generator(self, purpose: str, *place: int, device: torch.device | str = "cpu") -> torch.Generator:
        """Generator of one purpose at a place."""
        return torch.Generator(device).manual_seed(self.seed(purpose, *place))

    def permutation(self, n: int, purpose: str, *place: int) -> torch.Tensor:
        """Permutation of 0..n-1, drawn on the host so that every device sees the same order."""
        return torch.randperm(n, generator=self.generator(purpose, *place))
