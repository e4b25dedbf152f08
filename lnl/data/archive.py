"""The files inside a tar archive, read one after another in memory: nothing is unpacked to the disk."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator

LARGEST = 256 * 2**20  # bytes of all files together; the largest, CIFAR's, have 186 MB


def files(content: bytes) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each plain file in order; links, devices and folders are passed over.

    ValueError for bytes that are no whole archive, or are far larger than any that a data set of this suite has.
    """
    try:
        unpacker = zlib.decompressobj(wbits=31)  # of gzip
        plain = unpacker.decompress(content, LARGEST)
        if not unpacker.eof:
            raise ValueError(f"cut short, or of more than {LARGEST} bytes")
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            for member in archive:
                if not member.isreg():
                    continue
                stream = archive.extractfile(member)
                assert stream is not None  # a plain file has content
                yield member.name, stream.read()
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"not a whole .tar.gz ({error})") from error
