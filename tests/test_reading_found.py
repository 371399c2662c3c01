"""Inputs as public reports and data sets have them, by the kind of what may go wrong.

Each is written down again in a few lines; what is cited is where such input was met.
"""

import ast
import re

import pandas as pd
import pytest
from reading import read, read_text

import graphwalk
from graphwalk.errors import InputError

AB = [("a", "b"), ("b", "c")]
ONE = [(1, 2), (2, 3)]

#: Where it was met, content, name of the file, edges.
ENDS = [
    ("GEMSEC, data of GitHub", "node_1,node_2\n1,2\n2,3\n", "edges.csv", ONE),
    ("Neo4j #12915", ":START_ID(B),weight:int,:END_ID(B)\n1,5,2\n2,6,3\n", "r.csv", None),
    ("KGX", "id\tsubject\tpredicate\tobject\ne1\ta\tx\tb\ne2\tb\ty\tc\n", "x_edges.tsv", AB),
    ("LDBC", "creationDate|Person1Id|Person2Id\n2010|1|2\n2011|2|3\n", "knows.csv", ONE),
    (
        "BioGRID TAB 1",
        "INTERACTOR_A\tINTERACTOR_B\tOFFICIAL_SYMBOL_FOR_A\tOFFICIAL_SYMBOL_FOR_B\n"
        "a\tb\tX\tY\nb\tc\tY\tZ\n",
        "x.tab.txt",
        AB,
    ),
    ("OSMnx", "u,v,key,osmid\n1,2,0,77\n2,3,0,78\n", "edges.csv", ONE),
    ("Hetionet", "source\tmetaedge\ttarget\na\tGpBP\tb\nb\tGiG\tc\n", "hetionet.tsv", AB),
    ("Gephi", "Target,Source,Type,Id\n1,2,Undirected,0\n2,3,Undirected,1\n", "e.csv", "reversed"),
    (
        "SNAP turned round",
        "# ToNodeId FromNodeId\n1 2\n2 3\n",
        "x.txt",
        "reversed",
    ),
    ("R's names of rows", '"source","target"\n"1","a","b"\n"2","b","c"\n', "edges.csv", AB),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("where", "content", "name", "edges"), ENDS)
def test_ends_of_edges(where, content, name, edges, tmp_path):
    found = read_text(tmp_path, content, name)[0]
    expected = {"reversed": [(2, 1), (3, 2)], None: [(1, 2, 5.0), (2, 3, 6.0)]}
    assert found == (edges if isinstance(edges, list) else expected[edges])


MANY = [
    (
        "BioGRID TAB 3",
        "#BioGRID Interaction ID\tEntrez Gene Interactor A\tEntrez Gene Interactor B\t"
        "BioGRID ID Interactor A\tBioGRID ID Interactor B\n1\t2\t3\t4\t5\n",
        "x.tab3.txt",
        (1, 2),
    ),
    (
        "Reactome's interactions",
        "# Interactor 1 uniprot id\tInteractor 1 Ensembl gene id\tInteractor 2 uniprot id\t"
        "Interactor 2 Ensembl gene id\nu:a\t1\tu:b\t2\n",
        "x.txt",
        (0, 2),
    ),
    ("MovieLens", "userId,movieId,rating,timestamp\n1,2,5.0,9\n", "ratings.csv", (0, 1)),
    ("Freebase triples", "/m/1\t/film\t/m/2\n/m/2\t/born\t/m/3\n", "train.txt", (0, 2)),
    ("SIF", "a\tpp\tb\nb\tpd\tc\n", "x.txt", (0, 2)),
    ("a log by date", "2004-01-01 1 2\n2004-01-02 2 3\n", "x.txt", (1, 2)),
    ("a VNA file", "*node data\nID name\n1 a\n", "x.txt", None),
]


@pytest.mark.parametrize(("where", "content", "name", "columns"), MANY)
def test_ends_that_are_not_clear_are_asked_for(where, content, name, columns, tmp_path):
    with pytest.raises(InputError):
        read_text(tmp_path, content, name)
    if columns is not None:
        assert read_text(tmp_path, content, name, columns=columns)[0]


SEPARATORS = [
    ("KONECT", "% sym\n1\t2 1 9\n2\t3 1 8\n", "out.txt", ONE),
    ("MovieLens 1M", "1::2::5::978300760\n2::3::3::978302109\n", "ratings.dat", ONE),
    ("node2vec #109", "1\t2 0.8750\n2\t3 0.7170\n", "graph.edgelist", ONE),
    ("names in C++", "std::map std::pair\nstd::pair std::tie\n", "x.txt", None),
    ("TUDataset", "1, 2\n2, 3\n", "DS_A.txt", ONE),
    ("Windows, blank lines", "1,2\r\n\r\n2,3\r\n\r\n", "x.csv", ONE),
    ("a mark at the end of lines", "1,2,\n2,3,\n", "x.csv", ONE),
    ("a mark that the header lacks", "source,target\n1,2,\n2,3,\n", "x.csv", ONE),
    ("a tab at both ends", "\t1\t2\t\n\t2\t3\t\n", "x.txt", ONE),
    (
        "fields over two lines",
        'source,target\n"a\nx",b\nb,c\n',
        "x.csv",
        [("a\nx", "b"), ("b", "c")],
    ),
    ("the same without a header", '"a\nx",b\nb,c\n', "x.csv", [("a\nx", "b"), ("b", "c")]),
    ("Hetionet's names", "a::1\tb::2\nb::2\tc::3\n", "x.txt", [("a::1", "b::2"), ("b::2", "c::3")]),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("where", "content", "name", "edges"), SEPARATORS)
def test_separators(where, content, name, edges, tmp_path):
    expected = [("std::map", "std::pair"), ("std::pair", "std::tie")] if edges is None else edges
    columns = (0, 1) if where in ("KONECT", "MovieLens 1M", "node2vec #109") else None
    assert read_text(tmp_path, content, name, columns=columns)[0] == expected


NO_SEPARATORS = [
    ("Hive", "1\x012\n2\x013\n", "has one field only.*sep="),
    ("no-break spaces", "1\u00a02\n2\u00a03\n", "has one field only"),
    ("lists of arcs", "1 2;\n2 3;\n", "lines end in ';'"),
    ("Excel", "sep=;\n1;2\n2;3\n", "'sep=;' begins the file as Excel"),
    ("thousands", "1,000 2,000\n2,000 3,000\n", "commas or blanks may separate"),
    ("decimal commas", "a;b;0,5\nb;c;0,7\n", "commas or semicolons may separate"),
    ("igraph #365", "[0]  0  -- 1      12\n[1]  1  -- 2       5\n", "holds what a program wrote"),
    ("NetworkX #4116", "1,2,{'w':1, 'x':2}\n2,3,{'w':1, 'x':2}\n", "holds what a program wrote"),
    ("NCBI taxonomy", "1\t|\t1\t|\n2\t|\t1\t|\n", "tabs or bars may separate"),
    ("graspologic #763", "a,b,1\nb,c\n", "has 3 columns without names"),
    ("a name above a year", "source,target,2019\na,b,5\n", "may be a header or an edge"),
    ("Spark's CSV", 'source,target\n"a \\"x\\" y",b\n', "quotation mark that a backslash escapes"),
]


@pytest.mark.parametrize(("where", "content", "message"), NO_SEPARATORS)
def test_lines_that_cannot_be_split_for_certain(where, content, message, tmp_path):
    name = "x.csv" if "source,target" in content else "x.txt"
    with pytest.raises(InputError, match=message):
        read_text(tmp_path, content, name)


#: Where it was met, content, name of the file, its lines above the first edge (None: no matter),
#: and what the warning says, if there is one.
HEADERS = [
    ("names in TSV", "ann\tbob\ncid\tdan", "x.tsv", 0, "an edge"),
    ("genes", "BRCA1\tTP53\nMDM2\tTP53", "x.tsv", 0, ""),
    ("authors", "A. Li,B. Li\nC. Wu,D. Wu", "x.csv", 0, "an edge"),
    ("e-mail", "a@x.com b@x.com\nc@x.com d@x.com", "x.txt", 0, ""),
    ("numbered names", "gene1\tgene2\ngene3\tgene4", "x.tsv", 0, ""),
    ("letters", "a,b\nc,d", "x.csv", 0, ""),
    ("STRING", "protein1 protein2\nP.1 P.2\nP.2 P.3", "x.txt", 1, ""),
    ("words of columns", "gene,disease\nBRCA1,C01", "x.csv", 1, "a header"),
    ("a node again in numbers", "10 1b\n1b 20", "x.txt", 0, "no integer"),
    ("one edge", "ann,bob", "x.csv", 0, "an edge"),
    ("units below names", "source,target\nint,int\n1,2\n2,3", "x.csv", 1, "'int' is no integer"),
    ("NetworKit's SNAP", "p 1\n1 2\n2 3", "x.txt", 0, "'p' is no integer"),
    ("sizes", "3 2\n1 2\n2 3", "x.txt", None, "numbers of nodes and of edges"),
]


@pytest.mark.parametrize(("where", "content", "name", "above", "warning"), HEADERS)
def test_headers(where, content, name, above, warning, tmp_path):
    found, warned = read_text(tmp_path, content, name)
    sep = {"x.tsv": "\t", "x.csv": ","}.get(name)
    lines = [tuple(line.split(sep)[:2]) for line in content.splitlines()]
    assert above is None or found == lines[above:]
    assert len(warned) == bool(warning)
    assert all(warning in text and "line" in text for text in warned)


@pytest.mark.parametrize("ids", [[(1, 2), (2, 3)], [("a", "b"), ("b", "c")]])
@pytest.mark.parametrize("after", [0, 2000])
def test_headers_that_come_again_are_refused(ids, after, tmp_path):
    lines = ["source,target", *(f"{u},{v}" for u, v in ids)]
    content = "\n".join([*lines, *lines[1:] * after, *lines])
    with pytest.raises(InputError, match=r"header.* again"):
        read_text(tmp_path, content, "x.csv")


DAMAGED = [
    ("nan between integers", "1,2\n2,nan\n", None),
    ("numpy.savetxt", "1.000e+00 2.000e+00\n", None),
    ("a column with gaps in pandas", "1.0,2.0\n2.0,3.0\n", None),
    ("German thousands", "1.000 2.000\n2.000 3.000\n", None),
    ("zip codes", "02139,10001\n10001,02139\n", [("02139", "10001"), ("10001", "02139")]),
    ("both ways of writing", "7 8\n007 8\n", [("7", "8"), ("007", "8")]),
    ("telephones", "+4912 +4913\n+4913 +4914\n", [("+4912", "+4913"), ("+4913", "+4914")]),
    ("beyond 64 bits", "1 2\n9223372036854775808 3\n", [("1", "2"), ("9223372036854775808", "3")]),
    ("a sum at the end", "1 2\n2 3\nTotal 2\n", [("1", "2"), ("2", "3"), ("Total", "2")]),
    ("hexadecimal", "10 20\n1f 20\n", [("10", "20"), ("1f", "20")]),
    ("a minus of Unicode", "1 2\n−1 3\n", [("1", "2"), ("−1", "3")]),
    ("a comment in CSV", "1,2\n# x,y\n2,3\n", [("1", "2"), ("# x", "y"), ("2", "3")]),
]


@pytest.mark.parametrize(("where", "content", "edges"), DAMAGED)
def test_ids_that_are_not_as_the_others(where, content, edges, tmp_path):
    name = "x.csv" if "," in content else "x.txt"
    if edges is None:
        with pytest.raises(InputError, match="is no id"):
            read_text(tmp_path, content, name)
        return
    found, warned = read_text(tmp_path, content, name)
    assert found == edges
    told = [text for text in warned if "all ids are read as names" in text and ", line " in text]
    assert len(told) == (where != "telephones")


MISSING = ["nan", "NaN", "NA", "NULL", "None", "<NA>", "N/A", "\\N", "-", "#N/A"]


@pytest.mark.parametrize("name", MISSING)
@pytest.mark.parametrize("form", ["text", "lists"])
def test_names_that_may_stand_for_a_missing_end_are_warned_of(name, form, tmp_path):
    (tmp_path / "x.csv").write_text(f"source,target\nann,{name}\nbob,{name}\n")
    edges = tmp_path / "x.csv" if form == "text" else (["ann", "bob"], [name, name])
    with pytest.warns(UserWarning, match="is read as the name of a node") as caught:
        graph = graphwalk.build_zarr(edges)
    assert repr(name) in str(caught[0].message)
    assert sorted(graph.labels.tolist()) == sorted(["ann", "bob", name])


COMMENTS = [
    ("SNAP", "# Nodes: 3\n# FromNodeId\tToNodeId\n1\t2\n2\t3\n", "x.txt"),
    ("KONECT", "% sym unweighted\n1 2\n2 3\n", "x.txt"),
    ("C", "// made by hand\n// twice\n1 2\n2 3\n", "x.txt"),
    ("INI", "; made by hand\n1,2\n2,3\n", "x.csv"),
    ("in the middle", "1 2\n# 5 6\n% 7 8\n2 3\n", "x.edges"),
    ("a blank before", "  # made by hand\n1 2\n2 3\n", "x.txt"),
    (
        "prose with the words of ends",
        "# all flights from Rome to\n1 2 0 0 0 7\n2 3 0 0 0 7\n",
        "x.txt",
    ),
]


@pytest.mark.parametrize(("where", "content", "name"), COMMENTS)
def test_comments(where, content, name, tmp_path):
    columns = (0, 1) if " 0 " in content else None
    assert read_text(tmp_path, content, name, columns=columns) == (ONE, [])


TAGS = [
    ("hashtags", "#a x\nx y\n#b y\n", "x.txt", "'#a x' is a comment"),
    ("hashtags in CSV", "#a,#b\nx,y\n", "x.csv", "'#a,#b' is a comment"),
    ("only hashtags", "#a #b\n#b #c\n", "x.txt", "'#a #b' is a comment"),
    ("two sides of KONECT", "% bip unweighted\n1 2\n2 1\n", "x.txt", "'% bip unweighted' says"),
]


@pytest.mark.parametrize(("where", "content", "name", "message"), TAGS)
def test_comments_that_may_be_edges_are_quoted(where, content, name, message, tmp_path):
    assert any(message in text for text in read_text(tmp_path, content, name)[1])


def test_names_with_hashes_are_no_comments(tmp_path):
    urls = "http://x.org/a#b http://y.org/c#d\nhttp://x.org/a#b http://z.org/e#f\n"
    assert len(read_text(tmp_path, urls)[0]) == 2
    assert read_text(tmp_path, '"#a" x\nx "#b"\n')[0] == [("#a", "x"), ("x", "#b")]


FORMATS = [
    ("METIS", "4 4\n2 3\n1 3\n1 2 4\n3\n", "METIS"),
    ("METIS of a ring", "4 4\n2 4\n1 3\n2 4\n1 3\n", "METIS"),
    ("METIS with a comment", "% c\n3 3\n2 3\n1 3\n1 2\n", "METIS"),
    ("METIS with a format", "4 6 000\n2 3 4\n1 3 4\n1 2 4\n1 2 3\n", "METIS"),
    ("LGL", "# a\nb 1\nc 2\n# b\nc 1\n", "LGL"),
    ("neighbours after a colon", "0: 1\n1: 2\n2: 0\n", "read_adjlist"),
    ("TGF", "1 a\n2 b\n#\n1 2\n", "TGF"),
    ("the number of nodes", "3\n1 2\n2 3\n", "has one field only.*number of nodes"),
    ("Pajek below a comment", "% made by hand\n*Vertices 2\n1 a\n2 b\n*Edges\n1 2\n", "Pajek"),
    ("DOT below a comment", "/* made by hand */\ndigraph {\na -> b\n}\n", "DOT"),
    ("DIMACS", "c 9th challenge\np sp 2 1\na 1 2 7\n", "DIMACS.*grep"),
    ("UTF-32", "1 2\n2 3\n".encode("utf-32"), "is UTF-32"),
    ("Latin 1", b"M\xfcller,Ann\nAnn,Bob\n", "no UTF-8 text.*iconv"),
    ("DOS's end of file", b"1 2\n2 3\n\x1a", "line 3: it has 1 fields"),
]


@pytest.mark.parametrize(("where", "content", "message"), FORMATS)
def test_formats_that_are_no_lists_of_edges(where, content, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read_text(tmp_path, content)


def test_the_arcs_of_dimacs_are_read_as_the_error_says(tmp_path):
    content = "a 1 2 7\na 2 3 8\n"
    assert read_text(tmp_path, content, columns=(1, 2, 3)) == ([(1, 2, 7.0), (2, 3, 8.0)], [])


def test_fields_over_many_lines_are_not_cut_between_blocks(tmp_path):
    text = "\n".join(f"line {i}" for i in range(60_000))
    content = f'source,target,note\na,b,"{text}"\nb,c,"{text}"\n' + "c,d,x\n" * 300_000
    path = tmp_path / "x.csv"
    path.write_text(content)
    with pytest.warns(UserWarning, match="'note'"):
        graph = graphwalk.build_zarr(path, duplicates="keep", memory="64 MiB")
    assert (graph.num_nodes, graph.num_edges) == (4, 300_002)


@pytest.mark.parametrize("values", ["times", "edge_types"])
def test_the_third_of_three_columns_is_what_the_caller_says(values, tmp_path):
    assert read_text(tmp_path, "1 2 10\n2 3 20\n", values=values) == (
        [(1, 2, 10.0), (2, 3, 20.0)],
        [],
    )


JSON = [
    ("lines", '{"source":1,"target":2}\n{"source":2,"target":3}\n', "x.jsonl"),
    ("lines of nested objects", '{"source":1,"target":2,"x":{}}\r\n{"source":2,"target":3}\n', "x"),
    ("one line", '{"source":1,"target":2}\n', "x.txt"),
    ("an array", '[{"source":1,"target":2},\n{"source":2,"target":3}]\n', "x.json"),
    ("an array in one line", '[{"source":1,"target":2},{"source":2,"target":3}]', "x.json"),
    ("columns", '{"source":{"0":1,"1":2},"target":{"0":2,"1":3}}\n', "x.json"),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("where", "content", "name"), JSON)
def test_json_is_read_as_the_error_says(where, content, name, tmp_path):
    with pytest.raises(InputError, match="JSON") as caught:
        read_text(tmp_path, content, name)
    call = re.search(r"pandas\.read_json\(.*?\)", str(caught.value))[0]
    table = eval(call, {"pandas": pd, "path": tmp_path / name})
    assert read(table)[0] == (ONE[:1] if where == "one line" else ONE)


#: Where it was met, the name of the file, content, options, and how nodes are named then.
DECIMALS = [
    ("Excel in German", "x.csv", "source;target;weight\n1;2;0,5\n2;3;0,75\n", {}, ONE),
    ("without a header", "x.csv", "1;2;0,5\n2;3;0,75\n", {}, ONE),
    ("names", "x.txt", "a;b;0,5\nb;c;0,75\n", {}, AB),
    ("tabs", "x.tsv", "source\ttarget\tweight\n1\t2\t0,5\n2\t3\t0,75\n", {}, ONE),
    ("blanks", "x.txt", "1 2 0,5\n2  3  0,75\n", {}, ONE),
    ("some without a comma", "x.csv", "source;target;weight\n1;2;1\n2;3;0,75\n", {}, ONE),
    ("a separator that is said", "x.csv", "1;2;0,5\n2;3;0,75\n", {"sep": ";", "third": True}, ONE),
]


@pytest.mark.parametrize(("where", "name", "content", "options", "edges"), DECIMALS)
def test_decimal_commas_are_read_as_the_error_says(where, name, content, options, edges, tmp_path):
    options = dict(options)
    if options.pop("third", False):
        options["columns"] = (0, 1, 2)
    with pytest.raises(InputError, match="decimal=") as caught:
        read_text(tmp_path, content, name, **options)
    call = re.search(r"pandas\.read_csv\(.*?\)", str(caught.value))[0]
    table = eval(call, {"pandas": pd, "path": tmp_path / name})
    named = list(table.columns)
    first = 1.0 if "without a comma" in where else 0.5
    expected = [(*edge, weight) for edge, weight in zip(edges, (first, 0.75), strict=True)]
    assert read(table, columns=named)[0] == expected


DAY = 86_400_000_000
NOON = 1_577_880_000_000_000

#: Where it was met, a time, and microseconds since 1970.
ZONES = [
    ("GitHub's archive", "2020-01-01T12:00:00Z", NOON),
    ("LDBC", "2020-01-01T12:00:00.123+0000", NOON + 123_000),
    ("Postgres", "2020-01-01 13:00:00+01", NOON),
    ("Python", "2020-01-01T11:30:00.000001-00:30", NOON + 1),
    ("Wikidata", "2020-01-01T12:00Z", NOON),
    ("no zone", "2020-01-01T12:00:00", NOON),
]


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(("where", "time", "expected"), ZONES)
def test_times_with_a_zone_are_those_of_utc(where, time, expected, named, tmp_path):
    nodes = ("a", "b", "c") if named else (1, 2, 3)
    later = time.replace("01-01", "01-02")
    content = f"source|target|creationDate\n{nodes[0]}|{nodes[1]}|{time}\n"
    content += f"{nodes[1]}|{nodes[2]}|{later}\n"
    found = read_text(tmp_path, content, "knows.csv", values="times")[0]
    assert found == [(*nodes[:2], expected), (*nodes[1:], expected + DAY)]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("2020-01-01T12:00:00Z", "2020-01-02T12:00:00", "line 3, .*no date with a zone"),
        ("2020-01-01T12:00:00", "2020-01-02 12:00 noon", "line 3, .*'2020-01-02 12:00 noon' is no"),
        ("2020-01-01T12:00:00.1234567Z", "2020-01-02T12:00:00Z", "line 2, .*microseconds"),
    ],
)
def test_times_that_are_not_alike_are_named(first, second, message, tmp_path):
    content = f"source,target,time\n1,2,{first}\n2,3,{second}\n"
    with pytest.raises(InputError, match=message):
        read_text(tmp_path, content, "x.csv", values="times")


def test_files_of_which_some_have_zones_are_refused(tmp_path):
    for name, zone in (("a", "Z"), ("b", "")):
        content = f"source,target,time\n1,2,2020-01-01T12:00:00{zone}\n"
        (tmp_path / f"{name}.csv").write_text(content)
    with pytest.raises(InputError, match="dates with a zone"):
        read(tmp_path / "*.csv", values="times")


@pytest.mark.parametrize(
    ("values", "column", "message"),
    [
        ("weights", "weight", "'x' is no number; weights must be numbers"),
        ("times", "time", "'x' is no number; times must be numbers, or dates"),
        ("edge_types", "type", "'x' is no number; types must be numbers.*factorize"),
    ],
)
def test_values_that_are_no_numbers_are_called_what_they_are(values, column, message, tmp_path):
    content = f"source,target,{column}\n1,2,x\n2,3,y\n"
    with pytest.raises(InputError, match=message):
        read_text(tmp_path, content, "x.csv", values=values)
    table = pd.read_csv(tmp_path / "x.csv")
    with pytest.raises(InputError, match=r"weights, times or types must be .*pandas\.factorize"):
        read(table, values=values)
    table[column] = pd.factorize(table[column])[0]
    assert read(table, values=values)[0] == [(1, 2, 0.0), (2, 3, 1.0)]


TRIPLES = [
    ("SIF", "x.sif", "a pp b\nb pd c\n", AB),
    ("SIF with tabs", "x.sif", "a\tpp\tb\nb\tpp\tc\n", AB),
    ("Freebase", "train.txt", "/m/1\t/film\t/m/2\n/m/2\t/b\t/m/3\n", None),
    ("arrows", "x.txt", "a -> b\nb -> c\n", AB),
    ("arrows between numbers", "x.txt", "1 -> 2\n2 -> 3\n", ONE),
    ("lines", "x.txt", "1 -- 2\n2 -- 3\n", ONE),
    ("words between numbers", "x.txt", "1 likes 2\n2 likes 3\n", ONE),
    ("CSV", "x.csv", "a,pp,b\nb,pp,c\n", AB),
    ("no chain", "x.txt", "a pp b\na pp c\na pp d\n", [("a", "b"), ("a", "c"), ("a", "d")]),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("where", "name", "content", "edges"), TRIPLES)
def test_triples_are_read_as_the_error_says(where, name, content, edges, tmp_path):
    options = {}
    for _ in range(2 if name == "x.sif" else 1):
        with pytest.raises(InputError, match=r"columns=|sep=") as caught:
            read_text(tmp_path, content, name, **options)
        said = re.findall(r"(sep|columns|header)=('[^']*'|False|\(.*?\))", str(caught.value))
        options |= {option: ast.literal_eval(value) for option, value in said}
    assert options["columns"] == (0, 2)
    expected = [("/m/1", "/m/2"), ("/m/2", "/m/3")] if edges is None else edges
    assert read_text(tmp_path, content, name, **options)[0] == expected


def test_the_second_of_three_columns_may_be_a_node(tmp_path):
    for content in ("a b c\nb c d\n", "a x red\nb y blue\n"):
        with pytest.raises(InputError, match=r"columns=\(0, 1\)"):
            read_text(tmp_path, content)
