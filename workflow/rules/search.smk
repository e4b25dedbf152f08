"""Searching R(t), as a static chain: propose -> candidates -> scores, round after round, then the result.

Whatever a search decides is data inside these files; the rules know only how many rounds and blocks there are. A job
trains a block of candidates; those that the store holds already are not trained again. No chain of the graph is longer.
"""

SEARCH = "{protocol}/{dataset}/{noise}/{method}/{search}"


rule propose:
    input:
        dag.scores_before,
    output:
        paths.proposals(dag.searching.scale, SEARCH, "{seed}", "{round}"),
    log:
        f"results/{dag.searching.scale}/logs/searches/{SEARCH}/seed{{seed}}-round{{round}}-propose.log",
    priority: FIRST
    localrule: True
    conda:
        "../../environment.yml"
    params:
        search=dag.search_id,
        digest=dag.search_digest,
    message:
        "propose round {wildcards.round} of {params.search} seed {wildcards.seed}"
    shell:
        "lnl search {params.search:q} --seed {wildcards.seed:q} --step propose --round {wildcards.round:q} > {log:q} 2>&1"


rule candidates:
    input:
        dag.candidate_inputs,
    output:
        paths.block(dag.searching.scale, SEARCH, "{seed}", "{round}", "{block}"),
    log:
        f"results/{dag.searching.scale}/logs/searches/{SEARCH}/seed{{seed}}-round{{round}}-block{{block}}.log",
    priority: FIRST
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        runtime=dag.block_cost("runtime"),
        mem_mb=dag.block_cost("mem_mb"),
        gpu=dag.block_cost("gpu"),
    params:
        search=dag.search_id,
    message:
        "train candidates of round {wildcards.round}, block {wildcards.block}, of {params.search} seed {wildcards.seed}"
    shell:
        "lnl search {params.search:q} --seed {wildcards.seed:q} --step train --round {wildcards.round:q}"
        " --block {wildcards.block:q} --log {log:q} > {log:q} 2>&1"


rule scores:
    input:
        dag.blocks_of,
        paths.proposals(dag.searching.scale, SEARCH, "{seed}", "{round}"),
    output:
        paths.scores(dag.searching.scale, SEARCH, "{seed}", "{round}"),
    log:
        f"results/{dag.searching.scale}/logs/searches/{SEARCH}/seed{{seed}}-round{{round}}-score.log",
    priority: FIRST
    localrule: True
    conda:
        "../../environment.yml"
    params:
        search=dag.search_id,
    message:
        "score round {wildcards.round} of {params.search} seed {wildcards.seed}"
    shell:
        "lnl search {params.search:q} --seed {wildcards.seed:q} --step score --round {wildcards.round:q} > {log:q} 2>&1"


rule best:
    input:
        dag.history,
    output:
        paths.best(dag.searching.scale, SEARCH, "{seed}"),
    log:
        f"results/{dag.searching.scale}/logs/searches/{SEARCH}/seed{{seed}}-conclude.log",
    priority: FIRST
    localrule: True
    conda:
        "../../environment.yml"
    params:
        search=dag.search_id,
    message:
        "conclude {params.search} seed {wildcards.seed}"
    shell:
        "lnl search {params.search:q} --seed {wildcards.seed:q} --step conclude > {log:q} 2>&1"
