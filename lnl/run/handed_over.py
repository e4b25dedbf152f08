"""Files of hand-overs: networks and optimiser of a run at a declared point, as safetensors that say whose they are.

Their header carries the run, what it was made of, and a digest of all that. Standard library only, but to write and
to load one: a job that publishes what is there imports no torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lnl.files import replacing
from lnl.files.sealed import clear

if TYPE_CHECKING:
    from torch import Tensor

SEAL = "seal"
_LENGTH = 8  # bytes that tell how long the header is
_MOST = 100 * 2**20  # bytes of a header, as the format limits it


def write(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, str]) -> None:
    """Write tensors, and of what they are (words by key), to the disk before this returns."""
    from safetensors.torch import save, save_file

    header, data = _parts(save(dict(tensors)))
    clear(path)
    with replacing(path, durable=True) as temporary:
        save_file(dict(tensors), temporary, {**about, SEAL: _seal(header, about, data)})


def sound(path: Path, about: Mapping[str, str]) -> bool:
    """Whether a file is there, undamaged, and of nothing but what `about` says."""
    try:
        return obstacle(path, about) is None
    except FileNotFoundError:
        return False


def obstacle(path: Path, about: Mapping[str, str]) -> str | None:
    """Why a file is not what `about` says, in words; None if it is. FileNotFoundError where none is."""
    try:
        header, data = _parts(path.read_bytes())
        known = dict(header.pop("__metadata__", {}))
        told = known.pop(SEAL, None)
        if told != _seal(header, known, data):
            return "damaged: it is not what its seal was made of"
    except FileNotFoundError:
        raise
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    except (ValueError, TypeError, AttributeError):
        return "damaged: no safetensors file"
    other = [key for key in about if known.get(key) != about[key]]
    return f"of another {other[0]} ({known.get(other[0])}, not {about[other[0]]})" if other else None


def load(path: Path) -> dict[str, Tensor]:
    """The tensors of a file that is sound."""
    from safetensors.torch import load_file

    return load_file(path)


def _parts(content: bytes) -> tuple[dict[str, Any], memoryview]:
    """Header and data. ValueError for what is no such file."""
    length = int.from_bytes(content[:_LENGTH], "little")
    if not 2 <= length <= min(_MOST, len(content) - _LENGTH):
        raise ValueError("no header")
    header = json.loads(content[_LENGTH : _LENGTH + length])
    if not isinstance(header, dict):
        raise ValueError("no header")
    return header, memoryview(content)[_LENGTH + length :]


def _seal(header: Mapping[str, Any], about: Mapping[str, str], data: memoryview) -> str:
    made = hashlib.sha256(json.dumps([header, about], sort_keys=True).encode())
    made.update(data)
    return made.hexdigest()[:32]
