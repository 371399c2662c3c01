"""Edges given as arrays, tuples, lists and NetworkX graphs; every form yields the same edges."""

import subprocess
import sys

import networkx as nx
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse

from graphwalk.errors import InputError
from graphwalk.storage.edges.open import CSR, open_source

SRC = [0, 0, 1, 2, 3]
DST = [1, 2, 2, 2, 0]
WEIGHT = [1.0, 2.5, 0.0, 4.0, 0.5]
NAMES = ["ann", "bob", "cid", "däg"]


def read(source, size=3):
    """Return a source's edges as tuples; those of rows as (row, neighbour)."""
    if hasattr(source, "rows"):
        return read_rows(source, size)
    edges = []
    for load in source.batches(size):
        batch = load()
        assert (batch.weight is not None) == source.weighted
        parts = [part for part in batch[:3] if part is not None]
        edges += list(zip(*(part.tolist() for part in parts), strict=True))
    return edges


def read_rows(source, size):
    entries = []
    row = 0
    for load in source.rows(size):
        batch = load()
        assert batch.first_row == row
        assert (batch.weights is not None) == source.weighted
        row += len(batch.lengths)
        owners = np.repeat(np.arange(batch.first_row, row), batch.lengths).tolist()
        parts = [part.tolist() for part in batch[1:3] if part is not None]
        entries += list(zip(owners, *parts, strict=True))
    return entries


def pairs(names=None):
    return [(names[u], names[v]) if names else (u, v) for u, v in zip(SRC, DST, strict=True)]


def triples(names=None):
    return [(*pair, w) for pair, w in zip(pairs(names), WEIGHT, strict=True)]


def frame(names=None, weighted=True):
    return pd.DataFrame(triples(names) if weighted else pairs(names)).rename(
        columns={0: "source", 1: "target", 2: "weight"}
    )


def table(names=None):
    return pa.Table.from_pandas(frame(names), preserve_index=False)


def parquet(folder, names=None):
    pq.write_table(table(names), folder / "edges.parquet", row_group_size=2)
    return folder / "edges.parquet"


def parts(folder, names=None):
    whole = table(names)
    (folder / "parts").mkdir()
    pq.write_table(whole.slice(0, 2), folder / "parts" / "part.0.parquet")
    pq.write_table(whole.slice(2), folder / "parts" / "part.1.parquet")
    return str(folder / "parts")


def text(folder, name, names=None, **kwargs):
    frame(names).to_csv(folder / name, index=False, **kwargs)
    return folder / name


def digraph(names=None, kind=nx.DiGraph):
    graph = kind()
    graph.add_nodes_from(names or range(4))
    graph.add_weighted_edges_from(triples(names))
    return graph


class Stream:
    """What exports an Arrow stream and nothing else, as polars and DuckDB do."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


class Tensor:
    """What exports a numpy array and nothing else."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


def csr(weighted=True):
    return CSR([0, 2, 3, 4, 5], DST, WEIGHT if weighted else None)


def rows(kind=np.array):
    return [kind([1, 2]), kind([2]), kind([2]), kind([0])]


def object_rows():
    array = np.empty(4, object)
    array[:] = rows(list)
    return array


INTEGERS = {
    "(2, E)": lambda _: np.array([SRC, DST]),
    "(E, 2)": lambda _: np.array(pairs()),
    "big-endian": lambda _: np.array([SRC, DST], ">i4"),
    "uint8": lambda _: np.array([SRC, DST], np.uint8),
    "tensor": lambda _: Tensor(np.array([SRC, DST])),
    "pairs": lambda _: pairs(),
    "tuple": lambda _: (np.array(SRC), np.array(DST)),
    "tuple of lists": lambda _: (SRC, DST),
    "tuple of series": lambda _: (pd.Series(SRC), pd.Series(DST, dtype="Int64")),
    "tuple of Arrow arrays": lambda _: (pa.array(SRC), pa.chunked_array([DST])),
    "pandas": lambda _: frame(weighted=False),
    "NetworkX": lambda _: nx.DiGraph(pairs()),
    "CSR": lambda _: csr(weighted=False),
    "scipy bool": lambda _: scipy.sparse.csr_array((np.ones(5, bool), (SRC, DST)), shape=(4, 4)),
    "rows": lambda _: rows(),
    "rows of lists": lambda _: rows(list),
    "object array": lambda _: object_rows(),
    "series of rows": lambda _: pd.Series(rows()),
}
WEIGHTED = {
    "triples": lambda _: triples(),
    "tuple": lambda _: (SRC, np.array(DST), np.array(WEIGHT, np.float32)),
    "pandas": lambda _: frame(),
    "pandas categorical": lambda _: frame().astype({"source": "category"}),
    "pandas on Arrow": lambda _: frame().convert_dtypes(dtype_backend="pyarrow"),
    "Arrow": lambda _: table(),
    "Arrow in chunks": lambda _: pa.concat_tables([table().slice(0, 2), table().slice(2)]),
    "record batch": lambda _: table().to_batches()[0],
    "reader": lambda _: table().to_reader(1),
    "stream": lambda _: Stream(table()),
    "Parquet": parquet,
    "folder": parts,
    "CSV": lambda path: text(path, "edges.csv"),
    "CSV gzip": lambda path: text(path, "edges.csv.gz"),
    "TSV": lambda path: text(path, "edges.tsv", sep="\t"),
    "NetworkX": lambda _: digraph(),
    "MultiDiGraph": lambda _: digraph(kind=nx.MultiDiGraph),
    "CSR": lambda _: csr(),
    "scipy csr": lambda _: scipy.sparse.csr_matrix((WEIGHT, (SRC, DST)), shape=(4, 4)),
    "scipy coo": lambda _: scipy.sparse.coo_array((WEIGHT, (SRC, DST)), shape=(4, 4)),
    "scipy lil": lambda _: lil(),
}
STRINGS = {
    "pairs": lambda _: [edge[:2] for edge in triples(NAMES)],
    "array": lambda _: np.array(pairs(NAMES)),
    "object array": lambda _: np.array(pairs(NAMES), object).T,
    "StringDType": lambda _: np.array(pairs(NAMES), np.dtypes.StringDType()),
    "tuple": lambda _: tuple(map(list, zip(*pairs(NAMES), strict=True))),
    "pandas": lambda _: frame(NAMES, weighted=False),
    "pandas object": lambda _: frame(NAMES, weighted=False).astype(object),
    "pandas categorical": lambda _: frame(NAMES, weighted=False).astype("category"),
}
WEIGHTED_STRINGS = {
    "triples": lambda _: triples(NAMES),
    "Arrow": lambda _: table(NAMES),
    "dictionary": lambda _: pa.table(
        [table(NAMES).column(0).dictionary_encode(), *table(NAMES).columns[1:]],
        ["src", "dst", "Weight"],
    ),
    "string view": lambda _: pa.table(
        [table(NAMES).column(0).cast(pa.string_view()), *table(NAMES).columns[1:]],
        ["src", "dst", "Weight"],
    ),
    "Parquet": lambda path: parquet(path, NAMES),
    "folder": lambda path: parts(path, NAMES),
    "CSV": lambda path: text(path, "edges.csv", NAMES),
    "TSV gzip": lambda path: text(path, "edges.tsv.gz", NAMES, sep="\t"),
    "NetworkX": lambda _: digraph(NAMES),
}


def lil():
    matrix = scipy.sparse.lil_matrix((4, 4))
    for u, v, weight in triples():
        matrix[u, v] = weight
    matrix[1, 2] = 0.25  # lil drops zeros
    return matrix


@pytest.fixture(params=[1 << 20, 2, 1], ids="{}-edge batches".format)
def batch_edges(request):
    return request.param


def loaded(source, size=3):
    return [load() for load in source.batches(size)]


def check(source, expected, batch_edges):
    assert read(source, batch_edges) == expected
    try:
        assert read(source, batch_edges) == expected
    except InputError as error:
        assert "once only" in str(error)  # noqa: PT017 - the other forms raise nothing
        return
    if hasattr(source, "batches"):
        assert max(len(batch.src) for batch in loaded(source, batch_edges)) <= batch_edges
        places = [batch.place(i) for batch in loaded(source, 2) for i in range(len(batch.src))]
        assert len(set(places)) == len(expected)  # each edge has a name of its own


@pytest.mark.parametrize("form", INTEGERS)
def test_every_form_yields_the_same_edges(form, batch_edges, tmp_path):
    source = open_source(INTEGERS[form](tmp_path))
    check(source, pairs(), batch_edges)
    if hasattr(source, "batches"):
        for batch in loaded(source):
            assert batch.src.dtype.isnative
            assert batch.dst.dtype.isnative


@pytest.mark.parametrize("form", WEIGHTED)
def test_every_weighted_form_yields_the_same_edges(form, batch_edges, tmp_path):
    expected = triples()
    if form == "scipy lil":
        expected[2] = (1, 2, 0.25)
    check(open_source(WEIGHTED[form](tmp_path)), expected, batch_edges)


@pytest.mark.parametrize("form", STRINGS)
def test_every_form_yields_the_same_strings(form, batch_edges, tmp_path):
    check(open_source(STRINGS[form](tmp_path)), pairs(NAMES), batch_edges)


@pytest.mark.parametrize("form", WEIGHTED_STRINGS)
def test_every_weighted_form_yields_the_same_strings(form, batch_edges, tmp_path):
    source = open_source(WEIGHTED_STRINGS[form](tmp_path))
    check(source, triples(NAMES), batch_edges)
    assert all(batch.src.type == pa.large_string() for batch in loaded(source))


def test_what_a_form_says_about_the_graph():
    edges = open_source(pairs())
    assert (edges.directed, edges.num_nodes, edges.nodes) == (None, None, None)
    assert (edges.num_edges, edges.once) == (5, False)
    for form in (csr(), rows(), object_rows(), scipy.sparse.eye_array(4)):
        adjacency = open_source(form)
        assert (adjacency.directed, adjacency.num_nodes) == (None, 4)


def test_two_by_two_array_is_read_by_columns():
    assert read(open_source(np.array([[0, 1], [2, 3]]))) == [(0, 2), (1, 3)]


def test_no_edges():
    for form in (
        [], np.empty((2, 0), int), ([], []), pd.DataFrame({"a": [], "b": []}, dtype=int),
        pa.table({"a": pa.nulls(0), "b": pa.nulls(0)}), [[], []], CSR([0, 0], []),
        nx.Graph(), scipy.sparse.csr_array((3, 3)),
    ):  # fmt: skip
        assert read(open_source(form)) == []


# Laziness


def memory(array):
    while not isinstance(array, np.ndarray):
        array = array.to_numpy()
    return array


@pytest.mark.parametrize("form", ["array", "pairs", "tuple", "pandas", "Arrow"])
def test_batches_are_views(form, batch_edges, tmp_path):
    base = np.array([SRC, DST])
    edges = {
        "array": base,
        "pairs": base.T,
        "tuple": (base[0], base[1]),
        "pandas": pd.DataFrame(base.T, columns=["src", "dst"], copy=False),
        "Arrow": pa.table({"src": base[0], "dst": base[1]}),
    }[form]
    for batch in loaded(open_source(edges), batch_edges):
        assert np.shares_memory(batch.src, base)
        assert np.shares_memory(batch.dst, base)


def test_weights_and_neighbours_are_views(batch_edges):
    indices, weights = np.array(DST, np.int32), np.array(WEIGHT, np.float32)
    for load in open_source(CSR([0, 2, 3, 4, 5], indices, weights)).rows(batch_edges):
        assert np.shares_memory(load().neighbors, indices)
        assert np.shares_memory(load().weights, weights)
    matrix = scipy.sparse.csr_array((weights, indices, [0, 2, 3, 4, 5]), shape=(4, 4))
    for load in open_source(matrix).rows(batch_edges):
        assert np.shares_memory(load().neighbors, matrix.indices)


def test_long_and_empty_rows():
    lengths = [0, 0, 9, 0, 1, *[0] * 20, 3, 0]
    neighbors = [np.arange(length) for length in lengths]
    expected = [(u, v) for u, row in enumerate(neighbors) for v in row.tolist()]
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    for form in (neighbors, CSR(indptr, np.concatenate(neighbors))):
        check(open_source(form), expected, 4)
        batches = [load() for load in open_source(form).rows(4)]
        assert max(len(batch.lengths) for batch in batches) <= 4
        assert sorted(len(batch.neighbors) for batch in batches)[-2] <= 4


def test_rows_of_several_types(batch_edges):
    neighbors = [[], np.array([0, 3], np.uint64), np.array([]), (0, 1), np.array([2], np.int8)]
    check(open_source(neighbors), [(1, 0), (1, 3), (3, 0), (3, 1), (4, 2)], batch_edges)


def test_absent_packages_cost_nothing():
    code = (
        "import sys, numpy as np\n"
        "from graphwalk.storage.edges.open import CSR, open_source\n"
        "for edges in (np.array([[0], [1]]), CSR([0, 1], [0]), [np.array([0])]):\n"
        "    open_source(edges)\n"
        "print({'pandas', 'scipy', 'networkx', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# NetworkX


def test_networkx_undirected_edges_are_listed_once():
    graph = nx.Graph([(0, 1), (1, 2), (2, 2)])
    source = open_source(graph)
    assert source.directed is False
    assert {frozenset(edge) for edge in read(source)} == {frozenset(e) for e in graph.edges}
    assert len(read(source)) == 3
    assert open_source(nx.MultiGraph([(0, 1), (1, 0)])).directed is False
    assert len(read(open_source(nx.MultiGraph([(0, 1), (1, 0)])))) == 2


def test_networkx_isolated_nodes():
    graph = nx.DiGraph([(1, 0)])
    graph.add_node(2)
    dense = open_source(graph)
    assert (dense.directed, dense.num_nodes, dense.nodes) == (True, 3, None)
    graph.add_node(7)
    sparse = open_source(graph)
    assert sparse.num_nodes is None
    assert sorted(sparse.nodes.tolist()) == [0, 1, 2, 7]
    named = open_source(nx.Graph([("a", "b")]))
    assert named.nodes.tolist() == ["a", "b"]


def test_networkx_weights_on_all_edges_or_none():
    graph = nx.Graph([(0, 1), (1, 2)])
    assert not open_source(graph).weighted
    graph.edges[0, 1]["weight"] = 2
    with pytest.raises(InputError, match=r"edge \(1, 2\) has no weight"):
        open_source(graph)


@pytest.mark.parametrize("odd", ["x", 1.5, True, None, (1, 2)], ids=repr)
def test_networkx_nodes_of_other_types(odd):
    graph = nx.Graph([(5, 6)])
    if odd is not None:
        graph.add_node(odd)
    else:
        graph = nx.Graph([(5, (1, 2))])
    with pytest.raises(InputError, match="convert_node_labels_to_integers"):
        open_source(graph)


# Bad input


def float_array(values):
    return np.array([values, values], float)


BAD = {
    "whole floats": (float_array([0, 1, 2]), r"sources.*float64.*\.astype\(np\.int64\)"),
    "floats": (float_array([0, 1, 2.5]), r"edge 2: 2\.5 is no id"),
    "float weights": ((SRC, DST, np.array(WEIGHT) * 1j), "weights of the .*complex128"),
    "NaN": (float_array([0, np.nan]), "edge 1: nan is no id"),
    "bools": (np.ones((2, 3), bool), "ids are bool; they must be integers or strings"),
    "bytes": (np.array([[b"a"], [b"b"]]), r"ids are \|S1"),
    "dates": (np.zeros((2, 3), "M8[s]"), "ids are datetime64"),
    "three columns": (np.zeros((5, 3), int), r"shape \(5, 3\) is no list of edges"),
    "1-d": (np.arange(4), r"shape \(4,\)"),
    "scalar": (np.array(3), r"shape \(\)"),
    "masked": (np.ma.masked_equal([[0, 1], [1, 2]], 2), "masked"),
    "objects": (np.array(pairs(), object), "could be edges or adjacency rows"),
    "lengths": (([0, 1], [1]), "2 sources, 1 targets"),
    "weight lengths": (([0, 1], [1, 2], [1.0]), "2 sources, 2 targets, 1 weights"),
    "four columns": ((SRC, DST, WEIGHT, WEIGHT), "has 4 items"),
    "tuple of tuples": (((0, 1), (1, 2), (2, 0)), "tuple of tuples"),
    "2-d column": ((np.zeros((2, 2), int), [0, 1]), r"sources .*shape \(2, 2\)"),
    "one sort each": (([0, 1], ["a", "b"]), "sources are integers and targets are strings"),
    "mixed": ([(0, 1), (1, "a")], "targets.*edge 1: 'a' is a str"),
    "mixed array": ((np.array([0, "b"], object), [0, 1]), "sources.*edge 1: 'b' is a str"),
    "bool in list": ([(0, 1), (True, 1)], "edge 1: True is a bool"),
    "None": ([(0, 1), (1, None)], "targets.*edge 1: the id is missing"),
    "huge": ([(0, 2**70)], "beyond 64 bits"),
    "text weights": ([("a", "b", "heavy")], "weights.*must be integers or floats"),
    "missing weight": ([(0, 1, 1.0), (1, 2, None)], "weights.*edge 1: the weight is missing"),
    "ragged": ([(0, 1), (1, 2, 0.5)], r"edge 1 is \(1, 2, 0\.5\)"),
    "not a pair": ([(0, 1), 7], "edge 1 is 7"),
    "short": ([(0,)], r"edge 0 is \(0,\)"),
    "ints": ([0, 1], "row 0: 0 is no row"),
    "strings": (["ab", "bc"], "row 0: 'ab' is no row"),
    "lists of two": ([[0, 1], [1, 2]], "could be edges or rows"),
    "float row": ([[0, 1, 2], [0.5], []], r"row 1: \[0\.5\] is no row"),
    "text row": ([[0], ["a"]], r"row 1: \['a'\] is no row"),
    "None row": ([[0], None], "row 1: None is no row"),
    "set row": ([{0}, {0}], r"row 0: \{0\} is no row"),
    "nested row": ([[0], [[0], [1, 0]]], "row 1"),
    "2-d row": ([np.array([0]), np.array([[0]])], "row 1"),
    "indptr start": (CSR([1, 2], [0, 0]), "indptr begins with 1"),
    "indptr empty": (CSR([], []), "indptr is empty"),
    "indptr falls": (CSR([0, 2, 1, 2], [0, 0]), "row 1: indptr falls from 2 to 1"),
    "indptr end": (CSR([0, 1], [0, 0]), "ends with 1, but there are 2 indices"),
    "indptr float": (CSR([0.0, 1.0], [0]), "indptr is of type float64"),
    "indices float": (CSR([0, 1], [0.5]), "indices is of type float64"),
    "indices 2-d": (CSR([0, 1], [[0]]), r"indices has shape \(1, 1\)"),
    "CSR weights": (CSR([0, 1], [0], [1, 2]), "2 weights for 1 indices"),
    "CSR bool weights": (CSR([0, 1], [0], [True]), "values are bool"),
    "not square": (scipy.sparse.csr_array((2, 3)), r"shape \(2, 3\)"),
    "1-d sparse": (scipy.sparse.coo_array([1, 0]), r"shape \(2,\)"),
    "complex": (scipy.sparse.eye_array(2, dtype=complex), "values are complex128"),
    "number": (5, "edges of type int cannot be read"),
    "mapping": ({0: {1: 2}}, "a dict of dicts"),
    "empty generator": (iter(()), "has no items"),
    "generator of numbers": (iter([1, 2]), "an item is a int"),
    "None at all": (None, "NoneType"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_the_culprit(case):
    edges, message = BAD[case]
    with pytest.raises(InputError, match=message):
        read(open_source(edges))


def test_columns_are_for_tables_and_files():
    with pytest.raises(InputError, match="a ndarray has no named columns"):
        open_source(np.array([SRC, DST]), columns=("a", "b"))


def test_integers_of_64_bits_are_exact():
    big = 2**53 + 1
    assert read(open_source([(big, big + 1)])) == [(big, big + 1)]
    unsigned = np.array([[2**64 - 1], [0]], np.uint64)
    assert read(open_source(unsigned)) == [(2**64 - 1, 0)]


def test_weights_keep_their_precision():
    for dtype, kept in (("f4", "f4"), (">f8", "f8"), ("f2", "f8"), ("i8", "f8")):
        (batch,) = loaded(open_source((SRC, DST, np.array(WEIGHT, dtype))), 9)
        assert batch.weight.dtype == np.dtype(kept)
