"""Commands that write the manifests which runs depend on: of data, labels and index sets."""

from __future__ import annotations

from typing import Annotated

import typer

from lnl.cli.common import DataRoot, Scale, by_hand, load_suite
from lnl.declared.configuration import LARGEST_SEED


def data(dataset: str, scale: Scale = None, data_root: DataRoot = None) -> None:
    """Prepare a data set once and write its manifest."""
    from lnl.cli.prepare import data as command

    suite = load_suite(by_hand(), look_up=lambda suite: suite.dataset(dataset), scale=scale, data_root=data_root)
    command(suite, dataset)


def noise(
    dataset: str,
    noise: str,
    generator: Annotated[str, typer.Option()] = "as_released",
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED)] = 0,
    scale: Scale = None,
    data_root: DataRoot = None,
) -> None:
    """Draw a vector of given labels and write its manifest."""
    from lnl.cli.prepare import declared
    from lnl.cli.prepare import noise as command

    suite = load_suite(
        by_hand(), look_up=lambda suite: declared(suite, dataset, noise), scale=scale, data_root=data_root
    )
    command(suite, dataset, noise, generator, seed)


def sets(
    dataset: str,
    sets: Annotated[str, typer.Argument(help="e.g. clean-100-balanced+hyper-validation-5000, as in the path")],
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED)] = 1,
    scale: Scale = None,
    data_root: DataRoot = None,
) -> None:
    """Draw the index sets of a repeat, clean or validating examples, and write which ones they are."""
    from lnl.cli.prepare import sets as command

    suite = load_suite(by_hand(), look_up=lambda suite: suite.dataset(dataset), scale=scale, data_root=data_root)
    command(suite, dataset, sets, seed)
