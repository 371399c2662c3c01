"""Connected components straight from edges, against those of a store of the same edges."""

import gc
import gzip
import itertools
import threading

import networkx as nx
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_array

import graphwalk
from graphwalk import InputError, MemoryBudgetError
from graphwalk.algorithms.analytics import link_ids
from graphwalk.storage.build.range_encoding import IdRanges
from graphwalk.storage.build.sliced_arrays import Room
from graphwalk.storage.edges import parquet
from graphwalk.storage.edges.open import open_source
from graphwalk.util.threads import made_ahead

WORDS = [
    "",
    "a",
    "a\0",
    "a\0b",
    "ab",
    "abcdefgh",
    "abcdefghi",
    "abcdefghj",
    "b",
    "é",
    "日本",
    "z" * 50,
]
COMMON = ["https://example.org/", "https://example.org/a/very/long/path/that/all/share/"]


def pairs_of(ids, number, seed=1):
    rng = np.random.default_rng(seed)
    ids = np.asarray(ids, object if isinstance(ids[0], str) else None)
    return ids[rng.integers(0, len(ids), number)], ids[rng.integers(0, len(ids), number)]


def table_of(edges, **options):
    return pa.table(graphwalk.connected_components(edges=edges, **options))


def expected(edges, **options):
    """Return what the build and the components of its store say, of ids that edges name."""
    graph = graphwalk.build_zarr(edges, **options)
    components = graphwalk.connected_components(graph).compute()
    names = np.arange(graph.num_nodes) if graph.labels is None else np.asarray(graph.labels)
    return {"node": names.tolist(), "component": names[components].tolist()}


IDS = {
    "words": WORDS,
    "urls": [f"{start}{i}" for start in COMMON for i in range(300)],
    "one": ["only"],
    "sparse": [2**40 + 7 * i for i in range(500)],
    "dense": list(range(100)),
    "many": [f"{i:x}" for i in range(3000)],
}


@pytest.mark.filterwarnings("ignore:.*is read as the name of a node")
@pytest.mark.parametrize("kind", IDS)
@pytest.mark.parametrize(("ranges", "memory"), [(1, None), (7, None), (600, "1 MiB")])
def test_components_are_those_of_the_store(kind, ranges, memory, monkeypatch):
    src, dst = pairs_of(IDS[kind], max(2, len(IDS[kind]) * 3 // 4))
    monkeypatch.setattr(link_ids, "MOST_RANGES", ranges)
    monkeypatch.setattr(link_ids, "RANGE_IDS", 4)
    monkeypatch.setattr(link_ids, "_DIVIDED", 100)
    if memory:
        monkeypatch.setattr(Room, "take", lambda *_: False)  # all of it waits in files
    options = {} if memory is None else {"memory": memory}
    found = table_of((src, dst), **options).to_pydict()
    wanted = expected((src, dst), relabel=True)
    assert found == wanted
    assert (
        found["node"] == sorted(set(src) | set(dst), key=lambda x: str(x).encode())
        if isinstance(src[0], str)
        else sorted(set(src.tolist()) | set(dst.tolist()))
    )


def test_forms_of_edges(tmp_path):
    src, dst = pairs_of([f"id{i}" for i in range(50)], 40)
    wanted = expected((src, dst))
    frame = pd.DataFrame({"source": src, "target": dst})
    frame.to_csv(tmp_path / "pairs.csv", index=False)
    (tmp_path / "pairs.csv.gz").write_bytes(gzip.compress((tmp_path / "pairs.csv").read_bytes()))
    pq.write_table(
        pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "p.parquet", row_group_size=7
    )
    listed = list(zip(src, dst, strict=True))
    graph = nx.Graph(listed)
    graph.add_node("lonely")
    forms = [
        frame,
        pl.from_pandas(frame),
        listed,
        iter(listed),
        tmp_path / "pairs.csv",
        tmp_path / "pairs.csv.gz",
        tmp_path / "p.parquet",
        str(tmp_path / "p*.parquet"),
    ]
    for edges in forms:
        assert table_of(edges).to_pydict() == wanted, edges
    lonely = table_of(graph).to_pydict()
    assert dict(zip(lonely["node"], lonely["component"], strict=True))["lonely"] == "lonely"
    assert len(lonely["node"]) == len(wanted["node"]) + 1
    rows = csr_array(([1, 1], ([0, 3], [3, 0])), shape=(5, 5))
    assert table_of(rows).to_pydict() == {"node": [0, 1, 2, 3, 4], "component": [0, 1, 2, 0, 4]}


@pytest.mark.parametrize("large", [1 << 22, 100])
def test_a_sample_of_parquet_is_from_all_over_the_file(tmp_path, monkeypatch, large):
    monkeypatch.setattr(parquet, "_LARGE", large)
    ids = np.arange(1000)
    for group, places in ((10, 100), (1000, 1 if large > 1000 else 50)):
        pq.write_table(pa.table({"a": ids, "b": ids}), tmp_path / "p.parquet", row_group_size=group)
        source = open_source(str(tmp_path / "p.parquet"))
        firsts = [load().src[0] for load in source.sample(2, places)]
        assert len(firsts) == places
        assert np.diff(firsts).max(initial=0) <= 1000 // places


def test_a_table_is_made_when_it_is_read_and_once(tmp_path):
    path = tmp_path / "pairs.csv"
    table = graphwalk.connected_components(edges=pd.DataFrame({"a": ["x"], "b": ["y"]}))
    assert repr(table) == "<graphwalk.ArrowStream of node, component>"
    assert "linked" not in vars(table)
    assert pa.table(table) == pa.table(table)
    output = graphwalk.write_nodes(table, path)
    assert output.read_text() == "node,component\nx,x\ny,x\n"
    with pytest.raises(InputError, match="no column of nodes"):
        graphwalk.write_nodes(table, tmp_path / "pairs.npy")


def test_text_that_goes_on_with_strings(tmp_path):
    path = tmp_path / "pairs.txt"
    path.write_text("".join(f"{i} {i + 1}\n" for i in range(200_000)) + "7 seven\n")
    with pytest.warns(UserWarning, match="seven"):
        found = table_of(path)
    assert found.num_rows == 200_002
    assert set(found["component"].to_pylist()) == {"0"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"edges": [(1, 2), ("a", 3)]}, "make them all"),
        ({"edges": [(1, 2), (-1, 3)]}, "negative"),
        ({"edges": [(0, 1)], "partitions": 2}, "partitions= is for a store"),
        ({"store": "g.zarr", "edges": [(0, 1)]}, "store= and edges= do not"),
        ({}, "pass a store, or edges="),
        ({"edges": np.empty((2, 0), int)}, "no edges"),
    ],
)
def test_what_cannot_be_done_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        pa.table(graphwalk.connected_components(**options))


def test_memory_is_refused_where_it_is_too_little_and_files_are_gone(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    edges = pairs_of([f"id{i}" for i in range(20_000)], 20_000)
    with pytest.raises(MemoryBudgetError, match="memory="):
        table_of(edges, memory="64 KiB")
    assert not list(tmp_path.iterdir())
    table = graphwalk.connected_components(edges=edges, memory="4 MiB")
    assert pa.table(table).num_rows > 10_000
    del table
    assert not list(tmp_path.iterdir())


def test_ranges_need_no_bounds():
    for ids in (pa.array([], pa.large_string()), pa.array(["a"], pa.large_string())):
        ranges = IdRanges(ids, 5)
        assert len(ranges) == 1
        divided = ranges.divide(pa.array(["b", "a"], pa.large_string()))
        assert (bytes(divided.data), divided.bounds.tolist()) == (b"ba", [0, 2])


@pytest.mark.parametrize("beginnings", [["a:"], ["a:", "b:"], ["", "\0", "abcdefgh"]])
def test_ranges_of_strings_that_begin_alike(beginnings):
    names = [f"{start}//a.org/{i}" for i in range(800) for start in beginnings]
    ids = pa.array(names, pa.large_string())
    ranges = IdRanges(ids, 100)
    divided = ranges.divide(ids)
    assert np.diff(divided.bounds).max() <= len(ids) // 90
    by_range = []
    for start, stop in itertools.pairwise(divided.bounds):
        by_range += sorted(names[i] for i in divided.order[start:stop])
    assert by_range == sorted(names)


def test_the_command_reads_pairs(tmp_path, capsys):
    from graphwalk.cli import main

    (tmp_path / "p.txt").write_text("x;y\nu;v\ny;w\n")
    output = tmp_path / "c.tsv"
    arguments = ["components", str(tmp_path / "p.txt"), str(output), "--sep", ";", "--no-header"]
    assert main(arguments) == 0
    assert "2 components of 5 nodes" in capsys.readouterr().out
    assert output.read_text() == "node\tcomponent\nu\tu\nv\tu\nw\tw\nx\tw\ny\tw\n"
    store = tmp_path / "g.zarr"
    graphwalk.build_zarr([(0, 1)], store)
    assert main(["components", str(store), "--sep", ";"]) == 1
    assert "--sep" in capsys.readouterr().err
    assert main(["components", str(tmp_path / "none.csv")]) == 1
    assert "none.csv" in capsys.readouterr().err


def test_items_made_ahead_may_be_dropped_in_the_thread_that_makes_them():
    """The collector of garbage runs in any thread, and may end what waits for that thread."""
    dropped, collected = threading.Event(), threading.Event()

    def items():
        yield 1
        dropped.wait()
        gc.collect()
        collected.set()
        yield 2

    class Cycle:
        def __init__(self):
            self.itself, self.made = self, made_ahead(items())

    cycle = Cycle()
    assert next(cycle.made) == 1
    del cycle
    dropped.set()
    assert collected.wait(60)


def test_items_are_made_ahead_in_order_until_one_fails():
    def items():
        yield from "ab"
        raise InputError("no third")

    made = made_ahead(items())
    assert [next(made), next(made)] == ["a", "b"]
    with pytest.raises(InputError, match="no third"):
        next(made)
    assert list(made_ahead("abc")) == ["a", "b", "c"]
