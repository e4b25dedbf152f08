"""How a record came about. None of it enters `result`."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lnl.files import said

if TYPE_CHECKING:
    import torch

LONGEST = 500  # letters of the names of files
PACKAGES = ("torch", "numpy", "scipy", "lnl-suite")


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers may depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


CODE = ("lnl/*.py", "lnl/*.yaml", "methods/_*.py")  # what every run uses


@dataclass(frozen=True)
class Checkout:
    """What git knows of a checkout. `differs`: tracked files are not as `commit` has them; `untracked`: files of lnl/,
    methods/ and config/ that it does not have, by their place in the checkout."""

    commit: str | None = None
    differs: bool = False
    untracked: frozenset[str] = frozenset()


@cache
def checkout(root: Path) -> Checkout:
    """The checkout in a folder; without a commit outside a git checkout."""

    def git(*words: str) -> str | None:
        try:
            out = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
            return None
        return out.stdout if out.returncode == 0 else None

    head = git("rev-parse", "HEAD")
    if not head:
        return Checkout()
    changed = git("status", "--porcelain", "--untracked-files=no")
    others = git("ls-files", "--others", "-z", "--", *CODE, "methods/*.py", "config/*.py", "config/*.yaml")
    return Checkout(head.strip(), bool(changed and changed.strip()), frozenset((others or "").split("\0")) - {""})


def lacking(root: Path, used: Iterable[Path]) -> list[str]:
    """Files that the commit of a checkout lacks and a run needs: of all code, and of those that it has `used`.

    What lies outside the checkout, in an overlay, is in no commit of it, and is named by its last three parts.
    """
    known = checkout(root)
    if known.commit is None:
        return []
    found = {name for name in known.untracked if any(fnmatchcase(name, pattern) for pattern in CODE)}
    for file in used:
        real = file.parent.resolve() / file.name  # a checkout may be opened by a link; a file is looked for by its name
        if not real.is_relative_to(root):
            found.add("/".join(real.parts[-3:]))
        elif str(real.relative_to(root)) in known.untracked:
            found.add(str(real.relative_to(root)))
    return sorted(found)


def peak_memory_mb(device: torch.device) -> int:
    """Peak memory of this process: of the GPU where one is used, else resident."""
    if device.type == "cuda":
        import torch

        return int(torch.cuda.max_memory_allocated(device) / 2**20)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak / (2**20 if sys.platform == "darwin" else 2**10))


def device_name(device: torch.device) -> str:
    """What the numbers were computed on."""
    if device.type == "cuda":
        import torch

        return torch.cuda.get_device_name(device)
    return f"cpu ({_processor()})"


@cache
def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def collect(
    root: Path, device: torch.device, method_digest: str, extra: dict[str, Any], used: Iterable[Path] = ()
) -> dict[str, Any]:
    """Provenance part of a record. used: files of methods/ and config/ that the run rests on; one that the commit does
    not have makes it dirty, and is named."""
    found, untracked = checkout(root), lacking(root, used)
    return {
        "versions": versions(),
        "commit": found.commit,
        "dirty": found.differs or bool(untracked),
        **({"untracked": said(", ".join(untracked))[:LONGEST]} if untracked else {}),
        "method_digest": method_digest,
        "device": device_name(device),
        "peak_memory_mb": peak_memory_mb(device),
        **extra,
    }
