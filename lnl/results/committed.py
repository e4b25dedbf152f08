"""The records and searches that are committed under docs/reproduction, as if they were the results of this checkout.

Pages that are committed themselves are made of nothing else: they are the same on every machine, whatever lies in its
results.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from lnl.declared import paths
from lnl.errors import UserError
from lnl.files import read_file, sealed
from lnl.results.records import remembered

PATTERN = "docs/reproduction/*/records"
Elsewhere = Callable[[], AbstractContextManager[None]]


@contextmanager
def laid_out(root: Path) -> Iterator[list[str]]:
    """While the block runs, results are the committed ones; gives the scales that have any. `root`: of the checkout.

    UserError for a file that `lnl keep` would not have written there, and for two different records of one run.
    """
    with tempfile.TemporaryDirectory(prefix="lnl-committed-") as folder, paths.results_in(folder), remembered():
        yield unpacked(root, Path(folder))


def unpacked(root: Path, folder: Path) -> list[str]:
    """Lay the committed records of a checkout out in an empty folder, as results; the scales that have any. UserErrors
    as of `laid_out`."""
    with paths.results_in(folder):
        scales = [_place(file, kept) for kept in sorted(root.glob(PATTERN)) for file in sorted(kept.rglob("*.json.gz"))]
        return sorted(set(scales))


@contextmanager
def at_hand(root: Path) -> Iterator[Elsewhere]:
    """Gives what makes the committed records the results of a block, as often as it is called within this one. They are
    unpacked when that is first asked for."""
    with tempfile.TemporaryDirectory(prefix="lnl-committed-") as folder:
        done: list[str] = []

        @contextmanager
        def elsewhere() -> Iterator[None]:
            if not done:
                done.extend(unpacked(root, Path(folder)))
            with paths.results_in(folder):
                yield

        yield elsewhere


def _place(file: Path, kept: Path) -> str:
    """Unpack one file to where results have it; its scale."""
    scale, *inside = file.relative_to(kept).with_suffix("").parts
    if len(inside) in (8, 9) and inside[0] == "searches":
        search, seed, page = "/".join(inside[1:6]), inside[6], inside[7:]
        target = Path(paths.search(scale, search, seed.removeprefix("seed")), *page)
    elif len(inside) == 5 and inside[-1].startswith("seed"):
        *cell, seed = inside
        target = Path(paths.record(scale, "/".join(cell), seed.removeprefix("seed").removesuffix(".json")))
    elif (len(inside), *inside[:1]) in ((4, "noise"), (3, "sets")):
        target = Path(paths.results(), scale, *inside)
    else:
        raise UserError(f"{file}: no place for a committed record; `lnl keep` writes them")
    try:
        content = read_file(file)
        same = not target.exists() or _result(target.read_bytes()) == _result(content)
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: not readable ({error}); take it from the repository anew") from None
    if not same:
        raise UserError(f"{file}: another result of what a folder beside it holds already; keep one of them")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return scale


def _result(content: bytes) -> Any:
    """What two records of one run must have in common, two manifests of one place, or all of a file of a search."""
    read = sealed.opened(content)
    of_manifest = {name: read[name] for name in ("digest", "data_digest") if "data_digest" in read}
    return read.get("result", of_manifest or read)
