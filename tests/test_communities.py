"""Communities by modularity against NetworkX and igraph, for every plan."""

import random
from pathlib import Path

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphwalk
from graphwalk import errors

PLANS = [{}, {"partitions": 3}, {"partitions": 7, "memory": 1}]
DEBIAN = Path(__file__).parents[1] / "examples" / "debian" / "debian_depends.parquet"
EDGES = st.lists(
    st.tuples(st.integers(0, 29), st.integers(0, 29), st.integers(1, 8)), min_size=1, max_size=90
)


def planted(nodes, groups, degree, mixed, seed):
    """Return edges of which the given part leads anywhere, and others stay in a group."""
    rng = np.random.default_rng(seed)
    src = rng.integers(0, nodes, nodes * degree // 2)
    inside = (src + groups * rng.integers(1, nodes // groups, len(src))) % nodes
    dst = np.where(rng.random(len(src)) < mixed, rng.integers(0, nodes, len(src)), inside)
    return np.stack([src, dst])[:, src != dst]


@given(EDGES, st.booleans(), st.booleans(), st.sampled_from([0.5, 1.0, 2.5]))
@settings(deadline=None, max_examples=12)  # the first call compiles
def test_modularity_is_that_of_networkx(edges, directed, weighted, resolution):
    plain = (nx.MultiDiGraph if directed else nx.MultiGraph)()
    plain.add_nodes_from(range(30))
    plain.add_weighted_edges_from(edges)
    *ends, weights = np.array(edges).T
    graph = graphwalk.build_zarr(
        (*ends, weights), num_nodes=30, directed=directed, duplicates="keep"
    )
    how = {"transposed": graph.transpose()} if directed else {}
    weight = "weight" if weighted else None
    found = graphwalk.communities(graph, resolution, weight=weight, **how).compute()
    for labels in (found, np.arange(30) % 4, np.arange(30) * 5 - 7):
        sets = [set(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)]
        values = [
            graphwalk.modularity(graph, labels, resolution, weight=weight, **plan).compute()
            for plan in PLANS
        ]
        expected = nx.community.modularity(plain, sets, weight, resolution)
        np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-12)
        if labels is found:  # communities are connected, and named by their smallest nodes
            assert all(min(nodes) == found[min(nodes)] for nodes in sets)
            assert all(nx.is_connected(nx.Graph(plain.subgraph(nodes))) for nodes in sets)
            least = expected
    alone = graphwalk.modularity(graph, np.arange(30), resolution, weight=weight).compute()
    assert least >= alone - 1e-12


@pytest.mark.parametrize(
    "edges",
    [
        planted(500, 10, 12, 0.4, 7),
        planted(4000, 40, 16, 0.3, 1),
        planted(3000, 10, 20, 0.5, 4),
        planted(2000, 20, 12, 0.6, 7),
        DEBIAN,
    ],
    ids=["few nodes", "groups", "faint groups", "fainter groups", "debian"],
)
def test_modularity_is_near_that_of_leiden(edges):
    graph = graphwalk.build_zarr(edges)
    src, dst = graph.to_edge_index()
    once = src <= dst
    other = igraph.Graph(graph.num_nodes, np.stack([src[once], dst[once]], 1).tolist())
    random.seed(1)  # igraph's source of randomness
    leiden = other.community_leiden("modularity").modularity
    labels = graphwalk.communities(graph).compute()
    found = graphwalk.modularity(graph, labels).compute()
    _, members = np.unique(labels, return_inverse=True)
    assert found == pytest.approx(other.modularity(members.tolist()), rel=1e-9)
    assert found > 0.98 * leiden
    src, dst = src[labels[src] == labels[dst]], dst[labels[src] == labels[dst]]
    inside = graphwalk.build_zarr((src, dst), num_nodes=graph.num_nodes, relabel=False)
    assert graphwalk.connected_components(inside).compute().tolist() == labels.tolist()


def test_levels_are_bounded():
    graph = graphwalk.build_zarr(planted(500, 10, 12, 0.2, 7))
    found = [
        graphwalk.communities(graph, max_iter=1, max_level=most).compute() for most in (1, 2, None)
    ]
    counts = [len(np.unique(labels)) for labels in found]
    assert counts[0] > counts[1] >= counts[2] >= 10


@pytest.mark.parametrize("directed", [False, True])
def test_all_plans_give_the_same_bits(directed):
    edges = planted(1000, 20, 10, 0.4, 3)
    weights = np.random.default_rng(1).exponential(size=edges.shape[1]).astype(np.float32)
    graph = graphwalk.build_zarr((*edges, weights), directed=directed)
    how = {"transposed": graph.transpose()} if directed else {}
    found, values = set(), set()
    for workers in (1, 2):
        with graphwalk.scheduler.use("threads", num_workers=workers):
            for plan in PLANS:
                labels = graphwalk.communities(graph, max_iter=2, **how, **plan).compute()
                found.add(labels.tobytes())
                values.add(graphwalk.modularity(graph, labels, **plan).compute().tobytes())
    assert len(found) == len(values) == 1


def test_directions_matter():
    """Two cycles joined by edges one way, of which NetworkX's tests have the communities."""
    edges = [(1, 2), (1, 6), (1, 9), (2, 3), (2, 4), (2, 5), (3, 4), (4, 3), (4, 5), (5, 4)]
    edges += [(6, 7), (6, 8), (9, 10), (9, 11), (10, 11), (11, 10)]
    graph = graphwalk.build_zarr(edges, directed=True, num_nodes=12)
    labels = graphwalk.communities(graph, transposed=graph.transpose()).compute()
    assert labels.tolist() == [0, 1, 2, 2, 2, 2, 1, 1, 1, 9, 9, 9]


def test_graphs_without_communities():
    for edges, nodes in ((np.empty((2, 0), np.int64), 3), ([(0, 0), (2, 2)], 3)):
        graph = graphwalk.build_zarr(edges, num_nodes=nodes)
        assert graphwalk.communities(graph).compute().tolist() == [0, 1, 2]
    assert graphwalk.modularity(graph, [0, 1, 2]).compute() == 0.5
    empty = graphwalk.build_zarr(np.empty((2, 0), np.int64), num_nodes=2)
    assert np.isnan(graphwalk.modularity(empty, [0, 1]).compute())
    bridged = graphwalk.build_zarr(([0, 2, 1], [1, 3, 2], [1.0, 1.0, 0.0]))
    assert graphwalk.communities(bridged).compute().tolist() == [0, 0, 2, 2]


def test_bad_parameters_are_named():
    graph = graphwalk.build_zarr([(0, 1)])
    for options in ({"resolution": 0}, {"max_iter": 0}, {"max_level": 0}, {"weight": "km"}):
        with pytest.raises(errors.InputError, match=f"{next(iter(options))}="):
            graphwalk.communities(graph, **options)
    for labels in ([0], [0.5, 1.5], "ab"):
        with pytest.raises(errors.InputError, match="labels"):
            graphwalk.modularity(graph, labels)
    with pytest.raises(errors.InputError, match="resolution="):
        graphwalk.modularity(graph, [0, 1], -1)
    with pytest.raises(errors.MemoryBudgetError, match="memory="):
        graphwalk.communities(graph, memory=10)
    directed = graphwalk.build_zarr([(0, 1)], directed=True)
    with pytest.raises(errors.InputError, match="transposed="):
        graphwalk.communities(directed)


def test_no_node_of_a_small_graph_would_be_better_elsewhere():
    # All nodes of a half move at the same time, after which these graphs were worth less.
    for seed, nodes in ((4, 11), (12, 18), (20, 19)):
        edges = nx.gnp_random_graph(nodes, 0.4, seed=seed)
        graph = graphwalk.build_zarr(np.array(edges.edges()), num_nodes=nodes)
        labels = graphwalk.communities(graph).compute()
        worth = graphwalk.modularity(graph, labels).compute()
        for node in range(nodes):
            for label in np.unique(labels):
                other = np.where(np.arange(nodes) == node, label, labels)
                assert _modularity(edges, other) <= worth + 1e-9


def _modularity(graph, labels):
    groups = [set(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)]
    return nx.community.modularity(graph, groups)
