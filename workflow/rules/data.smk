"""Small manifests of data sets and label vectors. The bytes behind them are a cache that whoever needs them makes."""


rule data:
    output:
        paths.data(suite.scale, "{dataset}"),
    log:
        f"results/{suite.scale}/logs/data/{{dataset}}.log",
    conda:
        "../../environment.yml"
    shell:
        "lnl prepare data {wildcards.dataset} > {log} 2>&1"


rule noise:
    input:
        paths.data(suite.scale, "{dataset}"),
    output:
        paths.noise(suite.scale, "{dataset}", "{noise}", "{generator}", "{seed}"),
    log:
        f"results/{suite.scale}/logs/noise/{{dataset}}/{{noise}}/{{generator}}-seed{{seed}}.log",
    conda:
        "../../environment.yml"
    shell:
        "lnl prepare noise {wildcards.dataset} {wildcards.noise} --generator {wildcards.generator}"
        " --seed {wildcards.seed} > {log} 2>&1"
