"""Ray and Dask distributed on machines that share nothing but a network; data is on S3."""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import machines_driver
import numpy as np
import pytest
from debian_packages import UnavailableError
from machines import OUTSIDE, Machines, install, wait_for

import graphwalk

pytest.importorskip("moto.server")
pytest.importorskip("s3fs")
pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[1]
S3_PORT = 5000

#: Seconds that a machine stands still.
STILL = 4.0


class Cluster:
    """A scheduler on the machine "head", which has no worker, and workers on two others."""

    def __init__(self, machines, scheduler):
        self.machines, self.scheduler = machines, scheduler
        self.port = {"ray": 6379, "distributed": 8786}[scheduler]
        self.folder = f"s3://{scheduler}"
        self._environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://{OUTSIDE}:{S3_PORT}",
        }
        self._workers = {}
        head = machines.addresses["head"]
        if scheduler == "ray":
            self.address = f"{head}:{self.port}"
            start = ["--head", f"--port={self.port}", "--num-cpus=0", "--include-dashboard=false"]
            self._start_ray("head", start)
        else:
            self.address = f"tcp://{head}:{self.port}"
            listen = ["--host", head, "--port", str(self.port), "--no-dashboard"]
            self._start("head", ["distributed.cli.dask_scheduler", *listen])
        for name in ("one", "two"):
            self.start_worker(name)

    def start_worker(self, name, python_path=ROOT):
        """Start a worker on a machine, which imports graphwalk from some folder."""
        if self.scheduler == "ray":
            self._start_ray(name, [f"--address={self.address}", "--num-cpus=1"], python_path)
            return
        own = ["--host", self.machines.addresses[name], "--nthreads=1", "--memory-limit=1GiB"]
        worker = ["distributed.cli.dask_worker", self.address, *own, "--no-dashboard"]
        self._start(name, worker, python_path)

    def _start_ray(self, name, options, python_path=ROOT):
        address = f"--node-ip-address={self.machines.addresses[name]}"
        store = "--object-store-memory=100000000"
        start = ["ray.scripts.scripts", "start", address, store, *options, "--block"]
        self._start(name, start, python_path)

    def _start(self, name, module, python_path=ROOT):
        self.machines.start_on(
            name,
            *(sys.executable, "-m", *module),
            env=self._environment | {"PYTHONPATH": str(python_path)},
            cwd="/",
        )

    def driver(self, job, workers=2, name="head", address=None):
        """Start a job of `machines_driver`, on the machine that has no worker if none is named."""
        script, address = str(ROOT / "tests" / "machines_driver.py"), address or self.address
        return self.machines.start_on(
            name,
            *(sys.executable, script, job, self.scheduler, address, str(workers), self.folder),
            env=self._environment,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, job, **how):
        """Run a job; return what it says first, or None."""
        driver = self.driver(job, **how)
        said = heard(driver)
        driver.communicate()
        return said


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    try:
        install(["ip"], ["iproute2"])
    except UnavailableError as reason:
        pytest.skip(str(reason))
    machines = Machines(tmp_path_factory.mktemp("cluster"), ["head", "one", "two", "three"])
    try:
        server = ["-m", "moto.server", "-H", OUTSIDE, "-p", str(S3_PORT)]
        machines.start_outside(sys.executable, *server)
        yield machines
    finally:
        machines.stop()


#: Ray takes long to start, and to notice that a machine has gone.
SCHEDULERS = [pytest.param("ray", marks=pytest.mark.slow), "distributed"]


@pytest.fixture(scope="module", params=SCHEDULERS)
def cluster(request, machines):
    url = f"http://{OUTSIDE}:{S3_PORT}/{request.param}"
    make = f"import urllib.request as r; r.urlopen(r.Request('{url}', method='PUT'))"

    def made():
        try:
            machines.in_network(sys.executable, "-c", make)
        except subprocess.CalledProcessError:  # the server is not there yet
            return False
        return True

    wait_for(made, "the bucket")
    return Cluster(machines, request.param)


@pytest.fixture(scope="module")
def graph():
    return graphwalk.build_zarr(machines_driver.edges(), num_nodes=machines_driver.NODES)


def test_results_are_those_of_one_process(cluster, graph):
    assert cluster.run("same") == machines_driver.results(graph)


@pytest.mark.parametrize("cluster", SCHEDULERS[:1], indirect=True)
def test_a_client_of_ray_is_no_machine_of_the_cluster(cluster, graph):
    client = f"ray://{cluster.machines.addresses['head']}:10001"
    assert cluster.run("same", name="three", address=client) == machines_driver.results(graph)


@pytest.mark.slow
def test_output_goes_on_where_a_driver_lost_power(cluster, graph):
    assert cluster.run("same")  # which builds the store; the test of it may not have run
    written, blocks = cluster.run("output"), cluster.run("resume")
    assert 0 < written < blocks
    options = {"endpoint_url": f"http://{OUTSIDE}:{S3_PORT}"}
    read = (
        "import zarr, machines_driver, sys; "
        f"walks = zarr.open('{cluster.folder}/walks.zarr', storage_options={options}, mode='r'); "
        "walks = walks['walks'] if hasattr(walks, 'keys') else walks; "
        "print(machines_driver.digest(walks[:]))"
    )
    found = cluster.machines.in_network(
        sys.executable,
        "-c",
        read,
        env=cluster._environment | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
    )
    expected = graphwalk.random_walks(graph, **machines_driver.RULES).compute()
    assert found.strip() == machines_driver.digest(expected)


def test_paths_that_other_machines_do_not_see(cluster):
    walked, scanned, written = cluster.run("unseen")
    for error in (walked, scanned):
        assert error.startswith("StoreError: /tmp/own.zarr: the graph is not seen on ")
    assert written.startswith("StoreError: /tmp/walks.npy")
    for error in (walked, scanned, written):
        assert all(name in error for name in names_of(cluster, "one", "two"))
    left = cluster.machines.left_in_tmp("head")
    assert not any(name.startswith("walks.npy") for name in left)


def test_a_machine_stands_still_disappears_and_joins(cluster, graph):
    driver = cluster.driver("iterate")
    assert heard(driver) == 2
    pids = cluster.machines.pids("two")
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    go_on(driver)
    time.sleep(STILL)  # this is the fault, and nothing is waited for
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    assert heard(driver) == 10
    cluster.machines.kill_machine("two")
    go_on(driver)
    assert heard(driver) == 20
    cluster.machines.start_machine("two")
    cluster.start_worker("two")
    go_on(driver)
    assert heard(driver) == 30
    go_on(driver)
    expected = graphwalk.random_walks(graph, num_walks=60, walk_length=20, seed=1).compute()
    found = hashlib.sha256(np.ascontiguousarray(expected)).hexdigest()
    assert heard(driver) == found
    assert driver.wait() == 0


def test_another_version_on_a_machine(cluster):
    other = cluster.machines.tmp("three") / "other"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "graphwalk", other / "graphwalk", ignore=ignored, dirs_exist_ok=True)
    (other / "graphwalk" / "_version.py").write_text('__version__ = "0.0.7"\n')
    cluster.start_worker("three", "/tmp/other")
    error = cluster.run("versions", workers=3)
    (name,) = names_of(cluster, "three")
    assert error.startswith(f"SchedulerError: {name}, where tasks are to run, has other versions")
    assert f"graphwalk 0.0.7, here {graphwalk.__version__}" in error


def names_of(cluster, *names):
    """Return the names under which a scheduler knows machines."""
    return names if cluster.scheduler == "ray" else [cluster.machines.addresses[n] for n in names]


def heard(driver):
    """Return what a driver says next; Ray too prints lines there."""
    for line in driver.stdout:
        with contextlib.suppress(json.JSONDecodeError):
            return json.loads(line)
    return None


def go_on(driver):
    driver.stdin.write("\n")
    driver.stdin.flush()
