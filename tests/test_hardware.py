"""What a device is set to before anything is trained on it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import helpers
import pytest
import torch

from lnl.engine.population import Stacked
from lnl.errors import UserError
from lnl.files.locks import Lock
from lnl.networks import build
from lnl.run import hardware
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


# ---- a GPU for every job -------------------------------------------------------------------------------------------


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A host of two GPUs, and its temporary folder."""
    monkeypatch.setattr(hardware, "gpu_count", lambda: 2)
    monkeypatch.setattr(hardware, "_lease", None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("LNL_SLOTS_PER_GPU", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # so that it is undone in the end
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")


def _next(monkeypatch: pytest.MonkeyPatch) -> tuple[str, Lock | None]:
    """The GPU that another job would see, and what it holds."""
    monkeypatch.setattr(hardware, "_lease", None)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    hardware.lease_gpu("auto")
    return os.environ.get("CUDA_VISIBLE_DEVICES", "none"), hardware._lease


@pytest.mark.parametrize(("slots", "seen"), [(1, ["0", "1"]), (2, ["0", "1", "0", "1"])])
def test_every_job_has_a_gpu_of_its_own_until_all_are_taken(
    two_gpus: None, monkeypatch: pytest.MonkeyPatch, slots: int, seen: list[str]
) -> None:
    monkeypatch.setenv("LNL_SLOTS_PER_GPU", str(slots))
    leases = [_next(monkeypatch) for _ in seen]
    assert [gpu for gpu, _ in leases] == seen, "no GPU has a second job while another one has none"
    with pytest.raises(UserError, match="all 2 GPUs of this machine are taken"):
        _next(monkeypatch)
    assert leases[1][1] is not None
    leases[1][1].release()
    assert _next(monkeypatch)[0] == "1"


def test_a_job_takes_no_gpu_twice_nor_where_it_needs_none(two_gpus: None, monkeypatch: pytest.MonkeyPatch) -> None:
    hardware.lease_gpu("cpu")
    assert hardware._lease is None and "CUDA_VISIBLE_DEVICES" not in os.environ
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")  # a scheduler has assigned it
    hardware.lease_gpu("cuda")
    assert hardware._lease is None and os.environ["CUDA_VISIBLE_DEVICES"] == "7"
    first, lease = _next(monkeypatch)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    hardware.lease_gpu("cuda")
    assert first == "0" and hardware._lease is lease and "CUDA_VISIBLE_DEVICES" not in os.environ


def test_gpus_are_counted_and_their_parts_are_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    listing = ("GPU 0: NVIDIA H200 (UUID: GPU-1)", "  MIG 1g.18gb Device 0: (UUID: MIG-2)", "GPU 1: NVIDIA H200")
    asked = tmp_path / "nvidia-smi"
    asked.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in listing))
    asked.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert hardware.gpu_count() == 2
    asked.unlink()
    assert hardware.gpu_count() == 0


def test_a_cpu_has_one_thread_and_takes_denormals_as_zero_for_as_long_as_it_is_asked() -> None:
    small = torch.tensor(1e-40)
    torch.set_num_threads(2)
    with as_before():
        assert torch_device("cpu", deterministic=False).type == "cpu"
        assert torch.get_num_threads() == 1 and float(small * 0.5) == 0.0
    assert torch.get_num_threads() == 2 and float(small * 0.5) > 0
    torch.set_num_threads(1)
