"""What a process pays before it does anything: `import lnl`, and what parsing the Snakefile loads into Snakemake."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.dag import empty_suite
from benchmarks.harness import Result

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = {"lnl", "methods", "figures", "yaml", "_yaml"}  # beside the standard library, in every process that parses
ALLOWED_IN_HEAD = {"jsonschema", "jsonschema_specifications", "referencing", "rpds", "attr", "attrs"}
HEAVY = {"torch", "torchvision", "matplotlib", "sklearn", "scipy", "timm"}

IMPORT = """
import time
begin = time.perf_counter()
import lnl
print(time.perf_counter() - begin)
import lnl.matrix
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


def import_seconds(runs: int = 9) -> list[list[float]]:
    """Seconds of `import lnl`, and with `lnl.matrix` after it, in fresh interpreters, by their own clocks."""
    command = [sys.executable, "-c", IMPORT]
    done = [subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True) for _ in range(runs)]
    return [[float(line) for line in run.stdout.split()] for run in done]


def import_lnl() -> Result:
    measured = import_seconds()
    seconds = [alone for alone, _ in measured]
    matrix = statistics.median(both for _, both in measured)
    return Result(
        "import_lnl",
        "`import lnl`",
        statistics.median(seconds),
        "s",
        "lower",
        need=0.2,
        low=min(seconds),
        high=max(seconds),
        n=len(seconds),
        ratio=False,
        note=f"{matrix:.2f} s with lnl.matrix, which parsing the Snakefile imports",
    )


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
    """Third-party packages that parsing adds beyond PyYAML and (in the head process) jsonschema: none."""
    modules = added_by_parsing(checkout, scratch)
    packages = {name.split(".")[0] for name in modules}
    foreign = {name for name in packages if name not in sys.stdlib_module_names | ALLOWED | ALLOWED_IN_HEAD}
    # Snakemake runs the Snakefile under a name of its own; it is no package.
    foreign = {name for name in foreign if not name.startswith(("snakemake", "__mp_main__"))}
    kept = sorted(packages - set(sys.stdlib_module_names))
    return Result(
        "parsing_adds",
        "packages that parsing adds beyond PyYAML and jsonschema",
        len(foreign | (packages & HEAVY)),
        "",
        "lower",
        need=0,
        ratio=False,
        note=f"{len(modules)} modules; not of the standard library: {', '.join(kept) or 'none'}",
        details={"foreign": sorted(foreign), "modules": sorted(modules)},
    )
