"""One self-contained page, and whatever can be rendered when something failed."""


rule report:
    input:
        dag.reported,
    output:
        paths.report(dag.scale),
    log:
        f"results/{dag.scale}/logs/report.log",
    conda:
        "../../environment.yml"
    message:
        "write {output}"
    shell:
        "lnl report > {log:q} 2>&1"


onerror:
    head.render(list(dag.asked), dag.reports)
