"""Commands that train: a run, a quick look at one, repeats as one stack, a run for its state, a search."""

from __future__ import annotations

from typing import Annotated

import typer

from lnl.cli.common import DataRoot, Device, Scale, by_hand, load_suite, parse_seeds
from lnl.declared.configuration import LARGEST_SEED
from lnl.errors import choose


def train(
    cell: Annotated[str, typer.Argument(help="protocol/dataset/noise/method, as in the record's path")],
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="repeat")] = 1,
    scale: Scale = None,
    device: Device = None,
    data_root: DataRoot = None,
    log: Annotated[str | None, typer.Option(help="name of the log that a failure note mentions")] = None,
    quiet: Annotated[bool, typer.Option(help="no progress bar")] = False,
    epochs: Annotated[
        int | None,
        typer.Option(help="a quick look: the whole training in so many epochs, 2 to 10,000; no record of it"),
    ] = None,
    first: Annotated[
        int | None,
        typer.Option(help="a quick look at the first epochs of the training, 2 to 10,000; no record of it"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="in a look: a parameter, or a key of the protocol, set otherwise; NAME=VALUE"),
    ] = None,
) -> None:
    """Train one run and publish its record (at once if it is finished already)."""
    from lnl.cli import look
    from lnl.cli import train as whole

    asked = look.Look.asked(epochs, first, settings or ())
    validate = asked is not None or by_hand()
    suite = load_suite(
        validate,
        sparing=True,
        look_up=lambda suite: suite.parse(cell),
        scale=scale,
        device=device,
        data_root=data_root,
    )
    if asked is None:
        whole.command(suite, cell, seed, log, quiet)
    else:
        look.command(suite, cell, seed, asked, quiet)


def repeats(
    cell: Annotated[str, typer.Argument(help="protocol/dataset/noise/method, as in the record's path")],
    seeds: Annotated[str, typer.Option(help="repeats: 5 means 1..5, or a list such as 1,3")],
    scale: Scale = None,
    device: Device = None,
    data_root: DataRoot = None,
    log: Annotated[str | None, typer.Option(help="name of the log that a failure note mentions")] = None,
) -> None:
    """Train repeats of a cell as one stack and keep them; `lnl train` then publishes each at once."""
    from lnl.cli.train import repeats as command

    asked = parse_seeds(seeds)
    listed = range(1, asked + 1) if isinstance(asked, int) else asked or ()
    suite = load_suite(
        by_hand(), look_up=lambda suite: suite.parse(cell), scale=scale, device=device, data_root=data_root
    )
    command(suite, cell, listed, log)


def handover(
    cell: Annotated[str, typer.Argument(help="protocol/dataset/noise/method")],
    point: Annotated[str, typer.Option(help="final, best-validation, lowest-validation-loss or step-<n>")],
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED)] = 1,
    scale: Scale = None,
    device: Device = None,
    data_root: DataRoot = None,
    kept: Annotated[bool, typer.Option(help="copy what the store has, and train nothing")] = False,
) -> None:
    """Publish a run's state at a declared point, training the run again if its state is gone."""
    from lnl.cli.train import handover as command

    suite = load_suite(
        by_hand(), look_up=lambda suite: suite.parse(cell), scale=scale, device=device, data_root=data_root
    )
    command(suite, cell, seed, point, kept)


def search(
    search: Annotated[str, typer.Argument(help="protocol/dataset/noise/method/search, or a cell that has one")],
    seed: Annotated[
        int | None, typer.Option(min=0, max=LARGEST_SEED, help="repeat of the search; default: 1, or the cell's")
    ] = None,
    step: Annotated[str | None, typer.Option(help="one step only: propose, train, score or conclude")] = None,
    round: Annotated[int | None, typer.Option(min=1, help="of that step")] = None,
    block: Annotated[int | None, typer.Option(min=1, help="of step train")] = None,
    scale: Scale = None,
    device: Device = None,
    data_root: DataRoot = None,
    log: Annotated[str | None, typer.Option(help="name of the log that a failure note mentions")] = None,
    quiet: Annotated[bool, typer.Option(help="no progress bars")] = False,
) -> None:
    """Search R(t), or a value, in one process, going on from what is there; the DAG runs it step by step."""
    from lnl.cli import search as commands

    suite = load_suite(
        step is None or by_hand(),
        look_up=lambda suite: commands.named(suite.searching, search, seed),
        scale=scale,
        device=device,
        data_root=data_root,
    )
    if step is None:
        commands.command(suite, search, seed, quiet)
    else:
        commands.step(
            suite, search, seed, choose(step, {s: s for s in commands.STEPS}, "step", "--step"), round, block, log
        )


def synthetic(study: str, arm: str, scale: Scale = None) -> None:
    """Run one arm of a synthetic study of config/synthetic.yaml: searches for a declared R(t), without networks."""
    from lnl.cli.search import arm as command

    command(load_suite(validate=by_hand(), scale=scale), study, arm)
