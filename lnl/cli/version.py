"""`lnl --version`: of which code and which packages numbers are that are made here; what to quote beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def _shown(asked: bool) -> None:
    """Print the versions that records keep too, and end, if somebody has asked."""
    if not asked:
        return
    from lnl.run.provenance import checkout, versions

    found = checkout(Path.cwd()) if Path("config/config.yaml").exists() else None
    commit = f", commit {found.commit[:10]}{' (changed)' if found.differs else ''}" if found and found.commit else ""
    own, *others = sorted(versions().items(), key=lambda item: item[0] != "lnl-suite")
    print(f"lnl {own[1]}{commit}; {', '.join(f'{name} {version}' for name, version in others)}")
    raise typer.Exit


def lnl(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_shown, help="of the suite, its commit and its packages"),
    ] = False,
) -> None:
    """Learning with noisy labels: train, price, inspect and render what the suite declares."""
