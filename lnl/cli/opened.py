"""What `lnl.open` gives: the numbers of one checkout as frames, and its trainings, wherever the caller works.

Every call has the results of its own checkout for its duration, so that several may be open at once. pandas is imported
when a frame is asked for, torch when something is trained.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from lnl.declared import configuration, paths
from lnl.declared.suite import Run, Suite
from lnl.errors import UserError, nearest
from lnl.files.home import written_out

if TYPE_CHECKING:
    import pandas as pd

P = ParamSpec("P")
R = TypeVar("R")
NUMBERS_OF_TABLES = ("mean", "spread", "published", "published_spread", "difference", "allowed")
NUMBERS_OF_CLAIMS = ("effect", "low", "high", "claimed_above", "claimed_below", "p", "p_holm")
Wanted = str | Sequence[str] | None


def opened(path: str | os.PathLike[str], scale: str | None, committed: bool, given: Mapping[str, Any]) -> Opened:
    """The suite of a checkout. UserError where there is none, where its declarations are unsound, and for a key of the
    configuration that is none."""
    root = written_out(path).absolute()
    if not (root / configuration.FILE).is_file():
        inside = next((folder for folder in root.parents if (folder / configuration.FILE).is_file()), None)
        hint = f"open {inside}" if inside else "give the folder of a checkout, in which README.md and Snakefile lie"
        raise UserError(f"{root}: has no {configuration.FILE}; {hint}")
    unknown = next((key for key in given if key not in configuration.DEFAULTS), None)
    if unknown is not None:
        hint = nearest(unknown, configuration.DEFAULTS)
        raise UserError(f"lnl.open: '{unknown}' is no key of {configuration.FILE}{hint}")
    asked = {key: _absolute(key, value, Path.cwd()) for key, value in given.items()}
    values = configuration.read(root, asked | ({} if scale is None else {"scale": scale}))
    values = {key: _absolute(key, value, root) for key, value in values.items()}
    for key, variable in (("data_root", "LNL_DATA_ROOT"), ("cache_root", "LNL_CACHE_ROOT")):
        if os.environ.get(variable) and key not in given:
            values[key] = str(written_out(os.environ[variable], variable).absolute())
    values["data_root"] = values["data_root"] or str(root / "data")
    return Opened(Suite.load(root, values), committed)


def _absolute(key: str, value: Any, base: Path) -> Any:
    """A value of the configuration whose relative paths begin at `base`, wherever the caller goes."""
    if key in ("data_root", "cache_root") and isinstance(value, str | os.PathLike):
        return str(base / written_out(value, f"config key '{key}'"))
    if key == "overlay" and isinstance(value, str | os.PathLike | list | tuple):
        listed = [value] if isinstance(value, str | os.PathLike) else value
        return [
            str(base / written_out(each, "config key 'overlay'")) if isinstance(each, str | os.PathLike) else each
            for each in listed
        ]
    if key == "label_files" and isinstance(value, Mapping):
        return {
            name: {**file, "path": str(base / written_out(file["path"], f"config key 'label_files.{name}'"))}
            if isinstance(file, Mapping) and isinstance(file.get("path"), str)
            else file
            for name, file in value.items()
        }
    return value


def _at_home(call: Callable[Concatenate[Opened, P], R]) -> Callable[Concatenate[Opened, P], R]:
    """A call whose results are the checkout's own; an error of the user's shows no inside of ours."""

    @wraps(call)
    def at_home(self: Opened, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with paths.results_in(self.results):
                return call(self, *args, **kwargs)
        except UserError as error:
            said = error
        except PermissionError as error:
            if not error.filename:
                raise
            said = UserError(f"{error.filename}: cannot be read or written ({error.strerror}); have its owner open it")
        raise said.with_traceback(None) from None

    return at_home


def _with_numbers(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """A frame in which these columns are numbers also where none is known."""
    known = [name for name in names if name in frame]
    return frame.astype(dict.fromkeys(known, float))


def _warn(line: str) -> None:
    warnings.warn(f"{line}; left out", stacklevel=2)


class Opened:
    """The suite of one checkout at one scale, as it was declared when it was opened."""

    def __init__(self, declared: Suite, committed: bool = False) -> None:
        self.declared = declared  # what the files of the checkout ask for
        self.committed = committed
        self.results = declared.root / "results"
        self._laid_out: tempfile.TemporaryDirectory[str] | None = None  # goes with the suite
        if committed:
            from lnl.results.committed import unpacked

            self._laid_out = tempfile.TemporaryDirectory(prefix="lnl-committed-")
            self.results = Path(self._laid_out.name)
            scales = unpacked(declared.root, self.results)
            if self.scale not in scales:
                hint = nearest(self.scale, scales)
                raise UserError(f"no record of scale '{self.scale}' is committed under docs/reproduction{hint}")

    @property
    def scale(self) -> str:
        """Name of the scale."""
        return self.declared.scale

    def __repr__(self) -> str:
        which = ", committed records" if self.committed else ""
        return f"<suite of {self.declared.root}, scale {self.scale}{which}>"

    @_at_home
    def runs(self, wanted: Wanted = None) -> pd.DataFrame:
        """One row for each run that has a record; or for each that artefacts or papers ask for, with or without one.

        docs/python.md describes the columns. A record that cannot be believed is left out with a warning; where it is
        asked for it is a failed run. UserError for an unknown artefact or paper.
        """
        import pandas as pd

        from lnl.results import run_rows

        columns, rows = run_rows.rows(self.declared, self._found(wanted))
        return _with_numbers(pd.DataFrame(rows, columns=columns), run_rows.NUMBERS)

    @_at_home
    def curves(self, wanted: Wanted = None, names: str | Sequence[str] | None = None) -> pd.DataFrame:
        """One row for each run, curve, network and epoch, of runs whose record is of today's declaration.

        names: of curves, such as test_accuracy; default all. UserError for a name that no run has.
        """
        from lnl.results import curve_rows

        asked = [names] if isinstance(names, str) else names
        return curve_rows.frame(*curve_rows.curves(self.declared, self._found(wanted), asked, _warn))

    @_at_home
    def table(self, key: str) -> pd.DataFrame:
        """A table as the suite renders it, a row for each of its places: ours, spread, n, and the published number."""
        from lnl.render.table import document

        return _with_numbers(document(self.declared, key)[1], NUMBERS_OF_TABLES)

    @_at_home
    def claims(self, paper: str, parts: bool = False, identities: bool = False) -> pd.DataFrame:
        """The verdicts on what a document claims: a row for each claim in each of its settings.

        parts: also a row for each part of a claim. identities: also what is computed without any run; it takes seconds,
        and torch. UserError for a paper without claims.
        """
        import pandas as pd

        from lnl.render.claims import COLUMNS, rows
        from lnl.results.claims.verdicts import judge

        found = list(rows(judge(self.declared, paper, with_identities=identities)))
        shown = [row for row in found if parts or "part" not in row]
        frame = pd.DataFrame(shown, columns=[name for name in COLUMNS if parts or name != "part"])
        return _with_numbers(frame, NUMBERS_OF_CLAIMS)

    @_at_home
    def compare(self, *names: str, table: str | None = None, statistic: str | None = None) -> pd.DataFrame:
        """The first method against each of the others, as `lnl compare` does: a row for each problem."""
        import pandas as pd

        from lnl.results.comparing import COLUMNS, NUMBERS
        from lnl.results.contenders import compared

        found = compared(self.declared, names, table, statistic)
        return _with_numbers(pd.DataFrame([each.row() for each in found], columns=list(COLUMNS)), NUMBERS)

    @_at_home
    def train(self, cell: str, seed: int = 1) -> pd.Series:
        """Train one run, or publish it if it is stored, and give its row of `runs`.

        cell: protocol/dataset/noise/method. Ctrl-C ends it at the end of a step; the next call goes on from there.
        UserError for a cell that is none, and for what a run needs and is not there.
        """
        if self.committed:
            raise UserError("committed records stay as they are; open the suite without committed=True to train")
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= configuration.LARGEST_SEED:
            raise UserError(f"seed {seed!r}: is a whole number from 0 to {configuration.LARGEST_SEED}")
        import pandas as pd

        from lnl.cli.train import make_ready
        from lnl.results import run_rows

        run = Run(self.declared.parse(cell), seed)
        make_ready(self.declared, run)
        columns, [row] = run_rows.rows(self.declared, [run_rows.one(self.declared, run)])
        return pd.Series(row, index=columns, name=f"{cell} seed {seed}", dtype=object)

    def _found(self, wanted: Wanted) -> Any:
        from lnl.results import run_rows

        return run_rows.every(self.declared, _warn) if wanted is None else run_rows.demanded(self.declared, wanted)
