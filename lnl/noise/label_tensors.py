"""Arrays in files that torch has written: a tensor, or a dictionary of tensors, arrays and lists. Imports torch.

CIFAR-N's files are dictionaries of numpy arrays. `weights_only` lets nothing but tensors in; the functions with which
numpy writes an array down, in versions before and after 2.0, and its types of numbers are let in here as well.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

_NUMBERS = tuple(type(np.dtype(code)) for code in ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"))


def tensors(raw: bytes) -> dict[str, NDArray[Any]]:
    """Arrays by name in the bytes of a file, '' for a single one; what is none is left out.

    Raises what torch raises (of many kinds) for bytes that it does not read without running them.
    """
    rebuild = np.empty(0).__reduce__()[0]
    allowed: list[Any] = [np.ndarray, np.dtype, *_NUMBERS, np.str_, type(np.dtype("U1"))]
    allowed += [(rebuild, f"numpy.{home}.multiarray._reconstruct") for home in ("core", "_core")]
    with torch.serialization.safe_globals(allowed):
        found = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    if not isinstance(found, dict):
        found = {"": found}
    arrays = {str(name): _array(value) for name, value in found.items()}
    return {name: array for name, array in arrays.items() if array is not None}


def _array(value: Any) -> NDArray[Any] | None:
    if isinstance(value, torch.Tensor):
        value = value.detach()
        return np.asarray((value.double() if value.is_floating_point() else value).numpy())
    if isinstance(value, list | tuple) and all(isinstance(each, int | float | str) for each in value):
        return np.array(value)
    return value if isinstance(value, np.ndarray) else None
