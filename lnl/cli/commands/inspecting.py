"""Commands that say what is declared and how far it has come."""

from __future__ import annotations

from typing import Annotated

import typer

from lnl.cli.common import DataRoot, Device, Scale, Seeds, load_suite, parse_seeds

Wanted = Annotated[list[str] | None, typer.Argument(help="artefacts or papers; default: all")]


def plan(wanted: Wanted = None, scale: Scale = None, seeds: Seeds = None, device: Device = None) -> None:
    """Price artefacts before anything starts: runs, device time, disk."""
    from lnl.cli.inspect import plan as command

    asked = wanted or "all"
    suite = load_suite(look_up=lambda suite: suite.select(asked), scale=scale, seeds=parse_seeds(seeds), device=device)
    command(suite, asked)


def status(wanted: Wanted = None, scale: Scale = None, seeds: Seeds = None) -> None:
    """Say what is done, running, stopped, diverged, failed, stale or missing."""
    from lnl.cli.inspect import status as command

    asked = wanted or "all"
    suite = load_suite(sparing=True, look_up=lambda suite: suite.select(asked), scale=scale, seeds=parse_seeds(seeds))
    command(suite, asked)


def show(cell: Annotated[str, typer.Argument(help="protocol/dataset/noise/method")], scale: Scale = None) -> None:
    """Print the resolved specification of a cell: every value that may change its numbers."""
    import yaml

    from lnl.declared.reductions import cell_heading

    suite = load_suite(sparing=True, look_up=lambda suite: suite.parse(cell), scale=scale)
    parsed = suite.parse(cell)
    print(f"# {cell_heading(suite, parsed)}")  # a comment of YAML
    print(yaml.safe_dump({"digest": suite.digest(parsed), **suite.spec(parsed)}, sort_keys=False), end="")


def methods(
    write: Annotated[
        str | None,
        typer.Option(help="Markdown file whose tables to renew: README.md, docs/architecture.md, add-a-method.md"),
    ] = None,
) -> None:
    """List the methods, an overlay's as well: networks, what each needs to know, where it comes from."""
    from lnl.cli.methods import methods as command

    command(write)


def decisions(
    key: Annotated[str | None, typer.Argument(help="one of them, e.g. noise_vector; default: a list of all")] = None,
    write: Annotated[str | None, typer.Option(help="Markdown file in which to renew them: docs/decisions.md")] = None,
) -> None:
    """Say what is done where papers and codes disagree: values, default, why, measured effect."""
    from lnl.cli.decisions import decisions as command

    command(load_suite(), key, write)


def systems(
    write: Annotated[
        str | None, typer.Option(help="Markdown file in which to renew them: docs/systems.md, README.md")
    ] = None,
) -> None:
    """List every system that the documents compare: what it is trained by, where it is shown, whether it runs."""
    from lnl.cli.systems import systems as command

    command(load_suite(scale="paper"), write)


def doctor(scale: Scale = None, data_root: DataRoot = None, device: Device = None) -> None:
    """Check data, device and environment for what is declared; data that can be downloaded are."""
    from lnl.cli.doctor import doctor as command

    if not command(load_suite(scale=scale, data_root=data_root, device=device)):
        raise typer.Exit(1)
