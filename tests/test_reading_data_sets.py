"""Inputs as data sets and programs write them, where another graph was read before."""

import re
from collections import namedtuple
from pathlib import Path

import dask.dataframe as dd
import networkx as nx
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import scipy.sparse
from reading import read, read_text

import graphwalk
from graphwalk.errors import InputError

PAGES = [f"docs/{name}.md" for name in ("building", "getting-started", "faq")]

ONE = [(1, 2), (2, 3)]
TURNED = [(2, 1), (3, 2)]
AB = [("a", "b"), ("b", "c")]

#: Where it was met, names of columns, and the positions of their ends.
ENDS = [
    ("Sioux Falls in TNTP", "init_node term_node capacity", (0, 1)),
    ("words that are joined", "linkid fromnode tonode len", (1, 2)),
    ("and turned round", "tonode fromnode", (1, 0)),
    ("lower case of sourceId", "targetid sourceid", (1, 0)),
    ("flows between addresses", "dstip srcip", (1, 0)),
    ("Bitcoin OTC", "rater ratee rating", (0, 1)),
    ("Epinions", "trustee trustor", (1, 0)),
    ("Instagram", "following follower", (1, 0)),
    ("trade", "importer exporter value", (1, 0)),
    ("modules", "imported importer", (1, 0)),
    ("calls", "called_number calling_number", (1, 0)),
    ("Wikipedia's clickstream", "prev curr type n", (0, 1)),
    ("taxis", "dropoff_zone pickup_zone", (1, 0)),
    ("migration in Spanish", "destino origen", (1, 0)),
    ("railways in German", "nach von", (1, 0)),
    ("Temporal Graph Benchmark", "destinations sources timestamps", (1, 0)),
    ("triples by number", "entity1 relation entity2", (0, 2)),
]


@pytest.mark.parametrize(("where", "header", "expected"), ENDS)
def test_ends_of_data_sets(where, header, expected, tmp_path):
    names = header.split()
    rows = [[10 * row + column for column in range(len(names))] for row in range(2)]
    edges = [tuple(row[i] for i in expected) for row in rows]
    content = "\n".join("\t".join(map(str, row)) for row in (names, *rows))
    assert read_text(tmp_path, content, "x.tsv")[0] == edges
    assert read(pd.DataFrame(rows, columns=names))[0] == edges


@pytest.mark.parametrize("header", ["id,name", "id,label", "id,name,age", "name,id,age"])
def test_tables_of_nodes_are_no_edges(header, tmp_path):
    content = f"{header}\n1,Ann,5\n2,Bob,6\n" if header.count(",") > 1 else f"{header}\n1,Ann\n"
    with pytest.raises(InputError, match="no names among them"):
        read_text(tmp_path, content, "x.csv")


#: Header, which column is offered, and as what.
OFFERS = [
    ("road_id,source,target,length", r"'length'\) to read weights"),
    ("source,target,POST_ID,timestamp", r"'timestamp'\) and times=True to read times"),
    ("subject,predicate,object,publications", r"'predicate'\) and edge_types=True to read types"),
    ("head,rel_type,tail", r"'rel_type'\) and edge_types=True to read types"),
    ("source,linkid,target", r"'linkid'\) to read weights"),
]


@pytest.mark.parametrize(("header", "message"), OFFERS)
def test_what_tells_edges_apart_is_offered_last(header, message, tmp_path):
    count = header.count(",")
    content = "\n".join([header, *(",".join(map(str, range(i, i + count + 1))) for i in (1, 2))])
    (warning,) = read_text(tmp_path, content, "x.csv")[1]
    assert re.search(message, warning), warning


#: Where it was met, content, name of the file, and the error or the edges.
TEXT = [
    ("Markdown", "| source | target |\n| --- | --- |\n| 1 | 2 |\n", "x.txt", "was printed"),
    ("MySQL", "source|target\n------+------\n1|2\n", "x.txt", "was printed|fields"),
    ("N-Triples", "<http://a> <http://p> <http://b> .\n" * 2, "x.nt", "suffix|RDF"),
    ("and as text", "<http://a> <http://p> <http://b> .\n" * 2, "x.txt", "RDF"),
    ("blank nodes", '_:a <http://p> "x y"@en .\n' * 2, "x.txt", "RDF"),
    ("Turtle", "@prefix x: <http://x/> .\nx:a x:p x:b .\n", "x.txt", "RDF"),
    ("UCINET over lines", "DL\nN = 3\nFORMAT = EDGELIST1\nDATA:\n1 2\n", "x.txt", "UCINET"),
    ("thousands", '"1,000","2"\n"2,000","3"\n', "x.csv", "1,000 is no id"),
    ("Swiss thousands", "1'000 2\n2'000 3\n", "x.txt", "is no id"),
    ("thin spaces", "1\u202f000 2\n2\u202f000 3\n", "x.txt", "is no id"),
    ("ARFF", "'1','2'\n'2','3'\n", "x.csv", "'1' is no id"),
    ("DIMACS without its head", "e 1 2\ne 2 3\n", "x.txt", r"columns=\(1, 2\)"),
    ("weights with thousands", 'source,target,weight\n1,2,"1,000"\n', "x.csv", "thousands=','"),
    ("weights as Python has them", "source,target,weight\n1,2,1_0\n", "x.csv", "is no number"),
    ("weights of blanks", "source,target,weight\n1,2, \n", "x.csv", "'' is no number"),
    ("SNAP's hyperlinks", "1 2 2013-12-31 16:39:58\n" * 2, "x.txt", "a blank in its time"),
    ("nothing but blanks", " \n\t\n", "x.txt", []),
    ("blanks before quotes", '"a", "b"\n"b", "c, d"\n', "x.csv", [("a", "b"), ("b", "c, d")]),
    ("a comma and a quote inside", '"a, ""x""", "b"\nb, c\n', "x.csv", [('a, "x"', "b"), AB[1]]),
    ("names with no-break spaces", "New\u00a0York Rome\nRome Oslo\n", "x.txt", None),
    ("YAGO", "<a>\t<isA>\t<b>\n<b>\t<isA>\t<c>\n", "x.tsv", r"columns=\(0, 2\)"),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("where", "content", "name", "expected"), TEXT)
def test_texts(where, content, name, expected, tmp_path):
    options = {"values": "times", "columns": (0, 1, 2)} if "hyperlinks" in where else {}
    if isinstance(expected, str):
        with pytest.raises(InputError, match=expected):
            read_text(tmp_path, content, name, **options)
        return
    expected = [("New\u00a0York", "Rome"), ("Rome", "Oslo")] if expected is None else expected
    assert read_text(tmp_path, content, name, header=False)[0] == expected


def test_integers_that_are_names_for_another_file_are_warned_of(tmp_path):
    for name, content in (("a", "1,2\n2,3\n"), ("b", "x,y\ny,z\n")):
        (tmp_path / f"{name}.csv").write_text(content)
    found, warned = read(tmp_path / "*.csv")
    assert found == [("1", "2"), ("2", "3"), ("x", "y"), ("y", "z")]
    assert any("b.csv, line 1: 'x' is no integer" in text for text in warned)


def test_types_below_a_header_are_quoted(tmp_path):
    found, warned = read_text(tmp_path, "source,target\nstring,string\na,b\nb,c\n", "x.csv")
    assert found[1:] == AB
    assert any("'string,string' is read as an edge" in text for text in warned)


#: Squares of numbers without names, and the edges of the undirected graph.
SQUARES = [
    ("zeros and ones", [[0, 1, 0], [1, 0, 1], [0, 1, 0]], [(0, 1), (1, 2)]),
    ("weights", [[0, 0.5, 0], [0.5, 0, 2], [0, 2, 0]], [(0, 1), (1, 2)]),
    ("correlations", [[1, 0.5, 0.2], [0.5, 1, 0.1], [0.2, 0.1, 1]], None),
    ("directed", np.roll(np.eye(4, dtype=int) * 7, 1, 1).tolist(), None),
]
SQUARE_FORMS = ["x.txt", "x.csv", "x.tsv", "header.csv", "parquet", "feather", "frame"]


@pytest.mark.parametrize("form", SQUARE_FORMS)
@pytest.mark.parametrize(("where", "rows", "edges"), SQUARES)
def test_squares_of_numbers_are_read_as_the_error_says(where, rows, edges, form, tmp_path):
    frame = pd.DataFrame(rows, columns=list("pqrs")[: len(rows)])
    path = tmp_path / form
    if form.startswith("x."):
        sep = {"txt": " ", "csv": ",", "tsv": "\t"}[form[2:]]
        frame.to_csv(path, sep=sep, header=False, index=False)
    elif form != "frame":
        write = {"header.csv": "to_csv", "parquet": "to_parquet", "feather": "to_feather"}[form]
        path = tmp_path / (form if "." in form else f"x.{form}")
        getattr(frame, write)(path, **({} if form == "feather" else {"index": False}))
    with pytest.raises(InputError, match="is a square of numbers") as caught:
        read(frame if form == "frame" else path)
    call = re.search(r"pass (networkx.*\)), with create_using", str(caught.value))[1]
    graph = eval(call, {"networkx": nx, "pandas": pd, "path": path, "frame": frame})
    nodes = list(range(len(rows))) if form.startswith("x.") else list(frame)
    assert list(graph) == nodes
    assert edges is None or sorted(graph.edges) == [(nodes[u], nodes[v]) for u, v in edges]


@pytest.mark.parametrize(
    "content", ["1 2 3\n2 3 4\n3 4 5\n", "0 1 5\n1 2 6\n2 0 7\n", "1 2 1\n2 3 1\n3 1 1\n"]
)
def test_three_edges_of_three_columns_are_no_square(content, tmp_path):
    assert len(read_text(tmp_path, content, columns=(0, 1))[0]) == 3


def test_matrices_over_partitions_of_dask_are_refused():
    frame = pd.DataFrame([[0, 1, 0], [1, 0, 1], [0, 1, 0]], list("ABC"), list("ABC"))
    for table in (frame, frame.reset_index()):
        for parts in (1, 2):
            with pytest.raises(InputError, match="is an adjacency matrix"):
                read(dd.from_pandas(table, npartitions=parts))
    edges = pd.DataFrame({"source": ["target", "b"], "target": ["source", "c"], "x": [1, 2]})
    assert len(read(dd.from_pandas(edges, npartitions=2))[0]) == 2


Edge = namedtuple("Edge", "target source weight")
TRIPLES = pd.DataFrame([("a", "r", "b"), ("b", "r", "c")], columns=["0", "1", "2"])
LINKS = pd.DataFrame({"source": [1, 2], "target": [2, 3]})
RING = scipy.sparse.dok_array(np.eye(3)[[1, 2, 0]])
PAIRS = pd.MultiIndex.from_tuples([(2, 1), (3, 2)], names=["target", "source"])

#: Where it was met, object, and the error or the edges.
OBJECTS = [
    ("named tuples", [Edge(2, 1, 0.5), Edge(3, 2, 0.75)], [(1, 2, 0.5), (2, 3, 0.75)]),
    ("rows of pandas", list(LINKS.itertuples()), ONE),
    ("rows of pandas, one by one", LINKS[["target", "source"]].itertuples(), ONE),
    ("records, one by one", ({"target": v, "source": u} for u, v in ONE), ONE),
    ("levels with names", pd.Series([0.5, 0.75], PAIRS), [(1, 2, 0.5), (2, 3, 0.75)]),
    ("three levels", pd.Series([1], pd.MultiIndex.from_tuples([(1, 2, 0)])), r"\.reset_index\(\)"),
    ("booleans by levels", pd.Series([True, False], PAIRS), r"\.reset_index\(\)"),
    ("pairs in a Series", pd.Series([(0, 1), (1, 0)]), "could be edges or rows"),
    ("pairs in an array", pd.Series([(0, 1), (1, 0)]).to_numpy(), "could be edges or rows"),
    ("edges with dicts", [(1, 2, {"weight": 1.0})], r"networkx\.Graph\(edges\)"),
    ("OGB's MAG", {"edge_index_dict": {("a", "r", "b"): np.eye(2, dtype=int)}}, "one type"),
    ("PyG's types", {("a", "r", "b"): np.array([[0, 1], [1, 2]])}, "of one type of edges"),
    ("dicts of NetworkX", nx.node_link_data(nx.path_graph(3)), "node_link_graph"),
    ("D3", {"nodes": [{"id": 1}], "links": []}, r"node_link_graph\(edges, edges='links'\)"),
    ("Cytoscape.js", nx.cytoscape_data(nx.path_graph(3)), "cytoscape_graph"),
    ("adjacency of NetworkX", nx.adjacency_data(nx.path_graph(3)), "adjacency_graph"),
    ("columns of two lengths", {"source": ["a", "b"], "target": ["b"]}, "equally long"),
    ("a dictionary of keys", RING, [(0, 1), (1, 2), (2, 0)]),
    ("a style", LINKS.style, "cannot be read"),
    ("complex weights", LINKS.assign(weight=[1j, 2j]), "of type complex"),
    ("bytes", [(b"a", b"b")], "ids are binary"),
    ("triples in pandas", TRIPLES.set_axis(range(3), axis=1), "no names among them"),
    ("triples by text", TRIPLES, "no names among them"),
]


@pytest.mark.parametrize(("where", "edges", "expected"), OBJECTS)
def test_objects(where, edges, expected):
    if isinstance(expected, str):
        with pytest.raises(InputError, match=expected):
            read(edges, directed=True)
        return
    found = read(edges, directed=True)
    assert ([edge[: len(expected[0])] for edge in found[0]], found[1]) == (expected, [])


def test_triples_in_parquet_are_refused(tmp_path):
    TRIPLES.to_parquet(tmp_path / "x.parquet")
    assert pq.read_schema(tmp_path / "x.parquet").names == ["0", "1", "2"]
    with pytest.raises(InputError, match="no names among them"):
        read(tmp_path / "x.parquet")


@pytest.mark.parametrize("third", [["x", "y"], np.array(["x", "y"]), pd.Series(["x", "y"])])
def test_text_in_dicts_is_not_offered_as_weights(third):
    (warning,) = read({"source": [1, 2], "target": [2, 3], "note": third})[1]
    assert warning.endswith("'note'; pass columns=('source', 'target') to leave them out")


@pytest.mark.parametrize("name", ["", "?", "nil", "\ufeffann"])
def test_names_that_may_be_none_are_warned_of(name):
    with pytest.warns(UserWarning, match="is read as the name of a node"):
        graphwalk.build_zarr([("ann", name), ("bob", "ann")])


GRAPHS = [
    ([(0, 1)], {"num_nodes": 5}),
    ([(0, 1, 2.5), (3, 1, 0.5)], {"num_nodes": 7, "directed": True}),
    ([(0, 1, 5.0), (0, 1, 6.0)], {"times": True}),
    ([("a", "b"), ("b", "c")], {"directed": True}),
    ([(10**12, 5), (5, 7)], {}),
    ([(0, 1, 3), (2, 1, 4)], {"edge_types": True, "num_nodes": 4}),
]


@pytest.mark.parametrize(("edges", "options"), GRAPHS)
def test_a_graph_is_copied_with_all_its_nodes(edges, options):
    graph = graphwalk.build_zarr(edges, **options)
    options.pop("num_nodes", None)
    again = graphwalk.build_zarr(graph, **options)
    assert again.num_nodes == graph.num_nodes
    assert again._arrays.info.identity == graph._arrays.info.identity
    with pytest.raises(InputError, match="directed"):
        graphwalk.build_zarr(graph, **options | {"directed": not graph.directed})


RING = "".join(f"{i} {(i + 1) % 1500}\n" for i in range(1500))

#: A matrix whose nodes are linked to the next ones.
BAND = "\n".join(" ".join("01"[abs(i - j) == 1] for j in range(1020)) for i in range(1020))

#: What comes only after the lines that are looked at, and what is said of it.
LATER = [
    ("quotation marks", RING.replace(" ", "\t") + '"a"\tb\n', "'\"a\"' is in quotation marks"),
    ("TGF", RING.replace(" ", " n") + "#\n1 2\n", r"parts nodes from edges \(TGF\)"),
    ("a matrix", BAND, "is a square of numbers"),
    ("another number of fields", RING + "1 2 3\n", "line 1501: it has 3 fields"),
    ("nan", RING + "1 nan\n", "line 1501: nan is no id"),
]


@pytest.mark.parametrize(("where", "content", "message"), LATER)
def test_what_comes_later_in_a_file(where, content, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read_text(tmp_path, content)


@pytest.mark.parametrize("first", ["1500 20000", "1500 1500 20000"])
def test_sizes_above_many_lines_are_warned_of(first, tmp_path):
    ring = RING if first.count(" ") == 1 else RING.replace("\n", " 1\n")
    warned = read_text(tmp_path, f"{first}\n{ring}", columns=(0, 1))[1]
    assert any("numbers of nodes and of edges" in text for text in warned)
    descending = "".join(f"{i} {i - 1}\n" for i in range(1500, 0, -1))
    assert read_text(tmp_path, descending)[1] == []


def _ring(number, sizes, row, top=""):
    lines = (row.format((i - 2) % number + 1, i % number + 1) for i in range(1, number + 1))
    return "\n".join([f"{top}{sizes}", *lines, ""])


#: Files of METIS whose lines all have as many fields: rings, and graphs of one degree.
METIS = {
    "a long ring": _ring(1500, "1500 1500", "{} {}"),
    "no weights": _ring(1500, "1500 1500 000", "{} {}"),
    "weights of edges": _ring(1500, "1500 1500 001", "{} 3 {} 3"),
    "weights of nodes": _ring(1500, "1500 1500 010", "7 {} {}"),
    "both weights": _ring(6, "6 6 11", "7 {} 3 {} 3"),
    "two weights of nodes": _ring(6, "6 6 010 2", "7 8 {} {}"),
    "sizes of nodes": _ring(6, "6 6 100", "7 {} {}"),
    "a comment above": _ring(1500, "1500 1500", "{} {}", "% made by hand\n"),
    "a comment between rows": _ring(6, "6 6", "{} {}").replace("\n", "\n% rows\n", 2),
    "nodes without neighbours": "6 3\n2 3\n1 3\n1 2\n\n\n\n",
    "pairs": "4 2\n2\n1\n4\n3\n",
}


@pytest.mark.parametrize("kind", METIS)
def test_files_of_metis_are_refused(kind, tmp_path):
    with pytest.raises(InputError, match=r"that of METIS does.*; if these are edges, pass columns"):
        read_text(tmp_path, METIS[kind])


def test_edges_below_their_number_are_no_file_of_metis(tmp_path):
    for content in ("4 5\n1 2\n2 3\n3 4\n4 1\n1 3\n", f"1500 1501\n{RING}"):
        assert len(read_text(tmp_path, content)[0]) == content.count("\n")
    assert len(read_text(tmp_path, METIS["a long ring"], columns=(0, 1))[0]) == 1501
    long = "7" * 5000
    assert read_text(tmp_path, f"{long} 1\n{long} 2\n")[0] == [(long, "1"), (long, "2")]


def test_what_the_caller_says_is_checked(tmp_path):
    with pytest.raises(InputError, match="has no ';', and no other line has"):
        read_text(tmp_path, "1,2\n2,3\n", sep=";")
    with pytest.raises(InputError, match="from one column"):
        read_text(tmp_path, "1 2 3\n2 3 4\n", columns=(1, 1))


@pytest.mark.parametrize("page", ["README.md", *PAGES, "examples/tutorial.ipynb"])
def test_pages_lead_to_the_table_of_what_is_recognised(page):
    text = (Path(__file__).parents[1] / page).read_text()
    table = "### What is recognised" if page.endswith("building.md") else "#what-is-recognised"
    assert table in text
