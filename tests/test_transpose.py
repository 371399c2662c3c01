"""Transposed stores: the same graph with its edges reversed, built within memory."""

from pathlib import Path

import numpy as np
import pytest

import graphwalk
from graphwalk import errors
from graphwalk.cli.main import main


def assert_transposed(graph, transposed):
    """Compare all entries, with their values, by another way to sort them."""
    arrays, name = graph._arrays, graph._arrays.info.values
    sources, targets = graph.to_edge_index()
    # Parallel edges of different times or types are sorted by these already, also here.
    order = np.lexsort([sources, targets])
    found_targets, found_sources = transposed.to_edge_index()
    np.testing.assert_array_equal(found_sources, sources[order])
    np.testing.assert_array_equal(found_targets, targets[order])
    if name is not None:
        values = arrays.read_values(name, 0, graph.num_entries)
        found = transposed._arrays.read_values(name, 0, graph.num_entries)
        np.testing.assert_array_equal(found, values[order])


@pytest.mark.parametrize("values", [None, "weights", "times", "edge_types"])
@pytest.mark.parametrize("memory", ["4 GiB", "8 MiB"])
def test_every_entry_is_turned_around(values, memory):
    rng = np.random.default_rng(1)
    src, dst = rng.integers(0, 500, (2, 3000))
    third = {"weights": rng.random(3000), "times": rng.random(3000) * 100}
    third["edge_types"] = rng.integers(0, 3, 3000)
    edges = (src, dst) if values is None else (src, dst, third[values])
    kind = {values: True} if values in ("times", "edge_types") else {}
    graph = graphwalk.build_zarr(
        edges, num_nodes=520, directed=True, duplicates="keep", relabel=False, **kind
    )
    transposed = graph.transpose(memory=memory)
    assert transposed.num_nodes == 520
    assert transposed.transposed_from == graph.digest
    assert transposed.num_edges == graph.num_edges
    assert_transposed(graph, transposed)
    assert transposed.validate().ok
    assert transposed.transpose().digest == graph.digest


@pytest.mark.parametrize("kind", ["string", "int64"])
def test_labels_and_types_of_nodes_follow(tmp_path, kind):
    edges = [("b", "a"), ("b", "ü"), ("c", "b")]
    if kind == "int64":
        edges = [(700, 500), (700, 900), (800, 700)]
    graph = graphwalk.build_zarr(edges, tmp_path / "graph", directed=True)
    graph = graphwalk.set_node_types(graph, [3, 1, 1, 2])
    graph.transpose(tmp_path / "transposed")
    transposed = graphwalk.open_zarr(tmp_path / "transposed")
    assert transposed.label_kind == kind
    assert transposed.labels.tolist() == graph.labels.tolist()
    assert transposed.node_types.tolist() == graph.node_types.tolist()
    assert transposed.neighbors(graph.index_of(edges[0][0])).tolist() == [
        graph.index_of(edges[2][0])
    ]
    assert transposed.transposed_from == graph.digest
    assert transposed.validate().ok


def test_times_keep_their_unit():
    dates = np.array(["2024-01-01", "2024-01-02"], "datetime64[s]")
    graph = graphwalk.build_zarr(([0, 1], [1, 2], dates), directed=True, times=True)
    assert graph.transpose().time_unit == graph.time_unit is not None


def test_the_transpose_of_nothing_has_its_nodes():
    graph = graphwalk.build_zarr(np.empty((2, 0), np.int64), num_nodes=3, directed=True)
    assert graph.transpose().num_nodes == 3


def test_what_cannot_be_transposed_is_refused(tmp_path):
    undirected = graphwalk.build_zarr([(0, 1)])
    with pytest.raises(errors.InputError, match="undirected"):
        undirected.transpose()
    graph = graphwalk.build_zarr([(0, 1)], tmp_path / "graph", directed=True)
    with pytest.raises(errors.InputError, match="the graph itself"):
        graph.transpose(tmp_path / "graph", overwrite=True)
    with pytest.raises(errors.StoreExistsError, match="overwrite=True"):
        graph.transpose(tmp_path / "graph" / "neighbors")
    assert graph.validate().ok


#: All in-edges of node 3 weigh 0.
SOME_WEIGH_NOTHING = ([0, 0, 1, 1, 2, 4], [1, 2, 2, 3, 0, 5], [1, 0, 1, 0, 2, 1])


@pytest.fixture
def weightless(tmp_path):
    graph = graphwalk.build_zarr(SOME_WEIGH_NOTHING, directed=True)
    return graph, graph.transpose(tmp_path / "transposed")


def test_a_node_whose_in_edges_weigh_nothing_is_kept(weightless, tmp_path):
    graph, transposed = weightless
    assert_transposed(graph, transposed)
    assert transposed.validate().ok
    assert transposed.transpose().digest == graph.digest
    assert graph.transpose(both_ways=True).validate().ok
    part = transposed.subgraph([1, 3])
    assert part.validate().ok
    assert part.num_edges == 1
    updated = transposed.update(tmp_path / "updated", add=[(5, 3, 1.0)])
    assert updated.validate().ok
    ranks = graphwalk.pagerank(transposed).compute()
    assert ranks.sum() == pytest.approx(1)
    sample = graphwalk.sample_neighbors(graph, [2, 3], [5], transposed=transposed).compute()
    assert sample[:, 1:3].tolist() == [[2, 1]]


def test_walks_by_weight_of_such_a_graph_are_refused(weightless):
    graph, transposed = weightless
    for direction in ("in", "both"):
        other = transposed if direction == "in" else graph.transpose(both_ways=True)
        how = {"direction": direction, "transposed": other, "walk_length": 3, "seed": 1}
        with pytest.raises(errors.InputError, match=r"1 node of .* weigh 0.*weighted=False"):
            graphwalk.random_walks(graph, **how)
        walks = graphwalk.random_walks(graph, weighted=False, **how).compute()
        assert (walks[walks[:, 0] == 3][:, 1] == 1).all()
    with pytest.raises(errors.InputError, match="weight=None"):
        graphwalk.personalized_pagerank(transposed, method="walks")
    with pytest.raises(errors.InputError, match="all edges of node 1 have weight zero"):
        graphwalk.build_zarr(([0, 1], [1, 0], [1, 0]), directed=True)


def test_the_command_line_says_how_to_walk_it(weightless, capsys):
    path = weightless[1].path
    for command in (["walk", path, "out.npy"], ["ppr", path, "out.csv"]):
        assert main(command) == 1
        assert "pass --unweighted" in capsys.readouterr().err


def test_a_wrong_count_of_such_nodes_is_found(weightless):
    file = Path(weightless[1].path, "zarr.json")
    written = file.read_text()
    assert '"weightless_rows": 1' in written
    file.write_text(written.replace('"weightless_rows": 1', '"weightless_rows": 2'))
    graph = graphwalk.open_zarr(weightless[1].path)
    assert "'weightless_rows' is 2, but there are 1 rows" in str(graph.validate())
    file.write_text(written.replace('"weightless_rows": 1', '"weightless_rows": null'))
    graph = graphwalk.open_zarr(weightless[1].path)
    assert "without a weight above zero: 1; first in the row of node 3" in str(graph.validate())
    with pytest.raises(errors.StoreError, match="all weights of row 3"):
        graphwalk.random_walks(graph, walk_length=1).compute()
