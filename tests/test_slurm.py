"""Jobs on a real Slurm: the scripts of examples/slurm, and what becomes of them when things fail."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import pyarrow.parquet as pq

import graphwalk
from slurm_cluster import SlurmCluster, Unavailable, descendants, install, wait_for

pytestmark = pytest.mark.slurm

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "slurm"
NODES = 20_000
#: What the examples say, and what each of them runs in these tests.
RULES = {"num_walks": 10, "walk_length": 80, "seed": 1}
SMALL = ["--cpus-per-task=1", "--mem=1500", "--time=10"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Return a folder that all nodes see, with the command `graphwalk` in it."""
    folder = tmp_path_factory.mktemp("shared")
    command = folder / "bin" / "graphwalk"
    command.parent.mkdir()
    command.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m graphwalk "$@"\n'
    )
    command.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def cluster(shared):
    try:
        install()
    except Unavailable as reason:
        pytest.skip(str(reason))
    cluster = SlurmCluster(shared / "cluster", nodes=2, cpus=2, memory=4000)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def graph(shared):
    edges = np.random.default_rng(1).integers(NODES, size=(2, 200_000))
    np.save(shared / "edges.npy", edges)
    return graphwalk.build_zarr(shared / "edges.npy", shared / "graph.zarr", num_nodes=NODES)


@pytest.fixture(scope="module")
def expected(graph):
    return graphwalk.random_walks(graph, **RULES).compute()


@pytest.fixture
def folder(shared, graph, tmp_path):
    """Return a folder for a job, with the graph and the examples in it; leave nothing on nodes."""
    folder = shared / tmp_path.name
    folder.mkdir()
    (folder / "graph.zarr").symlink_to(graph.path)
    for script in EXAMPLES.glob("*.*"):
        shutil.copy(script, folder)
    return folder


@pytest.fixture(autouse=True)
def nothing_is_left(cluster):
    yield
    cluster.wait_until_idle()
    for name in cluster.names:
        wait_for(lambda name=name: not cluster.processes(name), f"all of {name} to end", 10)
        assert cluster.ports(name) == set()
        assert cluster.left_in_tmp(name) == []


class Jobs:
    """Submit jobs in a folder."""

    def __init__(self, cluster, folder):
        self.cluster, self.folder = cluster, folder

    def __call__(self, *command):
        path = f"{self.folder.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return self.cluster.call(*command, cwd=self.folder, env={"PATH": path})

    def submit(self, script, *options):
        """Submit a script; options replace those that it asks for itself."""
        return self("sbatch", "--parsable", *SMALL, *options, str(script)).strip()

    def finish(self, job, state="COMPLETED"):
        """Wait for a job to end as it should; return what it printed."""
        found, log = self.cluster.wait(job), self.log(job)
        assert found == state, log
        return log

    def log(self, job):
        return "".join(file.read_text() for file in sorted(self.folder.glob(f"*-{job}*.log")))

    def blocks_done(self, output):
        folder = self.folder / f"{output}.partial" / "done"
        return len(list(folder.iterdir())) if folder.exists() else 0

    def wait_for_blocks(self, output, number):
        wait_for(lambda: self.blocks_done(output) >= number, f"{number} blocks", 60)


@pytest.fixture
def jobs(cluster, folder):
    return Jobs(cluster, folder)


def read(path):
    """Return the walks of a folder of Parquet files, all of one length."""
    parts = sorted(path.glob("part-*.parquet"))
    lists = [pq.read_table(part)["walk"].combine_chunks() for part in parts]
    return np.concatenate([part.flatten().to_numpy().reshape(len(part), -1) for part in lists])


def same(path, expected):
    ends = np.flatnonzero((expected < 0).any(axis=1))
    assert ends.size == 0, "some walks end"
    np.testing.assert_array_equal(read(path), expected)
    assert not path.with_name(f"{path.name}.partial").exists()


def edited(script, **values):
    """Change lines of a script as a person does."""
    text = script.read_text()
    for name, value in values.items():
        text, count = re.subn(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        assert count == 1
    script.write_text(text)
    return script


# -- the examples ------------------------------------------------------------------------------


def test_several_machines_by_ray(jobs, folder, expected):
    log = jobs.finish(jobs.submit("walks.sbatch", "--nodes=2"))
    assert "2 of 2 machines have joined" in log
    same(folder / "walks.parquet", expected)
    assert not list(folder.glob("ray-logs-*"))


def test_one_machine(jobs, folder, expected):
    jobs.finish(jobs.submit("one-machine.sbatch", "--cpus-per-task=2"))
    same(folder / "walks.parquet", expected)


def test_an_array_of_jobs(jobs, folder, expected):
    edited(folder / "array.sbatch", shares=5)
    log = jobs.finish(jobs.submit("array.sbatch", "--array=0-4"))
    wait_for((folder / "walks.parquet").exists, "the last share")
    same(folder / "walks.parquet", expected)
    assert log.count("is made of them when the other shares are there") <= 4
