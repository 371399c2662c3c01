"""Graphs in their stores: what is read, what is kept, and how long a nameless store lasts."""

import gc
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import oracle
import pyarrow as pa
import pytest

from graphwalk.errors import InputError, StoreError
from graphwalk.storage.build import build_zarr
from graphwalk.storage.graph import open_zarr

EDGES = np.random.default_rng(3).integers(0, 40, (2, 200))


@pytest.fixture
def graph(tmp_path):
    return build_zarr(EDGES, tmp_path / "g", num_nodes=50)


@pytest.fixture
def rows():
    expected = oracle.csr(zip(*EDGES.tolist(), strict=True), 50)
    return [[v for v, _ in expected[node]] for node in range(50)]


def test_neighbors_of_one_node(graph, rows):
    assert [graph.neighbors(v).tolist() for v in range(50)] == rows
    assert graph.neighbors(0).dtype == graph.neighbor_dtype == np.int32


def test_neighbors_of_several_nodes_in_any_order(graph, rows):
    nodes = [7, 49, 3, 7, 0]
    found = graph.neighbors(nodes)
    assert [row.tolist() for row in found] == [rows[v] for v in nodes]
    assert graph.neighbors(np.array([], int)) == []


def test_neighbors_read_shared_chunks_once(graph, monkeypatch, rows):
    monkeypatch.setattr("graphwalk.storage.format.CHUNK_BYTES", 64)
    small = build_zarr(EDGES, num_nodes=50)
    reads = []
    reader = small._reader("neighbors")
    read = reader.read
    monkeypatch.setattr(reader, "read", lambda a, b: reads.append((a, b)) or read(a, b))
    found = small.neighbors(np.arange(50))
    assert [row.tolist() for row in found] == rows
    assert sum(b - a for a, b in reads) == small.num_entries
    reads.clear()
    small.neighbors([0, 39])
    assert sum(b - a for a, b in reads) < small.num_entries / 2


@pytest.mark.parametrize("node", [-1, 50, [3, 50], 1.5, "a", [[1]]])
def test_nodes_that_do_not_exist(graph, node):
    with pytest.raises(InputError, match=r"no node|integers"):
        graph.neighbors(node)


def test_degrees(graph, rows):
    assert graph.degrees.tolist() == [len(row) for row in rows]
    assert graph.degrees.dtype == np.int64


def test_reading_ranges(graph, rows):
    offsets = graph.read_offsets(0, 51)
    assert offsets.dtype == np.int64
    assert graph.read_offsets(10, 12).tolist() == offsets[10:12].tolist()
    a, b = offsets[10:12].tolist()
    assert graph.read_neighbors(a, b).tolist() == rows[10]
    assert graph.read_neighbors(5, 5).tolist() == []
    with pytest.raises(InputError, match="no weights"):
        graph.read_weights(0, 1)


def test_index_of(graph):
    labelled = build_zarr(pa.table({"src": ["x", "y"], "dst": ["y", "z"]}))
    assert labelled.index_of("y") == 1
    assert labelled.index_of(["z", "x"]).tolist() == [2, 0]
    with pytest.raises(InputError, match="'why'"):
        labelled.index_of(["x", "why"])
    with pytest.raises(InputError, match="strings"):
        labelled.index_of([1])
    assert graph.index_of(3) == 3
    with pytest.raises(InputError, match="50"):
        graph.index_of([1, 50])


def test_index_of_integer_labels():
    graph = build_zarr(np.array([[100, 5000], [5000, 90_000]]))
    assert graph.index_of(90_000) == 2
    for missing in (-5, 99, 101, 10**18, 2**63):
        with pytest.raises(InputError, match=str(missing)):
            graph.index_of([100, missing])
    with pytest.raises(InputError, match="integers"):
        graph.index_of("100")


def test_labels_are_shared_by_reopened_graphs(tmp_path):
    build_zarr(pa.table({"src": ["x"], "dst": ["y"]}), tmp_path / "g")
    graph = open_zarr(tmp_path / "g")
    assert graph.labels.tolist() == ["x", "y"]
    assert graph.label_kind == "string"


def test_repr(tmp_path, graph):
    assert repr(graph) == f"<graphwalk.Graph '{tmp_path}/g': 50 nodes, 181 edges, undirected>"
    weighted = build_zarr((*EDGES * 10**9, np.ones(200)), tmp_path / "w", directed=True)
    assert "directed, weighted, labelled by integers" in repr(weighted)


def test_pickle_is_small_and_needs_no_reading(graph, rows):
    graph.neighbors(1)
    _ = graph.labels
    data = pickle.dumps(graph)
    assert len(data) < 500
    copy = pickle.loads(data)
    assert copy.neighbors(1).tolist() == rows[1]
    assert repr(copy) == repr(graph)


def test_relative_path_holds_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graph = build_zarr(EDGES, "g.zarr")
    assert graph.path == str(tmp_path / "g.zarr")
    assert open_zarr("g.zarr").path == graph.path


# Stores without a name


def test_nameless_store_lasts_as_long_as_its_graph(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    graph = build_zarr(EDGES)
    assert Path(graph.path).is_dir()
    copy = pickle.loads(pickle.dumps(graph))
    del copy
    gc.collect()
    assert Path(graph.path).is_dir()
    del graph
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_nameless_store_lies_where_dask_says(tmp_path):
    import dask

    with dask.config.set({"temporary-directory": str(tmp_path / "shared")}):
        graph = build_zarr(EDGES)
    assert Path(graph.path).is_relative_to(tmp_path / "shared")


def test_nameless_store_goes_with_the_process(tmp_path):
    code = (
        "import numpy, os; from graphwalk.storage.build import build_zarr;"
        "graph = build_zarr(numpy.array([[0, 1], [1, 2]])); print(os.path.isdir(graph.path))"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"
    assert [p for p in tmp_path.iterdir() if p.name.startswith("graphwalk-")] == []


# Damage


@pytest.fixture
def chunked(tmp_path, monkeypatch):
    """A store of which every array has several chunks, of 256 bytes each."""
    monkeypatch.setattr("graphwalk.storage.format.CHUNK_BYTES", 256)
    weights = np.random.default_rng(0).random(200) + 0.5
    build_zarr((*EDGES, weights), tmp_path / "g", num_nodes=50)
    return tmp_path / "g"


def read_all(path):
    graph = open_zarr(path)
    graph.read_offsets(0, graph.num_nodes + 1)
    graph.read_neighbors(0, graph.num_entries)
    graph.read_weights(0, graph.num_entries)


@pytest.mark.parametrize("array", ["offsets", "neighbors", "weights"])
@pytest.mark.parametrize("damage", ["missing", "flipped", "truncated", "emptied"])
@pytest.mark.parametrize("chunk", [0, 1])
def test_damaged_chunk_is_named(chunked, array, damage, chunk):
    read_all(chunked)
    path = chunked / array / "c" / str(chunk)
    data = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    else:
        data[len(data) // 2] ^= 4
        size = {"flipped": len(data), "truncated": len(data) - 9, "emptied": 0}[damage]
        path.write_bytes(data[:size])
    with pytest.raises(StoreError, match=rf"array '{array}' of .*chunk {chunk} \(elements"):
        read_all(chunked)


def test_part_of_a_missing_chunk_is_noticed(chunked):
    (chunked / "neighbors" / "c" / "1").unlink()
    graph = open_zarr(chunked)
    graph.read_neighbors(0, 64)
    for a, b in ((64, 65), (127, 128), (10, 70), (100, 200)):
        with pytest.raises(StoreError, match=r"chunk 1 .* is missing"):
            graph.read_neighbors(a, b)


def test_missing_array_is_named(chunked):
    (chunked / "weights" / "zarr.json").unlink()
    with pytest.raises(StoreError, match="array 'weights'"):
        read_all(chunked)


def test_array_of_another_length_is_named(chunked):
    import zarr

    zarr.open_group(chunked, mode="r+")["neighbors"].resize((10,))
    with pytest.raises(StoreError, match=r"array 'neighbors' .*shape"):
        read_all(chunked)


@pytest.mark.parametrize("array", ["label_offsets", "label_bytes"])
def test_missing_labels_are_noticed(tmp_path, array):
    build_zarr(pa.table({"src": ["x"], "dst": ["y"]}), tmp_path / "g")
    (tmp_path / "g" / array / "c" / "0").unlink()
    with pytest.raises(StoreError, match=array):
        _ = open_zarr(tmp_path / "g").labels
