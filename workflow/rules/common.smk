"""The suite's declarations, and the functions by which rules look them up. Standard library and PyYAML only."""

import json
import os
from pathlib import Path

from snakemake.exceptions import WorkflowError

from lnl import paths
from lnl.errors import UserError
from lnl.matrix import Cell, Run, Suite

try:
    suite = Suite.load(Path(workflow.basedir), config, validate=workflow.is_main_process)
    if workflow.is_main_process:
        suite.check_all()
except UserError as error:
    raise WorkflowError(str(error)) from None

# Jobs see the configuration of the command line, and end when this process does.
os.environ["LNL_CONFIG"] = json.dumps(config)
os.environ["LNL_HEAD"] = str(os.getpid())

SUFFIXES = {
    "tables": ("csv", "md", "tex", "html"),
    "figures": ("pdf", "png", "csv"),
    "claims": ("csv", "md", "html"),
}


wildcard_constraints:
    protocol="[^/]+",
    dataset="[^/]+",
    noise="[^/]+",
    method="[^/]+",
    key="[A-Za-z0-9_]+",
    seed="[0-9]+",
    generator="[a-z_]+",
    point="[a-z0-9-]+",


def rendered(keys):
    """Files of artefacts."""
    return [
        paths.artefact(suite.scale, suite.artefacts[key], key, suffix)
        for key in keys
        for suffix in SUFFIXES[suite.artefacts[key]]
    ]


def records(key):
    """Records that an artefact demands."""
    return [paths.record(suite.scale, run.cell.id, run.seed) for run in suite.demand(key)]


def run_of(wildcards):
    """The run that a training job's wildcards name."""
    cell = Cell(wildcards.protocol, wildcards.dataset, wildcards.noise, wildcards.method)
    suite.declared(cell)
    return Run(cell, int(wildcards.seed))
