"""The profiles; and, with `pytest -m slurm`, the smoke DAG on a real Slurm: one node on the loopback address.

The tests start it and end it (tests/slurm/one_node_cluster.sh): all they need is root and, on Debian or Ubuntu,
`apt-get install --no-install-recommends slurmd slurmctld slurm-client munge`. `make slurm` runs them
all, `make slurm ONLY='-k in_short'` one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from suite_copy import SCALE, SuiteCopy

from lnl.declared import paths
from lnl.declared.suite import Suite

ROOT = Path(__file__).resolve().parent.parent
CLUSTER = ROOT / "tests/slurm/one_node_cluster.sh"
PROFILES = sorted((ROOT / "workflow/profiles").glob("*/config.yaml"))
SUITE = ("Snakefile", "workflow", "config", "tables", "figures", "claims", "methods", "lnl", "environment.yml")
TABLE = "tutorial_mnist_accuracy"
STACKED = "s2e/digits/symmetric-50/coteaching"  # two repeats in suite_copy's table
SLURM = (
    *("--workflow-profile", "workflow/profiles/slurm"),
    *("--slurm-status-command", "squeue"),  # there is no accounting database
    *("--slurm-init-seconds-before-status-checks", "5"),
)
ON_SLURM = (*SLURM, "--config", "scale=smoke", "device=auto")  # the GPUs are pretended


# The profiles


@pytest.fixture(params=PROFILES, ids=lambda file: file.parent.name)
def profile(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_a_profile_repeats_what_holds_for_everyone(profile: Path) -> None:
    # naming a profile replaces profiles/default, so that what it leaves out would be lost
    everyone = yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text())
    del everyone["cores"]
    here = yaml.safe_load(profile.read_text())
    assert {key: here.get(key) for key in everyone} == everyone


def test_a_profile_configures_the_suite_through_a_file(profile: Path) -> None:
    here = yaml.safe_load(profile.read_text())
    assert "config" not in here  # dropped as soon as somebody says --config on the command line
    known = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    if "configfile" in here:
        assert set(yaml.safe_load((profile.parent / here["configfile"]).read_text())) <= set(known)


# Slurm


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    """The environment in which a one-node cluster with two pretended GPUs is found."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # munge wants its socket at a short path that anybody can reach
    environment = os.environ | {"LNL_SLURM_CPUS": "2", "LNL_SLURM_GPUS": "2", "OMP_NUM_THREADS": "1"}
    subprocess.run([CLUSTER, "start", folder], env=environment, check=True)
    path = os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), environment["PATH"]])
    try:
        yield environment | {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": path}
    finally:
        subprocess.run([CLUSTER, "stop", folder], env=environment, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def checkout(folder: Path) -> Path:
    """A copy of the suite, which runs from its own code: minutes pass, and this one may be edited meanwhile."""
    folder.mkdir()
    for name in SUITE:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    return folder


def snakemake(folder: Path, environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "-m", "snakemake", *arguments]
    environment = environment | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def results(folder: Path) -> dict[str, Any]:
    """The part of every record that has to be the same."""
    cells = next(folder.glob("results/*/cells"))
    return {str(file.relative_to(cells)): json.loads(file.read_text())["result"] for file in cells.rglob("seed*.json")}


def jobs(environment: dict[str, str]) -> list[list[str]]:
    """Of every training job that Slurm remembers, oldest first: number, state, GPUs asked for, start and end."""
    columns = "JobID:.10,State:.12,tres-per-job:.20,StartTime:.22,EndTime:.22,Comment:.200"
    command = ["squeue", "--states=all", "--noheader", "-O", columns]
    lines = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted((line.split() for line in lines if "rule_train" in line), key=lambda job: int(job[0]))


@pytest.fixture(scope="module")
def local(cluster: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same target, run without Slurm."""
    folder = checkout(tmp_path_factory.mktemp("local") / "suite")
    snakemake(folder, cluster, TABLE, "--workflow-profile", "workflow/profiles/smoke")
    return folder


@pytest.mark.slurm
def test_in_short_a_stack_of_repeats_is_trained_and_published(cluster: dict[str, str], tmp_path: Path) -> None:
    suite = SuiteCopy.make(tmp_path / "suite")
    target = f"results/demo/cells/{STACKED}/seed2.json"
    snakemake(suite.root, cluster, target, "--cores", "1", "--config", "device=cpu")
    alone = results(suite.root)
    shutil.rmtree(suite.root / "results/demo")
    (suite.root / "config/scales/demo.yaml").write_text(yaml.safe_dump(SCALE | {"mode": {"cpu": "stacked"}}))
    snakemake(suite.root, cluster, target, *SLURM, "--config", "scale=demo", "device=cpu")
    assert results(suite.root) == alone
    record = json.loads((suite.root / target).read_text())
    assert record["provenance"]["mode"] == "stacked"


@pytest.mark.slurm
def test_the_smoke_dag_gives_the_same_results_on_slurm(cluster: dict[str, str], local: Path, tmp_path: Path) -> None:
    demanded = Suite.load(ROOT, {"scale": "smoke"}, validate=False).demand(TABLE)
    before = len(jobs(cluster))
    suite = checkout(tmp_path / "suite")
    snakemake(suite, cluster, TABLE, *ON_SLURM)
    assert {paths.record("smoke", run.cell.id, run.seed) for run in demanded} <= {
        f"results/smoke/cells/{name}" for name in results(suite)
    }
    assert results(suite) == results(local)
    for suffix in ("csv", "md", "tex", "html"):
        rendered = f"results/smoke/tables/{TABLE}.{suffix}"
        assert (suite / rendered).read_bytes() == (local / rendered).read_bytes()
    assert [job[1:3] for job in jobs(cluster)[before:]] == [["COMPLETED", "gres:gpu:1"]] * len(results(local))


@pytest.mark.slurm
def test_a_killed_head_and_its_orphans_end_in_the_same_results(
    cluster: dict[str, str], local: Path, tmp_path: Path
) -> None:
    suite = checkout(tmp_path / "suite")
    wanted = sorted(results(local))[:3]
    targets = [f"results/smoke/cells/{name}" for name in wanted]
    with (tmp_path / "head.log").open("w") as log:
        command = [sys.executable, "-m", "snakemake", *targets, *ON_SLURM]
        head = subprocess.Popen(command, cwd=suite, env=cluster | {"PYTHONPATH": str(suite)}, stdout=log, stderr=log)
        deadline = time.monotonic() + 120
        while not any(job[1] == "RUNNING" for job in jobs(cluster)):
            assert head.poll() is None, (tmp_path / "head.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        head.send_signal(signal.SIGKILL)
        head.wait()
    assert any(job[1] in ("RUNNING", "PENDING") for job in jobs(cluster))  # Slurm goes on without a head
    snakemake(suite, cluster, *targets, *ON_SLURM)
    assert results(suite) == {name: results(local)[name] for name in wanted}


@pytest.mark.slurm
def test_the_gpu_resource_caps_the_queue(cluster: dict[str, str], local: Path, tmp_path: Path) -> None:
    suite = checkout(tmp_path / "suite")
    targets = [f"results/smoke/cells/{name}" for name in sorted(results(local))[:2]]
    snakemake(suite, cluster, *targets, "--resources", "gpu=1", *ON_SLURM)
    first, second = jobs(cluster)[-2:]
    assert first[4] <= second[3]  # two GPUs and two processors were free, one job at a time was submitted
