"""The supervised baseline with learned augmentation: its update is plain SGD's on the strong view of the batch."""

from __future__ import annotations

import helpers
import pytest
import torch
import torch.nn.functional as F

from lnl.learning.strong_view import strong

PLAIN_SGD = {"name": "sgd", "lr": 0.05, "schedule": "constant"}


@pytest.mark.parametrize("policy", ["imagenet-v0", "autoaugment-25"])
def test_an_update_is_that_of_the_augmented_batch(policy: str) -> None:
    described = helpers.spec("digits_cnn", augment="crop-flip", batch={"size": 8, "steps_cap": None})
    built = helpers.build(
        "supervised", {**described, "optimiser": PLAIN_SGD}, parameters=[{"average": 0.9, "policy": policy}]
    )
    moment = built.begin_epoch(0)
    batch, learner = built.batches.batch(0), built.learner
    learner.take({"lr": 0.05})
    theta = learner.vector().clone().requires_grad_()
    seen = strong(batch.x, batch.random["policy"], policy, cutout=False, cropped=True)
    assert not torch.equal(seen, batch.x)
    (slope,) = torch.autograd.grad(F.cross_entropy(learner.call(0, theta, seen, "batch"), batch.labels[0]), theta)
    outcome = built.methods[0].step(learner, batch, moment)
    torch.testing.assert_close(learner.vector(), theta.detach() - 0.05 * slope, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(outcome.logits[0], learner.call(0, theta, seen, "batch"), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("most", [0.2, 0.999])
def test_it_is_judged_by_the_average_of_its_weights_by_the_plain_loops_count(most: float) -> None:
    """Plain SGD beside it; the average keeps min(most, (1 + n) / (10 + n)) of itself at update n, as released."""
    described = {**helpers.spec("digits_cnn", batch={"size": 32, "steps_cap": None}), "optimiser": PLAIN_SGD}
    built = helpers.build("supervised", described, parameters=[{"average": most}])
    average = built.learner.vector().clone()
    built.run(until=1)  # the untrained network, which is its own average
    moment = built.begin_epoch(1)
    for number in range(built.steps):
        batch = built.batches.batch(number)
        theta = built.learner.vector().clone().requires_grad_()
        logits = built.learner.call(0, theta, batch.x, "batch")
        (slope,) = torch.autograd.grad(F.cross_entropy(logits, batch.labels[0]), theta)
        built.step(number, moment)
        now = theta.detach() - 0.05 * slope
        torch.testing.assert_close(built.learner.vector(), now, rtol=1e-5, atol=1e-6)
        kept = min(most, (2 + number) / (11 + number))
        average = kept * average + (1 - kept) * now
    built.end_epoch(moment)
    images, labels = built.data.parts["test"]
    with torch.no_grad():
        wanted = built.learner.call(0, average, images.float() / 255, "frozen")
        of_the_last = built.learner.call(0, now, images.float() / 255, "frozen")
    found = built.methods[0].predict(built.learner, images.float() / 255, None)[0]
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(found, of_the_last, atol=1e-3)
    accuracy = 100 * (wanted.argmax(-1) == labels).float().mean().item()
    assert built.curves[0]["test_accuracy"][0][-1] == pytest.approx(accuracy)


def test_without_one_it_asks_for_no_numbers() -> None:
    built = helpers.build("supervised", helpers.spec("digits_cnn"), parameters=[{"average": 0.9}])
    built.begin_epoch(0)
    assert built.batches.batch(0).random == {}


def test_it_is_judged_by_the_average_of_its_weights_with_running_statistics() -> None:
    """After n updates the average keeps (1 + n) / (10 + n) of itself, and at most `average`; each image is judged by
    itself."""
    built = helpers.build("supervised", helpers.spec("digits_cnn", optimiser=PLAIN_SGD), parameters=[{"average": 0.3}])
    learner, moment = built.learner, built.begin_epoch(0)
    average = learner.vector().clone()
    for number in range(4):
        built.step(number, moment)
        keep = min(0.3, (2 + number) / (11 + number))
        average = keep * average + (1 - keep) * learner.vector()
    torch.testing.assert_close(learner.state["average"], average, rtol=1e-5, atol=1e-7)
    x, _ = next(iter(built.data.part("test")))
    with torch.no_grad():
        wanted = torch.cat([learner.call(0, average, image[None], "frozen") for image in x])
        found = built.methods[0].predict(learner, x, None)[0]
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
        assert not torch.allclose(found, learner.forward(x, None, "frozen")[0], atol=1e-3)
