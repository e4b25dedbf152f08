"""Fetching files where they are absent, with one clear line where the network refuses."""

from __future__ import annotations

import shutil
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from lnl.errors import UserError

TIMEOUT = 30.0  # seconds without an answer
LARGEST = 512 * 2**20  # bytes: no file that the suite fetches is half as large


def fetch(*addresses: str) -> bytes:
    """What the first of these addresses that answers holds, which is not to be trusted before its sum is checked.

    OSError or HTTPException if none does.
    """
    for last, address in enumerate(addresses, 1):
        try:
            with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:
                content: bytes = answer.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise OSError(f"{address} sends far more than the file that is looked for")
            return content
        except (OSError, HTTPException):
            if last == len(addresses):
                raise
    raise OSError("no address")


def download(title: str, files: str, root: Path, get: Callable[[], object]) -> None:
    """Call `get`, which fetches a data set and writes its files below `root`.

    `files` says in words which files belong where. Raises UserError with that remedy when fetching fails.
    """
    there = root.exists()
    try:
        root.mkdir(parents=True, exist_ok=True)
        get()
    except (OSError, HTTPException, UserError) as error:  # URLError is an OSError
        if not there:
            shutil.rmtree(root, ignore_errors=True)  # a mistyped root leaves nothing behind
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise UserError(
            f"{title} is not under the data root {root} and could not be downloaded ({reason}); "
            f"put {files} there, or point LNL_DATA_ROOT at a folder that has them"
        ) from error
