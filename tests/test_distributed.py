"""Dask distributed makes the same walks as threads, from partitions that its workers keep."""

import gc
import os
import signal
import socket
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from itertools import product
from math import inf

import dask
import dask.array as da
import numpy as np
import pytest
from plans import among_slow, compiled, in_copies, read_again, walks_in_small_groups

import graphwalk
from graphwalk import scheduler
from graphwalk.errors import InputError, SchedulerError, StoreError
from graphwalk.scheduler.engine import remote_queues, walk_batch
from graphwalk.util.events import listening
from graphwalk.util.executor import LostError

distributed = pytest.importorskip("distributed")
executor = import_module("graphwalk.scheduler.executors.distributed.executor")
Piece = import_module("graphwalk.scheduler.executors.distributed.worker").Piece
pytestmark = pytest.mark.distributed

KINDS = {
    "first order": {"weighted": False},
    "weighted": {},
    "node2vec": {"weighted": False, "p": 4, "q": 0.25},
    "restart": {"restart_prob": 0.2, "dead_end": "restart"},
    "metapath": {"metapath": [2, 0, 1, 0]},
    "temporal": {"temporal": True, "time_bias": "near-exponential", "time_scale": 0.5},
    "temporal, from edges": {"temporal": True, "start_edges": range(3000)},
    "until": {"until": range(0, 3000, 50), "weighted": False},
    "no way back": {"p": inf, "q": 2, "restart_prob": 0.1, "stop_prob": 0.05},
}


@pytest.fixture(scope="module")
def session(shared_cluster):
    with scheduler.use("distributed", shared_cluster) as session:
        yield session


@pytest.fixture(autouse=True)
def _both_workers(session):
    """Begin with two workers: one that an earlier test killed takes some seconds to come back."""
    session.executor.client.wait_for_workers(2, timeout=60)


@cache
def make_graph(values):
    src, dst = np.random.default_rng(2).integers(0, 3000, (2, 50_000))
    third = np.random.default_rng(3).exponential(size=len(src))
    graph = graphwalk.build_zarr(
        (src % 2900, dst, third), directed=True, num_nodes=3000, times=values == "times"
    )
    return graphwalk.set_node_types(graph, np.arange(3000) % 3)


def walks_of(kind, make=graphwalk.random_walks, **how):
    graph = make_graph("times" if "temporal" in KINDS[kind] else "weights")
    how = {"num_walks": 2, "walk_length": 5, "seed": 5} | KINDS[kind] | how
    return make(graph, **how)


@cache
def expected(kind):
    return walks_of(kind).compute(scheduler="threads")


@pytest.mark.parametrize(
    ("kind", "partitions"),
    among_slow(
        # Each kind either in one partition or in several.
        [
            *product(["first order", "metapath", "until", "no way back"], [1]),
            *product(["first order", "weighted", "restart", "temporal"], [3]),
            *product(["temporal, from edges"], [3]),
            ("node2vec", 7),
        ],
        [*product(KINDS, [1, 3, 7])],
    ),
)
def test_walks_are_those_of_threads(session, kind, partitions):
    walks, whole = walks_of(kind, chunks=3000, partitions=partitions), expected(kind)
    assert len(walks.plan.partitions) >= partitions
    np.testing.assert_array_equal(compiled(walks).compute(), whole)


@pytest.mark.parametrize(
    ("kind", "partitions"),
    among_slow(
        [("node2vec", 1), ("first order", 3)], [*product(["node2vec", "first order"], [1, 3])]
    ),
)
def test_blocks_files_slices_and_expressions(session, kind, partitions, tmp_path):
    walks, whole = walks_of(kind, chunks=2500, partitions=partitions), expected(kind)
    np.testing.assert_array_equal(np.concatenate(list(graphwalk.iter_blocks(walks))), whole)
    np.testing.assert_array_equal(walks[:2600].compute(), whole[:2600])
    np.testing.assert_array_equal(da.unique(walks).compute(), np.unique(whole))
    both = dask.compute(walks.max(), (walks == -1).sum())
    assert both == (whole.max(), (whole == -1).sum())
    graphwalk.write_walks(walks, tmp_path / "walks.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "walks.npy"), whole)


def test_each_partition_is_read_once_where_partitions_stay(session):
    read, whole = [], expected("first order")
    walks = walks_of("first order", walks_in_small_groups, chunks=1500, partitions=3)
    assert len(walks.plan.group_blocks) > 1
    assert walks.plan.resident
    with listening(lambda event: read.append(event.partition) if event.kind == "read" else None):
        np.testing.assert_array_equal(walks.compute(), whole)
    assert sorted(read) == list(range(len(walks.plan.partitions)))


def test_batches_walk_at_a_time_in_copies_of_the_graph(session, tmp_path):
    one, whole, read = (
        walks_of("first order", chunks=1500, partitions=2),
        expected("first order"),
        [],
    )
    walks = in_copies(one, 2, threads=2)
    assert len(walks.plan.batch_groups) > 2
    with listening(lambda event: read.append(event.partition) if event.kind == "read" else None):
        np.testing.assert_array_equal(walks.compute(), whole)
    parts = range(len(walks.plan.partitions))
    assert sorted(read) == sorted([*parts] * len(walks.plan.batch_groups))
    graphwalk.write_walks(walks, tmp_path / "walks.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "walks.npy"), whole)


def test_the_error_is_raised_that_has_cancelled_a_job(session):
    def fail():
        with session.executor.job() as job:
            job.token.cancel(StoreError("the first one"))
            job.token.cancel(StoreError("another"))
            job.token.check()

    with pytest.raises(StoreError, match="first"):
        fail()


def test_partitions_that_are_read_again(session):
    walks, whole = walks_of("first order", chunks=3000, partitions=3), expected("first order")
    again, read = read_again(walks, ahead=False, cut=2900), []
    # Two worker processes of one machine: one of them reads for both.
    assert (again.plan.resources.machines, again.plan.resources.hosts) == (2, 1)
    with session.executor.job() as job:
        assert len(job.hosts("any")) == 1
    with listening(lambda event: read.append(event.partition) if event.kind == "read" else None):
        np.testing.assert_array_equal(again.compute(), whole)
    assert len(read) > len(again.plan.partitions)


def test_a_worker_that_is_killed_while_a_batch_walks_in_it(session, tmp_path, monkeypatch):
    once = tmp_path / "killed"

    def walk_or_die(*args):
        yield [], []
        if not once.exists():
            once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        # By name, where the worker has what it imports: nothing of this process is sent there.
        there = import_module("graphwalk.scheduler.engine.walk_batch").walk_there
        return (yield from there(*args))

    monkeypatch.setattr(walk_batch, "walk_there", walk_or_die)
    reread = read_again(walks_of("first order", chunks=3000, partitions=3), ahead=False, cut=2900)
    np.testing.assert_array_equal(
        np.concatenate(list(graphwalk.iter_blocks(reread))), expected("first order")
    )
    assert once.exists()


@pytest.mark.parametrize("spill", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_blocks_of_partitions_that_are_read_again(session, spill, tmp_path):
    walks = walks_of("first order", chunks=500, partitions=3)
    reread = read_again(walks, ahead=True, cut=2900, spill=spill)
    whole = expected("first order")
    np.testing.assert_array_equal(np.concatenate(list(graphwalk.iter_blocks(reread))), whole)
    np.testing.assert_array_equal(reread[700:2600].compute(), whole[700:2600])
    graphwalk.write_walks(reread, tmp_path / "walks.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "walks.npy"), whole)


@pytest.mark.parametrize("partitions", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_a_worker_that_is_killed_changes_nothing(session, partitions, tmp_path, monkeypatch):
    once = tmp_path / "killed"

    def move_or_die(group, out, kind, *rest):
        if kind == "advance" and not once.exists():
            once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        # By name, where the worker has what it imports: nothing of this process is sent there.
        return import_module("graphwalk.scheduler.engine.remote_queues").move_walkers(
            group, out, kind, *rest
        )

    walks = walks_of("node2vec", chunks=3000, partitions=partitions)
    if partitions > 1:
        monkeypatch.setattr(remote_queues, "move_walkers", move_or_die)
        np.testing.assert_array_equal(walks.compute(), expected("node2vec"))
        assert once.exists()
        return
    walks.compute()
    (victim, *_) = session.executor.client.run(os.getpid).values()
    os.kill(victim, signal.SIGKILL)
    np.testing.assert_array_equal(walks.compute(), expected("node2vec"))


def test_a_piece_of_a_worker_that_is_gone_is_lost(session):
    """The scheduler says so, while Dask still tries to connect to the worker."""
    piece = Piece("tcp://127.0.0.1:1", "advance", 0)
    with session.executor.job() as job, pytest.raises(LostError, match="is gone"):
        job.result(job.submit(abs, piece))


def test_builds_run_their_buckets_there(session, tmp_path):
    edges = np.random.default_rng(4).integers(0, 2000, (2, 60_000))
    there = graphwalk.build_zarr(edges, tmp_path / "there", memory="64 MiB")
    with scheduler.use("threads"):
        here = graphwalk.build_zarr(edges, tmp_path / "here")
    assert there.digest == here.digest


def test_a_damaged_store_is_told_as_on_threads(session, tmp_path):
    graph = graphwalk.build_zarr(np.array([[0, 1, 2], [1, 2, 0]]), tmp_path / "store")
    for chunk in (tmp_path / "store" / "neighbors" / "c").iterdir():
        chunk.unlink()
    with pytest.raises(StoreError, match="neighbors"):
        graphwalk.random_walks(graph, num_walks=1, walk_length=2).compute()


def test_nothing_is_left_in_the_workers(session):
    walks_of("first order", chunks=3000, partitions=3).compute()

    def pieces():
        from graphwalk.scheduler.executors.distributed import worker

        return len(worker._pieces)

    gc.collect()  # errors of earlier tests hold what was lost
    for _ in range(600):
        left = sum(session.executor.client.run(pieces).values())
        if left == 0:
            return
        time.sleep(0.05)  # the scheduler tells workers some time later
    pytest.fail(f"{left} tasks have pieces left")


def test_what_it_does_not_take(session):
    with pytest.raises(SchedulerError, match="num_workers=2 is for a cluster started here"):
        scheduler.use("distributed", "tcp://127.0.0.1:1", num_workers=2)
    with pytest.raises(InputError, match="'dask' is not known"):
        scheduler.use("dask")


@pytest.mark.parametrize("answer", [None, b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_an_address_of_something_else_says_so(answer, monkeypatch):
    monkeypatch.setattr(executor, "_ANSWER", 0.5 if answer is None else 10)
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as threads:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        if answer:
            accepted = threads.submit(server.accept)
            accepted.add_done_callback(lambda done: done.result()[0].sendall(answer))
        with pytest.raises(SchedulerError, match=rf"{address}.*listens.*dask scheduler"):
            scheduler.use("distributed", address)


def test_a_running_cluster_is_used_by_its_address(session):
    address = session.executor.client.scheduler.address
    with scheduler.use("distributed", address) as other:
        assert other.executor.resources().workers == 2
        walks = walks_of("first order", chunks=3000)
        np.testing.assert_array_equal(walks.compute(), expected("first order"))
    assert session.executor.resources().machines == 2


def test_a_scheduler_that_is_lost_is_told(session, monkeypatch):
    # What a client says that has not found its scheduler for some seconds.
    monkeypatch.setattr(
        session.executor.client, "scheduler_info", lambda **_: {"type": "Scheduler"}
    )
    with pytest.raises(SchedulerError, match=r"connection to the scheduler.*is closed"):
        walks_of("first order").compute()


def test_a_cluster_that_is_started_here_listens_on_the_loopback_only(tmp_path, monkeypatch):
    """And it leaves no files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    psutil = pytest.importorskip("psutil")
    before = {each.laddr for each in listening_sockets(psutil)}
    with scheduler.use("distributed"):
        assert len(list(tmp_path.iterdir())) == 1
        opened = [each.laddr.ip for each in listening_sockets(psutil) if each.laddr not in before]
    assert len(opened) >= 3  # of the scheduler, its page, and the worker
    assert set(opened) == {"127.0.0.1"}
    assert list(tmp_path.iterdir()) == []


def listening_sockets(psutil):
    """Return the sockets on which this process and its children listen."""
    me = psutil.Process()
    sockets = [each for process in (me, *me.children(recursive=True))
               for each in process.net_connections("tcp")]  # fmt: skip
    return [each for each in sockets if each.status == psutil.CONN_LISTEN]
