"""Fetching files through torchvision where they are absent, with one clear line where the network refuses."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from lnl.errors import UserError

TIMEOUT = 30.0  # seconds without an answer; torchvision itself sets none


def download(title: str, files: str, root: Path, fetch: Callable[[], object]) -> None:
    """Call `fetch`, a torchvision data set with download=True.

    `files` says in words which files belong where. Raises UserError with that remedy when fetching fails.
    """
    there = root.exists()
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        root.mkdir(parents=True, exist_ok=True)
        fetch()
    except (OSError, RuntimeError, HTTPException) as error:  # URLError is an OSError
        if not there:
            shutil.rmtree(root, ignore_errors=True)  # a mistyped root leaves nothing behind
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise UserError(
            f"{title} is not under the data root {root} and could not be downloaded ({reason}); "
            f"put {files} there, or point LNL_DATA_ROOT at a folder that has them"
        ) from error
    finally:
        socket.setdefaulttimeout(before)
