"""Sets of a protocol, as declared: checked before any job, and shrunk with the data where a stand-in has fewer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.data.registry import DatasetInfo
from lnl.data.set_sizes import HOLD_OUT, TRAIN, per_class
from lnl.errors import UserError

Tree = Mapping[str, Any]


def resolved(sets: Mapping[str, Tree], info: DatasetInfo, printed: DatasetInfo, source: str) -> dict[str, Any]:
    """`sets` of a specification. info: the data set that is used; printed: the one that the counts are meant for.

    UserError for a set without examples, without one of a class that it is to have, or larger than the data.
    """
    out: dict[str, Any] = {}
    total = 0
    _check_together(sets, source)
    counts = _shrunk(sets, info, printed)
    for name, declared in sorted(sets.items(), key=lambda entry: entry[0] != TRAIN):  # the others are taken from it
        mine = {**declared, "count": counts[name]}
        where = f"{source}: sets, {name}"
        if "of" in mine and not info.clean and info.key != printed.key:
            del mine["of"]  # a stand-in's own examples are clean
        _check(mine, info, where)
        if "of" in mine:
            out[name] = mine
            continue
        total = 0 if name == TRAIN else total + mine["count"]
        room = out[TRAIN]["count"] if TRAIN in out else info.train - info.clean
        if total >= room:
            raise UserError(
                f"{where}: {mine['count']:,} examples leave nothing of {room:,} to be trained on; take fewer"
            )
        out[name] = mine
    _check_classes(out, info, source)
    return out


def suggested(sets: Mapping[str, Tree], info: DatasetInfo) -> int:
    """How many examples a further set, with as many of each class, may have beside those that are declared.

    About a hundred, as the papers' clean sets have, and of a small data set half of what is there to be trained on.
    """
    room = sets[TRAIN]["count"] if TRAIN in sets else info.train - info.clean
    room -= sum(declared["count"] for name, declared in sets.items() if name != TRAIN and "of" not in declared)
    each = min(100 // info.classes, room // (2 * info.classes))
    return int(info.classes * max(1, each))


def held_out_examples(spec: Tree, info: DatasetInfo) -> int:
    """Training examples of the whole file that a method leaves out, or that validate in a search."""
    return round(info.train * float(spec.get("hold_out", {}).get("share", 0.0)))


def trained_examples(spec: Tree, info: DatasetInfo) -> int:
    """How many examples a run under a resolved specification trains on: those of its set, or all but what is held out.

    A set that only some methods read, and which the others train on, is counted in: it is small.
    """
    sets = spec.get("sets", {})
    if (of_set := spec.get("trained_on", "all")) != "all":
        return int(sets[of_set]["count"])
    apart = [declared["count"] for name, declared in sets.items() if declared.get("held_out") == "all"]
    of_all = sets[TRAIN]["count"] if TRAIN in sets else info.train - held_out_examples(spec, info)
    return int(of_all - sum(apart))


def _check_together(sets: Mapping[str, Tree], source: str) -> None:
    """UserError for keys that mean nothing, for a name that is taken, or for two sets that both validate."""
    for key in ("held_out", "labels", "validates"):
        if key in sets.get(TRAIN, {}):
            raise UserError(f"{source}: sets, {TRAIN}: '{key}' says nothing of what is trained on; leave it out")
    if HOLD_OUT in sets:
        raise UserError(f"{source}: sets: '{HOLD_OUT}' is what methods leave out; give the set another name")
    validating = [name for name, declared in sets.items() if declared.get("validates")]
    if len(validating) > 1:
        raise UserError(f"{source}: sets: {' and '.join(validating)} both validate; let one of them")
    for name in validating:
        if sets[name].get("held_out") != "all":
            raise UserError(
                f"{source}: sets, {name}: validates, and methods that do not read it train on it; add held_out: all"
            )


def _check_classes(sets: Mapping[str, Tree], info: DatasetInfo, source: str) -> None:
    """UserError where balanced sets take the last example of a class from a set `train` of declared shares."""
    left = per_class(sets[TRAIN], info.classes) if TRAIN in sets else None
    for name, declared in sets.items() if left else ():
        taken = per_class(declared, info.classes)
        if name == TRAIN or taken is None or left is None:
            continue
        left = [here - gone for here, gone in zip(left, taken, strict=True)]
        for label, count in enumerate(left):
            if count < 1:
                raise UserError(
                    f"{source}: sets, {name}: takes all of class {label} that set '{TRAIN}' has; take fewer, or a "
                    "larger share of that class"
                )


def _shrunk(sets: Mapping[str, Tree], info: DatasetInfo, printed: DatasetInfo) -> dict[str, int]:
    """Counts; of a stand-in at most half of it, the largest sets shrunk first: one stand-in of two data sets has one
    set."""
    counts = {name: int(declared["count"]) for name, declared in sets.items()}
    if info.key == printed.key:
        return counts
    if TRAIN in counts:
        counts[TRAIN] = min(counts[TRAIN], max(info.classes, info.train // 2))
    room = counts.get(TRAIN, info.train) // 2
    others = sorted((name for name in counts if name != TRAIN), key=lambda name: counts[name])
    for number, name in enumerate(others):  # each has its share of what smaller ones have left
        counts[name] = min(counts[name], max(info.classes, room // (len(others) - number)))
        room -= counts[name]
    return counts


def _check(declared: Tree, info: DatasetInfo, where: str) -> None:
    if "of" in declared and declared["count"] > info.clean:
        raise UserError(f"{where}: {declared['count']:,} clean examples, and {info.key} has {info.clean:,}; take fewer")
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
