"""Connected components against SciPy, for every plan."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components as oracle

import graphwalk


def smallest_of_component(graph):
    """Return the smallest node of each node's component, by SciPy."""
    count, names = oracle(graph.to_scipy(), directed=False)
    smallest = np.full(count, graph.num_nodes)
    np.minimum.at(smallest, names, np.arange(graph.num_nodes))
    return smallest[names]


def components(graph, **options):
    return graphwalk.connected_components(graph, **options).compute()


@given(
    nodes=st.integers(1, 60),
    edges=st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), min_size=1, max_size=80),
    directed=st.booleans(),
    partitions=st.sampled_from([None, 1, 3, 7]),
)
@settings(deadline=None, max_examples=30)  # the first call compiles
def test_labels_are_the_smallest_nodes(nodes, edges, directed, partitions):
    edges = np.array(edges) % nodes
    graph = graphwalk.build_zarr(edges, num_nodes=nodes, directed=directed, relabel=False)
    labels = components(graph, partitions=partitions)
    np.testing.assert_array_equal(labels, smallest_of_component(graph))


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("workers", [1, 2])
def test_all_plans_give_the_same_labels(directed, workers):
    rng = np.random.default_rng(3)
    edges = rng.integers(0, 50_000, (2, 45_000))
    graph = graphwalk.build_zarr(edges, num_nodes=50_000, directed=directed)
    expected = smallest_of_component(graph)
    assert len(np.unique(expected)) > 1000
    with graphwalk.scheduler.use("threads", num_workers=workers):
        for partitions in (None, 1, 3, 7, 500):
            np.testing.assert_array_equal(components(graph, partitions=partitions), expected)


@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
def test_a_long_path_is_one_component(order):
    nodes = np.arange(20_000)
    if order == "falling":
        nodes = nodes[::-1]
    elif order == "shuffled":
        nodes = np.random.default_rng(1).permutation(nodes)
    graph = graphwalk.build_zarr(np.stack([nodes[:-1], nodes[1:]]))
    assert (components(graph, partitions=13) == 0).all()


def test_isolated_nodes_and_loops_are_components_of_their_own():
    graph = graphwalk.build_zarr([(1, 1), (2, 4)], num_nodes=6)
    assert components(graph).tolist() == [0, 1, 2, 3, 2, 5]


def test_nodes_without_edges_are_components_of_their_own():
    graph = graphwalk.build_zarr(np.empty((2, 0), np.int64), num_nodes=3)
    assert components(graph).tolist() == [0, 1, 2]


def test_labels_have_the_type_of_nodes():
    graph = graphwalk.build_zarr([(0, 1)])
    result = graphwalk.connected_components(graph)
    assert result.dtype == result.compute().dtype == np.int32
    assert result.shape == (2,)
