"""Which row of a label file belongs to which training example: by a column that numbers them, or by their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lnl.errors import UserError
from lnl.noise.label_arrays import Content
from lnl.noise.label_values import whole_numbers

#: Names that people and pandas give to what numbers the examples.
NUMBERING = ("index", "idx", "id", "i", "example", "image", "image_id", "row", "position", "number", "unnamed 1")


def order(content: Content, index: str, labels: int, count: int, of: str) -> NDArray[np.int64]:
    """Rows in the order of the examples of `of`, int64 [count], by what column `index` says of as many labels.

    UserError naming the row for a number outside 0..count-1, one that stands twice, and for an example without a row.
    """
    numbers = whole_numbers(content, index, "number")
    if len(numbers) != labels:
        raise UserError(f"{content.path}: '{index}' has {len(numbers)} numbers for {labels} labels; bring it again")
    remedy = f"'{index}' has to number the {count} examples of {of} from 0 on, each once"
    if len(numbers) == count and set(numbers.tolist()) == set(range(1, count + 1)):
        raise UserError(f"{content.path}: '{index}' numbers the examples from 1 on; {remedy}: subtract 1")
    outside = np.flatnonzero((numbers < 0) | (numbers >= count))
    if len(outside):
        row = int(outside[0])
        raise UserError(f"{content.path}: '{index}' is {numbers[row]} in {content.place(row)}; {remedy}")
    rows = np.full(count, -1, dtype=np.int64)
    rows[numbers[::-1]] = np.arange(len(numbers))[::-1]  # of two, the first
    again = np.flatnonzero(rows[numbers] != np.arange(len(numbers)))
    if len(again):
        row = int(again[0])
        first = content.place(int(rows[numbers[row]]))
        raise UserError(f"{content.path}: '{index}' is {numbers[row]} in {first} and in {content.place(row)}; {remedy}")
    if (rows < 0).any():
        raise UserError(f"{content.path}: example {int(np.flatnonzero(rows < 0)[0])} has no row; {remedy}")
    return rows


def check_unordered(content: Content, but: set[str], count: int) -> None:
    """UserError where some other column seems to number the examples, and not in the order of the rows."""
    for name, array in content.arrays.items():
        if name in but or array.shape not in ((count,), (count, 1)):
            continue
        try:
            numbers = whole_numbers(content, name)
        except UserError:
            continue  # no numbers, and nothing that numbers examples
        found = np.sort(numbers)
        begins = int(found[0]) if count else 0
        numbering = begins in (0, 1) and bool((found == np.arange(begins, begins + count)).all())
        if not numbering and name.lower() not in NUMBERING:
            continue
        away = np.flatnonzero(numbers != np.arange(begins, begins + count))
        if begins not in (0, 1) or len(away):
            row = int(away[0]) if len(away) else 0
            raise UserError(
                f"{content.path}: '{name}' is {numbers[row]} in {content.place(row)}: if it numbers the examples, "
                f"they are in another order than the rows; declare `index: {name}`, or `index: false` if it does not"
            )
