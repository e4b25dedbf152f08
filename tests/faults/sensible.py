"""Which mutations leave a declaration that makes sense: nothing is wrong if they are accepted.

Written apart from the schemas: what stands here is what a person would let pass, place by place.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from lnl.declared.literals import read_literal
from lnl.declared.reading import read_yaml
from lnl.errors import UserError

from .declared_files import LITERALS, tree
from .declared_mutations import COMMAND_LINE, Mutation, Raw


def _ends(*places: str) -> re.Pattern[str]:
    """A place that ends in one of these: dotted keys, \\d for a number in a list."""
    return re.compile(rf"(^|\.)({'|'.join(places)})$")


#: Texts that only people read.
TEXTS = _ends(
    *(
        "title",
        "label",
        "source",
        "licence",
        "where",
        "role",
        "written",
        r"notes?\.\d+",
        "note",
        "printed_note",
        "identity_note",
    ),
    *("waits", "reason", "claim", "intro", "says", "does", "why", "consequence", "document", "release", "name"),
    *(
        r"published\.values\..*\.image",
        r"decisions\.\w+\.values\..+",
        r"decisions\.\w+\.default",
        r"methods?\.paper",
        "paper",
        "summary",
    ),
)
#: Names of one's own, as long as nothing refers to them.
NAMES = _ends(
    r"options\..*",
    "key",
    "variant",
    r"coordinates\.\d+\.name",
    r"factors\.\d+",
    "cache_root",
    "data_root",
    r"values\.\w+\.\d+",
)
#: Numbers that may be 0, and then almost 0 as well; of others the smallest that makes sense is far above 1e-300.
ZERO = _ends(
    *("seed", "decay_start", "beta1", "beta1_after", "beta2", "momentum", "weight_decay", "points", r"range\.\d"),
    *(
        "margin",
        "threshold",
        "low",
        "high",
        "from",
        "near",
        "reference",
        r"values\.\d+",
        r"x\.\d+",
        r"points\.[tR]\.\d+",
    ),
    *(r"optimum\.\d+", r"clip\.0", r"parameters\.\w+", r"set\.\w+", r"settings\..*", r"ranges\.\w+\.\d", r"seeds\.\d+"),
    *("ddof", r"published\.values\..*", r"with\..*", "step", r"cuda_minutes|cpu_minutes"),
)
NEGATIVE = _ends(
    *(r"range\.0", "margin", "threshold", "low", r"x\.\d+", r"ranges\.\w+\.0", r"with\..*"),
    *(r"(parameters|set)\.(beta|floor)",),
)
LARGE = _ends(
    *("epochs", "batch_size", "size", "steps_cap", "steps_per_epoch", "test_images", "cuda_minutes", "cpu_minutes"),
    *("memory_mb", "seed", "seeds", "repeats", "synthetic_repeats", "rounds", "samples", "version", "step", "memory"),
    *(
        "fisher_samples",
        "n",
        "order",
        "classes",
        "lr",
        "search_block",
        "margin",
        "threshold",
        "high",
        "low",
        "to",
        "near",
    ),
    *(r"range\.\d", r"parameters\.\w+", r"parameters\.values\..*", r"set\.\w+", r"set\.protocol\..*", r"shape\.\d"),
    *(r"published\.values\..*\.(train|test|validation|classes)", r"ranges\.\w+\.\d", r"settings\..*", r"seeds\.\d+"),
    *(r"x\.\d+", r"milestones\.\d+", r"points\.t\.\d+", r"with\..*", r"values\.\d+", "below"),
)
HUGE = _ends(
    *(r"noise\.seed", r"parameters\.values\..*", r"published\.values\..*\.(train|test|validation|classes)"),
    *(r"with\..*", r"ranges\.\w+\.\d"),
)
#: Keys without which a declaration says nothing.
NEEDED = _ends(
    *("title", "key", "rows", "columns", "claims", "cores", "a", r"datasets\.\w+\.network", "lr", "schedule", "scale"),
    *("batch", "optimiser", "formula", "coordinates", "range", "clip", "starts_at_one", "candidates", "space"),
    *("target", "budget", "arms", r"points\.[tR]", "reason", "default", "basis", "path", r"batch\.size"),
)
#: Numbers that need not be whole, though some of them are written so.
REAL = _ends(
    *(
        r"range\.\d",
        r"x\.\d+",
        r"points\.[tR]\.\d+",
        r"optimum\.\d+",
        r"clip\.\d",
        "margin",
        "threshold",
        "low",
        "high",
    ),
    *(
        "below",
        "from",
        "to",
        "near",
        "reference",
        "points",
        "cuda_minutes",
        "cpu_minutes",
        "lr",
        "eta",
        "step",
        "hold_out",
    ),
    *(r"published\.values\..*", r"values\.\d+", r"ranges\.\w+\.\d", "momentum", "factor", "weight_decay"),
)
NULL = _ends(
    *(
        "steps_cap",
        "beta1_after",
        "artefacts",
        "overlay",
        "seeds",
        "data_root",
        "search_block",
        "n",
        "field",
        "clip",
        "decision",
    ),
    *(r"parameters\.\w+", r"ranges\.\w+\.1", r"values\.\w+\.\d+", r"settings\..*", r"with\..*", "default", "value"),
    *(r"set\.\w+",),
)
EMPTY = _ends(
    *(
        "notes",
        "skips",
        "label_files",
        "accepted_digests",
        "effect",
        "needs",
        "joins",
        "traits",
        "handovers",
        "settings",
    ),
    *("ranges", "runtime", r"runtime\.\w+", "network_options", "mode", "search", "stand_ins", "datasets", "networks"),
    *("values", "with", "studies", r"settings\..*", r"published\.values\..*", "options", r"only", r"handovers\..*\.2"),
    *(r"parameters\.\w+", "spread", "parameters"),
)
LISTED = _ends(
    "noise",
    "method",
    "dataset",
    "protocol",
    "arm",
    "search",
    "harder",
    "artefacts",
    r"cells\.[^.]+",
    "test",
    "switch",
    "seeds",
    r"only\.\w+",
)
#: Keys of one's own, that are names.
OWN_KEYS = re.compile(r"(decisions\.\w+\.values\.|studies\.[^.]+\.arms\.[^.]+$|^(budgets|studies)\.[^.]+$)")
TYPED = {  # by key of the configuration: what may be typed, and is accepted as it is documented
    "scale": "demo",
    "artefacts": r"|null|all|\[pumpout_table2\]",
    "seeds": r"|null|3|'3'|010|\[1, ?3\]",
    "search_block": "|null|3|'3'|010",
    "deterministic": "true|True|no",
    "replay": "true|True|no",
    "label_files": r"\{\}|\{mine: \{path: nowhere\.npz\}\}",
    "accepted_digests": r"\[\]",
    "data_root": ".*",
    "cache_root": ".+",
}


OWN = ("a yes", "a number")  # kinds of values among which a method chooses what it knows


def why(mutation: Mutation) -> str:
    """Why it is right to accept a mutation; '' if it is not."""
    if mutation.file == COMMAND_LINE:
        wanted = TYPED.get(mutation.where)
        return "as documented" if wanted is not None and re.fullmatch(wanted, str(mutation.new)) else ""
    if mutation.kind == "key twice":
        return ""
    if mutation.text is not None and _same(mutation):
        return "it means what stood there before"
    if mutation.kind == "cut off":
        return "what is left is a whole declaration"
    return "a line more of a list or a text" if mutation.kind == "line twice" else _of_place(mutation)


def _same(mutation: Mutation) -> bool:
    """Whether the file still declares what it did; read by the library, which has accepted it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(mutation.file).name
        path.write_bytes(mutation.text or b"")
        name = LITERALS[Path(mutation.file).parent.name] if path.suffix == ".py" else None
        try:
            found: Any = read_yaml(path) if name is None else read_literal(path, name)
        except UserError:
            return False
    return repr(found) == repr(tree(mutation.file))


def _of_place(mutation: Mutation) -> str:
    where, kind, new = mutation.where, mutation.kind, mutation.new
    words = (isinstance(new, str) and bool(new.strip())) or (isinstance(new, Raw) and kind == "an octal number")
    if words and (TEXTS.search(where) or (isinstance(mutation.old, str) and where.startswith("published.values."))):
        return "a text for people"
    if kind in ("misspelt", "no such name", "another value", "a path", "a word") and NAMES.search(where):
        return "a name of its own"
    if kind == "misspelt" and where.startswith("maps.") and "".join(new.split()) == "".join(mutation.old.split()):
        return "the same arrow"
    if kind == "a number in quotes" and where.startswith("maps."):
        return "a class by its number"
    if kind == "dropped key":
        return "" if NEEDED.search(where) else "it may be left out"
    if "with." in f"{where}." and "decisions" in mutation.file:
        return "whoever writes the page of decisions is told: no job reads it"
    if kind == "misspelt key" and re.search(
        r"(decisions\.\w+\.values\.|studies\.[^.]+\.arms\.[^.]+$|^budgets\.\w+$)", where
    ):
        return "a name of its own"
    if kind == "entry of no kind" and "notes" in where and isinstance(new[-1], str):
        return "a text for people"
    if kind == "entry of no kind" and where == "values" and new[-1] == 7.25:
        return "a number in its range"
    if re.search(r"^(values|ranges)\.\w+\.\d$", where) and mutation.file.startswith("methods/") and kind in OWN:
        return "a method says what it takes"
    if kind == "unknown key" and re.search(r"^parameters\.\w+$", where):
        return "a method says what it takes"
    if kind == "entry dropped":
        return "a shorter list"
    if kind == "entry twice":
        return (
            "one more of them" if re.search(r"(notes|tuning_targets\..*optimum|published\.values\.\w+)$", where) else ""
        )
    if kind == "another value" and isinstance(new, int | float):
        return "a number in its range"
    among = {
        "zero": ZERO,
        "tiny": ZERO,
        "negative": NEGATIVE,
        "large": LARGE,
        "huge": HUGE,
        "null": NULL,
        "empty": EMPTY,
    }
    if kind in among:
        return "a value that it may have" if among[kind].search(where) else ""
    if kind in ("a float for an integer", "a fraction for an integer"):
        return "a number in its range" if REAL.search(where) else ""
    if kind == "a number" and re.search(
        r"(^|\.)(seeds|search_block|steps_cap|beta1_after|ranges\.\w+\.1|parameters\.\w+)$", where
    ):
        return "as documented"
    if kind == "entry null" and re.search(r"^values\.\w+$", where):
        return "a method says what it takes"
    return "one or a list of them" if kind == "a list" and LISTED.search(where) else ""
