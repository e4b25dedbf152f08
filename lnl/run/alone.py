"""One head on one scale's results. Standard library and filelock only.

Two heads that make the same files take them from each other: Snakemake deletes a job's outputs before it starts and
after it fails, whatever another one is waiting for. Its own lock would stay behind a killed head, so all profiles
switch it off; this one is the system's and ends with its process. Only a start that is about to run jobs takes it: no
dry run, no `--unlock`, `--lint` or `--report`, and no Snakemake inside a job, which works for the head that holds it.

Heads at different scales may work at the same time: no path below results/ is shared by two scales, the cache folder is
shared by all and has locks of its own, and Snakemake's folder keeps a file per output. But a scale may take its
searches from another one (`transfer` from `lite`), and its head writes there too: it holds both.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from lnl.declared import paths
from lnl.errors import UserError
from lnl.files import said, sealed
from lnl.files.locks import Busy, Lock

_held: dict[str, Lock] = {}  # as long as this process lives


def alone(scales: Iterable[str]) -> None:
    """Hold the results of these scales for this process. UserError if another head does, with who and since when."""
    for scale in sorted(set(scales) - set(_held)):  # in one order everywhere
        folder = Path(paths.results(), scale)
        with suppress(OSError):  # the lock will say why
            folder.mkdir(parents=True, exist_ok=True)
        note = folder / "head.json"
        try:
            _held[scale] = Lock(folder / "head.lock").acquire(timeout=0)
        except Busy:
            raise UserError(
                f"{folder}: another Snakemake is at work there ({_who(note)}); wait until it is done, or end it"
            ) from None
        since = datetime.now().astimezone().isoformat(" ", "seconds")
        with suppress(UserError):  # on a full disk nobody learns the name of who holds it
            sealed.write(note, {"pid": os.getpid(), "host": socket.gethostname(), "since": since})


def _who(note: Path) -> str:
    try:
        found = sealed.read(note)
        return said(f"process {found['pid']} on {found['host']} since {found['since']}")
    except (OSError, ValueError, KeyError):
        return "it has left no name"
