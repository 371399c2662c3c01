"""Separators, headers and formats of text files: read as they are meant, or refused."""

import bz2
import gzip
import lzma

import pytest
from reading import read_text

from graphwalk.errors import InputError

AB = [("a", "b"), ("b", "c")]
ONE = [(1, 2), (2, 3)]

#: Content and name of files that are read, and their edges.
SEPARATED = [
    ("1\t2 1 1000\n2\t3 1 1001\n", "out.tsv", ONE),
    ("% asym positive\n1\t2 1 1000\n2\t3 1 1001\n", "out.txt", ONE),
    ("1 2\t7\n2 3\t8\n", "edges.txt", ONE),
    ("1;2\n2;3\n", "edges.csv", ONE),
    ("Source;Target;Weight\na;b;1\nb;c;2\n", "edges.csv", [("a", "b", 1.0), ("b", "c", 2.0)]),
    ("a|b|2010-03-01\nb|c|2010-04-01\n", "knows.csv", AB),
    ("Person1Id|Person2Id\n1|2\n2|3\n", "knows.csv", ONE),
    ("1 2\n2 3\n", "edges.csv", ONE),
    ("a\tb\nb\tc\n", "edges.csv", AB),
    ("a, b\nb, c\n", "edges.txt", AB),
    (
        "New York\tRome\nRome\tLos Angeles\n",
        "x.txt",
        [("New York", "Rome"), ("Rome", "Los Angeles")],
    ),
    ("Glucose (D),ATP\nATP,Water\n", "x.txt", [("Glucose (D)", "ATP"), ("ATP", "Water")]),
    ('"a, x",b\nb,"c"\n', "edges.txt", [("a, x", "b"), ("b", "c")]),
    ('"a b" c\nc "d  e"\n', "edges.txt", [("a b", "c"), ("c", "d  e")]),
    ('"from" "to"\n"1" "a" "b"\n"2" "b" "c"\n', "r.txt", AB),
    ("(R)-limonene\tb\nb\tc\n", "edges.txt", [("(R)-limonene", "b"), ("b", "c")]),
]

#: Files of which it is not clear what separates their fields, and what is to be passed.
AMBIGUOUS = [
    ("a;b;0,5\nb;c;0,7\n", "edges.csv", r"sep=',' or sep=';'"),
    ("1,5;2,5\n2,5;3,5\n", "edges.csv", r"sep=',' or sep=';'"),
    ("a,b\tc,d\ne,f\tg,h\n", "edges.txt", r"sep='\\t' or sep=','"),
    ("a|b,c\nd|e,f\n", "edges.txt", r"sep=',' or sep='\|'"),
    ("Chr 1\tChr 2\nChr 2\tChr 3\n", "edges.tsv", r"sep='\\t' or sep=' '"),
    ("1 2,3\n2 3,4\n", "edges.csv", r"sep=',' or sep=' '"),
    ("1\t2\t0,5\n2\t3\t0,7\n", "edges.txt", r"sep='\\t' or sep=','"),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("content", "name", "edges"), SEPARATED)
def test_separators_are_found_on_many_lines(content, name, edges, tmp_path):
    unnamed = content.startswith(("1\t2 1", "% asym", "1 2\t7", "a|b|2010"))
    assert read_text(tmp_path, content, name, columns=(0, 1) if unnamed else None)[0] == edges


@pytest.mark.parametrize(("content", "name", "remedy"), AMBIGUOUS)
def test_several_separators_are_refused_and_the_remedy_works(content, name, remedy, tmp_path):
    with pytest.raises(InputError, match=remedy):
        read_text(tmp_path, content, name)
    for sep in "\t,;| ":
        if f"sep={sep!r}" in remedy.replace("\\\\", "\\").replace("\\|", "|"):
            edges, _ = read_text(tmp_path, content, name, sep=sep, columns=(0, 1), header=False)
            assert len(edges) == 2


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        ("0 1 {}\n1 2 {}\n", r"sep=' ' and columns=\(0, 1\)"),
        ("0 1 {'weight': 2}\n1 2 {'weight': 3}\n", r"sep=' ' and columns=\(0, 1\)"),
        ("0\t1\t{'w': 1, 'x': 2}\n1\t2\t{'w': 3, 'x': 2}\n", "sep="),
        ("(0, 1)\n(1, 2)\n", "without brackets"),
        ("[0, 1]\n[1, 2]\n", "without brackets"),
        ("(0, 1) (1, 1)\n(1, 1) (2, 1)\n", "without brackets"),
        ("('a', 1)\tb\n('c', 2)\td\n", "tabs or commas may separate"),
    ],
)
def test_what_programs_write_of_objects_is_refused(content, remedy, tmp_path):
    with pytest.raises(InputError, match=remedy):
        read_text(tmp_path, content)
    if "columns" in remedy:
        edges, _ = read_text(tmp_path, content, sep=" ", columns=(0, 1))
        assert edges == [(0, 1), (1, 2)]


SAID = [";", "\t", "\\t", "|", " ", ",", "tab", "::", "->", " -> ", "||", "\x01", ":"]


@pytest.mark.parametrize("sep", SAID)
def test_a_separator_is_what_the_caller_says(sep, tmp_path):
    mark = {"\\t": "\t", "tab": "\t"}.get(sep, sep)
    assert read_text(tmp_path, f"1{mark}2\n2{mark}3\n", "edges.xyz", sep=sep) == (ONE, [])


@pytest.mark.parametrize("sep", ["", "\n", 3, '"', "é", "\r\n", '","'])
def test_separators_that_are_none(sep, tmp_path):
    with pytest.raises(InputError, match="is no separator"):
        read_text(tmp_path, "1 2\n", sep=sep)


# Headers

HEADED = [
    ("protein1 protein2 combined_score\nP.1 P.2 490\n", "9606.links.txt", [("P.1", "P.2", 490.0)]),
    ("source target\na b\nb c\n", "edges.txt", AB),
    ("FromNodeId\tToNodeId\n1\t2\n2\t3\n", "edges.txt", ONE),
    ("head\trelation\ttail\na\tr\tb\nb\tr\tc\n", "edges.txt", AB),
    ("# made today\nsrc,dst\n1,2\n2,3\n", "edges.csv", ONE),
    ("x y\n1 2\n2 3\n", "edges.txt", ONE),
    (
        "#node1\tnode2\tcombined_score\na\tb\t1\nb\tc\t2\n",
        "s.tsv",
        [("a", "b", 1.0), ("b", "c", 2.0)],
    ),
    (":START_ID,:END_ID\n1,2\n2,3\n", "edges.csv", ONE),
    ("a\tb\nb\tc\n", "edges.tsv", AB),
    ("a,b\nb,c\n", "edges.csv", AB),
    ("a b\nb c\n", "edges.txt", AB),
    ("7 a\n8 b\n", "edges.txt", [("7", "a"), ("8", "b")]),
]


@pytest.mark.parametrize(("content", "name", "edges"), HEADED)
def test_headers_are_known_by_names_and_values(content, name, edges, tmp_path):
    found, warned = read_text(tmp_path, content, name)
    assert found == edges
    assert not any("taken for" in warning for warning in warned)


UNSURE = [
    ("ann\tbob\ncid\tdan\n", "edges.tsv", [("ann", "bob"), ("cid", "dan")], "an edge", True),
    ("ann,bob\ncid,dan\n", "edges.csv", [("ann", "bob"), ("cid", "dan")], "an edge", True),
    ("person,friend\nann,bob\n", "edges.csv", [("ann", "bob")], "a header", False),
    ("user,item\nann,bob\n", "edges.csv.gz", [("ann", "bob")], "a header", False),
    ("ann bob\ncid dan\n", "edges.txt", [("ann", "bob"), ("cid", "dan")], "an edge", True),
    ("ann|bob\ncid|dan\n", "edges.txt", [("ann", "bob"), ("cid", "dan")], "an edge", True),
    ("gene\tdisease\nA\tB\n", "edges.edges", [("gene", "disease"), ("A", "B")], "an edge", True),
]


@pytest.mark.parametrize(("content", "name", "edges", "taken", "other"), UNSURE)
def test_a_warning_quotes_a_first_line_that_may_be_either(
    content, name, edges, taken, other, tmp_path
):
    data = gzip.compress(content.encode()) if name.endswith(".gz") else content
    found, (warning,) = read_text(tmp_path, data, name)
    assert found == edges
    assert repr(content.partition("\n")[0]) in warning
    assert f"taken for {taken}" in warning
    assert f"header={other} if it is" in warning
    assert len(read_text(tmp_path, data, name, header=other)[0]) == 1 + (not other)
    assert read_text(tmp_path, data, name, header=not other) == (edges, [])


@pytest.mark.parametrize("name", ["edges.txt", "edges.csv", "edges.tsv"])
@pytest.mark.parametrize("columns", [(1, 0), ("1", "0"), ("friend", "person")])
def test_names_and_numbers_choose_columns_with_a_header(name, columns, tmp_path):
    sep = "\t" if name.endswith("tsv") else ","
    content = f"person{sep}friend\nann{sep}bob\n"
    assert read_text(tmp_path, content, name, columns=columns, header=True)[0] == [("bob", "ann")]


def test_names_that_the_caller_gives_prove_a_header(tmp_path):
    assert read_text(tmp_path, "who what\nann bob\n", columns=("what", "who")) == (
        [("bob", "ann")],
        [],
    )


# Ids that went through floats

DAMAGED = [
    ("1.000e+00 2.000e+00\n2.0e+00 3.0e+00\n", "1.000e.00 is no id"),
    ("1.0 2.0\n2.0 3.0\n", "line 1: 1.0 is no id"),
    ("1 2\nnan 3\n", "line 2: nan is no id"),
    ("1 2\n2 NaN\n", "line 2: NaN is no id"),
    ("1,2\nNA,3\n", "line 2: NA is no id"),
    ("1,2\nnull,3\n", "line 2: null is no id"),
    ("1 2\n2 inf\n", "line 2: inf is no id"),
    ("10 2\n1e+06 3\n", "line 2: 1e.06 is no id"),
    ("1,2\n2,3.0\n", "line 2: 3.0 is no id"),
    ("1,2\nNone,3\n", "None is no id"),
]


@pytest.mark.parametrize(("content", "message"), DAMAGED)
def test_damaged_integers_are_no_names(content, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read_text(tmp_path, content)


@pytest.mark.parametrize("names", ["nan", "NA", "null", "1.0", "inf", "1e5"])
def test_names_may_look_like_numbers_among_names(names, tmp_path):
    assert read_text(tmp_path, f"{names} 1\n1 bob\nbob x\n", header=False)[0][0] == (names, "1")


def test_names_that_look_like_numbers_may_fill_a_block(tmp_path):
    lines = [f"{i}.0 {i}.5\n" for i in range(200_000)]
    content = "".join(["a b\n", *lines, "b c\n"])
    found, _ = read_text(tmp_path, content, header=False)
    assert (len(found), found[1], found[-1]) == (200_002, ("0.0", "0.5"), ("b", "c"))


# Formats

MATRIX = "%%MatrixMarket matrix coordinate pattern symmetric\n% a\n3 3 2\n2 1\n3 2\n"
PATH = [(0, 1), (1, 0), (1, 2), (2, 1)]


@pytest.mark.parametrize("name", ["a.mtx", "a.txt", "a.edges", "a.csv", "a.xyz", "a.mtx.gz"])
def test_matrix_market_files_are_known_by_their_banner(name, tmp_path):
    pytest.importorskip("scipy")
    data = gzip.compress(MATRIX.encode()) if name.endswith("gz") else MATRIX
    assert read_text(tmp_path, data, name)[0] == PATH
    real = "%%MatrixMarket matrix coordinate real general\n3 3 2\n2 1 .5\n3 2 4\n"
    assert read_text(tmp_path, real, "b.txt")[0] == [(1, 0, 0.5), (2, 1, 4.0)]
    with pytest.raises(InputError, match="cannot be read as a Matrix Market file"):
        read_text(tmp_path, "%%MatrixMarket matrix coordinate real general\n3 3\n", "c.txt")


FOREIGN = [
    ("*Vertices 2\n1 a\n*Edges\n1 2\n", "a.txt", "Pajek file.*read_pajek"),
    ("*Vertices 2\r\n1 a\r\n*Arcs\r\n1 2\r\n", "a.edges", "Pajek file.*read_pajek"),
    ("<?xml version='1.0'?>\n<graphml xmlns='x'>", "a.txt", "GraphML.*read_graphml"),
    ("<?xml version='1.0'?>\n<gexf version='1.2'>", "a.txt", "GEXF.*read_gexf"),
    ("graph [\n  node [\n    id 1\n", "a.txt", "GML.*read_gml"),
    ('Creator "x"\ngraph\n[\n', "a.edges", "GML.*read_gml"),
    ("digraph G {\n a -> b;\n}\n", "a.txt", "DOT file.*read_dot"),
    ("c x\np sp 2 1\na 1 2 3\n", "a.txt", "DIMACS"),
    ("p edge 2 1\ne 1 2\n", "a.edgelist", "DIMACS"),
    (">>graph6<<A_\n", "a.txt", "graph6"),
    ("dl n=2 format=edgelist1\nlabels:\n", "a.txt", "UCINET"),
    ('{"nodes": [], "links": []}', "a.txt", "JSON"),
    ('[{"source": 1}]', "a.csv", "JSON"),
    ("<!DOCTYPE html><html>", "a.csv", "web page"),
    ("version https://git-lfs.github.com/spec/v1\n", "a.csv", "Git LFS"),
    ("nodedef>name VARCHAR\n", "a.csv", "GDF"),
    ("LEDA.GRAPH\nstring\n", "a.txt", "LEDA"),
    (b"\x89HDF\r\n\x1a\n", "a.txt", "HDF5"),
    (b"PK\x03\x04rest", "a.csv", "zip archive"),
    (b"\x80\x04\x95", "a.txt", "pickle"),
    (b"1 2\n\x00\x00\n", "a.txt", "is no text"),
]


@pytest.mark.parametrize(("content", "name", "message"), FOREIGN)
def test_other_formats_are_refused_by_name(content, name, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read_text(tmp_path, content, name)


@pytest.mark.parametrize("content", ["0 1 2\n1 2\n2\n", "3 9\n2 3\n1\n1\n", "0 1\n1 2 3 4\n"])
def test_lists_of_neighbours_are_no_edges(content, tmp_path):
    with pytest.raises(InputError, match=r"fields.*lists of neighbours are read by networkx"):
        read_text(tmp_path, content, columns=(0, 1))


@pytest.mark.parametrize(
    "content", ["3 2\n1 2\n2 3\n", "4 3\n1 2\n2 3\n3 4\n", "100 4\n5 6\n6 7\n7 8\n8 9\n"]
)
def test_a_line_of_sizes_is_warned_of(content, tmp_path):
    (warning,) = read_text(tmp_path, content)[1]
    assert "may be the numbers of nodes and of edges" in warning
    assert read_text(tmp_path, content, header=False)[1] == []


PLAIN = "1 2\n2 3\n"
ENCODED = {
    "carriage returns": (PLAIN.replace("\n", "\r").encode(), "a.txt"),
    "carriage returns in CSV": (b"source,target\r1,2\r2,3\r", "a.csv"),
    "Windows": (PLAIN.replace("\n", "\r\n").encode(), "a.txt"),
    "UTF-16": ("source\ttarget\n1\t2\n2\t3\n".encode("utf-16"), "a.csv"),
    "UTF-16 big": (b"\xfe\xff" + PLAIN.encode("utf-16-be"), "a.txt"),
    "UTF-8 with a mark": (b"\xef\xbb\xbfsource,target\n1,2\n2,3\n", "a.csv"),
    "bz2": (bz2.compress(PLAIN.encode()), "a.txt.bz2"),
    "xz": (lzma.compress(PLAIN.encode()), "a.txt.xz"),
    "gzip without a suffix": (gzip.compress(PLAIN.encode()), "a.txt"),
    "bz2 without a suffix": (bz2.compress(PLAIN.encode()), "a.edges"),
    "gzip of UTF-16": (gzip.compress(PLAIN.encode("utf-16")), "a.txt.gz"),
}


@pytest.mark.parametrize("kind", ENCODED)
def test_encodings_and_line_ends(kind, tmp_path):
    assert read_text(tmp_path, *ENCODED[kind]) == (ONE, [])


def test_encodings_across_blocks(tmp_path):
    lines = "".join(f"{i} {i + 1}\n" for i in range(300_000))
    expected = [(i, i + 1) for i in range(300_000)]
    for data in (lines.encode("utf-16"), lines.replace("\n", "\r").encode()):
        assert read_text(tmp_path, data) == (expected, [])


def test_dates_in_text_are_times(tmp_path):
    content = "source,target,date\n1,2,1970-01-01 00:00:01\n2,3,1970-01-02\n"
    edges, _ = read_text(tmp_path, content, "a.csv", values="times")
    assert edges == [(1, 2, 1e6), (2, 3, 86400e6)]


WELL_FORMED = {
    "edges.txt": "0 1\n1 2\n2 0\n",
    "named.txt": "ann bob\nbob cid\ncid ann\n",
    "snap.txt": "# Nodes: 3 Edges: 3\n# FromNodeId\tToNodeId\n0\t1\n1\t2\n2\t0\n",
    "edges.csv": "source,target,weight\nann,bob,2\nbob,cid,1\n",
    "plain.csv": "0,1\n1,2\n",
    "edges.tsv": "src\tdst\n0\t1\n1\t2\n",
    "edges.edges": "% sym\n1 2\n2 3\n",
    "edges.el": "1\t2\n2\t3\n",
    "edges.edgelist": "1 2\n2 3\n",
}


@pytest.mark.parametrize("name", WELL_FORMED)
def test_plain_files_warn_of_nothing(name, tmp_path):
    edges, warned = read_text(tmp_path, WELL_FORMED[name], name)
    assert len(edges) in (2, 3)
    assert warned == []
