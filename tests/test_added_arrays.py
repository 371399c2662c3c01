"""Arrays of values that are added to a store are read as they were written, or not at all."""

import json
import pickle
from pathlib import Path

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import zarr

import graphwalk
from graphwalk.errors import InputError, StoreError
from graphwalk.storage.store import added_arrays
from graphwalk.storage.store.added_arrays import AddedArray
from graphwalk.storage.store.attributes import seal_of

EDGES = [("ada", "bob"), ("bob", "eve"), ("eve", "kim")]


@pytest.fixture
def graph(tmp_path):
    return graphwalk.build_zarr(EDGES, tmp_path / "graph.zarr")


KINDS = ["i1", "u2", "i8", "f2", "f4", "f8", ">f4"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("columns", [(), (1,), (3,)])
def test_values_are_read_as_they_were_written(kind, columns, graph, monkeypatch):
    monkeypatch.setattr(added_arrays, "CHUNK_BYTES", 16)  # several chunks
    rng = np.random.default_rng(1)
    values = rng.integers(0, 100, (4, *columns)).astype(kind)
    graph.set_node_array("x", values)
    lazy = graph.node_array("x")
    assert (lazy.shape, lazy.dtype) == (values.shape, values.dtype.newbyteorder("="))
    np.testing.assert_array_equal(lazy.compute(), values)
    np.testing.assert_array_equal(lazy[1:3].compute(), values[1:3])
    if columns:
        np.testing.assert_array_equal(lazy[:, -1].compute(), values[:, -1])
    again = graphwalk.open_zarr(graph.path)
    assert again.node_array_names == ("x",)
    np.testing.assert_array_equal(again.node_array("x").compute(), values)
    stored = pickle.loads(pickle.dumps(AddedArray(again._arrays, "node", "x")))
    np.testing.assert_array_equal(stored.take(np.array([3, 0, 3])), values[[3, 0, 3]])
    assert again.validate().ok


def test_values_of_entries_and_lazy_ones(graph):
    values = da.arange(graph.num_entries, chunks=2) * 0.5
    graph.set_edge_array("length", values)
    graph.set_edge_array("parts", np.full((graph.num_entries, 2), np.nan, np.float32))
    np.testing.assert_array_equal(graph.edge_array("length").compute(), np.arange(6) * 0.5)
    assert np.isnan(graph.edge_array("parts").compute()).all()
    assert graph.edge_array_names == ("length", "parts")
    graph.set_edge_array("length", np.arange(6))
    assert graph.edge_array("length").compute().tolist() == [0, 1, 2, 3, 4, 5]
    assert graph.edge_array("length").dtype == np.int64


def test_an_index_says_which_node_a_value_is_of(graph):
    graph.set_node_array("age", pd.Series([1, 2, 3, 4], ["kim", "eve", "bob", "ada"]))
    assert graph.node_array("age").compute().tolist() == [4, 3, 2, 1]


def test_other_arrays_and_types_of_nodes_stay(graph):
    # The others do not know of the first array.
    other, untyped = (graphwalk.open_zarr(graph.path) for _ in range(2))
    assert other.node_array_names == untyped.node_array_names == ()
    graph.set_node_array("x", [1, 2, 3, 4])
    other.set_node_array("y", [5, 6, 7, 8])
    typed = graphwalk.set_node_types(untyped, ["a", "b", "a", "b"])
    typed.set_node_array("z", [0, 0, 0, 1])
    again = graphwalk.open_zarr(graph.path)
    assert again.node_array_names == ("x", "y", "z")
    assert again.node_types.tolist() == ["a", "b", "a", "b"]
    assert again.node_array("x").compute().tolist() == [1, 2, 3, 4]
    assert (again.digest, again.validate().ok) == (graph.digest, True)
    walks = graphwalk.random_walks(again, num_walks=1, walk_length=3, seed=1).compute()
    expected = graphwalk.random_walks(graph, num_walks=1, walk_length=3, seed=1).compute()
    np.testing.assert_array_equal(walks, expected)


@pytest.mark.parametrize("compressed", [True, False])
def test_damage_is_told(compressed, tmp_path):
    path = tmp_path / "graph.zarr"
    graph = graphwalk.build_zarr(EDGES, path, compressed=compressed)
    graph.set_node_array("x", [1, 2, 3, 4])
    chunk = path / "node.x" / "c" / "0"
    before = chunk.read_bytes()
    for damaged in (before[:-8] + b"\xff" * 4 + before[-4:], None):
        chunk.unlink() if damaged is None else chunk.write_bytes(damaged)
        again = graphwalk.open_zarr(path)
        with pytest.raises(StoreError, match=r"'node\.x'.*chunk 0"):
            again.node_array("x").compute()
        assert any("node.x" in problem for problem in again.validate().problems)
    chunk.write_bytes(before)
    graph.set_node_array("y", [1, 2, 3, 5])
    (path / "node.y").rename(path / "node.z")
    (path / "node.x").rename(path / "node.y")
    with pytest.raises(StoreError, match="another build"):
        graphwalk.open_zarr(path).node_array("y").compute()


def test_names_of_the_manifest_that_lead_elsewhere_are_no_arrays(graph):
    group = zarr.open_group(graph.path, mode="r+")
    about = dict(group.attrs["graphwalk"])
    about["manifest"] = about["manifest"] | {
        "node.../../x": {"checksums": "0", "of": "nodes"},
        "node.y": {"checksums": "0", "of": "something else"},
    }
    about["seal"] = seal_of(about)
    group.update_attributes({"graphwalk": about})
    again = graphwalk.open_zarr(graph.path)
    assert again.node_array_names == ()
    about["manifest"]["node.y"] = {"checksums": "0", "of": "nodes", "columns": -1}
    about["seal"] = seal_of(about)
    group.update_attributes({"graphwalk": about})
    with pytest.raises(StoreError, match="manifest"):
        graphwalk.open_zarr(graph.path)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("x", [1, 2, 3], r"shape \(3,\)"),
        ("x", np.zeros((4, 2, 2)), r"shape \(4, 2, 2\)"),
        ("x", np.zeros((4, 0)), r"shape \(4, 0\)"),
        ("x", ["a", "b", "c", "d"], "integers or floating-point"),
        ("x", np.zeros(4, complex), "complex128"),
        ("../x", [1, 2, 3, 4], "name='../x'"),
        ("", [1, 2, 3, 4], "name=''"),
        (".x", [1, 2, 3, 4], "name='.x'"),
    ],
)
def test_what_is_no_array_of_values_is_refused(name, values, message, graph):
    with pytest.raises(InputError, match=message):
        graph.set_node_array(name, values)
    assert graph.node_array_names == ()


def test_arrays_that_are_not_there(graph):
    graph.set_node_array("x", [1, 2, 3, 4])
    with pytest.raises(InputError, match=r"no array 'y' of nodes; it has 'x'.*set_node_array"):
        graph.node_array("y")
    with pytest.raises(InputError, match="has none"):
        graph.edge_array("x")


def test_a_url_has_arrays_too():
    url = "memory://added/graph.zarr"
    graph = graphwalk.build_zarr(EDGES, url, overwrite=True)
    for values in ([1.5, 2, 3, 4], [5.5, 6, 7, 8]):
        graph.set_node_array("x", values)
        np.testing.assert_array_equal(graphwalk.open_zarr(url).node_array("x").compute(), values)


def test_attributes_are_as_the_format_says(graph):
    graph.set_node_array("x", np.zeros((4, 3)))
    attributes = json.loads(Path(graph.path, "zarr.json").read_text())["attributes"]
    about = attributes["graphwalk"]["manifest"]["node.x"]
    assert about.keys() == {"checksums", "of", "columns"}
    assert (about["of"], about["columns"]) == ("nodes", 3)
    array = zarr.open_group(graph.path, mode="r")["node.x"]
    assert (array.shape, array.dtype) == ((12,), np.float64)
