"""Device, threads and GPU lease of a job. The lease is taken before torch is imported."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lnl.declared import environment
from lnl.errors import UserError
from lnl.files.locks import Busy, Lock

if TYPE_CHECKING:
    import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
_lease: Lock | None = None


def gpu_count() -> int:
    """GPUs of this host, without importing torch; 0 where nvidia-smi is missing or fails."""
    if not shutil.which("nvidia-smi"):
        return 0
    listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    return sum(line.startswith("GPU ") for line in listing.stdout.splitlines())


def lease_gpu(device: str) -> None:
    """Take a free GPU of this host for this process, by a lock file per slot, and make it the only visible one.

    Snakemake counts GPUs but does not assign them. Does nothing where a scheduler has assigned one already
    (CUDA_VISIBLE_DEVICES is set), for device cpu, or without a GPU. LNL_SLOTS_PER_GPU runs share a GPU (default 1).
    """
    global _lease
    if device == "cpu" or "CUDA_VISIBLE_DEVICES" in os.environ or _lease is not None:
        return
    count = gpu_count()
    folder = Path(tempfile.gettempdir()) / f"lnl-gpu-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for slot in range(int(environment.known("LNL_SLOTS_PER_GPU"))):
        for gpu in range(count):
            lock = Lock(folder / f"gpu{gpu}-slot{slot}.lock")
            try:
                lock.acquire(timeout=0)
            except Busy:
                continue
            _lease = lock
            os.environ["CUDA_VISIBLE_DEVICES"] = str(gpu)
            return
    if count:
        raise UserError(
            f"all {count} GPUs of this machine are taken by other runs; start fewer jobs at once "
            "(`--resources gpu=N`, as workflow/profiles/local does), raise LNL_SLOTS_PER_GPU, or use device=cpu"
        )


def torch_device(device: str, deterministic: bool) -> torch.device:
    """The device to train on; on a CPU one thread, denormals as zero. UserError where CUDA is wanted and missing."""
    import torch

    torch.set_num_threads(1)  # two jobs that both take every thread run up to 50 times slower
    # Adam's second moments of pixels that are hardly ever lit decay into denormals, on which a square root takes thirty
    # times as long
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision("medium" if onednn_is_single_precision() else "highest")
    cuda = torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise UserError("device cuda: torch sees no GPU here; use device=auto or device=cpu, or see `lnl doctor`")
    if deterministic and cuda and device != "cpu":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    if cuda and device != "cpu":
        torch.set_float32_matmul_precision("highest")  # on a GPU every lower setting rounds to TF32 or bfloat16
        torch.backends.cudnn.allow_tf32 = False  # convolutions have a setting of their own, and torch's default rounds
        return torch.device("cuda")
    keep_freed_memory()
    return torch.device("cpu")


@contextmanager
def as_before() -> Iterator[None]:
    """After the block, what `torch_device` sets for a whole process is as it was: the process is not only ours."""
    import torch

    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    rounded = torch.backends.cudnn.allow_tf32
    determined = torch.are_deterministic_algorithms_enabled()
    denormals = float(torch.tensor(1e-310, dtype=torch.float64) * 1.0) != 0.0
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision(precision)
        torch.backends.cudnn.allow_tf32 = rounded
        torch.use_deterministic_algorithms(determined)
        torch.set_flush_denormal(not denormals)


def keep_freed_memory() -> None:
    """Let the C library keep the large blocks that every step frees and asks for again.

    Handed back to the system, they come as new pages each time: a fifth of a step of the nine-layer CNN. Does nothing
    where the C library is not glibc.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        for parameter in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD):
            library.mallopt(parameter, 2**31 - 1)


def onednn_is_single_precision() -> bool:
    """Whether this CPU's oneDNN matrix products, up to twice as fast, are true single precision.

    Precision "medium" sends products to oneDNN, which rounds to bfloat16 where the CPU can multiply that (error about
    2e-3 against float64) and computes in single precision elsewhere (about 3e-7). A fact of the machine, not a timing.
    """
    import torch

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        for rows, inner, columns in ((128, 784, 256), (256, 128, 784), (64, 256, 10)):
            a = torch.sin(torch.arange(rows * inner, dtype=torch.float64)).view(rows, inner)
            b = torch.cos(torch.arange(inner * columns, dtype=torch.float64)).view(inner, columns)
            a, b = a.float().double(), b.float().double()
            exact = a @ b
            if (a.float() @ b.float() - exact).norm() > 1e-6 * exact.norm():
                return False
    finally:
        torch.set_float32_matmul_precision(before)
    return True
