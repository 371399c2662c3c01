"""Core numbers, degrees and strong components against igraph, NetworkX and SciPy."""

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components as oracle

import graphwalk
from graphwalk import errors

PLANS = [{}, {"partitions": 3}, {"partitions": 7, "memory": 1}]


def smallest_of_component(graph):
    count, names = oracle(graph.to_scipy() != 0, directed=True, connection="strong")
    smallest = np.full(count, graph.num_nodes)
    np.minimum.at(smallest, names, np.arange(graph.num_nodes))
    return smallest[names]


def coefficient(x, y):
    """Return Pearson's coefficient; NaN where it is not defined."""
    if len(x) < 2 or x.std() == 0 or y.std() == 0:
        return np.nan
    return np.corrcoef(x, y)[0, 1]


EDGES = st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), min_size=1, max_size=150)


@given(st.integers(1, 40), EDGES, st.booleans(), st.sampled_from(PLANS))
@settings(deadline=None, max_examples=15)  # the first call compiles
def test_numbers_are_those_of_other_libraries(nodes, edges, directed, plan):
    edges = np.array(edges).T % nodes
    graph = graphwalk.build_zarr(
        edges, num_nodes=nodes, directed=directed, relabel=False, duplicates="keep"
    )
    how = plan | ({"transposed": graph.transpose()} if directed else {})
    plain = edges[:, edges[0] != edges[1]]
    other = igraph.Graph(nodes, plain.T.tolist(), directed=directed)
    cores = graphwalk.core_numbers(graph, **how).compute()
    assert cores.tolist() == other.coreness(mode="all")
    found = graphwalk.reciprocity(graph, **how).compute()
    expected = other.simplify().reciprocity() if plain.size else np.nan
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    src, dst = graph.to_edge_index()
    out, into = np.bincount(src, minlength=nodes), np.bincount(dst, minlength=nodes)
    counts = {"out": out, "in": into, "total": out + into if directed else out}
    for direction, count in counts.items():
        degrees = graphwalk.degrees(graph, direction, **plan).compute()
        np.testing.assert_array_equal(degrees, count)
    for x, y in (("out", "in"), ("total", "out")):
        found = graphwalk.degree_assortativity(graph, x, y, **plan).compute()
        expected = coefficient(counts[x][src], counts[y][dst])
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    if directed:
        found = graphwalk.strongly_connected_components(graph, **plan).compute()
        np.testing.assert_array_equal(found, smallest_of_component(graph))


@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
@pytest.mark.parametrize("closed", [False, True])
def test_long_paths_and_cycles(order, closed):
    nodes = np.arange(1500)
    if order == "shuffled":
        nodes = np.random.default_rng(1).permutation(nodes)
    elif order == "falling":
        nodes = nodes[::-1]
    ends = np.stack([nodes, np.roll(nodes, -1)])
    graph = graphwalk.build_zarr(ends if closed else ends[:, :-1], directed=True)
    found = graphwalk.strongly_connected_components(graph, partitions=3).compute()
    np.testing.assert_array_equal(found, np.zeros(1500) if closed else np.arange(1500))
    cores = graphwalk.core_numbers(graph, transposed=graph.transpose()).compute()
    assert set(cores) == {2 if closed else 1}


def test_components_behind_each_other():
    cycle = np.array([[0, 1, 2], [1, 2, 0]])
    cycles = np.concatenate([cycle + 3 * i for i in range(40)], axis=1)
    links = np.array([[3 * i for i in range(39)], [3 * i + 4 for i in range(39)]])
    for bridges in (links, links[::-1]):
        graph = graphwalk.build_zarr(np.concatenate([cycles, bridges], axis=1), directed=True)
        found = graphwalk.strongly_connected_components(graph).compute()
        np.testing.assert_array_equal(found, np.arange(120) // 3 * 3)


@pytest.mark.parametrize("directed", [False, True])
def test_all_plans_give_the_same_bits(directed):
    rng = np.random.default_rng(3)
    edges = np.minimum(*rng.integers(0, 4000, (2, 2, 12_000)))
    graph = graphwalk.build_zarr(edges, num_nodes=4000, directed=directed)
    how = {"transposed": graph.transpose()} if directed else {}
    analyses = [
        lambda **plan: graphwalk.core_numbers(graph, **how, **plan),
        lambda **plan: graphwalk.degree_assortativity(graph, **plan),
        lambda **plan: graphwalk.reciprocity(graph, **how, **plan),
    ]
    if directed:
        analyses.append(lambda **plan: graphwalk.strongly_connected_components(graph, **plan))
    for analysis in analyses:
        found = set()
        for workers in (1, 2):
            with graphwalk.scheduler.use("threads", num_workers=workers):
                found |= {analysis(**plan).compute().tobytes() for plan in PLANS}
        assert len(found) == 1


def test_networkx_agrees_on_assortativity():
    edges = np.random.default_rng(1).integers(0, 50, (2, 200))
    graph = graphwalk.build_zarr(edges, directed=True, self_loops="drop")
    made = graph.to_networkx()
    for x in ("in", "out"):
        for y in ("in", "out"):
            found = graphwalk.degree_assortativity(graph, x, y).compute()
            assert found == pytest.approx(nx.degree_assortativity_coefficient(made, x, y))


def test_bad_parameters_are_named():
    graph = graphwalk.build_zarr([(0, 1)])
    for function, options in (
        (graphwalk.degrees, {"direction": "up"}),
        (graphwalk.degree_assortativity, {"x": 1}),
        (graphwalk.degree_assortativity, {"y": "weight"}),
    ):
        with pytest.raises(errors.InputError, match=f"{next(iter(options))}="):
            function(graph, **options)
    with pytest.raises(errors.InputError, match=r"graphwalk\.connected_components"):
        graphwalk.strongly_connected_components(graph)
    directed = graphwalk.build_zarr([(0, 1)], directed=True)
    for function in (graphwalk.core_numbers, graphwalk.reciprocity):
        with pytest.raises(errors.InputError, match="transposed="):
            function(directed)


def test_a_graph_without_edges():
    graph = graphwalk.build_zarr(np.empty((2, 0), np.int64), num_nodes=3, directed=True)
    how = {"transposed": graph.transpose()}
    assert graphwalk.core_numbers(graph, **how).compute().tolist() == [0, 0, 0]
    assert graphwalk.strongly_connected_components(graph).compute().tolist() == [0, 1, 2]
    assert np.isnan(graphwalk.reciprocity(graph, **how).compute())
    assert np.isnan(graphwalk.degree_assortativity(graph).compute())
    assert graphwalk.degrees(graph, "total").compute().tolist() == [0, 0, 0]
