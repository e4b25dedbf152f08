"""`lnl …`: everything that a rule does can be done by hand. A user's error is one line, without a traceback."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the command `lnl`."""
    from lnl.cli.app import app
    from lnl.errors import UserError

    try:
        app()
    except UserError as error:
        print(f"lnl: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("lnl: interrupted; what was finished is kept", file=sys.stderr)
        sys.exit(130)
