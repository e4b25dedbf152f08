"""What the head of a start of Snakemake does before any job, and what a claims page does when all jobs are done."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from lnl.declared import label_needs, schema
from lnl.declared.suite import Suite
from lnl.run.dag import Dag


def remember_checks() -> None:
    """Check nothing twice that has not changed, and import nothing twice: a thousand starts differ in one file each."""
    import snakemake.cli  # noqa: F401  # seconds of each fork that would do it

    check = schema.check
    known: set[tuple[str, str, str]] = set()

    def remembered(declaration: object, name: str, source: str) -> None:
        key = (name, source, repr(declaration))
        if key not in known:
            check(declaration, name, source)
            known.add(key)

    schema.check = remembered


def configuration(root: Path, typed: str | None) -> dict[str, Any]:
    """What Snakemake hands over: config/config.yaml, and `--config key=value` as it reads that, on top."""
    from snakemake.cli import parse_config

    found = yaml.safe_load((root / "config/config.yaml").read_text())
    return {**found, **parse_config([typed])} if typed else {}


def start(root: Path, config: dict[str, Any]) -> Suite:
    """Everything that Snakemake asks of the declarations to build its DAG, of one repeat of every run and search."""
    dag = Dag(root, config, head=True)
    dag.selected()
    dag.rendered(dag.suite.artefacts)
    for key, kind in dag.suite.artefacts.items():
        at = SimpleNamespace(key=dag.suite.paper(key) if kind == "claims" else key)
        dag.demanded(kind)(at)
        dag.label(at)
        if label_needs.lacking(dag.suite, key) is not None:
            continue  # nothing else is asked of it
        for run in {run.cell: run for run in dag.suite.demand(key)}.values():
            _of_run(dag, vars(run.cell) | {"seed": str(run.seed)})
        for _, _, search in dag.suite.searches_of(key):
            _of_search(dag, SimpleNamespace(**{**vars(search), "search": search.name}))
    for study, declared in dag.suite.synthetic["studies"].items():
        for arm in declared["arms"]:
            dag.arm_digest(SimpleNamespace(study=study, arm=arm))
    return dag.suite


def _of_run(dag: Dag, wildcards: dict[str, Any]) -> None:
    at = SimpleNamespace(**wildcards)
    dag.train_inputs(at)
    dag.digest(at)
    for name in ("runtime", "mem_mb", "gpu"):
        dag.cost(name)(at)


def _of_search(dag: Dag, at: SimpleNamespace) -> None:
    dag.history(at)
    dag.search_digest(at)
    at.round, at.block = "1", "1"
    dag.scores_before(at)
    dag.blocks_of(at)
    dag.candidate_inputs(at)
    dag.block_cost("runtime")(at)
