"""A walk depends on its seed, start node and number, and on nothing else."""

from math import inf

import dask
import numpy as np
import pytest

import graphwalk
from graphwalk import scheduler

KINDS = {
    "first order": {},
    "weighted": {"weighted": True},
    "node2vec": {"weighted": False, "p": 4, "q": 0.25},
    "weighted node2vec": {"p": 0.25, "q": 4},
    "restart": {"weighted": False, "restart_prob": 0.2, "dead_end": "restart"},
    "node2vec stay": {"p": 2, "q": 0.5, "restart_prob": 0.1, "dead_end": "stay"},
    "no way back": {"p": inf, "q": 2, "restart_prob": 0.1, "stop_prob": 0.05},
    "node2vec+": {"weighted": True, "p": 2, "q": 0.5, "gamma": 0},
    "node2vec+ (.5, 3)": {"weighted": True, "p": 0.5, "q": 3, "gamma": 1, "restart_prob": 0.1},
    "temporal": {"temporal": True},
    "temporal, near": {"temporal": True, "time_bias": "near-exponential", "time_scale": 3},
}


@pytest.fixture(scope="module")
def graphs():
    rng = np.random.default_rng(2)
    src, dst = rng.integers(0, 200, (2, 1500))
    edges = src % 180, dst, rng.exponential(size=1500)
    return {
        "usual": graphwalk.build_zarr(edges, directed=True, num_nodes=201),
        "gamma": graphwalk.build_zarr(edges, num_nodes=201),
        "temporal": graphwalk.build_zarr(edges, num_nodes=201, times=True),
    }


@pytest.fixture
def graph(graphs, request):
    kind = request.getfixturevalue("kind") if "kind" in request.fixturenames else {}
    return graphs[next((name for name in graphs if name in kind), "usual")]


@pytest.fixture(params=KINDS)
def kind(request):
    return {"weighted": False} | KINDS[request.param]


def walks_of(graph, starts=None, **how):
    how = {"num_walks": 5, "walk_length": 15, "seed": 42} | how
    return graphwalk.random_walks(graph, starts, **how)


@pytest.mark.parametrize("chunks", [1, 7, 1000, "auto", "10 KiB"])
def test_chunks_do_not_change_walks(graph, kind, chunks):
    nodes = np.arange(0, 201, 4) if chunks == 1 else None
    cut = walks_of(graph, nodes, chunks=chunks, **kind)
    whole = walks_of(graph, nodes, chunks=-1, **kind)
    assert whole.numblocks == (1, 1)
    assert chunks == "auto" or cut.numblocks[0] > 1
    np.testing.assert_array_equal(cut.compute(), whole.compute())


def test_workers_do_not_change_walks(graph, kind):
    walks = walks_of(graph, chunks=50, **kind)
    expected = walks.compute(scheduler="sync")
    for num_workers in (1, 2, 5):
        with scheduler.use("threads", num_workers=num_workers):
            np.testing.assert_array_equal(walks.compute(), expected)
    np.testing.assert_array_equal(dask.compute(walks)[0], expected)


def test_a_part_alone_is_the_part_of_the_whole(graph, kind):
    everything = walks_of(graph, **kind).compute().reshape(201, 5, 16)
    nodes = np.array([150, 3, 200, 17, 0])
    some = walks_of(graph, nodes, **kind).compute().reshape(5, 5, 16)
    np.testing.assert_array_equal(some, everything[nodes])
    np.testing.assert_array_equal(some[:, 0, 0], nodes)


def test_a_slice_is_the_slice_of_the_whole(graph, kind):
    walks = walks_of(graph, chunks=100, **kind)
    np.testing.assert_array_equal(walks[130:260, 3:].compute(), walks.compute()[130:260, 3:])


def test_more_walks_and_longer_ones_begin_with_the_fewer_and_shorter(graph, kind):
    more = walks_of(graph, num_walks=9, walk_length=30, **kind).compute().reshape(201, 9, 31)
    fewer = walks_of(graph, **kind).compute().reshape(201, 5, 16)
    np.testing.assert_array_equal(more[:, :5, :16], fewer)


def test_a_repeated_start_node_goes_on_counting(graph, kind):
    repeated = walks_of(graph, [9, 4, 9, 9], num_walks=2, **kind).compute().reshape(4, 2, 16)
    six = walks_of(graph, [9], num_walks=6, **kind).compute()
    np.testing.assert_array_equal(repeated[[0, 2, 3]].reshape(6, 16), six)
    np.testing.assert_array_equal(repeated[1], walks_of(graph, [4], num_walks=2, **kind))
    assert len(np.unique(six, axis=0)) == 6


def test_seeds_make_different_walks(graph, kind):
    walks = [walks_of(graph, seed=seed, **kind).compute() for seed in (0, 1, 2**63, 2**64 - 1)]
    for i, one in enumerate(walks):
        for other in walks[:i]:
            assert (one != other).any(1).mean() > 0.5


def test_without_a_seed_each_array_has_its_own(graph):
    one, other = walks_of(graph, seed=None), walks_of(graph, seed=None)
    np.testing.assert_array_equal(one.compute(), one.compute())
    assert (one.compute() != other.compute()).any()


def test_the_store_and_its_path_make_the_same_walks(graph, kind):
    by_path = graphwalk.random_walks(graph.path, num_walks=5, walk_length=15, seed=42, **kind)
    np.testing.assert_array_equal(by_path, walks_of(graph, **kind).compute())


GOLDEN = {
    "first order": [
        [0, 1, 0, 2, 1, 0, 4, 2, 4, 2, 0, 4],
        [0, 4, 2, 1, 3, 6, 5, 6, 3, 1, 0, 4],
        [5, 4, 2, 1, 2, 4, 2, 0, 4, 2, 0, 1],
        [5, 4, 5, 4, 0, 1, 3, 6, 3, 4, 2, 1],
    ],
    "weighted": [
        [0, 1, 0, 2, 1, 0, 4, 2, 4, 5, 4, 5],
        [0, 4, 5, 4, 0, 4, 3, 6, 3, 6, 3, 6],
        [5, 4, 2, 1, 2, 4, 2, 0, 4, 2, 0, 4],
        [5, 4, 5, 6, 3, 1, 3, 6, 3, 4, 5, 6],
    ],
    "node2vec": [
        [0, 1, 3, 4, 2, 1, 3, 1, 2, 0, 2, 4],
        [0, 4, 5, 6, 5, 6, 3, 4, 0, 1, 3, 6],
        [5, 4, 2, 1, 3, 6, 5, 4, 3, 1, 0, 4],
        [5, 4, 3, 1, 0, 4, 5, 6, 3, 4, 2, 1],
    ],
    "weighted node2vec": [
        [0, 1, 0, 1, 0, 1, 0, 1, 0, 2, 0, 4],
        [0, 4, 0, 4, 3, 6, 3, 6, 3, 6, 3, 6],
        [5, 4, 5, 6, 5, 6, 5, 6, 5, 6, 5, 6],
        [5, 4, 5, 4, 5, 4, 5, 6, 5, 6, 5, 6],
    ],
    "restart": [
        [0, 1, 0, 0, 2, 0, 4, 0, 4, 2, 0, 4],
        [0, 4, 0, 2, 4, 5, 6, 5, 4, 2, 0, 4],
        [5, 4, 2, 1, 5, 6, 3, 1, 3, 4, 5, 4],
        [5, 4, 5, 4, 0, 1, 3, 5, 4, 5, 4, 3],
    ],
    "node2vec stay": [
        [0, 1, 2, 0, 2, 0, 4, 0, 4, 2, 1, 3],
        [0, 4, 2, 1, 3, 6, 5, 4, 0, 1, 3, 6],
        [5, 4, 2, 1, 5, 6, 3, 1, 0, 2, 5, 4],
        [5, 4, 3, 1, 0, 4, 5, 6, 3, 4, 2, 1],
    ],
    "no way back": [
        [0, 1, 2, 0, 2, 0, 4, 2, 1, 0, 2, 4],
        [0, 4, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1],
        [5, 4, 2, 1, 5, 6, 3, 1, 0, 2, 5, 4],
        [5, 4, 3, 1, 0, 4, 2, -1, -1, -1, -1, -1],
    ],
    "node2vec+": [
        [0, 1, 2, 4, 3, 1, 3, 6, 5, 6, 3, 6],
        [0, 4, 5, 6, 5, 6, 3, 1, 0, 4, 5, 6],
        [5, 4, 2, 1, 3, 6, 5, 6, 3, 4, 0, 4],
        [5, 4, 5, 6, 3, 6, 3, 6, 3, 4, 5, 6],
    ],
    "node2vec+ (.5, 3)": [
        [0, 1, 0, 0, 4, 0, 4, 0, 4, 0, 4, 5],
        [0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4],
        [5, 4, 0, 4, 5, 6, 5, 6, 5, 6, 5, 4],
        [5, 4, 5, 4, 5, 4, 5, 6, 3, 6, 3, 6],
    ],
    "temporal": [
        [0, 1, 2, 4, 5, 6, 3, -1, -1, -1, -1, -1],
        [0, 4, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1],
        [5, 4, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1],
        [5, 4, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1],
    ],
    "temporal, near": [
        [0, 2, 4, 5, 6, 3, -1, -1, -1, -1, -1, -1],
        [0, 1, 2, 4, 3, 6, -1, -1, -1, -1, -1, -1],
        [5, 6, 3, -1, -1, -1, -1, -1, -1, -1, -1, -1],
        [5, 6, 3, -1, -1, -1, -1, -1, -1, -1, -1, -1],
    ],
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_stream_is_what_it_was(name):
    np.testing.assert_array_equal(golden_walks(name), GOLDEN[name])


def golden_walks(name):
    """Walks on a fixed graph; where they change, the changelog says so."""
    src = np.array([0, 0, 1, 1, 2, 3, 4, 4, 5, 6])
    dst = np.array([1, 2, 2, 3, 4, 4, 5, 0, 6, 3])
    how = {"weighted": False} | KINDS[name]
    times = "temporal" in how
    graph = graphwalk.build_zarr((src, dst, 1.0 + np.arange(10)), num_nodes=7, times=times)
    walks = graphwalk.random_walks(graph, [0, 5], num_walks=2, walk_length=11, seed=2024, **how)
    return walks.compute()
