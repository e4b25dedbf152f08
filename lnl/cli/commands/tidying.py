"""Commands that write into a checkout and take out of it: skeletons of declarations, what can be deleted."""

from __future__ import annotations

from typing import Annotated

import typer

from lnl.cli.common import Scale, a_folder, load_suite


def new(
    kind: Annotated[
        str, typer.Argument(help="method, table, figure, claims, protocol, dataset, noise, search or scale")
    ],
    name: Annotated[str, typer.Argument(help="small letters, digits, '-' and '_'")],
    into: Annotated[str | None, typer.Option(help="a folder of one's own (docs/overlays.md); default: here")] = None,
) -> None:
    """Write a commented skeleton of a method, a table, a data set, …, which runs as it is."""
    from lnl.cli.starting import command

    command(kind, name, None if into is None else a_folder(into))


def clean(
    scale: Scale = None,
    caches: Annotated[bool, typer.Option("--caches", help="prepared arrays and label vectors")] = False,
    checkpoints: Annotated[bool, typer.Option("--checkpoints", help="states of stopped runs")] = False,
    stale: Annotated[bool, typer.Option("--stale", help="records of declarations that have changed")] = False,
    store: Annotated[bool, typer.Option("--store", help="with --stale: their kept copies as well")] = False,
    looks: Annotated[bool, typer.Option("--looks", help="quick looks of `lnl train` with --epochs or --first")] = False,
    leftovers: Annotated[bool, typer.Option("--leftovers", help="files of killed writes and workers")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="delete what is listed")] = False,
) -> None:
    """List what can be remade, or what declarations that have changed left behind; delete it with --yes."""
    from lnl.cli.clean import clean as command

    kinds = {"caches": caches, "checkpoints": checkpoints, "stale": stale, "looks": looks, "leftovers": leftovers}
    command(load_suite(scale=scale), {kind for kind, asked in kinds.items() if asked}, store, yes)
