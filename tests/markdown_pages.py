"""What a Markdown page of the repository says that can be wrong: links, anchors, commands. One line for each fault."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lnl.render.pages.marks import without_code

ROOT = Path(__file__).resolve().parent.parent
COMMAND = re.compile(r"(?:lnl|snakemake|make)(?= |$)|python -m benchmarks(?=[ .]|$)")
DECLARATION = r"(?:methods|tables|figures|claims|config/\w+)/[\w-]+\.(?:py|yaml)"
LINK = re.compile(r"!?\[[^\]\n]*\]\(\s*<?([^)\s>]+)>?[^)\n]*\)")


def pages(root: Path = ROOT) -> list[Path]:
    """Every page that people read; golden files of tests are none."""
    return [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]


def dead_links(page: Path) -> list[str]:
    """Relative links of a page to files or headings that are not there."""
    found = []
    for link in LINK.finditer(without_code(page.read_text(encoding="utf-8"))):
        path, _, anchor = link[1].partition("#")
        if "://" in link[1] or link[1].startswith("mailto:"):
            continue
        target = page.parent / path if path else page
        if not target.exists():
            found.append(f"link to {link[1]}: no such file")
        elif anchor and anchor not in anchors(target):
            found.append(f"link to {link[1]}: no heading of this name")
    return found


def explained(page: Path) -> frozenset[str]:
    """Names in code that begin the rows of a page's tables."""
    rows = re.findall(r"^\| (`.*)$", page.read_text(encoding="utf-8"), re.M)
    return frozenset(re.findall(r"`([a-z_0-9]+)`", "\n".join(rows)))


@cache
def anchors(page: Path) -> frozenset[str]:
    """Names by which GitHub lets one link to the headings of a page."""
    text, found = page.read_text(encoding="utf-8"), dict[str, int]()
    slugs = set()
    for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*$", without_code_blocks(text), re.M):
        words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
        slugs.add(f"{slug}-{found[slug]}" if found[slug] else slug)
    return frozenset(slugs) | frozenset(re.findall(r'<a (?:id|name)="([^"]+)"', text))


def without_code_blocks(text: str) -> str:
    return re.sub(r"^(```+|~~~+).*?^\1\s*?$", "", text, flags=re.S | re.M)


def commands(page: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, words) of every command in fenced or indented code, and within a line."""
    text = page.read_text(encoding="utf-8")
    fenced = False
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if re.match(r"(```|~~~)", line):
            fenced = not fenced
            continue
        if fenced or line.startswith("    "):
            written = line.strip().removeprefix("$ ")
            while written.endswith("\\"):
                written = written[:-1] + next(lines, (0, ""))[1].strip()
            yield from ((number, words) for words in _words(written))
        else:
            for code in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", line):
                for words in _words(code):  # `lnl train` in a sentence is the command, whatever its arguments
                    yield number, words + ["…"] * (words[0] == "lnl" and len(words) == 2)


def _words(written: str) -> Iterator[list[str]]:
    """The words of a command, without its comment; none for a line that is no command of ours."""
    if COMMAND.match(written):
        try:
            words = shlex.split(written, comments=True)
        except ValueError:
            words = written.split()
        yield words


def placeholder(word: str) -> bool:
    """Whether a word stands for what a reader has: DIR, CELL, an ellipsis."""
    return "…" in word or "..." in word or bool(re.fullmatch(r"[A-Z][A-Z_]*", word))


def made_by_the_reader(name: str, page: Path) -> bool:
    """Whether a page tells its reader to write a declaration of this name: it names the file, or begins it."""
    file = "[-_]".join(map(re.escape, re.split("[-_]", name.removesuffix("_claims"))))
    text = page.read_text(encoding="utf-8")
    folders = "methods|config/searches|config/protocols|config/noises|tables|figures|claims"
    return re.search(rf"(?:{folders})/{file}\.(?:py|yaml)|lnl new \w+ {file}\b", text) is not None


def files_to_add(page: Path) -> dict[str, str]:
    """Declarations that a page tells its reader to write, whole: name -> text. What lies in the suite is none."""
    text, found = page.read_text(encoding="utf-8"), dict[str, str]()
    for block in re.finditer(r"^```(?:yaml|python)\n(.*?)^```$", text, re.S | re.M):
        before = text[: block.start()].rstrip().rpartition("\n\n")[2]
        after = text[block.end() :].lstrip().partition("\n\n")[0]
        named = [*re.findall(rf"`({DECLARATION})`", before), *re.findall(rf"^Save it as `({DECLARATION})`", after)]
        if not named and block[1].count("\nSPEC = {"):
            key = re.findall(r'"key": "([^"]+)"', block[1])[0]
            named = [f"methods/{key.replace('-', '_')}.py"]
        found |= {name: block[1] for name in named[:1] if not (ROOT / name).exists()}
    return found
