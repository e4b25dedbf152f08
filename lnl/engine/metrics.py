"""Training figures of an epoch, from the training forward alone: no extra pass, no host synchronisation.

Each step writes losses, predictions and selections into epoch buffers at the batch's place; everything else is computed
once when the epoch has ended, and brought to the host in one transfer with the evaluation.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lnl.data.arrays import OUT_OF_DISTRIBUTION
from lnl.engine.method import Outcome

#: Curves of the engine's own: what a method logs has other names.
CURVES = frozenset(
    {"epoch", "learning_rate", "schedule", "finite", "loss", "train_accuracy_given", "train_accuracy_true"}
    | {"clean_accuracy", "flipped_accuracy_given", "flipped_accuracy_true", "loss_auc", "label_precision"}
    | {"kept_fraction", "pseudo_label_accuracy", "pseudo_label_entropy_clean", "pseudo_label_entropy_flipped"}
    | {f"{part}_{what}" for part in ("test", "validation", "own") for what in ("accuracy", "top5", "loss")}
)

NO_GUESS = -9  # class of an example for which a method made no pseudo label in this epoch; no true label has it


class EpochBuffers:
    """What the steps of one epoch leave behind. lead: (networks,) or (runs, networks); n: steps x batch."""

    def __init__(self, lead: tuple[int, ...], steps: int, batch: int, device: torch.device) -> None:
        shape = (*lead, steps * batch)
        self.losses = torch.zeros(shape, device=device)
        self.predicted = torch.zeros(shape, dtype=torch.int64, device=device)
        self.selected = torch.zeros(shape, device=device)
        self.selects = False
        self.scalars: dict[str, Tensor] = {}
        self.logged: dict[str, Tensor] = {}  # in how many steps each of them was a number
        self.marks: dict[str, Tensor] = {}
        self.guessed: Tensor | None = None  # class of the pseudo labels

    def write(self, place: slice | Tensor, outcome: Outcome, logits: Tensor) -> None:
        """Keep one step's outcome where its examples stand in the epoch's order."""
        self.losses[..., place] = outcome.losses.detach()
        self.predicted[..., place] = logits.detach().argmax(-1)
        if outcome.selected is not None:
            self.selects = True
            self.selected[..., place] = outcome.selected
        for name, value in outcome.scalars.items():
            if name not in self.scalars:
                self.scalars[name], self.logged[name] = torch.zeros_like(value), torch.zeros_like(value)
            self.scalars[name].add_(value.detach().nan_to_num(0.0, torch.inf, -torch.inf))
            self.logged[name].add_(~value.isnan())
        for name, value in outcome.marks.items():
            if name not in self.marks:
                self.marks[name] = torch.full_like(self.losses, torch.nan)
            self.marks[name][..., place] = value.detach()
        if outcome.pseudo_labels is not None:
            self._keep_guess(place, outcome.pseudo_labels.detach())

    def _keep_guess(self, place: slice | Tensor, guess: Tensor) -> None:
        if self.guessed is None:
            self.guessed = torch.full_like(self.predicted, NO_GUESS)
            self.marks["pseudo_label_entropy"] = torch.full_like(self.losses, torch.nan)
        self.guessed[..., place] = guess.argmax(-1)
        self.marks["pseudo_label_entropy"][..., place] = torch.special.entr(guess).sum(-1)

    def snapshot(self) -> dict[str, object]:
        kept = ("losses", "predicted", "selected", "selects", "scalars", "logged", "marks", "guessed")
        return {k: getattr(self, k) for k in kept}

    def restore(self, saved: dict[str, object], steps: int) -> None:
        """What was kept after so many steps; where it was not counted yet, each of them had its scalars."""
        for key, value in saved.items():
            setattr(self, key, value)
        self.logged = self.logged or {name: torch.full_like(value, steps) for name, value in self.scalars.items()}

    def figures(self, given: Tensor, true: Tensor, steps: int) -> dict[str, Tensor]:
        """Figures per network, each shaped like `lead`. given, true: labels in the order of the epoch, [..., 1, n].

        An example that shows none of the classes (true label OUT_OF_DISTRIBUTION) is none of the clean ones, and its
        given label is wrong; accuracy against the true label is of the others.
        """
        correct_given = (self.predicted == given).float()
        correct_true = (self.predicted == true).float()
        flipped = (given != true).float().expand(self.losses.shape)
        clean = 1 - flipped
        shown = (true != OUT_OF_DISTRIBUTION).float()
        share = shown.sum(-1) / shown.shape[-1]  # exactly 1 where all do, so that their figures are as they were
        out = {
            "loss": self.losses.mean(-1),
            "train_accuracy_given": 100 * correct_given.mean(-1),
            "train_accuracy_true": _of_share(100 * correct_true.mean(-1), share),
            "clean_accuracy": 100 * _mean(correct_given, clean),
            "flipped_accuracy_given": 100 * _mean(correct_given, flipped),
            "flipped_accuracy_true": 100 * _mean(correct_true, flipped * shown),
            "loss_auc": roc_area(self.losses, flipped),
        }
        if self.selects:
            # the released codes take the precision of each batch and average over batches
            chosen = self.selected.unflatten(-1, (steps, -1))
            right = (self.selected * clean).unflatten(-1, (steps, -1))
            out["label_precision"] = 100 * (right.sum(-1) / chosen.sum(-1)).nanmean(-1)  # a batch may select nothing
            out["kept_fraction"] = self.selected.mean(-1)
        if self.guessed is not None:
            told = (shown * (self.guessed != NO_GUESS)).sum(-1) / shown.shape[-1]
            out["pseudo_label_accuracy"] = _of_share(100 * (self.guessed == true).float().mean(-1), told)
        for name, value in self.scalars.items():
            out[name] = value / self.logged[name]
        for name, value in self.marks.items():
            told, value = (~value.isnan()).float(), value.nan_to_num(0.0, torch.inf, -torch.inf)
            out[f"{name}_clean"], out[f"{name}_flipped"] = _mean(value, clean * told), _mean(value, flipped * told)
        return out


def _of_share(percent: Tensor, share: Tensor) -> Tensor:
    return (percent / share).clamp(max=100)  # which rounding could pass


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum(-1) / weights.sum(-1)  # 0/0, no flipped example at all, is NaN and becomes null


def roc_area(scores: Tensor, positive: Tensor) -> Tensor:
    """Area under the ROC curve of `scores` telling positives (weight 1) from negatives (weight 0), ties counted half.

    scores, positive: [..., n]; returns [...]: the share of (positive, negative) pairs in which the positive scores
    higher.
    """
    ranked, order = scores.sort(-1)
    positives = positive.gather(-1, order).double()
    negatives = 1 - positives
    below = negatives.cumsum(-1)
    # a group of equal scores counts the negatives before it fully and those inside it half
    begins = torch.ones_like(ranked, dtype=torch.bool)
    begins[..., 1:] = ranked[..., 1:] != ranked[..., :-1]
    ends = torch.ones_like(begins)
    ends[..., :-1] = begins[..., 1:]
    before = torch.where(begins, below - negatives, -1.0).cummax(-1).values
    through = torch.where(ends, below, float("inf")).flip(-1).cummin(-1).values.flip(-1)
    wins = (positives * (before + through)).sum(-1) / 2
    return (wins / (positives.sum(-1) * negatives.sum(-1))).float()
