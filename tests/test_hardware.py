"""What a device is set to before anything is trained on it."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

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
