"""Stages: trainings that go on from another cell's or stand beside it, and what records keep of a trained network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pytest
import torch
import yaml
from suite_copy import TABLE, SuiteCopy
from torch import Tensor

from lnl.declared import dependencies, paths
from lnl.declared.data_places import Places
from lnl.declared.dependencies import handover_points
from lnl.declared.suite import Cell, Run, Suite
from lnl.engine import pieces
from lnl.engine.loop import Training
from lnl.engine.method import Batch, Learner
from lnl.engine.progress import unwatched
from lnl.errors import UserError
from lnl.learning.selection import cross_entropy
from lnl.results.claims import kept_pieces, run_values
from lnl.results.claims.identities import comparisons
from lnl.run import handed_over
from lnl.run.inputs import prepare
from lnl.run.job import job
from lnl.run.store import Store

PROTOCOL: dict[str, Any] = {
    "title": "A training with stages",
    "source": "a test",
    "datasets": {"mnist": {"network": "mlp"}},
    "noise": {"vector": "fixed", "seed": 0, "generator": "as_released"},
    "split": "none",
    "sets": {"clean": {"count": 50, "balanced": True, "held_out": "all"}},
    "trained_on": "all",
    "pieces": ["confusion"],
    "length": {"steps": 40, "period": 10},
    "batch": {"size": 32},
    "optimiser": {
        "name": "sgd", "lr": 0.1, "momentum": 0.9, "schedule": "steps", "milestones": [20, 30], "factor": 0.1,
    },
    "stages": {
        "ft": {
            "title": "goes on with the clean ones",
            "begins": "final",
            "method": "standard",
            "trained_on": "clean",
            "length": {"steps": 20},
            "optimiser": {"lr": 0.01, "schedule": "constant"},
        },
        "alone": {
            "title": "the clean ones alone",
            "trained_on": "clean",
            "length": {"steps": 10},
            "optimiser": {"schedule": "constant"},
        },
        "half": {"title": "its beginning", "length": {"steps": 20}, "optimiser": {"schedule": "constant"}},
    },
}  # fmt: skip
SHORT = {"variant": "short", "set": {"protocol.length.steps": 35}}
SOFT = {"variant": "soft", "set": {"kind": "soft"}}
COLUMNS: list[dict[str, Any]] = [
    {"key": "plain", "label": "Plain", "method": "standard"},
    {"key": "ft", "label": "+FT", "method": "standard", "stage": "ft"},
    {"key": "alone", "label": "Clean only", "method": "standard", "stage": "alone"},
    {"key": "half", "label": "Half", "method": "standard", "stage": "half"},
    {"key": "soft-short-ft", "label": "both, +FT", "method": "bootstrap", "variants": [SOFT, SHORT], "stage": "ft"},
    {"key": "s-ft", "label": "S", "method": "s-model", "variant": "id", "set": {"initial": "identity"}, "stage": "ft"},
]  # fmt: skip
AT = ("staged", "digits", "symmetric-50")


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SuiteCopy:
    copy = SuiteCopy.make(tmp_path / "checkout")
    (copy.root / "tables/small.yaml").unlink()
    _declare(copy)
    monkeypatch.chdir(copy.root)
    return copy


def _declare(copy: SuiteCopy, columns: list[dict[str, Any]] | None = None, **changes: Any) -> None:
    (copy.root / "config/protocols/staged.yaml").write_text(yaml.safe_dump(PROTOCOL | changes, sort_keys=False))
    table = {k: v for k, v in TABLE.items() if k not in ("published", "joins", "tolerance")}
    table |= {"protocol": "staged", "columns": columns or COLUMNS, "statistic": "final"}
    (copy.root / "tables/staged.yaml").write_text(yaml.safe_dump(table, sort_keys=False))


def _stages(**changes: Any) -> dict[str, Any]:
    return {"stages": PROTOCOL["stages"] | changes}


def _load() -> Suite:
    return Suite.load(Path(), {"device": "cpu", "scale": "demo"})


def _train(suite: Suite, method: str, seed: int = 1) -> dict[str, Any]:
    run = Run(Cell(*AT, method), seed)
    for source, _ in dependencies.handovers(suite, run).values():
        if not Store(suite, source).record_file.exists():
            _train(suite, source.cell.method, seed)
    job(suite, run, Places.of(suite.config), "cpu", lambda: False, unwatched, None, handover_points(suite, run))
    for point in dependencies.handover_points(suite, run):
        Store(suite, run).publish_handover(point)
    return dict(json.loads(Store(suite, run).record_file.read_text())["result"])


def test_a_stage_changes_itself_alone(copy: SuiteCopy) -> None:
    suite = _load()
    assert [cell.method for cell in suite.cells] == [
        *("standard", "standard-ft", "standard-alone", "standard-half"),
        *("bootstrap-soft-short", "bootstrap-soft-short-ft", "s-model-id", "s-model-id-ft"),
    ]
    base, tuned = suite.spec(Cell(*AT, "standard")), suite.spec(Cell(*AT, "standard-ft"))
    assert (base["length"]["steps"], tuned["length"]["steps"]) == (40, 20)
    assert tuned["optimiser"] == {"name": "sgd", "lr": 0.01, "momentum": 0.9, "schedule": "constant"}
    assert "stage" not in base and "trained_on" not in base and tuned["trained_on"] == "clean"
    assert suite.spec(Cell(*AT, "bootstrap-soft-short"))["length"]["steps"] == 35
    assert "stage" not in suite.spec(Cell(*AT, "standard-half")), "it begins with nothing"

    before = {cell: suite.digest(cell) for cell in suite.cells}
    _declare(copy, **_stages(ft={**PROTOCOL["stages"]["ft"], "length": {"steps": 15}}))
    moved = {cell.method for cell, digest in before.items() if _load().digest(cell) != digest}
    assert moved == {"standard-ft", "bootstrap-soft-short-ft", "s-model-id-ft"}


def test_what_a_stage_goes_on_from_changes_it(copy: SuiteCopy) -> None:
    before = _load()
    _declare(copy, batch={"size": 16})
    after = _load()
    assert all(before.digest(cell) != after.digest(cell) for cell in before.cells)
    _declare(copy, optimiser=PROTOCOL["optimiser"] | {"milestones": [20, 25]})
    kept = {cell.method for cell in before.cells if before.digest(cell) == _load().digest(cell)}
    assert kept == {"standard-alone", "standard-half"}, "they have a schedule of their own, and begin with nothing"


def test_a_base_hands_over_once_to_all_that_go_on_from_it(copy: SuiteCopy) -> None:
    suite = _load()
    for method in ("standard", "bootstrap-soft-short", "s-model-id"):
        assert dependencies.handover_points(suite, Run(Cell(*AT, method), 1)) == ("final",)
        read = dependencies.handovers(suite, Run(Cell(*AT, f"{method}-ft"), 1))
        assert read == {"base": (Run(Cell(*AT, method), 1), "final")}
    assert dependencies.handovers(suite, Run(Cell(*AT, "standard-alone"), 1)) == {}


@pytest.mark.parametrize("method", ["standard", "s-model-id"])
def test_it_goes_on_from_weights_and_momentum_and_leaves_a_channel_behind(copy: SuiteCopy, method: str) -> None:
    """One step of plain SGD with the momentum that the base ended with, on clean images by their right labels."""
    suite = _load()
    _train(suite, method)
    run = Run(Cell(*AT, f"{method}-ft"), 1)
    built, _ = prepare(suite, [run], Places.of(suite.config), torch.device("cpu"), "single", ())
    source = Run(Cell(*AT, method), 1)
    handed = handed_over.load(Path(paths.handover("demo", source.cell.id, 1, "final")))
    own = int(handed["own_parameters"])
    size = handed["flat"].shape[-1] - own
    assert own == (100 if method == "s-model-id" else 0)
    assert built.learner.population.flat.equal(handed["flat"][:, :size])
    assert built.learner.slots["momentum_buffer"].equal(handed["slot.momentum_buffer"][:, :size])
    assert built.learner.slots["momentum_buffer"].abs().max() > 0
    built.begin_epoch(0)
    assert set(built.batches.order.tolist()) <= set(built.runs[0].train_index.tolist())
    assert len(built.runs[0].train_index) == 50
    assert built.batches.given.equal(built.data.true[built.batches.order]), "a clean set's labels are right"


MOMENTUM = {"name": "sgd", "lr": 0.1, "momentum": 0.9, "schedule": "constant"}
ADAM = {"name": "adam", "lr": 0.01, "schedule": "constant"}


def _tuned(
    base: Training, method: str = "standard", name: str = "ft", state: str = "kept", rates: dict[str, Any] = MOMENTUM
) -> Training:
    """A stage of small images that begins with what another training handed over."""
    stage = {"name": name, "from": "0" * 16, "point": "final", "optimiser_state": state}
    described = helpers.spec("digits_cnn", optimiser=rates, stage=stage)
    return helpers.build(method, described, handovers={"base": base.hand_overs.saved["final"]})


def _ended(rates: dict[str, Any] = MOMENTUM) -> Training:
    built = helpers.build("standard", helpers.spec("digits_cnn", optimiser=rates), points=("final",))
    built.run(until=2)
    built._hand_over("final")
    return built


@pytest.mark.parametrize("rates", [MOMENTUM, ADAM])
def test_a_stage_goes_on_as_its_base_would_have_or_leaves_the_optimiser_behind(rates: dict[str, Any]) -> None:
    """The released code restores the slots; `new` begins with weights and statistics alone."""
    base = _ended(rates)
    kept, new = (_tuned(base, state=state, rates=rates) for state in ("kept", "new"))
    for built in (kept, new):
        assert built.learner.population.flat.equal(base.learner.population.flat)
        for name, statistic in base.learner.population.buffers.items():
            assert built.learner.population.buffers[name].equal(statistic)
    assert all(slot.any() for slot in base.learner.slots.values())
    assert not any(slot.any() for slot in new.learner.slots.values())
    gradient = torch.linspace(-1, 1, base.learner.population.flat.shape[-1])[None]
    for built in (base, kept, new):
        built.learner.take({"lr": 0.01})
        built.learner.apply(gradient.clone())
    assert kept.learner.population.flat.equal(base.learner.population.flat)
    assert not new.learner.population.flat.equal(base.learner.population.flat)


def test_a_stage_has_an_order_of_its_own_which_methods_share() -> None:
    """Else it would see again, in the same order, what the base began with."""
    base = _ended()
    built = [_tuned(base), _tuned(base, method="bootstrap"), _tuned(base, name="other")]
    orders = []
    for each in (base, *built):
        each.batches.begin(1)
        orders.append(each.batches.order.tolist())
    first, mine, same, other = orders
    assert mine == same
    assert first != mine != other != first


def test_trained_on_the_clean_set_nothing_is_flipped(copy: SuiteCopy) -> None:
    suite = _load()
    tuned, alone, base = (_train(suite, name) for name in ("standard-ft", "standard-alone", "standard"))
    for result in (tuned, alone):
        assert all(value is None for value in result["curves"]["flipped_accuracy_given"][0])
        assert result["curves"]["train_accuracy_given"] == result["curves"]["train_accuracy_true"]
    assert any(value is not None for value in base["curves"]["flipped_accuracy_given"][0])
    assert tuned["sets"] == base["sets"], "both leave the same clean images out, or train on them"
    assert tuned["curves"]["learning_rate"] == [0.01, 0.01]


def test_the_first_half_is_the_same_training(copy: SuiteCopy) -> None:
    suite = _load()
    half, whole = _train(suite, "standard-half")["curves"], _train(suite, "standard")["curves"]
    assert half["loss"][0] == whole["loss"][0][:2] and half["test_accuracy"][0] == whole["test_accuracy"][0][:2]


def test_one_command_trains_bases_before_stages(copy: SuiteCopy) -> None:
    _declare(copy, COLUMNS[:2])
    out = copy.snakemake("staged", "--config", "scale=demo", "seeds=1", "device=cpu")
    assert out.returncode == 0, out.stderr
    assert sorted(Path(name).parts[-2] for name in copy.records()) == ["standard", "standard-ft"]
    assert copy.jobs("staged", "--config", "scale=demo", "seeds=1", "device=cpu") == {}


REFUSED = {
    "an unknown stage": ({}, "no-such", "unknown stage of protocol staged 'no-such'"),
    "a protocol without any": ({"stages": {}}, "ft", "declares no 'stages'"),
    "an unknown method": (
        _stages(ft={**PROTOCOL["stages"]["ft"], "method": "nobody"}),
        "ft",
        "unknown method 'nobody'",
    ),
    "one that begins with a network itself": (
        _stages(ft={**PROTOCOL["stages"]["ft"], "method": "f-correction"}),
        "ft",
        "begins with another network itself",
    ),
    "the other unit": (_stages(ft={**PROTOCOL["stages"]["ft"], "epochs": 3}), "ft", "give both one unit"),
    "an unknown set": (
        _stages(ft={**PROTOCOL["stages"]["ft"], "trained_on": "cleen"}),
        "ft",
        "unknown set of 'trained_on' 'cleen'",
    ),
    "slots of nothing": (
        _stages(alone={**PROTOCOL["stages"]["alone"], "optimiser_state": "new"}),
        "ft",
        "begins with nothing",
    ),
    "nothing of its own": (_stages(same={"title": "the same", "begins": "final"}), "ft", "goes on as it was"),
    "a milestone behind its end": (
        _stages(half={"title": "its beginning", "length": {"steps": 20}}),
        "half",
        "the training ends after 20 steps",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_one_line(copy: SuiteCopy, what: str) -> None:
    changes, stage, line = REFUSED[what]
    _declare(copy, [{"key": "a", "label": "A", "method": "standard", "stage": stage}], **changes)
    with pytest.raises(UserError) as error:
        dependencies.check(_load())
    assert any(line in text for text in error.value.lines) and len(error.value.lines) == 1


# ---- pieces --------------------------------------------------------------------------------------------------------


def test_a_record_keeps_its_confusion_and_its_flips(copy: SuiteCopy) -> None:
    result = _train(_load(), "standard")
    found, flips = (np.array(result["pieces"][name]) for name in ("confusion", "flips"))
    assert found.shape == flips.shape == (10, 10)
    assert 100 * np.trace(found) / found.sum() == pytest.approx(result["curves"]["test_accuracy"][0][-1], abs=1e-3)
    wrong = 1 - np.trace(flips) / flips.sum()
    assert wrong == pytest.approx(result["labels"]["realised_rate"], abs=1e-6)
    taken = 100 * (1 - np.trace(found) / found.sum())
    assert kept_pieces.noise_mass(result["pieces"]) == pytest.approx(taken, abs=3), "symmetric noise goes everywhere"


@pytest.fixture(scope="module")
def weighed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The run behind figure 3 at scale demo."""
    root = tmp_path_factory.mktemp("figure3")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        suite = Suite.load(helpers.ROOT, {"device": "cpu", "scale": "demo"}, validate=False)
        run = Run(Cell("l2r-background", "digits", "background-40", "l2r-half"), 1)
        suite.seek(run.cell)
        job(suite, run, Places.of(suite.config), "cpu", lambda: False, unwatched, None, handover_points(suite, run))
        return dict(json.loads(Store(suite, run).record_file.read_text())["result"])


def test_unseen_examples_with_right_labels_have_the_larger_weights(weighed: dict[str, Any]) -> None:
    """Figure 3 at demo: what the method claims shows on the stand-in."""
    mixed, single = (weighed["pieces"]["weights"][name] for name in ("mixed", "single_class"))
    for part in (mixed, single):
        assert part["mean_clean"] > part["mean_flipped"]
        assert part["clean"][0] / sum(part["clean"]) < part["flipped"][0] / sum(part["flipped"])
    assert single["auc"] > 0.5
    share = sum(mixed["flipped"]) / sum(mixed["clean"] + mixed["flipped"])
    assert share == pytest.approx(weighed["labels"]["realised_rate"], abs=0.06)
    assert run_values.value(weighed, "weight_auc", "last10") == single["auc"]
    zero = 100 * mixed["flipped"][0] / sum(mixed["flipped"])
    assert run_values.value(weighed, "zero_weight_flipped", "last10") == pytest.approx(zero)


def test_weighing_changes_nothing() -> None:
    built = helpers.weighing("digits_cnn", 64, 16, {"lr": 0.05, "momentum": 0.9})
    held = [built.learner.population.flat, *built.learner.population.buffers.values(), *built.learner.slots.values()]
    before = [tensor.clone() for tensor in held]
    built.data.validating = torch.arange(0, 256, 4)
    first = pieces.weights(built)
    assert sum(first["mixed"]["clean"] + first["mixed"]["flipped"]) == 64
    assert all(now.equal(was) for now, was in zip(held, before, strict=True)), "running statistics among them"
    shares = pieces.positive(built)
    assert all(now.equal(was) for now, was in zip(held, before, strict=True)), "running statistics among them"
    assert pieces.weights(built) == first
    assert pieces.positive(built) == shares


def test_who_has_any_weight_is_told_by_class_and_by_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """A method that drops odd classes has its zeros there and nowhere else; one that drops large losses, in the last
    tenths."""
    built = helpers.weighing("digits_cnn", 64, 16, {"lr": 0.05, "momentum": 0.9})
    method = built.methods[0]
    monkeypatch.setattr(method, "weigh", lambda learner, batch: built.data.true[batch.index].remainder(2).eq(0)[None])
    found = pieces.positive(built)
    assert found["by_class"] == [100.0, 0.0] * 5
    assert np.mean(found["by_loss"]) == pytest.approx(50, abs=5), "classes are about as frequent"
    assert kept_pieces.value({"pieces": {"positive": found}}, "least_positive_by_class") == 0
    assert kept_pieces.value({"pieces": {"positive": found}}, "least_positive_by_loss") == min(found["by_loss"])

    def small(learner: Learner, batch: Batch) -> Tensor:
        with torch.no_grad():
            return cross_entropy(learner.forward(batch.x, batch.uniform, batch_norm="batch"), batch.labels) < 2.3

    monkeypatch.setattr(method, "weigh", small)
    tenths = pieces.positive(built)["by_loss"]
    assert len(tenths) == 10
    assert tenths[0] == 100.0
    assert tenths[-1] == 0.0
    assert sum(0 < share < 100 for share in tenths) <= 1, "one tenth has the bound in it"


# ---- Weighted, and what the paper proves ---------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [10, 100])
def test_weighted_is_the_oracle_and_its_released_form_is_so_for_ten_classes(classes: int) -> None:
    """Section 4.2: 0.1 / 0.46 of the background's labels are right with ten classes, 0.01 / 0.406 with a hundred."""
    rows = 0.6 * torch.eye(classes)
    rows[:, 3] += 0.4
    right = rows.diagonal() / rows.sum(0).clamp(min=1e-12)
    assert right[3].item() == pytest.approx((1 / classes) / (0.4 + 0.6 / classes))
    assert right[0].item() == pytest.approx(1)
    released = 0.1 / (0.4 + 0.6 / classes)
    assert (released == pytest.approx(right[3].item())) is (classes == 10)
    given = torch.tensor([0, 3, 3, 3, 1, 3, 2, 4])
    weights = {form: _weights(form, rows, given) for form in ("printed", "as_released")}
    for form, found in weights.items():
        assert found.sum().item() == pytest.approx(1)
        alone = found[1] / found[0]
        assert alone.item() == pytest.approx(right[3].item() if form == "printed" else released, rel=1e-5)


def _weights(form: str, rows: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
    """Of a batch, read off the gradient of its loss with respect to the logits."""
    from lnl.engine.build import load_method

    loaded = load_method(helpers.method_file("weighted"))
    described = helpers.spec("digits_mlp")
    setting = helpers.build("standard", described).methods[0].setting
    method = loaded({"form": form}, type(setting)(**vars(setting) | {"classes": len(rows), "transition": rows}))
    seen: dict[str, torch.Tensor] = {}

    class Learner:
        def __init__(self) -> None:
            self.state = method.initial_state(self)  # type: ignore[arg-type]

        def forward(self, x: torch.Tensor, uniform: object) -> torch.Tensor:
            seen["logits"] = torch.zeros(1, len(given), len(rows), requires_grad=True)
            return seen["logits"]

        def gradient(self, loss: torch.Tensor) -> torch.Tensor:
            (seen["gradient"],) = torch.autograd.grad(loss.sum(), seen["logits"])
            return seen["gradient"]

        def apply(self, gradient: torch.Tensor) -> None:
            pass

    from lnl.engine.method import Batch, Moment

    batch = Batch(torch.zeros(len(given), 1), given.view(1, -1), torch.arange(len(given)))
    method.step(Learner(), batch, Moment(0, 0.0, 0))  # type: ignore[arg-type]
    chosen = seen["gradient"][0, torch.arange(len(given)), given]
    return -chosen / (1 - 1 / len(rows))  # of a uniform posterior the gradient at the label is -w (1 - 1/K)


def test_what_the_paper_proves_is_computed() -> None:
    root = helpers.ROOT
    printed, corrected, logistic, normalised = comparisons("validation_loss_never_rises", root)
    assert not printed.fits and corrected.fits and logistic.fits and not normalised.fits
    alike, without, added = comparisons("weights_are_similarities", root)
    assert alike.fits and not without.fits and added.fits, "equation 12 leaves a term out"
    for name in ("normalising_cancels_the_meta_rate", "gradients_vanish_like_a_root"):
        found = comparisons(name, root)
        assert all(each.fits for each in found if each.counts)
    assert not any(each.fits for each in comparisons("normalising_cancels_the_meta_rate", root) if not each.counts)
