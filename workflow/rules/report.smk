"""One self-contained page, and whatever can be rendered when something failed."""


rule report:
    input:
        rendered(suite.select(config["artefacts"])),
    output:
        paths.report(suite.scale),
    log:
        f"results/{suite.scale}/logs/report.log",
    conda:
        "../../environment.yml"
    shell:
        "lnl report > {log} 2>&1"


onerror:
    # a failed cell is a row with its reason, not the end of its table
    shell("lnl render --partial")
