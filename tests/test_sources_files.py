"""Files of edges in parts, compressed, and at URLs; blocks of lines cut anywhere."""

import functools
import gzip
import http.server
import threading

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_sources_text import load, read

from graphwalk.errors import InputError
from graphwalk.kernels.build.parse_edges import parse_lines
from graphwalk.storage.build.api import build_zarr
from graphwalk.storage.edges.open import open_source

EDGES = [(i, i * 7 % 100) for i in range(100)]
LINES = "".join(f"{u}\t{v}\n" for u, v in EDGES).encode()


def zstd(data):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


COMPRESSED = {"": bytes, ".gz": gzip.compress, ".zst": zstd}


@pytest.mark.parametrize("suffix", COMPRESSED)
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_lines_are_cut_anywhere(tmp_path, suffix, size):
    (tmp_path / f"edges.txt{suffix}").write_bytes(COMPRESSED[suffix](b"# comment\n" + LINES))
    assert load(open_source(tmp_path / f"edges.txt{suffix}"), size) == EDGES


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_every_edge_knows_its_line(tmp_path, size):
    content = b"\xef\xbb\xbf# a\r\n\n0 1\n% b\n \t\n2 3\n4 5\n"
    (tmp_path / "edges.txt").write_bytes(content)
    batches = [call() for call in open_source(tmp_path / "edges.txt").batches(size)]
    places = [batch.place(i) for batch in batches for i in range(len(batch.src))]
    assert [place.rpartition(" ")[2] for place in places] == ["3", "6", "7"]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("blank", [" ", "\t"])
def test_blanks_alone_are_wrong_wherever_a_block_ends(tmp_path, blank, size):
    (tmp_path / "edges.csv").write_text(f"0,1\n{blank}\n1,2\n")
    with pytest.raises(InputError, match="line 2: it has 1 fields"):
        load(open_source(tmp_path / "edges.csv"), size)


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_lines_longer_than_a_block(tmp_path, size):
    lines = [f"{u}\t{v}\t{'x' * (3000 if u % 10 == 5 else 1)}\n" for u, v in EDGES]
    (tmp_path / "edges.txt").write_text("".join(lines))
    assert load(open_source(tmp_path / "edges.txt", columns=(0, 1)), size) == EDGES


@pytest.mark.parametrize("content", [b"7" * 10_000_000, b"1 2\n" + b"7" * 10_000_000])
def test_what_has_no_lines_is_not_read_whole(tmp_path, content):
    (tmp_path / "edges.txt").write_bytes(content)
    with pytest.raises(InputError, match=r"edges\.txt: it has a line of more than 8 MiB"):
        load(open_source(tmp_path / "edges.txt"), 100_000)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_compressed_files_that_are_cut_off(tmp_path, suffix):
    path = tmp_path / f"edges.txt{suffix}"
    lines = "".join(f"{i}\t{i * i % 9_999_991}\n" for i in range(200_000)).encode()
    data = COMPRESSED[suffix](lines)
    for broken in (data[: len(data) // 2], b"0\t1\n"):
        path.write_bytes(broken)
        with pytest.raises(InputError, match=rf"edges\.txt\{suffix} is no complete"):
            read(path)


def test_names_deep_in_a_file_of_integers(tmp_path):
    path = tmp_path / "edges.txt"
    path.write_bytes(LINES * 100 + b"007\tx\n")
    edges = read(path, size=100)
    assert edges[0] == ("0", "0")
    assert edges[-1] == ("007", "x")
    graph = build_zarr(path)
    assert graph.label_kind == "string"
    assert "007" in graph.labels


@pytest.mark.parametrize("line", ["+1\t2", "0x1F\t2", "1e3\t2", "1_000\t2", "²\t2"])
def test_what_looks_like_an_integer_is_a_name(tmp_path, line):
    (tmp_path / "edges.txt").write_text(f"0\t1\n{line}\nx\ty\n")
    assert read(tmp_path / "edges.txt") == [("0", "1"), tuple(line.split()), ("x", "y")]


def test_a_pattern_names_all_parts(tmp_path):
    (tmp_path / "part-1.tsv").write_bytes(b"src\tdst\n" + LINES)
    (tmp_path / "part-0.tsv.gz").write_bytes(gzip.compress(LINES))
    (tmp_path / "part-2.tsv").write_bytes(b"")
    assert read(str(tmp_path / "part-*.tsv*")) == EDGES + EDGES
    with pytest.raises(InputError, match="there is no file"):
        read(str(tmp_path / "none-*.tsv"))
    (tmp_path / "part-3.csv").write_bytes(b"0,1\n")
    with pytest.raises(InputError, match=r"several kinds, \.csv, \.tsv"):
        read(str(tmp_path / "part-*"))


def test_parquet_row_groups_large_and_small(tmp_path):
    table = pa.table({"src": [u for u, _ in EDGES], "dst": [v for _, v in EDGES]})
    for group in (1, 7, 100):
        pq.write_table(table, tmp_path / "edges.parquet", row_group_size=group)
        source = open_source(tmp_path / "edges.parquet")
        assert source.num_edges == 100
        for size in (1, 10, 1000):
            assert load(source, size) == EDGES


@pytest.fixture
def remote():
    memory = fsspec.filesystem("memory")
    yield memory
    memory.rm("/edges", recursive=True)


def test_edges_at_urls(remote):
    remote.pipe("/edges/a.txt", LINES)
    remote.pipe("/edges/b.txt.gz", gzip.compress(LINES))
    assert read("memory://edges/a.txt") == EDGES
    assert read("memory://edges/*.txt*") == EDGES + EDGES
    with remote.open("/edges/parts/0.parquet", "wb") as file:
        pq.write_table(pa.table(dict(zip(("src", "dst"), np.transpose(EDGES), strict=True))), file)
    assert read("memory://edges/parts") == EDGES
    remote.copy("/edges/parts/0.parquet", "/edges/all.parquet/0.parquet")
    assert read("memory://edges/all.parquet") == EDGES
    assert open_source("memory://edges/parts/0.parquet").once
    with pytest.raises(InputError, match="there is nothing at memory://edges/none"):
        open_source("memory://edges/none.txt")


@pytest.fixture
def website(tmp_path):
    """Serve a folder; yield its address and the list of what is asked of it."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

        def guess_type(self, _path):
            return "text/html"  # as which servers pass off files they do not know

        def log_message(self, *_):
            pass

    handler = functools.partial(Handler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.mark.parametrize("query", ["", "?download=1"])
def test_edges_on_the_web(tmp_path, website, query, monkeypatch):
    pytest.importorskip("aiohttp")
    http_files = fsspec.get_filesystem_class("http")
    monkeypatch.setattr(http_files, "isdir", lambda *_: pytest.fail("looked for links in a file"))
    address, asked = website
    (tmp_path / "edges.txt").write_bytes(LINES)
    assert read(f"{address}/edges.txt{query}") == EDGES
    assert set(asked) == {f"/edges.txt{query}"}


# The kernel


def parse(text, delimiter="\t", comments=True, columns=2, wanted=(0, 1)):
    data = np.frombuffer(text.encode(), np.uint8)
    src, dst = np.empty((2, 100), np.int64)
    weights = np.empty(100 if len(wanted) > 2 else 0)
    wanted = np.array(wanted)
    count = parse_lines(data, ord(delimiter), comments, columns, wanted, src, dst, weights)
    return None if count < 0 else list(zip(src[:count].tolist(), dst[:count].tolist(), strict=True))


@pytest.mark.parametrize(
    ("text", "delimiter", "expected"),
    [
        ("1\t2\n3\t4\n", "\t", [(1, 2), (3, 4)]),
        ("1\t2\r\n3\t4\n", "\t", [(1, 2), (3, 4)]),
        ("1\t2\n3\t4", "\t", None),  # the last line has no end
        ("\n# x\n  % y\n1 2\n", " ", [(1, 2)]),
        ("  1 \t 2  \n", " ", [(1, 2)]),
        ("1 2\n \t \n3 4\n", " ", [(1, 2), (3, 4)]),
        ("1,2\n \n3,4\n", ",", None),
        ("1 , 2 \n", ",", [(1, 2)]),
        ("999999999999999999 0\n", " ", [(10**18 - 1, 0)]),
        ("9999999999999999999 0\n", " ", None),
        ("1 2 3\n", " ", None),
        ("1\n", " ", None),
        ("12", " ", None),
        ("1,\n", ",", None),
        ("-1 2\n", " ", None),
        ('"1" 2\n', " ", None),
        ("1 2x\n", " ", None),
        ("1\r2\n", " ", None),
        ("", " ", []),
    ],
)
def test_plain_lines(text, delimiter, expected):
    assert parse(text, delimiter) == expected


def test_wanted_columns():
    assert parse("5,x y,6,\n", ",", columns=4, wanted=(2, 0)) == [(6, 5)]
    assert parse('5,"x",6\n', ",", columns=3, wanted=(2, 0)) is None
    assert parse("5,6\n", ",", wanted=(0, 0)) == [(5, 5)]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "0.1",
            "1",
            "3.",
            ".5",
            "0.30000000000000004",
            "123456789.123456",
            "1e22",
            "1e23",
            "5E-3",
        ),
        *("1e-22", "2.5e+3", "179769313486231570000", "0.000001", "9007199254740993", "1e-400"),
    ],
)
def test_weights_are_parsed_exactly_or_not_at_all(text, tmp_path):
    (tmp_path / "edges.csv").write_text(f"src,dst,weight\n0,1,{text}\n")
    assert read(tmp_path / "edges.csv") == [(0, 1, float(text))]
