"""`lnl reproduced`: the page of what is reproduced so far, and the blocks of README.md and docs/ that are made."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from lnl.errors import UserError

console = Console()


def reproduced(out: str | None, blocks: bool) -> None:
    """Write the page of what is reproduced so far to a file, or renew the marked blocks of all pages."""
    from lnl.cli.common import load_suite, named
    from lnl.render.pages.write import write
    from lnl.render.reproduced import render_reproduced

    if (out is None) != blocks:
        raise UserError("lnl reproduced: give a file to write, or --write for the marked blocks of README.md and docs/")
    if out is not None:
        suite = load_suite()
        with named(Path(out)):
            console.print(str(render_reproduced(suite, Path(out))), soft_wrap=True)
        return
    changed = write(load_suite().root)
    for file in changed:
        console.print(str(file), soft_wrap=True)
    console.print(f"{len(changed)} files changed" if changed else "every block is what the records give")
