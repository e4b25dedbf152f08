"""Tables, figures and claims pages from the records that they demand, and a target for each of them and for each paper."""


def demanded(kind):
    """Inputs of an artefact's rule: its declaration and its records (and manifests, for tables about data sets)."""

    def inputs(wildcards):
        key = wildcards.key
        manifests = [paths.data(suite.scale, d) for d in suite.described_datasets(key)]
        return [suite.source(key), *manifests, *records(key)]

    return inputs


def label(wildcards):
    return {"artefact": wildcards.key, "scale": suite.scale}


def files(kind, *suffixes):
    """Outputs of an artefact's rule, in the order of SUFFIXES."""
    return [paths.artefact(suite.scale, kind, "{key}", suffix) for suffix in suffixes]


rule table:
    input:
        demanded("tables"),
    output:
        csv=files("tables", "csv"),
        md=files("tables", "md"),
        tex=files("tables", "tex"),
        html=report(
            files("tables", "html"),
            category=lambda wildcards: suite.paper(wildcards.key),
            labels=label,
        ),
    log:
        f"results/{suite.scale}/logs/tables/{{key}}.log",
    conda:
        "../../environment.yml"
    shell:
        "lnl table {wildcards.key} > {log} 2>&1"


rule figure:
    input:
        demanded("figures"),
    output:
        pdf=files("figures", "pdf"),
        png=report(
            files("figures", "png"),
            category=lambda wildcards: suite.paper(wildcards.key),
            labels=label,
        ),
        csv=files("figures", "csv"),
    log:
        f"results/{suite.scale}/logs/figures/{{key}}.log",
    conda:
        "../../environment.yml"
    shell:
        "lnl figure {wildcards.key} > {log} 2>&1"


rule claims:
    input:
        demanded("claims"),
    output:
        csv=files("claims", "csv"),
        md=files("claims", "md"),
        html=report(
            files("claims", "html"),
            category=lambda wildcards: suite.paper(wildcards.key),
            labels=label,
        ),
    log:
        f"results/{suite.scale}/logs/claims/{{key}}.log",
    conda:
        "../../environment.yml"
    shell:
        "lnl claims {wildcards.key} > {log} 2>&1"


for artefact in suite.artefacts:

    rule:
        name:
            artefact
        localrule: True
        input:
            rendered([artefact]),


for paper, members in suite.papers.items():

    rule:
        name:
            paper
        localrule: True
        input:
            rendered(members),
