"""The suite's declarations, and what constrains the wildcards. Everything that rules look up is in lnl/run/dag.py."""

from snakemake.exceptions import WorkflowError

from lnl.declared import paths
from lnl.run.dag import Dag
from lnl.errors import UserError
from lnl.run.worker import head

try:
    dag = Dag(workflow.basedir, config, workflow.is_main_process, head.again(workflow))
except UserError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    scale=dag.scales,
    protocol="[^/]+",
    dataset="[^/]+",
    noise="[^/]+",
    method="[^/]+",
    key="[A-Za-z0-9_]+",
    seed="[0-9]+",
    seeds="[0-9]+(,[0-9]+)+",
    search="[^/]+",
    round="[0-9]+",
    block="[0-9]+",
    study="[a-z0-9-]+",
    arm="[a-z0-9-]+",
    generator="[a-z_]+",
    point="[a-z0-9-]+",
