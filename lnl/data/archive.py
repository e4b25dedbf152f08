"""The files inside a tar archive, read one after another in memory: nothing is unpacked to the disk."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator

LARGEST = 256 * 2**20  # bytes of one file; the largest is CIFAR-100's training batch with 155 MB
TOTAL = 2 * LARGEST


def files(content: bytes) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each plain file in order; links, devices and folders are passed over.

    ValueError for bytes that are no archive, or whose files are larger than any that a data set of this suite has.
    """
    total = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r|gz") as archive:
            for member in archive:
                if not member.isreg():
                    continue
                total += member.size
                if member.size > LARGEST or total > TOTAL:
                    raise ValueError(f"{member.name!r} is larger than any file of this data set")
                stream = archive.extractfile(member)
                assert stream is not None  # a plain file has content
                yield member.name, stream.read()
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"not a whole .tar.gz ({error})") from error
