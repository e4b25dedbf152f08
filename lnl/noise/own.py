"""Labels of a declared kind of noise: its matrix on a data set, and what a function of the user's draws."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data.streams import named_stream
from lnl.errors import UserError
from lnl.files.own_code import failed, loaded
from lnl.noise.keys import NoiseKey
from lnl.noise.kinds import NoiseKind, OwnNoise

CLOSE = 1e-6  # to 1, of the sum of a row


def rows(own: OwnNoise, noise: NoiseKey, seed: int) -> NDArray[np.float64] | None:
    """The [K, K] matrix that labels are drawn from, or that `draw` follows; None where nobody knows it.

    UserError for a function that fails, or returns no such matrix.
    """
    kind, classes = own.kind, own.info.classes
    assert noise.rate is not None
    if kind.replaced_by:  # of images that are left in place every label is right
        return np.eye(classes)
    if not kind.functions:
        found = kind.map_of(own.info)
        assert found is not None, "checked when the cell was resolved"
        return np.array(found.rows(noise.rate))
    if "matrix" not in kind.functions:
        return None
    offered = {"classes": classes, "rate": noise.rate, "seed": seed, "stream": _stream("matrix", own, noise, seed)}
    returned = _call(kind, "matrix", offered)
    where = f"{kind.file}: matrix({classes}, {noise.rate:g})"
    matrix = _array(returned, where, "biuf", "numbers").astype(np.float64)
    if matrix.shape != (classes, classes):
        raise UserError(
            f"{where}: has shape {list(matrix.shape)}; [{classes}, {classes}] is wanted, a row a true class"
        )
    wrong = np.flatnonzero(~((matrix >= 0).all(axis=1) & (np.abs(matrix.sum(axis=1) - 1) <= CLOSE)))
    if len(wrong):
        raise UserError(f"{where}: row {wrong[0]} is no distribution: entries from 0 on that sum to 1")
    normalised: NDArray[np.float64] = matrix / matrix.sum(axis=1, keepdims=True)  # numpy draws from nothing less exact
    return normalised


def drawn(
    own: OwnNoise, noise: NoiseKey, seed: int, labels: NDArray[np.int64], images: NDArray[Any]
) -> NDArray[np.int64]:
    """Given labels [N] as the user's function `draw` draws them, for true `labels` [N] and `images` [N, C, H, W].

    It gets copies: what it changes in them changes nothing here. UserError for a function that fails, or returns
    anything but one class for each example.
    """
    kind, classes = own.kind, own.info.classes
    asked, stream = kind.functions["draw"], _stream("draw", own, noise, seed)
    offered: dict[str, Any] = {"classes": classes, "rate": noise.rate, "seed": seed, "stream": stream}
    offered |= {name: np.array(of) for name, of in (("labels", labels), ("images", images)) if name in asked}
    where = f"{kind.file}: draw()"
    found = _array(_call(kind, "draw", offered), where, "iu", "class numbers")
    if found.shape != labels.shape:
        raise UserError(
            f"{where}: returns shape {list(found.shape)}; a label for each of {len(labels)} examples is wanted"
        )
    if len(found) and not 0 <= found.min() <= found.max() < classes:
        raise UserError(f"{where}: returns labels from {found.min()} to {found.max()}; classes are 0 to {classes - 1}")
    return found.astype(np.int64)


def _stream(what: str, own: OwnNoise, noise: NoiseKey, seed: int) -> np.random.Generator:
    return named_stream(f"own noise {what}\n{own.info.key}\n{noise}\n{seed}")


def _call(kind: NoiseKind, function: str, offered: Mapping[str, Any]) -> Any:
    """What a function of the user's returns; an error in it is a line, with its place. It leaves us where we are."""
    here, file = os.getcwd(), kind.file.resolve()
    called: Callable[..., Any] = getattr(_module(kind.file, file.stat().st_mtime_ns, kind.code), function)
    try:
        return called(**{name: offered[name] for name in kind.functions[function]})
    except (Exception, SystemExit) as error:
        raise failed(kind.file, error, f"{function}() failed: ") from None
    finally:
        os.chdir(here)


def _array(returned: Any, where: str, kinds: str, wanted: str) -> NDArray[Any]:
    """What a function returned as an array; UserError where it is none of numbers of these kinds."""
    try:
        found = np.asarray(returned)
    except Exception:  # of a list that is no rectangle, a tensor with a gradient, an object of another's
        raise UserError(f"{where}: returns {type(returned).__name__}, no array of {wanted}") from None
    if found.dtype.kind not in kinds:
        raise UserError(f"{where}: returns {found.dtype}; {wanted} are wanted")
    return found


@cache
def _module(file: Path, stamp: int, code: str) -> ModuleType:
    return loaded(f"lnl_noise_{file.stem}", file)
