"""The suite's declarations, and what constrains the wildcards. Everything that rules look up is in lnl/run/dag.py."""

from lnl.declared import names, paths, set_keys
from lnl.run.dag import Dag
from lnl.run.worker import head

head.quieten()
try:
    if workflow.is_main_process:
        head.check_rights()
    dag = Dag(workflow.basedir, config, workflow.is_main_process, head.again(workflow), head.accompany(workflow))
except UserError as error:
    raise WorkflowError(str(error)) from None


#: Of jobs that could start, those of long chains, and long jobs that others wait for, are chosen before those of rules
#: without a priority, whose number is 0: at its end a graph then keeps more than one core busy.
FIRST = 1


wildcard_constraints:
    scale=dag.scales,
    protocol=names.NAME,
    dataset=names.NAME,
    noise=names.FREE,
    method=names.NAME,
    key=names.NAME,
    seed=names.NUMBER,
    seeds=f"{names.NUMBER}(-{names.NUMBER})+",
    search=names.NAME,
    round=names.NUMBER,
    block=names.NUMBER,
    study=names.NAME,
    arm=names.NAME,
    generator=names.WORDS,
    sets=set_keys.PATTERN,
    point=names.NAME,
