"""Small manifests of data sets and label vectors. The bytes behind them are a cache that whoever needs them makes.

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
