"""Files of data sets whose images replace others' (open-set noise): whether they are there, known before any job.

Standard library only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lnl.data import imagenet32_files
from lnl.declared import paths
from lnl.errors import UserError

if TYPE_CHECKING:
    from lnl.data.registry import DatasetInfo
    from lnl.declared.data_places import Places

#: By reader, what looks at names and sizes of files that nobody fetches.
LOOKS = {"imagenet32": imagenet32_files.obstacle}


def check(sources: Iterable[DatasetInfo], scale: str, places: Places) -> None:
    """UserError for the first data set whose files cannot be what they should. One that has a manifest was read before;
    its cache, or whoever makes it anew, is asked then."""
    for info in sources:
        look = LOOKS.get(info.reader)
        if look is None or os.path.exists(paths.data(scale, info.key)):
            continue
        why = look(info, Path(places.data_root or ".").expanduser())
        if why is not None:
            raise UserError(why)
