"""What names are made of that become a part of a path, a wildcard of the DAG or a word on a command line.

One rule for all of them (standard library only): a name that is none of a shell's business, is spelled in one way where
a file system takes capital and small letters for the same, begins no option and leads to no other folder.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from lnl.errors import UserError
from lnl.noise.keys import NAME as NOISE

NAME = r"[a-z0-9][a-z0-9_-]*"
RULE = "small letters a to z, digits, '-' and '_', beginning with a letter or digit"
FREE = NOISE  # noises and label files: points and capitals as well
NUMBER = r"[0-9]+"
WORDS = r"[a-z][a-z_]*"  # what the suite's own code has a list of

#: What Snakemake, Make or a cluster's scheduler would not take as it is in the path of a checkout or its environment.
_IN_NO_PATH = re.compile(rf"[\"'`$\\{{}}{os.pathsep}\x00-\x1f\x7f]")


def check(name: object, what: str, where: str, rule: str = NAME) -> str:
    """The name, if it is one; UserError with `where` it stands and `what` it names."""
    if isinstance(name, str) and re.fullmatch(rule, name):
        return name
    made_of = RULE if rule == NAME else "letters, digits, '.', '-' and '_', beginning with a letter or digit"
    raise UserError(f"{where}: '{name}' is no name for a {what}; rename it: {made_of}")


def check_place(folder: Path, of: str) -> None:
    """UserError for a folder `of` the suite whose path cannot stand on the command lines of what runs it."""
    found = _IN_NO_PATH.search(folder.as_posix())
    if found:
        raise UserError(
            f"{folder}: the path of {of} cannot hold {found[0]!r}, which a shell or Snakemake reads as something else; "
            f"rename the folder: no quotes, backslashes, braces, '$', '`', '{os.pathsep}' or line breaks"
        )
