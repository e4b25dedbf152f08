"""What one run of a protocol costs, as it is declared: for pages that somebody reads before anything has been run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.declared.specification import choose, merge
from lnl.errors import UserError
from lnl.render import markdown
from lnl.render.document import Cell, Grid
from lnl.render.pages.committed import Committed
from lnl.render.pages.marks import Mark
from lnl.render.pages.places import suite_of


def costs(mark: Mark, kept: Committed) -> str:
    """`costs PROTOCOL`: a line for each data set of a protocol: images that train, steps and passes over them of a run,
    and what the protocol declares for it, of a GPU and of memory. UserError for one that declares none."""
    suite = suite_of(mark, kept)
    protocol = choose(mark.words[0], suite.protocols, "protocol", mark.name)
    rows = []
    for dataset, own in protocol["datasets"].items():
        whole, runtime, info = merge(protocol, own), protocol.get("runtime", {}).get(dataset), suite.dataset(dataset)
        if runtime is None:
            raise UserError(f"{mark.name}: protocol {mark.words[0]} declares no 'runtime' of {dataset}")
        trained, batch = info.train - info.clean, whole["batch"]["size"]
        steps = _steps(whole, trained)
        passes, minutes = steps * batch / trained, runtime["cuda_minutes"]
        texts = (
            *(f"`{dataset}`", f"{trained:,}", f"{steps:,} of {batch}", f"{passes:,.0f}"),
            *(_short(minutes), _short(minutes / passes), f"{runtime['memory_mb'] / 1000:,.0f} GB"),
        )
        rows.append(("", tuple(Cell(text) for text in texts)))
    heads = ("data set", "images that train", "steps, images of each", "passes", "a run", "a pass", "memory")
    return markdown.table(Grid(heads, tuple(rows), shape="list"))


def _steps(protocol: Mapping[str, Any], trained: int) -> int:
    if "length" in protocol:
        return int(protocol["length"]["steps"])
    of_epoch = min(trained // protocol["batch"]["size"], protocol["batch"].get("steps_cap") or trained)
    return int((protocol["epochs"] - protocol["untrained_epoch"]) * of_epoch)


def _short(minutes: float) -> str:
    if minutes < 2:
        return f"{60 * minutes:.0f} s"
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:,.0f} h"
