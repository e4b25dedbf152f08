"""Noises that declarations name: a kind that there is, and a map for the data set where it goes by maps, or images to
replace its own where it goes by images."""

from __future__ import annotations

from collections.abc import Mapping

from lnl.data.registry import DatasetInfo
from lnl.errors import Unknown, UserError, alike
from lnl.noise import keys
from lnl.noise.kinds import NoiseKind

Rows = list[list[float]]  # [K][K]


def check_name(kind: str, where: str) -> None:
    """UserError for the name of a kind to be declared that means something else already, or can stand in no key."""
    if kind in keys.SHAPES or kind.startswith(("file-", f"{keys.SEMANTIC}-")):
        raise UserError(f"{where}: '{kind}' is a kind of noise of the suite's own; give the file another name")
    if kind.endswith("-"):
        raise UserError(f"{where}: a kind's name ends with no '-'; rename the file")


def declared(noise: str, noises: Mapping[str, NoiseKind], source: str) -> NoiseKind | None:
    """The declared kind of a noise; None for one of the suite's own kinds. UserError for a noise that is none, and for
    a kind that nobody declares, with the nearest that there are: none of them is taken, since it would be another
    experiment."""
    kinds = [*keys.SHAPES, *noises]
    try:
        kind = keys.parse(noise).kind
    except Unknown:
        raise keys.unknown(noise, kinds, source) from None
    except UserError as error:
        raise UserError(f"{source}: {error}") from None
    if kind in keys.SHAPES:
        return None
    if kind not in noises:
        said = (
            f"noise '{noise}': there is no kind '{kind}'{alike(kind, kinds)}; it would be config/noises/{kind}.yaml "
            f"(docs/bring-your-own.md); there are {', '.join(kinds)}"
        )
        raise Unknown(source, "noise", kind, "", said)
    return noises[kind]


def check(noise: str, noises: Mapping[str, NoiseKind], info: DatasetInfo, stands_for: str, source: str) -> Rows | None:
    """The matrix of a noise that goes by a map; None for every other noise.

    stands_for: the paper's data set, which is `info` itself unless a scale replaces it: what stands in for another one
    flips as the first data set with as many classes does. UserError for a noise that this data set cannot carry.
    """
    kind = declared(noise, noises, source)
    try:
        key = keys.check(noise, info.classes)
    except UserError as error:
        raise UserError(f"{source}: {error}") from None
    if kind is None or kind.functions:
        return None
    if kind.replaced_by:
        _check_images(kind, key, info, stands_for, source)
        return None
    assert key.rate is not None
    found = kind.map_of(info)
    if found is None or (found.dataset != info.key and info.key == stands_for):
        standing = "" if info.key == stands_for else f", which stands in for {stands_for}"
        raise UserError(
            f"{source}: noise '{noise}': {kind.file} has no map for data set '{info.key}'{standing}; add one "
            f"(it has {', '.join(kind.maps)})"
        )
    return found.rows(key.rate)


def _check_images(kind: NoiseKind, noise: keys.NoiseKey, info: DatasetInfo, stands_for: str, source: str) -> None:
    """UserError where the images of a data set cannot be replaced as a noise says: by which others, or how many."""
    where, of = f"{source}: noise '{noise}'", kind.sources_of(info)
    if not of or (info.key == stands_for and not {info.key, info.form_of} & set(kind.replaced_by)):
        raise UserError(
            f"{where}: {kind.file} does not say whose images replace those of '{info.key}'; add it (it has "
            f"{', '.join(kind.replaced_by)})"
        )
    if noise.rate == 1:
        raise UserError(f"{where}: no image of {info.key} would be left; take a share above 0 and below 100 percent")
    wanted = -(-int(info.train * (noise.rate or 0)) // len(of))
    for each in of:
        if info.in_files or each.in_files:
            stays = info if info.in_files else each
            raise UserError(f"{where}: images of {stays.title} stay in their files, and cannot be replaced or replace")
        if (each.shape, each.dtype) != (info.shape, info.dtype) or info.dtype != "uint8":
            raise UserError(
                f"{where}: {each.key} has images of shape {list(each.shape)}, those of {info.key} are "
                f"{list(info.shape)}; name a data set with images of that shape in {kind.file}"
            )
        if each.key == info.key:
            raise UserError(f"{where}: {kind.file} replaces images of {info.key} by its own; name another data set")
        if each.train < wanted:
            raise UserError(
                f"{where}: wants {wanted:,} images of {each.key}, which has {each.train:,}; take a smaller share, or "
                "a further data set"
            )
