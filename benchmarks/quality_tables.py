"""The tables of docs/reproduction/search_quality/quality.md, from what is kept: nothing is searched here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lnl.render.methods import written
from lnl.results.search_quality import difference_p, percent

BEGIN, END = "<!-- tables: python -m benchmarks.search_quality -->", "<!-- /tables -->"
Entry = dict[str, Any]


def _cell(found: dict[str, float]) -> str:
    mark = "**" if found["p"] < 0.01 else ""
    return f"{mark}{found['percent']:+.0f}{mark} [{found['low']:+.0f}, {found['high']:+.0f}]"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


class Results:
    """The searches by place in the tables; those with options are the tuning's."""

    def __init__(self, declared: dict[str, Any], entries: Sequence[Entry]) -> None:
        self.declared = declared
        self.plain = {(e["space"], e["target"], e["budget"], e["algorithm"]): e for e in entries if not e["options"]}
        self.tuned = [e for e in entries if e["options"]]

    def random(self, entry: Entry) -> Entry | None:
        """The random searches that an entry is held against."""
        return self.plain.get((entry["space"], entry["target"], entry["budget"], "random"))

    def effect(self, space: str, target: str, budget: str, name: str) -> dict[str, float] | None:
        """Effect of an algorithm against random search in one place, None if either has not been run."""
        ours, random = (self.plain.get((space, target, budget, which)) for which in (name, "random"))
        if not ours or not random or ours is random:
            return None
        pair = ours["final"], random["final"]
        low, high = ours["against_random"]["interval"]
        return {"percent": percent(*pair), "low": low, "high": high, "p": difference_p(*pair)}

    def against_random(self, target: str, budget: str, spaces: Sequence[str], names: Sequence[str]) -> str:
        """Algorithms down, spaces across."""
        head = [self.declared["targets"][target]["title"], *spaces]
        medians = [self.plain.get((space, target, budget, "random")) for space in spaces]
        rows = [["random: median RMSE", *(f"{np.median(m['final']):.4f}" if m else "" for m in medians)]]
        for name in names:
            effects = [self.effect(space, target, budget, name) for space in spaces]
            if any(effects):
                title = self.declared["algorithms"][name]["title"]
                rows.append([title, *(_cell(found) if found else "" for found in effects)])
        return _table(head, rows)

    def counted(self, spaces: Sequence[str], names: Sequence[str]) -> str:
        """In how many places of all tables at 100 evaluations an algorithm is better or worse than random."""
        rows = []
        for name in names:
            every = [
                self.effect(space, target, "published", name) for target in self.declared["targets"] for space in spaces
            ]
            found = [one for one in every if one]
            sure = [one["percent"] for one in found if one["p"] < 0.01]
            better, worse = sum(percent < 0 for percent in sure), sum(percent > 0 for percent in sure)
            if found:
                rows.append([self.declared["algorithms"][name]["title"], str(better), str(worse), str(len(found))])
        return _table(["algorithm", "better (p < 0.01)", "worse (p < 0.01)", "of"], rows)

    def long_run(self, names: Sequence[str]) -> str:
        """Space two-decays and the quadratic bed at 400 evaluations, with p."""
        rows = []
        for target in self.declared["targets"]:
            for name in names:
                found = self.effect("two-decays", target, "long", name)
                if found:
                    titles = self.declared["targets"][target]["title"], self.declared["algorithms"][name]["title"]
                    rows.append([*titles, _cell(found), f"{found['p']:.1g}"])
        return _table(["target", "algorithm", "against random, %", "p"], rows)

    def frozen(self, space: str, target: str) -> str:
        """What one step does to p_theta, and what is left of it at the end."""
        rows = []
        for name, declared in self.declared["algorithms"].items():
            entry = self.plain.get((space, target, "published", name))
            if entry and entry["shape"] and name != "random":
                shape = entry["shape"]
                row = [declared["title"]]
                for what, scale, form in (("theta", 1, ".3g"), ("spread", 100, ".0f"), ("pinned", 100, ".0f")):
                    row += [f"{scale * shape[f'{what}_{when}']:{form}}" for when in ("after_one_step", "at_the_end")]
                rows.append(row)
        return _table(
            [
                "algorithm",
                *("largest theta after one step", "at the end"),
                *("spread after one step, %", "at the end"),
                *("pinned after one step, %", "at the end"),
            ],
            rows,
        )

    def tuning(self) -> str:
        """Geometric mean over the tuning targets of median / random's median, in %, by budget."""
        budgets = list(self.declared["budgets"])
        ratios: dict[str, dict[str, list[float]]] = {}
        for entry in self.tuned:
            random = self.random(entry)
            if random:
                options = ", ".join(f"{k} {v:g}" for k, v in entry["options"].items())
                label = f"{self.declared['algorithms'][entry['algorithm']]['title']}, {options}"
                ratio = np.median(entry["final"]) / np.median(random["final"])
                ratios.setdefault(label, {}).setdefault(entry["budget"], []).append(max(float(ratio), 0.01))
        rows = [
            [label, *(f"{100 * np.exp(np.mean(np.log(by[b]))):.0f}" if b in by else "" for b in budgets)]
            for label, by in ratios.items()
        ]
        sizes = [f"{b['rounds']} x {b['samples']}" for b in self.declared["budgets"].values()]
        return _table(["sound form", *sizes], rows)


def floors(declared: dict[str, Any], kept: Sequence[Entry], spaces: Sequence[str], targets: Sequence[str]) -> str:
    """Targets down, spaces across: what no algorithm can beat."""
    known = {(entry["target"], entry["space"]): f"{entry['rmse']:.4f}" for entry in kept}
    rows = [[declared["targets"][t]["title"], *(known.get((t, s), "") for s in spaces)] for t in targets]
    return _table(["target", *spaces], rows)


def render(declared: dict[str, Any], entries: Sequence[Entry], lowest: Sequence[Entry]) -> str:
    """All tables as Markdown. entries: sets of searches with their intervals; lowest: floors of the spaces."""
    results = Results(declared, entries)
    spaces = list(dict.fromkeys(e["space"] for e in entries))
    curves = [t for t in declared["targets"] if "optimum" not in declared["targets"][t]]
    names = [n for n in declared["algorithms"] if n != "random"]
    sound = [n for n in ("natural-gradient", "newton", "gradient") if n in names]
    parts = [
        "Cells: difference of the median final RMSE to random search's, in % of the latter, with its 95% bootstrap "
        f"interval over {declared['repeats']} searches each; below 0 is better; bold: Mann-Whitney p < 0.01.",
        "### 100 evaluations (10 rounds of 10), every variant in every space",
        "Pairs of space and target in which a variant is better or worse than random search:",
        results.counted(spaces, names),
        *(results.against_random(target, "published", spaces, names) for target in curves),
        results.against_random("quadratic", "published", ["two-decays"], names).replace(
            "| two-decays |", "| 5 numbers |"
        ),
        "### 400 evaluations (40 rounds of 10), two decays and the quadratic bed",
        results.long_run(sound),
        "### 40 evaluations (5 rounds of 8)",
        *(results.against_random(target, "small", spaces, sound) for target in curves),
        results.against_random("quadratic", "small", ["two-decays"], sound).replace("| two-decays |", "| 5 numbers |"),
        "### What happens to p_theta (two decays, target inside, 10 rounds of 10)",
        "Spread: standard deviation of the coordinates in % of a uniform number's (median over searches); pinned: "
        "coordinates below a quarter of it (mean).",
        results.frozen("two-decays", "inside"),
        "### The lowest RMSE of each space (local search; no algorithm can beat it)",
        floors(declared, lowest, spaces, curves),
        "### Where step, memory and shrinkage were fixed",
        "Median final RMSE in % of random search's, geometric mean over the tuning targets (a ratio below 1% counts "
        "as 1%). Chosen: step 0.6 nats, 4 rounds, shrink 0.3; the grid shows what is too small, not which of the rest "
        "is best.",
        results.tuning(),
    ]
    return "\n\n".join(parts) + "\n"


def insert(path: Path, text: str) -> None:
    """Put the tables between the markers of a Markdown file; what stands outside them is written by hand.

    UserError for a file that lacks one of them.
    """
    old = path.read_text() if path.is_file() else f"# Search quality\n\n{BEGIN}\n{END}\n"
    path.write_text(written(old, f"\n{text}", path, BEGIN, END))
