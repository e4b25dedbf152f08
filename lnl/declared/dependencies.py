"""What a run depends on and asks for: label vector, hand-overs, resources. Standard library and PyYAML only."""

from __future__ import annotations

from functools import cache
from typing import Any

from lnl.declared import chosen_epochs, environment, labellers, paths, runtime, set_keys, stages
from lnl.declared.cells import Cell, Run, Search
from lnl.declared.search_specification import VERSION, ranges
from lnl.declared.searches import check_block, search_of
from lnl.declared.specification import digest
from lnl.declared.suite import Suite
from lnl.errors import choose

UNKNOWN_MINUTES, UNKNOWN_MEMORY_MB = 60, 4000  # of a run, where its protocol declares nothing


def noise_seed(suite: Suite, run: Run) -> int:
    """Seed of the run's label vector: one for all repeats, or the run's own (decision noise_vector)."""
    noise = suite.spec(run.cell)["noise"]
    return int(noise["seed"]) if noise["vector"] == "fixed" else run.seed


def noise_manifest(suite: Suite, run: Run) -> str:
    """Path of the manifest of the run's label vector."""
    noise = suite.spec(run.cell)["noise"]
    return paths.noise(suite.scale, run.cell.dataset, noise["key"], noise["generator"], noise_seed(suite, run))


def set_manifest(suite: Suite, run: Run) -> str | None:
    """Path of the manifest of the index sets that a run draws; None if it draws none."""
    own = suite.own_noise(run.cell.noise, run.cell.dataset)
    key = set_keys.key(suite.spec(run.cell), replaces=own is not None and bool(own.sources))
    return None if key is None else paths.sets(suite.scale, run.cell.dataset, key, run.seed)


def handovers(suite: Suite, run: Run) -> dict[str, tuple[Run, str]]:
    """Hand-overs that a run reads: name -> (run of the same seed that writes it, point)."""
    read = suite.begins_with(run.cell).items()
    return {name: (Run(source, run.seed), point) for name, (source, point) in read}


def labeller(suite: Suite, noise: str, dataset: str, seed: int) -> Run | None:
    """The run whose network predicts the labels of a noise on a data set, of the noise seed; None for other noises."""
    cell = suite.labeller(noise, dataset)
    return None if cell is None else Run(cell, seed)


def sources(suite: Suite, run: Run) -> list[tuple[Run, str]]:
    """(run, point) of every state that a run rests on: those that it begins with, and the network that gives its
    labels."""
    found = list(handovers(suite, run).values())
    by = labeller(suite, run.cell.noise, run.cell.dataset, noise_seed(suite, run))
    return found if by is None else [*found, (by, labellers.POINT)]


def handover_points(suite: Suite, run: Run) -> tuple[str, ...]:
    """Points of a training at which a run writes its state, for other runs that begin with it.

    They follow from what is declared, whatever artefacts are built today. A run that an artefact demands has those that
    a declared run of the same seed reads, often none; a run that none demands, trained by hand, has every point that
    some method could read.
    """
    if run not in _demanded(suite):
        return readable_points(suite, run.cell)
    readers = _readers(suite).get(run.cell, {})
    return tuple(point for point, seeds in readers.items() if run.seed in seeds)


def readable_points(suite: Suite, cell: Cell) -> tuple[str, ...]:
    """Points of a cell that some method could read, declared with it or not."""
    readers = [each for method in suite.methods.values() for each in method.get("handovers", {}).values()]
    read = {point for source, point, *_ in readers if source == parted(suite, cell.method)[0]}
    read |= {labellers.POINT} if cell.protocol == labellers.PROTOCOL else set()
    return tuple(sorted(read | stages.points(suite.protocols[cell.protocol])))


def parted(suite: Suite, name: str) -> tuple[str, str]:
    """(method, variants) of the last part of a cell's name: coteaching-plus-tau125 is coteaching-plus and tau125.

    The method is the longest key that the name begins with; where it begins with none, the name is all there is.
    """
    keys = [key for key in suite.methods if name == key or name.startswith(f"{key}-")]
    method = max(keys, key=len, default=name)
    return method, name[len(method) + 1 :]


def hands_over(suite: Suite, cell: Cell) -> bool:
    """Whether some declared cell begins with this one's networks."""
    return cell in _readers(suite)


def trained(suite: Suite, key: str) -> list[Run]:
    """Runs that an artefact has trained, each once: those that it shows, and those that these rest on."""
    found = dict.fromkeys(suite.demand(key))
    new = list(found)
    while new:
        further = [source for source, _ in sources(suite, new.pop()) if source not in found]
        found |= dict.fromkeys(further)
        new += further
    return list(found)


@cache
def _demanded(suite: Suite) -> frozenset[Run]:
    return frozenset(run for key in suite.artefacts for run in suite.demand(key))


@cache
def _readers(suite: Suite) -> dict[Cell, dict[str, set[int]]]:
    """Of every cell that hands over: its points, and the seeds with which declared runs, or the cells that these begin
    with, read them."""
    found: dict[Cell, dict[str, set[int]]] = {}
    known, new = set(_demanded(suite)), list(_demanded(suite))
    while new:
        run = new.pop()
        spec = suite.spec(run.cell)
        if "stage" in spec or "handovers" in spec["method"] or "labeller" in spec["noise"]:
            for source, point in sources(suite, run):
                found.setdefault(source.cell, {}).setdefault(point, set()).add(source.seed)
                if source not in known:
                    known.add(source)
                    new.append(source)
    return {cell: dict(sorted(points.items())) for cell, points in found.items()}


def resolve(suite: Suite) -> None:
    """Resolve every cell, every search and who reads whose state, so that whoever asks later finds them."""
    _readers(suite)
    for key in suite.artefacts:
        searches(suite, key)


@cache
def searches(suite: Suite, key: str) -> tuple[Search, ...]:
    """Searches that an artefact needs, each once: those it draws, and those whose schedules its runs train with."""
    drawn = [search for _, _, search in suite.searches_of(key)]
    used = [search_of(suite, run.cell) for run in suite.demand(key)]
    return tuple(dict.fromkeys([*drawn, *(search for search in used if search)]))


@cache
def studies(suite: Suite, key: str) -> tuple[tuple[str, str], ...]:
    """(study, arm) of the synthetic studies that a figure draws or a claims page tests."""
    if suite.artefacts[key] == "claims":
        from lnl.declared.claims import studied

        return studied(suite.declaration(key))
    named = suite.declaration(key).get("studies", []) if suite.artefacts[key] == "figures" else []
    known = suite.synthetic["studies"]
    where = suite.source(key)
    return tuple((study, arm) for study in named for arm in choose(study, known, "study", where)["arms"])


@cache
def arm_digest(suite: Suite, study: str, arm: str) -> str:
    """Digest of one arm of a synthetic study: its space, algorithm, target and budget. UserError for unknown names."""
    declared, where = suite.synthetic, "config/synthetic.yaml"
    chosen = choose(study, declared["studies"], "study", where)
    what = choose(arm, chosen["arms"], f"arm of study '{study}'", where)
    space = choose(what["space"], suite.spaces, "search space", where)
    return digest(
        {
            "version": VERSION,
            "arm": {k: v for k, v in what.items() if k != "title"},
            "space": {k: space[k] for k in ("formula", "clip")} | {"ranges": ranges(space)},
            "algorithm": choose(what["algorithm"], declared["algorithms"], "algorithm", where)["algorithm"],
            "target": choose(chosen["target"], declared["targets"], "target", where),
            "budget": choose(chosen["budget"], declared["budgets"], "budget", where),
            "repeats": arm_repeats(suite, study, arm),
            "epochs": declared["epochs"],
        }
    )


def arm_repeats(suite: Suite, study: str, arm: str) -> int:
    """Repeats of an arm at this scale: as declared, but at most what the scale allows."""
    asked = declared_arm_repeats(suite, study, arm)
    return min(asked, int(suite.scales[suite.scale].get("synthetic_repeats", asked)))


def declared_arm_repeats(suite: Suite, study: str, arm: str) -> int:
    """Repeats of an arm of a synthetic study as declared."""
    declared = suite.synthetic
    return int(declared["studies"][study]["arms"][arm].get("repeats", declared["repeats"]))


def search_labels(suite: Suite, search: Search) -> str:
    """Path of the manifest of the labels that a search's candidates train on."""
    noise = suite.declared_search(search).candidate["noise"]
    seed = noise["seed"] if noise["vector"] == "fixed" else search.seed
    return paths.noise(suite.scale, search.dataset, noise["key"], noise["generator"], seed)


def resources(suite: Suite, cell: Cell, runs: int = 1) -> dict[str, int]:
    """Run time (minutes), memory (MB) and GPUs to ask a scheduler for, from the protocol's `runtime`."""
    declared = suite.declared(cell)
    return _resources(suite, cell.protocol, declared.spec, declared.paper_dataset, runs)


def search_resources(suite: Suite, search: Search, trainings: float) -> dict[str, int]:
    """Run time, memory and GPUs, as `resources` has them, for a job that trains a block of a search's candidates.
    trainings: how many full trainings the block is worth."""
    declared = suite.declared_search(search)
    return _resources(suite, search.protocol, declared.candidate, declared.paper_dataset, trainings)


def _resources(
    suite: Suite, protocol: str, spec: dict[str, Any], paper_dataset: str, trainings: float
) -> dict[str, int]:
    declared = suite.protocols[protocol]
    known, gpu = runtime.declared(declared, paper_dataset), suite.config.get("device") != "cpu"
    whole = (known and known.minutes(gpu)) or UNKNOWN_MINUTES
    minutes = whole * runtime.share(spec, declared, paper_dataset)  # enough for any of the protocol's methods
    if spec["dataset"] != paper_dataset and suite.dataset(spec["dataset"]).embedded:
        minutes = 10  # they train in seconds
    minutes *= trainings
    # half as much again, and time to start: a job that is cut off resumes, but has waited in the queue twice
    memory = (known and known.memory_mb) or UNKNOWN_MEMORY_MB
    return {"runtime": int(1.5 * minutes) + 10, "mem_mb": memory, "gpu": int(gpu)}


def datasets(suite: Suite, key: str) -> list[str]:
    """Data sets whose manifests a table about data sets shows (stand-ins at the scales that have them)."""
    declared = suite.declaration(key)
    if declared.get("kind") != "datasets":
        return []
    named = [row["dataset"] for row in declared["rows"]]
    return list(dict.fromkeys(suite.used_for(d) for d in named))


def check(suite: Suite) -> None:
    """Resolve every declared cell; UserError before any job starts. A label file that is not there is a matter of the
    artefacts that need it (label_needs)."""
    from lnl.declared.data_places import Places

    environment.check()
    _ = suite.cells, Places.of(suite.config, suite.root)
    _ = suite.selected, suite.decisions
    check_block(suite.searching)
    chosen_epochs.check(suite)
