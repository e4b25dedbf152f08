"""Figures from records: what a figure file's draw() is given, and how its drawing becomes PDF, PNG and CSV.

A figure file begins with its DEMAND (panels are rows, curves are columns) and defines draw(data) -> matplotlib
Figure. Missing runs never stop a figure: it shows what exists and says what does not.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lnl.declared import reductions
from lnl.errors import UserError, choose
from lnl.files import replacing
from lnl.files.own_code import failed, loaded
from lnl.render import one_training
from lnl.render.figure_data import FigureData
from lnl.render.style import sheet
from lnl.results.records import Locate, collect
from lnl.results.studies import arms
from lnl.search.results import states

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lnl.declared.suite import Suite

DPI = 150
COLUMNS = ("figure", "row", "column", "quantity", "x", "mean", "low", "high", "n")


def data_of(suite: Suite, key: str, locate: Locate | None = None) -> FigureData:
    """Records and declaration of one figure; UserError for an unknown one."""
    declaration: dict[str, Any] = choose(key, suite.figures, "figure", "")
    trains = declaration.get("kind") not in ("none", "synthetic")  # else it is the same at every scale, unless reduced
    heading = reductions.heading(suite, key) if trains or reductions.changes(suite, key) else ""
    found = states(suite, key) if declaration.get("kind") == "searches" else []
    studied = arms(suite, key) if declaration.get("kind") == "synthetic" else []
    places = collect(suite, suite.slots(key), locate)
    alike = one_training.said(suite, key, [place.slot for place in places])
    return FigureData(key, declaration, heading, places, found, studied, suite.root, suite.datasets, one_training=alike)


def drawing(suite: Suite, key: str) -> Callable[[FigureData], Figure]:
    """draw() of figures/<key>.py; UserError if the file has none."""
    path = suite.files.of("figures", key)
    module = loaded(f"lnl_figure_{key}", path)
    if not callable(getattr(module, "draw", None)):
        raise UserError(f"{path}: defines no draw(data)")
    draw: Callable[[FigureData], Figure] = module.draw
    return draw


def render(suite: Suite, key: str, out_dir: str | Path, locate: Locate | None = None) -> list[Path]:
    """Write {key}.pdf, .png and .csv (the numbers behind it) into `out_dir`, each whole or not at all; their paths.

    The same records give the same bytes: no time stamps. Renders what there is; UserError for an unknown figure.
    """
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt

    data = data_of(suite, key, locate)
    draw = drawing(suite, key)
    folder = Path(out_dir)
    written = []
    with plt.style.context(sheet(suite.root)):
        try:
            figure = draw(data)
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            raise failed(suite.files.of("figures", key), error, "draw() failed: ") from error
        metadata: dict[str, dict[str, Any]] = {
            "pdf": {"CreationDate": None, "Title": str(data.declaration["title"])},
            "png": {"Software": None},
        }
        try:
            for suffix, about in metadata.items():
                with replacing(folder / f"{key}.{suffix}") as temporary:
                    figure.savefig(temporary, format=suffix, dpi=DPI, metadata=about)
                written.append(folder / f"{key}.{suffix}")
        finally:
            plt.close(figure)
    with replacing(folder / f"{key}.csv") as temporary:
        Path(temporary).write_text(_csv(data.numbers), encoding="utf-8")
    return [*written, folder / f"{key}.csv"]


def _csv(numbers: list[tuple[Any, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in numbers:
        writer.writerow(["" if v is None else f"{v:.8g}" if isinstance(v, float | np.floating) else v for v in line])
    return out.getvalue()
