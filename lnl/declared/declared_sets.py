"""Sets of a protocol, as declared: checked before any job, and shrunk with the data where a stand-in has fewer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.data.registry import DatasetInfo
from lnl.data.set_sizes import TRAIN, per_class
from lnl.errors import UserError

Tree = Mapping[str, Any]


def resolved(sets: Mapping[str, Tree], info: DatasetInfo, printed: DatasetInfo, source: str) -> dict[str, Any]:
    """`sets` of a specification. info: the data set that is used; printed: the one that the counts are meant for.

    UserError for a set without examples, without one of a class that it is to have, or larger than the data.
    """
    out: dict[str, Any] = {}
    total = 0
    for name, declared in sorted(sets.items(), key=lambda entry: entry[0] != TRAIN):  # the others are taken from it
        mine = {**declared, "count": _shrunk(declared, info, printed)}
        where = f"{source}: sets, {name}"
        _check(mine, info, where)
        total = 0 if name == TRAIN else total + mine["count"]
        room = out[TRAIN]["count"] if TRAIN in out else info.train
        if total >= room:
            raise UserError(
                f"{where}: {mine['count']:,} examples leave nothing of {room:,} to be trained on; take fewer"
            )
        out[name] = mine
    return out


def _shrunk(declared: Tree, info: DatasetInfo, printed: DatasetInfo) -> int:
    """A count in proportion to the data, at least one example of each class where classes are told apart."""
    count = int(declared["count"])
    if info.train >= printed.train:
        return count
    least = info.classes if declared.get("balanced") else 1
    return min(count, max(least, round(count * info.train / printed.train)))


def _check(declared: Tree, info: DatasetInfo, where: str) -> None:
    if declared["count"] > info.train:
        raise UserError(f"{where}: {declared['count']:,} examples, and {info.key} has {info.train:,} to train on")
    shares = declared.get("shares")
    if shares is not None:
        if declared.get("balanced"):
            raise UserError(f"{where}: 'shares' and 'balanced' exclude each other; take one of them")
        if len(shares) != info.classes:
            raise UserError(
                f"{where}: {len(shares)} shares, and {info.key} has {info.classes} classes; give one for each"
            )
        if abs(sum(shares) - 1) > 1e-6:
            raise UserError(f"{where}: shares sum to {sum(shares):g}; they must sum to 1")
    counts = per_class(declared, info.classes) or []
    for label, count in enumerate(counts):
        if count < 1:
            raise UserError(
                f"{where}: {declared['count']:,} examples leave none of class {label}; take more, or a larger share"
            )
