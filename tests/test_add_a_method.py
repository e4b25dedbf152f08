"""The examples of docs/add-a-method.md are complete: each is read, validated and trained as a file in methods/ is."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import helpers
import pytest
import torch

from lnl.declared.reading import read_literal
from lnl.declared.schema import check
from lnl.engine.build import load_method
from lnl.engine.loop import Stopped, Training

PAGE = helpers.ROOT / "docs" / "add-a-method.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M)
EXAMPLES = [block for block in BLOCKS if "SPEC = " in block]


def _load(text: str, folder: Path) -> tuple[dict[str, Any], type]:
    file = folder / "example.py"
    file.write_text(text)
    spec = read_literal(file, "SPEC")
    assert spec is not None
    return spec, load_method(file)


def _build(spec: dict[str, Any], method: type) -> Training:
    key, parameters = spec["key"], spec["parameters"]
    return helpers.build(method, helpers.spec(method={"key": key, "parameters": parameters}, paper_epochs=20))


def test_the_page_has_a_simple_example_and_one_that_needs_more() -> None:
    assert ["def loss" in text for text in EXAMPLES] == [True, False]
    assert ["def step" in text for text in EXAMPLES] == [False, True]


@pytest.mark.parametrize("text", EXAMPLES, ids=["loss", "step"])
def test_an_example_trains_and_a_resumed_run_ends_the_same(text: str, tmp_path: Path) -> None:
    spec, method = _load(text, tmp_path)
    check(spec, "method", "SPEC")
    assert spec["networks"] == method.networks  # type: ignore[attr-defined]
    whole = _build(spec, method)
    start = whole.learner.population.flat.clone()
    whole.run()
    curves = whole.curves[0]
    assert whole.diverged == [None]
    assert not torch.equal(start, whole.learner.population.flat)
    assert curves["test_accuracy"][0][-1] > 30
    assert curves["schedule"][-1] < 1 and curves["kept_fraction"][0][-1] < 1
    clean = (whole.runs[0].given == whole.data.true).float().mean().item()
    assert curves["label_precision"][0][-1] > 100 * clean  # wrong labels are left out more often than right ones

    kept = io.BytesIO()
    part = _build(spec, method)
    with pytest.raises(Stopped):
        part.run(lambda: part.position.total >= 11, lambda: torch.save(part.snapshot(), kept))
    kept.seek(0)
    rest = _build(spec, method)
    rest.restore(torch.load(kept, weights_only=True))
    rest.run()
    assert rest.curves == whole.curves


def test_the_simple_example_joins_a_table_that_admits_it() -> None:
    from lnl.declared.suite import Suite

    suite = Suite.load(helpers.ROOT, {"scale": "demo"}, validate=False)
    (joined,) = re.findall(r'"joins": \["(\w+)"\]', EXAMPLES[0])
    assert suite.declaration(joined)["joins"] in ("rows", "columns")
