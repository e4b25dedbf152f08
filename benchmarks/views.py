"""The strong view of IEG: image by image through PIL as its released code makes it, over whole batches."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks import released_views
from benchmarks.harness import PAIRS, Result, paired
from benchmarks.ours import as_trained
from lnl.learning.policies import sub_policies
from lnl.learning.strong_view import WIDTH, strong

BATCH = 100  # of IEG


def strong_view(pairs: int = PAIRS) -> Result:
    """Policy, crop, flip and cutout of a batch of CIFAR-sized weak views; either side draws numbers of its own."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (BATCH, 3, 32, 32), generator=generator) / 255
    views = (images.permute(0, 2, 3, 1).numpy() - np.float32(0.5)) * np.float32(2)
    policies = [[(s.operation, s.probability, s.level) for s in steps] for steps in sub_policies("autoaugment-95")]
    draw = np.random.RandomState(0)

    def one_by_one() -> int:
        for view in views:
            released_views.strong(view, policies[draw.choice(len(policies))], draw.rand(13))
        return BATCH

    def batched() -> int:
        with as_trained():
            for _ in range(10):  # a batch alone is too short for a clock
                strong(images, torch.rand(BATCH, WIDTH, generator=generator))
        return 10 * BATCH

    title = "strong view of CIFAR images (policy, crop, flip, cutout): PIL one by one over batches"
    return Result.of_pairs(
        "strong_view",
        title,
        paired(one_by_one, batched, pairs),
        "higher",
        3,
        note=f"an image, batch {BATCH}",
        scale="µs",
    )
