"""How a record came about. None of it enters `result`."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

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


@cache
def commit(root: Path) -> tuple[str | None, bool]:
    """(commit, whether tracked files differ from it); (None, False) outside a git checkout."""

    def git(*words: str) -> str | None:
        try:
            out = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return out.stdout.strip() if out.returncode == 0 else None

    head = git("rev-parse", "HEAD")
    return head, bool(git("status", "--porcelain", "--untracked-files=no")) if head else False


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


def collect(root: Path, device: torch.device, method_digest: str, extra: dict[str, Any]) -> dict[str, Any]:
    """Provenance part of a record."""
    head, dirty = commit(root)
    return {
        "versions": versions(),
        "commit": head,
        "dirty": dirty,
        "method_digest": method_digest,
        "device": device_name(device),
        "peak_memory_mb": peak_memory_mb(device),
        **extra,
    }
