"""What the rules of manifests ask: of data sets, of given labels, of index sets. Standard library and PyYAML only."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from lnl.declared import dependencies, labellers, origin, paths, source_files
from lnl.declared.data_places import Places
from lnl.declared.suite import Run, Suite
from lnl.errors import UserError
from lnl.results import records
from lnl.run import labels_kept
from lnl.run.search_rules import SearchRules
from lnl.run.store import Store


class ManifestRules(SearchRules):
    """The part of lnl.run.dag.Dag that looks after manifests, and after the networks that labels come from."""

    def __init__(self, suite: Suite, again: Callable[[str], None], trains: Callable[[str], None]) -> None:
        """suite: the declarations at the scale that is made; again, trains: as lnl.run.dag.Dag has them."""
        super().__init__(suite.searching, again, trains)
        self.suite = suite
        self.scale = suite.scale
        self._told: dict[str, None] = {}
        self._labelled: list[tuple[Suite, Run, str, str]] = []  # labels of networks that are there, and whose they are
        self._kept: dict[str, bool] = {}  # hand-overs that a job begins with, and whether the store has their states

    def data_inputs(self, wildcards: Any) -> list[str]:
        """A data manifest is made of a cache, and of files outside the checkout; one that is damaged is made again."""
        path, info = paths.data(wildcards.scale, wildcards.dataset), self.suite.dataset(wildcards.dataset)
        if os.path.exists(path) and origin.told(path) is None:
            self._remake(path, "damaged, or another's")
        elif os.path.exists(path) and info.brought and origin.other_data(path, info, Places.of(self.suite.config)):
            self._remake(path)
        if info.in_files:  # of others whose files nobody fetches, label_inputs says it
            for line in source_files.lacking([info], wildcards.scale, Places.of(self.suite.config)):
                self._say_once(f"lnl: what needs {wildcards.dataset} is not trained: {line}")
        return []

    def set_inputs(self, wildcards: Any) -> list[str]:
        """Index sets are drawn from a data set as its manifest has it; a damaged manifest is made again."""
        path = paths.sets(wildcards.scale, wildcards.dataset, wildcards.sets, wildcards.seed)
        if os.path.exists(path) and origin.told(path) is None:
            self._remake(path, "damaged, or another's")
        return [paths.data(wildcards.scale, wildcards.dataset)]

    def label_inputs(self, wildcards: Any) -> list[str]:
        """What a vector of given labels is made from: the data set's manifest, those of data sets whose images replace
        some, and the file that labels come from.

        Dates do not decide whether that file is the one that was read.
        """
        w = wildcards
        path = paths.noise(w.scale, w.dataset, w.noise, w.generator, w.seed)
        known = os.path.exists(path)
        try:
            file = Places.of(self.suite.config, self.suite.root).label_file(w.noise)
        except UserError:
            if not known:
                raise
            file = None  # what was read from it is shown as long as nothing has to be trained
        own = self.suite.own_noise(w.noise, w.dataset)
        source = file or own
        suite = self.suite if w.scale == self.scale else self.searching
        by = dependencies.labeller(suite, w.noise, w.dataset, int(w.seed))
        if by is not None:
            return [paths.data(w.scale, w.dataset), *self._network_of(suite, by, w.noise, path)]
        if known and origin.told(path) is None:
            self._remake(path, "damaged, or another's")
        elif known and source and origin.other_source(path, source):
            self._remake(path)
        others = own.sources if own else ()
        for line in [] if known else source_files.lacking(others, w.scale, Places.of(self.suite.config)):
            self._say_once(f"lnl: what needs {w.noise} is not trained: {line}")
        manifests = [paths.data(w.scale, each) for each in (w.dataset, *(of.key for of in others))]
        return [*manifests, *([str(file.path)] if file else [])]

    def _say_once(self, line: str) -> None:
        if line not in self._told:
            self._told[line] = None
            print(line, file=sys.stderr)

    def _network_of(self, suite: Suite, by: Run, noise: str, labels: str) -> list[str]:
        """File of the network that predicts labels; those that another, or one of another declaration, has predicted
        are made again, and those of this one are kept aside. Where they came without it, it is not wanted."""
        if os.path.exists(labels):
            if labels_kept.current(suite, by, labels):
                self._labelled.append((suite, by, noise, labels))
                if not os.path.exists(paths.handover(suite.scale, by.cell.id, by.seed, labellers.POINT)):
                    return []
            else:
                self._remake(labels, "damaged, or another's" if origin.told(labels) is None else None)
        return [self._handed(suite, by, labellers.POINT, wanted=True)]

    def _handed(self, suite: Suite, source: Run, point: str, wanted: bool) -> str:
        """File of a hand-over, made again where its run is not of today's declaration.

        wanted: a job of this start begins with it. Where its state is gone, or nobody has asked for it before, its run
        is trained again, by the rule that asks a scheduler for what a training takes: the one of hand-overs copies.
        """
        file = paths.handover(suite.scale, source.cell.id, source.seed, point)
        if os.path.exists(file):
            if not records.current(suite, source):
                self._remake(file)
        elif wanted and records.current(suite, source) and not self._is_kept(suite, source, point, file):
            why = f"its state at '{point}', with which others begin, is gone"
            self._remake(paths.record(suite.scale, source.cell.id, source.seed), why)
            for before, at in dependencies.handovers(suite, source).values():
                self._handed(suite, before, at, wanted=True)
        return file

    def _is_kept(self, suite: Suite, source: Run, point: str, file: str) -> bool:
        """Whether the store has a state; a file of that size is read once, however many runs begin with it."""
        if file not in self._kept:
            self._kept[file] = Store(suite, source).keeps(point)
        return self._kept[file]

    def keep_labels(self) -> None:
        """Keep labels that networks have predicted, and that a job may replace: they are not predicted twice."""
        for labelled in self._labelled:
            labels_kept.keep(*labelled)
