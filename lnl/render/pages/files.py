"""The suite's own renderings that lie beside a page: its block lists them, and they are made with it."""

from __future__ import annotations

import io
import tempfile
from importlib import import_module
from pathlib import Path

from lnl.errors import UserError
from lnl.render import claims, markdown, table
from lnl.render.pages.committed import Committed
from lnl.render.pages.marks import Mark
from lnl.render.pages.places import suite_of

SUFFIX = {"tables": "md", "figures": "png", "claims": "md"}
_MODULES = {"tables": "lnl.render.table", "figures": "lnl.render.figure", "claims": "lnl.render.claims"}
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
    """Render the files of a block into the folder of its page."""
    suite = suite_of(mark, kept)
    written = []
    for name, key in wanted(mark, kept).items():
        kind = suite.artefacts[key]
        with tempfile.TemporaryDirectory() as made:
            which = key.removesuffix("_claims") if kind == "claims" else key
            import_module(_MODULES[kind]).render(suite, which, made)
            content = (Path(made) / f"{which}.{SUFFIX[kind]}").read_bytes()
        content = _light(content) if kind == "figures" else content
        place = folder / name
        if not place.exists() or place.read_bytes() != content:
            place.write_bytes(content)
            written.append(place)
    return written


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
