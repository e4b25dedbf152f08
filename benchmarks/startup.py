"""What a process pays before it does anything: `import lnl`, and what parsing the Snakefile loads into Snakemake."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.dag import empty_suite
from benchmarks.harness import Result
from lnl.declared import configuration
from lnl.run.worker import client, head

ROOT = Path(__file__).resolve().parent.parent
LNL = str(Path(sys.executable).parent / "lnl")
CELL = "s2e/digits/symmetric-50/coteaching"
#: Beside the standard library, in every process that parses.
ALLOWED = {"lnl", "methods", "figures", "yaml", "_yaml", "filelock"}
ALLOWED_IN_HEAD = {"jsonschema", "jsonschema_specifications", "referencing", "rpds", "attr", "attrs"}
HEAVY = {"torch", "torchvision", "matplotlib", "sklearn", "scipy", "timm"}

IMPORT = """
import time
begin = time.perf_counter()
import lnl
print(time.perf_counter() - begin)
import lnl.declared.suite
print(time.perf_counter() - begin)
"""

# A dry run in a process of ours, to see what it has loaded at the end. argv: where to write that, then Snakemake's.
LOADED = """
import json, sys
from snakemake.cli import main
target, sys.argv = sys.argv[1], ["snakemake", *sys.argv[2:]]
code = 0
try:
    main()
except SystemExit as end:
    code = end.code
with open(target, "w") as file:
    json.dump(sorted(sys.modules), file)
sys.exit(code)
"""

# A job up to its first training step, in a process of its own. argv: lnl's arguments.
FIRST_STEP = """
import os, sys, time
begin = time.perf_counter()
from lnl.cli import run
from lnl.engine.loop import Training
def reached(self, number, moment):
    print(time.perf_counter() - begin, flush=True)
    os._exit(0)
Training.step = reached
sys.argv = ["lnl", *sys.argv[1:]]
run()
"""
IMPORT_TORCH = """
import time
begin = time.perf_counter()
import torch
print(time.perf_counter() - begin)
"""


def import_seconds(runs: int = 9) -> list[list[float]]:
    """Seconds of `import lnl`, and with `lnl.declared.suite` after it, in fresh interpreters, by their own clocks."""
    command = [sys.executable, "-c", IMPORT]
    done = [subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True) for _ in range(runs)]
    return [[float(line) for line in run.stdout.split()] for run in done]


def import_lnl() -> Result:
    measured = import_seconds()
    seconds = [alone for alone, _ in measured]
    matrix = statistics.median(both for _, both in measured)
    note = f"{matrix:.2f} s with lnl.declared.suite, which parsing the Snakefile imports"
    return Result.of_values("import_lnl", "`import lnl`", seconds, "s", "lower", 0.2, note=note)


def loaded(folder: Path, arguments: list[str], names: Path) -> set[str]:
    """Modules in a Snakemake process after a dry run in `folder`."""
    command = [sys.executable, "-c", LOADED, str(names), "-n", "--quiet", "--cores", "1", *arguments]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"dry run in {folder} failed:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    return set(json.loads(names.read_text()))


def added_by_parsing(checkout: Path, scratch: Path) -> set[str]:
    """Modules that the Snakefile of `checkout`, a copy of the suite, loads and one with an empty rule does not."""
    empty = empty_suite(scratch / "empty")
    config = ["--config", "scale=paper"]
    names = scratch / "modules.json"
    return loaded(checkout, config, names) - loaded(empty, config, names)


def parsing_adds(checkout: Path, scratch: Path) -> Result:
    """Third-party packages that parsing adds beyond PyYAML, filelock and (in the head process) jsonschema: none."""
    modules = added_by_parsing(checkout, scratch)
    packages = {name.split(".")[0] for name in modules}
    foreign = {name for name in packages if name not in sys.stdlib_module_names | ALLOWED | ALLOWED_IN_HEAD}
    # Snakemake runs the Snakefile under a name of its own; it is no package.
    foreign = {name for name in foreign if not name.startswith(("snakemake", "__mp_main__"))}
    kept = sorted(packages - set(sys.stdlib_module_names))
    return Result(
        "parsing_adds",
        "packages that parsing adds beyond PyYAML, jsonschema and filelock",
        len(foreign | (packages & HEAVY)),
        "",
        "lower",
        need=0,
        ratio=False,
        note=f"{len(modules)} modules; not of the standard library: {', '.join(kept) or 'none'}",
        details={"foreign": sorted(foreign), "modules": sorted(modules)},
    )


def first_step(folder: Path, pairs: int = 7) -> Result:
    """From the start of a job to its first step, by hand and so without a worker, over `import torch` alone."""
    environment = os.environ | {"PYTHONPATH": str(folder)}

    def seconds(code: str, *arguments: str) -> float:
        command = [sys.executable, "-c", code, *arguments]
        run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
        return float(run.stdout.splitlines()[-1])  # what the command says of its scale stands above

    def job() -> float:
        return seconds(FIRST_STEP, "train", CELL, "--scale", "demo", "--device", "cpu")

    job()  # prepares the data and draws the labels
    times = [(job(), seconds(IMPORT_TORCH)) for _ in range(pairs)]
    ratios = [one / other for one, other in times]
    note = f"{statistics.median(t[0] for t in times):.2f} s and {statistics.median(t[1] for t in times):.2f} s"
    title = "start of a job to its first step, over `import torch`"
    return Result.of_values("first_step", title, ratios, "x", "lower", 1.5, note=note, ratio=True)


def tiny_cells(folder: Path, count: int = 20) -> Result:
    """Jobs of two epochs on digits, one after another: each a fresh process, over all forked from one worker."""
    environment = os.environ | {"PYTHONPATH": str(folder)}
    words = [LNL, "train", CELL, "--scale", "smoke", "--device", "cpu", "--seed"]

    def trained(extra: dict[str, str]) -> None:
        shutil.rmtree(folder / "results" / "smoke", ignore_errors=True)
        for seed in range(1, count + 1):
            command = [*words, str(seed)]
            subprocess.run(command, cwd=folder, env=environment | extra, capture_output=True, check=True)

    begin = time.perf_counter()
    trained({})
    fresh = time.perf_counter() - begin
    begin = time.perf_counter()
    os.environ["PYTHONPATH"] = str(folder)  # the worker declines jobs of another library than its own
    lifeline = head.start()
    assert lifeline is not None
    trained(
        {
            client.VARIABLE: os.environ.pop(client.VARIABLE),
            client.HEAD: str(os.getpid()),  # as jobs of a start have it, which read what their head has checked
            configuration.VARIABLE: json.dumps({"scale": "smoke", "device": "cpu"}),
        }
    )
    warm = time.perf_counter() - begin
    os.close(lifeline)
    return Result(
        "tiny_cells",
        f"{count} tiny cells: fresh processes over one worker, its start included",
        fresh / warm,
        "x",
        "higher",
        need=8,
        note=f"{fresh:.1f} s and {warm:.1f} s",
    )
