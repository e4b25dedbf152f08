"""Progress bars of long work, on a terminal only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Column

from lnl.engine.progress import Progress

OFTEN = 0.1  # seconds between two steps that are told: a bar is drawn no more often
OTHERS = 60  # characters of a line that are not its title, whose end says more than its beginning
DOING = 25  # of them for what is being done, which a narrow terminal does without
TITLE = 20  # characters of a title that tell anything


@contextmanager
def epochs(title: str) -> Iterator[Progress]:
    """A bar over epochs; yields what a training tells of itself."""
    console = Console(stderr=True)
    number = TextColumn("{task.fields[epochs]}", table_column=Column(no_wrap=True))
    title_and_bar = (
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=None, table_column=Column(min_width=6, ratio=1)),
    )
    doing_now = TextColumn("{task.fields[doing]}", table_column=Column(no_wrap=True, min_width=DOING))  # a steady bar
    columns: tuple[ProgressColumn, ...] = (*title_and_bar, number, TimeRemainingColumn(), doing_now)
    room = max(console.width - OTHERS, TITLE)
    if console.width < OTHERS + TITLE:  # no number of it may be cut
        room = console.width - OTHERS + DOING
        columns = columns[:-1] if room > 1 else (number,)
    with Bar(*columns, console=console, transient=True, expand=True) as bar:
        task = bar.add_task(title if len(title) <= room else f"…{title[1 - room :]}", total=None, epochs="", doing="")
        told, last = 0.0, ""

        def tell(done: float, total: int, doing: str) -> None:
            nonlocal told, last
            now = time.monotonic()
            if doing != last or now - told > OFTEN:
                bar.update(task, completed=done, total=total, epochs=f"{int(done)}/{total} epochs", doing=doing)
                told, last = now, doing

        yield tell
