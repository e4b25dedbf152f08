"""What the head of a start says to declarations with one thing wrong: a line, a traceback, nothing, or nothing ever.

    python -m tests.faults.malformed_declarations [--count 1000] [--seed 0] [--only tables] [--show accepted]

Each mutation is tried in a forked process with a limit of time and memory. What is accepted is right if it means what
stood there before, or something else that makes sense (sensible.py says which those are).
"""

from __future__ import annotations

import argparse
import os
import pickle
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lnl.declared.schema import LINES
from lnl.errors import UserError

from . import head_start, sensible
from .declared_files import Checkouts
from .declared_mutations import COMMAND_LINE, Mutation, mutations

SECONDS = 10.0  # of one start: a hundred times what the small checkouts need
MEMORY = 2 << 30  # bytes on top of what the process has


@dataclass(frozen=True)
class Found:
    """What became of one mutation: refused, badly refused, accepted, traceback or hang; and the words about it."""

    mutation: Mutation
    outcome: str
    words: str


def tried(mutation: Mutation, checkouts: Checkouts) -> Found:
    """One mutation in a process of its own; the checkout is as before when it ends."""
    file = "config/config.yaml" if mutation.file == COMMAND_LINE else mutation.file
    root = checkouts.of(file)
    path = root / file
    before = path.read_bytes()
    try:
        _put(path, mutation)
        return Found(mutation, *_in_a_fork(root, mutation))
    finally:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        path.write_bytes(before)


def _put(path: Path, mutation: Mutation) -> None:
    if mutation.put:
        path.unlink()
    if mutation.put == "folder":
        path.mkdir()
    elif mutation.put == "dangling link":
        path.symlink_to("nowhere")
    elif mutation.put == "loop of links":
        path.symlink_to(path.name)
    elif mutation.text is not None:
        path.write_bytes(mutation.text)


def _in_a_fork(root: Path, mutation: Mutation) -> tuple[str, str]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
            resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
            signal.alarm(int(SECONDS) + 2)
            os.write(writing, pickle.dumps(_outcome(root, mutation)))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        ended = select.select([stream], [], [], SECONDS)[0]
        answer = stream.read() if ended else b""
    if not ended:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return pickle.loads(answer) if answer else ("hang" if not ended else "traceback", "the process died")


def _outcome(root: Path, mutation: Mutation) -> tuple[str, str]:
    try:
        os.chdir(root)
        _start(Path(), mutation)
    except UserError as error:
        return _refused(str(error), mutation), str(error)[:400]
    except MemoryError:
        return "hang", "more memory than a start should need"
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return "traceback", f"{type(error).__name__}: {str(error)[:150]} ({Path(where.filename).name}:{where.lineno})"
    return "accepted", ""


def _start(root: Path, mutation: Mutation) -> None:
    kind = mutation.file.split("/")[0]
    if mutation.file == COMMAND_LINE:
        config = head_start.configuration(root, f"{mutation.where}={mutation.new}")
    elif mutation.file == "config/config.yaml":
        config = {}
    elif "scales" in mutation.file:
        config = {"scale": Path(mutation.file).stem}
    else:
        config = {"scale": "paper"}
    suite = head_start.start(root, config)
    if kind == "claims":
        from . import evidence

        evidence.render(suite, Path(mutation.file).stem)


def _refused(message: str, mutation: Mutation) -> str:
    """Lines of which each names the file, or the key of the configuration, are a refusal; others are half of one."""
    words = ["config"] if mutation.file in (COMMAND_LINE, "config/config.yaml") else [Path(mutation.file).stem]
    words += [mutation.new] if isinstance(mutation.new, str) and mutation.new.strip() else []
    lines = message.split("\n")
    known = all(any(word in line for word in words) for line in lines)
    return "refused" if known and len(lines) <= LINES else "badly refused"


def trials(found: Iterable[Mutation]) -> Iterator[Found]:
    """Every mutation tried, in temporary checkouts. What does not change is read and checked once."""
    head_start.remember_checks()
    with tempfile.TemporaryDirectory() as folder:
        checkouts = Checkouts(Path(folder))
        warm: set[Path] = set()
        for mutation in found:
            root = checkouts.of("config/config.yaml" if mutation.file == COMMAND_LINE else mutation.file)
            if root not in warm:  # a fork then has all files in memory
                warm.add(root)
                here = Path.cwd()
                environment = dict(os.environ)
                os.chdir(root)
                head_start.start(Path(), {"scale": "paper"})
                os.chdir(here)
                os.environ.clear()
                os.environ.update(environment)
            tested = tried(mutation, checkouts)
            if tested.outcome == "accepted":
                reason = sensible.why(mutation)
                tested = Found(mutation, "accepted with sense" if reason else "accepted without sense", reason)
            yield tested


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="files whose path has this in it")
    parser.add_argument("--show", default="", help="list also: refused, accepted with sense")
    words = parser.parse_args()
    wanted = (mutation for mutation in mutations(words.seed) if words.only in mutation.file)
    counts: Counter[str] = Counter()
    begun = time.monotonic()
    for found in trials(islice(wanted, words.count)):
        counts[found.outcome] += 1
        if found.outcome not in ("refused", "accepted with sense") or found.outcome == words.show:
            print(f"{found.outcome}: {found.mutation}\n    {found.words}", flush=True)
    print(f"\n{words.count} mutations of seed {words.seed} in {time.monotonic() - begun:.0f} s:")
    for outcome, number in sorted(counts.items()):
        print(f"{number:6} {outcome}")
    return int(any(number for outcome, number in counts.items() if outcome not in ("refused", "accepted with sense")))


if __name__ == "__main__":
    sys.exit(main())
