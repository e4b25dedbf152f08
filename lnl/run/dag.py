"""What the rules ask of the suite: inputs, outputs and resources by wildcards. Standard library and PyYAML only."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lnl.declared import dependencies, label_needs, names, paths, searches, stacked_repeats
from lnl.declared.cautions import cautions
from lnl.declared.suite import Cell, Run, Suite
from lnl.errors import UserError
from lnl.files import said
from lnl.results import records, rendered
from lnl.run import terminal
from lnl.run.manifest_rules import ManifestRules
from lnl.run.store import keep_aside
from lnl.run.worker import client

#: What a job asks for that publishes a finished run.
PUBLISHING = {"runtime": 10, "mem_mb": 1000, "gpu": 0}


class Dag(ManifestRules):
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
        super().__init__(Suite.load(root, config, validate=head), again, trains)
        self.head = head
        self._there: list[Run] = []  # runs that have a record, of today or not
        self.asked: dict[str, None] = {}  # artefacts that this DAG renders
        self._lacking: list[str] = []  # artefacts that it does not make, and has said so
        self._cautioned: set[str] = set()
        self.reports = False  # and whether it writes the report
        self.written = list(dict.fromkeys((self.scale, self.searching.scale)))  # scales that this DAG writes to
        self.scales = "|".join(self.written)
        if head:
            dependencies.check(self.suite)
        # Jobs see the configuration of the command line and end when this process does. `lnl` is found beside the
        # Python that runs Snakemake, whether or not its environment was activated.
        os.environ["LNL_CONFIG"] = json.dumps(self.suite.layers.passed_on(config))
        os.environ[client.HEAD] = str(os.getpid())
        os.environ.pop(terminal.VARIABLE, None)
        if head:
            os.environ.pop(client.VARIABLE, None)  # jobs are of this DAG, and not of one whose job it may be
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

    # ---- artefacts -------------------------------------------------------------------------------------------------

    def rendered(self, keys: Iterable[str]) -> list[str]:
        """Files of artefacts; a claims page is called after its paper."""
        return [file for key in keys for file in rendered.files(self.suite, key)]

    def selected(self, wildcards: Any = None) -> list[str]:
        """Files of the artefacts that are asked for when nothing is named."""
        found = label_needs.selected(self.suite)
        self._say_lacking(key for key in self.suite.selected if key not in found)
        return self.rendered(found)

    def every(self, keys: Iterable[str]) -> Callable[[Any], list[str]]:
        """Files of artefacts that stand for all of something, a paper or the suite: without those that lack a label
        file, unless all of them do."""

        def inputs(wildcards: Any) -> list[str]:
            found = label_needs.makeable(self.suite, keys) or list(keys)
            self._say_lacking(key for key in keys if key not in found)
            return self.rendered(found)

        return inputs

    def _say_lacking(self, keys: Iterable[str]) -> None:
        """Say in a line each which artefacts are left out, or refused, for want of a label file."""
        for key in keys if self.head else ():
            if key not in self._lacking:
                self._lacking.append(key)
                why = label_needs.lacking(self.suite, key) or ""
                print(f"lnl: {label_needs.not_made(key, why)}", file=sys.stderr)

    def _caution(self, key: str) -> None:
        """Say once what may be a slip in a noise, or in a published number, before anything is trained."""
        for words in cautions(self.suite, [key]) if self.head else ():
            if words not in self._cautioned:
                self._cautioned.add(words)
                print(f"lnl: {words}", file=sys.stderr)

    def reported(self, wildcards: Any) -> list[str]:
        """Inputs of the report."""
        self.reports = True
        found = label_needs.selected(self.suite)
        if not rendered.whole_report(self.suite, found):
            self._remake(paths.report(self.scale))
            self._damaged |= rendered.altered(self.suite, rendered.REPORT)
        return self.selected(wildcards)

    def output(self, kind: str, suffix: str) -> str:
        """Output pattern of a rendering rule."""
        return paths.artefact(self.scale, kind, "{key}", suffix)

    def demanded(self, kind: str) -> Callable[[Any], list[str]]:
        """Inputs of a rendering rule: the declaration, its records, and manifests for tables about data sets."""

        def inputs(wildcards: Any) -> list[str]:
            key = f"{wildcards.key}_claims" if kind == "claims" else wildcards.key
            self.asked[key] = None
            self._caution(key)
            if label_needs.lacking(self.suite, key) is not None:  # its job says so, and the others are made
                self._say_lacking([key])
                for file in self.rendered([key]):
                    self._remake(file)
                return [self.suite.source(key)]
            manifests = [paths.data(self.scale, dataset) for dataset in dependencies.datasets(self.suite, key)]
            records = [paths.record(self.scale, run.cell.id, run.seed) for run in self.suite.demand(key)]
            found = [self.best_of(search) for search in dependencies.searches(self.suite, key)]  # its runs' as well
            studied = [paths.synthetic(self.scale, study, arm) for study, arm in dependencies.studies(self.suite, key)]
            if not rendered.whole(self.suite, key):
                for file in self.rendered([key]):
                    self._remake(file)
                self._damaged |= rendered.altered(self.suite, key)
            declared = self.suite.declaration(key)
            spaces = [self.suite.source_of("config/spaces", name) for name in self.suite.spaces]
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
                self._remake(record)
        seeds = stacked_repeats.together(self.suite, run)
        if not seeds:  # else its stack was trained before, and is published
            self._trains("train")
        stack = [paths.repeats(self.scale, run.cell.id, stacked_repeats.seeds_text(seeds))] if seeds else []
        return self._needed(run) + stack

    def keep(self) -> None:
        """Before any job starts, keep records that one may replace, and name what is made again for damage.

        UserError where nothing of what was asked for can be made for want of label files.
        """
        if self._lacking and not set(self.asked) - set(self._lacking):
            raise UserError("nothing of what was asked for can be made, for the reason above")
        for run in self._there:
            if (why := records.misplaced(self.suite, run)) is not None:
                self._damaged[paths.record(self.scale, run.cell.id, run.seed)] = why
            plain = Path(paths.store(self.scale, run.cell.id, run.seed), f"record-{self.suite.digest(run.cell)}.json")
            if not (plain.exists() and records.current(self.suite, run)):
                keep_aside(self.suite, run)
        self.keep_labels()
        for path, why in self._damaged.items():
            print(f"lnl: {said(path)}: {said(why)}; made again", file=sys.stderr)

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
        lacking = bool(handed) and not records.current(self.suite, run)
        search = searches.search_of(self.suite, run.cell)
        return [
            *([self.best_of(search)] if search else []),
            paths.data(self.scale, run.cell.dataset),
            dependencies.noise_manifest(self.suite, run),
            *([sets] if (sets := dependencies.set_manifest(self.suite, run)) else []),
            *(self._handed(self.suite, source, point, lacking) for source, point in handed),
        ]

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

    # ---- synthetic studies -----------------------------------------------------------------------------------------

    def arm_inputs(self, wildcards: Any) -> list[str]:
        """An arm of a synthetic study depends on its declaration alone, which is its digest."""
        path = paths.synthetic(self.scale, wildcards.study, wildcards.arm)
        if os.path.exists(path) and not rendered.current_arm(self.suite, wildcards.study, wildcards.arm):
            self._remake(path)
        return []

    def arm_digest(self, wildcards: Any) -> str:
        """Digest of what one arm of a synthetic study was declared as."""
        return dependencies.arm_digest(self.suite, wildcards.study, wildcards.arm)
