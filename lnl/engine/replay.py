"""Steps as one recorded operation (CUDA graphs), where a GPU is faster at small steps than the host at asking for them.

In every epoch the first step runs as usual, the second is recorded, and the others replay the recording. What is
constant within an epoch (rates, schedule, order of the examples) becomes part of it; what changes from step to step
stands in tensors: the places of the batch, the random numbers of the step, drawn before it as ever, and the optimiser's
count. The same kernels run on the same numbers. A method's own step is recorded like any other: the contract has it
draw nothing itself and keep what changes in tensors; one that asks for the number of its step is left alone, and so is
one that puts other tensors into its state, since a recording would go on reading the first. Where the
rate changes within a period (a length in steps), the step runs as usual, and the next one of the same rate is recorded;
a rate that every step has anew (warm restarts) stands in a tensor as well, and one recording serves the whole period.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import torch
from torch import Tensor

from lnl.engine.draws import Draws
from lnl.engine.loop import Training
from lnl.engine.method import Moment


class Replay:
    """Records and replays the steps of a training."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self._places = torch.arange(training.batches.size, device=training.device)
        self._drawn: Draws | None = None
        self._epoch = -1
        self._rates: tuple[float, float] | None = None  # of the last step: a recording has them as numbers
        self._next = -1  # step that the recording would do next
        self._recorder = Recorder()
        self._recorded: Callable[[], None] | None = None
        self.possible = True
        self.recordings = 0

    def step(self, number: int, now: Moment) -> None:
        """Step `number` of the epoch that was begun."""
        drawn, before = self._put(number), self._rates
        self._rates = self._training.learner.rates
        if now.epoch != self._epoch:
            watched, state = _Watched(**vars(now)), dict(self._training.learner.state)
            self._go_to(number)
            with self._recorder.aside():  # where all that is prepared once will be looked for
                self._training.compute(self._places, drawn, watched)
            self._recorded = None
            self._epoch = now.epoch if _same(state, self._training.learner.state) else -1
            self.possible &= not watched.asked
            return
        if self._rates != before:
            self._recorded = None
        elif self.possible and (self._recorded is None or number != self._next):
            self._recorded = None
            self._go_to(number)
            try:
                self._recorded = self._recorder.record(lambda: self._work(drawn, now))
                self.recordings += 1
            except RuntimeError as error:
                print(f"lnl: steps cannot be recorded and are run as usual: {error}", file=sys.stderr)
                self.possible = False
        if self._recorded is None:
            self._training.compute(self._training.batches.place(number), drawn, now)
        else:
            self._recorded()
            self._next = number + 1

    def _put(self, number: int) -> Draws:
        """The step's random numbers, in the tensors that a recording reads them from."""
        drawn = self._training.batches.draws(number)
        if self._drawn is None:
            self._drawn = drawn.copy()
        else:
            for held, new in zip(self._drawn.tensors(), drawn.tensors(), strict=True):
                held.copy_(new)
        return self._drawn

    def _go_to(self, number: int) -> None:
        place = self._training.batches.place(number)
        torch.arange(place.start, place.stop, out=self._places)

    def _work(self, drawn: Draws, now: Moment) -> None:
        self._training.compute(self._places, drawn, now)
        self._places.add_(self._training.batches.size)


def _same(before: dict[str, Tensor], after: dict[str, Tensor]) -> bool:
    """Whether a step has left the very tensors in a state that stood there, whatever it has written into them."""
    return before.keys() == after.keys() and all(after[name] is tensor for name, tensor in before.items())


class _Watched(Moment):
    """A moment that knows whether a method asked for the number of its step, which a recording cannot know."""

    asked = False

    def __getattribute__(self, name: str) -> Any:
        if name in ("step", "paper_step", "in_epoch"):
            object.__setattr__(self, "asked", True)
        return super().__getattribute__(name)


class Recorder:
    """A GPU's recordings, all on one stream and in one memory pool: the matrix library keeps a workspace by stream, and
    a pool of its own for every epoch would grow without end.
    """

    failed: ClassVar[torch.cuda.CUDAGraph | None] = None

    def __init__(self) -> None:
        self._stream = torch.cuda.Stream()
        self._pool = torch.cuda.graph_pool_handle()
        self._graph: torch.cuda.CUDAGraph | None = None

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Work on the recordings' stream, between what came before and what comes after."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            yield
        torch.cuda.current_stream().wait_stream(self._stream)

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """What starts everything that `work` asks of the GPU, as one operation; nothing of it is done yet.

        RuntimeError where the GPU cannot record it; after that nothing is recorded in this process any more.
        """
        if Recorder.failed is not None:
            raise RuntimeError("a recording has failed before")
        graph = torch.cuda.CUDAGraph()
        with self.aside(), _uncollected():
            graph.capture_begin(pool=self._pool)
            try:
                work()
                graph.capture_end()
            except BaseException:
                Recorder.failed = graph  # kept: the allocator may still ask it what belongs to the recording
                with suppress(RuntimeError):
                    graph.capture_end()
                raise
        self._graph = graph  # the recording before is dropped only now: a pool that nobody uses is no more
        return graph.replay


@contextmanager
def _uncollected() -> Iterator[None]:
    """While nothing is collected: a training that is garbage would free memory of the GPU within the recording."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
