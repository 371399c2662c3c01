"""Blocks one after the other: all of them, in order, and not too many at a time."""

import threading
import time
from functools import partial

import dask
import dask.array as da
import numpy as np
import processes
import pytest
from dask.base import tokenize

import graphwalk
from graphwalk import errors, scheduler
from graphwalk.scheduler.engine.blocks import BlockRows

#: Dask's processes are started as forks of one that has imported what they run.
FORKS = {"multiprocessing.context": processes.context.get_start_method()}
RULES = {"num_walks": 3, "walk_length": 9, "p": 0.5, "seed": 1, "chunks": 70}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    edges = np.random.default_rng(8).integers(400, size=(2, 3000))
    return graphwalk.build_zarr(edges, tmp_path_factory.mktemp("graph") / "graph.zarr")


def numbered(function, blocks=40):
    """Return an array whose blocks are what a function makes of their numbers."""

    def make(block_id):
        function(block_id[0])
        return np.full((1, 2), block_id[0], np.int32)

    chunks = ((1,) * blocks, (2,))
    return da.map_blocks(make, chunks=chunks, dtype=np.int32, meta=np.empty((0, 0), np.int32))


@pytest.mark.parametrize("partitions", [None, 4])
@pytest.mark.parametrize("name", ["threads", "synchronous", "processes"])
def test_blocks_are_those_of_the_array(name, partitions, graph):
    walks = graphwalk.random_walks(graph, **RULES, partitions=partitions)
    expected = walks.compute()
    with dask.config.set({"scheduler": name, **FORKS}):
        for array, rows in ((walks, expected), (walks[150:900], expected[150:900])):
            blocks = list(graphwalk.iter_blocks(array))
            np.testing.assert_array_equal(np.concatenate(blocks), rows)
            assert len(blocks) > 5
            assert max(map(len, blocks)) == 70


@pytest.mark.ray
@pytest.mark.parametrize("partitions", [None, 4])
def test_blocks_come_from_ray(shared_ray, partitions, graph):
    walks = graphwalk.random_walks(graph, **RULES, partitions=partitions)
    expected = walks.compute()
    with scheduler.use("ray"):
        for array, rows in ((walks, expected), (walks[150:900], expected[150:900])):
            blocks = list(graphwalk.iter_blocks(array))
            np.testing.assert_array_equal(np.concatenate(blocks), rows)


def test_of_a_million_blocks_no_graph_is_made(graph):
    how = {"walk_length": 2, "seed": 1}
    walks = graphwalk.random_walks(graph, num_walks=2500, **how, chunks=1)
    assert walks.numblocks == (1_000_000, 1)
    blocks = graphwalk.iter_blocks(walks)
    first = np.concatenate([next(blocks) for _ in range(20)])
    blocks.close()
    (layer,) = walks.dask.layers.values()
    assert not layer.is_materialized()
    expected = graphwalk.random_walks(graph, [0], num_walks=20, **how).compute()
    np.testing.assert_array_equal(first, expected)


def test_few_blocks_wait_for_a_slow_consumer():
    """With one thread, which makes blocks in order: others may pass a thread that is late."""
    made = []
    with dask.config.set(scheduler="threads", num_workers=1):
        blocks = graphwalk.iter_blocks(numbered(made.append))
        for number in range(10):
            assert next(blocks)[0, 0] == number
            time.sleep(0.05)
            # One waits, the thread has one to put, and there is the one in use.
            assert len(made) <= number + 3
        blocks.close()


def test_blocks_made_in_another_order_come_in_order():
    """The first block takes longest: the others pass it, and no thread waits for ever."""

    def make(number):
        if number == 0:
            first_may_end.wait(30)
        elif number == 30:
            first_may_end.set()

    first_may_end = threading.Event()
    with dask.config.set(scheduler="threads", num_workers=2):
        numbers = [int(block[0, 0]) for block in graphwalk.iter_blocks(numbered(make))]
    assert numbers == list(range(40))


def test_leaving_an_iteration_stops_the_computation():
    made = []
    before = set(threading.enumerate())
    with dask.config.set(scheduler="threads", num_workers=1):
        for _ in graphwalk.iter_blocks(numbered(made.append)):
            break
    started = set(threading.enumerate()) - before
    assert not any(thread.name == "graphwalk-stream" for thread in started)
    assert len(made) <= 3


@pytest.mark.parametrize("name", ["threads", "processes"])
def test_errors_come_out(name):
    def fail(number):
        if number == 7:
            raise ZeroDivisionError("seven")

    with (
        dask.config.set({"scheduler": name, "num_workers": 2, **FORKS}),
        pytest.raises(ZeroDivisionError, match="seven"),
    ):
        list(graphwalk.iter_blocks(numbered(fail)))


@pytest.mark.parametrize(
    ("sizes", "takes_memory"),
    [((5, 5, 2), False), ((5, 5), False), ((3,), False), ((0,), True), ((2, 5, 3), True)],
)
def test_rows_of_blocks_are_those_of_a_tuple(sizes, takes_memory):
    rows = BlockRows.of(sizes)
    assert (rows == sizes, rows.total, len(rows)) == (True, sum(sizes), len(sizes))
    assert (rows._starts is not None) == takes_memory
    assert [rows[number] for number in range(len(sizes))] == list(sizes)
    assert rows.starts().tolist() == [sum(sizes[:number]) for number in range(len(sizes) + 1)]
    assert rows.rows(0, len(sizes)) == slice(0, sum(sizes))
    assert rows[1:] == sizes[1:]
    assert rows[:0] == ()
    assert rows.joined(2) == tuple(sum(sizes[at : at + 2]) for at in range(0, len(sizes), 2))
    assert tokenize(rows) == tokenize(BlockRows.of(list(sizes)))


def changed(values, at):
    """Return values of which one in the middle is another."""
    values = np.array(values)
    values[at], values[at + 1] = values[at + 1], values[at]
    return values


def test_walks_that_differ_in_the_middle_have_other_names(tmp_path):
    """Of more than 1000 elements, the text of an array shows the first and the last."""
    nodes = 3000
    ring = np.arange(nodes), np.roll(np.arange(nodes), -1), np.zeros(nodes)
    graph = graphwalk.build_zarr(ring, tmp_path / "ring.zarr", times=True)
    walks = partial(graphwalk.random_walks, graph, num_walks=1, walk_length=1, seed=1)
    starts = changed(range(nodes), 1500)
    one, other = dask.compute(walks(start_nodes=range(nodes)), walks(start_nodes=starts))
    assert (one[:, 0] == range(nodes)).all()
    assert (other[:, 0] == starts).all()
    edges = changed(range(nodes), 1500)
    one, other = (walks(temporal=True, start_edges=each) for each in (range(nodes), edges))
    assert one.name != other.name
    sizes = [1, 2] * (nodes // 3)
    names = {walks(chunks=(tuple(each), 2)).name for each in (sizes, changed(sizes, 1500))}
    assert len(names) == 2


def test_what_are_no_walks():
    with pytest.raises(errors.InputError, match="ndarray"):
        graphwalk.iter_blocks(np.zeros((2, 2), int))
