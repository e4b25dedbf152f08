"""The contract between a method and the engine.

The usual method is a loss: a pure function of logits and labels. Whatever else a method needs it declares by overriding
one of the other members, all of which default to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from lnl.engine.learner import Learner
from lnl.learning.augment import augment

__all__ = ["Batch", "Beta", "Dropout", "Learner", "Method", "Moment", "Normal", "Outcome", "Setting", "Stream"]


@dataclass(frozen=True)
class Setting:
    """What a method may know about the problem before training."""

    classes: int
    noise_rate: float  # probability that a given label differs from the true one, as declared
    transition: Tensor  # declared transition matrix [K, K]; rows: true class, columns: given label
    batch: int
    examples: int  # size of the training file: `batch.index` is below it
    paper_epochs: int
    device: torch.device
    augment: str = "none"  # as the protocol augments a batch
    pace: float = 1.0  # the paper's steps in one of ours, for what a paper counts in steps
    validates: bool = False  # whether any examples validate
    epochs: int = 0  # of this training as it is run; periods, where a protocol has its length in steps
    steps: int = 0  # of an epoch as it is run, every cap included; of a period, of which the last may be shorter, where
    # a protocol has its length in steps. Not known while `streams` is asked for the first time: 0


@dataclass(frozen=True)
class Moment:
    """When a step happens, and the scalars of its epoch."""

    epoch: int
    time: float  # epoch on the paper's clock
    step: int  # step since the start of the run
    paper_step: float = 0.0  # the same on the paper's clock, for warm-ups that a paper counts in steps
    in_epoch: int = 0  # step within the epoch
    scalars: Mapping[str, Tensor] = field(default_factory=dict)
    done: float = 0.0  # part of this training, however long, that lies before the epoch

    def __getitem__(self, name: str) -> Tensor:
        """A scalar that the method's schedule gave for this epoch; broadcasts against [..., networks, batch]."""
        return self.scalars[name]


@dataclass(frozen=True)
class Normal:
    """Standard normal numbers of a shape, where a method asks for some in `random`."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Beta:
    """Numbers of a shape from Beta(a, a) where a method asks for some in `random` (MixUp's ratios). a: 0.1 or more;
    ratios are made of two gamma numbers of single precision, which for smaller ones may both underflow."""

    shape: tuple[int, ...]
    a: float


@dataclass(frozen=True)
class Dropout:
    """Numbers [networks, images, width] of dropout in a pass over so many images of a step's own making, for the
    `uniform` of `forward`; of a network without dropout there are none, and `batch.random` lacks the name."""

    images: int


@dataclass(frozen=True)
class Stream:
    """A further stream of training examples, `batch` a step: those of a set that the protocol declares, or `count`
    class-balanced ones of the method's own, with true labels. Set `train` is what is trained on, by its given labels.
    """

    count: int = 0
    batch: int = 0
    held_out: bool = True  # taken out of the noisy training set; of a declared set the protocol says it
    of: str | None = None  # a set of the protocol
    interleaved: bool = False  # one class after another, again and again, never shuffled: batches of whole rounds


@dataclass
class Batch:
    """One step's data."""

    x: Tensor  # images in [0, 1], [..., B, C, H, W]
    labels: Tensor  # given labels, [..., 1, B]: broadcasts over the networks
    index: Tensor  # places in the training set, [..., B]
    uniform: Tensor | None = None  # random numbers for networks that want them, [..., networks, B, width]
    views: tuple[Tensor, ...] = ()  # further augmented views of x, as many as the method asks for
    crops: tuple[Tensor, ...] = ()  # the same images augmented anew as x is, as often as the method asks for
    random: dict[str, Tensor] = field(default_factory=dict)  # numbers that its `random` asks for, by name
    streams: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)  # name -> (x, labels), augmented like x
    dropout: dict[str, Tensor | None] = field(default_factory=dict)  # of each stream what `uniform` is of x


@dataclass
class Outcome:
    """What a step gives back."""

    loss: Tensor  # per network, [..., networks]; the engine sums it and differentiates once
    losses: Tensor  # cross-entropy per example against the given label, [..., networks, B], for the metrics
    selected: Tensor | None = None  # 0/1 per example, [..., networks, B], for methods that select
    logits: Tensor | None = None  # only from a method with a step of its own
    scalars: dict[str, Tensor] = field(default_factory=dict)  # further figures per network, [..., networks], averaged
    # over the steps of the epoch that have them: NaN where a network has none in this step
    marks: dict[str, Tensor] = field(default_factory=dict)  # numbers per example, [..., networks, B]: logged by their
    # names as means over the rightly (`_clean`) and over the wrongly labelled examples (`_flipped`) that have one
    pseudo_labels: Tensor | None = None  # [..., networks, B, K], distributions that a method makes of its own: logged
    # are how often their largest class is the true one, and their entropy


class Method:
    """Base of every method: plain defaults, no hierarchy above or below."""

    networks: ClassVar[int] = 1
    views: ClassVar[int] = 0  # augmented views of each batch beyond x

    def __init__(self, parameters: Mapping[str, Any], setting: Setting) -> None:
        self.parameters = parameters
        self.setting = setting

    # ---- the usual method ------------------------------------------------------------------------------------------

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        """Loss per network. logits: [..., networks, B, K]; labels: [..., 1, B]."""
        raise NotImplementedError  # a method overrides `loss`, or `step` if it needs more

    def schedule(self, time: float) -> dict[str, float]:
        """Numbers that are constant within an epoch, e.g. {"R": 0.8, "kept": 102}; "R" is logged as the schedule."""
        return {}

    # ---- methods that need more ------------------------------------------------------------------------------------

    def streams(self) -> dict[str, Stream]:
        """Further data streams by name."""
        return {}

    def random(self) -> Mapping[str, tuple[int, ...] | Normal | Beta | Dropout]:
        """What random numbers each step needs, by name: the shape of uniform ones (a permutation's keys), Normal of a
        shape (random weights), Beta of one (MixUp's ratios), or Dropout. They come as `batch.random[name]`: a step
        draws nothing itself."""
        return {}

    def sample(self, learner: Learner, uniform: Tensor) -> Tensor | None:
        """Places [steps x batch], int64, that an epoch visits, in order (Resample), from uniform numbers of the same
        length. Called after `epoch_begin`, and once more where a training is resumed within the epoch, so that it must
        give the same again. None: every training example once, in random order."""
        return None

    def view(self, x: Tensor, uniform: Tensor, number: int) -> Tensor:
        """Augmented view `number` of x [B, C, H, W]; uniform: [B, width], as many numbers of an image as the protocol's
        augmentation takes, three or more. The default crops and flips."""
        return augment("crop-flip", x, uniform[..., :3])

    def crops(self) -> int:
        """How often each image of a batch is augmented once more as the protocol does it, with numbers of its own; of
        images in files their parts are read ahead as x is. They come as `batch.crops`, [..., B, C, H, W] each."""
        return 0

    def own_parameters(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Trainable parameters of the method, one set per network; they join the network's optimiser."""
        return {}

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        """Tensors that live with the run (per-example memory, moving averages, ...) in `learner.state`; all of them are
        checkpointed, and nothing but tensors can be. Keys may be added later, and shapes may change."""
        return {}

    def epoch_begin(self, learner: Learner, now: Moment) -> None:
        """Before the first step of each trained epoch, once: not again where a training is resumed within it, so that
        whatever it makes for the steps, or for `sample`, must lie in `learner.state`. `learner.training_pass()` gives
        logits of every training example in fixed order."""

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        """One update. The default: one forward of all networks, `loss`, one backward, one optimiser step."""
        logits = learner.forward(batch.x, batch.uniform)
        outcome = self.loss(logits, batch.labels, now)
        learner.apply(learner.gradient(outcome.loss))
        outcome.logits = logits
        return outcome

    def epoch_end(self, learner: Learner, now: Moment) -> None:
        """After each trained epoch; `learner.training_pass()` gives logits of every training example in fixed order."""

    def validated(self, learner: Learner, now: Moment, accuracy: Tensor) -> None:
        """After the evaluation of each trained epoch, where examples validate: their accuracy in percent, shaped like
        the population, on the device. What a method selects by; it never sees that of the test images."""

    def predict(self, learner: Learner, x: Tensor, uniform: Tensor | None) -> Tensor:
        """Scores [..., networks, B, K] by which the run is evaluated."""
        return learner.forward(x, uniform, batch_norm="frozen")

    def weigh(self, learner: Learner, batch: Batch) -> Tensor | None:
        """Weights [networks, B] that it would give the examples of a batch now, nothing being changed, for records that
        keep them. None: it weights nothing."""
        return None

    def validation_loss(self, learner: Learner, logits: Tensor, labels: Tensor) -> Tensor | None:
        """Loss of examples that validate, [..., networks, B], for methods that stop at its lowest: its mean becomes the
        curve `validation_loss`. labels: [B]. None: not recorded."""
        return None

    def estimates(self, learner: Learner) -> dict[str, Tensor]:
        """Small tensors that the method has estimated and that its record keeps, by name (an estimated T)."""
        return {}

    def finish(self, learner: Learner) -> None:
        """After the last epoch, before the final evaluation is written (post-hoc methods)."""
