"""The LNL suite: every table and figure of the papers, from declarations to a report.

    data -> noise, sets -> search of R(t), where a cell asks for one -> train (one run: a cell and a seed)
                  -> tables, figures, claims -> report

What is built: `snakemake` (config key 'artefacts'), `snakemake tutorial_mnist_accuracy` (an artefact), `snakemake tutorial`
(a paper), `snakemake all`, `snakemake report`. At what cost, before anything starts: `lnl plan`. Nothing here lists cells:
tables/*.yaml, figures/*.py and claims/*.yaml demand them (lnl/declared).
"""

from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

from lnl.declared import configuration
from lnl.errors import UserError
from lnl.run import targets

min_version("9.14.1")

# Snakemake says of some faulty files that they are no YAML, and of others nothing but a traceback.
try:
    configuration.check_here(Path(workflow.basedir))
    configuration.read(Path(workflow.basedir), {})
except UserError as error:
    raise WorkflowError(str(error)) from None


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"


localrules:
    selected,
    all,
    report,
    data,
    noise,
    sets,
    table,
    figure,
    claims,


rule selected:
    """What config key 'artefacts' names, and the report."""
    input:
        dag.selected,
        paths.report(dag.scale),
    message:
        "collect all that config key 'artefacts' names"


rule all:
    input:
        dag.every(list(dag.suite.artefacts)),
        paths.report(dag.scale),
    message:
        "collect everything"


include: "workflow/rules/data.smk"
include: "workflow/rules/search.smk"
include: "workflow/rules/synthetic.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/artefacts.smk"
include: "workflow/rules/report.smk"


targets.name_the_nearest(workflow, dag.suite)
