"""The training loop: the only one. It knows runs, networks and epochs, and nothing of any particular method.

No host synchronisation happens inside an epoch; figures come to the host once, when the epoch has ended.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from lnl.engine import kept_state, optim, validation
from lnl.engine.batches import Batches
from lnl.engine.clock import Clock
from lnl.engine.contract_checks import checked_logits, checked_state
from lnl.engine.curves import Curves, append, replace_last
from lnl.engine.data import DeviceData
from lnl.engine.draws import Draws
from lnl.engine.evaluation import Evaluation
from lnl.engine.hand_overs import HandOvers
from lnl.engine.learner import Learner
from lnl.engine.method import Method, Moment
from lnl.engine.metrics import EpochBuffers
from lnl.engine.progress import Progress
from lnl.engine.recorded import Recorded
from lnl.engine.run_data import RunData


@dataclass
class Position:
    """Where a training stands: the next step of the current epoch."""

    epoch: int = 0
    step: int = 0
    total: int = 0  # steps since the start of the run


class Stopped(Exception):
    """The loop was asked to stop and has handed its checkpoint over."""


class Training:
    """One run (single mode), or several runs of one architecture (stacked mode), from the first step to the last."""

    def __init__(
        self,
        spec: dict[str, Any],
        data: DeviceData,
        runs: list[RunData],
        methods: list[Method],
        learner: Learner,
        *,
        stacked: bool,
        points: tuple[str, ...] = (),
    ) -> None:
        self.spec, self.data, self.runs, self.methods, self.learner = spec, data, runs, methods, learner
        self.stacked = stacked
        self.clock = Clock.of(spec)
        self.device = data.device
        self.batches = Batches(spec, data, runs, methods[0], learner, stacked)
        self.evaluation = Evaluation(spec, data, self.batches, methods[0], learner)
        self.lead = learner.population.lead
        self.position = Position()
        self.curves: list[Curves] = [{} for _ in runs]
        self.diverged: list[dict[str, Any] | None] = [None for _ in runs]
        self.hand_overs = HandOvers(points, learner, data)
        self._buffers: EpochBuffers | None = None
        self._begun = False
        self.replay: Recorded | None = None  # set where the device does steps faster than the host starts them

    @property
    def steps(self) -> int:
        """Steps of the epoch, or period, that was begun last."""
        return self.batches.steps

    # ---- the loop --------------------------------------------------------------------------------------------------

    def run(
        self,
        stop: Callable[[], bool] = lambda: False,
        checkpoint: Callable[[], None] = lambda: None,
        every_seconds: float = 60.0,
        until: int | None = None,
    ) -> bool:
        """Train to the end, or for the first `until` epochs only; True when the runs have ended.

        `checkpoint` is called about every `every_seconds`, and before Stopped is raised.
        """
        tell = self.learner.watched.tell
        self.begin()
        written = time.monotonic()
        for epoch in range(self.position.epoch, self._last(until)):
            self.position.epoch = epoch
            if epoch == 0 and self.spec["untrained_epoch"]:
                self._log(self._moment(0, {}), {})
            else:
                moment = self.begin_epoch(epoch)
                for step in range(self.position.step, self.steps):
                    self.step(step, moment)
                    self.position.step = step + 1
                    tell("")
                    now = time.monotonic()
                    if stop() or now - written > every_seconds:
                        written = now
                        checkpoint()
                        if stop():
                            raise Stopped
                self.end_epoch(moment)
            self.position.epoch, self.position.step = epoch + 1, 0
            tell("")
            if all(self.diverged):
                return True
        if self.position.epoch < self.spec["epochs"]:
            return False
        self.methods[0].finish(self.learner)
        if type(self.methods[0]).finish is not Method.finish:
            self._reevaluate()
        self._hand_over("final")
        return True

    def _hand_over(self, point: str) -> None:
        if point in self.hand_overs.points:
            self._check_state()
            self.hand_overs.keep(point, self.position.total)

    def watch(self, progress: Progress, until: int | None = None) -> None:
        """Tell of each step, and of evaluations and passes over the training images; until: as in `run`."""
        total = self._last(until)
        self.learner.watched.by(
            lambda doing: progress(self.position.epoch + self.position.step / self.steps, total, doing)
        )

    def _last(self, until: int | None) -> int:
        return int(self.spec["epochs"] if until is None else min(until, self.spec["epochs"]))

    def begin(self) -> None:
        """The method's own state, which may take a pass over the training images; once."""
        if not self._begun:
            self._begun = True
            self.learner.state = self.methods[0].initial_state(self.learner)
            self._check_state()

    def _moment(self, epoch: int, scalars: dict[str, Tensor]) -> Moment:
        done = epoch / self.spec["epochs"]
        return Moment(epoch, self.clock.time(epoch), self.position.total, scalars=scalars, done=done)

    def begin_epoch(self, epoch: int) -> Moment:
        """Rates, schedule and order of an epoch."""
        self.begin()
        moment = self._moment(epoch, {})
        if self.clock.steps is None:
            self._set_rates(moment.time, self.spec["paper_epochs"])
        elif self.position.step:  # resumed: the rate of the last step, which no other may follow
            self._set_rates(self.clock.paper_step(self.position.total - 1), self.spec["length"]["paper_steps"])
        per_run = [method.schedule(moment.time) for method in self.methods]
        shape = (-1, 1, 1) if self.stacked else (1, 1)
        scalars = {
            name: torch.tensor([float(s[name]) for s in per_run], device=self.device).view(shape) for name in per_run[0]
        }
        moment = replace(moment, scalars=scalars)
        if self._buffers is None:  # not where a training is resumed within the epoch
            self.methods[0].epoch_begin(self.learner, moment)
            self._check_state()
        self.batches.begin(epoch)
        self._buffers = self._buffers or EpochBuffers(self.lead, self.steps, self.batches.size, self.device)
        return moment

    def step(self, number: int, moment: Moment) -> None:
        """Step `number` of the epoch that `begin_epoch` began."""
        total = self.position.total
        now = replace(moment, step=total, paper_step=self.clock.paper_step(total), in_epoch=number)
        if self.clock.steps is not None:
            self._set_rates(now.paper_step, self.spec["length"]["paper_steps"])
        self.batches.ask(number)
        if self.replay is None:
            self.compute(self.batches.place(number), self.batches.draws(number), now)
        else:
            self.replay.step(number, now)
        self.position.total += 1
        if self.hand_overs.points:
            self._hand_over(f"step-{self.position.total}")

    def _set_rates(self, time: float, paper_length: int) -> None:
        self.learner.take(optim.rates(self.spec["optimiser"], time, paper_length))

    def compute(self, place: slice | Tensor, drawn: Draws, now: Moment) -> None:
        """One update, and its figures into the epoch's buffers. place: of the batch in the epoch's order; drawn: the
        random numbers of the step."""
        assert self._buffers is not None
        outcome = self.methods[0].step(self.learner, self.batches.assembled(place, drawn), now)
        logits = checked_logits(outcome, self.lead, self.batches.size, type(self.methods[0]).__name__)
        self._buffers.write(place, outcome, logits)

    def _check_state(self) -> None:
        checked_state(self.learner.state, type(self.methods[0]).__name__)

    # ---- figures ---------------------------------------------------------------------------------------------------

    def end_epoch(self, moment: Moment) -> None:
        """Figures and evaluation of the epoch that ends: its one transfer to the host."""
        assert self._buffers is not None
        self.methods[0].epoch_end(self.learner, moment)
        self._check_state()
        true = self.data.true[self.batches.order].unsqueeze(-2)
        figures = self._buffers.figures(self.batches.given.unsqueeze(-2), true, self.steps)
        figures["finite"] = torch.isfinite(self.learner.population.flat.sum(-1)).float()
        self._log(moment, figures)
        self._buffers = None

    def _log(self, moment: Moment, figures: dict[str, Tensor]) -> None:
        epoch = moment.epoch
        for part in self.data.parts:
            figures |= self.evaluation.accuracies(part, epoch)
        if "finite" in figures and "validation_accuracy" in figures:
            self.methods[0].validated(self.learner, moment, figures["validation_accuracy"])
        if (own := validation.own_loss(self.methods[0], self.learner, self.data)) is not None:
            figures["validation_loss"] = own
        names = list(figures)
        values = torch.stack([figures[name].double() for name in names]).tolist()  # the epoch's one transfer
        for r, curves in enumerate(self.curves):
            if self.diverged[r]:
                continue
            mine = {name: (value[r] if self.stacked else value) for name, value in zip(names, values, strict=True)}
            finite = mine.pop("finite", None)
            if finite is not None and not all(finite + [math.isfinite(v) for v in mine["loss"]]):
                self.diverged[r] = {"epoch": epoch, "reason": "loss or parameters are not finite"}
                continue
            trained = finite is not None
            rate = self.methods[r].schedule(moment.time).get("R")
            scalars = {"learning_rate": self.learner.lr if trained else None}
            if rate is not None:
                scalars["schedule"] = rate if trained else None
            append(curves, epoch, scalars, mine)
        sound = "finite" in figures and not self.diverged[0]  # else untrained, or of no numbers: nobody's best
        if sound and self.hand_overs.of_best:
            self._check_state()
            self.hand_overs.keep_best(self.curves[0], self.position.total)

    def _reevaluate(self) -> None:
        """Post-hoc methods are judged after `finish`: the last epoch's accuracies are replaced."""
        for part in self.data.parts:
            for name, found in self.evaluation.accuracies(part, self.spec["epochs"]).items():
                for curves, mine in zip(self.curves, found.view(len(self.runs), -1).tolist(), strict=True):
                    replace_last(curves, name, mine)

    # ---- checkpoints ----------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Complete state of the training, for torch.save."""
        self._check_state()
        return {
            "learner": kept_state.snapshot(self.learner),
            "position": vars(self.position).copy(),
            "curves": self.curves,
            "diverged": self.diverged,
            **self.hand_overs.snapshot(),
            "buffers": None if self._buffers is None else self._buffers.snapshot(),
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Continue where `snapshot` was taken; the same `result` follows."""
        self.begin()  # a method may keep what it needs on itself as well
        kept_state.restore(self.learner, saved["learner"])
        self.position = Position(**saved["position"])
        self.curves, self.diverged = saved["curves"], saved["diverged"]
        self.hand_overs.restore(saved)
        if saved["buffers"] is not None:
            self.batches.set_steps(self.position.epoch)
            self._buffers = EpochBuffers(self.lead, self.steps, self.batches.size, self.device)
            self._buffers.restore(saved["buffers"], self.position.step)
