"""What can be wrong with the content of a file that is imported. Each mutation writes it and says what it did."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lnl.declared.specification import digest

Way = tuple[str | int, ...]
#: Texts that mean nothing to the suite: a path in them is a line of a page, and leads nowhere.
FREE = ({"provenance", "reason"}, str)
PATHS = (
    f"1/{'../' * 9}escaped",
    f"1/{'../' * 11}escaped",
    f"{'../' * 9}escaped",
    "/tmp/escaped",
    "..",
    "1\n",
    "a/b",
    "x" * 5000,
    "\x00",
    "~/escaped",
)


@dataclass(frozen=True)
class Case:
    """One file to make hostile: its place, its sound content, a folder outside of what is imported, and chance."""

    file: Path
    sound: bytes
    elsewhere: Path
    rng: random.Random

    def content(self) -> Any:
        return json.loads(self.sound)

    def write(self, raw: bytes) -> None:
        """Packed or not, as chance has it."""
        if self.rng.random() < 0.5:
            self.file.write_bytes(gzip.compress(raw, 1))
        else:
            self.file.with_suffix("").write_bytes(raw)

    def dump(self, content: Any) -> None:
        self.write(json.dumps(content).encode())


@dataclass(frozen=True)
class Mutation:
    name: str
    apply: Callable[[Case], str]
    only: str = ""  # what the place of the file has to contain
    ignored: bool = False  # a file of another name is no file to import, and nothing has to be said of it


MUTATIONS: list[Mutation] = []


def mutation(only: str = "", ignored: bool = False) -> Callable[[Callable[[Case], str]], Callable[[Case], str]]:
    def add(apply: Callable[[Case], str]) -> Callable[[Case], str]:
        MUTATIONS.append(Mutation(apply.__name__, apply, only, ignored))
        return apply

    return add


def ways(value: Any, at: Way = ()) -> Iterator[tuple[Way, Any]]:
    """Every place of a parsed file that is no object, and the first of each list."""
    yield at, value
    inner = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, entry in inner:
        yield from ways(entry, (*at, key))


def put(content: Any, way: Way, value: Any) -> Any:
    """The content, with another value at one place."""
    *above, last = way
    here = content
    for key in above:
        here = here[key]
    here[last] = value
    return content


def fields(case: Case, content: Any, *kinds: type) -> list[Way]:
    """Ways to the values of these kinds; not those to texts that may say anything."""
    found = [way for way, value in ways(content) if way and type(value) in kinds]
    return [way for way in found if not (FREE[0] & set(way) and str in kinds)]


def sign(content: Any) -> Any:
    """A record whose digest fits its specification again: whoever alters one can do that too."""
    if "result" in content and isinstance(content["result"].get("spec"), dict):
        content["result"]["digest"] = digest(content["result"]["spec"])
    return content


@mutation()
def path_in_a_text(case: Case) -> str:
    content = case.content()
    way, text = case.rng.choice(fields(case, content, str)), case.rng.choice(PATHS)
    put(content, way, text)
    case.dump(sign(content) if case.rng.random() < 0.5 and "digest" not in way else content)
    return f"{way} {text[:40]!r}"


@mutation()
def path_in_a_number(case: Case) -> str:
    content = case.content()
    way, text = case.rng.choice(fields(case, content, int, float)), case.rng.choice(PATHS)
    put(content, way, text)
    case.dump(sign(content))
    return f"{way} {text[:40]!r}"


@mutation("seed1")
def path_as_seed(case: Case) -> str:
    content = case.content()
    content.get("result", content)["seed"] = text = case.rng.choice(PATHS)
    case.dump(content)
    return repr(text[:40])


@mutation("round1")
def path_as_round(case: Case) -> str:
    content = case.content() | {"round": (text := case.rng.choice(PATHS))}
    case.dump(content)
    return repr(text[:40])


@mutation("searches/")
def path_as_search(case: Case) -> str:
    text = case.rng.choice([f"{'../' * 7}escaped", "a/../../../../escaped", "/tmp/escaped/a/b/c", "a/../b/c/d"])
    case.dump(case.content() | {"search": text})
    return text


@mutation()
def wrong_type(case: Case) -> str:
    content = case.content()
    way, value = case.rng.choice(
        [(w, v) for w, v in ways(content) if w and v is not None and not {"provenance", "digest"} & set(w)]
    )
    other = case.rng.choice(
        [o for o in ([], {}, [[[1]]], {"a": 1}, True, "text", 10**6 + 0.5) if type(o) is not type(value)]
    )
    put(content, way, other)
    case.dump(sign(content))
    return f"{way} {other!r}"


@mutation()
def left_out(case: Case) -> str:
    content = case.content()
    free = {
        "digest",
        "provenance",
        "estimates",
        "stand_in_for",
        "counted",
        "parameters",
        "curves",
        "summary",
        "diverged",
        "mode",
    }
    free |= {"draw", "mean", "scores", "parameter", "round", "candidate", "score", "value"}
    names = [w for w, _ in ways(content) if w and isinstance(w[-1], str) and not free & set(w)]
    way = case.rng.choice(names)
    here = content
    for key in way[:-1]:
        here = here[key]
    del here[way[-1]]
    case.dump(sign(content))
    return str(way)


@mutation("seed1.json")
def out_of_range(case: Case) -> str:
    content = case.content()
    r = content["result"]
    rng, curves = case.rng, r["curves"]
    name = rng.choice([name for name in curves if "accuracy" in name])
    what: dict[str, Callable[[], Any]] = {
        "percent": lambda: put(curves, (name, 0, -1), rng.choice([100.5, -0.5, 1e300])),
        "fraction": lambda: put(curves, ("loss_auc", 0, -1), rng.choice([1.5, -0.1])),
        "rate": lambda: put(r, ("labels", "realised_rate"), rng.choice([-0.1, 1.1, 45])),
        "seed": lambda: put(r, ("seed",), rng.choice([-1, 2**60, 1.0, True])),
        "epoch": lambda: put(curves, ("epoch", -1), rng.choice([-1, 10**9])),
        "summary": lambda: put(r, ("summary", "final"), rng.choice([-1, 100.1, 12.3])),
        "noise": lambda: put(r, ("labels", "noise_seed"), -1),
    }
    chosen = rng.choice(list(what))
    what[chosen]()
    case.dump(content)
    return chosen


@mutation("searches/")
def page_out_of_range(case: Case) -> str:
    content = case.content()
    rng = case.rng
    scores = "round" in content
    entry = content["candidates"][0] if scores else content["best"]
    what: dict[str, Callable[[], Any]] = {
        "score": lambda: put(entry, ("score",), rng.choice([-0.1, 1.5, None])),
        "value": lambda: put(entry, ("value",), rng.choice([0.123, 10**6, "x"])),
        "candidate": lambda: put(entry, ("candidate",), rng.choice([0, -1, 10**6])),
        "seed": lambda: put(content, ("seed",), rng.choice([-1, 2**60, 2])),
        "round": lambda: put(content if scores else entry, ("round",), rng.choice([0, -1, 2, 10**7])),
        "count": lambda: put(content, ("candidates",), content["candidates"][1:] if scores else 1),
    }
    chosen = rng.choice(list(what))
    what[chosen]()
    case.dump(content)
    return chosen


@mutation("seed1.json")
def status(case: Case) -> str:
    content = case.content()
    word, end = case.rng.choice(
        [
            *((word, None) for word in ("OK", "failed", "", None, "diverged")),
            ("ok", {"epoch": 3, "reason": "x"}),
            ("diverged", {"epoch": 3, "reason": "x"}),
            ("diverged", {"epoch": -1, "reason": "x"}),
        ]
    )
    content["result"] |= {"status": word, "diverged": end}
    case.dump(content)
    return f"{word} {end}"


@mutation("seed1.json")
def curve_lengths(case: Case) -> str:
    content, rng = case.content(), case.rng
    curves = content["result"]["curves"]
    name = rng.choice(sorted(curves))
    nested = isinstance(curves[name][0], list)
    curve = rng.choice(curves[name]) if nested else curves[name]
    how = rng.choice(
        ["shorter", "longer", "empty", "network more", "no network"] if nested else ["shorter", "longer", "empty"]
    )
    if how == "network more":
        curves[name].append(list(curve))
    elif how == "no network":
        curves[name].clear()
    else:
        curve[:] = {"shorter": curve[:-1], "longer": [*curve, curve[-1]], "empty": []}[how]
    case.dump(content)
    return f"{name} {how}"


@mutation("seed1.json")
def networks(case: Case) -> str:
    content = case.content()
    for curve in content["result"]["curves"].values():
        if isinstance(curve[0], list):
            curve.append(list(curve[0]))
    case.dump(content)
    return "one more in every curve"


@mutation()
def wrong_digest(case: Case) -> str:
    content = case.content()
    inner = content.get("result", content)
    inner["digest"] = case.rng.choice(
        ["0" * 16, inner["digest"].upper() + "A", inner["digest"][:-1], inner["digest"] + "\n"]
    )
    case.dump(content)
    return repr(inner["digest"])


@mutation("seed1.json")
def altered_specification(case: Case) -> str:
    content = case.content()
    spec = content["result"]["spec"]
    spec["optimiser"]["lr"] *= 2
    case.dump(sign(content) if case.rng.random() < 0.5 else content)
    return "another learning rate"


@mutation()
def unknown_key(case: Case) -> str:
    content = case.content()
    content.get("result", content)[case.rng.choice(["../escaped", "more", "", "__class__"])] = 1
    case.dump(content)
    return "one more"
