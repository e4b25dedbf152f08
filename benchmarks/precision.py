"""What bfloat16 makes of the weights that Learning to Reweight gives to a batch: derivatives of forward mode."""

from __future__ import annotations

import copy

from torch import Tensor

from benchmarks import ours
from benchmarks.harness import Result
from benchmarks.ours import Problem
from benchmarks.reweighting import CELL, LENGTH
from lnl.engine import kept_state
from lnl.engine.loop import Training

NETWORK = {"name": "digits_cnn", "options": {"batch_norm_scale": "ones"}}
SETS = {"clean": {"count": 100, "balanced": True}}
TRAINED, BATCHES = 300, 15  # steps in single precision; batches after them that both sides weigh
MOVED = 5.0  # percent


def weights(problem: Problem) -> Result:
    """Share of the weight of a batch of 100 that goes to other examples when its passes are in bfloat16."""
    plain, fast = (_training(problem, arithmetic) for arithmetic in ("faithful", "fast"))
    moment, moved = plain.begin_epoch(0), []
    fast.begin_epoch(0)
    with ours.as_trained():
        for step in range(TRAINED):
            plain.step(step, moment)
        kept_state.restore(fast.learner, copy.deepcopy(kept_state.snapshot(plain.learner)))
        for step in range(TRAINED, TRAINED + BATCHES):
            one, other = (_weigh(each, step) for each in (plain, fast))
            moved.append(50 * float((one - other).abs().sum()))  # of two distributions: half of their distance
    return Result.of_values(
        "l2r_bfloat16_weights",
        f"Learning to Reweight, two convolutions with batch norm, step {TRAINED}: weight that bfloat16 moves",
        moved,
        "%",
        "lower",
        MOVED,
        note="of 100 images, 100 clean ones",
    )


def _weigh(running: Training, step: int) -> Tensor:
    weights = running.methods[0].weigh(running.learner, running.batches.batch(step))
    assert weights is not None
    return weights


def _training(problem: Problem, arithmetic: str) -> Training:
    return ours.training(
        problem,
        "l2r",
        test=False,
        cell=CELL.replace("standard", "l2r"),
        parameters={"clean_batch": 100},
        length=LENGTH,
        sets=SETS,
        network=NETWORK,
        arithmetic=arithmetic,
    )
