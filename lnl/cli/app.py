"""The commands of `lnl`. Each imports what it needs when it runs, so that no command pays for another's libraries."""

from __future__ import annotations

from typing import Annotated

import typer

from lnl.cli import numbers, training, version
from lnl.cli.common import DataRoot, Device, Scale, Seeds, a_folder, by_hand, load_suite, parse_seeds
from lnl.declared.configuration import LARGEST_SEED
from lnl.declared.specification import choose

app = typer.Typer(
    name="lnl",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
prepare_app = typer.Typer(help="Write the small manifests that runs depend on.", no_args_is_help=True)
app.add_typer(prepare_app, name="prepare")


app.callback()(version.lnl)
app.command()(training.train)
app.command()(training.repeats)


@app.command()
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

    suite = load_suite(validate=step is None or by_hand(), scale=scale, device=device, data_root=data_root)
    if step is None:
        commands.command(suite, search, seed, quiet)
    else:
        commands.step(
            suite, search, seed, choose(step, {s: s for s in commands.STEPS}, "step", "--step"), round, block, log
        )


@app.command()
def synthetic(study: str, arm: str, scale: Scale = None) -> None:
    """Run one arm of a synthetic study of config/synthetic.yaml: searches for a declared R(t), without networks."""
    from lnl.cli.search import arm as command

    command(load_suite(validate=by_hand(), scale=scale), study, arm)


@prepare_app.command("data")
def prepare_data(dataset: str, scale: Scale = None, data_root: DataRoot = None) -> None:
    """Prepare a data set once and write its manifest."""
    from lnl.cli.prepare import data

    data(load_suite(validate=by_hand(), scale=scale, data_root=data_root), dataset)


@prepare_app.command("noise")
def prepare_noise(
    dataset: str,
    noise: str,
    generator: Annotated[str, typer.Option()] = "as_released",
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED)] = 0,
    scale: Scale = None,
    data_root: DataRoot = None,
) -> None:
    """Draw a vector of given labels and write its manifest."""
    from lnl.cli.prepare import noise as command

    command(load_suite(validate=by_hand(), scale=scale, data_root=data_root), dataset, noise, generator, seed)


@prepare_app.command("sets")
def prepare_sets(
    dataset: str,
    sets: Annotated[str, typer.Argument(help="e.g. clean-100-balanced+hyper-validation-5000, as in the path")],
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED)] = 1,
    scale: Scale = None,
    data_root: DataRoot = None,
) -> None:
    """Draw the index sets of a repeat, clean or validating examples, and write which ones they are."""
    from lnl.cli.prepare import sets as command

    command(load_suite(validate=by_hand(), scale=scale, data_root=data_root), dataset, sets, seed)


Table = Annotated[str, typer.Argument(help="key of a table, e.g. tutorial_mnist_accuracy")]
Figure = Annotated[str, typer.Argument(help="key of a figure, e.g. tutorial_memorisation")]
Claims = Annotated[str, typer.Argument(help="paper whose claims to test, a file of claims/, e.g. tutorial")]
Partial = Annotated[bool, typer.Option("--partial", help="render what exists, missing runs shown as such")]


@app.command()
def table(key: Table, scale: Scale = None, seeds: Seeds = None, partial: Partial = False) -> None:
    """Render a table to CSV, Markdown, LaTeX and HTML from the records that exist."""
    from lnl.cli.render import artefact

    artefact(load_suite(scale=scale, seeds=parse_seeds(seeds)), key, "tables", partial)


@app.command()
def figure(key: Figure, scale: Scale = None, seeds: Seeds = None, partial: Partial = False) -> None:
    """Draw a figure to PDF and PNG, with the numbers behind it as CSV."""
    from lnl.cli.render import artefact

    artefact(load_suite(scale=scale, seeds=parse_seeds(seeds)), key, "figures", partial)


@app.command()
def claims(key: Claims, scale: Scale = None, seeds: Seeds = None, partial: Partial = False) -> None:
    """Test the claims of a document."""
    from lnl.cli.render import artefact

    artefact(load_suite(scale=scale, seeds=parse_seeds(seeds)), key, "claims", partial)


@app.command()
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

    everything(load_suite(scale=scale, seeds=parse_seeds(seeds)), wanted or [], partial)


@app.command()
def new(
    kind: Annotated[str, typer.Argument(help="method, table, figure, claims, protocol, dataset or noise")],
    name: Annotated[str, typer.Argument(help="small letters, digits, '-' and '_'")],
    into: Annotated[str | None, typer.Option(help="a folder of one's own (docs/overlays.md); default: here")] = None,
) -> None:
    """Write a commented skeleton of a method, a table, a data set, …, which runs as it is."""
    from lnl.cli.starting import command

    command(kind, name, None if into is None else a_folder(into))


@app.command()
def report(scale: Scale = None, seeds: Seeds = None) -> None:
    """Write the self-contained HTML report of what is rendered."""
    from lnl.cli.render import report as command

    command(load_suite(scale=scale, seeds=parse_seeds(seeds)))


app.command()(training.handover)


Wanted = Annotated[list[str] | None, typer.Argument(help="artefacts or papers; default: all")]


@app.command()
def plan(wanted: Wanted = None, scale: Scale = None, seeds: Seeds = None, device: Device = None) -> None:
    """Price artefacts before anything starts: runs, device time, disk."""
    from lnl.cli.inspect import plan as command

    command(load_suite(scale=scale, seeds=parse_seeds(seeds), device=device), wanted or "all")


@app.command()
def status(wanted: Wanted = None, scale: Scale = None, seeds: Seeds = None) -> None:
    """Say what is done, running, stopped, diverged, failed, stale or missing."""
    from lnl.cli.inspect import status as command

    command(load_suite(sparing=True, scale=scale, seeds=parse_seeds(seeds)), wanted or "all")


@app.command()
def show(cell: Annotated[str, typer.Argument(help="protocol/dataset/noise/method")], scale: Scale = None) -> None:
    """Print the resolved specification of a cell: every value that may change its numbers."""
    import yaml

    from lnl.declared.reductions import cell_heading

    suite = load_suite(sparing=True, scale=scale)
    parsed = suite.parse(cell)
    print(f"# {cell_heading(suite, parsed)}")  # a comment of YAML
    print(yaml.safe_dump({"digest": suite.digest(parsed), **suite.spec(parsed)}, sort_keys=False), end="")


@app.command()
def methods(
    write: Annotated[
        str | None,
        typer.Option(help="Markdown file whose tables to renew: README.md, docs/architecture.md, add-a-method.md"),
    ] = None,
) -> None:
    """List the methods, an overlay's as well: networks, what each needs to know, where it comes from."""
    from lnl.cli.methods import methods as command

    command(write)


@app.command()
def decisions(
    key: Annotated[str | None, typer.Argument(help="one of them, e.g. noise_vector; default: a list of all")] = None,
    write: Annotated[str | None, typer.Option(help="Markdown file in which to renew them: docs/decisions.md")] = None,
) -> None:
    """Say what is done where papers and codes disagree: values, default, why, measured effect."""
    from lnl.cli.decisions import decisions as command

    command(load_suite(), key, write)


@app.command()
def systems(
    write: Annotated[
        str | None, typer.Option(help="Markdown file in which to renew them: docs/systems.md, README.md")
    ] = None,
) -> None:
    """List every system that the documents compare: what it is trained by, where it is shown, whether it runs."""
    from lnl.cli.systems import systems as command

    command(load_suite(scale="paper"), write)


app.command()(numbers.export)
app.command()(numbers.compare)


@app.command()
def keep(
    folder: Annotated[str, typer.Argument(help="e.g. docs/reproduction/s2e_mnist/records")],
    wanted: Annotated[list[str], typer.Argument(help="artefacts or papers whose records to keep")],
    scale: Scale = None,
    seeds: Seeds = None,
) -> None:
    """Copy records, gzipped, into a folder that is worth committing."""
    from lnl.cli.exchange import keep as command

    print(f"{folder}: {command(load_suite(scale=scale, seeds=parse_seeds(seeds)), wanted, a_folder(folder))} records")


@app.command()
def reproduced(
    out: Annotated[str | None, typer.Argument(help="Markdown file to write")] = None,
    write: Annotated[bool, typer.Option("--write", help="make all marked blocks of README.md and docs/ anew")] = False,
) -> None:
    """Write the page of what is reproduced so far, from all results here and the records that are committed; or, from
    the latter alone, every block of numbers in the pages of docs/."""
    from lnl.cli.upkeep import reproduced as command

    command(out, write)


@app.command(name="import")
def import_(folder: Annotated[str, typer.Argument(help="results of another machine")], scale: Scale = None) -> None:
    """Merge records of another machine, every field checked; nothing is overwritten, refused files are named."""
    from lnl.cli.bring_in import command

    command(load_suite(scale=scale), a_folder(folder))


@app.command()
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


@app.command()
def doctor(scale: Scale = None, data_root: DataRoot = None, device: Device = None) -> None:
    """Check data, device and environment for what is declared; data that can be downloaded are."""
    from lnl.cli.doctor import doctor as command

    if not command(load_suite(scale=scale, data_root=data_root, device=device)):
        raise typer.Exit(1)
