"""Starting the warm worker from the head of a DAG. Standard library only."""

from __future__ import annotations

import atexit
import errno
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lnl.declared import paths
from lnl.errors import UserError
from lnl.files.disk import unwritten
from lnl.run import leftovers, terminal
from lnl.run.alone import alone
from lnl.run.worker.client import VARIABLE

#: A pool of threads does not survive a fork, and a job of this suite uses one thread.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

MOMENT = 0.05  # seconds until a signal is sent again that came at a bad one
PATIENCE = 5  # seconds that rendering may take after Ctrl-C
INTERRUPTED = threading.Event()  # this process was told to end


def unlimit(scheduler: Any) -> None:
    """Take Snakemake's default limit, 100 jobs a second, from its scheduler; a limit that a user names stands.

    With a limit it looks for jobs again a second after every look, without end, and each job that finishes begins one
    more such chain: after a thousand jobs it looks a thousand times a second, and its head fills a core (seen in 9.27).
    """
    limit = getattr(scheduler, "job_rate_limiter", None)
    if limit is not None and (limit.max_jobs, limit.timespan) == (100, 1):
        scheduler.job_rate_limiter = None


def again(workflow: Any) -> Callable[[str], None]:
    """A function by which rules' input functions have an output made again by this start; only the head acts on it.

    Snakemake decides by dates, by checksums of what it knew, and by its metadata. It does not make an intermediate file
    that is missing as long as what was made of it looks done, and knows nothing where `.snakemake` was deleted. A file
    that is forced is made as `--forcerun` has it made, but only if the targets need it (9.14 to 9.27).
    """

    def force(path: str) -> None:
        if workflow.is_main_process and workflow.dag is not None:
            workflow.dag.forcefiles.add(path)

    return force


def begin(scales: list[str]) -> None:
    """Before any job of a start: be the one head of these scales, hear what jobs say, remove what killed ones left.

    UserError while another head is at work there.
    """
    alone(scales)
    folders = [Path(paths.results(), scale) for scale in scales]
    terminal.listen(*map(str, folders), ".snakemake")
    leftovers.remove(folders)


@contextmanager
def one_line() -> Iterator[None]:
    """A user's error before the first job is a line, and the end; Snakemake would say where in its rules it arose."""
    try:
        yield
    except UserError as error:
        print("\n".join(f"lnl: {line}" for line in error.lines), file=sys.stderr)
        sys.exit(1)


def check_rights() -> None:
    """UserError where Snakemake's own folder cannot be made or written, or that of results is none, which it would tell
    by a traceback."""
    if os.path.exists(paths.results()) and not os.path.isdir(paths.results()):
        raise UserError(f"{paths.results()}: is a file, and results belong in a folder of this name; move it away")
    folder = Path(".snakemake")
    try:
        folder.mkdir(exist_ok=True)
        for place in (folder, *(each for each in folder.iterdir() if each.is_dir())):
            if not os.access(place, os.W_OK | os.X_OK, effective_ids=True):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise unwritten(folder, error, "have its owner open it to you, or start in a folder of your own") from error


def quieten() -> None:
    """A line of Snakemake's log that the disk does not take is not worth a traceback on the terminal for each."""
    logging.raiseExceptions = False


def note_interrupts(scheduler: Any = None) -> None:
    """From now on, note whether this process was told to end, by Ctrl-C or SIGTERM; where Ctrl-C is heard in a moment
    in which nobody waits for it, as in the last one of a process, that is no traceback.

    scheduler: Snakemake's, which on SIGTERM takes a lock. The signal may come while that is held by the very code that
    it interrupts, which would wait for itself for ever (seen in 9.27): then it is sent again a moment later.
    """

    def noting(before: Any) -> Callable[[int, Any], None]:
        def handler(number: int, frame: Any) -> None:
            INTERRUPTED.set()
            if number == signal.SIGTERM and _held(getattr(scheduler, "_lock", None)):
                again = threading.Timer(MOMENT, os.kill, (os.getpid(), number))
                again.daemon = True
                again.start()
            else:
                before(number, frame)

        return handler

    for number in (signal.SIGINT, signal.SIGTERM):
        if callable(before := signal.getsignal(number)):
            signal.signal(number, noting(before))
    sys.excepthook, sys.unraisablehook = _but_interrupts(sys.excepthook), _but_unheard(sys.unraisablehook)


def _held(lock: Any) -> bool:
    """Whether somebody holds a lock, be it this thread."""
    if lock is None:
        return False
    free = lock.acquire(blocking=False)
    if free:
        lock.release()
    return not free


def _but_interrupts(shown: Callable[..., Any]) -> Callable[..., Any]:
    def hook(kind: type[BaseException], error: BaseException, where: Any) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            shown(kind, error, where)

    return hook


def _but_unheard(shown: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def hook(unraisable: Any) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            shown(unraisable)

    return hook


def render(artefacts: list[str], report: bool) -> None:
    """Render what a DAG that failed was asked for, from the runs that are there: a failed run is a row of its table.

    Who has pressed Ctrl-C waits for it no longer than five seconds; the next start renders what is left.
    """
    command = ["lnl", "render", *artefacts, "--partial"]
    until = time.monotonic() + PATIENCE
    try:
        for words in ([command] if artefacts else []) + ([["lnl", "report"]] if report else []):
            subprocess.run(
                words, check=False, timeout=max(0.1, until - time.monotonic()) if INTERRUPTED.is_set() else None
            )
    except subprocess.TimeoutExpired:
        print("lnl: interrupted; the next start renders what is left", file=sys.stderr)
    except OSError as error:
        print(f"lnl: nothing is rendered ({error}); the next start does it", file=sys.stderr)
    terminal.conclude()


def accompany(workflow: Any) -> Callable[[str], None]:
    """A function that starts a worker for the command of a cluster's job, while its DAG is built, and only there.

    A job of Slurm starts Snakemake twice, one process by the other, and then what trains: torch is imported meanwhile.
    """

    def beside(command: str) -> None:
        if workflow.remote_exec and VARIABLE not in os.environ:  # else the process that started this one has a worker
            start(command)

    return beside


def start(command: str = "") -> int | None:
    """Start a worker for the jobs of this process; None where there can be none, and jobs run by themselves.

    command: what it imports for at once; what else it needs, when that is asked for.
    Returns its lifeline, a file that stays open as long as this process lives; the worker ends when it closes.
    """
    if not sys.platform.startswith("linux"):  # forking is not safe elsewhere
        return None
    folder = None
    try:
        os.close(os.pidfd_open(os.getpid()))
        folder = tempfile.mkdtemp(prefix=leftovers.prefix())
        atexit.register(shutil.rmtree, folder, ignore_errors=True)  # a worker that was killed cannot
        return _start(Path(folder) / leftovers.SOCKET, command)
    except OSError as error:  # an old kernel, no room or right, a path that is too long for a socket
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        why = f"{error.strerror or error}; TMPDIR names a folder that can be written"
        print(f"lnl: no warm worker, jobs start more slowly ({why})", file=sys.stderr)
        return None


def _start(address: Path, command: str) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(address))
        listener.listen(128)  # jobs may call at once; they are answered when the worker has imported what they need
        theirs, lifeline = os.pipe()
        _launch(listener.fileno(), theirs, command)
        os.close(theirs)
    os.environ[VARIABLE] = str(address)
    return lifeline


def _launch(listener: int, lifeline: int, command: str) -> None:
    """Start the worker itself. Ctrl-C is for the jobs: it has a session of its own, and sees them out."""
    subprocess.Popen(
        [sys.executable, "-P", "-m", "lnl.cli.worker", str(listener), str(lifeline), command],
        pass_fds=(listener, lifeline),
        stdin=subprocess.DEVNULL,
        env=os.environ | ONE_THREAD,
        start_new_session=True,
    )
