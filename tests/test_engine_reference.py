"""The engine against plain loops over torch.optim, written from the papers' algorithms alone."""

from __future__ import annotations

import copy

import helpers
import pytest
import torch
import torch.nn.functional as F

from lnl.engine.loop import Training


def _start(built: Training) -> list[torch.nn.Module]:
    return [copy.deepcopy(m) for m in built.learner.population.modules]  # type: ignore[attr-defined]


def _batches(built: Training, epoch: int) -> list[torch.Tensor]:
    order = built.runs[0].streams.permutation(len(built.data.true), "order", epoch)
    return list(order[: built.steps * built.batches.size].view(built.steps, built.batches.size))


def _reference(built: Training, nets: list[torch.nn.Module], drop: dict[int, float]) -> None:
    """Algorithm 1 of Co-teaching (two networks), its one-network form (MentorNet), or plain training."""
    optimisers = [torch.optim.Adam(net.parameters(), lr=0.01, fused=True) for net in nets]
    images, given = built.data.images.float() / 255, built.runs[0].given
    for epoch in range(1, 4):
        for optimiser in optimisers:
            optimiser.param_groups[0]["lr"] = 0.01 if epoch < 2 else 0.01 * (4 - epoch) / 2
            optimiser.param_groups[0]["betas"] = (0.9 if epoch < 2 else 0.1, 0.999)
        for index in _batches(built, epoch):
            x, y = images[index], given[index]
            logits = [net(x) for net in nets]
            kept = int((1 - drop[epoch]) * len(index))
            small = [F.cross_entropy(z, y, reduction="none").argsort(stable=True)[:kept] for z in logits]
            teachers = small[::-1]  # one network: its own; two: the other's
            for z, chosen, optimiser in zip(logits, teachers, optimisers, strict=True):
                optimiser.zero_grad()
                F.cross_entropy(z[chosen], y[chosen]).backward()
                optimiser.step()


@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
@pytest.mark.parametrize(("method", "final"), [("standard", 0.0), ("mentornet", 0.5), ("coteaching", 0.5)])
def test_a_training_equals_the_plain_loop(method: str, final: float, network: str) -> None:
    built = helpers.build(method, helpers.spec(network))
    nets = _start(built)
    _reference(built, nets, {e: final * min(e / 9, 1) for e in range(1, 4)})
    built.run()
    for mine, theirs in zip(built.learner.population.modules, nets, strict=True):  # type: ignore[attr-defined]
        for (name, p), q in zip(mine.named_parameters(), theirs.parameters(), strict=True):
            if name.startswith("conv") and name.endswith("bias"):
                continue  # batch norm cancels it: its gradient is rounding, which Adam makes as large as any other
            torch.testing.assert_close(p, q, rtol=2e-4, atol=2e-5, msg=lambda m, name=name: f"{name}: {m}")


def test_networks_start_differently_and_methods_share_start_and_batches() -> None:
    one, two = helpers.build("standard", helpers.spec()), helpers.build("coteaching", helpers.spec())
    flat = two.learner.population.flat
    assert torch.equal(one.learner.population.flat[0], flat[0])
    assert not torch.equal(flat[0], flat[1])
    assert all(torch.equal(a, b) for a, b in zip(_batches(one, 3), _batches(two, 3), strict=True))


def test_cross_update_each_network_learns_from_the_other_s_small_losses() -> None:
    built = helpers.build("coteaching", helpers.spec())
    moment = built.begin_epoch(3)
    index = built.batches.order[:32]
    x, y = built.data.gather(index), built.runs[0].given[index]
    logits = built.learner.forward(x)
    outcome = built.methods[0].loss(logits, y.unsqueeze(0), moment)
    losses = F.cross_entropy(logits.flatten(0, 1), y.repeat(2), reduction="none").view(2, 32)
    kept = int(moment["kept"])
    for mine, other in ((0, 1), (1, 0)):
        chosen = losses[other].argsort()[:kept]
        assert outcome.loss[mine].item() == pytest.approx(losses[mine][chosen].mean().item(), rel=1e-6)
        (gradient,) = torch.autograd.grad(outcome.loss[mine], logits, retain_graph=True)
        outside = torch.ones(32, dtype=torch.bool)
        outside[chosen] = False
        assert gradient[mine][outside].abs().max() == 0 and gradient[other].abs().max() == 0


def test_nothing_is_evaluated_twice_and_every_test_image_counts() -> None:
    built = helpers.build("standard", helpers.spec())
    built.run()
    curves = built.curves[0]
    assert curves["epoch"] == [0, 1, 2, 3]
    assert curves["learning_rate"] == [None, 0.01, 0.01, 0.005]
    with torch.no_grad():
        scores = built.learner.population.modules[0](built.data.parts["test"][0].float() / 255)  # type: ignore[attr-defined]
    expected = (scores.argmax(-1) == built.data.parts["test"][1]).float().mean().item() * 100
    assert curves["test_accuracy"][0][-1] == pytest.approx(expected)
    assert curves["loss"][0][0] is None and curves["loss"][0][1] > 0


def test_metrics_are_those_of_the_training_forward() -> None:
    built = helpers.build("mentornet", helpers.spec())
    built.run()
    clean = built.runs[0].given == built.data.true
    curves = built.curves[0]
    share = clean.float().mean().item()
    given, right, wrong = (
        curves[k][0][-1] for k in ("train_accuracy_given", "clean_accuracy", "flipped_accuracy_given")
    )
    assert given == pytest.approx(share * right + (1 - share) * wrong, abs=0.3)
    assert curves["label_precision"][0][-1] > 100 * share
    assert curves["loss_auc"][0][-1] > 0.6
    drop = 0.5 * min(3 / 9, 1)
    assert curves["schedule"][-1] == pytest.approx(1 - drop)
    assert curves["kept_fraction"][0][-1] == pytest.approx(int((1 - drop) * 32) / 32)
