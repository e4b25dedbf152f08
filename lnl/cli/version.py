"""`lnl --version`: of which code and which packages numbers are that are made here; what to quote beside them."""

from __future__ import annotations

from pathlib import Path

import typer


def shown(asked: bool) -> None:
    """Print the versions that records keep too, and end, if somebody has asked."""
    if not asked:
        return
    from lnl.run.provenance import checkout, versions

    found = checkout(Path.cwd()) if Path("config/config.yaml").exists() else None
    commit = f", commit {found.commit[:10]}{' (changed)' if found.differs else ''}" if found and found.commit else ""
    own, *others = sorted(versions().items(), key=lambda item: item[0] != "lnl-suite")
    print(f"lnl {own[1]}{commit}; {', '.join(f'{name} {version}' for name, version in others)}")
    raise typer.Exit
