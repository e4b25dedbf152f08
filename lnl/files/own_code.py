"""Python files of a user's: methods, figures, readers, noises. Standard library only."""

from __future__ import annotations

import importlib.util
import traceback
from importlib.abc import SourceLoader
from pathlib import Path
from types import ModuleType

from lnl.errors import UserError


class _AsItStands(SourceLoader):
    """Reads a file anew each time. Bytecode goes by date and size: of a file that was edited twice within a second it
    would be what stood there before."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def get_filename(self, fullname: str) -> str:
        return str(self.file)

    def get_data(self, path: str | bytes) -> bytes:
        return self.file.read_bytes()


def loaded(name: str, file: Path) -> ModuleType:
    """The module that a file is, under a name that no other one has. UserError, with its place, for an error in it."""
    here = file.resolve()
    made = importlib.util.spec_from_file_location(name, here, loader=_AsItStands(here))
    assert made is not None and made.loader is not None
    module = importlib.util.module_from_spec(made)
    try:
        made.loader.exec_module(module)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise failed(file, error) from None
    return module


def failed(file: Path, error: BaseException, what: str = "") -> UserError:
    """What a file's code has raised, as a line with its place. what: of the file was running."""
    here = str(file.resolve())
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == here]
    line = f" line {frames[-1].lineno}" if frames else ""
    why = traceback.format_exception_only(error)[-1].strip()
    return UserError(f"{file}{line}: {what}{why}")
