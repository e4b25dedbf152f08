"""One job, one run: a cell and a seed. What was finished before, or by a stack, is published from the store."""


onstart:
    with head.one_line():
        head.begin(dag.written)
        head.note_interrupts(workflow.scheduler)
        dag.keep()
    head.unlimit(workflow.scheduler)
    if workflow.local_exec:  # elsewhere a scheduler says where and with what a job runs
        head.start()


rule train:
    input:
        dag.train_inputs,
    output:
        ensure(paths.record(dag.scale, "{protocol}/{dataset}/{noise}/{method}", "{seed}"), non_empty=True),
    log:
        paths.log(dag.scale, "{protocol}/{dataset}/{noise}/{method}", "{seed}"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        runtime=dag.cost("runtime"),
        mem_mb=dag.cost("mem_mb"),
        gpu=dag.cost("gpu"),
    params:
        digest=dag.digest,
    message:
        "train {wildcards.protocol}/{wildcards.dataset}/{wildcards.noise}/{wildcards.method} seed {wildcards.seed}"
    shell:
        "lnl train {wildcards.protocol:q}/{wildcards.dataset:q}/{wildcards.noise:q}/{wildcards.method:q}"
        " --seed {wildcards.seed:q} --log {log:q} > {log:q} 2>&1"


rule repeats:
    """Runs of a cell that share one program; each is kept in the store and published by a job of its own.

    The note is gone once they are: if one is asked for again, the stack looks after whatever is missing.
    """
    input:
        dag.repeats_inputs,
    output:
        temp(paths.repeats(dag.scale, "{protocol}/{dataset}/{noise}/{method}", "{seeds}")),
    log:
        paths.log(dag.scale, "{protocol}/{dataset}/{noise}/{method}", "s{seeds}"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        runtime=dag.stack_cost("runtime"),
        mem_mb=dag.stack_cost("mem_mb"),
        gpu=dag.stack_cost("gpu"),
    params:
        digest=dag.digest,
        seeds=dag.seeds,
    message:
        "train {wildcards.protocol}/{wildcards.dataset}/{wildcards.noise}/{wildcards.method} seeds {params.seeds}"
    shell:
        "lnl repeats {wildcards.protocol:q}/{wildcards.dataset:q}/{wildcards.noise:q}/{wildcards.method:q}"
        " --seeds {params.seeds:q} --log {log:q} > {log:q} 2>&1"


rule handover:
    """State of a finished run at a declared point, for the cells that continue from it: a copy of what is kept.

    Where it is gone and a run that is still to be trained begins with it, the rule `train` makes it again.
    """
    input:
        paths.record(dag.scale, "{protocol}/{dataset}/{noise}/{method}", "{seed}"),
    output:
        paths.handover(dag.scale, "{protocol}/{dataset}/{noise}/{method}", "{seed}", "{point}"),
    log:
        f"results/{dag.scale}/logs/handovers/{{protocol}}/{{dataset}}/{{noise}}/{{method}}/seed{{seed}}-{{point}}.log",
    conda:
        "../../environment.yml"
    message:
        "hand over {wildcards.point} of {wildcards.protocol}/{wildcards.dataset}/{wildcards.noise}/{wildcards.method}"
    shell:
        "lnl handover {wildcards.protocol:q}/{wildcards.dataset:q}/{wildcards.noise:q}/{wildcards.method:q}"
        " --seed {wildcards.seed:q} --point {wildcards.point:q} --kept > {log:q} 2>&1"
