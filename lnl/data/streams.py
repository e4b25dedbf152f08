"""Random numbers of a name: of splits and of labels, the same on every machine."""

from __future__ import annotations

import hashlib

import numpy as np


def named_stream(name: str) -> np.random.Generator:
    """A generator that begins at the SHA-256 of a name. Equal names give equal numbers, so that a name holds all that
    the numbers are to depend on: what is drawn, data set, seed."""
    key = hashlib.sha256(name.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(key[:16], "little")))
