"""Data sets, beyond their schema: a reader that there is, the options that it takes, names that mean something."""

from __future__ import annotations

from collections.abc import Mapping

from lnl.data.registry import READERS, DatasetInfo
from lnl.errors import UserError, choose, nearest


def check(key: str, info: DatasetInfo, datasets: Mapping[str, DatasetInfo]) -> None:
    """UserError for a data set that could not be read as it is declared."""
    where = f"config/datasets/{key}.yaml"
    _check_reader(info, where)
    if len({str(name) for name in info.names}) < len(info.names):
        raise UserError(f"{where}: 'classes': two classes have one name; classes are told apart by their text")
    if info.form_of is not None:
        other = choose(info.form_of, datasets, "data set", f"{where}: form_of")
        if (other.classes, other.train, other.test) != (info.classes, info.train, info.test):
            raise UserError(f"{where}: form_of: {info.form_of} has other classes or counts; a form has the same")


def _check_reader(info: DatasetInfo, where: str) -> None:
    reader = READERS.get(info.reader)
    if reader is None:
        if not info.reader.endswith(".py") or "/" in info.reader:
            files = "a file of its own, <name>.py beside the declaration"
            raise UserError(f"{where}: unknown reader '{info.reader}'{nearest(info.reader, READERS)}; or {files}")
        if not (info.file.parent / info.reader).is_file():
            raise UserError(f"{where}: reader: there is no {info.file.parent / info.reader}; write it there")
        return
    known = (*reader.required, *reader.optional)
    for name in info.options:
        if name not in known:
            raise UserError(f"{where}: options: reader {info.reader} has no '{name}'{nearest(name, known)}")
    for name in reader.required:
        if name not in info.options:
            raise UserError(f"{where}: options: '{name}' is missing; reader {info.reader} needs it")
