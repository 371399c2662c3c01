"""Graphs in their stores: what is read, what is kept, and how long a nameless store lasts."""

import gc
import os
import pickle
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import oracle
import pyarrow as pa
import pytest
from resealed import reseal
from small_chunks import build_chunked

from graphwalk.errors import InputError, MemoryBudgetError, StoreError
from graphwalk.storage.build.api import build_zarr
from graphwalk.storage.store.graph import Graph, open_zarr
from graphwalk.storage.store.partition_bounds import (
    entries_per_partition,
    find_offsets,
    partition_nodes,
)
from graphwalk.storage.store.read_ranges import MOST_CHUNKS

EDGES = np.random.default_rng(3).integers(0, 40, (2, 200))


@pytest.fixture
def graph(tmp_path):
    return build_zarr(EDGES, tmp_path / "g", num_nodes=50)


@pytest.fixture
def rows():
    expected = oracle.csr(zip(*EDGES.tolist(), strict=True), 50)
    return [[v for v, _ in expected[node]] for node in range(50)]


def test_a_graph_has_its_public_methods_only():
    facts = "digest directed edge_type_names label_kind neighbor_dtype num_edges num_entries "
    facts += "num_nodes path summary time_unit timed transposed_from type_names weighted "
    facts += "reordered_from touched_nodes updated_from"
    rows = "degree_counts degrees neighbors num_partitions partition partitions rows"
    arrays = "read_edge_types read_neighbors read_offsets read_times read_weights node_array "
    arrays += "edge_array node_array_names edge_array_names set_node_array set_edge_array "
    arrays += "edge_values edge_ids"
    rest = "edges has_edge index_of is_directed is_multigraph labels names node_types subgraph "
    rest += (
        "to_dgl to_edge_index to_igraph to_networkx to_pandas to_pyg to_scipy transpose validate "
    )
    rest += "reorder update"
    public = {name for name in dir(Graph) if not name.startswith("_")}
    assert public == set(f"{facts} {rows} {arrays} {rest}".split())


def test_neighbors_of_one_node(graph, rows):
    assert [graph.neighbors(v).tolist() for v in range(50)] == rows
    assert graph.neighbors(0).dtype == graph.neighbor_dtype == np.int32


def test_neighbors_of_several_nodes_in_any_order(graph, rows):
    nodes = [7, 49, 3, 7, 0]
    found = graph.neighbors(nodes)
    assert [row.tolist() for row in found] == [rows[v] for v in nodes]
    assert graph.neighbors(np.array([], int)) == []


def chunk_reads(graph, name, monkeypatch):
    """Return a list to which each read of an array adds the chunks that it decodes."""
    reader, reads = graph._arrays._reader(name), []
    read = reader.read

    def counted(a, b):
        reads.append(list(range(a // reader.chunk, (b - 1) // reader.chunk + 1)))
        return read(a, b)

    monkeypatch.setattr(reader, "read", counted)
    return reads


@pytest.mark.parametrize("seed", range(6))
def test_neighbors_read_the_chunks_that_they_need_once(rows, seed, monkeypatch):
    graph = build_chunked(64, EDGES, num_nodes=50)
    random = np.random.default_rng(seed)
    nodes = random.integers(0, 50, random.choice([1, 2, 5, 200]))
    offsets = graph.read_offsets(0, 51)
    reads = {name: chunk_reads(graph, name, monkeypatch) for name in ("offsets", "neighbors")}
    assert [row.tolist() for row in graph.neighbors(nodes)] == [rows[v] for v in nodes]
    needed = {
        "offsets": {c for v in nodes for c in (v // 8, (v + 1) // 8)},
        "neighbors": {e // 16 for v in nodes for e in range(offsets[v], offsets[v + 1])},
    }
    for name, chunks in reads.items():
        assert sorted(needed[name]) == [c for read in chunks for c in read]  # in order, each once
        assert max(map(len, chunks)) <= MOST_CHUNKS


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


# Block access


@pytest.mark.parametrize(("a", "b"), [(0, 50), (7, 20), (13, 14), (30, 30), (45, 50), (50, 50)])
def test_rows(graph, rows, a, b):
    found = graph.rows(a, b)
    assert (found.first, found.stop, len(found)) == (a, b, b - a)
    assert [found.row(v).tolist() for v in range(a, b)] == rows[a:b]
    assert found.offsets.tolist() == [0, *np.cumsum([len(row) for row in rows[a:b]], dtype=int)]
    assert found.offsets.dtype == np.int64
    assert found.weights is None
    for node in (a - 1, b):
        with pytest.raises(InputError, match=f"node {node} is not in this slice"):
            found.row(node)


def test_rows_have_weights():
    weights = np.random.default_rng(1).random(200)
    graph = build_zarr((*EDGES, weights), num_nodes=50)
    edges = zip(*EDGES.tolist(), weights.tolist(), strict=True)
    expected = oracle.csr(edges, 50)
    found = graph.rows(10, 30)
    for v in range(10, 30):
        assert found.row(v).tolist() == [u for u, _ in expected[v]]
        assert found.row_weights(v).tolist() == pytest.approx([w for _, w in expected[v]])
    assert repr(found).endswith(f"nodes 10 to 30, {len(found.neighbors)} entries, weighted>")


def test_unweighted_rows_have_none(graph):
    with pytest.raises(InputError, match="no weights"):
        graph.rows(0, 5).row_weights(2)
    with pytest.raises(InputError, match="no weights"):
        graph.to_edge_index(weights=True)


@pytest.mark.parametrize(("a", "b"), [(-1, 5), (5, 4), (0, 51), (51, 51)])
def test_rows_that_do_not_exist(graph, a, b):
    with pytest.raises(InputError, match=rf"rows\({a}, {b}\): nodes are 0 to 49"):
        graph.rows(a, b)


def test_rows_larger_than_memory_are_refused(graph, monkeypatch):
    monkeypatch.setattr("graphwalk.util.available_memory.available_memory", lambda: 100)
    graph.rows(49, 50)
    with pytest.raises(MemoryBudgetError, match=r"rows 0 to 50 takes about .* fewer at a time"):
        graph.rows(0, 50)


@pytest.mark.parametrize("seed", range(30))
def test_partitions_hold_every_node_once(seed, monkeypatch):
    random = np.random.default_rng(seed)
    num_nodes = int(random.choice([1, 9, 40, 300]))
    hubs = max(1, int(num_nodes * random.choice([0.02, 0.5, 1])))
    edges = random.integers([[0], [0]], [[hubs], [num_nodes]], (2, int(random.choice([0, 3, 600]))))
    # Chunks of 8 offsets, and 16 entries.
    graph = build_chunked(64, edges, directed=True, num_nodes=num_nodes)
    offsets = graph.read_offsets(0, num_nodes + 1)
    chunks = int(random.choice([1, 2, 5]))
    reads = chunk_reads(graph, "offsets", monkeypatch)
    found = graph.partitions(64 * chunks)
    assert len(reads) == len({read[0] for read in reads}) <= len(range(0, num_nodes + 1, 8))
    assert [v for nodes in found for v in nodes] == list(range(num_nodes))
    for nodes in found:
        begin, last, end = offsets[[nodes.start, nodes.stop - 1, nodes.stop]]
        assert 0 < len(nodes) <= 8 * chunks
        # All rows begin before the next cut, except those of nodes that nothing follows.
        assert last // (16 * chunks) == begin // (16 * chunks) or last == graph.num_entries
        # A cut is at a multiple of the size, or where there would be too many nodes.
        whole = nodes.stop == num_nodes or end // (16 * chunks) > begin // (16 * chunks)
        assert whole or len(nodes) == 8 * chunks
    for i, nodes in enumerate(found):
        assert graph.partition(i, 64 * chunks).row(nodes.start).tolist() == sorted(
            set(edges[1, edges[0] == nodes.start].tolist())
        )


def test_cuts_lie_at_whole_chunks():
    offsets = np.array([0, 3, 3, 10, 11, 30, 30, 35, 35, 35])

    def cut(most_entries, most_nodes=100):
        chunks = [offsets[i : i + 3] for i in range(0, 10, 3)]
        find = partial(find_offsets, chunks.__getitem__, 3, 10)
        found = partition_nodes(find, 9, 35, most_entries, most_nodes)
        return [(nodes.start, nodes.stop) for nodes in found]

    assert cut(10) == [(0, 3), (3, 5), (5, 9)]  # row 4 has the cuts at 20 and 30
    assert cut(12) == [(0, 5), (5, 9)]
    assert cut(32) == [(0, 9)]  # nothing but nodes without neighbours is left
    assert cut(100) == [(0, 9)]
    assert cut(10, 3) == [(0, 3), (3, 5), (5, 8), (8, 9)]


def test_few_chunks_of_offsets_are_read_for_few_cuts():
    offsets, reads = np.arange(0, 100_001, 5), []

    def read(chunk):
        reads.append(chunk)
        return offsets[chunk * 10 : chunk * 10 + 10]

    find = partial(find_offsets, read, 10, 20_001)
    found = partition_nodes(find, 20_000, 100_000, 40_000, 20_000)
    assert [nodes.start for nodes in found] == [0, 8_000, 16_000]
    assert len(reads) <= 2 * 12  # of 2,001 chunks


def test_entries_of_a_partition_are_whole_chunks():
    assert entries_per_partition(1000, 100, 4) == 200
    assert entries_per_partition(999, 100, 4) == 200
    assert entries_per_partition(1, 100, 4) == 100


def test_partition_of_the_default_size(graph, rows):
    assert graph.num_partitions == 1
    assert [graph.partition(0).row(v).tolist() for v in range(50)] == rows
    for index in (-1, 1):
        with pytest.raises(InputError, match=f"no partition {index}: there are 1"):
            graph.partition(index)


# Other libraries


@pytest.mark.parametrize("weighted", [False, True])
def test_scipy_has_every_entry(weighted):
    weights = np.random.default_rng(1).random(200) + 0.5
    graph = build_zarr((*EDGES, weights) if weighted else EDGES, num_nodes=50)
    expected = np.zeros((50, 50), np.float32)
    edges = EDGES.T.tolist()
    if weighted:
        edges = [(*edge, w) for edge, w in zip(edges, weights.tolist(), strict=True)]
    for v, row in oracle.csr(edges, 50).items():
        for u, w in row:
            expected[v, u] = w
    matrix = graph.to_scipy()
    assert matrix.dtype == np.float32
    np.testing.assert_allclose(matrix.toarray(), expected, rtol=1e-6)
    part = graph.rows(10, 30).to_scipy()
    assert part.shape == (20, 50)
    assert (part.toarray() == matrix.toarray()[10:30]).all()


def test_edge_index_has_every_entry(graph, rows):
    entries = [[v, u] for v, row in enumerate(rows) for u in row]
    found = graph.to_edge_index()
    assert found.dtype == np.int64
    assert found.T.tolist() == entries
    part = graph.rows(10, 30).to_edge_index()
    assert part.T.tolist() == [entry for entry in entries if 10 <= entry[0] < 30]
    weighted = build_zarr([(0, 1, 0.5), (1, 2, 2.0)], directed=True)
    edges, weights = weighted.to_edge_index(weights=True)
    assert (edges.tolist(), weights.tolist()) == ([[0, 1], [1, 2]], [0.5, 2.0])


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("duplicates", ["merge", "keep"])
@pytest.mark.parametrize("weighted", [False, True])
def test_networkx_has_every_edge(directed, duplicates, weighted):
    weights = np.arange(200) / 4 + 1
    edges = (*EDGES, weights) if weighted else EDGES
    graph = build_zarr(edges, directed=directed, duplicates=duplicates, num_nodes=50)
    found = graph.to_networkx()
    assert found.is_directed() == directed
    assert found.is_multigraph() == (duplicates == "keep")
    assert list(found) == list(range(50))
    assert found.number_of_edges() == graph.num_edges
    listed = EDGES.T.tolist()
    if weighted:
        listed = [(*edge, w) for edge, w in zip(listed, weights.tolist(), strict=True)]
    for v, row in oracle.csr(listed, 50, directed=directed, duplicates=duplicates).items():
        there = [
            (u, data.get("weight", 1.0))
            for u in found[v]
            for data in (found[v][u].values() if duplicates == "keep" else [found[v][u]])
        ]
        assert sorted(there) == sorted(row)


def test_networkx_has_labels():
    found = build_zarr(pa.table({"a": ["x", "y"], "b": ["y", "z"]}), directed=True).to_networkx()
    assert sorted(found.edges) == [("x", "y"), ("y", "z")]
    found = build_zarr(np.array([[100, 5000], [5000, 90_000]])).to_networkx()
    assert sorted(found.edges) == [(100, 5000), (5000, 90_000)]


def test_networkx_goes_there_and_back():
    graph = build_zarr((*EDGES, np.arange(200) / 4 + 1), num_nodes=50)
    back = build_zarr(graph.to_networkx())
    assert back.to_edge_index(weights=True)[0].tolist() == graph.to_edge_index().tolist()


@pytest.mark.parametrize("form", ["to_scipy", "to_networkx", "to_edge_index"])
def test_what_does_not_fit_is_refused_unread(graph, form, monkeypatch):
    monkeypatch.setattr("graphwalk.util.available_memory.available_memory", lambda: 5000)
    monkeypatch.setattr(type(graph._arrays), "read_slice", None)
    with pytest.raises(MemoryBudgetError, match=r"4.9 KiB are available; .* rows\(\) or partition"):
        getattr(graph, form)()


@pytest.mark.parametrize(("form", "library"), [("to_scipy", "scipy"), ("to_networkx", "networkx")])
def test_a_library_that_is_missing_is_named(graph, form, library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(InputError, match=f"not installed: pip install {library}"):
        getattr(graph, form)()


def test_rows_of_damaged_offsets_are_refused(tmp_path):
    import zarr

    build_zarr(EDGES, tmp_path / "g", num_nodes=50)
    offsets = zarr.open_group(tmp_path / "g", mode="r+")["offsets"]
    offsets[20] = 10**9
    reseal(tmp_path / "g")
    for read in (
        lambda g: g.rows(15, 30),
        lambda g: g.neighbors(20),
        lambda g: g.neighbors([1, 19]),
    ):
        with pytest.raises(StoreError, match=r"array 'offsets' .* at or after node (19|20|1):"):
            read(open_zarr(tmp_path / "g"))


# Labels


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
    assert len(data) < 700 + len(graph.path)
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
        "import numpy, os; from graphwalk.storage.build.api import build_zarr;"
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
def chunked(tmp_path):
    """A store of which every array has several chunks, of 256 bytes each."""
    weights = np.random.default_rng(0).random(200) + 0.5
    build_chunked(256, (*EDGES, weights), tmp_path / "g", num_nodes=50)
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
        open_zarr(tmp_path / "g").labels.tolist()
