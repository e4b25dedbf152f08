"""The suite's own renderings that lie beside a page: its block lists them, and they are made with it."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.files import replacing
from lnl.render import claims, markdown, table
from lnl.render.pages.committed import Committed
from lnl.render.pages.marks import Mark
from lnl.render.pages.places import suite_of
from lnl.results.claims.verdicts import judge

SUFFIX = {"tables": "md", "figures": "png", "claims": "md"}
OPTIONS = ("scale", "seeds")
HEAVY = 400_000  # bytes


def listing(mark: Mark, kept: Committed) -> str:
    """`files NAME=KEY …`: a list of links to renderings of artefacts, which `lnl reproduced --write` makes."""
    suite = suite_of(mark, kept)
    return "\n".join(
        f"* [{name}]({name}): {suite.declaration(key).get('title', key)} (`{key}`, scale {suite.scale})"
        for name, key in wanted(mark, kept).items()
    )


def wanted(mark: Mark, kept: Committed) -> dict[str, str]:
    """Artefact by the name of its file; UserError for an unknown artefact or a name of another kind."""
    suite = suite_of(mark, kept)
    found = {name: key for name, key in mark.options.items() if name not in OPTIONS}
    for name, key in found.items():
        suite.declaration(key)
        suffix = SUFFIX[suite.artefacts[key]]
        if not name.endswith(f".{suffix}"):
            raise UserError(f"{name}={key}: a page shows {suite.artefacts[key]} as .{suffix}")
    if not found:
        raise UserError("no file is named: table.md=s2e_table3 …")
    return found


def make(mark: Mark, kept: Committed, folder: Path) -> list[Path]:
    """Render the files of a block into the folder of its page; those that have changed."""
    suite = suite_of(mark, kept)
    written = []
    for name, key in wanted(mark, kept).items():
        content = _RENDERERS[suite.artefacts[key]](suite, key)
        place = folder / name
        if not place.exists() or place.read_bytes() != content:
            with replacing(place) as temporary:
                temporary.write_bytes(content)
            written.append(place)
    return written


def _claims(suite: Suite, key: str) -> bytes:
    paper = key.removesuffix("_claims")
    return markdown.text(claims.document(suite, paper, judge(suite, paper))).encode()


def _picture(suite: Suite, key: str) -> bytes:
    from lnl.render.figure import render

    with tempfile.TemporaryDirectory() as made:
        render(suite, key, made)
        return _light((Path(made) / f"{key}.png").read_bytes())


_RENDERERS: dict[str, Callable[[Suite, str], bytes]] = {
    "tables": lambda suite, key: markdown.text(table.shown(suite, key)).encode(),
    "figures": _picture,
    "claims": _claims,
}


def _light(png: bytes) -> bytes:
    """A picture that is heavy in a history of commits, in 256 colours: what figures are drawn in needs no more."""
    if len(png) <= HEAVY:
        return png
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(out, "png", optimize=True)
    return out.getvalue()


def stale(mark: Mark, kept: Committed, folder: Path) -> list[str]:
    """Why a file of a block is not what its records give, in words; pictures are only looked for.

    Of a page of claims the lines that rest on runs are compared: the others take long to compute and know no record.
    """
    suite = suite_of(mark, kept)
    said = []
    for name, key in wanted(mark, kept).items():
        file = folder / name
        if not file.exists():
            said.append(f"{name} is not there")
        elif suite.artefacts[key] == "tables":
            if file.read_text(encoding="utf-8") != markdown.text(table.shown(suite, key)):
                said.append(f"{name} is not what its records give")
        elif suite.artefacts[key] == "claims":
            paper = key.removesuffix("_claims")
            verdicts = kept.verdicts(paper, suite.scale, mark.number("seeds"))
            shown = [markdown.table(grid) for grid in claims.document(suite, paper, verdicts).grids[1:]]
            lines = set(file.read_text(encoding="utf-8").splitlines())
            if not {line for text in shown for line in text.splitlines()} <= lines:
                said.append(f"{name} is not what its records give")
    return said
