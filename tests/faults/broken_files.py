"""What can be wrong with a file or its place, whatever is in it: damage, bombs, links, pipes, others' places."""

from __future__ import annotations

import gzip
import json
import os
import socket
from pathlib import Path

from tests.faults.mutations import MUTATIONS, Case, fields, mutation, put, ways

__all__ = ["MUTATIONS"]


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
