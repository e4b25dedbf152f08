"""`lnl`: all commands, in the order in which its help lists them."""

from __future__ import annotations

import typer

from lnl.cli import version
from lnl.cli.commands import artefacts, inspecting, numbers, preparing, tidying, training

app = typer.Typer(
    name="lnl",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
prepare = typer.Typer(help="Write the small manifests that runs depend on.", no_args_is_help=True)

app.callback()(version.lnl)
for command in (
    *(training.train, training.repeats, training.search, training.synthetic),
    *(artefacts.table, artefacts.figure, artefacts.claims, artefacts.render),
    *(tidying.new, artefacts.report, training.handover),
    *(inspecting.plan, inspecting.status, inspecting.show),
    *(inspecting.methods, inspecting.decisions, inspecting.systems),
    *(numbers.export, numbers.compare, numbers.keep, numbers.reproduced),
):
    app.command()(command)
app.command("import")(numbers.import_)
app.command()(tidying.clean)
app.command()(inspecting.doctor)

prepare.command("data")(preparing.data)
prepare.command("noise")(preparing.noise)
prepare.command("sets")(preparing.sets)
app.add_typer(prepare, name="prepare")
