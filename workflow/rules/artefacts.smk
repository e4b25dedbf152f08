"""Tables, figures and claims pages from the records that they demand, and a target for each of them and for each paper."""


rule table:
    input:
        dag.demanded("tables"),
    output:
        csv=dag.output("tables", "csv"),
        md=dag.output("tables", "md"),
        tex=dag.output("tables", "tex"),
        html=report(dag.output("tables", "html"), category=dag.paper, labels=dag.label),
    log:
        f"results/{dag.scale}/logs/tables/{{key}}.log",
    conda:
        "../../environment.yml"
    message:
        "render table {wildcards.key}"
    shell:
        "lnl table {wildcards.key:q} > {log:q} 2>&1"


rule figure:
    input:
        dag.demanded("figures"),
    output:
        pdf=dag.output("figures", "pdf"),
        png=report(dag.output("figures", "png"), category=dag.paper, labels=dag.label),
        csv=dag.output("figures", "csv"),
    log:
        f"results/{dag.scale}/logs/figures/{{key}}.log",
    conda:
        "../../environment.yml"
    message:
        "render figure {wildcards.key}"
    shell:
        "lnl figure {wildcards.key:q} > {log:q} 2>&1"


rule claims:
    input:
        dag.demanded("claims"),
    output:
        csv=dag.output("claims", "csv"),
        md=dag.output("claims", "md"),
        html=report(dag.output("claims", "html"), category="claims", labels=dag.label),
    log:
        f"results/{dag.scale}/logs/claims/{{key}}.log",
    priority: FIRST
    conda:
        "../../environment.yml"
    message:
        "render claims {wildcards.key}"
    shell:
        "lnl claims {wildcards.key:q} > {log:q} 2>&1"


for artefact in dag.suite.artefacts:
    if artefact in dag.suite.papers:  # the rule below makes it with the rest of its paper
        continue

    rule:
        name:
            artefact
        input:
            dag.rendered([artefact]),
        localrule: True
        message:
            "collect {rule}"


for paper, members in dag.suite.papers.items():

    rule:
        name:
            paper
        input:
            dag.every(members),
        localrule: True
        message:
            "collect all of {rule}"
