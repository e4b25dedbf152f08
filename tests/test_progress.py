"""What one sees of a long training: parts of an epoch, passes over the training images, evaluations."""

from __future__ import annotations

import re

import helpers
import pytest
import torch
from torch import Tensor

from lnl.cli.progress import epochs
from lnl.engine.method import Learner, Method, Moment, Outcome
from lnl.learning.selection import cross_entropy


class Estimating(Method):
    """Keeps mean predictions of all training examples, before it begins and once again at the end."""

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        return {"mean": self._mean(learner)}

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses.mean(-1), losses=losses)

    def finish(self, learner: Learner) -> None:
        learner.state["last"] = self._mean(learner)

    @staticmethod
    def _mean(learner: Learner) -> Tensor:
        return torch.cat([torch.softmax(logits, -1)[0] for _, logits in learner.training_pass()]).mean(0)


def test_each_step_and_each_pass_is_told() -> None:
    built, told = helpers.build(Estimating, helpers.spec()), []
    built.watch(lambda done, total, doing: told.append((done, total, doing)))
    built.run()
    total = built.spec["epochs"]
    assert {each[1] for each in told} == {total}
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1][0] == total
    steps = [done for done, _, doing in told if not doing]
    assert any(done % 1 == 0.5 for done in steps)
    doings = [doing for _, _, doing in told]
    assert doings[0] == "pass over its images: 0%"
    assert "evaluating (test)" in doings
    assert "" not in doings[: doings.index("evaluating (test)")], "the pass comes before any epoch is told of"


def test_the_beginning_of_a_training_is_told_as_all_of_it() -> None:
    built, told = helpers.build(Estimating, helpers.spec()), []
    built.watch(lambda done, total, doing: told.append((done, total)), until=1)
    built.run(until=1)
    assert told[-1] == (1.0, 1) and {total for _, total in told} == {1}


@pytest.fixture(params=[80, 120])
def shown(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """A bar on a terminal of that width."""
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm"), ("COLUMNS", str(request.param))):
        monkeypatch.setenv(name, value)
    with epochs("s2e/mnist/symmetric-50/f-correction seed 1") as tell:
        tell(0.0, 200, "")
        tell(2.5, 200, "pass over its images: 31%")
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capsys.readouterr().err)


def test_a_bar_shows_whole_epochs_the_end_of_a_name_and_what_is_done_besides(shown: str) -> None:
    assert "2/200 epochs" in shown
    assert "correction seed 1" in shown
    assert "pass over its images: 31%" in shown


@pytest.mark.parametrize("width", [20, 40, 60, 79])
def test_a_narrow_bar_cuts_no_number(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm"), ("COLUMNS", str(width))):
        monkeypatch.setenv(name, value)
    with epochs("s2e/mnist/symmetric-50/f-correction seed 1") as tell:
        tell(1302.5, 2000, "pass over its images: 31%")
    said = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capsys.readouterr().err)
    assert "1302/2000 epochs" in said and "pass" not in said
    assert ("seed 1" in said) is (width > 40)
