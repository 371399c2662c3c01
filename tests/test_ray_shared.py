"""On one machine, workers write walks straight into the result; elsewhere they are sent."""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from plans import walks_in_small_groups

import graphwalk
from graphwalk import scheduler
from graphwalk.scheduler.engine import remote_queues, walk_in_memory
from graphwalk.scheduler.engine.walker_starts import StartNodes
from graphwalk.scheduler.executors.remote_executor import RemoteExecutor
from graphwalk.util.shared_array import NotSharedError, SharedResult, SharedRows

INT32 = np.dtype(np.int32)
RULES = {"num_walks": 2, "walk_length": 10, "seed": 5, "p": 2, "q": 0.5}

pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(sys.platform != "linux", reason="files without a name are Linux's"),
]


@pytest.fixture(scope="module")
def session(shared_ray):
    with scheduler.use("ray") as session:
        yield session


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    edges = np.random.default_rng(2).integers(0, 5000, (2, 50_000))
    return graphwalk.build_zarr(edges, tmp_path_factory.mktemp("graph") / "graph.zarr")


@pytest.fixture(scope="module")
def expected(graph):
    return graphwalk.random_walks(graph, **RULES).compute(scheduler="threads")


#: In one partition and in several; where tests are alike, one of the two is slow.
SLOW_IN_ONE = pytest.mark.parametrize(
    "walks", [pytest.param(1, marks=pytest.mark.slow), 3], indirect=True
)
SLOW_IN_SEVERAL = pytest.mark.parametrize(
    "walks", [1, pytest.param(3, marks=pytest.mark.slow)], indirect=True
)


@pytest.fixture
def walks(request, graph):
    return walks_in_small_groups(graph, **RULES, chunks=2500, partitions=request.param)


@pytest.fixture
def name(monkeypatch):
    """Return the name by which the system shows files of this test."""
    name, make = f"graphwalk-{uuid.uuid4().hex}", os.memfd_create
    monkeypatch.setattr(os, "memfd_create", lambda _: make(name))
    return name


@pytest.fixture
def sent(monkeypatch):
    """Return a list of what the driver receives in place of what workers could have put."""
    arrays, gather, put = [], RemoteExecutor.gather, remote_queues.put_steps

    def gather_noted(self, dsk, keys, receive, **kwargs):
        def received(key, value):
            arrays.extend([value] * isinstance(value, np.ndarray))
            receive(key, value)

        gather(self, dsk, keys, received, **kwargs)

    def put_noted(log, out):
        arrays.append(log)
        put(log, out)

    monkeypatch.setattr(RemoteExecutor, "gather", gather_noted)
    monkeypatch.setattr(remote_queues, "put_steps", put_noted)
    return arrays


def holders(name):
    """Return the processes that have such a file open or mapped."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if name in (process / "maps").read_text():
                found.add(int(process.name))
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if name in str(descriptor.readlink()):
                        found.add(int(process.name))
    return found


def wait_until_nobody_holds(name):
    for _ in range(600):
        if not holders(name):
            return
        time.sleep(0.05)
    pytest.fail(f"held by {holders(name)}")


@pytest.mark.parametrize("walks", [1, 3], indirect=True)
def test_nothing_is_sent_on_one_machine(session, walks, expected, sent):
    np.testing.assert_array_equal(walks.compute(), expected)
    assert sent == []


@SLOW_IN_ONE
def test_who_does_not_reach_the_result_sends_what_it_did(
    session, walks, expected, sent, monkeypatch
):
    """Workers find another file there, as they would on another machine."""
    away = lambda rows: vars(rows) | {"_mark": bytes(16)}  # noqa: E731
    monkeypatch.setattr(SharedRows, "__getstate__", away, raising=False)
    np.testing.assert_array_equal(walks.compute(), expected)
    assert sent


@SLOW_IN_SEVERAL
def test_where_nothing_can_be_shared(session, walks, expected, sent, monkeypatch):
    def refuse(_):
        raise OSError("none of that here")

    monkeypatch.setattr(os, "memfd_create", refuse)
    np.testing.assert_array_equal(walks.compute(), expected)
    assert sent


@SLOW_IN_ONE
def test_where_there_is_no_room(session, walks, expected, name, monkeypatch):
    """Neither workers elsewhere nor the driver can write: all is done again, and sent."""
    monkeypatch.setattr(SharedRows, "__getstate__", lambda rows: vars(rows) | {"_mark": bytes(16)})
    write, refused = os.pwrite, []

    def full(file, data, place):
        if len(data) == 16:  # the mark
            return write(file, data, place)
        refused.append(place)
        raise OSError(28, "no space left")

    monkeypatch.setattr(os, "pwrite", full)
    np.testing.assert_array_equal(walks.compute(), expected)
    assert refused
    wait_until_nobody_holds(name)


def test_a_worker_without_room_returns_the_block(graph, expected, monkeypatch):
    plan = graphwalk.random_walks(graph, **RULES).plan
    partition = walk_in_memory.resident_partition(graph._arrays, plan.spec)
    result = SharedResult(plan.shape, INT32)
    some = result.rows[100:900]
    assert walk_in_memory.walk_block_into(partition, range(100, 900), plan.spec, some) is None
    np.testing.assert_array_equal(result.array()[100:900], expected[100:900])
    assert not result.array()[:100].any()
    assert not result.array()[900:].any()
    monkeypatch.setattr(os, "pwrite", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    block = walk_in_memory.walk_block_into(partition, range(100, 900), plan.spec, some)
    np.testing.assert_array_equal(block, expected[100:900])


def test_a_block_is_walked_in_pieces(graph):
    rules = RULES | {"walk_length": 600}
    nodes = np.arange(5000)[::-1].copy(), np.zeros(5000, np.int64)
    walks = graphwalk.random_walks(graph, nodes[0], **rules)
    partition = walk_in_memory.resident_partition(graph._arrays, walks.plan.spec)
    result = SharedResult(walks.shape, INT32)
    rows = result.rows[3:9000]
    assert len(list(rows.pieces())) > 2
    walkers = StartNodes(*nodes, range(3, 9000))
    assert walk_in_memory.walk_block_into(partition, walkers, walks.plan.spec, rows) is None
    np.testing.assert_array_equal(rows.mapped(), walks.compute(scheduler="threads")[3:9000])


def test_a_worker_that_dies_after_it_has_written(session, graph, expected, tmp_path, monkeypatch):
    once = tmp_path / "killed"

    def move_and_die(group, *rest):
        done = import_module("graphwalk.scheduler.engine.remote_queues").move_walkers(group, *rest)
        with contextlib.suppress(FileExistsError):
            once.touch(exist_ok=False)
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    monkeypatch.setattr(remote_queues, "move_walkers", move_and_die)
    walks = graphwalk.random_walks(graph, **RULES, partitions=3)
    np.testing.assert_array_equal(walks.compute(), expected)
    assert once.exists()


@SLOW_IN_SEVERAL
def test_the_result_is_an_array_like_any_other(session, walks, expected, name):
    result = walks.compute()
    assert holders(name) >= {os.getpid()}
    assert (result.shape, result.dtype) == (walks.shape, walks.dtype)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(result)), expected)
    result[0] = -5
    assert (result.copy()[0] == -5).all()
    view = result[1:]
    del result
    np.testing.assert_array_equal(view, expected[1:])
    del view
    wait_until_nobody_holds(name)


@SLOW_IN_ONE
def test_a_job_that_fails_leaves_nothing(session, walks, name, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(remote_queues, "move_walkers", fail)
    monkeypatch.setattr("graphwalk.algorithms.walks.dask_tasks.walk_block_into", fail)
    with pytest.raises(ZeroDivisionError):
        walks.compute()
    wait_until_nobody_holds(name)


@pytest.mark.slow  # it starts Ray twice
@pytest.mark.parametrize("partitions", [1, 3])
def test_the_result_outlives_ray_and_a_killed_driver_leaves_nothing(
    partitions, graph, expected, tmp_path
):
    name = f"graphwalk-{uuid.uuid4().hex}"
    script = f"""
        import os, signal
        import numpy as np
        import graphwalk
        from graphwalk.scheduler.executors.remote_executor import RemoteExecutor

        make = os.memfd_create
        os.memfd_create = lambda _: make({name!r})
        rules = {RULES!r}
        results = []
        with graphwalk.scheduler.use("ray", num_workers=2):
            for partitions in (1, {partitions}):
                walks = graphwalk.random_walks({graph.path!r}, **rules, partitions=partitions)
                results.append(walks.compute())
        for number, result in enumerate(results):
            np.save({str(tmp_path)!r} + f"/{{number}}.npy", result)

        def kill(*_):
            os.kill(os.getpid(), signal.SIGKILL)

        with graphwalk.scheduler.use("ray", num_workers=1):
            RemoteExecutor._finished = kill
            walks.compute()
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert ended.returncode == -signal.SIGKILL
    for number in range(2):
        np.testing.assert_array_equal(np.load(tmp_path / f"{number}.npy"), expected)
    wait_until_nobody_holds(name)


def test_another_file_is_left_alone():
    """It has the right path, size and owner, as it could have on another machine."""
    ours, other = (SharedResult((3, 4), INT32) for _ in range(2))
    rows = SharedRows(other.rows._path, other.rows._identity, ours.rows._mark, 0, (3, 4), INT32)
    with pytest.raises(NotSharedError), rows.writer() as write:
        write(np.ones((3, 4), np.int32), 0)
    assert rows.mapped() is None
    assert not other.array().any()


def test_a_result_that_is_closed_is_out_of_reach():
    result = SharedResult((3, 4), INT32)
    with result.rows[1:].writer() as write:
        write(np.full((1, 4), 7, np.int32), 1)
    array = result.array()
    result.close()
    with pytest.raises(NotSharedError), result.rows.writer():
        pass
    np.testing.assert_array_equal(array, [[0] * 4, [0] * 4, [7] * 4])


def test_nothing_is_not_shared():
    with pytest.raises(NotSharedError):
        SharedResult((0, 4), INT32)


def test_what_is_written_into_the_result_stays_there():
    result = SharedResult((3, 4), INT32)
    mapped, array = result.rows.mapped(), result.array()
    mapped[1] = 5
    assert (array[1] == 5).all()
    array[1] = 6
    assert (mapped[1] == 5).all()


def test_a_mapping_is_freed(name):
    result = SharedResult((3, 4), INT32)
    mapped = result.rows.mapped()
    assert np.shares_memory(mapped, result.rows.mapped())
    result.close()
    del mapped, result
    wait_until_nobody_holds(name)
