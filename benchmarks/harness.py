"""Paired measurement: two pieces of work by turns in one process, process time, one thread, median of paired ratios.

Why so: a ratio of two times from one run carries over from machine to machine, absolute times do not; by turns, so that
a neighbour that wakes up slows both; process time, so that waiting for it does not count; one thread, because that is
how the suite trains on a CPU. Import this module before torch or numpy: their thread pools read the environment once.
"""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"

PAIRS = 9
WORSE = 1.2  # `--check` fails a ratio that is more than this factor worse than the committed one


@dataclass
class Result:
    """One measured number. `better`: "higher" or "lower"; `need`: the bound to reach, None where there is none.

    `ratio`: whether it carries over between machines, so that `--check` may compare it with the committed baseline.
    """

    key: str
    title: str
    value: float
    unit: str
    better: str
    need: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 1
    ratio: bool = True
    note: str = ""
    details: dict = field(default_factory=dict)

    @classmethod
    def of_pairs(
        cls,
        key: str,
        title: str,
        times: dict,
        better: str,
        need: float | None = None,
        *,
        note: str = "",
        scale: str = "",
    ) -> "Result":
        """What `paired` measured. scale: "ms" or "s" writes both sides' medians into the note in that unit."""
        factor = {"µs": 1e6, "ms": 1e3, "s": 1.0}.get(scale, 0)
        sides = f"{factor * times['a']:.3g} and {factor * times['b']:.3g} {scale}" if factor else ""
        note = f"{sides} {note}".strip()
        low, high, n = (times[name] for name in ("low", "high", "n"))
        return cls(key, title, times["ratio"], "x", better, need, low, high, n, note=note, details=times)

    @classmethod
    def of_values(
        cls,
        key: str,
        title: str,
        values: list[float],
        unit: str,
        better: str,
        need: float | None = None,
        *,
        note: str = "",
        ratio: bool = False,
        details: dict | None = None,
    ) -> "Result":
        """Median of several measurements, with the smallest and the largest."""
        low, high, n = min(values), max(values), len(values)
        return cls(key, title, statistics.median(values), unit, better, need, low, high, n, ratio, note, details or {})

    @property
    def reached(self) -> bool | None:
        if self.need is None:
            return None
        return self.value >= self.need if self.better == "higher" else self.value <= self.need

    def worse_than(self, baseline: float) -> bool:
        """More than 20% worse than `baseline`; a baseline of zero (counts) allows nothing above it."""
        return self.value < baseline / WORSE if self.better == "higher" else self.value > baseline * WORSE


def one_thread() -> None:
    """Call once, before the first operation of torch."""
    import torch

    torch.set_num_threads(1)


def process_seconds(work: Callable[[], float]) -> float:
    """CPU seconds of this process per unit of work; `work` returns how many units (examples, steps) it did."""
    begin = time.process_time()
    units = work()
    return (time.process_time() - begin) / units


def paired(a: Callable[[], float], b: Callable[[], float], pairs: int = PAIRS, warm_up: int = 1) -> dict:
    """Time per unit of `a` over that of `b`, A B A B …, after `warm_up` pairs that do not count.

    Returns {"ratio", "low", "high", "n", "a", "b"}: median, smallest and largest paired ratio, their number, and the
    median CPU seconds per unit of either.
    """
    if pairs < 7:
        raise ValueError(f"{pairs} pairs are too few to trust a median: at least 7")
    first, second = [], []
    for turn in range(warm_up + pairs):
        one, other = process_seconds(a), process_seconds(b)
        if turn >= warm_up:
            first.append(one)
            second.append(other)
    ratios = [one / other for one, other in zip(first, second, strict=True)]
    return {
        "ratio": statistics.median(ratios),
        "low": min(ratios),
        "high": max(ratios),
        "n": pairs,
        "a": statistics.median(first),
        "b": statistics.median(second),
    }


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"


def _row(result: Result) -> list[str]:
    spread = f"{_number(result.low)} to {_number(result.high)}" if result.low is not None else ""
    sign = "≥" if result.better == "higher" else "≤"
    need = f"{sign} {_number(result.need)}" if result.need is not None else ""
    verdict = {True: "reached", False: "MISSED", None: ""}[result.reached]
    unit = f" {result.unit}" if result.unit else ""
    return [result.title, f"{_number(result.value)}{unit}", spread, str(result.n), need, verdict, result.note]


def markdown(results: list[Result]) -> str:
    """The results as one Markdown table."""
    head = ["what", "measured", "smallest to largest", "n", "needed", "", "note"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_row(result)) + " |" for result in results]
    return "\n".join(lines) + "\n"


def machine() -> dict:
    """What the numbers depend on and a reader needs to know: processor kind, cores, versions."""
    import torch

    capability = torch.backends.cpu.get_cpu_capability()
    return {
        "machine": platform.machine(),
        "cpu_capability": capability,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "load_at_end": [round(value, 2) for value in os.getloadavg()],
    }


def write(results: list[Result], folder: Path) -> tuple[Path, Path]:
    """Write bench.json and bench.md under `folder`; returns both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    about = machine()
    document = {
        "about": about,
        "results": {result.key: asdict(result) | {"reached": result.reached} for result in results},
    }
    as_json, as_markdown = folder / "bench.json", folder / "bench.md"
    as_json.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    header = ", ".join(f"{name} {value}" for name, value in about.items())
    as_markdown.write_text(f"{markdown(results)}\n{header}\n", encoding="utf-8")
    return as_json, as_markdown
