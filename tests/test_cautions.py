"""A rate, or a published number, that may be meant as a share is told before anything is trained for it, once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from suite_copy import OWN, TABLE, SuiteCopy, put

from lnl.cli import inspect
from lnl.declared.cautions import cautions
from lnl.declared.suite import Suite
from lnl.noise.keys import perhaps_a_share
from lnl.run.dag import Dag

SAID = "lnl: noise 'symmetric-0.2': 0.2 percent; if 0.2 is a share, write symmetric-20"


def test_a_rate_below_one_percent_alone_is_doubted() -> None:
    doubted = [n for n in ("clean", "symmetric-0.2", "symmetric-1", "pair-50", "mine-0.99") if perhaps_a_share(n)]
    assert doubted == ["symmetric-0.2", "mine-0.99"]


def test_plan_status_and_the_head_of_a_start_say_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = SuiteCopy.make(tmp_path / "checkout")
    row = {"key": "few", "label": "Few", "noise": "symmetric-0.2"}
    put(copy.root / "tables/other.yaml", {**OWN, "rows": [row], "columns": TABLE["columns"]})
    put(copy.root / "tables/mine.yaml", {**OWN, "rows": [row], "columns": TABLE["columns"]})
    monkeypatch.chdir(copy.root)
    suite = Suite.load(config={"scale": "demo", "device": "cuda"}, validate=False)  # a device that is not measured
    for command in (inspect.status, inspect.plan):
        command(suite, ["other", "mine"])
        assert capsys.readouterr().err.count(SAID) == 1
    for variable in ("LNL_CONFIG", "LNL_HEAD", "PATH"):  # which a head sets
        monkeypatch.setenv(variable, "")
    dag = Dag(copy.root, {"scale": "demo"}, True)
    capsys.readouterr()
    for key in ("other", "mine"):
        dag.demanded("tables")(SimpleNamespace(key=key))
    assert capsys.readouterr().err == SAID + "\n"
    job = Dag(copy.root, {"scale": "demo"}, False)
    job.demanded("tables")(SimpleNamespace(key="other"))
    assert not capsys.readouterr().err  # its head has said it


def test_nothing_that_the_suite_declares_is_doubted() -> None:
    root = Path(__file__).resolve().parent.parent
    suite = Suite.load(root, {"scale": "paper"}, validate=False)
    assert not cautions(suite, suite.artefacts)


@pytest.mark.parametrize(
    ("values", "doubted"),
    [
        ([[62.1], [0.62], [58.4]], "0.62"),
        ([[62.13], [0.9132, 0.0006]], "0.9132"),
        ([[62.1], [0.5]], ""),  # printed as the others are: what is left of a method that fails
        ([[56.52], [0.24]], ""),
        ([[62.1], [0]], ""),
        ([[62.1], [1.25]], ""),
    ],
)
def test_a_published_number_that_may_be_a_share_among_percents_is_doubted(
    values: list[list[float]], doubted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = SuiteCopy.make(tmp_path / "checkout")
    rows = [{"key": f"n{10 * n}", "label": "Some", "noise": f"symmetric-{10 * n}"} for n in range(1, len(values) + 1)]
    published = {"spread": {"kind": "std", "n": 5}}
    published |= {"values": {row["key"]: {"standard": number} for row, number in zip(rows, values, strict=True)}}
    table = {key: value for key, value in TABLE.items() if key != "joins"} | {"rows": rows, "published": published}
    put(copy.root / "tables/mine.yaml", table)
    monkeypatch.chdir(copy.root)
    suite = Suite.load(config={"scale": "demo", "device": "cpu"}, validate=False)
    said = (
        f"table mine: published {doubted} (n20, standard) has more decimals than any number above 1; "
        f"if it is a share, write {100 * float(doubted or 0):g}, and its spread in percent"
    )
    assert cautions(suite, ["mine"]) == ([said] if doubted else [])
