"""The warm worker's process: `python -m lnl.cli.worker LISTENER LIFELINE COMMAND` (lnl/run/worker)."""

from __future__ import annotations

import sys

from lnl.cli import run
from lnl.run.worker.server import Server

if __name__ == "__main__":
    Server(int(sys.argv[1]), int(sys.argv[2]), run).run(sys.argv[3])
