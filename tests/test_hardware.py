"""What a device is set to before anything is trained on it."""

from __future__ import annotations

import platform
import subprocess
import sys

import helpers
import pytest
import torch

from lnl.engine.population import Stacked
from lnl.networks import build
from lnl.run.hardware import as_before, torch_device

CODE = """
import resource, torch
from lnl.run.hardware import torch_device
torch_device('cpu', deterministic=False)
faults = []
for _ in range(4):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.empty(16_000_000).fill_(1.0)  # 64 MB, as a step of a large network allocates and frees it
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(min(faults[1:]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left as they are")
def test_memory_that_a_step_frees_is_there_for_the_next() -> None:
    faults = int(subprocess.check_output([sys.executable, "-c", CODE], text=True))
    assert faults < 10  # 16,000 pages otherwise, or 32 huge ones


def test_a_gpu_multiplies_and_convolves_in_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch's default rounds the operands of convolutions to TF32, ten bits; `faithful` says single precision."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    with as_before():
        assert torch_device("auto", deterministic=False).type == "cuda"
        assert torch.get_float32_matmul_precision() == "highest"
        assert not torch.backends.cudnn.allow_tf32
    assert torch.backends.cudnn.allow_tf32


@pytest.mark.parametrize("network", ["digits_cnn", "cifar100_cnn", "resnet32"])
def test_a_stack_of_networks_with_statistics_lies_wholly_on_its_device(network: str) -> None:
    """The device `meta` stands in for a GPU: it, too, refuses tensors of another."""
    shape = (3, 32, 32)
    modules = [[build(network, shape, helpers.CLASSES)] for _ in range(2)]
    stack = Stacked(modules, [[{}], [{}]], torch.device("meta"))
    assert {tensor.device.type for tensor in (stack.flat, *stack.buffers.values())} == {"meta"}
    assert stack.forward(torch.empty(2, 4, *shape, device="meta"), None, "frozen").shape == (2, 1, 4, helpers.CLASSES)
