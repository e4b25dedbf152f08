"""Semantic noise: the labels that a trained network predicts for the whole training file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from lnl.data.arrays import Arrays
from lnl.declared import labellers
from lnl.files import said
from lnl.noise.predicted import Predicted, check_classes
from lnl.run import handed_over, labels_kept
from lnl.run.hardware import torch_device
from lnl.run.inputs import handover_file, prepare

if TYPE_CHECKING:
    from lnl.declared.data_places import Places
    from lnl.declared.suite import Run, Suite


def labels(suite: Suite, run: Run, noise: str, manifest: str, arrays: Arrays, places: Places) -> Predicted:
    """Labels of the training file by the network of `run`, its labeller: those in the manifest or in the store, else
    predicted now.

    UserError where the labeller has not handed its network over, and where it never predicts some class.
    """
    classes = suite.dataset(run.cell.dataset).classes
    for path in (Path(manifest), labels_kept.stored(suite, run, noise)):
        try:
            return labels_kept.found(suite, run, path, arrays, classes)
        except FileNotFoundError:
            pass
        except ValueError as error:
            print(f"lnl: {path}: {said(error)}; labels are looked for elsewhere", file=sys.stderr)
    predicted = _predicted(suite, run, noise, places)
    by = labels_kept.labeller_of(suite, run)
    remarks = check_classes(predicted.numpy(), classes, by, _reduced(suite, run))
    return Predicted(by, predicted.numpy(), remarks)


def _reduced(suite: Suite, run: Run) -> str:
    """Why nobody expects a labeller to know all classes, in words; '' where its data are the paper's, and its epochs
    whole."""
    declared = suite.declared(run.cell)
    if "steps_per_epoch" in declared.spec["limits"]:
        return "its epochs end after a few steps"
    stands_in = run.cell.dataset != declared.paper_dataset
    return f"{run.cell.dataset} stands in for {declared.paper_dataset}" if stands_in else ""


def _predicted(suite: Suite, run: Run, noise: str, places: Places) -> torch.Tensor:
    """The class of the largest logit of each training image [N], in evaluation mode: without augmentation, with the
    kept statistics of batch norm. On a CPU, wherever the network was trained."""
    device = torch_device("cpu", False)
    handed = handed_over.load(handover_file(suite, f"noise '{noise}'", run, labellers.POINT))
    built, _ = prepare(suite, [run], places, device, "single", ())
    built.begin()
    built.learner.start_from(handed)
    method, every = built.methods[0], torch.arange(len(built.data.true))
    with torch.no_grad():
        parts = [method.predict(built.learner, x, None)[0].argmax(-1) for _, x in built.data.in_order(every)]
    return torch.cat(parts)
