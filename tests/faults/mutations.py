"""What can be wrong with one file of a folder that is imported. Each mutation writes the file and says what it did."""

from __future__ import annotations

import gzip
import json
import os
import random
import socket
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
    *above, last = way
    for key in above:
        content = content[key]
    content[last] = value
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
def no_number(case: Case) -> str:
    content = case.content()
    word = case.rng.choice(
        ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 4000, "9" * 9000, "9" * 30, "01", "+1"]
    )
    put(content, way := case.rng.choice(fields(case, content, int, float)), "@here@")
    case.write(json.dumps(content).replace('"@here@"', word).encode())
    return f"{way} {word[:12]}"


@mutation()
def nested(case: Case) -> str:
    content, depth = case.content(), case.rng.choice([50, 900, 5000, 200_000])
    bracket, end = case.rng.choice([("[", "]"), ('{"a":', "}")])
    put(content, way := case.rng.choice([w for w, _ in ways(content) if w]), "@here@")
    inner = bracket * depth + "1" + end * depth
    case.write(json.dumps(content).replace('"@here@"', inner).encode())
    return f"{way} {depth}"


@mutation()
def truncated(case: Case) -> str:
    if case.rng.random() < 0.5:
        packed = gzip.compress(case.sound)
        case.file.write_bytes(packed[: case.rng.randrange(len(packed))])
        return "packed"
    case.write(case.sound.rstrip()[: case.rng.randrange(len(case.sound) - 2)])
    return "text"


@mutation()
def flipped(case: Case) -> str:
    packed = case.rng.random() < 0.5
    raw = bytearray(gzip.compress(case.sound) if packed else case.sound)
    at = case.rng.randrange(10, len(raw))
    raw[at] ^= 1 << case.rng.randrange(8) if packed else 0x80
    (case.file if packed else case.file.with_suffix("")).write_bytes(raw)
    return f"byte {at} of {'gzip' if packed else 'text'}"


@mutation()
def bomb(case: Case) -> str:
    member = gzip.compress(b" " * 2**20)
    case.file.write_bytes(member * 4000)
    return "4 GB of blanks in 4 MB"


@mutation()
def bomb_of_one_member(case: Case) -> str:
    case.file.write_bytes(gzip.compress(case.sound + b" " * 2**26, 1))
    return "64 MB of blanks behind the content"


@mutation()
def many_lists(case: Case) -> str:
    case.write(b"[" + b"[]," * 1_000_000 + b"[]]")
    return "a million lists"


@mutation()
def pipe(case: Case) -> str:
    os.mkfifo(case.file)
    return "FIFO"


@mutation()
def unix_socket(case: Case) -> str:
    before = os.getcwd()
    os.chdir(case.file.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(case.file.name)
    finally:
        os.chdir(before)
    return "socket"


@mutation()
def link(case: Case) -> str:
    case.elsewhere.mkdir()
    target = case.elsewhere / "content.json.gz"
    target.write_bytes(gzip.compress(case.sound))
    case.file.symlink_to(target)
    return "to a sound file"


@mutation()
def link_to_nothing(case: Case) -> str:
    case.file.symlink_to(case.rng.choice(["/dev/zero", "/dev/stdin", case.file.name, "nowhere", "/etc/passwd"]))
    return os.readlink(case.file)


@mutation("s2e/")
def linked_folder(case: Case) -> str:
    case.elsewhere.mkdir()
    (case.elsewhere / case.file.name).write_bytes(gzip.compress(case.sound))
    case.file.parent.rmdir()
    case.file.parent.symlink_to(case.elsewhere)
    return "with a sound file in it"


@mutation()
def huge(case: Case) -> str:
    place = case.file if case.rng.random() < 0.5 else case.file.with_suffix("")
    with place.open("wb") as stream:
        stream.truncate(2**36)
    return "64 GB of nothing"


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


@mutation("seed1.json")
def path_of_another_seed(case: Case) -> str:
    case.file.with_name(case.rng.choice(["seed7.json", "seed01.json", "seed.json", "seed1 .json"])).write_bytes(
        case.sound
    )
    return "seed 1 in it"


@mutation("s2e/")
def path_of_another_cell(case: Case) -> str:
    place = case.file.parents[1] / "bootstrap" / case.file.name
    place.parent.mkdir()
    place.write_bytes(gzip.compress(case.sound))
    return str(place)


@mutation("searches/")
def path_of_another_search(case: Case) -> str:
    inside = "round2/scores.json" if "round1" in str(case.file) else "../seed2/best.json"
    place = (case.file.parents[1] if "round1" in str(case.file) else case.file.parent) / inside
    place.parent.mkdir()
    place.write_bytes(case.sound)
    return str(place)


@mutation()
def odd_name(case: Case) -> str:
    name = case.rng.choice(
        [b"seed1\n.json", b"seed\xff\xfe.json", b"seed\x1b[31m.json", b"seed 1.json", b"seed.json.gz"]
    )
    Path(os.fsdecode(os.path.join(os.fsencode(case.file.parent), name))).write_bytes(case.sound)
    return repr(name)


@mutation()
def odd_characters(case: Case) -> str:
    content = case.content()
    text = case.rng.choice(["\ud800", "\x1b[31m", "a\nb", "\u2028", "\udfff\ud800"])
    at = ("provenance", "device") if "provenance" in content else ("search",)
    put(content, at, text)
    case.dump(content)
    return repr(text)


@mutation()
def twice_the_key(case: Case) -> str:
    text = case.sound.decode().strip()
    first = text[1:].lstrip().partition('"')[2].partition('"')[0]
    case.write(f'{text[:-1]}, "{first}": {json.dumps(case.content()[first])}}}'.encode())
    return first


@mutation()
def another_encoding(case: Case) -> str:
    code = case.rng.choice(["utf-16", "utf-32", "utf-8-sig"])
    case.write(case.sound.decode().encode(code))
    return code


@mutation()
def something_else(case: Case) -> str:
    raw = case.rng.choice(
        [b"", b"[]", b"null", b"1", b'"text"', b"{}", b"\x00" * 100, b"\x1f\x8b", b'{"result": {}, "provenance": {}}']
    )
    case.write(raw)
    return repr(raw[:20])


@mutation(ignored=True)
def folder_of_the_name(case: Case) -> str:
    case.file.mkdir()
    return "a folder"


@mutation()
def unknown_key(case: Case) -> str:
    content = case.content()
    content.get("result", content)[case.rng.choice(["../escaped", "more", "", "__class__"])] = 1
    case.dump(content)
    return "one more"
