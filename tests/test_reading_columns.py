"""Which columns are the ends of edges and their weights: by name, in every form of table."""

import ast
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading import read, read_text

import graphwalk
from graphwalk.errors import InputError

#: Names of columns, and the positions of source, target and, if there is one, weight.
NAMED = [
    ("source target", (0, 1)),
    ("destination source", (1, 0)),
    ("Target Source Weight", (1, 0, 2)),
    ("edge_id src_id dst_id", (1, 2)),
    ("index source target", (1, 2)),
    ("source target start end", (0, 1)),
    ("start end source target", (2, 3)),
    ("subject predicate object", (0, 2)),
    ("id subject predicate object relation provided_by", (1, 3)),
    ("head relation tail", (0, 2)),
    ("protein1 protein2 combined_score", (0, 1, 2)),
    ("gene2 gene1", (1, 0)),
    ("node1 node2 node1_string_id node2_string_id score", (0, 1, 4)),
    ("Gene.1 Gene.2", (0, 1)),
    ("entrezID_A entrezID_B", (0, 1)),
    ("u v key osmid from to length", (0, 1)),
    ("key v u", (2, 1)),
    ("start_node_id end_node_id", (0, 1)),
    (":END_ID(Person) :START_ID(Person) :TYPE", (1, 0)),
    ("FromNodeId ToNodeId", (0, 1)),
    ("to from weights", (1, 0, 2)),
    ("src dst edge_weight", (0, 1, 2)),
    ("src dst w", (0, 1, 2)),
    ("Source_IP Destination_IP", (0, 1)),
    ("src_ip src_port dst_ip dst_port", (0, 2)),
    ("TF target importance", (0, 1)),
    ("Person1Id Person2Id creationDate", (0, 1)),
    ("citing cited", (0, 1)),
    ("follower_id followee_id", (0, 1)),
    ("origin destination passengers", (0, 1)),
    ("start_station_id end_station_id start_lat end_lat", (0, 1)),
    ("from_address to_address value", (0, 1)),
    ("sourceNodeId targetNodeId", (0, 1)),
    ("drug2 drug1 score", (1, 0, 2)),
    ("sender receiver", (0, 1)),
    ("person friend", (0, 1)),
    ("a b", (0, 1)),
]

#: Names that do not say which columns are meant, and what the error says.
UNCLEAR = [
    ("source target subject object", "several pairs"),
    ("source src dst", "several pairs"),
    ("source_id target_id source target", "several pairs"),
    ("source neighbour", "'source' is one end of edges without another"),
    ("x target", "'target' is one end of edges without another"),
    ("from airline flights", "'from' is one end of edges without another"),
    ("user_id item_id rating", "no names among them"),
    ("ann bob cid", "no names among them"),
    ("id name", "no names among them"),
    ("x1 y1 x2 y2", "several pairs"),
    ("node1 node2 node3", "no names among them"),
    ("source target weight weights", "several are named as weights"),
]


def parquet(folder, names, rows):
    pq.write_table(arrow(folder, names, rows), folder / "edges.parquet")
    return folder / "edges.parquet"


def arrow(_, names, rows):
    return pa.table(list(map(pa.array, zip(*rows, strict=True))), names)


def text(folder, names, rows):
    lines = ["\t".join(map(str, row)) for row in (names, *rows)]
    (folder / "edges.tsv").write_text("\n".join(lines))
    return folder / "edges.tsv"


def structured(_, names, rows):
    return np.array([tuple(row) for row in rows], [(name, "i8") for name in names])


FORMS = {
    "Arrow": arrow,
    "pandas": lambda _, names, rows: pd.DataFrame(rows, columns=names),
    "polars": lambda _, names, rows: pl.DataFrame(rows, schema=names, orient="row"),
    "Parquet": parquet,
    "text": text,
    "structured": structured,
    "dict of columns": lambda _, names, rows: dict(
        zip(names, map(list, zip(*rows, strict=True)), strict=True)
    ),
    "list of dicts": lambda _, names, rows: [dict(zip(names, row, strict=True)) for row in rows],
}
COLUMN_FORMS = [form for form in FORMS if not form.startswith("dict")]


def rows_of(names):
    return [[10 * row + column for column in range(len(names))] for row in range(3)]


@pytest.mark.parametrize(("names", "expected"), NAMED)
def test_known_names_are_found_in_any_place(names, expected, tmp_path):
    names = names.split()
    rows = rows_of(names)
    edges = [tuple(row[i] for i in expected) for row in rows]
    for form in ("Arrow", "text"):
        assert read(FORMS[form](tmp_path, names, rows))[0] == edges


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("names", "expected"), [NAMED[1], NAMED[2], NAMED[3], NAMED[5], NAMED[7], NAMED[10]]
)
def test_all_forms_have_one_rule(form, names, expected, tmp_path):
    names = names.split()
    rows = rows_of(names)
    found = read(FORMS[form](tmp_path, names, rows))[0]
    assert found == [tuple(row[i] for i in expected) for row in rows]


@pytest.mark.parametrize(("names", "message"), UNCLEAR)
def test_names_that_do_not_say_which_are_refused(names, message, tmp_path):
    names = names.split()
    rows = rows_of(names)
    for form in ("Arrow", "text"):
        with pytest.raises(InputError, match=message) as caught:
            read(FORMS[form](tmp_path, names, rows))
        assert all(repr(name) in str(caught.value) for name in names)
        assert "columns=(" in str(caught.value)


@pytest.mark.parametrize("form", COLUMN_FORMS)
def test_one_error_for_all_forms(form, tmp_path):
    names = ["user_id", "item_id", "rating"]
    with pytest.raises(InputError, match=r"as in columns=\('user_id', 'item_id'\)"):
        read(FORMS[form](tmp_path, names, rows_of(names)))


@pytest.mark.parametrize("form", COLUMN_FORMS)
@pytest.mark.parametrize("columns", [("c", "a"), (2, 0), ("2", "0")])
def test_columns_are_named_or_numbered(form, columns, tmp_path):
    names = ["a", "b", "c"]
    assert read(FORMS[form](tmp_path, names, rows_of(names)), columns=columns) == (
        [(2, 0), (12, 10), (22, 20)],
        [],
    )


def test_columns_of_one_name_are_numbered():
    table = pa.table([pa.array([1, 2]), pa.array([2, 3])], ["Person.id", "Person.id"])
    assert read(table)[0] == [(1, 2), (2, 3)]
    with pytest.raises(InputError, match=r"2 columns 'Person.id'; .* columns=\(0, 1\)"):
        read(table, columns=("Person.id", "Person.id"))
    assert read(table, columns=(1, 0))[0] == [(2, 1), (3, 2)]


# Weights, times and what is not read

UNREAD = [
    ("source target km", r"'km'; pass columns=\('source', 'target', 'km'\) to read weights"),
    ("source target value", "'value'; pass columns="),
    ("source target cost length", "'cost', 'length'; pass columns="),
    ("source target timestamp", r"'timestamp'\) and times=True to read times"),
    ("source target weight time", r"'time'\) and times=True to read times"),
    ("src dst amount", "'amount'"),
    ("from to distance", "'distance'"),
    ("node1 node2 neighborhood fusion", "'neighborhood', 'fusion'"),
]


@pytest.mark.parametrize(("names", "message"), UNREAD)
def test_a_warning_names_columns_that_are_not_read(names, message, tmp_path):
    names = names.split()
    rows = rows_of(names)
    for form in ("pandas", "text"):
        (warning,) = read(FORMS[form](tmp_path, names, rows))[1]
        assert pd.Series([warning]).str.contains(message).all(), warning


@pytest.mark.parametrize(
    "name", ["weight", "weights", "Weight", "edge_weight", "w", "wt", "score", "combined_score"]
)
def test_known_names_of_weights_are_read(name, tmp_path):
    names = ["source", "target", name]
    for form in FORMS:
        edges, warned = read(FORMS[form](tmp_path, names, rows_of(names)))
        assert (edges, warned) == ([(0, 1, 2.0), (10, 11, 12.0), (20, 21, 22.0)], []), form


@pytest.mark.parametrize(
    "name", ["time", "timestamp", "ts", "t", "unix_time", "when", "date", "creationDate"]
)
def test_known_names_of_times_are_read(name, tmp_path):
    names = ["source", "target", "weight", name]
    for form in FORMS:
        edges = read(FORMS[form](tmp_path, names, rows_of(names)), values="times")[0]
        assert edges == [(0, 1, 3.0), (10, 11, 13.0), (20, 21, 23.0)], form


@pytest.mark.parametrize("names", ["id source target", "source target key", "u v osmid"])
def test_what_tells_edges_apart_is_left_out_in_silence(names, tmp_path):
    names = names.split()
    for form in COLUMN_FORMS:
        assert read(FORMS[form](tmp_path, names, rows_of(names)))[1] == []


def test_text_is_not_offered_as_weights():
    table = pa.table({"head": ["a"], "relation": ["likes"], "tail": ["b"]})
    edges, (warning,) = read(table)
    assert edges == [("a", "b")]
    assert warning.endswith("'relation'; pass columns=('head', 'tail') to leave them out")


# Columns without names


@pytest.mark.parametrize("names", [[0, 1], ["column_1", "column_2"], ["V1", "V2"], ["f0", "f1"]])
def test_two_columns_without_names_are_the_ends(names):
    assert read(pd.DataFrame([(1, 2), (3, 4), (5, 6)], columns=names)) == (
        [(1, 2), (3, 4), (5, 6)],
        [],
    )


MORE = [(1, 2, 3), (3, 4, 1), (5, 6, 2), (6, 1, 2)]


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("edges.txt", [0, 1, 2]),
        ("edges.csv", [0, 1, 2]),
        ("pandas", [0, 1, 2]),
        ("polars", ["column_0", "column_1", "column_2"]),
        ("arrow", ["f0", "f1", "f2"]),
        ("edges.parquet", ["0", "1", "2"]),
    ],
)
def test_more_columns_without_names_are_refused(form, names, tmp_path):
    frame = pd.DataFrame(MORE, columns=names)
    makers = {"pandas": lambda: frame, "polars": lambda: pl.DataFrame(MORE, orient="row")}
    makers["arrow"] = lambda: pa.Table.from_pandas(frame)
    edges = makers.get(form, lambda: tmp_path / form)()
    if form == "edges.parquet":
        frame.to_parquet(edges)
    elif form.startswith("edges."):
        frame.to_csv(edges, sep="\t" if form == "edges.txt" else ",", header=False, index=False)
    with pytest.raises(InputError, match=r"has 3 columns without names") as caught:
        read(edges)
    weighted, plain = map(ast.literal_eval, re.findall(r"columns=(\(.*?\))", str(caught.value)))
    assert read(edges, columns=weighted) == (MORE, [])
    assert read(edges, columns=plain) == ([row[:2] for row in MORE], [])
    assert read(edges, values="times") == (MORE, [])


@pytest.mark.parametrize(
    "rows",
    [
        [("/m/1", "/film/actor", "/m/2"), ("/m/3", "/people/born", "/m/4")],
        [(0, "ann", "bob"), (1, "bob", "cid")],
        [("ann", 5, "bob"), ("bob", 6, "cid")],
    ],
)
def test_triples_without_names_are_refused(rows, tmp_path):
    lines = "\n".join("\t".join(map(str, row)) for row in rows)
    (tmp_path / "edges.txt").write_text(lines)
    for edges in (pd.DataFrame(rows), tmp_path / "edges.txt"):
        with pytest.raises(InputError, match="no names among them"):
            read(edges)


# pandas


def test_levels_of_an_index_are_columns():
    frame = pd.DataFrame({"v": [2, 3], "u": [1, 2], "key": [0, 0], "length": [5.0, 6.0]})
    assert read(frame.set_index(["u", "v", "key"]))[0] == [(1, 2), (2, 3)]
    assert read(frame.set_index("u")[["v"]])[0] == [(1, 2), (2, 3)]
    counts = frame.groupby(["u", "v"]).size()
    assert read(counts)[0] == [(1, 2, 1.0), (2, 3, 1.0)]
    unnamed = pd.DataFrame({"weight": [1.0]}, index=pd.MultiIndex.from_tuples([(1, 2)]))
    with pytest.raises(InputError, match=r"columns=\('level_0', 'level_1'\)"):
        read(unnamed)


def test_an_index_that_was_written_is_no_node(tmp_path):
    frame = pd.DataFrame({"source": ["a", "b"], "target": ["b", "c"]})
    frame.to_csv(tmp_path / "edges.csv")
    frame[frame.source > "a"].to_parquet(tmp_path / "edges.parquet")
    assert read(tmp_path / "edges.csv") == ([("a", "b"), ("b", "c")], [])
    assert read(tmp_path / "edges.parquet") == ([("b", "c")], [])
    assert read(pd.read_csv(tmp_path / "edges.csv")) == ([("a", "b"), ("b", "c")], [])


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("names", [None, list("abcde")])
def test_square_frames_are_no_columns(size, names):
    names = range(size) if names is None else names[:size]
    frame = pd.DataFrame(np.ones((size, size), int), index=names, columns=names)
    with pytest.raises(InputError, match="is an adjacency matrix; pass networkx"):
        read(frame)


def test_series_are_paired_by_position_only_where_their_indices_agree():
    frame = pd.DataFrame({"a": [1, 2], "b": [2, 3]})
    assert read((frame["a"], frame["b"]))[0] == [(1, 2), (2, 3)]
    with pytest.raises(InputError, match="its Series have different indices"):
        read((frame["a"], frame["b"].iloc[::-1]))


def follow(message, options):
    """Return options of reading as a message says: the first columns and flags that it names."""
    columns = re.search(r"columns=(\(.*?\))", message)[1]
    weights = re.search(r"pass weights=('.*?') to read", message)
    if weights is not None:
        return {**options, "weights": ast.literal_eval(weights[1])}
    found = {**options, "columns": ast.literal_eval(columns)}
    said = message[message.index(columns) + len(columns) :].partition("to read")[0]
    if "without" in said or "in place of" in said:
        found = {name: value for name, value in found.items() if name == "columns"}
    if said.startswith(" and times=True"):
        found["times"] = True
    return found


#: Header, what is wanted, what the message names as not read or not there, and what is read then.
THIRDS = [
    ("source,target,start,end", "times", "'start', 'end'", "times"),
    ("source,target,weight,start,end", "times", "'weight', 'start', 'end'", "times"),
    ("source,target,weight,time", "times", "not read: 'weight'", "times, weights"),
    ("source,target,weight,type", "edge_types", "not read: 'weight'", "edge_types, weights"),
    ("source,target,time,type", "edge_types", "not read: 'time'", "times"),
    ("source,target,time,weight", "weights", "not read: 'time'", "times"),
    ("Origin,Dest,FlightDate,Distance", "weights", "not read: 'FlightDate', 'D", "weights"),
    ("Origin,Dest,FlightDate,Distance", "times", "'FlightDate', 'Distance'", "times"),
    ("Origin,Dest,FlightDate", "weights", "not read: 'FlightDate'", "times"),
    ("source,target,name,grade", "edge_types", "'name', 'grade'", "edge_types"),
]


@pytest.mark.parametrize("form", ["text", "frame"])
@pytest.mark.parametrize(("header", "wanted", "named", "then"), THIRDS)
def test_columns_that_messages_offer_are_read(header, wanted, named, then, form, tmp_path):
    names = header.split(",")
    dates = {"FlightDate": ["2020-01-01", "2020-01-02"], "name": ["x", "y"]}
    columns = {name: dates.get(name, [3 + i, 4 + i]) for i, name in enumerate(names)}
    frame = pd.DataFrame(columns)
    edges = tmp_path / "edges.csv"
    frame.to_csv(edges, index=False)
    if form == "frame":
        edges = frame.assign(**{n: pd.to_datetime(frame[n]) for n in names if n == "FlightDate"})
    options = {} if wanted == "weights" else {wanted: True}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            graphwalk.build_zarr(edges, **options)
            message = str(caught[0].message)
        except InputError as error:
            message = str(error)
    assert named in message
    options = follow(message, options)
    graph = graphwalk.build_zarr(edges, directed=True, **options)
    assert (graph.timed, graph.weighted) == ("times" in then, "weights" in then)
    assert bool(graph.edge_type_names) == ("edge_types" in then)


@pytest.mark.parametrize("values", ["times", "edge_types"])
@pytest.mark.parametrize("header", ["source,target", "source,target,weight"])
def test_where_no_column_is_left_there_is_none_to_name(header, values, tmp_path):
    content = f"{header}\n1,2,3\n" if header.endswith("weight") else f"{header}\n1,2\n"
    with pytest.raises(InputError, match=rf"leave out {values}=True"):
        read_text(tmp_path, content, "x.csv", values=values)


@pytest.mark.parametrize("table", [pd.DataFrame({"x": [1]}), pa.table({"x": [1]})])
def test_tables_of_one_column_are_no_edges(table):
    with pytest.raises(InputError, match=r"one column only, 'x'.*'source' and 'target'"):
        read(table)


@pytest.mark.parametrize("name", ["edge_time", "time", "t", "timestamp", "timestamps", "times"])
def test_times_of_edge_index_are_found(name, tmp_path):
    np.savez(tmp_path / "edges.npz", edge_index=[[0, 1], [1, 2]], **{name: [5, 6]})
    assert read(tmp_path / "edges.npz", values="times")[0] == [(0, 1, 5.0), (1, 2, 6.0)]


@pytest.mark.parametrize(("values", "key"), [("times", "edge_time"), ("edge_types", "edge_type")])
def test_values_that_edge_index_lacks_are_named(values, key, tmp_path):
    arrays = {"edge_index": [[0, 1], [1, 2]], "when_it_was": [5, 6]}
    np.savez(tmp_path / "edges.npz", **arrays)
    with pytest.raises(InputError, match=f"give it '{key}', an array"):
        read(tmp_path / "edges.npz", values=values)
    np.savez(tmp_path / "edges.npz", **arrays, **{key: [5, 6]})
    assert read(tmp_path / "edges.npz", values=values)[0] == [(0, 1, 5.0), (1, 2, 6.0)]


@pytest.mark.parametrize("name", ["x.csv", "x.npy"])
def test_times_of_files_are_asked_for_in_words_of_files(name, tmp_path):
    path = tmp_path / name
    options = {"columns": ("source", "target")} if name == "x.csv" else {}
    pd.DataFrame({"source": [1, 2], "target": [2, 3], "time": [5, 6]}).to_csv(path, index=False)
    if name == "x.npy":
        np.save(path, np.array([[1, 2], [2, 3], [3, 4]]))
    with pytest.raises(InputError, match="nothing says what the times") as caught:
        graphwalk.build_zarr(path, times=True, **options)
    assert ("third in columns=" if options else "with a column 'time'") in str(caught.value)
