"""One thing wrong at a time: mutations of a declared tree, of its file's bytes, and of what the command line says."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from .declared_files import KINDS, ROOT, Pairs, Raw, files, paths, replaced, tree, value_at, written

Place = tuple[str | int, ...]
COMMAND_LINE = "--config"

BOMB = "[&b0 [x, x, x, x, x, x, x, x, x], " + ", ".join(
    f"&b{n + 1} [{', '.join([f'*b{n}'] * 9)}]" for n in range(9)
) + "]"  # fmt: skip


@dataclass(frozen=True)
class Mutation:
    """What is done to a file. `text`: its new bytes; `put`: what stands there in its place, if it is no file."""

    kind: str
    file: str
    at: Place = ()
    old: Any = None
    new: Any = None
    text: bytes | None = None
    put: str = ""

    @property
    def where(self) -> str:
        return ".".join(map(str, self.at))

    def __str__(self) -> str:
        return f"{self.file} [{self.where}] {self.kind}: {short(self.old)} -> {short(self.new)}"


def short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 70 else f"{text[:67]}…"


def misspelt(word: str, rng: random.Random) -> str:
    """The word with two letters changed places, or one twice."""
    spots = [i for i in range(len(word) - 1) if word[i] != word[i + 1]]
    if not spots:
        return word + "x"
    i = rng.choice(spots)
    return word[:i] + word[i + 1] + word[i] + word[i + 2 :]


PATHS = ("../../up", "a/b", " ", "a b", ".", "{x}")

#: name -> (whether it applies to an old value, the new value)
VALUES: dict[str, tuple[Callable[[Any], bool], Callable[[Any, random.Random], Any]]] = {
    "null": (lambda old: old is not None, lambda old, rng: None),
    "a word": (lambda old: not isinstance(old, str), lambda old, rng: "nonsense"),
    "a number": (lambda old: not _number(old), lambda old, rng: rng.choice([3, 0.5])),
    "a yes": (lambda old: not isinstance(old, bool), lambda old, rng: True),
    "a list": (lambda old: not isinstance(old, list), lambda old, rng: [old]),
    "a mapping": (lambda old: not isinstance(old, dict), lambda old, rng: {"value": old}),
    "empty": (lambda old: isinstance(old, str | list | dict), lambda old, rng: type(old)()),
    "a float for an integer": (_ := lambda old: _whole(old), lambda old, rng: float(old)),
    "a fraction for an integer": (_, lambda old, rng: old + 0.5),
    "NaN": (lambda old: _number(old), lambda old, rng: float("nan")),
    "infinite": (lambda old: _number(old), lambda old, rng: rng.choice([float("inf"), -float("inf")])),
    "negative": (lambda old: _number(old) and old > 0, lambda old, rng: -old),
    "zero": (lambda old: _number(old) and old != 0, lambda old, rng: type(old)(0)),
    "huge": (lambda old: _number(old), lambda old, rng: type(old)(10 ** rng.choice([7, 9, 15, 30]))),
    "large": (lambda old: _number(old), lambda old, rng: old + type(old)(rng.choice([100, 1000, 100_000]))),
    "tiny": (lambda old: isinstance(old, float), lambda old, rng: 1e-300),
    "a number in quotes": (lambda old: _number(old), lambda old, rng: str(old)),
    "misspelt": (lambda old: isinstance(old, str) and 1 < len(old) < 40, lambda old, rng: misspelt(old, rng)),
    "no such name": (lambda old: isinstance(old, str), lambda old, rng: "nosuchthing"),
    "a path": (lambda old: isinstance(old, str), lambda old, rng: rng.choice(PATHS)),
    "another value": (lambda old: isinstance(old, str) or _number(old), lambda old, rng: _other(old)),
}  # fmt: skip
YAML_ONLY = {
    "a bomb of aliases": Raw(BOMB),
    "an alias of itself": Raw("&r [*r]"),
    "an alias of nothing": Raw("*nowhere"),
    "a tag": Raw("!!python/object/apply:os.getcwd []"),
    "a date": Raw("2001-01-01"),
    "an octal number": Raw("0o17"),
    "an old octal number": Raw("017"),
    "a number of minutes": Raw("1:30"),
    "deep": Raw("[" * 3000 + "]" * 3000),
    "bytes": Raw("!!binary aGVsbG8="),
    "a harmless alias": Raw("[&h 1, *h]"),
}
PYTHON_ONLY = {
    "a call": Raw("len('x')"),
    "a tuple": Raw("(1, 2)"),
    "a set": Raw("{1, 2}"),
    "bytes": Raw("b'x'"),
    "an ellipsis": Raw("..."),
    "a complex number": Raw("1j"),
    "deep": Raw("[" * 150 + "]" * 150),
    "very deep": Raw("-" * 5000 + "1"),
}


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _other(old: Any) -> Any:
    """Another value of the kind, as near as it gets: it may well be valid."""
    return f"{old} anew" if isinstance(old, str) else old + 1 if _whole(old) else old * 1.01


def _of_value(file: str, rng: random.Random) -> Mutation | None:
    content = tree(file)
    at = rng.choice([place for place in paths(content) if place])
    old = value_at(content, at)
    special = PYTHON_ONLY if file.endswith(".py") else YAML_ONLY
    if rng.random() < 0.12:
        kind = rng.choice(list(special))
        new = special[kind]
    else:
        kind = rng.choice([name for name, (applies, _) in VALUES.items() if applies(old)])
        new = VALUES[kind][1](old, rng)
    return _made(kind, file, at, old, new, replaced(content, at, new))


def _made(kind: str, file: str, at: Place, old: Any, new: Any, content: Any) -> Mutation:
    return Mutation(kind, file, at, old, new, written(file, content).encode())


def _of_key(file: str, rng: random.Random) -> Mutation | None:
    content = tree(file)
    at = rng.choice([place for place in paths(content) if isinstance(value_at(content, place), dict)])
    old = value_at(content, at)
    if not old:
        return None
    key = rng.choice(list(old))
    kind = rng.choice(
        ["dropped key", "unknown key", "misspelt key", "key twice", "renamed to another", "key of no word"]
    )
    new: Any = {
        "dropped key": lambda: {k: v for k, v in old.items() if k != key},
        "unknown key": lambda: {**old, "colour": 1},
        "misspelt key": lambda: {misspelt(k, rng) if k == key else k: v for k, v in old.items()},
        "key twice": lambda: Pairs([*old.items(), (key, old[key])]),
        "renamed to another": lambda: Pairs((rng.choice(list(old)) if k == key else k, v) for k, v in old.items()),
        "key of no word": lambda: {**old, rng.choice([1, 0.5, True, None, ""]): old[key]},
    }[kind]()
    if isinstance(new, Pairs) and len(dict(new)) == len(new):
        return None
    return _made(kind, file, (*at, key), old[key], list(new)[-1:], replaced(content, at, new))


def _of_list(file: str, rng: random.Random) -> Mutation | None:
    content = tree(file)
    places = [place for place in paths(content) if isinstance(value_at(content, place), list)]
    if not places:
        return None
    at = rng.choice(places)
    old = value_at(content, at)
    kind = rng.choice(["entry twice", "entry dropped", "entry of no kind", "entry null"])
    if kind == "entry of no kind":
        new = [*old, rng.choice([7.25, "nonsense", True, [1], {"x": 1}])]
    elif not old:
        return None
    else:
        i = rng.randrange(len(old))
        new = {"entry twice": [*old, old[i]], "entry dropped": old[:i] + old[i + 1 :], "entry null": [*old, None]}[kind]
    return _made(kind, file, at, old, new, replaced(content, at, new))


def _of_bytes(file: str, rng: random.Random) -> Mutation | None:
    data = (ROOT / file).read_bytes()
    middle = rng.randrange(1, len(data))
    line = data.find(b"\n", middle) + 1
    kinds = {
        "cut off": data[:middle],
        "empty file": b"",
        "blank file": b"\n# nothing\n",
        "not UTF-8": data[:middle] + b"\xff\xfe\xe9" + data[middle:],
        "UTF-16": data.decode().encode("utf-16"),
        "byte order mark": b"\xef\xbb\xbf" + data,
        "tabs": data.replace(b"  ", b"\t"),
        "null byte": data[:middle] + b"\0" + data[middle:],
        "a list": b"- 1\n- 2\n",
        "a word": b"nonsense\n",
        "a number": b"7\n",
        "line twice": data[:line] + data[data.rfind(b"\n", 0, max(line - 1, 0)) + 1 : line] + data[line:],
        "Windows line ends": data.replace(b"\n", b"\r\n"),
        "two documents": data + b"\n---\n" + data,
    }
    kind = rng.choice([*kinds, "folder", "dangling link", "loop of links"])
    if kind not in kinds:
        return Mutation(kind, file, put=kind)
    return Mutation(kind, file, text=kinds[kind])


#: What a hand may type after --config key=.
TYPED = (
    "", "null", "none", "[]", "{}", "0", "-1", "3", "1.0", "2.5", "1e7", "10000000", "1e30", "nan", "inf", "true",
    "True", "no", "[1,3]", "[1, 3]", "[1,1]", "[1,x]", "[null]", "[-1]", "[1.5]", "nosuch", "{a: 1}", "'3'", "1,3",
    "[", "{mine: {path: nowhere.npz}}", "[[1]]", "9" * 40, "[1e3]", "010", "all", "[pumpout_table2]", "digits", "demo",
)  # fmt: skip


def _of_command_line(rng: random.Random) -> Mutation:
    keys = list(tree("config/config.yaml"))
    key = rng.choice([*keys, "seeds", "search_block", misspelt(rng.choice(keys), rng), "x1"])
    typed = rng.choice(TYPED)
    return Mutation("typed", COMMAND_LINE, (key,), None, typed)


MAKERS: tuple[tuple[Callable[[str, random.Random], Mutation | None], int], ...] = (
    (_of_value, 11), (_of_key, 5), (_of_list, 2), (_of_bytes, 2),
)  # fmt: skip


def one_of_each(seed: int, wanted: Callable[[Mutation], bool]) -> list[Mutation]:
    """The first mutation of every kind that is wanted, so that few of them show as much as many."""
    drawn = (mutation for mutation in islice(mutations(seed), 3000) if wanted(mutation))
    found: dict[str, Mutation] = {}
    for mutation in drawn:
        found.setdefault(mutation.kind, mutation)
    return list(found.values())


def mutations(seed: int) -> Iterator[Mutation]:
    """Mutations without end, all kinds of files alike."""
    rng = random.Random(seed)
    while True:
        kind = rng.choice([*KINDS, COMMAND_LINE])
        if kind == COMMAND_LINE:
            yield _of_command_line(rng)
            continue
        file = rng.choice(files(kind))
        made = rng.choices([maker for maker, _ in MAKERS], [weight for _, weight in MAKERS])[0](file, rng)
        if made is not None and made.text != (ROOT / file).read_bytes():
            yield made
