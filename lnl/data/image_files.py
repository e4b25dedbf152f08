"""Images that stay in their files, since all of them do not fit in memory: how they are named, looked at, and read.

Colours are made of whatever a file holds: grey, a palette, four inks (PIL's conversion to RGB, as torchvision's loader
has it). A JPEG is whole if it ends with its end mark; one that does not, or is no JPEG, is decoded to find out.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

END = b"\xff\xd9"  # end of image (ITU T.81, table B.1)
TAIL = 64  # bytes in which it is looked for: some cameras write a few behind it
DEEP = "keeps its pixels as more than 8 bits a channel"
#: What PIL raises about bytes that are no image, or too large a one.
ERRORS = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


@dataclass(frozen=True)
class Look:
    """What a look at a file has found: its size in bytes, how its pixels are kept, and what is wrong with it, or ''."""

    size: int
    mode: str = ""
    wrong: str = ""


def deep(image: Image.Image) -> bool:
    """Whether pixels are kept as more than 8 bits: PIL's conversion to 8 makes white of whatever is above 255. The kind
    of pixel says it, not the values: one file of a set may happen to be dark."""
    return image.mode == "F" or image.mode.startswith("I")


def entries(paths: Sequence[str], sizes: Sequence[int]) -> NDArray[np.void]:
    """Images [N] with the fields `path`, bytes in UTF-8 below the data root, and `bytes`, the size of the file."""
    encoded = [path.encode() for path in paths]
    made = np.zeros(len(encoded), dtype=[("path", f"S{max(map(len, encoded), default=1)}"), ("bytes", "<i8")])
    made["path"], made["bytes"] = encoded, sizes
    return made


def look(file: Path) -> Look:
    """Look at a file without decoding it, if that can say whether it is whole."""
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, io.SEEK_END)
            stream.seek(max(0, size - TAIL))
            ended = END in stream.read()
            stream.seek(0)
            with Image.open(stream) as image:
                if image.format != "JPEG" or not ended:
                    image.load()
                return Look(size, image.mode, DEEP if deep(image) else "")
    except FileNotFoundError:
        return Look(0, wrong="is not there")
    except ERRORS as error:
        return Look(0, wrong=f"cannot be read ({told(error)})")


def decoded(file: Path, size: int) -> Image.Image:
    """A file's image as RGB. ValueError where the file has another size than when it was looked at, or is no image."""
    try:
        content = file.read_bytes()
        if len(content) != size:
            raise ValueError(f"has {len(content):,} bytes, and had {size:,} when the data were prepared")
        with Image.open(io.BytesIO(content)) as image:
            return image.convert("RGB")
    except ERRORS as error:
        raise ValueError(told(error)) from None


def told(error: Any) -> str:
    """An error of PIL's or the system's in few words, without the address of a stream."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(words).split(" <_io")[0]
