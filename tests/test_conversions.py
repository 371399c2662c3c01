"""Graphs as other libraries have them, parts of graphs, and questions about single edges."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from small_chunks import build_chunked

import graphwalk
from graphwalk.storage.store.find_edges import has_edges

NODES = 40
VALUES = {None: {}, "weights": {}, "times": {"times": True}, "edge_types": {"edge_types": True}}


def columns(values, labels=None):
    """Return edges with loops and parallel edges, and isolated nodes."""
    rng = np.random.default_rng(5)
    src, dst = rng.integers(0, NODES - 5, (2, 120))
    dst[:4] = src[:4]
    found = [src, dst] if labels is None else [labels[src], labels[dst]]
    if values is not None:
        found.append(rng.integers(1, 5, 120))
    return tuple(found)


def graph_of(values=None, labels=None, **how):
    how = {"duplicates": "keep"} | VALUES[values] | how
    nodes = {"num_nodes": NODES} if labels is None else {"relabel": True}
    return graphwalk.build_zarr(columns(values, labels), **nodes, **how)


def entries(graph):
    """Return what all rows hold, by the names of nodes."""
    rows = graph.rows(0, graph.num_nodes)
    held = [rows.weights, rows.times, rows.edge_types]
    lists = [graph.names(ends).tolist() for ends in rows.to_edge_index()]
    return sorted(zip(*lists, *(of.tolist() for of in held if of is not None), strict=True))


@pytest.mark.parametrize("directed", [False, True])
def test_edges_are_found_in_rows_that_are_read_in_several_parts(directed):
    graph = build_chunked(64, columns(None), directed=directed)
    matrix = graph.to_scipy().toarray() > 0
    u, v = np.divmod(np.random.default_rng(1).permutation(graph.num_nodes**2), graph.num_nodes)
    for most in (1, 20, 1 << 22):
        np.testing.assert_array_equal(has_edges(graph._arrays, u, v, most), matrix[u, v])
    np.testing.assert_array_equal(graph.has_edge(3, v), matrix[3, v])
    np.testing.assert_array_equal(graph.has_edge(u, 7), matrix[u, 7])
    assert graph.has_edge(*np.argwhere(matrix)[0]) is True
    assert graph.has_edge([], []).tolist() == []


def test_edges_by_label_and_what_is_refused():
    graph = graphwalk.build_zarr([("a", "b"), ("b", "c")])
    assert graph.has_edge(["a", "b", "a"], ["b", "a", "c"]).tolist() == [True, True, False]
    with pytest.raises(graphwalk.InputError, match=r"no node of .* 'z'"):
        graph.has_edge("a", "z")
    with pytest.raises(graphwalk.InputError, match="u has 2 nodes and v has 3"):
        graph.has_edge([0, 1], [0, 1, 2])


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("values", VALUES)
def test_a_subgraph_has_the_edges_among_its_nodes(values, directed):
    names = np.array([f"n{number:02}" for number in range(NODES)])
    for labels in (None, names, np.arange(NODES) * 3 + 1):
        graph = graph_of(values, labels, directed=directed)
        if labels is not None:
            graph = graphwalk.set_node_types(graph, np.arange(graph.num_nodes) % 2)
        chosen = np.random.default_rng(2).choice(graph.num_nodes, 20)
        part = graph.subgraph(chosen)
        kept = np.unique(chosen)
        wanted = set(graph.names(kept).tolist())
        expected = [entry for entry in entries(graph) if wanted.issuperset(entry[:2])]
        if labels is None:
            expected = [(*np.searchsorted(kept, entry[:2]), *entry[2:]) for entry in expected]
        assert len(expected) > 10
        assert entries(part) == expected
        assert part.num_nodes == len(kept)
        assert part.validate().ok
        if labels is not None:
            assert part.labels.tolist() == sorted(wanted)
            assert part.node_types.tolist() == graph.node_types[kept].tolist()


def test_a_subgraph_by_labels_in_a_place_of_its_own(tmp_path):
    graph = graphwalk.build_zarr([("a", "b"), ("b", "c"), ("c", "d")])
    part = graph.subgraph(["c", "b"], tmp_path / "part.zarr")
    assert graphwalk.open_zarr(tmp_path / "part.zarr").labels.tolist() == ["b", "c"]
    assert part.subgraph("b").num_edges == 0
    with pytest.raises(graphwalk.InputError, match="has one node or more"):
        graph.subgraph([])
    with pytest.raises(graphwalk.StoreExistsError):
        graph.subgraph([0], tmp_path / "part.zarr")


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("values", VALUES)
def test_edges_as_batches_frames_and_graphs_of_igraph(values, directed):
    pytest.importorskip("igraph")
    graph = graph_of(values, np.array([f"n{number:02}" for number in range(NODES)]))
    frame = graph.to_pandas()
    table = pa.Table.from_batches(graph.edges())
    assert frame.equals(table.to_pandas())
    assert len(frame) == graph.num_edges
    again = graphwalk.build_zarr(frame, duplicates="keep", **VALUES[values])
    assert entries(again) == entries(graph)
    made = graph.to_igraph()
    assert made.vs["name"] == graph.labels.tolist()
    again = graphwalk.build_zarr(made, duplicates="keep", **VALUES[values])
    assert entries(again) == entries(graph)


def test_times_that_are_dates_stay_dates_in_a_frame():
    dates = pd.to_datetime(["2024-05-01", "2024-06-01"])
    graph = graphwalk.build_zarr(
        pd.DataFrame({"source": [0, 1], "target": [1, 2], "time": dates}), times=True
    )
    assert graph.to_pandas()["time"].tolist() == dates.tolist()
    assert graph.subgraph([1, 2]).to_pandas()["time"].tolist() == dates.tolist()[1:]


def test_isolated_nodes_and_types_of_nodes_are_in_graphs_of_igraph():
    pytest.importorskip("igraph")
    graph = graphwalk.build_zarr([(0, 1)], num_nodes=4, directed=True)
    made = graphwalk.set_node_types(graph, ["x", "y", "y", "x"]).to_igraph()
    assert (made.vcount(), made.get_edgelist(), made.is_directed()) == (4, [(0, 1)], True)
    assert made.vs["type"] == ["x", "y", "y", "x"]
