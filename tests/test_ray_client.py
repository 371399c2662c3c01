"""A driver that is no part of the cluster connects to it as Ray's client."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("ray")
pytest.importorskip("grpc", reason="Ray's client needs grpcio")
pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]  # Ray starts and ends in it

JOBS = """
import sys
import graphwalk
import numpy as np
import zarr

folder, address = sys.argv[1:]
edges = np.random.default_rng(2).integers(0, 2000, (2, 20_000))
graph = graphwalk.build_zarr(edges, folder + "/graph.zarr", progress=False)
rules = {"num_walks": 2, "walk_length": 9, "seed": 5, "chunks": 500}

def results():
    whole = graphwalk.random_walks(graph, **rules)
    yield whole.compute()
    yield whole[:100].compute()
    yield graphwalk.random_walks(graph, **rules, partitions=4).compute()
    yield zarr.open(graphwalk.write_walks(whole, folder + "/walks.zarr", overwrite=True))[:]
    yield graphwalk.visit_counts(graph, **rules).compute()
    yield graphwalk.pagerank(graph).compute()
    temporary = graphwalk.build_zarr(edges)
    yield graphwalk.random_walks(temporary, **rules).compute()

expected = [np.asarray(result) for result in results()]
with graphwalk.scheduler.use("ray", address=address):
    for there, here in zip(results(), expected, strict=True):
        np.testing.assert_array_equal(there, here)
print("the same")
"""


@pytest.fixture
def cluster():
    """Return the environment of a cluster with a token, and the address for clients."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    head = ["--head", "--port=0", f"--ray-client-server-port={port}", "--num-cpus=2", "--block"]
    small = ["--include-dashboard=false", "--disable-usage-stats", "--object-store-memory=90000000"]
    ray = subprocess.Popen(
        [sys.executable, "-m", "ray.scripts.scripts", "start", *head, *small],
        env=environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not answers(port):
            assert ray.poll() is None
            time.sleep(0.1)
        yield environment, f"ray://127.0.0.1:{port}"
    finally:
        os.killpg(ray.pid, signal.SIGTERM)
        ray.wait()


def answers(port):
    with socket.socket() as there:
        return there.connect_ex(("127.0.0.1", port)) == 0


def drive(environment, *arguments):
    command = [sys.executable, "-c", JOBS, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.mark.slow  # on a busy machine, Ray's server of clients starts too late for them
def test_a_driver_outside_the_cluster_has_the_same_results(cluster, tmp_path):
    environment, address = cluster
    done = drive(environment, tmp_path, address)
    assert done.stdout.strip().endswith("the same"), done.stderr
