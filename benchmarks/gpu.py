"""`make bench-gpu`: what a GPU makes of the same trainings. No Snakemake, no downloads, one process; some five minutes.

    python -m benchmarks.gpu                everything
    python -m benchmarks.gpu mlp search     some sections
    python -m benchmarks.gpu --minutes 3    what can be begun within three minutes, the first sections first

Times are on the clock, the device idle before and after each piece of work; ratios by turns, median of at least seven.
Without a GPU `--device cpu` runs the same code (one pair, no replay), to see that it runs: its figures mean nothing.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import harness, ours
from benchmarks.harness import Result

OUT = ours.ROOT / "results" / "benchmarks-gpu"
SEARCH_EPOCHS, ROUNDS, CANDIDATES = 200, 5, 20
WORKERS = 4
SECTIONS = ("mlp", "search", "cnn9", "l2r", "ieg")
Work = Callable[[], object]


class Bench:
    """The sections, on one device, until the time `ends` (of time.monotonic)."""

    def __init__(self, device: str, folder: Path, ends: float) -> None:
        import torch

        from lnl.run.hardware import torch_device

        torch_device(device, deterministic=False)  # the precision that `lnl train` computes in
        self.torch, self.device, self.ends = torch, device, ends
        self.cuda = device == "cuda"
        self.pairs = 7 if self.cuda else 1
        self.problem = ours.Problem.lay_out(folder)

    # ---- measuring -------------------------------------------------------------------------------------------------

    def seconds(self, work: Work) -> float:
        self.wait()
        begin = time.perf_counter()
        work()
        self.wait()
        return time.perf_counter() - begin

    def wait(self) -> None:
        if self.cuda:
            self.torch.cuda.synchronize()

    def compare(
        self, key: str, title: str, a: Work, b: Work, better: str, need: float | None = None, *, what: str = ""
    ) -> Result:
        """Time of a over time of b, by turns, after one pair that does not count; fewer pairs where the time ends."""
        times: list[tuple[float, float]] = []
        self.seconds(a), self.seconds(b)
        while not times or (len(times) < self.pairs and time.monotonic() < self.ends):
            times.append((self.seconds(a), self.seconds(b)))
        one, other = (statistics.median(side) for side in zip(*times, strict=True))
        note = f"{1e3 * one:.1f} and {1e3 * other:.1f} ms {what}".strip()
        ratios = [x / y for x, y in times]
        return Result.of_values(key, title, ratios, "x", better, need, note=note, ratio=True)

    def training(self, method: str, runs: int = 0, replayed: bool = False, test: bool = True, **changes: Any) -> Any:
        from lnl.engine.replay import Replay

        running = ours.training(self.problem, method, test=test, runs=runs, device=self.device, **changes)
        running.replay = Replay(running) if replayed and self.cuda else None
        return running

    def epoch(self, running: Any, count: int = 1) -> Callable[[], None]:
        """Epochs with their evaluation; each has a number of its own, as the loop's have."""
        running.position.epoch = ours.EPOCH

        def work() -> None:
            for _ in range(count):
                running.position.epoch += 1
                moment = running.begin_epoch(running.position.epoch % SEARCH_EPOCHS)
                for step in range(running.steps):
                    running.step(step, moment)
                running.end_epoch(moment)

        return work

    # ---- sections --------------------------------------------------------------------------------------------------

    def mlp(self) -> Iterator[Result]:
        """One cell, replayed steps, five repeats as a stack."""
        eager, one = (self.epoch(self.training("coteaching", replayed=replayed)) for replayed in (False, True))
        five = self.epoch(self.training("coteaching", 5, replayed=True))
        title = "MNIST MLP, Co-teaching, epoch with evaluation:"
        released = f"{title} released loop with {WORKERS} workers over ours"
        yield self.compare("gpu_replay", f"{title} steps one by one over replayed", eager, one, "higher", 3)
        yield self.compare("gpu_repeats", f"{title} five repeats in a stack over one", five, one, "lower", 1.5)
        yield self.compare("gpu_released", released, self.released(), one, "higher", 20)

    def released(self) -> Callable[[], None]:
        """An epoch and its evaluations by the released loop, batches moved to the device one by one."""
        from benchmarks import released_loops as loops

        warnings.filterwarnings("ignore", message="This DataLoader will create", category=UserWarning)
        device = self.device
        train = loops.train_loader(self.problem.folder, self.problem.given.tolist(), WORKERS)
        test = loops.evaluation_loader(self.problem.folder, WORKERS)
        networks = [loops.MLP().to(device) for _ in range(2)]
        optimisers = [loops.adam(network) for network in networks]

        class Moved:
            def __init__(self, loader: Any, labels: bool) -> None:
                self.loader, self.labels = loader, labels

            def __iter__(self) -> Iterator[Any]:
                for x, y, index in self.loader:
                    yield x.to(device), y.to(device) if self.labels else y, index

        def work() -> None:
            loops.train_coteaching(networks, optimisers, Moved(train, True), self.problem.is_clean, 0.45, ours.STEPS)
            for network in networks:
                loops.evaluate(network, Moved(test, False))

        return work

    def search(self) -> Iterator[Result]:
        """The trainings of S2E's search at its full budget: five rounds of a stack of twenty candidates."""
        stack = self.training("coteaching", CANDIDATES, replayed=True)
        one = self.epoch(stack)
        self.seconds(one)
        times: list[float] = []
        most = SEARCH_EPOCHS if self.cuda else 1
        while not times or (len(times) < most and time.monotonic() < self.ends):
            times.append(self.seconds(one))
        seconds = ROUNDS * SEARCH_EPOCHS * statistics.mean(times)
        title = f"MNIST search of {ROUNDS} rounds x {CANDIDATES} candidates x {SEARCH_EPOCHS} epochs: its trainings"
        note = f"{len(times)} epochs of one round measured, times {ROUNDS * SEARCH_EPOCHS / len(times):.4g}"
        yield Result.of_values("gpu_search", title, [seconds], "s", "lower", 360, note=note)

    def cnn9(self) -> Iterator[Result]:
        """The nine-layer network in bfloat16 over single precision, and the share of the matrix rate it reaches."""
        from torch.utils.flop_counter import FlopCounterMode

        cell, batch = "coteaching/mnist/pair-45/coteaching", {"size": 128 if self.cuda else 2, "steps_cap": 400}
        plain, fast, replayed = (
            self.training("coteaching", replayed=again, cell=cell, test=False, arithmetic=kind, batch=batch)
            for kind, again in (("faithful", False), ("fast", False), ("fast", True))
        )
        with FlopCounterMode(display=False) as counted:
            fast.step(0, fast.begin_epoch(ours.EPOCH))
        steps = 30 if self.cuda else 1
        slow, eager, quick = (self.some_steps(running, steps) for running in (plain, fast, replayed))
        title, what = "nine-layer CNN, Co-teaching:", f"for {steps} steps"
        both = f"{title} step in single precision over bfloat16, channels-last and replayed"
        yield self.compare("gpu_cnn9", both, slow, quick, "higher", 2, what=what)
        alone = f"{title} the same steps one by one over replayed"
        yield self.compare("gpu_cnn9_replay", alone, eager, quick, "higher", 1, what=what)
        yield self.share("gpu_cnn9_share", title, counted.get_total_flops() * steps, quick)

    def l2r(self) -> Iterator[Result]:
        """Learning to Reweight's step on its LeNet: over a plain one, and one by one over replayed."""
        length = {"steps": 10**6, "period": 1000, "paper_steps": 10**6, "paper_period": 1000, "clock": "scaled"}
        cell, sets = "l2r-imbalance/mnist49/clean/standard", {"clean": {"count": 100, "balanced": True}}
        steps, title = 200 if self.cuda else 2, "Learning to Reweight, LeNet, batch 100:"
        usual: dict[str, Any] = {"cell": cell, "length": length, "sets": sets, "test": False}
        plain = self.some_steps(self.training("standard", replayed=True, **usual), steps)
        for clean in (10, 100):
            usual["cell"], usual["parameters"] = cell.replace("standard", "l2r"), {"clean_batch": clean}
            eager, one = (self.some_steps(self.training("l2r", replayed=r, **usual), steps) for r in (False, True))
            step = f"{title} step with {clean} clean images"
            yield self.compare(
                f"gpu_l2r_{clean}", f"{step} over a plain step", one, plain, "lower", what=f"for {steps}"
            )
            yield self.compare(f"gpu_l2r_{clean}_replay", f"{step} one by one over replayed", eager, one, "higher", 2)

    def ieg(self) -> Iterator[Result]:
        """IEG's step on ResNet-29, over a plain one and one by one over replayed; what WRN-28-10 makes of the card."""
        from torch.utils.flop_counter import FlopCounterMode

        from benchmarks import compared
        from lnl.engine.replay import Replay

        def training(method: str, replayed: bool, **changes: Any) -> Any:
            running = compared.training(method, 100 if self.cuda else 2, device=self.device, **changes)
            running.replay = Replay(running) if replayed and self.cuda else None
            return running

        steps, title = 10 if self.cuda else 1, "IEG, ResNet-29, batch 100:"
        eager, one = (self.some_steps(training("ieg-small", replayed), steps) for replayed in (False, True))
        yield self.compare("gpu_ieg_replay", f"{title} steps one by one over replayed", eager, one, "higher", 2)
        plain = self.some_steps(training("standard", True), steps)
        yield self.compare("gpu_ieg", f"{title} step over a plain one, both replayed", one, plain, "lower", 9)
        yield self.layouts(training("standard", False))
        wide = {"network": "ieg_wrn28_10" if self.cuda else "wrn28_2", "arithmetic": "fast"}
        with FlopCounterMode(display=False) as counted:
            once = training("standard", False, **wide)
            once.step(0, once.begin_epoch(ours.EPOCH))
        work = self.some_steps(training("standard", True, **wide), steps)
        yield self.share("gpu_wrn_share", "WRN-28-10, Standard, batch 100:", counted.get_total_flops() * steps, work)

    def layouts(self, running: Any) -> Result:
        """Forward and backward of images as crops leave them, over the same images in the papers' layout."""
        from lnl.learning.selection import cross_entropy

        running.begin_epoch(ours.EPOCH)
        batch, learner = running.batches.batch(0), running.learner

        def on(images: Any) -> Work:
            return lambda: learner.gradient(
                cross_entropy(learner.forward(images, batch.uniform), batch.labels).mean(-1)
            )

        title = "ResNet-29, single precision, batch 100: channels-last, as crops come, over the other layout"
        return self.compare("gpu_layout", title, on(batch.x), on(batch.x.contiguous()), "lower", 1)

    def share(self, key: str, title: str, flops: float, work: Work) -> Result:
        """Share of the matrix rate that `work` of so many floating-point operations reaches."""
        self.seconds(work)
        rate = flops / statistics.median(self.seconds(work) for _ in range(self.pairs))
        most = self.matrix_rate()
        share = f"{title} share of the bfloat16 matrix rate measured beside it"
        note = f"{rate / 1e12:.0f} of {most / 1e12:.0f} TFLOP/s"
        return Result.of_values(key, share, [100 * rate / most], "%", "higher", 25, note=note)

    def some_steps(self, running: Any, count: int) -> Work:
        """The next `count` steps of one epoch, again and again, so that one recording serves them all."""
        moment, at = running.begin_epoch(ours.EPOCH), itertools.cycle(range(running.steps))

        def work() -> None:
            for number in itertools.islice(at, count):
                running.step(number, moment)

        return work

    def matrix_rate(self) -> float:
        """bfloat16 FLOP/s of one large product."""
        torch, size = self.torch, 8192 if self.cuda else 256
        a, b = (torch.randn(size, size, device=self.device, dtype=torch.bfloat16) for _ in range(2))
        out = torch.empty_like(a)
        times = [self.seconds(lambda: [torch.mm(a, b, out=out) for _ in range(10)]) / 10 for _ in range(6)]
        return float(2 * size**3 / statistics.median(times[1:]))


def measure(bench: Bench, names: list[str], out: Path) -> tuple[list[Result], list[str]]:
    """Results of the sections that could be begun in time, and the names of those that failed; the results so far are
    printed and written whenever there is one more."""
    results: list[Result] = []
    failed: list[str] = []
    for name in names:
        if time.monotonic() > bench.ends:
            print(f"no time is left for {name}", flush=True)
            continue
        try:
            for result in getattr(bench, name)():
                results.append(result)
                print(harness.markdown([result]).splitlines()[-1], flush=True)
                harness.write(results, out)
        except Exception:  # the sections after it still run: time on such a machine is short
            traceback.print_exc()
            failed.append(name)
    return results, failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("sections", nargs="*", metavar="section", help=f"{', '.join(SECTIONS)}; none: all of them")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--minutes", type=float, default=60, help="after that long nothing more is begun")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of bench.json and bench.md")
    given = parser.parse_args()
    if unknown := [name for name in given.sections if name not in SECTIONS]:
        parser.error(f"unknown section {unknown[0]!r}; choose from {', '.join(SECTIONS)}")
    ends = time.monotonic() + 60 * given.minutes

    import torch

    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("torch sees no GPU here; `--device cpu` shows that the code runs, and no more")
    with tempfile.TemporaryDirectory(prefix="lnl-bench-") as folder:
        bench = Bench(given.device, Path(folder), ends)
        results, failed = measure(bench, given.sections or list(SECTIONS), given.out)
    print(harness.markdown(results))
    about = torch.cuda.get_device_name() if bench.cuda else "cpu: no figure here means anything"
    print(about, *(f"FAILED: {name}" for name in failed), sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
