"""All declarations held against each other, once each has the form that its schema asks for: in the head alone."""

from __future__ import annotations

from lnl.declared import claim_checks, dataset_checks, distinct, method_checks, noise_checks, schema, search_file
from lnl.declared.artefact_checks import check_figure, check_table
from lnl.declared.decision_switches import Declarations
from lnl.declared.protocol_checks import check_protocol, check_scale
from lnl.declared.space_checks import check_space, check_synthetic


def check(catalogue: Declarations) -> None:
    """UserError for the first declaration that names what is not there, or whose values do not go together."""
    distinct.check_files(catalogue.root)
    dataset_checks.check(catalogue.datasets)
    noise_checks.check_kinds(catalogue.noises)
    for key, protocol in catalogue.protocols.items():
        schema.check(protocol, "protocol", f"config/protocols/{key}.yaml")  # what is `like` another one, as a whole
        check_protocol(key, protocol, catalogue.datasets)
    for key, scale in catalogue.scales.items():
        check_scale(key, scale, catalogue.scales, catalogue.datasets)
    for key, space in catalogue.spaces.items():
        check_space(key, space)
    for key, search in catalogue.searches.items():
        search_file.check(key, search, catalogue.spaces, catalogue.methods, catalogue.datasets)
    check_synthetic(catalogue.synthetic, catalogue.spaces)
    method_checks.check(catalogue)
    for key, table in catalogue.tables.items():
        check_table(catalogue, key, table)
    for key, figure in catalogue.figures.items():
        check_figure(catalogue, key, figure)
    claim_checks.check(catalogue)
