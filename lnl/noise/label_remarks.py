"""What a label file's labels look like beside the true ones: how far they agree, and whether they were misread.

Labels that people gave are mostly right. Where most are wrong, the file may be read in another way than it was
written: rows that begin one later, rows in another order, classes counted from 1 or in another order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]

FEWEST = 50  # examples below which another reading may agree by chance
FAR = 0.1  # by how much another reading has to agree better, at least; it halves the disagreement, or wins FARTHEST
FARTHEST = 0.3
CHANCE = 0.1  # share of what lies between chance and the truth that labels have to say of the classes


def remarks(labels: Labels, truth: Labels, classes: int, names: Sequence[str] = ()) -> list[str]:
    """Sentences of caution about labels [N] beside the true ones [N]; none where nothing looks wrong.

    names: what the file writes for class 0, 1, …, where that is not these numbers.
    """
    agreement = float((labels == truth).mean())
    said = []
    if agreement < 0.5:
        said.append(f"{_percent(1 - agreement)} of the labels differ from the true ones, which is more than half")
    elif classes > 1 and _skill(labels, truth, classes) < CHANCE:
        said.append("the labels say hardly more about the true ones than chance; are the rows in another order?")
    if agreement < 1 - FAR and len(truth) >= FEWEST:
        found = max(_readings(labels, truth, classes, names or [str(c) for c in range(classes)]))
        if _far_better(found[0], agreement):
            said.append(f"{found[1]}: {_percent(found[0])} of the labels would agree, and {_percent(agreement)} do")
    return said


def _far_better(other: float, agreement: float) -> bool:
    return other - agreement >= FAR and (1 - other <= (1 - agreement) / 2 or other - agreement >= FARTHEST)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _skill(labels: Labels, truth: Labels, classes: int) -> float:
    """Mean share of right labels in a class, 0 where labels do not depend on the class and 1 where all are right."""
    present = np.unique(truth)
    right = np.mean([(labels[truth == true] == true).mean() for true in present])
    return float((right - 1 / classes) / (1 - 1 / classes))


def _readings(labels: Labels, truth: Labels, classes: int, names: Sequence[str]) -> list[tuple[float, str]]:
    """(agreement, in words) of other readings of the same file."""
    shifted, in_order = _shifted(labels, truth, classes), _in_another_order(labels, truth)
    return [*shifted, *in_order, *_other_classes(labels, truth, classes, names)]


def _shifted(labels: Labels, truth: Labels, classes: int) -> list[tuple[float, str]]:
    """Rows that belong to the example some places before or after, all of them or from some row on."""
    count = len(truth)
    matches = np.zeros(count)  # by shift, around the end
    for label in range(classes):
        ours, theirs = (np.fft.rfft(values == label) for values in (labels, truth))
        matches += np.fft.irfft(ours * np.conj(theirs), count)
    matches[0] = 0
    best = int(matches.argmax())
    found = []
    for shift in dict.fromkeys((best if best <= count // 2 else best - count, 1, -1, 2, -2)):
        here, there = labels == truth, labels == np.roll(truth, shift)
        gained = np.cumsum(there[::-1].astype(int) - here[::-1])[::-1]  # if all from this row on were shifted
        begins = int(gained.argmax())
        where = "" if begins <= abs(shift) else f"from row {begins} on "
        far = f"{abs(shift)} example{'' if abs(shift) == 1 else 's'} {'before' if shift > 0 else 'after'}"
        share = float((here.sum() + gained[begins]) / count)
        found.append(
            (share, f"the labels look shifted: {where}each fits the one {far} it; mend the file, or bring an index")
        )
    return found


def _in_another_order(labels: Labels, truth: Labels) -> list[tuple[float, str]]:
    """Rows in an order that files or folders often have."""
    numbers = list(range(len(truth)))
    orders = {
        "sorted by class": np.argsort(truth, kind="stable"),
        "in reverse order": np.array(numbers[::-1]),
        "in the order of file names (0, 1, 10, 100, …)": np.array(sorted(numbers, key=str)),
    }
    said = "the rows look {}; bring a column that numbers the examples, and declare it as `index`"
    return [(float((labels == truth[order]).mean()), said.format(name)) for name, order in orders.items()]


def _other_classes(labels: Labels, truth: Labels, classes: int, names: Sequence[str]) -> list[tuple[float, str]]:
    """Classes that stand for others: counted from 1, in another order, or groups of them."""
    from scipy.optimize import linear_sum_assignment

    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (truth, labels), 1)
    true, given = linear_sum_assignment(-counts)
    share = counts[true, given].sum() / len(truth)
    means = np.empty(classes, dtype=np.int64)  # what stands in the file for each class
    means[true] = given
    if all(means[c] == (c + 1) % classes for c in np.flatnonzero(counts.sum(axis=1))):
        said = f"the classes look counted from 1 (and {classes} written as 0)"
    else:
        said = "the classes look like others, in another order"
    shown = ", ".join(names[each] for each in means[:20]) + (", …" if classes > 20 else "")
    found = [(float(share), f"{said}; `classes: [{shown}]` beside its path reads them so")]
    groups = len(np.unique(labels))
    if 1 < groups <= classes / 2:
        share = counts.max(axis=1).sum() / len(truth)
        said = f"the labels look like groups of classes, {groups} for {classes} classes; read so"
        found.append((float(share), said))
    return found
