"""Graphs that are legitimate and odd: without edges or weights above 0, with loops, and others."""

import math

import networkx as nx
import numpy as np
import pytest

import graphwalk
from graphwalk import errors
from graphwalk.networkx_backend import interface

#: Edges, perhaps with weights, and further nodes.
GRAPHS = {
    "nothing": ([], []),
    "one node": ([], [0]),
    "no edges": ([], [0, 1, 2]),
    "loops": ([(0, 0), (1, 1)], [0, 1, 2]),
    "no weight above zero": ([(0, 1, 0), (1, 2, 0), (2, 0, 0)], [0, 1, 2, 3]),
    "some edges of no weight": ([(0, 1, 1), (1, 2, 1), (2, 0, 2), (2, 3, 0)], [0, 1, 2, 3]),
    "a sink, a source": ([(0, 1, 1), (2, 1, 2), (3, 1, 1)], []),
    "huge weights": ([(0, 1, 3e38), (1, 2, 3e38), (2, 0, 1e38), (2, 3, 1e30)], []),
    "tiny weights": ([(0, 1, 1e-37), (1, 2, 1e-36), (2, 0, 1e-37), (2, 3, 1e-34)], []),
    "parallel": ([(0, 1, 1), (0, 1, 2), (1, 0, 1), (1, 2, 1), (2, 2, 3)], []),
    "names": ([("a", "b", 1), ("b", "c", 1), ("c", "a", 2)], ["z"]),
}

BOTH = {
    "pagerank": {"tol": 1e-10, "max_iter": 1000},
    "all_pairs_shortest_path_length": {},
    "all_pairs_dijkstra_path_length": {},
    "betweenness_centrality": {},
    "harmonic_centrality": {"distance": "weight"},
    "clustering": {},
    "transitivity": {},
    "core_number": {},
    "degree_assortativity_coefficient": {},
    "modularity": {},
}
ONE_WAY = {
    "strongly_connected_components": {},
    "weakly_connected_components": {},
    "reciprocity": {},
}
UNDIRECTED = {"connected_components": {}, "triangles": {}, "is_connected": {}}


def found(module, name, graph, given, options):
    """Return what a function finds, or the name of what it raises."""
    options = {"nodes": list(graph)} | options if name == "reciprocity" else options
    arguments = [[[node] for node in graph]] if name == "modularity" else []
    try:
        result = getattr(module, name)(given, *arguments, **options)
        if name.startswith("all_pairs"):
            result = dict(result)
        elif name.endswith("components"):
            result = sorted(map(sorted, result))
    except (nx.NetworkXException, ZeroDivisionError) as error:
        return type(error).__name__
    return result


def close(result, expected):
    """Return whether values are the same up to float32's digits."""
    if isinstance(expected, dict):
        same = result.keys() == expected.keys()
        return same and all(close(result[key], value) for key, value in expected.items())
    if isinstance(expected, float | int):
        both = math.isnan(result) and math.isnan(expected)
        return both or math.isclose(result, expected, rel_tol=1e-6, abs_tol=1e-7)
    return result == expected


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph])
@pytest.mark.parametrize("name", GRAPHS)
def test_all_functions_agree_with_networkx(kind, name):
    edges, nodes = GRAPHS[name]
    graph = kind()
    graph.add_nodes_from(nodes)
    for u, v, *weight in edges:
        graph.add_edge(u, v, **dict(zip(["weight"], weight, strict=False)))
    converted = interface.convert_from_nx(graph)
    functions = BOTH | (ONE_WAY if graph.is_directed() else UNDIRECTED)
    different = []
    for function, options in functions.items():
        if graph.is_multigraph() and function in ("clustering", "transitivity", "core_number"):
            continue  # NetworkX has none of these
        home = nx.community if function == "modularity" else nx
        expected = found(home, function, graph, graph, options)
        result = found(interface, function, graph, converted, options)
        if not close(result, expected):
            different.append((function, result, expected))
    assert not different


@pytest.mark.parametrize("directed", [False, True])
def test_triangles_without_weight_count_nothing(directed):
    kind = nx.DiGraph if directed else nx.Graph
    graph = kind()
    graph.add_weighted_edges_from([(0, 1, 0), (1, 2, 0), (2, 0, 0)])
    found = interface.clustering(interface.convert_from_nx(graph), weight="weight")
    assert found == {0: 0, 1: 0, 2: 0}


def test_weights_that_are_too_far_apart_for_pagerank_are_refused():
    graph = graphwalk.build_zarr(([0, 1, 2], [1, 2, 0], [1e-30, 1.0, 1e30]), directed=True)
    with pytest.raises(errors.InputError, match=r"from 1e-30 to 1e\+30 together.*weight=None"):
        graphwalk.pagerank(graph).compute()
    np.testing.assert_allclose(graphwalk.pagerank(graph, weight=None), np.full(3, 1 / 3))
    alike = graphwalk.build_zarr(([0, 1, 2], [1, 2, 0], [1e30, 1e35, 1e37]), directed=True)
    np.testing.assert_allclose(graphwalk.pagerank(alike), np.full(3, 1 / 3))


@pytest.mark.filterwarnings("error")
def test_sums_of_weights_may_be_more_than_float32_holds():
    rng = np.random.default_rng(0)
    src = rng.integers(0, 60, 300)
    groups = (src + 6 * rng.integers(1, 10, 300)) % 60
    dst = np.where(rng.random(300) < 0.4, rng.integers(0, 60, 300), groups)
    small, large = (
        graphwalk.build_zarr((src, dst, np.full(300, weight)), duplicates="keep")
        for weight in (1.0, 2.0**127)
    )
    for function in (graphwalk.communities, graphwalk.core_numbers):
        np.testing.assert_array_equal(function(large), function(small))
    lengths = [graphwalk.shortest_paths(graph, 0).compute() for graph in (small, large)]
    np.testing.assert_array_equal(lengths[1], lengths[0] * 2.0**127)


@pytest.mark.parametrize("values", ["times", "edge_types"])
@pytest.mark.parametrize("directed", [False, True])
def test_what_edges_have_does_not_change_analyses(directed, values):
    edges = [0, 0, 1, 2, 2], [1, 1, 2, 0, 2]
    how = {"num_nodes": 4, "directed": directed, "duplicates": "keep"}
    plain = graphwalk.build_zarr(edges, **how)
    valued = graphwalk.build_zarr((*edges, [1, 2, 3, 0, 5]), **{values: True}, **how)
    both = [(graph, graph.transpose() if directed else None) for graph in (plain, valued)]
    analyses = ["pagerank", "connected_components", "degrees", "core_numbers", "triangles"]
    expected, result = (graphwalk.analyze(*pair[:1], analyses, transposed=pair[1]) for pair in both)
    for name in analyses:
        np.testing.assert_array_equal(result[name], expected[name])
