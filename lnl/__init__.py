"""The LNL suite from Python: `suite = lnl.open("a checkout", scale="paper")`, and its numbers as frames.

Nothing is imported here that opening a suite needs: every job of the DAG imports this package. docs/python.md shows
what an opened suite can do.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from lnl.errors import UserError

if TYPE_CHECKING:
    from os import PathLike

    from lnl.cli.opened import Opened

__all__ = ["UserError", "open"]

# torch's own, when forward-mode derivatives are used for the first time
warnings.filterwarnings("ignore", message=".*torch.jit.script. is deprecated")


def open(
    path: str | PathLike[str] = ".", scale: str | None = None, *, committed: bool = False, **configuration: Any
) -> Opened:
    """The suite of the checkout at `path`, as its declarations are now; the working directory may change afterwards.

    scale: a file of config/scales; None for the one in config/config.yaml. committed: its results are the records that
    are committed under docs/reproduction. configuration: other keys of config/config.yaml, such as seeds=3 or
    data_root="/data". UserError, one line, for what a user can put right.
    """
    from lnl.cli.opened import opened

    try:
        return opened(path, scale, committed, configuration)
    except UserError as error:
        raise error.with_traceback(None) from None  # one line, without our inside
