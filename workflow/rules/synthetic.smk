"""S2E's synthetic experiment: searches for a declared R(t), without networks. One job, one arm of a study."""


rule synthetic:
    input:
        dag.arm_inputs,
    output:
        paths.synthetic(dag.scale, "{study}", "{arm}"),
    log:
        f"results/{dag.scale}/logs/synthetic/{{study}}/{{arm}}.log",
    priority: FIRST
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        runtime=60,
        mem_mb=2000,
    params:
        digest=dag.arm_digest,
    message:
        "search for a declared R(t): {wildcards.study}, {wildcards.arm}"
    shell:
        "lnl synthetic {wildcards.study:q} {wildcards.arm:q} > {log:q} 2>&1"
