"""One decision as a section of Markdown: what papers and codes say, where it is set, values, default, why, effect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from lnl.declared.decisions import LEFT_OUT, OTHERWISE, Decision, explained_by, is_form, word
from lnl.declared.wording import listed
from lnl.render.decisions.wrapping import item, paragraph

BASES = {"as_printed": "as printed", "as_released": "as released", "inferred": "inferred", "ours": "ours"}


def section(decision: Decision, effects: Iterable[str], known: Iterable[str]) -> str:
    """The section under the decision's key. effects: items on what measures it; known: keys that can be linked to."""
    parts = [f"### {decision.key}", f"**{decision.title}**"]
    papers, codes = (decision.declared.get(name, []) for name in ("paper", "code"))
    parts += _sources("Papers", [(one["document"], one.get("where"), one["says"]) for one in papers])
    parts += _sources("Code", [(one["release"], None, one["does"]) for one in codes])
    if decision.fixed:
        parts.append(paragraph(f"No switch: {_plain(decision.fixed)}."))
    parts += _list(f"Set by {where_set(decision)}:" if decision.switches else "", _values(decision))
    if not decision.values or decision.told:
        before = "" if decision.values or not decision.switches else f" set by {where_set(decision)}"
        parts.append(paragraph(f"Default{before} ({_basis_text(decision)}): {_plain(decision.default)}."))
    parts.append(paragraph(f"Why: {decision.declared['why']}"))
    if "consequence" in decision.declared:
        parts.append(paragraph(f"Consequence: {decision.declared['consequence']}"))
    parts += _measured(list(effects))
    return linked("\n\n".join(parts), known)


def _sources(heading: str, said: list[tuple[str, str | None, str]]) -> list[str]:
    """What each document, or release, says; one alone takes no list."""
    if len(said) == 1:
        who, where, what = said[0]
        return [paragraph(f"{heading} ({who}{f', {where}' if where else ''}): {what}")]
    return _list(f"{heading}:", [f"{who}{f', {where}' if where else ''}: {what}" for who, where, what in said])


def _measured(effects: list[str]) -> list[str]:
    if len(effects) == 1 and "\n" not in effects[0]:
        return [paragraph(f"Measured: {effects[0]}")]
    return _list("Measured:", effects) or ["Not measured yet."]


def linked(text: str, known: Iterable[str]) -> str:
    """`decision x` as a link to its section, over the end of a line as well."""
    keys = set(known)
    return re.sub(
        r"\bdecision(\s+)([a-z0-9_]+)\b",
        lambda m: f"decision{m[1]}[{m[2]}](#{m[2]})" if m[2] in keys else m[0],
        text,
    )


def _list(heading: str, items: list[str]) -> list[str]:
    return [paragraph(heading), "\n".join(map(item, items))] if items else []


def default_text(decision: Decision) -> str:
    """The default in a few words, for a list."""
    if not decision.by_name:
        return _plain(decision.default)
    values = list(dict.fromkeys(map(word, decision.by_name.values())))
    if len(values) == 1:
        return values[0]
    return ", ".join(f"{name} {word(value)}" for name, value in decision.by_name.items())


def _plain(value: Any) -> str:
    return word(value).removesuffix(".")


def where_set(decision: Decision) -> str:
    """The switches in words: `noise.vector` of protocols coteaching and s2e."""
    return listed([_switch(entry) for entry in decision.switches])


def _switch(entry: Mapping[str, Any]) -> str:
    kind = next(key for key in entry if key != "of")
    at, of = entry[kind], entry.get("of")
    files = {"protocol": "protocols", "search": "searches", "space": "spaces", "table": "tables", "scale": "scales"}
    if kind in files:
        named = f"{files[kind] if len(of) > 1 else kind} {listed(of)}" if of else f"a {kind}"
        return f"`{at}` of {named}"
    if kind == "method":
        return f"parameter `{at['parameter']}` of {listed(at['of'])}"
    if kind == "algorithm":
        return f"option `{at['option']}` of the search algorithm {listed(at['of'])}"
    if kind == "figure":
        return f"the DEMAND of {listed([f'[{key}](../figures/{key}.py)' for key in at])}"
    if kind in ("synthetic", "config"):
        return f"`{at}` of config/{kind}.yaml"
    return {"dataset": "the data set in a result's path", "noise": "the noise in a result's path"}[kind]


def _values(decision: Decision) -> list[str]:
    marks = {} if decision.told else _marks(decision)
    items = []
    for name, meaning in decision.values.items():
        shown = name if name == LEFT_OUT or name.startswith("a ") else f"`{name}`"
        mark = f" ({'; '.join(marks[name])})" if name in marks else ""
        items.append(f"{shown}{mark}: {meaning}")
    for setting in decision.settings:
        of = f" of {listed(setting['of'])}" if "of" in setting else ""
        items.append(f"in `{setting['at']}` (protocol/data set/noise){of}: `{word(setting['value'])}`")
    return items


def _marks(decision: Decision) -> dict[str, list[str]]:
    """By value the words that mark it as the default, with what that rests on."""
    if not decision.by_name:
        value = decision.default
        name = explained_by(value, decision.values)
        number = f" {word(value)}" if name and is_form(name) else ""
        return {name: [f"default{number}, {_basis_text(decision)}"]} if name else {}
    marks: dict[str, list[str]] = {}
    stated = [(explained_by(value, decision.values), word(value), _basis_of(decision, name), name)
              for name, value in decision.by_name.items()]  # fmt: skip
    for (shown, text, basis), group in groupby(sorted(stated, key=_place), key=_place):
        names = ["all others" if name == OTHERWISE else name for *_, name in group]
        number = f" {text}" if is_form(shown) else ""
        marks.setdefault(shown, []).append(f"default{number} of {listed(names)}, {basis}")
    return marks


def _place(stated: tuple[str | None, str, str, str]) -> tuple[str, str, str]:
    return stated[0] or "", stated[1], stated[2]


def _basis_of(decision: Decision, name: str) -> str:
    basis = decision.declared["basis"]
    return BASES[basis if isinstance(basis, str) else basis.get(name, basis.get(OTHERWISE, "ours"))]


def _basis_text(decision: Decision) -> str:
    basis = decision.declared["basis"]
    if isinstance(basis, str):
        return BASES[basis]
    return ", ".join(f"{'all others' if k == OTHERWISE else k} {BASES[b]}" for k, b in basis.items())
