"""The notes under an accuracy table: what the verdicts mean, what the noise was, the marks used, what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.data.registry import DatasetInfo
from lnl.declared.search_file import SCORED_ON, TEST_FILE
from lnl.declared.specification import NOISY_HOLD_OUT
from lnl.declared.synonyms import also_called
from lnl.render.compare import Line
from lnl.render.document import ABSENT, NOTHING, QUOTED, SKIPPED, number, plural, spread_kind
from lnl.render.label_notes import label_notes
from lnl.results.statistics import FEWEST, UNSTATED, file_accuracy

Note = tuple[str, tuple[str, ...]]


def notes(
    declaration: dict[str, Any],
    compared: list[Line],
    command: str,
    comparable: str | None,
    datasets: Mapping[str, DatasetInfo],
    misread: tuple[str, ...] = (),
    searched_at: str = "",
    one_training: str = "",
) -> tuple[Note, ...]:
    """Notes as (heading, lines), in reading order; empty ones are left out.

    command: what makes this table; misread: what looks wrong with users' label files, as the manifests of their labels
    tell; searched_at: the scale of the searches, where it is another; one_training: which places are one training.
    """
    all_notes = (
        ("Notes", (*(declaration.get("notes") or ()), *filter(None, [one_training]))),
        ("Quoted", _quoted(compared)),
        ("Verdicts", _verdicts(declaration, compared, comparable)),
        ("Label noise", (*label_notes(compared, datasets), *misread)),
        ("Search", _searched(compared, searched_at)),
        ("Marks", _marks(compared)),
        ("Names", _names(declaration)),
        ("Runs", _runs(compared, command)),
        ("Diverged", _listed(compared, "diverged", "counted and shown, not part of any mean")),
        ("Failed", _listed(compared, "failed", "without a record that can be read")),
        ("Stale", _listed(compared, "stale", "never averaged; a rerun replaces them")),
    )
    return tuple((heading, lines) for heading, lines in all_notes if lines)


def _quoted(compared: list[Line]) -> tuple[str, ...]:
    """Whose numbers the document prints that are not its own, and what their spread is."""
    said: dict[tuple[str, str, int | None], list[Line]] = {}
    for line in compared:
        theirs = line.slot.published
        if theirs and theirs.quoted:
            said.setdefault((theirs.quoted, theirs.kind, theirs.runs), []).append(line)
    out = []
    for (source, kind, runs), lines in said.items():
        of = f"of {runs} runs" if runs else "of an unstated number of runs"
        spread = f" (±: {spread_kind(kind)} {of})" if any(line.published_spread is not None for line in lines) else ""
        out.append(f"{QUOTED} from {source}{spread}: {_places(lines)}.")
    return tuple(out)


def _places(lines: list[Line]) -> str:
    """GCE (20%, 40%); RoG (20%): which numbers, row by row."""
    rows: dict[str, dict[str, None]] = {}
    for line in lines:
        rows.setdefault(line.slot.row_label, {})[line.slot.column_label] = None
    return "; ".join(f"{row} ({', '.join(columns)})" for row, columns in rows.items())


def _where(lines: list[Line], compared: list[Line]) -> str:
    """The columns, or else the rows, that these lines are all of, as far as they have runs; else each."""
    for axis in ("column_label", "row_label"):
        labels = dict.fromkeys(getattr(line.slot, axis) for line in lines)
        theirs = [line for line in compared if getattr(line.slot, axis) in labels and line.runs.records()]
        if len(theirs) == len(lines):
            return ", ".join(labels)
    return _places(lines)


def _verdicts(declaration: dict[str, Any], compared: list[Line], comparable: str | None) -> tuple[str, ...]:
    tolerance = declaration.get("tolerance")
    measured = [line for line in compared if line.slot.cell is not None]
    if comparable is not None and all(line.comparable for line in measured):
        if all(line.published is None for line in measured):
            return ()  # nothing is printed that could be
        return (f"Not comparable: scale {comparable}. Nothing is judged; differences are shown all the same.",)
    others = dict.fromkeys(
        f"Not comparable, so not judged: scale {line.comparable}. Differences are shown all the same."
        for line in measured
        if line.comparable and not line.doubt
    )
    doubted: dict[str, list[Line]] = {}
    for line in measured:
        if line.doubt:
            doubted.setdefault(line.doubt, []).append(line)
    others |= dict.fromkeys(f"Not judged: {_places(lines)}: {doubt}." for doubt, lines in doubted.items())
    if not tolerance:
        return tuple(others)
    rule = (
        f"agrees: |difference| is at most {number(float(tolerance['points']))} points or 2·sqrt(s² / n + s_p² / n_p), "
        "whichever is larger (s, n: measured; s_p, n_p: published), and stands beside it; otherwise above or below; "
        f"too few: fewer than {FEWEST} runs."
    )
    if any(UNSTATED in line.verdict.word for line in measured):
        rule += f" {UNSTATED}: how many runs the printed spread is of is not printed, and one is its widest reading."
    return rule, f"Tolerance: {tolerance['reason']}", *others


def _searched(compared: list[Line], searched_at: str) -> tuple[str, ...]:
    """What found the schedules, or values, of runs that trained with a searched parameter, and what their spread leaves
    out."""
    said: dict[str, dict[int, Line]] = {}
    values: list[str] = []
    for line in compared:
        for record in line.runs.records():
            searched = record["result"].get("searched")
            if searched:
                name = searched.get("parameter", "R")
                text = f"search '{searched['search'].rpartition('/')[2]}', {_how(name, _spec(record['result']))}"
                said.setdefault(text, {})[id(line)] = line
                if "value" in searched:
                    values.append(f"{line.slot.row_label}, {line.slot.column_label}: {name} = {searched['value']}")
    if not said:
        return ()
    which = [f"{_where(list(lines.values()), compared)}: {text}." for text, lines in said.items()]
    return (
        *which,
        *((f"Chosen: {'; '.join(dict.fromkeys(values))}.",) if values else ()),
        *_afresh(compared, searched_at),
        f"All repeats of a cell train with the {'choice' if values else 'schedule'} of one search: the spread leaves "
        "the search out.",
    )


def _spec(result: dict[str, Any]) -> dict[str, Any]:
    """Specification of the search behind a run."""
    name = result["searched"].get("parameter", "R")
    return dict(result["spec"]["method"]["parameters"][name]["spec"])


def _how(name: str, spec: dict[str, Any]) -> str:
    """How a search goes about it: its algorithm and space, or its list of values, and what scores its candidates."""
    held = spec["scored_on"] == NOISY_HOLD_OUT
    scored = f"scored {'by the given labels of a noisy hold-out' if held else 'on ' + SCORED_ON[spec['scored_on']]}"
    if "parameter" in spec:
        return f"{name} among {', '.join(map(str, spec['algorithm']['values']))}, {scored}"
    form = spec["algorithm"].get("form", "").replace("_", " ")
    return f"{spec['algorithm']['name']}{f' ({form})' if form else ''} over {spec['space']['formula']}, {scored}"


def _afresh(compared: list[Line], searched_at: str) -> tuple[str, ...]:
    """Accuracy of the winning candidate beside that of the repeats trained with its schedule, on the same images.

    A winner is chosen for its score, so the repeats are expected to lie below it, the more so the fewer epochs or
    images a score rests on. Searches that scored otherwise, or on examples that the repeats train on, are left out.
    """
    said = []
    for line in compared:
        records = [
            r["result"] for r in line.runs.records() if {"schedule", "score"} <= r["result"].get("searched", {}).keys()
        ]
        scored = [_on_same_images(r) for r in records]
        if not scored or scored[0] is None or "statistic" in _spec(records[0]):
            continue
        last = [sum(network[-1] for network in networks) / len(networks) for networks in scored if networks]
        won = 100 * records[0]["searched"]["score"]
        where = f"{line.slot.row_label}, {line.slot.column_label}"
        said.append(f"{where}: {number(won)}, afresh {number(sum(last) / len(last))}")
    if not said:
        return ()
    winner = "the winning candidate" + (f" (trained at scale {searched_at})" if searched_at else "")
    return (f"Last-epoch accuracy (%) on the images that scored it, of {winner} and of the repeats trained with its "
            f"schedule: {'; '.join(said)}.",)  # fmt: skip


def _on_same_images(result: dict[str, Any]) -> list[Any] | None:
    """Accuracies (percent) [networks][epochs] of a run on the images that scored its schedule, if it has them."""
    scored_on = result["searched"].get("scored_on", "validation")
    if scored_on == TEST_FILE:
        return file_accuracy(result["curves"], result["spec"]["split"])
    found: list[Any] | None = result["curves"].get(f"{scored_on}_accuracy")
    return found


def _marks(compared: list[Line]) -> tuple[str, ...]:
    lines: list[str] = []
    reasons: dict[str, list[Line]] = {}
    for line in compared:
        if line.slot.cell is None:
            reasons.setdefault(line.state, []).append(line)
    for reason, which in reasons.items():
        columns = dict.fromkeys(line.slot.column_label for line in which)
        if "not in the suite" in reason:
            lines.append(f"{ABSENT} not in the suite yet: {', '.join(columns)}.")
        else:
            where = dict.fromkeys(f"{line.slot.row_label} / {line.slot.column_label}" for line in which)
            lines.append(f"{SKIPPED} {reason}: {', '.join(where)}.")
    if any(line.state == "not run" for line in compared):
        lines.append(f"{NOTHING} not run yet.")
    joined = dict.fromkeys(line.slot.joined_label for line in compared if line.slot.joined)
    if joined:
        lines.append(f"Joined by a method's own file, nothing published: {', '.join(joined)}.")
    remarks = dict.fromkeys(remark for line in compared for remark in line.remarks)
    lines += [f"{remark[0].upper()}{remark[1:]}." for remark in remarks]
    return tuple(lines)


def _names(declaration: dict[str, Any]) -> tuple[str, ...]:
    entries = [e for axis in ("columns", "rows") for e in declaration.get(axis, [])]
    plain = [e for e in entries if "method" in e and not {"set", "stage", "variants"} & e.keys()]
    said = []
    for entry in plain:
        others = also_called(entry["method"], but=entry.get("label", entry["key"]))
        if others and entry.get("label", entry["key"]) != others:
            said.append(f"{entry.get('label', entry['key'])} = {' = '.join(others)}")
    return (f"In other documents: {'; '.join(said)}.",) if said else ()


def _runs(compared: list[Line], command: str) -> tuple[str, ...]:
    runs = {(run.cell, run.seed): run for line in compared for run in line.runs.runs}.values()
    undone = [run for run in runs if run.state not in ("ok", "diverged")]
    if not undone:
        return ()
    return (f"{len(runs) - len(undone)} of {plural(len(runs), 'run')} done; `{command}` trains the others.",)


def _listed(compared: list[Line], state: str, meaning: str) -> tuple[str, ...]:
    runs = {(run.cell, run.seed): run for line in compared for run in line.runs.runs if run.state == state}.values()
    if not runs:
        return ()
    first = f"{plural(len(runs), 'run')} {state}, {meaning}:"
    return (first, *(f"{run.name}: {run.reason}{f' (log: {run.log})' if run.log else ''}" for run in runs))
