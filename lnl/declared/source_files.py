"""Files of data sets that nobody fetches: whether they are there, known before any job.

Standard library only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lnl.data import imagenet32_files, listed_files
from lnl.declared import paths

if TYPE_CHECKING:
    from lnl.data.registry import DatasetInfo
    from lnl.declared.data_places import Places

#: By reader, what looks at names and sizes of files that nobody fetches.
LOOKS = {"imagenet32": imagenet32_files.obstacle, "image-files": listed_files.obstacle}


def lacking(sources: Iterable[DatasetInfo], scale: str, places: Places) -> list[str]:
    """Of each data set whose files cannot be what they should, a line with the remedy. One that has a manifest, or lies
    in the cache, was read before; whoever reads it again says what is wrong."""
    found = []
    for info in sources:
        look = LOOKS.get(info.reader)
        kept = (paths.data(scale, info.key), Path(places.cache_root, "data", info.key, "meta.json"))
        if look is not None and not any(os.path.exists(path) for path in kept):
            found.append(look(info, Path(places.data_root or ".")))
    return [line for line in found if line is not None]
