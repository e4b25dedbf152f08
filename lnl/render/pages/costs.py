"""What one run of a protocol costs, as it is declared: for pages that somebody reads before anything has been run."""

from __future__ import annotations

from lnl.declared import declared_sets, lengths, runtime
from lnl.declared.nested import merge
from lnl.errors import UserError, choose
from lnl.render import markdown
from lnl.render.amounts import duration, size
from lnl.render.document import Cell, Grid
from lnl.render.pages.committed import Committed
from lnl.render.pages.marks import Mark
from lnl.render.pages.places import suite_of


def costs(mark: Mark, kept: Committed) -> str:
    """`costs PROTOCOL`: a line for each data set of a protocol: images that train, steps and passes over them of a run,
    and what the protocol declares for one of its `runtime_of`, of a GPU and of memory. UserError for one that declares
    none."""
    suite = suite_of(mark, kept)
    protocol = choose(mark.words[0], suite.protocols, "protocol", mark.name)
    rows = []
    for dataset, own in protocol["datasets"].items():
        whole, known, info = merge(protocol, own), runtime.declared(protocol, dataset), suite.dataset(dataset)
        if known is None or known.cuda_minutes is None or known.memory_mb is None:
            raise UserError(f"{mark.name}: protocol {mark.words[0]} declares no 'runtime' of {dataset}")
        trained, batch = declared_sets.trained_examples(whole, info) - info.clean, whole["batch"]["size"]
        steps = lengths.steps(whole, trained)
        passes, minutes = steps * batch / trained, known.cuda_minutes
        texts = (
            *(f"`{dataset}`", f"{trained:,}", f"{steps:,} of {batch}", f"{passes:,.0f}"),
            *(duration(minutes / 60), duration(minutes / passes / 60), size(known.memory_mb)),
        )
        rows.append(("", tuple(Cell(text) for text in texts)))
    run = f"a run of `{protocol['runtime_of']}`"
    heads = ("data set", "images that train", "steps, images of each", "passes", run, "a pass", "memory")
    return markdown.table(Grid(heads, tuple(rows), shape="list"))
