"""The rights of an ordinary user for a block of a test: for root, no folder's mode holds otherwise."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_VERSION = 0x20080522  # of the kernel's interface, with capabilities in two words
_OVERRIDES = 0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


@contextmanager
def ordinary() -> Iterator[None]:
    """While the block runs, modes hold for this thread, and for what it forks, though it be root's. Linux."""
    if os.geteuid() != 0:
        yield
        return
    header, words = (ctypes.c_uint32 * 2)(_VERSION, 0), (ctypes.c_uint32 * 6)()
    library = ctypes.CDLL(None, use_errno=True)
    if library.capget(header, words):
        raise OSError(ctypes.get_errno(), "capget")
    before = words[0]
    words[0] = before & ~_OVERRIDES
    if library.capset(header, words):
        raise OSError(ctypes.get_errno(), "capset")
    try:
        yield
    finally:
        words[0] = before
        library.capset(header, words)
