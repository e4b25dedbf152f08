"""The numbers that decisions compute, against hand-made ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.learning.mixing import ratios
from lnl.learning.pseudo_labels import pseudo_labels, unit_scale
from lnl.results.arithmetic import functions, sentence

ROOT = Path(__file__).resolve().parent.parent
SUITE = Suite.load(ROOT, {"scale": "paper"}, validate=False)

COMPUTED: list[tuple[str, dict[str, Any], str, str]] = [
    # a draw over all ten classes hits the own one in 1 of 10: 50% of the labels drawn anew, 45% of them wrong
    ("uniform_flip_share", {"noise": "uniform-50", "classes": 10}, "{value}", "45"),
    ("last_partial_batch", {"images": 10000, "batch": 128}, "{left_out} of {images}: {value}", "16 of 10,000: 0.16"),
    # 60,000 images are 468 batches of 128; 199 x 401 and 200 x 468
    ("trained_steps", {"protocol": "coteaching", "dataset": "mnist"}, "{released}, {printed}", "79,799, 93,600"),
    # 50,000 images are 390 batches: the cap of 401 does nothing; 199 x 390 and 200 x 390
    ("trained_steps", {"protocol": "coteaching", "dataset": "cifar10"}, "{released}, {printed}", "77,610, 78,000"),
    ("trained_epochs", {"protocol": "pumpout"}, "{value}, {released}", "200, 199"),
    ("warm_up_epochs", {"steps": 5000, "protocol": "coteaching", "dataset": "mnist"}, "{value}", "12.5"),  # / 401
    ("warm_up_epochs", {"steps": 5000, "protocol": "pumpout", "dataset": "mnist"}, "{value}", "10.7"),  # / 468
    ("pair_is_symmetric", {"classes": 2}, "same", "same"),
    ("transition_rows", {"noise": "symmetric-50", "classes": 2}, "{value}", "(0.5, 0.5)"),
    # pair-45: 55 - 45; symmetric-50 with ten classes: 50 - 50 / 9; with five: 50 - 50 / 4
    ("transition_lead", {"noises": ["pair-45", "symmetric-50"], "classes": 10}, "{pair-45} {symmetric-50}", "10 44.4"),
    ("transition_lead", {"noises": ["symmetric-50"], "classes": 5}, "{symmetric-50}", "37.5"),
    ("largest_class_share", {"counts": [4254, 3278]}, "{value}", "56.5"),
    ("flat_width", {"channels": [16, 196], "side": 4}, "{value_16} {value_196}", "256 3,136"),
    # 784 x 256 + 256 and 256 x 10 + 10
    ("parameter_count", {"network": "mlp", "shape": [1, 28, 28], "classes": 10}, "{value}", "203,530"),
    # the released ramp is 0.45^0.5 t / 4 below t = 5, so 0.671 in epoch 4; the printed one 0.45 min(t^0.5 / 5, 1)
    (
        *("largest_drop", {"noise_rate": 0.45, "c": 0.5, "t_k": 5}),
        *("{as_released}, {as_printed}, {tau}", "67, 45, 45"),
    ),
    ("epochs_to_full_drop", {"c": 0.5, "t_k": [5, 10, 15]}, "{value}", "25, 100 and 225"),
    ("rounding_gap", {"batch": 128}, "{value}", "1"),
    ("largest_loss", {"floor": 1e-7}, "{value}", "16.1"),  # 7 ln 10 = 16.118
    # -log(e / (e + 9)) = 2.4613 - 1 and -log(1 / (e + 9)) = log 11.7183
    ("double_softmax_bounds", {"classes": 10}, "{low} {high}", "1.46 2.46"),
    # brackets 81, 34, 15, 8, 5 at 1/81, 1/27, 1/9, 1/3, 1; each rung pays a third less than from scratch
    ("hyperband_trainings", {"eta": 3, "brackets": 5}, "{value} {scratch}", "19.5 23.5"),
    # a label drawn from nine of ten classes is the own one in 1 of 9 for nine classes, never for the last: 0.4 x 0.9
    (
        *("wrong_share", {"noise": "uniform-l2r-40", "datasets": ["cifar10", "cifar100"]}),
        *("{cifar10} {cifar100}", "36 39.6"),
    ),
    ("wrong_share", {"noise": "symmetric-40", "datasets": ["mnist"]}, "{mnist}", "40"),
    ("spread_ratio", {"runs": 5}, "{value}", "0.89"),  # sqrt(0.8)
    ("printed_band", {"pair-45": [1.0, 1.1], "symmetric-50": [2.0, 2.3, 2.74]}, "{low} {high}", "0.10 0.74"),
]


@pytest.mark.parametrize(("name", "given", "says", "expected"), COMPUTED, ids=[f"{c[0]}-{c[3]}" for c in COMPUTED])
def test_arithmetic_gives_the_hand_made_number(name: str, given: dict[str, Any], says: str, expected: str) -> None:
    assert sentence(SUITE, says, name, given, "here") == expected


def test_the_jittered_inverse_is_as_large_as_four_uniform_numbers_make_it() -> None:
    # T + j U with T = 1/2 everywhere: the determinant is j s / 2 + O(j^2), s = U11 + U22 - U12 - U21, so that every
    # entry is about 1 / (j s) in size. Half of all |s| are below m, (4 m - 2 m^3 + 3 m^4 / 4) / 3 = 1 / 2: m = 0.4027
    given = {"rate": 0.5, "classes": 2, "jitter": 1e-4, "draws": 10000, "seed": 0}
    size, share = sentence(SUITE, "{value} {positive}", "jittered_inverse", given, "here").split()
    assert float(size.removeprefix("±").replace(",", "")) == pytest.approx(1e4 / 0.4027, rel=0.02)
    assert float(share) == pytest.approx(50, abs=2)


def test_scaled_logits_say_no_more_than_their_bounds() -> None:
    """Of many rows of equal norm, by the code that trains: none is above the bound, and the right one meets it."""
    surest, loss = map(float, sentence(SUITE, "{surest} {loss}", "scaled_logits_bounds", {"classes": 10}, "").split())
    rows = torch.randn(20000, 10, generator=torch.Generator().manual_seed(0))
    rows[0] = torch.tensor([9.0] + [-1.0] * 9)
    rows[1:] *= torch.linspace(0, 1, 19999)[:, None]  # from near the best row to anywhere
    rows[1:] += rows[0] * torch.linspace(1, 0, 19999)[:, None]
    rows /= rows.norm(dim=1, keepdim=True)
    labels = pseudo_labels([rows], scaled=True)
    losses = -torch.log_softmax(unit_scale(rows), -1).max(-1).values
    assert labels.max().item() == labels[0].max().item() == pytest.approx(surest, abs=5e-4)
    assert losses.min().item() == pytest.approx(losses[0].item(), abs=1e-6) == pytest.approx(loss, abs=5e-3)


def test_mean_shares_are_those_of_the_ratios_that_train() -> None:
    u = (torch.arange(100000) + 0.5) / 100000
    given = sentence(SUITE, "{as_released} {beta}", "mixing_shares", {}, "here").split()
    for form, said in zip(("as_released", "beta"), given, strict=True):
        assert float(said) == pytest.approx(ratios(u, form).mean().item(), abs=6e-4)


def test_what_is_stated_and_not_so_is_an_error() -> None:
    with pytest.raises(UserError, match="pair-1 and symmetric-1 are two matrices"):
        sentence(SUITE, "", "pair_is_symmetric", {"classes": 3}, "here")
    with pytest.raises(UserError, match="rows of pair-45 with 2 classes differ"):
        sentence(SUITE, "", "transition_rows", {"noise": "pair-45", "classes": 2}, "here")


@pytest.mark.parametrize(
    ("says", "name", "given", "message"),
    [
        (
            "{value}",
            "largest_los",
            {"floor": 1},
            r"here: unknown arithmetic 'largest_los' \(did you mean 'largest_loss'",
        ),
        ("{value}", "largest_loss", {"flor": 1}, r"here: arithmetic 'largest_loss' takes floor: missing a"),
        ("{most}", "largest_loss", {"floor": 1e-7}, r"here: nothing fills 'most' of '\{most\}'; there is floor, value"),
    ],
)
def test_a_sentence_that_cannot_be_filled_is_one_line(
    says: str, name: str, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        sentence(SUITE, says, name, given, "here")


def test_every_function_is_used_by_some_decision_or_surprise() -> None:
    effects = [effect for decision in SUITE.decisions for effect in decision.effects]
    effects += [surprise for chapter in SUITE.decisions.chapters for surprise in chapter.surprises]
    assert {effect["arithmetic"] for effect in effects if "arithmetic" in effect} == set(functions())
