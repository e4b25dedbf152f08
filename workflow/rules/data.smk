"""Small manifests of data sets and label vectors. The bytes behind them are a cache that whoever needs them makes."""


rule data:
    output:
        paths.data(dag.scale, "{dataset}"),
    log:
        f"results/{dag.scale}/logs/data/{{dataset}}.log",
    conda:
        "../../environment.yml"
    message:
        "prepare {wildcards.dataset}"
    shell:
        "lnl prepare data {wildcards.dataset} > {log} 2>&1"


rule noise:
    input:
        paths.data(dag.scale, "{dataset}"),
    output:
        paths.noise(dag.scale, "{dataset}", "{noise}", "{generator}", "{seed}"),
    log:
        f"results/{dag.scale}/logs/noise/{{dataset}}/{{noise}}/{{generator}}-seed{{seed}}.log",
    conda:
        "../../environment.yml"
    message:
        "draw labels {wildcards.noise} of {wildcards.dataset}, noise seed {wildcards.seed}"
    shell:
        "lnl prepare noise {wildcards.dataset} {wildcards.noise} --generator {wildcards.generator}"
        " --seed {wildcards.seed} > {log} 2>&1"
