"""Commands that render: a table, a figure, claims, all of them, the report."""

from __future__ import annotations

from typing import Annotated

import typer

from lnl.cli.common import Scale, Seeds, load_suite, parse_seeds

Table = Annotated[str, typer.Argument(help="key of a table, e.g. tutorial_mnist_accuracy")]
Figure = Annotated[str, typer.Argument(help="key of a figure, e.g. tutorial_memorisation")]
Claims = Annotated[str, typer.Argument(help="paper whose claims to test, a file of claims/, e.g. tutorial")]
Partial = Annotated[bool, typer.Option("--partial", help="render what exists, missing runs shown as such")]


def table(key: Table, scale: Scale = None, seeds: Seeds = None, partial: Partial = False) -> None:
    """Render a table to CSV, Markdown, LaTeX and HTML from the records that exist."""
    from lnl.cli.render import artefact, named

    suite = load_suite(look_up=lambda suite: named(suite, key, "tables"), scale=scale, seeds=parse_seeds(seeds))
    artefact(suite, key, "tables", partial)


def figure(key: Figure, scale: Scale = None, seeds: Seeds = None, partial: Partial = False) -> None:
    """Draw a figure to PDF and PNG, with the numbers behind it as CSV."""
    from lnl.cli.render import artefact, named

    suite = load_suite(look_up=lambda suite: named(suite, key, "figures"), scale=scale, seeds=parse_seeds(seeds))
    artefact(suite, key, "figures", partial)


def claims(key: Claims, scale: Scale = None, seeds: Seeds = None, partial: Partial = False) -> None:
    """Test the claims of a document."""
    from lnl.cli.render import artefact, named

    suite = load_suite(look_up=lambda suite: named(suite, key, "claims"), scale=scale, seeds=parse_seeds(seeds))
    artefact(suite, key, "claims", partial)


def render(
    wanted: Annotated[
        list[str] | None, typer.Argument(help="artefacts or papers; default: those of the configuration")
    ] = None,
    scale: Scale = None,
    seeds: Seeds = None,
    partial: Partial = False,
) -> None:
    """Render artefacts from the runs that are there; without a name those of the configuration, and the report."""
    from lnl.cli.render import everything

    suite = load_suite(
        look_up=lambda suite: suite.select(wanted) if wanted else suite.selected,
        scale=scale,
        seeds=parse_seeds(seeds),
    )
    everything(suite, wanted or [], partial)


def report(scale: Scale = None, seeds: Seeds = None) -> None:
    """Write the self-contained HTML report of what is rendered."""
    from lnl.cli.render import report as command

    command(load_suite(look_up=lambda suite: suite.selected, scale=scale, seeds=parse_seeds(seeds)))
