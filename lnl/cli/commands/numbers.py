"""Commands that give records and their numbers to others, and take them."""

from __future__ import annotations

from typing import Annotated

import typer

from lnl.cli.common import Scale, Seeds, a_file, a_folder, load_suite, parse_seeds

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
    from lnl.results.contenders import compared

    place = a_file(csv) if csv is not None else None
    suite = load_suite(
        look_up=lambda suite: compared(suite, contenders, table, statistic), scale=scale, seeds=parse_seeds(seeds)
    )
    command(suite, contenders, table, statistic, place)


def keep(
    folder: Annotated[str, typer.Argument(help="e.g. docs/reproduction/s2e_mnist/records")],
    wanted: Annotated[list[str], typer.Argument(help="artefacts or papers whose records to keep")],
    scale: Scale = None,
    seeds: Seeds = None,
) -> None:
    """Copy records, gzipped, into a folder that is worth committing."""
    from lnl.cli.exchange import keep as command

    suite = load_suite(look_up=lambda suite: suite.select(wanted), scale=scale, seeds=parse_seeds(seeds))
    print(f"{folder}: {command(suite, wanted, a_folder(folder))} records")


def reproduced(
    out: Annotated[str | None, typer.Argument(help="Markdown file to write")] = None,
    write: Annotated[bool, typer.Option("--write", help="make all marked blocks of README.md and docs/ anew")] = False,
) -> None:
    """Write the page of what is reproduced so far, from all results here and the records that are committed; or, from
    the latter alone, every block of numbers in the pages of docs/."""
    from lnl.cli.upkeep import reproduced as command

    command(out, write)


def import_(folder: Annotated[str, typer.Argument(help="results of another machine")], scale: Scale = None) -> None:
    """Merge records of another machine, every field checked; nothing is overwritten, refused files are named."""
    from lnl.cli.bring_in import command

    command(load_suite(scale=scale), a_folder(folder))
