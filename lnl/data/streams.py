"""Random numbers of a name: of splits and of labels, the same on every machine."""

from __future__ import annotations

import hashlib

import numpy as np


def named_stream(name: str) -> np.random.Generator:
    """The generator of a name, in which whatever is to tell it from others stands."""
    key = hashlib.sha256(name.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(key[:16], "little")))
