"""Workers, machines and drivers die: the walks are the same, bit for bit."""

import os
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
import zarr

import graphwalk
from graphwalk import scheduler
from graphwalk.errors import MemoryBudgetError, SchedulerError
from graphwalk.scheduler.engine import remote_queues
from graphwalk.scheduler.executors.ray.errors import own_errors
from graphwalk.util.events import listening

ray = pytest.importorskip("ray")
pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]  # machines and drivers are started again

RULES = {"num_walks": 6, "walk_length": 12, "p": 2, "q": 0.5, "seed": 5}
STORE_BYTES = 200 << 20


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    edges = np.random.default_rng(2).integers(0, 5000, (2, 100_000))
    return graphwalk.build_zarr(edges, tmp_path_factory.mktemp("graph") / "graph.zarr")


@pytest.fixture(scope="module")
def expected(graph):
    return graphwalk.random_walks(graph, **RULES).compute(scheduler="threads")


@pytest.fixture(scope="module")
def cluster(own_ray):
    """Return a cluster of two machines, as far as Ray knows."""
    from ray.cluster_utils import Cluster

    machine = {"num_cpus": 1, "object_store_memory": STORE_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args=machine)
    cluster.machine = machine
    with scheduler.use("ray", address=cluster.address):
        yield cluster
    cluster.shutdown()


def several(graph, **how):
    walks = graphwalk.random_walks(graph, **RULES | how, partitions=4)
    assert len(walks.plan.partitions) >= 4
    return walks


def test_a_machine_that_is_removed_midway_changes_nothing(cluster, graph):
    machine = cluster.add_node(**cluster.machine)
    cluster.wait_for_nodes()
    walks = several(graph, num_walks=1)
    expected = walks.compute(scheduler="threads")
    np.testing.assert_array_equal(walks.compute(), expected)

    after, removed = [], threading.Event()

    def remove_midway(event):
        after.append(removed.is_set())
        if len(after) == 12:
            cluster.remove_node(machine, allow_graceful=False)
            removed.set()

    with listening(remove_midway):
        np.testing.assert_array_equal(walks.compute(), expected)
    assert removed.is_set()
    assert any(after), "the machine was removed when all was done"
    assert sum(machine["Alive"] for machine in ray.nodes()) == 1


@pytest.mark.slow
def test_batches_on_several_machines(cluster, graph, expected):
    """Walkers that do not fit next to the graph, in the memory of all machines, walk later."""
    machine = cluster.add_node(**cluster.machine)
    cluster.wait_for_nodes()
    walks = several(graph, memory="4 MiB", chunks=1000)
    assert walks.plan.at_once
    assert len(walks.plan.batch_groups) > 1
    np.testing.assert_array_equal(walks.compute(), expected)
    cluster.remove_node(machine)


@pytest.mark.slow  # drivers on threads are killed by other tests
@pytest.mark.parametrize("partitions", [1, 4])
def test_a_driver_that_is_killed_is_taken_over_from(partitions, cluster, graph, expected, tmp_path):
    """The new driver computes the blocks that are missing, and no others."""
    rules = RULES | {"chunks": 500, "partitions": partitions}
    target = tmp_path / "walks.zarr"
    script = f"""
        import os, signal, threading, time
        from pathlib import Path
        import graphwalk

        def kill_midway():
            done = Path({str(target)!r} + ".graphwalk-partial", "done")
            while not done.exists() or len(list(done.iterdir())) < 4:
                time.sleep(0.001)
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=kill_midway).start()
        with graphwalk.scheduler.use("ray", num_workers=2):
            walks = graphwalk.random_walks({graph.path!r}, **{rules!r})
            graphwalk.write_walks(walks, {str(target)!r}, resume=True)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert ended.returncode == -signal.SIGKILL
    marks = tmp_path / "walks.zarr.graphwalk-partial" / "done"
    # Workers end with their driver, but not at once: one may be about to leave a mark.
    done = {mark.name.partition(".")[0] for mark in marks.glob("[0-9]*")}
    walks = graphwalk.random_walks(graph, **rules)
    assert 0 < len(done) < walks.numblocks[0]

    before = times_of_chunks(tmp_path)
    graphwalk.write_walks(walks, target, resume=True)
    after = times_of_chunks(tmp_path)
    assert len(after) == walks.numblocks[0]
    assert {number: after[number] for number in done} == {n: before[n] for n in done}
    np.testing.assert_array_equal(zarr.open_array(target, mode="r")[:], expected)


def times_of_chunks(folder):
    return {path.parent.name: path.stat().st_mtime_ns for path in folder.rglob("c/*/0")}


# -- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        ("OutOfMemoryError", MemoryBudgetError, r"too little memory.*lower memory=.*num_workers"),
        ("ObjectStoreFullError", MemoryBudgetError, r"store is full.*object_store_memory"),
        ("OutOfDiskError", MemoryBudgetError, r"disk is full.*lower memory="),
        ("WorkerCrashedError", SchedulerError, r"worker died.*lower memory=.*logs"),
        ("LocalRayletDiedError", SchedulerError, r"has stopped.*resume=True"),
    ],
)
def test_errors_of_ray_say_what_to_do(error, kind, message):
    original = getattr(ray.exceptions, error)("what Ray says")
    with pytest.raises(kind, match=f"{message}.*Ray: ") as caught, own_errors():
        raise original
    assert caught.value.__cause__ is original
    within = ray.exceptions.RayTaskError("walk_block", "traceback", original)
    with pytest.raises(kind, match=message), own_errors():
        raise within


def test_other_errors_are_left_alone():
    with pytest.raises(ray.exceptions.GetTimeoutError), own_errors():
        raise ray.exceptions.GetTimeoutError("a timeout of another library")
    within = ray.exceptions.RayTaskError("walk_block", "traceback", ZeroDivisionError())
    with pytest.raises(ZeroDivisionError), own_errors():
        raise within.as_instanceof_cause()


def test_a_worker_that_dies_each_time(cluster, graph, monkeypatch):
    def move_walkers(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(remote_queues, "move_walkers", move_walkers)
    with pytest.raises(SchedulerError, match=r"worker died.*lower memory="):
        several(graph, num_walks=1).compute()
    monkeypatch.undo()
    assert several(graph, num_walks=1).compute().shape == (5000, 13)


def test_ray_that_was_shut_down_says_so(cluster, graph):
    """The last of these tests: no other has a session then."""
    walks = graphwalk.random_walks(graph, num_walks=1, walk_length=2)
    ray.shutdown()
    with pytest.raises(SchedulerError, match=r"shut down while it was in use.*use\('ray'\)"):
        walks.compute()
