"""What `to_...` returns is read back as the graph that it was."""

import numpy as np
import pytest

import graphwalk

EDGES = [("a", "c"), ("b", "c"), ("c", "d"), ("a", "d")]
NUMBERS = [(0, 2), (1, 2), (2, 3), (0, 3)]
WEIGHTS = [0.5, 2.0, 1.5, 4.0]
TIMES = [10.0, 20.0, 15.0, -3.0]
TYPES = [3, 7, 3, 9]


def build(edges, values=None, **options):
    sources, targets = map(list, zip(*edges, strict=True))
    columns = (sources, targets) if values is None else (sources, targets, values)
    return graphwalk.build_zarr(columns, **options)


def content(graph):
    """Return all rows, by name, with what edges have."""
    rows = graph.rows(0, graph.num_nodes)
    sources, targets = rows.to_edge_index()
    values = next((v for v in (rows.weights, rows.times, rows.edge_types) if v is not None), None)
    names = map(graph.names, (sources, targets))
    rest = [None] * len(sources) if values is None else values.tolist()
    return graph.directed, graph.num_nodes, list(zip(*names, rest, strict=True))


GRAPHS = {
    "plain": (NUMBERS, None, {}, {}),
    "labels": (EDGES, None, {}, {}),
    "weights": (NUMBERS, WEIGHTS, {}, {}),
    "weights and labels": (EDGES, WEIGHTS, {}, {}),
    "times": (NUMBERS, TIMES, {}, {"times": True}),
    "times and labels": (EDGES, TIMES, {}, {"times": True}),
    "types": (NUMBERS, TYPES, {}, {"edge_types": True}),
    "types and labels": (EDGES, TYPES, {}, {"edge_types": True}),
    "isolated": (NUMBERS, None, {"num_nodes": 9}, {}),
    "parallel": (
        [*NUMBERS, (0, 2)],
        [*WEIGHTS, 9.0],
        {"duplicates": "keep"},
        {"duplicates": "keep"},
    ),
    "parallel times": ([*EDGES, ("a", "c")], [*TIMES, 7.0], {}, {"times": True}),
    "sparse": ([(10**9, 5), (5, 7)], WEIGHTS[:2], {}, {}),
}


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("name", GRAPHS)
def test_networkx(name, directed):
    pytest.importorskip("networkx")
    edges, values, first, both = GRAPHS[name]
    graph = build(edges, values, directed=directed, **first | both)
    again = graphwalk.build_zarr(graph.to_networkx(), directed=directed, **both)
    assert content(again) == content(graph)


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_networkx_keeps_the_unit_of_times(unit):
    days = np.array(["2020-01-01", "2021-01-01", "2022-01-01", "2019-01-01"], f"M8[{unit}]")
    graph = build(EDGES, days, times=True)
    again = graphwalk.build_zarr(graph.to_networkx(), times=True)
    assert again.time_unit == graph.time_unit == unit
    assert content(again) == content(graph)


@pytest.mark.parametrize(("name", "values"), [("times", "times"), ("types", "edge_types")])
def test_rows_have_what_an_edge_index_lacks(name, values):
    edges, given, first, both = GRAPHS[name]
    graph = build(edges, given, directed=True, **first | both)
    rows = graph.rows(0, graph.num_nodes)
    columns = (*graph.to_edge_index(), getattr(rows, values))
    assert content(graphwalk.build_zarr(columns, directed=True, **both)) == content(graph)
    with pytest.raises(graphwalk.InputError, match=f"take the {values} of its rows"):
        graph.to_edge_index(weights=True)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("name", ["weights", "weights and labels"])
def test_scipy(name, directed):
    edges, values, *_ = GRAPHS[name]
    graph = build(edges, values, directed=directed)
    again = graphwalk.build_zarr(graph.to_scipy(), directed=directed)
    assert [edge[2] for edge in content(again)[2]] == [edge[2] for edge in content(graph)[2]]
    assert again.to_edge_index().tolist() == graph.to_edge_index().tolist()


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("name", ["plain", "labels", "weights", "weights and labels", "isolated"])
def test_edge_index(name, directed):
    """An undirected edge is in it both ways, so that it is read back as a directed graph."""
    edges, values, first, _ = GRAPHS[name]
    graph = build(edges, values, directed=directed, **first)
    how = {"directed": True, "num_nodes": graph.num_nodes}
    if graph.weighted:
        (sources, targets), weights = graph.to_edge_index(weights=True)
        again = graphwalk.build_zarr((sources, targets, weights), **how)
        assert again.to_edge_index(weights=True)[1].tolist() == weights.tolist()
    else:
        again = graphwalk.build_zarr(graph.to_edge_index(), **how)
    assert again.to_edge_index().tolist() == graph.to_edge_index().tolist()
    if graph.labels is not None:
        named = graphwalk.build_zarr(
            tuple(np.asarray(graph.labels)[graph.to_edge_index()]), directed=True
        )
        assert named.labels.tolist() == graph.labels.tolist()
        assert named.to_edge_index().tolist() == graph.to_edge_index().tolist()
