"""The speed of a device: what is measured of it, over what it is divided, and which trials count; no clock is read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lnl.engine.data import EVALUATION_BATCH
from lnl.run.price import speed

CPU = torch.device("cpu")


def test_a_speed_is_operations_over_seconds_at_the_batch_and_in_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr(speed, "_seconds", lambda work, *_: made.append(_flops(work)) or 2.0)
    found = speed.network("digits_mlp", {}, "faithful", (1, 8, 8), 10, 32, "none", CPU)
    assert found.training == pytest.approx(made[0] / 2) and found.evaluation == pytest.approx(made[1] / 2)
    forward = made[1] / EVALUATION_BATCH
    assert 2 * forward < made[0] / 32 < 3 * forward  # with the gradients of all that is seen but of the images
    monkeypatch.setitem(speed.MOST_FLOPS, "cpu", made[0] / 4)
    speed.network("digits_mlp", {}, "faithful", (1, 8, 8), 10, 32, "none", CPU)
    assert made[2] == pytest.approx(made[0] / 4) and made[3] <= made[0] / 16  # as much of a batch as a trial may cost


def _flops(work: Callable[[], object]) -> int:
    with FlopCounterMode(display=False) as counted:
        work()
    return int(counted.get_total_flops())


def test_the_general_speeds_are_seconds_of_one_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_seconds", lambda *_: 3.0)
    found = speed.general(CPU)
    per = {"operation": 100, "parameter": speed.PARAMETERS, "pixel": 128 * 28 * 28, "figures": speed.EXAMPLES}
    assert vars(found) == pytest.approx({name: 3.0 / count for name, count in per.items()})


def test_a_trial_that_warms_up_does_not_count_and_a_long_one_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    for times, median, trials in (([9, 1, 5, 2], 1, 2), ([1, 0.3, 0.1, 0.2], 0.2, 4), ([0.1, 5, 7, 7], 5, 2)):
        left = list(times)
        monkeypatch.setattr(speed, "_once", lambda *_, left=left: left.pop(0))
        assert speed._seconds(lambda: None, CPU) == median and len(times) - len(left) == trials
