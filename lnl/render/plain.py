"""Tables that need no training: data-set sizes, network layers, properties that a method uses; printed beside ours."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lnl.declared import paths
from lnl.declared.synonyms import title
from lnl.errors import UserError
from lnl.render.document import ABSENT, NOTHING, Cell, Document, Grid

if TYPE_CHECKING:
    import pandas as pd

    from lnl.declared.suite import Suite

Fact = tuple[str, str, str, str, str]  # row label, column label, ours, printed, verdict
TONES = {"agrees": "good", "differs": "low"}


def untrained(suite: Suite, key: str) -> tuple[Document, pd.DataFrame]:
    """Document and tidy frame of a table of kind `datasets`, `networks` or `traits`."""
    import pandas as pd

    declaration = suite.tables[key]
    kind = declaration["kind"]
    makers: dict[str, Callable[[Suite, dict[str, Any]], tuple[Grid, list[Fact], str, str]]] = {
        "datasets": _datasets,
        "networks": _networks,
        "traits": _traits,
    }
    if kind not in makers:
        raise UserError(f"tables/{key}.yaml: kind '{kind}' is not one of accuracy, {', '.join(makers)}")
    grid, facts, caption, heading = makers[kind](suite, declaration)
    verdicts: dict[str, int] = {}
    for *_, verdict in facts:
        if verdict:
            word = verdict.split(" (")[0]
            verdicts[word] = verdicts.get(word, 0) + 1
    listing = tuple(
        (row, (Cell(column), Cell(ours), Cell(printed), Cell(verdict, tone=TONES.get(verdict, "quiet"))))
        for row, column, ours, printed, verdict in facts
    )
    source = declaration["source"]
    shown = Document(
        key,
        declaration["title"],
        ", ".join(str(source[part]) for part in ("paper", "where") if source.get(part)),
        heading,
        caption,
        (grid, Grid(("", "ours", "printed", "verdict"), listing, "Ours beside printed", "list")),
        (("Notes", tuple(declaration.get("notes") or ())),) if declaration.get("notes") else (),
        verdicts=verdicts,
    )
    return shown, pd.DataFrame(facts, columns=["row", "column", "ours", "printed", "verdict"])


def _compare(ours: str, printed: str) -> str:
    if not printed:
        return ""
    if ours in (NOTHING, ABSENT):
        return "not in the suite yet" if ours == ABSENT else "not measured"
    return "agrees" if ours == printed else "differs"


def _datasets(suite: Suite, declaration: dict[str, Any]) -> tuple[Grid, list[Fact], str, str]:
    """Sizes in the data manifests beside the printed ones; a stand-in is named and not compared."""
    values = (declaration.get("published") or {}).get("values", {})
    rows, facts = [], []
    for row in declaration["rows"]:
        used = suite.used_for(row["dataset"])
        label = row["label"] if used == row["dataset"] else f"{row['label']} ({used} stands in)"
        sizes = _sizes(Path(paths.data(suite.scale, used)), declaration.get("split", "none"))
        cells = [Cell(label)]
        for column in declaration["columns"]:
            ours, printed = sizes.get(column["key"], NOTHING), _text(values.get(row["key"], {}).get(column["key"]))
            verdict = _compare(ours, printed)
            if used != row["dataset"] and verdict in ("agrees", "differs"):
                verdict = f"not comparable ({used} for {row['dataset']})"
            cells.append(Cell(ours, printed))
            facts.append((label, column["label"], ours, printed, verdict))
        rows.append(("", tuple(cells)))
    header = ("", *(column["label"] for column in declaration["columns"]))
    caption = "Counted in the prepared data; in grey or parentheses: as printed. A dash: not prepared at this scale."
    return Grid(header, tuple(rows), "As printed"), facts, caption, f"scale {suite.scale}"


def _sizes(path: Path, split: str) -> dict[str, str]:
    """Facts of a data manifest in words, its test images counted as a protocol with this split uses them."""
    if not path.exists():
        return {}
    try:
        manifest = paths.read(path)
        _, height, width = manifest["shape"]
        counts = dict(manifest["counts"])
        if split == "test-halves" and not counts.get("validation"):
            counts["validation"] = counts["test"] // 2
            counts["test"] -= counts["validation"]
        return {
            **{part: _text(count) for part, count in counts.items()},
            "classes": _text(manifest["classes"]),
            "image": f"{height}×{width}" if height > 1 else f"{width}-D",
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path}: not a readable data manifest ({error}); the next start prepares the data again"
        ) from None


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "YES" if value else "NO"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _networks(suite: Suite, declaration: dict[str, Any]) -> tuple[Grid, list[Fact], str, str]:
    """Layers and parameter counts of the networks as built, beside the printed layers and the known counts."""
    from lnl.render.layers import layers, parameters

    values = (declaration.get("published") or {}).get("values", {})
    known = (declaration.get("parameters") or {}).get("values", {})
    listed, facts = [], []
    for column in declaration["columns"]:
        shape, classes, options = tuple(column["shape"]), int(column["classes"]), column.get("options", {})
        ours = layers(column["network"], shape, classes, **options)
        printed = values.get(column["key"], [])
        listed.append([Cell(a, b) for a, b in zip_longest(ours, printed, fillvalue="")])
        same = sum(_printed_so(a, b) for a, b in zip_longest(ours, printed, fillvalue=""))
        count = f"{same} of {len(printed)} as printed"
        verdict = "agrees" if same == len(printed) == len(ours) else "differs"
        facts.append((column["label"], "layers", f"{len(ours)} lines, {count}", f"{len(printed)} lines", verdict))
        total = _text(parameters(column["network"], shape, classes, **options))
        wanted = _text(known.get(column["key"]))
        facts.append((column["label"], "parameters", total, wanted, _compare(total, wanted)))
    rows = []
    for index, cells in enumerate(zip_longest(*listed, fillvalue=Cell(""))):
        rows.append(("", (Cell(str(index) if index else ""), *cells)))
    header = ("", *(column["label"] for column in declaration["columns"]))
    counted = (declaration.get("parameters") or {}).get("source", "")
    caption = (
        "Layers of the networks as the suite builds them, found by running them; in grey or parentheses: as printed."
        + (f" Parameters beside: {counted}." if counted else "")
    )
    return Grid(header, tuple(rows), "As printed", "list"), facts, caption, "every scale: no training"


def _printed_so(ours: str, printed: str) -> bool:
    """Whether a layer is as printed; batch norm and strides that a document leaves out are not held against it."""
    return printed in (ours, ours.replace(" BN", ""), ours.replace(", stride 2", ""))


def _traits(suite: Suite, declaration: dict[str, Any]) -> tuple[Grid, list[Fact], str, str]:
    """YES and NO of the methods' own files beside the printed ones."""
    values = (declaration.get("published") or {}).get("values", {})
    rows, facts = [], []
    for row in declaration["rows"]:
        cells = [Cell(row["label"])]
        for column in declaration["columns"]:
            spec = suite.methods.get(column["method"])
            ours = ABSENT if spec is None else _text(spec.get("traits", {}).get(row["key"])) or NOTHING
            printed = _text(values.get(row["key"], {}).get(column["key"]))
            cells.append(Cell(ours, printed))
            facts.append(
                (row["label"], column.get("label", title(column["method"])), ours, printed, _compare(ours, printed))
            )
        rows.append(("", tuple(cells)))
    header = ("", *(column["label"] for column in declaration["columns"]))
    caption = (
        "What each method uses, from its file in methods/; in grey or parentheses: as printed. "
        f"{ABSENT} not in the suite yet."
    )
    return Grid(header, tuple(rows), "As printed"), facts, caption, "every scale: no training"
