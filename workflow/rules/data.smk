"""Small manifests of data sets, label vectors and index sets. The bytes behind them are a cache that whoever needs them makes.

Searches may live at another scale than the runs that use them; their manifests then do as well.
"""


rule data:
    input:
        dag.data_inputs,
    output:
        paths.data("{scale}", "{dataset}"),
    log:
        "results/{scale}/logs/data/{dataset}.log",
    conda:
        "../../environment.yml"
    message:
        "prepare {wildcards.dataset}"
    shell:
        "lnl prepare data {wildcards.dataset:q} --scale {wildcards.scale:q} > {log:q} 2>&1"


rule noise:
    input:
        dag.label_inputs,
    output:
        paths.noise("{scale}", "{dataset}", "{noise}", "{generator}", "{seed}"),
    log:
        "results/{scale}/logs/noise/{dataset}/{noise}/{generator}-seed{seed}.log",
    conda:
        "../../environment.yml"
    message:
        "draw labels {wildcards.noise} of {wildcards.dataset}, noise seed {wildcards.seed}"
    shell:
        "lnl prepare noise {wildcards.dataset:q} {wildcards.noise:q} --generator {wildcards.generator:q}"
        " --seed {wildcards.seed:q} --scale {wildcards.scale:q} > {log:q} 2>&1"


rule sets:
    """Which examples are the clean ones, which validate: the same for all methods, and for whoever wants them elsewhere."""
    input:
        dag.set_inputs,
    output:
        paths.sets("{scale}", "{dataset}", "{sets}", "{seed}"),
    log:
        "results/{scale}/logs/sets/{dataset}/{sets}-seed{seed}.log",
    conda:
        "../../environment.yml"
    message:
        "draw {wildcards.sets} of {wildcards.dataset}, seed {wildcards.seed}"
    shell:
        "lnl prepare sets {wildcards.dataset:q} {wildcards.sets:q} --seed {wildcards.seed:q}"
        " --scale {wildcards.scale:q} > {log:q} 2>&1"
