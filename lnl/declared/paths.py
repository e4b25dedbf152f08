"""Where everything lives: below results/ of the working directory, or of a folder that a block of code names. Standard
library only: every cluster job parses this.

Results are addressed by what they are, never by hashes or parameters, and two scales never share a path.
`results/{scale}/store` is outside the declared outputs of the DAG: finished runs are kept there and published from it,
so that a job which fails, or is cleaned up after, loses nothing that was computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from lnl.errors import UserError
from lnl.files import LARGEST, leaves, read_file, sealed

_RESULTS = ContextVar("folder of results", default="results")  # of a thread of its own: two suites may be open


def results() -> str:
    """The folder of results: `results`, or what `results_in` says."""
    return _RESULTS.get()


@contextmanager
def results_in(folder: Path | str) -> Iterator[None]:
    """While the block runs, results are those of another folder: of another checkout, or committed ones laid out."""
    token = _RESULTS.set(str(folder))
    try:
        yield
    finally:
        _RESULTS.reset(token)


def content(path: Path | str, largest: int = LARGEST) -> bytes:
    """Content of a file of the results (.gz unpacked), however it came there.

    UserError for what is not read: a link, or a path that leads out of the results by one; no regular file; one of more
    than `largest` bytes. FileNotFoundError where nothing is.
    """
    folder = results()
    if str(path).startswith(f"{folder}/") and leaves(path, folder):
        raise UserError(f"{path}: leads out of {folder}/ by a link; put a copy of what is meant in its place")
    try:
        return read_file(path, largest)
    except ValueError as error:
        raise UserError(f"{path}: {error}; delete it, or put the file that is meant in its place") from None


def read(path: Path | str) -> dict[str, Any]:
    """Content of a JSON file of the results, without its seal; UserError also for one that is damaged, or no JSON."""
    try:
        return sealed.opened(content(path))
    except ValueError as error:
        raise UserError(f"{path}: not readable ({error}); the next start of what asks for it makes it again") from None
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); see to its permissions, and to the disk") from None


def cell(scale: str, protocol: str, dataset: str, noise: str, method: str) -> str:
    """Folder of a cell's records."""
    return f"{results()}/{scale}/cells/{protocol}/{dataset}/{noise}/{method}"


def record(scale: str, cell_id: str, seed: int | str) -> str:
    """Record of one run; `cell_id` is protocol/dataset/noise/method."""
    return f"{results()}/{scale}/cells/{cell_id}/seed{seed}.json"


def repeats(scale: str, cell_id: str, seeds: str) -> str:
    """Note that these runs of a cell (seeds: 1-2-3) are in the store, for as long as they wait to be published."""
    return f"{results()}/{scale}/repeats/{cell_id}/seeds{seeds}.json"


def log(scale: str, cell_id: str, seed: int | str) -> str:
    """Log of one run."""
    return f"{results()}/{scale}/logs/{cell_id}/seed{seed}.log"


def looks(scale: str) -> str:
    """Folder of quick looks: by their length (`20-epochs`, `first-20`), folders of results that nobody else reads."""
    return f"{results()}/{scale}/looks"


def handover(scale: str, cell_id: str, seed: int | str, point: str) -> str:
    """Weights, buffers and optimiser state of a run at a declared point."""
    return f"{results()}/{scale}/handovers/{cell_id}/seed{seed}-{point}.safetensors"


def store(scale: str, cell_id: str, seed: int | str) -> str:
    """Folder with a run's finished record, checkpoint, lock and hand-overs, kept whatever happens to the job."""
    return f"{results()}/{scale}/store/{cell_id}/seed{seed}"


def failure(scale: str, cell_id: str, seed: int | str) -> str:
    """Note left by a run that failed (class, message, log); removed by the next success."""
    return f"{store(scale, cell_id, seed)}/failure.json"


def search(scale: str, search_id: str, seed: int | str) -> str:
    """Folder of one search; `search_id` is protocol/dataset/noise/method/search."""
    return f"{results()}/{scale}/searches/{search_id}/seed{seed}"


def proposals(scale: str, search_id: str, seed: int | str, round: int | str) -> str:
    """Candidates of a round. Rounds are counted from 1 in paths and whatever people read."""
    return f"{search(scale, search_id, seed)}/round{round}/proposals.json"


def block(scale: str, search_id: str, seed: int | str, round: int | str, block: int | str) -> str:
    """Scores of those candidates of a round that one job has trained."""
    return f"{search(scale, search_id, seed)}/round{round}/block{block}.json"


def scores(scale: str, search_id: str, seed: int | str, round: int | str) -> str:
    """All scores of a round: one page of the search's history."""
    return f"{search(scale, search_id, seed)}/round{round}/scores.json"


def best(scale: str, search_id: str, seed: int | str) -> str:
    """What a search has found."""
    return f"{search(scale, search_id, seed)}/best.json"


def synthetic(scale: str, study: str, arm: str) -> str:
    """One arm of a synthetic study: searches for a declared R(t), without networks."""
    return f"{results()}/{scale}/synthetic/{study}/{arm}.json"


def data(scale: str, dataset: str) -> str:
    """Manifest of a prepared data set."""
    return f"{results()}/{scale}/data/{dataset}.json"


def noise(scale: str, dataset: str, noise_key: str, generator: str, seed: int | str) -> str:
    """Manifest of one vector of given labels."""
    return f"{results()}/{scale}/noise/{dataset}/{noise_key}/{generator}-seed{seed}.json"


def sets(scale: str, dataset: str, key: str, seed: int | str) -> str:
    """Manifest of index sets that are drawn together; `key` is what lnl.declared.set_keys calls them."""
    return f"{results()}/{scale}/sets/{dataset}/{key}-seed{seed}.json"


def artefact(scale: str, kind: str, key: str, suffix: str) -> str:
    """A rendered table, figure or claims page; kind is `tables`, `figures` or `claims`."""
    return f"{results()}/{scale}/{kind}/{key}.{suffix}"


def rendered(scale: str, key: str) -> str:
    """Note of what an artefact was rendered from, and what it lacked."""
    return f"{results()}/{scale}/rendered/{key}.json"


def report(scale: str) -> str:
    """The self-contained HTML report."""
    return f"{results()}/{scale}/report.html"
