"""Tables on the terminal. No number in one is ever cut: where there is no room, whole columns are left out, by name.

What is no terminal, a file or a pipe, has room for everything.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

GAP = 2  # characters between columns
#: A rule below the names of columns, and between rows that stand apart.
RULED = box.Box("    \n    \n ── \n    \n ── \n    \n    \n    \n")
FOLDED = 16  # characters that names have at least where they are folded; a terminal without them breaks all lines


@dataclass
class Listing:
    """Rows under names of columns: the first column says whose they are, the others are numbers that stay whole.

    left: columns of words, which begin at the left; folded: more of them, which may be broken between words. less:
    columns that a narrow terminal does without, the least important group first; why: what is said of them. apart:
    whether the last row, a sum, stands apart.
    """

    title: str
    columns: Sequence[str]
    left: Sequence[str] = ()
    less: Sequence[tuple[str, ...]] = ()
    why: str = ""
    apart: bool = False
    folded: Sequence[str] = ()
    rows: list[tuple[Text, ...]] = field(default_factory=list)

    def add(self, *cells: str | Text) -> None:
        """One more row."""
        self.rows.append(tuple(cell if isinstance(cell, Text) else Text(cell) for cell in cells))

    def natural(self, place: int) -> int:
        """Characters in which a column has its name and every cell on one line."""
        return max(map(cell_len, (self.columns[place], *(row[place].plain for row in self.rows))))

    def least(self, place: int) -> int:
        """The same where its name is broken between words, and its cells too if they may be."""
        if self.columns[place] in self.folded:
            return min(FOLDED, self.natural(place))
        return max(map(cell_len, (*self.columns[place].split(), *(row[place].plain for row in self.rows), "")))

    def widths(self, room: float) -> dict[int, int]:
        """Characters of each column that is shown in so much room, by place.

        A cell is never broken, but for names where nothing else is left to be spared.
        """
        places = list(range(len(self.columns)))
        groups = list(self.less)
        least = {place: self.least(place) for place in places}
        while groups and _sum(least.values()) > room:
            out = groups.pop(0)
            least = {place: width for place, width in least.items() if self.columns[place] not in out}
        over = _sum(least.values()) - room
        if over > 0 and least[0] - over >= FOLDED:
            least[0] -= int(over)
        natural = {place: self.natural(place) for place in least}
        while grow := [place for place, width in least.items() if width < natural[place]]:
            for place in grow:
                if _sum(least.values()) >= room:
                    return least
                least[place] += 1
        return least

    def show(self) -> None:
        """Print it, and which columns are left out."""
        widths = self.widths(room())
        if self.title:
            line(Text(self.title, "italic"))
        out = Table(box=RULED, show_edge=False, padding=(0, GAP - 1, 0, 0), pad_edge=False)
        for place, width in widths.items():
            name = self.columns[place]
            side: Literal["left", "right"] = "left" if name in (*self.left, *self.folded) else "right"
            out.add_column(name, justify=side, width=width, overflow="fold")
        for number, row in enumerate(self.rows, 1):
            out.add_row(*(row[place] for place in widths), end_section=self.apart and number == len(self.rows) - 1)
        Console(width=max(_sum(widths.values()), Console().width)).print(out)
        missing = [name for place, name in enumerate(self.columns) if place not in widths]
        if missing:
            whole = _sum(self.least(place) for place in range(len(self.columns)))
            elsewhere = f"a terminal of {whole} columns, a file or a pipe shows all."
            line(f"No room for {', '.join(missing)}{self.why}; {elsewhere}")


def room() -> float:
    """Characters that a line of standard output may have."""
    return Console().width if sys.stdout.isatty() else math.inf


def line(said: str | Text) -> None:
    """Print a sentence: on a terminal broken between words, else on one line."""
    Console().print(said, soft_wrap=not sys.stdout.isatty(), markup=False)


def _sum(widths: Iterable[int]) -> int:
    listed = list(widths)
    return sum(listed) + GAP * (len(listed) - 1)
