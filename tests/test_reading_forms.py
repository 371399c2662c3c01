"""Rows with names, objects of other libraries, and files of other formats: read, or refused."""

import datetime

import networkx as nx
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet as pq
import pytest
from reading import read

import graphwalk
from graphwalk.errors import InputError

# Rows that have names


@pytest.mark.parametrize(
    "rows",
    [
        {0: [1, 2], 1: [0], 2: [0], 5: []},
        pd.Series([[1, 2], [0], [0], []], index=[0, 1, 2, 5]),
        pd.Series([[0], [], [1, 2], [0]], index=[2, 5, 0, 1]),
        {0: np.array([1, 2]), 1: (0,), 2: {0}, 5: []},
    ],
)
def test_rows_belong_to_the_nodes_that_they_name(rows):
    graph = graphwalk.build_zarr(rows)
    assert (graph.num_nodes, graph.num_edges) == (6, 2)
    assert [graph.neighbors(i).tolist() for i in range(6)] == [[1, 2], [0], [0], [], [], []]


def test_rows_by_groups_with_a_gap():
    edges = pd.DataFrame({"a": [0, 0, 2], "b": [1, 2, 0]})
    rows = edges.groupby("a")["b"].agg(list)
    assert read(rows, directed=True)[0] == [(0, 1), (0, 2), (2, 0)]
    with pytest.raises(InputError, match=r"not symmetric \(0 → 1 is not\); pass directed=True"):
        read(rows)


@pytest.mark.parametrize("kind", [dict, pd.Series])
def test_rows_of_names(kind):
    rows = kind({"a": ["b"], "b": ["a", "c"], "c": ["b"]})
    assert read(rows)[0] == [("a", "b"), ("b", "c")]
    assert len(read(rows, directed=True)[0]) == 4


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ({}, "dict is empty"),
        ({0: {1: 2}}, "from_dict_of_dicts"),
        ({0: 5, 1: [0]}, "no row of neighbours"),
        (pd.Series([[1], [0]], index=[3, 3]), "several rows"),
        (pd.Series([[1]], index=pd.MultiIndex.from_tuples([(0, 1)])), "2 levels"),
        ({(0, 1): "x"}, "values are"),
    ],
)
def test_rows_that_cannot_be_used(edges, message):
    with pytest.raises(InputError, match=message):
        read(edges)


def test_pairs_to_weights_are_edges():
    assert read({(0, 1): 0.5, (1, 2): 1.0})[0] == [(0, 1, 0.5), (1, 2, 1.0)]


# Padded rows

PADDED = np.array([[1, 2, -1, -1, -1], [0, -1, -1, -1, -1], [0, -1, -1, -1, -1]])


@pytest.mark.parametrize("form", ["array", "memmap", "three columns", "npz"])
def test_rows_may_be_padded(form, tmp_path):
    np.save(tmp_path / "rows.npy", PADDED)
    np.savez(tmp_path / "rows.npz", rows=PADDED)
    rows = {
        "array": PADDED,
        "memmap": tmp_path / "rows.npy",
        "three columns": PADDED[:, :3],
        "npz": tmp_path / "rows.npz",
    }[form]
    assert read(rows)[0] == [(0, 1), (0, 2), (1, 0), (2, 0)]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([[1, -1, 2, -1, -1]] * 3), "a neighbour stands after −1"),
        (np.array([[0, 1, -1], [1, 2, 1], [2, 0, 1]]), "is no list of edges"),
        (np.zeros((3, 5), int), "is no list of edges"),
    ],
)
def test_arrays_that_are_not_padded(array, message):
    with pytest.raises(InputError, match=message):
        read(array)


# Objects in NumPy's files


def object_rows():
    rows = np.empty(3, object)
    rows[:] = [np.array([1, 2]), np.array([0]), np.array([0])]
    return rows


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_objects_are_loaded_only_when_that_is_said(suffix, tmp_path):
    path = tmp_path / f"rows.{suffix}"
    (np.save if suffix == "npy" else np.savez)(path, object_rows(), allow_pickle=True)
    with pytest.raises(InputError, match="can run any code; pass allow_pickle=True"):
        read(path)
    assert read(path, allow_pickle=True)[0] == [(0, 1), (0, 2), (1, 0), (2, 0)]


def test_a_dict_in_a_file(tmp_path):
    np.save(tmp_path / "rows.npy", {"a": ["b"], "b": ["a"]}, allow_pickle=True)
    assert read(tmp_path / "rows.npy", allow_pickle=True)[0] == [("a", "b")]


@pytest.mark.parametrize(
    ("arrays", "edges"),
    [
        ({"destination": [0, 1], "source": [1, 2]}, [(1, 0), (2, 1)]),
        ({"src": [0], "dst": [1], "score": [0.5]}, [(0, 1, 0.5)]),
        ({"edge_index": [[0, 1], [1, 2]], "edge_weight": [1.0, 2.0]}, [(0, 1, 1.0), (1, 2, 2.0)]),
        ({"edge_index": [[0], [1]], "edge_attr": [[3.0]]}, [(0, 1, 3.0)]),
        ({"edge_index": [[0, 1], [1, 0]], "num_nodes": 4}, [(0, 1)]),
        ({"adj_indptr": [0, 1, 2], "adj_indices": [1, 0], "labels": [0, 1]}, [(0, 1), (1, 0)]),
        ({"indptr": [0, 1, 2], "indices": [1, 0]}, [(0, 1), (1, 0)]),
    ],
)
def test_arrays_are_known_by_their_names(arrays, edges, tmp_path):
    np.savez(tmp_path / "edges.npz", **arrays)
    assert read(tmp_path / "edges.npz") == (edges, [])


# Arrow's files

TABLE = pa.table({"edge_id": [7, 8], "dst_id": ["a", "b"], "src_id": ["b", "c"]})
EDGES = [("b", "a"), ("c", "b")]


def write_ipc(path, kind):
    with pa.OSFile(str(path), "wb") as file, kind(file, TABLE.schema) as writer:
        writer.write_table(TABLE)


WRITERS = {
    "x.feather": lambda path: pyarrow.feather.write_feather(TABLE, path),
    "x.bin": lambda path: pyarrow.feather.write_feather(TABLE, path),
    "x.orc": lambda path: pyarrow.orc.write_table(TABLE, path),
    "x.arrow": lambda path: write_ipc(path, pa.ipc.new_file),
    "x.ipc": lambda path: write_ipc(path, pa.ipc.new_file),
    "x.arrows": lambda path: write_ipc(path, pa.ipc.new_stream),
    "stream.arrow": lambda path: write_ipc(path, pa.ipc.new_stream),
    "parquet.csv": lambda path: pq.write_table(TABLE, path),
    "x.parquet": lambda path: pq.write_table(TABLE, path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_files_of_arrow_are_known_by_what_they_hold(name, tmp_path):
    WRITERS[name](tmp_path / name)
    assert read(tmp_path / name) == (EDGES, [])


@pytest.mark.parametrize("key", ["year", "src"])
def test_folders_with_partitions(key, tmp_path):
    table = pa.table({"src": [1, 2], "dst": [2, 3], "year": [2020, 2021]})
    if key == "src":
        table = table.drop_columns(["year"])
    pq.write_to_dataset(table, tmp_path / "edges", partition_cols=[key])
    found, warned = read(tmp_path / "edges")
    assert (sorted(found), warned) == ([(1, 2), (2, 3)], [])


@pytest.mark.parametrize(
    ("folder", "message"), [("_delta_log", "Delta table"), ("metadata", "Iceberg")]
)
def test_tables_with_a_history_are_refused(folder, message, tmp_path):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "1.metadata.json").touch()
    pq.write_table(TABLE, tmp_path / "old.parquet")
    with pytest.raises(InputError, match=message):
        read(tmp_path)


# Objects of other libraries


class Stream:
    """What exports an Arrow stream and nothing else, a batch at a time."""

    def __init__(self, table):
        self.table = table
        self.drawn = 0

    def __arrow_c_stream__(self, requested_schema=None):
        def batches():
            for batch in self.table.to_batches(1):
                self.drawn += 1
                yield batch

        reader = pa.RecordBatchReader.from_batches(self.table.schema, batches())
        return reader.__arrow_c_stream__(requested_schema)


def test_arrow_streams_are_read_batch_by_batch():
    stream = Stream(TABLE)
    source = graphwalk.storage.edges.open.open_source(stream)
    assert stream.drawn == 1
    assert [load().src.tolist() for load in source.batches(10)] == [["b"], ["c"]]


def test_igraph_graphs():
    igraph = pytest.importorskip("igraph")
    graph = igraph.Graph([(0, 1), (1, 2)])
    graph.add_vertex()
    built = graphwalk.build_zarr(graph)
    assert (built.num_nodes, built.num_edges, built.directed) == (4, 2, False)
    graph.es["weight"] = [0.5, 2.0]
    graph.vs["name"] = ["a", "b", "c", "d"]
    assert read(graph) == ([("a", "b", 0.5), ("b", "c", 2.0)], [])
    assert graphwalk.build_zarr(graph).num_nodes == 4
    with pytest.raises(InputError, match="is undirected; pass directed=False"):
        graphwalk.build_zarr(graph, directed=True)
    graph.vs["name"] = ["a", "a", "c", "d"]
    with pytest.raises(InputError, match="several nodes have the same name"):
        read(graph)


def test_duckdb_relations():
    duckdb = pytest.importorskip("duckdb")
    assert read(duckdb.sql("select 1 as target, 2 as source")) == ([(2, 1)], [])


class Data:
    """What data objects of PyTorch Geometric have."""

    def __init__(self, edge_index, **values):
        self.edge_index = np.array(edge_index)
        vars(self).update(values)


@pytest.mark.parametrize(
    ("data", "edges"),
    [
        (Data([[0, 1], [1, 2]]), [(0, 1), (1, 2)]),
        (Data([[0, 1, 1, 2], [1, 0, 2, 1]]), [(0, 1), (1, 2)]),
        (Data([[0, 1], [1, 0]], edge_weight=np.array([2.0, 2.0])), [(0, 1, 2.0)]),
        (
            Data([[0, 1], [1, 0]], edge_weight=np.array([2.0, 3.0])),
            [(0, 1, 2.0), (1, 0, 3.0)],
        ),
        (Data([[0], [1]], edge_attr=np.array([[4.0]])), [(0, 1, 4.0)]),
    ],
)
def test_data_objects(data, edges):
    assert read(data) == (edges, [])


def test_features_of_edges_are_no_weights():
    edges, (warning,) = read(Data([[0], [1]], edge_attr=np.ones((1, 3))))
    assert edges == [(0, 1)]
    assert "edge_attr of shape (1, 3) is not one weight for each edge" in warning


def test_networkx_graphs_give_back_times_and_types():
    graph = nx.Graph()
    graph.add_edge(0, 1, time=5.0)
    assert read(graph, values="times") == ([(0, 1, 5.0)], [])
    (warning,) = read(graph)[1]
    assert "'time', which is not read; pass times=True" in warning
    built = graphwalk.build_zarr(graph, times=True)
    again = graphwalk.build_zarr(built.to_networkx(), times=True)
    assert again.rows(0, 2).times.tolist() == [5.0, 5.0]


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["a", "b", "c"])], ids=str)
def test_categories_of_polars(kind):
    frame = pl.DataFrame({"src": ["a", "b"], "dst": ["b", "c"]}).with_columns(pl.all().cast(kind))
    assert read(frame)[0] == [("a", "b"), ("b", "c")]


FRAME = pd.DataFrame({"src": [0], "dst": [1], "time": pd.to_datetime(["1970-01-02"])})
NANOSECONDS = FRAME.assign(time=FRAME.time.astype("datetime64[ns]"))
DATES = {
    "pandas": lambda _: NANOSECONDS,
    "polars": lambda _: pl.from_pandas(NANOSECONDS),
    "Arrow": lambda _: pa.Table.from_pandas(NANOSECONDS),
    "Parquet": lambda folder: parquet(folder, NANOSECONDS),
    "list": lambda _: [(0, 1, datetime.datetime(1970, 1, 2))],
    "arrays": lambda _: (np.array([0]), np.array([1]), np.array(["1970-01-02"], "M8[ns]")),
    "time zone": lambda _: NANOSECONDS.assign(time=NANOSECONDS.time.dt.tz_localize("UTC")),
}


def parquet(folder, frame):
    frame.to_parquet(folder / "edges.parquet")
    return folder / "edges.parquet"


@pytest.mark.parametrize("form", DATES)
def test_dates_are_times_of_a_unit_that_is_kept(form, tmp_path):
    graph = graphwalk.build_zarr(DATES[form](tmp_path), times=True)
    assert graph.rows(0, 1).times.tolist() == [86400e6]
    assert graph.time_unit == "us"
    assert graphwalk.open_zarr(graph.path).time_unit == "us"


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (np.array([1], "M8[ns]"), "round them to microseconds"),
        (np.array(["NaT"], "M8[s]"), "the time is missing"),
    ],
)
def test_dates_that_cannot_be_times(times, message):
    with pytest.raises(InputError, match=message):
        read((np.array([0]), np.array([1]), times), values="times")


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("0 × 0", "no rows, so there are no nodes"),
        ("CSR", "no rows, so there are no nodes"),
        ("empty objects", "empty, so there are no nodes"),
        ("bag", r"pass its \.to_dataframe"),
        ("delayed", r"pass its \.to_dataframe"),
        ("surrogates", "no text that UTF-8 can hold"),
        ("surrogates in an array", "no text that UTF-8 can hold"),
        ("surrogates in pandas", "no text that UTF-8 can hold"),
        ("1.0 in pandas", "1.0 is no id"),
        ("nan in pandas", "nan is no id"),
        ("four", r"a time \(times=True\)"),
    ],
)
def test_each_ends_in_an_error_that_says_what_to_do(form, message):
    bag = pytest.importorskip("dask.bag")
    import dask
    import scipy.sparse

    edges = {
        "0 × 0": lambda: scipy.sparse.csr_array((0, 0)),
        "CSR": lambda: graphwalk.CSR([0], []),
        "empty objects": lambda: np.empty(0, object),
        "bag": lambda: bag.from_sequence([(0, 1)]),
        "delayed": lambda: dask.delayed([(0, 1)]),
        "surrogates": lambda: [("a\udc80", "b")],
        "surrogates in an array": lambda: np.array([["a\udc80"], ["b"]]),
        "surrogates in pandas": lambda: pd.DataFrame(
            {"src": ["a\ud800"], "dst": ["b"]}, dtype=object
        ),
        "1.0 in pandas": lambda: pd.DataFrame({"src": ["1.0", "2.0"], "dst": ["2.0", "3.0"]}),
        "nan in pandas": lambda: pd.DataFrame({"src": ["1", "2"], "dst": ["2", "nan"]}),
        "four": lambda: [(0, 1, 1.0, 2.0)],
    }[form]()
    with pytest.raises(InputError, match=message):
        read(edges)
