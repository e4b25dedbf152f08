"""What the rules ask of the suite: inputs, outputs and resources by wildcards. Standard library and PyYAML only."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lnl.declared import dependencies, names, paths, search_rounds, searches, stacked_repeats
from lnl.declared.data_places import Places
from lnl.declared.suite import Cell, Run, Search, Suite
from lnl.results import records, rendered
from lnl.run.store import keep_aside
from lnl.run.worker import client
from lnl.search import files as search_files

#: What a job asks for that publishes a finished run.
PUBLISHING = {"runtime": 10, "mem_mb": 1000, "gpu": 0}
SUFFIXES = {
    "tables": ("csv", "md", "tex", "html"),
    "figures": ("pdf", "png", "csv"),
    "claims": ("csv", "md", "html"),
}


class Dag:
    """The declarations of a checkout as functions for Snakemake's rules. `wildcards` are Snakemake's."""

    def __init__(
        self,
        root: Path | str,
        config: dict[str, Any],
        head: bool,
        again: Callable[[str], None] = lambda path: None,
        trains: Callable[[str], None] = lambda command: None,
    ) -> None:
        """Read the declarations; in the head process also validate them all. UserError before any job starts.

        again: told every output that is there and has to be made again, whatever Snakemake knows of it.
        trains: told the command with which a job of this DAG will train, as soon as that is known.
        """
        for folder in (Path(root).resolve(), Path.cwd()):
            names.check_place(folder, "a checkout")
        names.check_place(Path(sys.executable).parent, "its Python")
        self.suite = Suite.load(root, config, validate=head)
        self.head = head
        self.scale = self.suite.scale
        self.searching = self.suite.searching
        self._again = again
        self._trains = trains
        self._there: list[Run] = []  # runs that have a record, of today or not
        self.asked: dict[str, None] = {}  # artefacts that this DAG renders
        self.reports = False  # and whether it writes the report
        self.scales = "|".join(dict.fromkeys((self.scale, self.searching.scale)))
        if head:
            dependencies.check(self.suite)
        # Jobs see the configuration of the command line and end when this process does. `lnl` is found beside the
        # Python that runs Snakemake, whether or not its environment was activated.
        os.environ["LNL_CONFIG"] = json.dumps(config)
        os.environ["LNL_HEAD"] = str(os.getpid())
        if head:
            os.environ.pop(client.VARIABLE, None)  # jobs are of this DAG, and not of one whose job it may be
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

    # ---- artefacts -------------------------------------------------------------------------------------------------

    def rendered(self, keys: Iterable[str]) -> list[str]:
        """Files of artefacts; a claims page is called after its paper."""
        out = []
        for key in keys:
            kind = self.suite.artefacts[key]
            name = self.suite.paper(key) if kind == "claims" else key
            out += [paths.artefact(self.scale, kind, name, suffix) for suffix in SUFFIXES[kind]]
        return out

    def selected(self) -> list[str]:
        """Files of the artefacts that are asked for when nothing is named."""
        return self.rendered(self.suite.selected)

    def reported(self, wildcards: Any) -> list[str]:
        """Inputs of the report."""
        self.reports = True
        if not rendered.whole_report(self.suite, self.suite.selected):
            self._again(paths.report(self.scale))
        return self.selected()

    def output(self, kind: str, suffix: str) -> str:
        """Output pattern of a rendering rule."""
        return paths.artefact(self.scale, kind, "{key}", suffix)

    def demanded(self, kind: str) -> Callable[[Any], list[str]]:
        """Inputs of a rendering rule: the declaration, its records, and manifests for tables about data sets."""

        def inputs(wildcards: Any) -> list[str]:
            key = f"{wildcards.key}_claims" if kind == "claims" else wildcards.key
            manifests = [paths.data(self.scale, dataset) for dataset in dependencies.datasets(self.suite, key)]
            records = [paths.record(self.scale, run.cell.id, run.seed) for run in self.suite.demand(key)]
            found = dict.fromkeys(self.best_of(search) for _, _, search in self.suite.searches_of(key))
            studied = [paths.synthetic(self.scale, study, arm) for study, arm in dependencies.studies(self.suite, key)]
            self.asked[key] = None
            if not rendered.whole(self.suite, key):
                for file in self.rendered([key]):
                    self._again(file)
            declared = self.suite.declaration(key)
            spaces = [f"config/spaces/{name}.yaml" for name in self.suite.spaces]
            drawn = ["config/synthetic.yaml", *spaces] if declared.get("kind") in ("none", "synthetic") else []
            return [self.suite.source(key), *drawn, *manifests, *records, *found, *studied]

        return inputs

    def paper(self, wildcards: Any) -> str:
        """Category of a table or figure in Snakemake's own report."""
        return self.suite.paper(wildcards.key)

    def label(self, wildcards: Any) -> dict[str, str]:
        """Labels of an artefact in Snakemake's own report."""
        return {"artefact": wildcards.key, "scale": self.scale}

    # ---- runs ------------------------------------------------------------------------------------------------------

    def run(self, wildcards: Any) -> Run:
        """The run that a training job's wildcards name."""
        cell = self.cell(wildcards)
        self.suite.declared(cell)
        return Run(cell, int(wildcards.seed))

    def cell(self, wildcards: Any) -> Cell:
        """The cell that a job's wildcards name."""
        cell = Cell(wildcards.protocol, wildcards.dataset, wildcards.noise, wildcards.method)
        if not self.head:  # which has held all artefacts against each other; a job looks for its own cell
            self.suite.seek(cell)
        return cell

    def train_inputs(self, wildcards: Any) -> list[str]:
        """What a run depends on: manifests and hand-overs, and the stack that it is trained in, if it is."""
        run = self.run(wildcards)
        record = paths.record(self.scale, run.cell.id, run.seed)
        if os.path.exists(record):
            self._there.append(run)
            if not records.current(self.suite, run):
                self._again(record)
        seeds = stacked_repeats.together(self.suite, run)
        if not seeds:  # else its stack was trained before, and is published
            self._trains("train")
        stack = [paths.repeats(self.scale, run.cell.id, stacked_repeats.seeds_text(seeds))] if seeds else []
        return self._needed(run) + stack

    def keep(self) -> None:
        """Before any job starts, keep records that one may replace: of an earlier declaration, or without a store."""
        for run in self._there:
            plain = Path(paths.store(self.scale, run.cell.id, run.seed), f"record-{self.suite.digest(run.cell)}.json")
            if not (plain.exists() and records.current(self.suite, run)):
                keep_aside(self.suite, run)

    def repeats_inputs(self, wildcards: Any) -> list[str]:
        """What the runs of a stack depend on."""
        self._trains("repeats")
        return list(dict.fromkeys(path for run in self._stacked(wildcards) for path in self._needed(run)))

    def _stacked(self, wildcards: Any) -> list[Run]:
        return [Run(self.cell(wildcards), int(seed)) for seed in wildcards.seeds.split("-")]

    def seeds(self, wildcards: Any) -> str:
        """Seeds of a stack as `--seeds` has them."""
        return ",".join(str(run.seed) for run in self._stacked(wildcards))

    def _needed(self, run: Run) -> list[str]:
        handed = dependencies.handovers(self.suite, run).values()
        for source, point in handed:
            file = paths.handover(self.scale, source.cell.id, source.seed, point)
            if os.path.exists(file) and not records.current(self.suite, source):
                self._again(file)
        search = searches.search_of(self.suite, run.cell)
        return [
            *([self.best_of(search)] if search else []),
            paths.data(self.scale, run.cell.dataset),
            dependencies.noise_manifest(self.suite, run),
            *(paths.handover(self.scale, source.cell.id, source.seed, point) for source, point in handed),
        ]

    def label_inputs(self, wildcards: Any) -> list[str]:
        """What a vector of given labels is made from: the data set's manifest, and the file that labels come from."""
        file, _ = Places.of(self.suite.config).label_file(wildcards.noise)
        return [paths.data(wildcards.scale, wildcards.dataset), *([str(file)] if file else [])]

    def digest(self, wildcards: Any) -> str:
        """Digest of a cell's specification: a changed number reruns exactly its runs, a changed comment nothing."""
        return self.suite.digest(self.cell(wildcards))

    def cost(self, name: str) -> Callable[[Any], int]:
        """A resource of a training (runtime, mem_mb, gpu), from the protocol's `runtime`."""

        def cost(wildcards: Any) -> int:
            run = self.run(wildcards)
            if stacked_repeats.together(self.suite, run):
                return PUBLISHING[name]  # its stack was trained before
            return dependencies.resources(self.suite, run.cell)[name]

        return cost

    def stack_cost(self, name: str) -> Callable[[Any], int]:
        """A resource of a stack of repeats; time as if they were trained one after another."""

        def cost(wildcards: Any) -> int:
            runs = self._stacked(wildcards)
            return dependencies.resources(self.suite, runs[0].cell, len(runs))[name]

        return cost

    # ---- searches --------------------------------------------------------------------------------------------------

    def best_of(self, search: Search) -> str:
        """Result of a search."""
        return paths.best(self.searching.scale, search.id, search.seed)

    def _own(self, search: Search, path: str) -> None:
        """A file of a search that is there, but another search's or an earlier declaration's, is made again."""
        if os.path.exists(path) and not search_files.current(self.searching, search, path):
            self._again(path)

    def search(self, wildcards: Any) -> Search:
        """The search that a job's wildcards name."""
        w = wildcards
        found = Search(w.protocol, w.dataset, w.noise, w.method, w.search, int(w.seed))
        self.searching.declared_search(found)
        return found

    def search_id(self, wildcards: Any) -> str:
        """protocol/dataset/noise/method/search, as commands call it."""
        return self.search(wildcards).id

    def search_digest(self, wildcards: Any) -> str:
        """Digest of a search: a changed declaration walks it again (and finds its finished candidates)."""
        return self.searching.search_digest(self.search(wildcards))

    def scores_before(self, wildcards: Any) -> list[str]:
        """What a round's proposals are made from: the round before, unless no score is asked for."""
        search, round = self.search(wildcards), int(wildcards.round)
        self._own(search, paths.proposals(self.searching.scale, search.id, search.seed, round))
        if round == 1 or not search_rounds.adaptive(self.searching.declared_search(search).spec["algorithm"]):
            return []
        return [paths.scores(self.searching.scale, search.id, search.seed, round - 1)]

    def candidate_inputs(self, wildcards: Any) -> list[str]:
        """What a block's candidates depend on: their proposals, the data set and the given labels."""
        self._trains("search")
        search, scale = self.search(wildcards), self.searching.scale
        self._own(search, paths.block(scale, search.id, search.seed, wildcards.round, wildcards.block))
        return [
            paths.proposals(scale, search.id, search.seed, wildcards.round),
            paths.data(scale, search.dataset),
            dependencies.search_labels(self.searching, search),
        ]

    def blocks_of(self, wildcards: Any) -> list[str]:
        """The blocks of a round."""
        search, round = self.search(wildcards), int(wildcards.round)
        count = len(searches.blocks(self.searching, search, round - 1))
        scale = self.searching.scale
        self._own(search, paths.scores(scale, search.id, search.seed, round))
        return [paths.block(scale, search.id, search.seed, round, block + 1) for block in range(count)]

    def history(self, wildcards: Any) -> list[str]:
        """All scores of a search."""
        search = self.search(wildcards)
        self._own(search, self.best_of(search))
        count = len(searches.rounds(self.searching, search))
        return [paths.scores(self.searching.scale, search.id, search.seed, round + 1) for round in range(count)]

    def block_cost(self, name: str) -> Callable[[Any], int]:
        """A resource of a block's job."""

        def cost(wildcards: Any) -> int:
            search, round = self.search(wildcards), int(wildcards.round)
            members = searches.blocks(self.searching, search, round - 1)[int(wildcards.block) - 1]
            shares = [searches.rounds(self.searching, search)[round - 1][i] for i in members]
            return dependencies.search_resources(self.searching, search, sum(shares))[name]

        return cost

    def arm_inputs(self, wildcards: Any) -> list[str]:
        """An arm of a synthetic study depends on its declaration alone, which is its digest."""
        path = paths.synthetic(self.scale, wildcards.study, wildcards.arm)
        if os.path.exists(path) and not rendered.current_arm(self.suite, wildcards.study, wildcards.arm):
            self._again(path)
        return []

    def arm_digest(self, wildcards: Any) -> str:
        """Digest of what one arm of a synthetic study was declared as."""
        return dependencies.arm_digest(self.suite, wildcards.study, wildcards.arm)
