"""One job, one run: a cell and a seed. What was finished before is published from the store, not trained again."""

REQUESTED = {}


def train_inputs(wildcards):
    run = run_of(wildcards)
    REQUESTED[run.cell.id, run.seed] = None
    handed = suite.needed_handovers(run).values()
    return [
        paths.data(suite.scale, run.cell.dataset),
        suite.noise_manifest(run),
        *(paths.handover(suite.scale, source.cell.id, source.seed, point) for source, point in handed),
    ]


def cost(name):
    """A resource of the training rule, from the protocol's `runtime`."""
    return lambda wildcards: suite.resources(run_of(wildcards).cell)[name]


onstart:
    # The runs of this DAG, for jobs that train ahead while they are young (lnl.train).
    queue = Path(paths.queue(suite.scale))
    queue.parent.mkdir(parents=True, exist_ok=True)
    queue.write_text(json.dumps({"head": os.getpid(), "runs": list(REQUESTED)}))


rule train:
    input:
        train_inputs,
    output:
        ensure(
            paths.record(suite.scale, "{protocol}/{dataset}/{noise}/{method}", "{seed}"),
            non_empty=True,
        ),
    params:
        # a changed number reruns exactly its cells, a changed comment nothing
        digest=lambda wildcards: suite.digest(run_of(wildcards).cell),
    log:
        paths.log(suite.scale, "{protocol}/{dataset}/{noise}/{method}", "{seed}"),
    threads: 1
    resources:
        runtime=cost("runtime"),
        mem_mb=cost("mem_mb"),
        gpu=cost("gpu"),
    conda:
        "../../environment.yml"
    shell:
        "lnl train {wildcards.protocol}/{wildcards.dataset}/{wildcards.noise}/{wildcards.method}"
        " --seed {wildcards.seed} --log {log} > {log} 2>&1"


rule handover:
    """State of a finished run at a declared point, for the cells that continue from it."""
    input:
        paths.record(suite.scale, "{protocol}/{dataset}/{noise}/{method}", "{seed}"),
    output:
        paths.handover(suite.scale, "{protocol}/{dataset}/{noise}/{method}", "{seed}", "{point}"),
    log:
        f"results/{suite.scale}/logs/handovers/{{protocol}}/{{dataset}}/{{noise}}/{{method}}/seed{{seed}}-{{point}}.log",
    conda:
        "../../environment.yml"
    shell:
        "lnl handover {wildcards.protocol}/{wildcards.dataset}/{wildcards.noise}/{wildcards.method}"
        " --seed {wildcards.seed} --point {wildcards.point} > {log} 2>&1"
