"""Objects as public reports of graph libraries have them, by the kind of what may go wrong."""

import re
import uuid

import dask.array as da
import networkx as nx
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.orc
import pytest
import zarr
from reading import read

import graphwalk
from graphwalk.errors import InputError

AB = [("a", "b"), ("b", "c"), ("c", "a")]
EDGES = pd.DataFrame(AB, columns=["source", "target"])
RATED = pd.DataFrame({"user": [1, 1, 2, 3], "item": [7, 8, 7, 9]})

WEIGHTED = [(*edge, 1.0) for edge in AB]
LISTS = pd.DataFrame({"target": [[1, 2], [0]]}, index=pd.Index([0, 5], name="source"))
GAPS = pd.DataFrame({"x": [1, 2], "y": [2, 3]}, index=[7, 9])
SPARSE = pd.DataFrame.sparse.from_spmatrix(nx.to_scipy_sparse_array(nx.path_graph(3)))
DECIMALS = pa.array([1, 2]).cast(pa.decimal128(19))
UUIDS = pa.array([b"0" * 16], pa.binary(16))


def ends(src, dst, **more):
    return pd.DataFrame({"src": src, "dst": dst} | more)


#: Where it was met, object, edges.
INDEXED = [
    ("counts of pairs", EDGES.value_counts(["source", "target"], sort=False), WEIGHTED),
    ("rows that were filtered", EDGES[EDGES.source > "a"], AB[1:]),
    ("and numbered again", EDGES[EDGES.source > "a"].reset_index(), AB[1:]),
    ("an index of sources", EDGES.set_index("source"), AB),
    ("two levels", EDGES.assign(w=1.0).set_index(["source", "target"]), WEIGHTED),
    ("exploded lists", LISTS.explode("target"), [(0, 1), (0, 2), (5, 0)]),
    ("records", EDGES.to_dict("records"), AB),
    ("columns", EDGES.to_dict("list"), AB),
    ("Series in a dict", EDGES.to_dict("series"), AB),
    ("an index with gaps", GAPS, [(1, 2), (2, 3)]),
]


@pytest.mark.parametrize(("where", "edges", "expected"), INDEXED)
def test_indices_are_used(where, edges, expected):
    assert read(edges) == (expected, [])


REFUSED = [
    ("NetworkX #3105", pd.DataFrame([[0, 1], [1, 0]], ["A", "B"], ["B", "A"]), "adjacency matrix"),
    ("an identity", pd.DataFrame(np.eye(3, dtype=int), list("ABC"), list("CAB")), "adjacency matr"),
    ("a table of counts", pd.crosstab(RATED.user, RATED.item), "no names among them"),
    ("a transposed table", EDGES.T, "no names among them"),
    ("rows by groups", RATED.groupby("user").agg(list), r"\.explode\(\)"),
    ("polars by groups", pl.from_pandas(RATED).group_by("user").agg("item"), r"\.explode\(\)"),
    ("nested Arrow", pa.table({"node": [0], "neighbors": [[1]]}), r"\.explode\(\)"),
    ("one value a node", pd.Series([1, 2, 3], [5, 6, 7]), "is no list of edges"),
    ("an exploded Series", pd.Series([1, 2, 0], [0, 0, 5], dtype=object), "several rows|no row"),
    ("dicts by index", EDGES.to_dict("index"), "from_dict_of_dicts"),
    ("NetworkX's dict of dicts", {0: {1: {}}, 1: {0: {}}}, "from_dict_of_dicts"),
    ("a sparse frame", SPARSE, "adjacency matrix"),
]


@pytest.mark.parametrize(("where", "edges", "message"), REFUSED)
def test_what_would_lose_an_index_is_refused(where, edges, message):
    with pytest.raises(InputError, match=message):
        read(edges)


@pytest.mark.parametrize("order", [["A", "B", "C"], ["C", "A", "B"]])
def test_adjacency_frames_are_read_as_the_error_says(order):
    frame = pd.DataFrame([[0, 1, 0], [1, 0, 1], [0, 1, 0]], list("ABC"), list("ABC"))[order]
    with pytest.raises(InputError, match=r"networkx\.from_pandas_adjacency"):
        graphwalk.build_zarr(frame)
    graph = graphwalk.build_zarr(nx.from_pandas_adjacency(frame))
    assert [graph.names(graph.neighbors(name)).tolist() for name in "ABC"] == [
        ["B"],
        ["A", "C"],
        ["B"],
    ]


def matrix(names):
    """Return a ring as a frame whose first node is linked to all."""
    size = len(names)
    cells = np.roll(np.eye(size, dtype=int), 1, 1)
    cells[0, 1:] = 1
    return pd.DataFrame(cells | cells.T, names, names)


def written(form, frame, folder):
    """Return a frame in some form, and what the calls in an error may name."""
    path = folder / f"matrix.{form}"
    whole = frame.rename(columns=str)
    table = pa.Table.from_pandas(whole)
    if form in ("csv", "tsv", "txt"):
        whole.to_csv(path, sep={"csv": ",", "tsv": "\t", "txt": "\t"}[form])
    elif form == "parquet":
        whole.to_parquet(path)
    elif form == "feather":
        whole.reset_index().to_feather(path)
    elif form == "orc":
        pa.orc.write_table(table, path)
    if path.exists():
        return path, {"path": path}
    return {
        "reset": lambda: (frame.reset_index(), {"frame": frame.reset_index()}),
        "polars": lambda: (
            (it := pl.from_pandas(whole.reset_index())),
            {"table": it.to_arrow()},
        ),
        "Arrow": lambda: (table, {"table": table}),
        "list": lambda: ([frame.reset_index()], {"frame": frame.reset_index()}),
        "records": lambda: ((it := whole.reset_index().to_dict("records")), {"edges": it}),
    }[form]()


FORMS = ["csv", "tsv", "txt", "parquet", "feather", "orc", "reset", "polars", "Arrow", "list"]
FORMS += ["records"]
NODES = [["Ann", "Bob"], ["a", "b", "c"], ["u", "v", "weight", "x"], [0, 1], [3, 5, 8, 9]]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("names", NODES)
def test_written_adjacency_matrices_are_read_as_the_error_says(names, form, tmp_path):
    frame = matrix(names)
    edges, known = written(form, frame, tmp_path)
    with pytest.raises(InputError, match="is an adjacency matrix") as caught:
        read(edges)
    call = re.search(r"pass (networkx.*\)), with create_using", str(caught.value))[1]
    known |= {"networkx": nx, "pandas": pd, "pyarrow": pa}
    assert nx.utils.graphs_equal(
        nx.Graph(eval(call, known).edges), nx.Graph(nx.from_pandas_adjacency(frame).edges)
    )


LISTS_OF_EDGES = [
    ("5 1 2\n1 2 9\n2 1 6\n", "x.txt"),
    ("5,1,2\n1,2,9\n2,1,6\n", "x.csv"),
    ("source,target,weight\ntarget,source,1\nsource,weight,2\n", "x.csv"),
    ("id,source,target\n1,2,3\n2,3,4\n", "x.csv"),
    (",source,target\n0,1,2\n1,0,5\n", "x.csv"),
    ("source,target\nsource,b\n", "x.csv"),
]


@pytest.mark.parametrize(("content", "name"), LISTS_OF_EDGES)
def test_lists_of_edges_are_no_matrices(content, name, tmp_path):
    (tmp_path / name).write_text(content)
    lines = content.splitlines()
    how = {"columns": None if "source" in content else (0, 1)}
    assert len(read(tmp_path / name, header="source" in lines[0], **how)[0]) == len(lines) - (
        "source" in lines[0]
    )


WEIGHTS = [
    ("PyTorch Geometric", {"edge_index": [[0, 1], [1, 2]], "edge_weight": [1.0, 2.0]}),
    ("GEXF's name", pd.DataFrame({"source": [0, 1], "target": [1, 2], "Weight": [1.0, 2.0]})),
    ("NetworkX", nx.Graph([(0, 1, {"weight": 1.0}), (1, 2, {"weight": 2.0})])),
    ("STRING", pd.DataFrame({"protein1": [0, 1], "protein2": [1, 2], "combined_score": [1, 2]})),
    ("cuGraph", pd.DataFrame({"src": [0, 1], "dst": [1, 2], "weights": [1.0, 2.0]})),
    ("decimals", pa.table({"src": [0, 1], "dst": [1, 2], "w": DECIMALS})),
    ("polars", pl.DataFrame({"weight": [1.0, 2.0], "v": [1, 2], "u": [0, 1]})),
]


@pytest.mark.parametrize(("where", "edges"), WEIGHTS)
def test_weights_are_found(where, edges, tmp_path):
    if isinstance(edges, dict):
        np.savez(tmp_path / "edges.npz", **edges)
        edges = tmp_path / "edges.npz"
    assert read(edges) == ([(0, 1, 1.0), (1, 2, 2.0)], [])


class Edges:
    """An object with an edge_index and other attributes."""

    def __init__(self, **arrays):
        vars(self).update(arrays)


def npz(folder, arrays):
    np.savez(folder / "edges.npz", **arrays)
    return folder / "edges.npz"


INDEX = {"edge_index": np.array([[0, 1], [1, 2]])}
ROWS = {"indptr": np.array([0, 1, 2, 2]), "indices": np.array([1, 2])}
NAMED = ["edge_weight", "edge_weights", "weight", "weights", "w", "score", "values", "data"]
WITH_TIMES = ["edge_time", "time", "times", "timestamp", "timestamps", "t"]
NPZ = [INDEX, ROWS, {"adj_" + name: array for name, array in ROWS.items()}]
BASES = [(Edges, INDEX), *((npz, base) for base in NPZ)]


def opened(form, folder, arrays):
    return Edges(**arrays) if form is Edges else npz(folder, arrays)


@pytest.mark.parametrize(("form", "base"), BASES)
@pytest.mark.parametrize("shape", [(2,), (2, 1)])
@pytest.mark.parametrize("key", [*NAMED, *WITH_TIMES])
def test_values_by_any_of_their_names(key, shape, form, base, tmp_path):
    key = f"adj_{key}" if "adj_indptr" in base else key
    arrays = base | {key: np.array([1.5, 2.0]).reshape(shape), "number": np.array(3)}
    values = "weights" if key.removeprefix("adj_") in NAMED else "times"
    expected = [(0, 1, 1.5), (1, 2, 2.0)]
    assert read(opened(form, tmp_path, arrays), values=values) == (expected, [])


UNREAD = [
    ("time", np.array([1, 2]), "'time', which is not read; pass times=True"),
    ("timestamps", np.array([1, 2]), "'timestamps', which is not read; pass times=True"),
    ("rating", np.array([1.5, 2]), "'rating', which is not read; rename it to 'weight'"),
    ("edge_length", np.array([[1.5], [2]]), "'edge_length', which is not read; rename"),
    ("weight", np.ones((2, 3)), r"weight of shape (2, 3) is not one weight for each edge"),
    ("weight", np.ones(5), r"weight of shape (5,) is not one weight for each edge"),
    ("train_mask", np.array([True, False]), None),
    ("edge_label", np.array([1, 0]), None),
    ("edge_type", np.array([1, 0]), None),
    ("shape", np.array([3, 3]), None),
    ("x", np.ones((3, 2)), None),
]


@pytest.mark.parametrize(("form", "base"), BASES[:3])
@pytest.mark.parametrize(("key", "array", "message"), UNREAD)
def test_values_that_are_not_read_are_warned_of(key, array, message, form, base, tmp_path):
    edges, warned = read(opened(form, tmp_path, base | {key: array}))
    assert edges == [(0, 1), (1, 2)]
    assert [message in text for text in warned] == [True] * (message is not None)


@pytest.mark.parametrize(("form", "base"), BASES[:3])
def test_several_arrays_of_weights_are_asked_for(form, base, tmp_path):
    arrays = base | {"w": np.ones(2), "score": np.ones(2)}
    with pytest.raises(InputError, match="several arrays that are named as weights: 'w', 'score'"):
        read(opened(form, tmp_path, arrays))


def test_values_of_nodes_are_not_warned_of_where_there_are_as_many_edges(tmp_path):
    ring = {"edge_index": np.array([[0, 1, 2], [1, 2, 0]]), "degree": np.array([2.0, 2, 2])}
    assert read(npz(tmp_path, ring)) == ([(0, 1), (1, 2), (2, 0)], [])


def test_no_edges_have_no_weights_to_warn_of(tmp_path):
    none = {"edge_index": np.empty((2, 0), int), "weight": np.empty(0), "rating": np.empty(0)}
    assert read(npz(tmp_path, none)) == ([], [])


FOREIGN = [
    ("tuples as nodes", [((0, 0), (0, 1)), ((0, 1), (1, 1))], "."),
    ("UUIDs", [(uuid.UUID(int=1), uuid.UUID(int=2))], "must be integers or strings"),
    ("UUIDs in Arrow", pa.table({"src": UUIDS, "dst": [1]}), "must be integers or strings"),
    ("dates as nodes", ends(pd.to_datetime(["2020-01-01"]), [1]), "must be integers or strings"),
    ("intervals", ends(pd.interval_range(0, 2), [1, 2]), "must be integers or strings"),
    ("a missing integer", ends(pd.array([1, None], "Int64"), [2, 3]), "missing"),
    ("integers and strings", ends([1, 2], ["1", "2"]), "convert one of them"),
    ("both in a column", ends([1, "a"], ["b", "c"]), "'a' is a str"),
    ("floats", ends([1.0, 2.0], [2.0, 3.0]), r"astype\(np.int64\)"),
    ("text as weights", ends([1], [2], weight=["x"]), "values are"),
    ("a masked array", np.ma.masked_equal(np.array([[0, 1], [9, 2]]), 9), "masked"),
    ("a lazy frame", pl.LazyFrame({"src": [1], "dst": [2]}), r"\.collect\(\)"),
    ("lists in lists", [[0, 1], [1, 2]], "could be edges or rows"),
    ("a set", {(0, 1)}, "cannot be read; pass"),
    ("text", "0 1\n1 2", "there is no file"),
]


@pytest.mark.parametrize(("where", "edges", "message"), FOREIGN)
def test_each_ends_in_an_error_that_says_what_to_pass(where, edges, message):
    with pytest.raises(InputError, match=message):
        read(edges)


TEXT_ROWS = [
    ("a dict", {"Ann": "Bob"}),
    ("a dict of which some are lists", {"Ann": ["Bob"], "Bob": "Ann"}),
    ("bytes in a dict", {0: b"\x01", 1: b"\x00"}),
    ("a bytearray in a dict", {0: bytearray(b"\x01"), 1: bytearray(b"\x00")}),
    ("a string of NumPy", {"Ann": np.str_("Bob")}),
    ("an array without axes", {0: np.array(1)}),
    ("a Series", pd.Series(["Bob", "Ann"], ["Ann", "Bob"])),
    ("a Series of dicts", pd.Series([{1: 2.5}, {0: 2.5}], [0, 5])),
    ("a Series by number", pd.Series(["Bob", "Ann"])),
    ("a list", ["Bob", "Ann"]),
    ("bytes in a list", [b"\x01", b"\x00"]),
    ("bytearrays in a list", [bytearray(b"\x01"), bytearray(b"\x00")]),
    ("an array of objects", np.array(["Bob", "Ann"], object)),
    ("bytes in an array of objects", np.array([b"\x01", b"\x00"], object)),
]


@pytest.mark.parametrize(("where", "edges"), TEXT_ROWS)
def test_text_is_no_row_of_neighbours(where, edges):
    with pytest.raises(InputError, match=r"is no row of neighbours|is no list of edges"):
        read(edges, directed=True)


NO_IDS = [
    ("halves", np.array([[0.5, 1], [1, 2], [2, 3]]), "ids are float64"),
    ("whole floats", np.array([[0.0, 1], [1, 2], [2, 3]]), r"\.astype\(np\.int64\)"),
    ("booleans", np.array([[True, False]] * 3), "ids are bool"),
    ("dates", np.array([["2020-01-01"] * 2] * 3, "M8[D]"), r"ids are datetime64\[D\]"),
    ("complex numbers", np.array([[0, 1j]] * 3), "ids are complex128"),
    ("bytes", np.array([[b"a", b"b"]] * 3), r"ids are \|S1"),
]
ARRAY_FORMS = ["memory", "npy", "memmap", "tuple of memmaps", "zarr", "dask"]


@pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
@pytest.mark.parametrize("form", ARRAY_FORMS)
@pytest.mark.parametrize(("where", "array", "message"), NO_IDS)
def test_arrays_that_hold_no_ids_are_refused_in_every_form(where, array, message, form, tmp_path):
    path = tmp_path / "edges.npy"
    np.save(path, array)
    mapped = np.load(path, mmap_mode="r")
    make = {
        "memory": lambda: array,
        "npy": lambda: path,
        "memmap": lambda: mapped,
        "tuple of memmaps": lambda: (mapped[:, 0], mapped[:, 1]),
        "zarr": lambda: zarr.create_array({}, data=array, chunks=(2, 2)),
        "dask": lambda: da.from_array(array, chunks=(2, 2)),
    }
    with pytest.raises(InputError, match=message):
        read(make[form]())


@pytest.mark.parametrize("kind", [np.float64, np.int64])
def test_arrays_without_edges_are_read_in_every_form(kind, tmp_path):
    np.save(tmp_path / "edges.npy", np.empty((0, 2), kind))
    assert read(tmp_path / "edges.npy") == ([], [])


@pytest.mark.parametrize(
    "edges",
    [
        pd.DataFrame({"source": [], "target": []}),
        pl.DataFrame({"source": [], "target": []}),
        pa.table({"source": pa.array([], pa.float64()), "target": pa.array([], pa.string())}),
        [],
    ],
)
def test_tables_without_rows_have_no_edges(edges):
    assert read(edges)[0] == []


@pytest.mark.parametrize(
    ("library", "message"),
    [
        ("rustworkx", r"weighted_edge_list\(\)"),
        ("networkit", r"iterEdges\(\)"),
        ("graph_tool", r"get_edges\(\)"),
        ("snap", "SaveEdgeList"),
        ("stellargraph", r"to_networkx\(\)"),
    ],
)
def test_graphs_of_other_libraries_are_refused_with_what_to_pass(library, message):
    kind = type("Graph", (), {"__module__": f"{library}.graph"})
    with pytest.raises(InputError, match=message):
        read(kind())


def test_graphs_of_dgl():
    class DGLGraph:
        __module__ = "dgl.heterograph"

        def edges(self):
            return np.array([0, 1]), np.array([1, 2])

        def num_nodes(self):
            return 5

    assert read(DGLGraph())[0] == [(0, 1), (1, 2)]
    assert graphwalk.build_zarr(DGLGraph()).num_nodes == 5


def test_negative_nodes_have_no_name():
    """What arrays count from the back: the faults of DGL's and NumPy's indices."""
    graph = graphwalk.build_zarr(AB, directed=True)
    for nodes in (-1, [-1], np.array([0, -1]), [[-1, 1]], slice(-1, -1), np.int32(-1)):
        names = np.asarray(graph.names(nodes) if not isinstance(nodes, slice) else [], object)
        shown = names.ravel().tolist()
        assert all(name is None or name in "abc" for name in shown)
        if not isinstance(nodes, slice):
            with pytest.raises(InputError, match="names"):
                graph.labels[nodes]


NESTED = [
    ("numbers", {"a": {"b": 2.0}, "b": {"a": 2.0}}, {}),
    ("attributes", {"a": {"b": {"weight": 2.0}}, "b": {"a": {"weight": 2.0}}}, {}),
    ("numbers, directed", {"a": {"b": 2.0}}, {"directed": True}),
    ("attributes, directed", {"a": {"b": {"weight": 2.0}}}, {"directed": True}),
    ("times", {"a": {"b": 2.0}}, {"directed": True, "times": True}),
    ("types", {"a": {"b": 2}}, {"edge_types": True}),
]


@pytest.mark.parametrize(("where", "edges", "options"), NESTED)
def test_dicts_of_dicts_are_read_as_the_error_says(where, edges, options):
    with pytest.raises(InputError, match="from_dict_of_dicts") as caught:
        graphwalk.build_zarr(edges, **options)
    remedy = str(caught.value).rpartition("by ")[2]
    graph = graphwalk.build_zarr(eval(remedy, {"networkx": nx, "edges": edges}), **options)
    assert graph.num_edges == 1
    found = graph.to_networkx().edges["a", "b"]
    assert list(found.values()) == [2.0]


OGB = {"edge_index": np.array([[0, 1], [1, 0]]), "edge_feat": None, "node_feat": None}


@pytest.mark.parametrize(
    ("more", "directed", "expected"),
    [
        ({"num_nodes": 3}, True, (3, 2, False)),
        ({"num_nodes": 3}, False, (3, 1, False)),
        ({"num_nodes": 3, "edge_feat": np.array([[2.0], [2.0]])}, True, (3, 2, True)),
        ({}, True, (2, 2, False)),
    ],
)
def test_dicts_of_ogb_are_data_objects(more, directed, expected):
    graph = graphwalk.build_zarr(OGB | more, directed=directed)
    assert (graph.num_nodes, graph.num_edges, graph.weighted) == expected
