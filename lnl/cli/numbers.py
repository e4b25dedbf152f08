"""`lnl export`, `lnl compare`: the commands that give numbers to whoever goes on with them elsewhere."""

from __future__ import annotations

from typing import Annotated

import typer

from lnl.cli.common import Scale, Seeds, a_file, load_suite, parse_seeds

Contenders = Annotated[
    list[str],
    typer.Argument(help="rows or columns of --table, else methods, or cells; NAME@committed: its committed records"),
]


def export(
    out: Annotated[str, typer.Argument(help="CSV file to write")],
    curves: Annotated[str | None, typer.Option(help="CSV file for the curves as well, a line per epoch")] = None,
    scale: Scale = None,
) -> None:
    """Write one tidy CSV file with a line per run, and their curves if asked for."""
    from lnl.cli.exchange import export as command

    places = a_file(out), a_file(curves) if curves is not None else None
    command(load_suite(scale=scale), *places)


def compare(
    contenders: Contenders,
    table: Annotated[
        str | None, typer.Option(help="table, or figure of curves, whose rows or columns these are")
    ] = None,
    statistic: Annotated[str | None, typer.Option(help="of a run; default: the table's, else last10_mean")] = None,
    csv: Annotated[str | None, typer.Option(help="CSV file to write as well")] = None,
    scale: Scale = None,
    seeds: Seeds = None,
) -> None:
    """Hold the first method against each of the others: paired differences, intervals, p-values, Holm's correction."""
    from lnl.cli.compare import command

    place = a_file(csv) if csv is not None else None
    command(load_suite(scale=scale, seeds=parse_seeds(seeds)), contenders, table, statistic, place)
