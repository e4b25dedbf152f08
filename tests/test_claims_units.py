"""Every effect that a page shows has its unit."""

from __future__ import annotations

import pytest
from suite_copy import ROOT

from lnl.declared.claim_tests import KINDS
from lnl.declared.reading import read_mapping
from lnl.results.claims.units import unit

DECLARED = [
    (path.stem, claim["key"], test)
    for path in sorted((ROOT / "claims").glob("*.yaml"))
    for claim in read_mapping(path)["claims"]
    for test in (lambda found: found if isinstance(found, list) else [found] if found else [])(claim.get("test"))
]


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ({"kind": "GT"}, "points"),
        ({"kind": "GT", "of": "loss_auc"}, "area under the ROC curve"),
        ({"kind": "ONE_SAMPLE", "of": "flipped_accuracy_given", "threshold": 95}, "%"),
        ({"kind": "ONE_SAMPLE", "of": "label_precision", "minus": "clean_rate"}, "points"),
        ({"kind": "KW", "at": "peak_epoch"}, "epochs"),
        ({"kind": "RISE", "of": "loss_auc", "from": "peak"}, "area under the ROC curve an epoch"),
        ({"kind": "REF", "table": "s2e_table3"}, "%"),
        ({"kind": "SPEARMAN"}, "rank correlation"),
        ({"kind": "SEARCH", "by": "best"}, "points"),
    ],
)
def test_an_effect_is_in_the_unit_of_what_is_tested(test: dict[str, object], said: str) -> None:
    assert unit(test) == said


def test_an_error_of_a_schedule_is_no_point_of_accuracy() -> None:
    assert unit({"kind": "SEARCH", "by": "best"}, synthetic=True) == "RMSE"


def test_no_declared_test_is_without_a_unit() -> None:
    assert len(DECLARED) > 60 and {test["kind"] for _, _, test in DECLARED} <= set(KINDS)
    assert [(paper, key) for paper, key, test in DECLARED if not unit(test)] == []
