"""Steps as one recorded operation (CUDA graphs), where a GPU is faster at small steps than the host at asking for them.

In every epoch the first step runs as usual, the second is recorded, and the others replay the recording. What is
constant within an epoch (rates, schedule, order of the examples) becomes part of it; what changes from step to step
stands in tensors: the places of the batch, and the optimiser's count. The same kernels run on the same numbers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from lnl.engine.method import Method, Moment

if TYPE_CHECKING:
    from lnl.engine.loop import Training


def obstacle(training: Training) -> str | None:
    """Why the steps of a training cannot be recorded; None if they can."""
    method = training.methods[0]
    if type(method).step is not Method.step:
        return "the method has a step of its own"
    if method.streams() or method.random() or method.views:
        return "the method has streams, views or random numbers that change from step to step"
    if training.learner.population.random_width:
        return "the network has dropout"
    if training.spec.get("augment", "none") != "none":
        return "images are augmented"
    return None


class Replay:
    """Records and replays the steps of a training that has no `obstacle`."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self._places = torch.arange(training.batches.size, device=training.device)
        self._epoch = -1
        self._recorder = Recorder()
        self._recorded: Callable[[], None] | None = None
        self.possible = True

    def step(self, number: int, now: Moment) -> None:
        """Step `number` of the epoch that was begun."""
        place = self._training.batches.place(number)
        if now.epoch != self._epoch:
            watched = _Watched(**vars(now))
            with self._recorder.aside():  # where everything that is prepared once will be looked for
                self._training.compute(number, place, watched)
            self._epoch, self._recorded = now.epoch, None
            self.possible &= not watched.asked
            return
        if self.possible and self._recorded is None:
            torch.arange(place.start, place.stop, out=self._places)
            try:
                self._recorded = self._recorder.record(lambda: self._work(number, now))
            except RuntimeError as error:
                print(f"lnl: the step cannot be recorded and is run as usual: {error}", file=sys.stderr)
                self.possible = False
        if self._recorded is None:
            self._training.compute(number, place, now)
        else:
            self._recorded()

    def _work(self, number: int, now: Moment) -> None:
        self._training.compute(number, self._places, now)
        self._places.add_(self._training.batches.size)


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

        RuntimeError where the GPU cannot record it.
        """
        graph = torch.cuda.CUDAGraph()
        with self.aside():
            graph.capture_begin(pool=self._pool)
            try:
                work()
            finally:
                graph.capture_end()
        self._graph = graph  # the recording before is dropped only now: a pool that nobody uses is no more
        return graph.replay
