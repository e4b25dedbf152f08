"""Faults of what is typed, and of where: a function of a random generator each, that makes a call with one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

CELL = "s2e/digits/symmetric-50/coteaching"
HUGE = "9" * 400
#: By what a place takes: words that it does not take.
WRONG = {
    "whole": ["", " ", "-1", str(10**30), HUGE, "1.5", "1e3", "nan", "é", "one", "null", "[1]", "\x07", "--", "\udcff"],
    "seeds": ["", ",", "-1", "0", "1,1", "1.5", str(10**30), HUGE, "1," + HUGE, "é", "1-3", "[1,3]", "1,,2", "\udcff"],
    "name": ["", " ", "Demo ", "démo", "İ", "../..", "/etc/passwd", "x" * 5000, "\x1b[2J", "a\nb", "-", "{}", "\udcff"],
    "device": ["", "cuda:99", "CPU", "gpu", "cuda,cpu", "é", "0", "x" * 5000, "\udcff"],
    "cell": ["", "/", "a/b", f"{CELL}/x", "s2e/digits/symmetric-50/coteachin", f"s2e/../x/{CELL[-10:]}", "é/é/é/é"],
    "out": ["", ".", "Snakefile/x", "/dev/full/x", "/proc/version/x", "x" * 300, "a\0b"[:1] + "/" * 2 + "x" * 400],
}
SCALE, DEVICE, SEEDS = {"--scale": "name"}, {"--device": "device"}, {"--seeds": "seeds"}
#: Of every command: words of a call that is sound, and what its options take. A number of a word: what stands there.
COMMANDS: dict[str, tuple[list[str], dict[str | int, str]]] = {
    "train": ([CELL, "--scale", "demo"], {0: "cell", "--seed": "whole", **SCALE, **DEVICE}),
    "repeats": ([CELL, "--seeds", "1,2"], {0: "cell", **SEEDS, **SCALE, **DEVICE}),
    "search": ([f"{CELL}/tau-grid"], {0: "cell", "--seed": "whole", "--step": "name", **SCALE, **DEVICE}),
    "synthetic": (["quadratic", "random"], {0: "name", 1: "name"}),
    "prepare data": (["digits"], {0: "name", **SCALE}),
    "prepare noise": (["digits", "symmetric-50"], {0: "name", 1: "name", "--seed": "whole", "--generator": "name"}),
    "table": (["small", "--partial"], {0: "name", **SCALE, **SEEDS}),
    "figure": (["small", "--partial"], {0: "name"}),
    "claims": (["tutorial", "--partial"], {0: "name"}),
    "render": (["small", "--partial"], {0: "name", **SCALE, **SEEDS}),
    "report": ([], {**SCALE, **SEEDS}),
    "handover": ([CELL, "--point", "final"], {0: "cell", "--point": "name", "--seed": "whole"}),
    "plan": (["small"], {0: "name", **SCALE, **SEEDS, **DEVICE}),
    "status": (["small"], {0: "name", **SCALE, **SEEDS}),
    "show": ([CELL], {0: "cell", **SCALE}),
    "methods": ([], {"--write": "out"}),
    "decisions": ([], {0: "name", "--write": "out"}),
    "export": (["out.csv"], {0: "out", "--curves": "out", **SCALE}),
    "compare": (
        ["coteaching", "standard"],
        {0: "name", 1: "cell", "--table": "name", "--statistic": "name", "--csv": "out", **SCALE, **SEEDS},
    ),
    "keep": (["kept", "small"], {0: "out", 1: "name"}),
    "reproduced": (["page.md"], {0: "out"}),
    "import": (["nowhere"], {0: "out"}),
    "clean": ([], SCALE),  # type: ignore[dict-item]
    "doctor": ([], {**SCALE, **DEVICE}),
}
#: That something reads, be it Python, torch, rich, a C library or the suite.
VARIABLES = (
    *("LNL_HEAD", "LNL_CHECKPOINT_SECONDS", "LNL_SLOTS_PER_GPU", "LNL_DATA_ROOT", "LNL_WORKER", "OMP_NUM_THREADS"),
    *("TMPDIR", "HOME", "PYTHONPATH", "COLUMNS", "LINES", "NO_COLOR", "TERM", "LANG", "LC_ALL", "XDG_CACHE_HOME"),
)
#: Commands that only look, and what they print is not in ASCII alone.
LOOKING = [["show", CELL], ["status", "small"], ["plan", "small"], ["methods"], ["doctor"], ["decisions"], ["clean"]]
CONFIGURED = [call for call in LOOKING if call != ["methods"]]


@dataclass(frozen=True)
class Call:
    """A call of `lnl`."""

    fault: str
    words: list[str]
    refused: bool = False  # whether it has to be
    environment: dict[str, str | None] = field(default_factory=dict)
    folder: str = ""
    closed: tuple[int, ...] = ()  # standard files
    reader_gone: bool = False  # of the standard output, as after `| head -1`
    encoding: str = "utf-8"  # of the terminal


def word(random: Random) -> Call:
    """One word, or the value of one option, is of another kind, empty, huge, negative or not of ASCII."""
    name = random.choice(list(COMMANDS))
    sound, places = COMMANDS[name]
    place = random.choice(list(places))
    wrong = random.choice(WRONG[places[place]])
    words = list(sound)
    if isinstance(place, str):
        if place in words:
            del words[words.index(place) : words.index(place) + 2]
        words.append(f"{place}={wrong}")
    elif place < len(words):
        words[place] = wrong
    else:
        words.append(wrong)
    before = ["--"] if isinstance(place, int) and wrong.startswith("-") else []
    return Call(
        "word",
        [*name.split(), *(w for w in words if w[:2] == "--"), *before, *(w for w in words if w[:2] != "--")]
        if before
        else [*name.split(), *words],
        refused=True,
    )


def option(random: Random) -> Call:
    """A command, an option or a number of arguments that there is not."""
    name = random.choice(list(COMMANDS))
    extra = random.choice([["--nonsense"], ["--seed"], ["-x"], ["one", "too", "many", "x" * 3000]])
    words = random.choice([[name + "s"], ["é"], [""], [*name.split(), *COMMANDS[name][0], *extra], ["x" * 5000]])
    return Call("option", words, refused=not (name in ("render", "plan", "status", "keep") and extra[0] == "one"))


def configuration(random: Random) -> Call:
    """What a head hands to its jobs is something else."""
    wrong = random.choice(["{", "[]", "1", '{"scale": 1}', '{"scale": ""}', '{"seeds": -1}', '{"x": 1}', "é", "\udcff"])
    return Call(
        "configuration",
        random.choice(CONFIGURED),
        wrong != '{"x": 1}',
        {"LNL_CONFIG": wrong},
    )


def variable(random: Random) -> Call:
    """A variable that something reads holds nonsense, or is not there."""
    name = random.choice(VARIABLES)
    value = random.choice([None, "", "0", "-1", "é", "x" * 5000, HUGE, "/nowhere", "dumb", "tr_TR.UTF-8", "nan", "1"])
    return Call("variable", random.choice(LOOKING), False, {name: value})


def terminal(random: Random) -> Call:
    """A terminal that knows ASCII alone, or is very narrow."""
    environment = random.choice([{"COLUMNS": "1"}, {"COLUMNS": "0"}, {"TERM": "dumb"}, {"LC_ALL": "C"}])
    return Call("terminal", random.choice(LOOKING), False, environment, encoding=random.choice(["ascii", "utf-8"]))


def files(random: Random) -> Call:
    """Standard files that are closed, or that nobody reads."""
    closed = random.choice([(0,), (1,), (0, 1), ()])
    return Call("files", random.choice(LOOKING), closed=closed, reader_gone=not closed)


def folder(random: Random) -> Call:
    """A command is called in a folder of the checkout."""
    return Call("folder", random.choice(LOOKING), True, folder=random.choice(["config", "methods", "workflow/rules"]))


FAULTS: list[Callable[[Random], Call]] = [word, word, word, option, configuration, variable, terminal, files, folder]
