"""What torch imports for its first forward-mode derivative, which the copies of a worker need not do each."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

NEEDED = "torch._decomp.decompositions_for_jvp"
CALLS = ("along(", "jvp(")  # how a method file asks for one


def load(arguments: list[str], methods: Mapping[str, Mapping[str, Any]]) -> bool:
    """Import it if the command trains a run by a method that asks for such a derivative. True if it was imported."""
    if NEEDED in sys.modules or len(arguments) < 2 or arguments[0] not in ("train", "search", "repeats"):
        return False
    name = arguments[1].rstrip("/").rpartition("/")[2]
    files = [Path(spec["file"]) for key, spec in methods.items() if name == key or name.startswith(f"{key}-")]
    with suppress(Exception), warnings.catch_warnings():  # the copy itself will say what is wrong
        warnings.simplefilter("ignore")
        if any(call in file.read_text(encoding="utf-8") for file in files for call in CALLS):
            importlib.import_module(NEEDED)
            return True
    return False
