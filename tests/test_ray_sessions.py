"""What is left of a session on Ray, and what says so."""

import socket
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import graphwalk
from graphwalk import scheduler
from graphwalk.errors import MemoryBudgetError, SchedulerError
from graphwalk.scheduler.executors.ray import start

#: The least that Ray takes, in bytes.
STORE = 80 << 20


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    edges = np.random.default_rng(8).integers(20_000, size=(2, 200_000))
    return graphwalk.build_zarr(edges, tmp_path_factory.mktemp("graph") / "graph.zarr")


@pytest.mark.ray
@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 400 Bad Request\r\n"])
def test_an_address_of_something_else_says_so(answer, monkeypatch):
    monkeypatch.setattr(start, "_ANSWER", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as threads:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        if answer:
            threads.submit(lambda: server.accept()[0].sendall(answer))
        with pytest.raises(SchedulerError, match=rf"Ray cannot be used at address '{address}'"):
            start.start_ray(address, None, {})


@pytest.mark.ray
def test_a_ray_that_does_not_start_says_so(monkeypatch):
    def init(**_):
        raise Exception("The current node timed out during startup.")  # as Ray does

    done = []
    monkeypatch.setattr("ray.init", init)
    monkeypatch.setattr("ray.shutdown", lambda: done.append("shutdown"))
    with pytest.raises(SchedulerError, match="cannot be used on this machine: The current node"):
        start.start_ray(None, None, {})
    assert done == ["shutdown"]


@pytest.mark.ray
def test_a_ray_that_is_started_takes_the_share_of_a_slurm_job(monkeypatch):
    settings = {}
    monkeypatch.setattr("ray.init", lambda **given: settings.update(given))
    for name, value in {"JOB_ID": 1, "CPUS_PER_TASK": 1, "MEM_PER_NODE": 2048}.items():
        monkeypatch.setenv(f"SLURM_{name}", str(value))
    start.start_ray(None, None, {})
    assert settings["num_cpus"] == 1
    assert STORE <= settings["object_store_memory"] <= 0.3 * (2 << 30)


@pytest.mark.ray
def test_walks_persisted_on_ray_say_so_elsewhere(graph, shared_ray):
    walks = graphwalk.random_walks(graph, num_walks=1, walk_length=2, seed=1, chunks=5000)
    with scheduler.use("ray"):
        held = walks.persist()
        np.testing.assert_array_equal(held.compute(), walks.compute(scheduler="threads"))
        np.testing.assert_array_equal(held[:7].sum(axis=1).compute(), held.compute()[:7].sum(1))
    for part in (held, held[:7], held.sum(axis=1)):
        with pytest.raises(SchedulerError, match="persisted on Ray"):
            part.compute()


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("memory", [None, "256 MiB"])
def test_a_small_object_store_refuses_or_finishes(own_ray, memory, tmp_path):
    """A graph larger than the store, and a budget larger than it."""
    edges = np.random.default_rng(9).integers(1 << 19, size=(2, 16_000_000), dtype=np.int32)
    graph = graphwalk.build_zarr(edges, tmp_path / "graph.zarr", progress=False)
    how = {"start_nodes": range(1 << 15), "num_walks": 1, "walk_length": 10, "seed": 1}
    jobs = {
        "first order": lambda: graphwalk.random_walks(graph, **how, memory=memory).compute(),
        "node2vec": lambda: graphwalk.random_walks(graph, **how, p=2, memory=memory).compute(),
        "blocks": lambda: np.concatenate(
            list(graphwalk.iter_blocks(graphwalk.random_walks(graph, **how, memory=memory)))
        ),
        "visits": lambda: graphwalk.visit_counts(graph, **how, memory=memory).compute(),
        "components": lambda: graphwalk.connected_components(graph, memory=memory).compute(),
    }
    with scheduler.use("threads", num_workers=2):
        expected = {name: job() for name, job in jobs.items()}
    with scheduler.use("ray", num_workers=2, object_store_memory=STORE):
        for name, job in jobs.items():
            result = done_or_refused(job)
            if isinstance(result, MemoryBudgetError):
                assert memory is not None, result  # by default, the plan is for the store
                assert "memory" in str(result)
            else:
                np.testing.assert_array_equal(result, expected[name], err_msg=name)


def done_or_refused(job):
    try:
        return job()
    except MemoryBudgetError as error:
        return error
