"""What a method looks like: one colour and one kind of dash in every figure, safe for colour-blind readers."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

INK, SOFT, WARNING = "#1d2733", "#667281", "#a4541c"
GIVEN, TRUE = "#D55E00", "#0072B2"  # accuracy against the given and against the true label
Dashes = str | tuple[int, tuple[float, ...]]
SHARE: Dashes = (0, (1, 3))  # a level line that is no curve: finer than any method's dashes

# Okabe and Ito's palette, widened by two dark tones; neighbours in hue differ in their dashes.
METHODS: dict[str, tuple[str, Dashes]] = {
    "standard": ("#4d4d4d", "-"),
    "bootstrap": ("#CC79A7", (0, (5, 1.5))),
    "s-model": ("#56B4E9", (0, (5, 1.5, 1, 1.5))),
    "f-correction": ("#009E73", (0, (3, 1.2))),
    "decoupling": ("#E69F00", (0, (7, 2))),
    "mentornet": ("#0072B2", (0, (4, 1.2, 1.2, 1.2))),
    "coteaching": ("#D55E00", "-"),
    "coteaching-plus": ("#882255", (0, (2, 1))),
    "s2e": ("#332288", "-"),
    "s2e-printed": ("#6699CC", (0, (1.2, 1.2))),
    "s2e-sound": ("#999933", (0, (6, 1, 1, 1, 1, 1))),
    "bc": ("#56B4E9", (0, (6, 1.5))),
    "nnbc": ("#009E73", (0, (2, 1.2))),
    "pumpout-sl": ("#B2182B", "-"),
    "pumpout-bc": ("#6A3D9A", "-"),
    "proportion": ("#0072B2", (0, (5, 1.5))),
    "resample": ("#E69F00", (0, (3, 1.2))),
    "hard-mining": ("#882255", (0, (5, 1.5, 1, 1.5))),
    "random-weights": ("#009E73", (0, (7, 2))),
    "l2r": ("#D55E00", (0, (8, 1))),
    "l2r-half": ("#CC79A7", (0, (2, 1))),
    "ieg": ("#332288", (0, (8, 1))),
    "supervised": ("#444444", (0, (3, 1))),
    "eg": ("#009E73", (0, (2, 2))),
    "mixmatch": ("#E69F00", (0, (4, 1, 1, 1, 1, 1))),
    "rog": ("#CC79A7", (0, (6, 1.2))),
    "standard-rog": ("#CC79A7", (0, (6, 1.2, 1, 1.2))),
    "gce": ("#E69F00", (0, (6, 1.5))),
    "gce-truncated": ("#B2182B", (0, (3, 1.2))),
    "dynamic-bootstrap": ("#56B4E9", (0, (7, 2))),
    "ieg-8": ("#0072B2", (0, (4, 1.2))),
    "weighted": ("#117733", (0, (1.5, 1))),
    "standard-es": ("#0072B2", (0, (3, 1))),
    "standard-ft": ("#332288", (0, (6, 1.5))),
    "standard-es-ft": ("#009E73", (0, (5, 1, 1, 1))),
    "coteaching-tuned": ("#117733", (0, (6, 1, 1, 1))),
}
SPARE = ("#8C6D31", "#117733", "#AA4499", "#999933", "#6699CC", "#661100")
SPARE_DASHES: tuple[Dashes, ...] = ((0, (1.2, 1.2)), (0, (6, 1, 1, 1, 1, 1)), (0, (8, 1.5)))


def line(method: str) -> dict[str, Any]:
    """Colour and dashes of a method that has its own."""
    colour, dashes = METHODS[method]
    return {"color": colour, "linestyle": dashes}


def looks(
    curves: Mapping[str, str | None], known: Mapping[str, tuple[str, Dashes]] = METHODS
) -> dict[str, dict[str, Any]]:
    """Colour and dashes of the curves of one figure, by key, no two alike.

    curves: of each key the method that it shows, if it shows one alone; known: looks by key or method. The first key
    that has a look keeps it, and then a curve of a method that has one, if no other curve did before; all others get
    spare ones, of colours that nobody has while there are some.
    """
    found: dict[str, tuple[str, Dashes]] = {}
    for key, name in [*((key, key) for key in curves), *curves.items()]:
        own = known.get(name or "")
        if key not in found and own is not None and own not in found.values():
            found[key] = own
    for key in curves:
        if key not in found:
            found[key] = _spare(key, list(found.values()))
    return {key: {"color": found[key][0], "linestyle": found[key][1]} for key in curves}


def _spare(key: str, taken: list[tuple[str, Dashes]]) -> tuple[str, Dashes]:
    """The first look from where the key points to that nobody has, of the colour that fewest have."""
    further: list[Dashes] = [(0, (2.0 + n, 1, 1, 1)) for n in range(len(taken) // len(SPARE))]  # for a great many
    every = [(colour, dashes) for dashes in (*SPARE_DASHES, *further) for colour in SPARE]
    number = zlib.crc32(key.encode())
    begin = number // 7 % len(SPARE_DASHES) * len(SPARE) + number % len(SPARE)
    free = [look for look in every[begin:] + every[:begin] if look not in taken]
    colours = [colour for colour, _ in taken]
    return min(free, key=lambda look: colours.count(look[0]))


def sheet(root: Path) -> str:
    """The style sheet that every figure of this checkout is drawn with."""
    return str(root / "figures" / "style.mplstyle")
