"""Breadth-first search and shortest paths against SciPy, for every plan."""

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from resealed import as_format_1
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

import graphwalk
from graphwalk import errors
from graphwalk.algorithms.analytics import bfs as bfs_module
from graphwalk.util.events import listening

PLANS = [{}, {"partitions": 1, "memory": 1}, {"partitions": 3}, {"partitions": 7, "memory": 1}]


def rmat(scale, edges, **options):
    """Return a skewed graph, in which a level has most entries."""
    rng, ids = np.random.default_rng(2), np.zeros((2, edges), np.int64)
    for _ in range(scale):
        corner = rng.choice(4, edges, p=[0.57, 0.19, 0.19, 0.05])
        ids = 2 * ids + np.stack([corner >> 1, corner & 1])
    return graphwalk.build_zarr(ids, num_nodes=1 << scale, relabel=False, **options)


def lengths(graph, sources, *, unweighted):
    """Return the lengths of shortest paths by SciPy, to which explicit zeros are no edges."""
    src, dst = graph.to_edge_index()
    weights = np.ones(len(src))
    if graph.weighted and not unweighted:
        weights = graph.read_weights(0, graph.num_entries).astype(float)
    order = np.lexsort((weights, dst, src))
    src, dst, weights = src[order], dst[order], weights[order]
    first = np.ones(len(src), bool)
    first[1:] = (src[1:] != src[:-1]) | (dst[1:] != dst[:-1])  # parallel edges: the lightest
    shape = (graph.num_nodes, graph.num_nodes)
    matrix = coo_array((weights[first], (src[first], dst[first])), shape).tocsr()
    found = dijkstra(matrix, indices=sources, min_only=True)
    return np.atleast_2d(found).min(axis=0)


def parents_of(graph, distances):
    """Return the smallest parent of each node that is reached and no source."""
    parents = np.full(graph.num_nodes, graph.num_nodes)
    src, dst = graph.to_edge_index()
    good = (distances[src] >= 0) & (distances[dst] == distances[src] + 1)
    np.minimum.at(parents, dst[good], src[good])
    return parents


@given(
    nodes=st.integers(1, 40),
    edges=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), min_size=1, max_size=80),
    weights=st.lists(st.sampled_from([0.25, 0.5, 1.0, 3.1]), min_size=80, max_size=80),
    directed=st.booleans(),
    sources=st.sets(st.integers(0, 39), min_size=1, max_size=3),
    plan=st.sampled_from(PLANS),
)
@settings(deadline=None, max_examples=20)  # the first call compiles
def test_distances_are_those_of_scipy(nodes, edges, weights, directed, sources, plan):
    src, dst = np.array(edges).T % nodes
    sources = sorted({source % nodes for source in sources})
    graph = graphwalk.build_zarr(
        (src, dst, weights[: len(src)]),
        num_nodes=nodes,
        directed=directed,
        relabel=False,
        duplicates="keep",
    )
    hops = lengths(graph, sources, unweighted=True)
    distances, parents = graphwalk.bfs(graph, sources, return_parents=True, **plan).compute()
    np.testing.assert_array_equal(distances, np.where(np.isinf(hops), -1, hops))
    np.testing.assert_array_equal(graphwalk.bfs(graph, sources, **plan).compute(), distances)
    expected = parents_of(graph, distances)
    expected[sources] = sources
    np.testing.assert_array_equal(parents, np.where(distances < 0, -1, expected))
    by_weight = graphwalk.shortest_paths(graph, sources, **plan).compute()
    np.testing.assert_allclose(by_weight, lengths(graph, sources, unweighted=False), rtol=1e-12)
    by_hops = graphwalk.shortest_paths(graph, sources, weight=None, **plan).compute()
    np.testing.assert_array_equal(by_hops, hops)


@pytest.mark.parametrize("directed", [False, True])
def test_all_plans_give_the_same_bits(directed, monkeypatch):
    monkeypatch.setattr(bfs_module, "_FEW", 1)  # small levels are looked for from both sides, too
    edges = 60_000
    graph = rmat(13, edges, directed=directed)
    weights = np.random.default_rng(1).random(graph.num_entries)
    src, dst = graph.to_edge_index()
    graph = graphwalk.build_zarr((src, dst, weights), directed=True, num_nodes=1 << 13)
    hub = int(graph.degrees.argmax())
    found = set()
    for workers in (1, 2):
        with graphwalk.scheduler.use("threads", num_workers=workers):
            for plan in PLANS:
                hops = graphwalk.bfs(graph, [hub, 5], return_parents=True, **plan).compute()
                paths = graphwalk.shortest_paths(graph, [hub, 5], **plan).compute()
                found.add((hops.tobytes(), paths.tobytes()))
    assert len(found) == 1
    expected = lengths(graph, [hub, 5], unweighted=True)
    np.testing.assert_array_equal(hops[0], np.where(np.isinf(expected), -1, expected))
    np.testing.assert_allclose(paths, lengths(graph, [hub, 5], unweighted=False), rtol=1e-12)


def test_a_level_is_looked_for_from_the_other_side_in_memory():
    graph = rmat(13, 100_000)
    sides = []

    class Spy(bfs_module._Pull):
        def __init__(self, levels, active, level):
            super().__init__(levels, active, level)
            sides.append(level)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bfs_module, "_Pull", Spy)
        hub = int(graph.degrees.argmax())
        fast = graphwalk.bfs(graph, hub)
        found = fast.compute()
        assert sides
        assert sides[0] == 2
        slow = graphwalk.bfs(graph, hub, partitions=3, memory=1)
        sides.clear()
        np.testing.assert_array_equal(slow.compute(), found)
        assert not sides


def test_a_pass_reads_only_partitions_that_have_nodes_of_the_level():
    nodes = np.arange(801)
    graph = graphwalk.build_zarr(np.stack([nodes[:-1], nodes[1:]]))
    partitions = []
    with listening(lambda event: partitions.append((event.wave, event.partition))):
        distances = graphwalk.bfs(graph, 750, partitions=8, memory=1).compute()
    np.testing.assert_array_equal(distances, abs(nodes - 750))
    assert max(wave for wave, partition in partitions if partition == 7) < 60
    assert len(partitions) < 900  # of 751 passes over 8 partitions


@pytest.mark.parametrize("directed", [False, True])
def test_nodes_within_some_edges(directed):
    graph = rmat(9, 900, directed=directed)
    distances = graphwalk.bfs(graph, [3, 200]).compute()
    for hops in (0, 1, 2, 9):
        for plan in PLANS:
            near = graphwalk.k_hop(graph, [3, 200], hops, **plan).compute()
            expected = np.flatnonzero((distances >= 0) & (distances <= hops))
            np.testing.assert_array_equal(near, expected)
            assert near.dtype == np.int32
    with pytest.raises(errors.InputError, match="hops="):
        graphwalk.k_hop(graph, 3, -1)


def test_sources_are_named_by_their_labels():
    graph = graphwalk.build_zarr([("a", "b"), ("b", "c"), ("x", "y")])
    expected = [-1, -1, -1, 0, 1]
    assert graphwalk.bfs(graph, "x").compute().tolist() == expected
    assert graphwalk.bfs(graph, ["x", "x"]).compute().tolist() == expected
    sparse = graphwalk.build_zarr([(1000, 2000), (2000, 7000)])
    assert graphwalk.shortest_paths(sparse, 7000).compute().tolist() == [2, 1, 0]


@pytest.mark.parametrize("function", [graphwalk.bfs, graphwalk.shortest_paths])
@pytest.mark.parametrize(
    ("sources", "words"),
    [
        (9, "no node 9"),
        ([0, -1], "no node -1"),
        ([], "sources="),
        (0.5, "integers"),
        ("a", "integers"),
        (None, "integers"),
    ],
)
def test_sources_that_are_no_nodes_are_refused(function, sources, words):
    with pytest.raises(errors.InputError, match=words):
        function(graphwalk.build_zarr([(0, 1)]), sources)


def test_weights_that_are_negative_are_refused(tmp_path):
    graph = graphwalk.build_zarr([(0, 1, 2.0), (1, 2, 3.0)], tmp_path / "graph", directed=True)
    as_format_1(tmp_path / "graph")  # so that its values are looked at
    zarr.open_group(tmp_path / "graph", mode="r+")["weights"][1] = -3.0
    graph = graphwalk.open_zarr(tmp_path / "graph")
    with pytest.raises(errors.InputError, match="entry 1 has the weight -3"):
        graphwalk.shortest_paths(graph, 0).compute()


def test_a_plan_says_how_much_and_by_which_method():
    graph = graphwalk.build_zarr([(0, 1, 2.0)], directed=True)
    for array in (graphwalk.bfs(graph, 0), graphwalk.shortest_paths(graph, 0)):
        assert "needs no in-neighbours" in str(array.plan)
    with pytest.raises(errors.MemoryBudgetError, match="memory="):
        graphwalk.bfs(graph, 0, memory=10)


def test_a_graph_without_edges():
    edges = [0, 1], [0, 1], [1.0, 2.0]
    graph = graphwalk.build_zarr(edges, self_loops="drop", num_nodes=3)
    assert graphwalk.shortest_paths(graph, 0).compute().tolist() == [0, np.inf, np.inf]
    found = graphwalk.bfs(graph, [1], return_parents=True).compute()
    assert found.tolist() == [[-1, 0, -1], [-1, 1, -1]]


def test_results_have_the_type_of_nodes():
    graph = graphwalk.build_zarr([(0, 1)])
    for array in (graphwalk.bfs(graph, 0), graphwalk.bfs(graph, 0, return_parents=True)):
        values = array.compute()
        assert array.dtype == values.dtype == np.int32
        assert array.shape == values.shape
