"""Visits of nodes are those of the walks themselves, however these are computed."""

import re

import dask
import numpy as np
import pytest
from plans import read_again
from test_until import KINDS, graph_for

import graphwalk
from graphwalk.algorithms.reductions.visit_counts import counts_of

LENGTH = 30
HOW = {"num_walks": 3, "walk_length": LENGTH, "seed": 1}


def counted(walks, num_nodes):
    """Return the visits of walks that are in memory."""
    return np.bincount(walks[walks >= 0], minlength=num_nodes)


@pytest.mark.parametrize("kind", KINDS)
def test_counts_are_those_of_the_walks(kind):
    graph, how = graph_for(kind), HOW | KINDS[kind]
    expected = counted(graphwalk.random_walks(graph, **how).compute(), graph.num_nodes)
    for partitions in (1, 4):
        for chunks in (7, 250):
            visits = graphwalk.visit_counts(graph, **how, partitions=partitions, chunks=chunks)
            assert (len(visits.plan.walks.partitions) > 1) == (partitions > 1)
            np.testing.assert_array_equal(visits.compute(), expected)
    some = graphwalk.visit_counts(graph, [5, 9, 5], until=[50], **how)
    walks = graphwalk.random_walks(graph, [5, 9, 5], until=[50], **how).compute()
    np.testing.assert_array_equal(some.compute(), counted(walks, graph.num_nodes))


@pytest.mark.parametrize("partitions", [pytest.param(1, marks=pytest.mark.slow), 4])
def test_counts_are_the_same_on_every_executor(session, partitions):
    graph = graph_for("first order")
    walks = graphwalk.random_walks(graph, **HOW, partitions=partitions, chunks=50)
    expected = counted(walks.compute(scheduler="sync"), graph.num_nodes)
    visits = graphwalk.visit_counts(graph, **HOW, partitions=partitions, chunks=50)
    np.testing.assert_array_equal(visits.compute(), expected)
    (later,) = dask.compute(visits + 1)
    np.testing.assert_array_equal(later, expected + 1)
    if partitions > 1:
        for spill in (False, True):
            again = counts_of(read_again(walks, ahead=True, spill=spill)._tasks)
            np.testing.assert_array_equal(again.compute(), expected)


def test_counts_follow_the_distribution_of_the_walks():
    graph = graphwalk.build_zarr(([0, 0, 1, 2, 3], [1, 2, 2, 3, 0], [1.0, 2, 1, 3, 1]))
    steps = graph.to_scipy().toarray()
    steps /= steps.sum(1, keepdims=True)
    num_walks, length = 20_000, 6
    at = np.eye(4)[1]
    expected = at.copy()
    for _ in range(length):
        at = at @ steps
        expected += at
    visits = graphwalk.visit_counts(graph, [1], num_walks=num_walks, walk_length=length, seed=4)
    # A walk visits a node at most `length` times, so that the deviation is at most that.
    error = np.abs(visits.compute() - num_walks * expected)
    assert (error < 5 * length / 2 * np.sqrt(num_walks)).all()
    assert visits.compute().sum() == num_walks * (length + 1)


def test_a_budget_that_is_too_small_is_refused_and_the_remedy_is_enough():
    graph = graphwalk.build_zarr(np.array([[0, 1], [1, 2]]), num_nodes=2_000_000)
    for how in ({}, {"partitions": 1}, {"walk_length": 0}):
        with pytest.raises(graphwalk.MemoryBudgetError) as refused:
            graphwalk.visit_counts(graph, [0, 1], memory="12 MiB", **how)
        enough = re.search(r"pass memory='(.*?)'", str(refused.value)).group(1)
        visits = graphwalk.visit_counts(graph, [0, 1], num_walks=2, seed=1, memory=enough)
        assert 16_000_000 < visits.plan.peak_memory <= int(enough.split()[0]) * 2**20
        assert visits[:3].compute().sum() == 2 * 2 * 81


def test_steps_that_are_counted_take_no_memory_of_the_plan():
    graph = graphwalk.build_zarr(np.random.default_rng(0).integers(0, 50_000, (3_000_000, 2)))
    how = {"num_walks": 20, "walk_length": 80, "seed": 1, "memory": "32 MiB"}
    with graphwalk.scheduler.use("threads", num_workers=2):
        walks = graphwalk.plan_walks(graph, **how)
        counted = graphwalk.visit_counts(graph, **how).plan
    assert (walks.resident, walks.spill) == (False, True)
    assert (counted.walks.resident, counted.walks.spill) == (False, False)
    assert 4 * len(counted.walks.batch_groups) < len(walks.batch_groups)
    assert counted.peak_memory <= 32 << 20


def test_counts_are_written_by_label(tmp_path):
    graph = graphwalk.build_zarr([("a", "b"), ("b", "c")], directed=True)
    visits = graphwalk.visit_counts(graph, num_walks=1, walk_length=4, seed=1)
    assert "visit counts" in str(visits.plan)
    path = graphwalk.write_nodes(visits, tmp_path / "visits.csv")
    assert path.read_text() == "node,visits\na,1\nb,2\nc,3\n"
