"""Edges in text files: delimiters, headers, comments, and lines that cannot be read."""

import gzip

import pytest

from graphwalk.errors import InputError
from graphwalk.storage.edges.open import open_source
from graphwalk.storage.edges.protocol import NotIntegers


@pytest.fixture
def write(tmp_path):
    def write(content, name="edges.txt"):
        data = content.encode() if isinstance(content, str) else content
        path = tmp_path / name
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


def read(path, columns=None, size=100_000):
    try:
        return load(open_source(path, columns=columns), size)
    except NotIntegers as news:
        return load(news.source, size)


def load(source, size):
    edges = []
    for call in source.batches(size):
        batch = call()
        assert len(batch.src) <= size
        parts = [batch.src, batch.dst, *([] if batch.weight is None else [batch.weight])]
        edges += list(zip(*(part.tolist() for part in parts), strict=True))
    return edges


EDGES = [(0, 1), (1, 2), (2, 0)]


@pytest.mark.parametrize("suffix", [".txt", ".edges", ".el", ".edgelist", ".TXT", ".txt.gz"])
@pytest.mark.parametrize(
    "content",
    [
        "0\t1\n1\t2\n2\t0\n",
        "0 1\n1 2\n2 0",
        "0,1\n1,2\n2,0\n",
        "0, 1\n1, 2\n2, 0\n",
        "  0   1\n1 \t  2  \n 2 0 ",
        "0\t1\r\n1\t2\r\n2\t0\r\n",
        "0 1 \r\n1  2 \r\n2 0\r\n",
        "# SNAP\n# Nodes: 3 Edges: 3\n# From\tTo\n0\t1\n1\t2\n2\t0\n",
        "% KONECT\n0 1\n% 8 9\n#7 8\n\n\n1 2\n  # 5 6\n2 0\n# end",
        "\ufeff0 1\n1 2\n2 0\n",
        "0\t1\n1 2\n2  0\n",
        "0\t1\n \n1\t2\n2\t0\n",
        "from to\n0 1\n1 2\n2 0\n",
    ],
)
def test_lists_of_edges(write, content, suffix):
    assert read(write(content, "edges" + suffix)) == EDGES


@pytest.mark.parametrize(
    "content",
    [
        "source,target\n0,1\n1,2\n2,0\n",
        "0,1\n1,2\n2,0\n",
        "# made by hand\n\n0,1\n1,2\n\n2,0\n",
        "% made by hand\nfrom,to\n0,1\n1,2\n2,0\n",
        '"a","b"\r\n"0","1"\r\n1,2\r\n2,0\r\n',
        "a , b\n0, 1\n1 ,2\n 2,0\n",
        "to,what,from\n1,x,0\n2,,1\n0,z,2\n",
        "\ufeffsource,target\n0,1\n1,2\n2,0\n",
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".tsv"])
def test_csv_and_tsv(write, content, suffix):
    if suffix == ".tsv":
        content = content.replace(",", "\t")
    assert read(write(content, "edges" + suffix)) == EDGES


def test_columns_of_a_header(write):
    path = write("id,a,b,w\n9,0,1,0.5\n8,1,2,2\n", "edges.csv")
    assert read(path, ("b", "a", "w")) == [(1, 0, 0.5), (2, 1, 2.0)]


def test_columns_without_a_header(write):
    path = write("0 1 0.5 99\n1 2 2 98\n")
    with pytest.raises(InputError, match=r"edges\.\w+ has 4 columns without names.*\(0, 1, 2\)"):
        read(path)
    assert read(path, (1, 0, 2)) == [(1, 0, 0.5), (2, 1, 2.0)]
    assert read(path, ("0", "3")) == [(0, 99), (1, 98)]


def test_ids_are_all_integers_or_all_strings(write):
    assert read(write("7 1\n-1 2\n")) == [(7, 1), (-1, 2)]
    assert read(write("007 1\n7 2\n-1 2\n")) == [("007", "1"), ("7", "2"), ("-1", "2")]
    assert read(write("007 1\nx 2\n")) == [("007", "1"), ("x", "2")]
    assert read(write("007 y\n1 2\n3 z\n")) == [("007", "y"), ("1", "2"), ("3", "z")]
    assert read(write("0x1F 1\n0x20 2\n")) == [("0x1F", "1"), ("0x20", "2")]


def test_integers_beyond_64_bits_are_strings(write):
    big = "123456789012345678901"
    assert read(write(f"{big} 1\n{big} 2\n")) == [(big, "1"), (big, "2")]


def test_strings_keep_what_is_inside_them(write):
    path = write('from,to\n"New, York", Rome \n NA ,"say ""hi"""\nnull,nan\n', "edges.csv")
    assert read(path) == [("New, York", "Rome"), ("NA", 'say "hi"'), ("null", "nan")]
    assert read(write('New York\tRome\nRome\t"x\n')) == [("New York", "Rome"), ("Rome", '"x')]
    assert read(write("a#b c%d\nc%d é\n")) == [("a#b", "c%d"), ("c%d", "é")]


def test_hashes_are_comments_only_above_a_csv(write):
    path = write("source,target\n#a,%b\n", "edges.csv")
    assert read(path) == [("#a", "%b")]


def test_no_edges(write):
    for content, name in (
        ("", "a.txt"), ("# nothing\n", "b.txt"), ("\n\n", "c.csv"), ("source,target\n", "d.csv"),
        ("", "e.csv.gz"),
    ):  # fmt: skip
        assert read(write(content, name)) == []


def test_many_blocks(write):
    edges = [(i, i * 7 % 1000) for i in range(300_000)]
    lines = [f"{u}  {v}" for u, v in edges]
    lines[5::1000] = [line + "\n% 1 2\n" for line in lines[5::1000]]
    assert read(write("\n".join(lines))) == edges


# Bad files


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("0 1\n# x\n\n1\n", "a.txt", r"a\.txt, line 4: it has 1 fields.*has 2"),
        ("0 1\n1 2 3\n", "a.txt", "line 2: it has 3 fields.*lists of neighbours"),
        ("0 1\na b\nc d e\n", "a.txt", "line 3: it has 3 fields"),
        ("0 1\n \t \n1 2 3\n", "a.txt", "line 3: it has 3 fields"),
        ("0,1\n1,2\n\t\n", "a.csv", "line 3: it has 1 fields"),
        ("a,b\n0,1\n1,2,3\n", "a.csv", "line 3: it has 3 fields"),
        ("0\n1\n", "a.txt", "line 1: .0. has one field only"),
        ("a,b\n0,1\n,2\n", "a.csv", r"a\.csv, column 'a', line 3: the id is missing"),
        ("# x\nfrom,to\nx,y\n\nz, \n", "a.csv", r"column 'to', line 5: the id is missing"),
        ("from,to\n0,1.0\n1,2.0\n", "a.csv", r"line 2: 1\.0 is no id"),
        ("from,to\n0,\n1,2.0\n", "a.csv", r"line 3: 2\.0 is no id"),
        ("a,b,weight\n0,1,2\n1,2,x\n", "a.csv", "line 3, column 'weight': 'x' is no number"),
        ("a,b,weight\n0,1,2\n1,2,\n", "a.csv", "'weight', line 3: the weight is missing"),
        (b"a b\nc \xff\n", "a.txt", "line 2: it is no UTF-8"),
        (b"from,to\na,b\nc,\xff\n", "a.csv", "line 3: it is no UTF-8"),
    ],
)
@pytest.mark.parametrize("gz", ["", ".gz"])
def test_bad_files_name_the_line(write, content, name, message, gz):
    message = message.replace(r"a\.txt,", r"a\.txt" + gz + ",").replace(r"\.csv,", rf"\.csv{gz},")
    with pytest.raises(InputError, match=message):
        read(write(content, name + gz))


def test_unknown_columns(write):
    with pytest.raises(InputError, match="no column 'c'; its columns are 'a', 'b'"):
        read(write("a,b\n0,1\n", "edges.csv"), ("a", "c"))
    with pytest.raises(InputError, match="no column 'c'; its columns are 0, 1"):
        read(write("0 1\n"), (0, "c"))


@pytest.mark.parametrize("columns", [("a", "b", "b"), ("a", "b", "a")])
def test_ids_are_no_weights(write, columns):
    with pytest.raises(InputError, match=f"column '{columns[2]}' cannot be both ids and weights"):
        read(write("a,b\n0,1\n", "edges.csv"), columns)


def test_named_columns_are_not_taken_for_nodes(write):
    assert read(write("ann,bob\nbob,cid\n", "edges.csv"), ("ann", "bob")) == [("bob", "cid")]


def test_gzip_files_that_are_none(write):
    path = write("0,1\n", "edges.csv.gz")
    path.write_text("0,1\n")
    with pytest.raises(InputError, match=r"edges\.csv\.gz is no complete gzip file"):
        read(path)
    whole = gzip.compress("".join(f"{i},{i * i}\n" for i in range(200_000)).encode())
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="is no complete gzip file"):
        read(path)


def test_paths_that_cannot_be_opened(tmp_path):
    with pytest.raises(InputError, match=r"there is no file .*none\.csv"):
        open_source(tmp_path / "none.csv")
    with pytest.raises(InputError, match=r"there is no file .*none\.csv"):
        open_source(str(tmp_path / "none.csv"))
    (tmp_path / "edges.xlsx").touch()
    with pytest.raises(InputError, match=r"edges\.xlsx has a suffix.*\.parquet, .*\.csv"):
        open_source(tmp_path / "edges.xlsx")
