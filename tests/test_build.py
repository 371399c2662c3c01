"""What `build_zarr` writes, whatever its input and its tuning, and what it refuses."""

from itertools import product
from pathlib import Path

import numpy as np
import oracle
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from leftovers import leave
from plans import among_slow
from small_chunks import build_chunked

from graphwalk.errors import (
    GraphwalkError,
    InputError,
    MemoryBudgetError,
    StoreError,
    StoreExistsError,
)
from graphwalk.kernels.build.bucket_values import order_ties
from graphwalk.storage.build.api import build_zarr
from graphwalk.storage.build.bucket_rows import BucketTask, RowSpec, _sort_stably, make_rows
from graphwalk.storage.build.check_batch import DenseBatch
from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.count_edges import BINS, Direction, EdgeCounts, count_batch
from graphwalk.storage.build.memory_plan import BuildSizes
from graphwalk.storage.build.pipeline import build
from graphwalk.storage.build.runs import RunMaker, plan_buckets
from graphwalk.storage.build.sort_rows import RowSorter
from graphwalk.storage.edges.damaged_ids import first_damaged
from graphwalk.storage.edges.open import open_source
from graphwalk.storage.files import publish
from graphwalk.storage.store.graph import open_zarr
from graphwalk.util.progress_bar import Progress

MAX_NODE = 20
BUDGET = 1 << 30


def arrays(edges):
    """The (src, dst[, weight]) arrays of a list of edge tuples."""
    columns = list(zip(*edges, strict=True))
    ids = tuple(np.array(column, np.int64) for column in columns[:2])
    return ids if len(columns) == 2 else (*ids, np.array(columns[2], np.float64))


def rows_of(graph):
    """The graph's rows in the oracle's form, read through the public methods alone."""
    offsets = graph.read_offsets(0, graph.num_nodes + 1)
    rows = {}
    for node, neighbors in enumerate(graph.neighbors(np.arange(graph.num_nodes))):
        a, b = offsets[node : node + 2].tolist()
        weights = graph.read_weights(a, b).tolist() if graph.weighted else [1.0] * (b - a)
        rows[node] = list(zip(neighbors.tolist(), weights, strict=True))
    return rows


def as_stored(rows):
    """The oracle's rows, with weights as float32 holds them."""
    return {node: [(v, float(np.float32(w))) for v, w in row] for node, row in rows.items()}


def store_bytes(path):
    root = Path(path)
    return {
        str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()
    }


def names(folder):
    return sorted(path.name for path in folder.iterdir())


nodes = st.integers(0, MAX_NODE - 1)
weights = st.floats(0.001, 1e6, allow_nan=False)
edge_lists = st.lists(st.tuples(nodes, nodes), min_size=1, max_size=80) | st.lists(
    st.tuples(nodes, nodes, weights), min_size=1, max_size=80
)
tunings = st.builds(
    BuildSizes,
    st.just(BUDGET),
    threads=st.integers(1, 3),
    batch_edges=st.integers(1, 50),
    run_edges=st.integers(1, 100),
    bucket_entries=st.integers(1, 40),
    spill=st.booleans(),
)


@settings(deadline=None, max_examples=40)
@given(
    edges=edge_lists,
    directed=st.booleans(),
    duplicates=st.sampled_from(["merge", "keep"]),
    self_loops=st.sampled_from(["keep", "drop"]),
    tuning=tunings,
)
def test_store_equals_oracle(edges, directed, duplicates, self_loops, tuning):
    options = BuildOptions(directed, duplicates, self_loops == "drop", num_nodes=MAX_NODE)
    graph = build(open_source(arrays(edges)), None, options, tuning, Progress(False))
    expected = oracle.csr(
        edges, MAX_NODE, directed=directed, duplicates=duplicates, self_loops=self_loops
    )
    assert rows_of(graph) == as_stored(expected)
    entries = [(u, v) for u, row in expected.items() for v, _ in row]
    assert graph.num_entries == len(entries)
    assert graph.num_edges == (
        len(entries) if directed else sum(1 for u, v in entries if u < v) + loops(entries)
    )
    assert graph.degrees.tolist() == [len(row) for row in expected.values()]


def loops(entries):
    return sum(1 for u, v in entries if u == v)


@settings(deadline=None, max_examples=20)
@given(edges=edge_lists, directed=st.booleans())
def test_duplicates_are_refused_as_by_the_oracle(edges, directed):
    try:
        oracle.csr(edges, MAX_NODE, directed=directed, duplicates="error")
    except ValueError:
        with pytest.raises(InputError, match="more than once"):
            build_zarr(arrays(edges), num_nodes=MAX_NODE, directed=directed, duplicates="error")
    else:
        build_zarr(arrays(edges), num_nodes=MAX_NODE, directed=directed, duplicates="error")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ids", ["dense", "sparse", "strings"])
def test_store_is_the_same_whatever_the_tuning(tmp_path, weighted, ids):
    rng = np.random.default_rng(5)
    src, dst = rng.zipf(1.3, (2, 3000)) % 400
    if ids == "sparse":
        src, dst = src * 10**15 + 7, dst * 10**15 + 7
    if ids == "strings":
        src, dst = (pa.array([f"node {v}" for v in column.tolist()]) for column in (src, dst))
    columns = {"src": src, "dst": dst}
    if weighted:
        columns["weight"] = rng.random(3000)
    source = open_source(pa.table(columns))
    stores = []
    for i, tuning in enumerate(
        [
            BuildSizes(BUDGET, threads=1),
            BuildSizes(BUDGET, threads=4, batch_edges=100),
            BuildSizes(BUDGET, threads=2, batch_edges=777, bucket_entries=50),
            BuildSizes(BUDGET, threads=3, batch_edges=64, run_edges=200, bucket_entries=300),
            BuildSizes(BUDGET, threads=1, batch_edges=3000, bucket_entries=1),
            BuildSizes(BUDGET, 2, batch_edges=70, run_edges=500, largest_bucket=2000, spill=True),
        ]
    ):
        build(source, str(tmp_path / str(i)), BuildOptions(), tuning, Progress(False))
        stores.append(store_bytes(tmp_path / str(i)))
    assert stores[0].keys() == stores[1].keys()
    assert all(store == stores[0] for store in stores)


def test_arrays_longer_than_a_chunk(tmp_path):
    edges = np.random.default_rng(1).integers(0, 300, (2, 5000))
    graph = build_chunked(256, edges, tmp_path / "g", num_nodes=400)
    assert graph._arrays.chunk_length("neighbors") == 64
    expected = oracle.csr(zip(*edges.tolist(), strict=True), 400)
    assert rows_of(open_zarr(tmp_path / "g")) == expected
    chunks = list((tmp_path / "g" / "neighbors" / "c").iterdir())
    assert len(chunks) == -(-graph.num_entries // 64)


@pytest.mark.parametrize("merged", [63, 64, 65, 128])
def test_array_that_turns_out_shorter_than_its_capacity(tmp_path, merged):
    once = np.array([np.zeros(merged, int), np.arange(1, merged + 1)])
    graph = build_chunked(256, once, tmp_path / "once", directed=True)
    build_chunked(256, np.hstack([once] * 5), tmp_path / "often", directed=True)
    assert graph.num_entries == merged
    stores = [store_bytes(tmp_path / name) for name in ("once", "often")]
    for store in stores:
        del store["zarr.json"]  # tells how many edges were merged
    assert stores[0] == stores[1]


def test_sums_of_weights_are_exact_in_input_order():
    values = np.random.default_rng(0).random(10_000) * 10.0 ** np.arange(10_000).__mod__(9)
    zeros = np.zeros(10_000, int)
    graph = build_zarr((zeros, zeros + 1, values), num_nodes=2)
    assert graph.read_weights(0, 2).tolist() == [np.float32(sum(values.tolist()))] * 2


@pytest.mark.parametrize("bits", [20, 61])
def test_stable_sort_whether_or_not_positions_fit_into_keys(bits):
    keys = np.random.default_rng(0).integers(0, 40, 1000)
    expected = np.argsort(keys, kind="stable")
    given_keys = keys.copy()
    order = _sort_stably(given_keys, 1 << bits)
    assert (order == expected).all()
    assert (given_keys == keys[expected]).all()


def test_order_ties():
    order = np.array([3, 1, 2, 0, 5, 4])
    order_ties(np.array([1, 1, 1, 2, 3, 3]), order)
    assert order.tolist() == [1, 2, 3, 0, 4, 5]


def test_bins_join_without_losing_counts():
    counts, other = EdgeCounts(highest=5), EdgeCounts(highest=BINS * 8 - 1, shift=3)
    counts.bins[:6] = 1
    other.bins[-1] = 2
    counts.add(other)
    assert (counts.shift, counts.bins[0], counts.bins[-1], counts.bins.sum()) == (3, 6, 2, 8)


# Numbering of nodes


def test_dense_ids_are_kept():
    graph = build_zarr(np.array([[0, 3], [1, 7]]))
    assert graph.num_nodes == 8
    assert graph.labels is None


def test_sparse_ids_are_relabelled_in_ascending_order():
    graph = build_zarr(np.array([[10**12, 5], [7, 10**12]]), directed=True)
    assert graph.labels.tolist() == [5, 7, 10**12]
    assert graph.labels.dtype == np.int64
    assert graph.index_of([10**12, 5]).tolist() == [2, 0]
    assert graph.neighbors(2).tolist() == [1]
    assert graph.neighbors(0).tolist() == [2]


def test_strings_are_relabelled_in_the_order_of_their_bytes():
    names = pa.table({"src": ["b", "é", "a"], "dst": ["é", "z", "b"]})
    graph = build_zarr(names)
    assert graph.labels.tolist() == ["a", "b", "z", "é"]
    assert graph.index_of("é") == 3
    assert graph.neighbors(3).tolist() == [1, 2]


@settings(deadline=None, max_examples=15)
@given(pairs=st.lists(st.tuples(*2 * [st.integers(0, 2**63 - 1)]), min_size=1, max_size=40))
def test_relabelled_integers_equal_oracle(pairs):
    graph = build_zarr(arrays(pairs), relabel=True)
    ids = sorted({v for pair in pairs for v in pair})
    assert graph.labels.tolist() == ids
    expected = oracle.csr([(ids.index(u), ids.index(v)) for u, v in pairs], len(ids))
    assert rows_of(graph) == expected
    assert graph.index_of(ids).tolist() == list(range(len(ids)))


@settings(deadline=None, max_examples=15)
@given(pairs=st.lists(st.tuples(*2 * [st.text(max_size=5)]), min_size=1, max_size=40))
@example(pairs=[("", "0E0")])
def test_relabelled_strings_equal_oracle(pairs):
    table = pa.table({"src": [u for u, _ in pairs], "dst": [v for _, v in pairs]})
    if any(first_damaged(column) for column in table.columns):  # such as only "0E0"
        with pytest.raises(InputError, match="is no id"):
            build_zarr(table)
        return
    graph = build_zarr(table)
    ids = sorted({v for pair in pairs for v in pair}, key=str.encode)
    assert graph.labels.tolist() == ids
    expected = oracle.csr([(ids.index(u), ids.index(v)) for u, v in pairs], len(ids))
    assert rows_of(graph) == expected


def test_relabel_can_be_forced_and_forbidden():
    edges = np.array([[1, 2], [2, 3]])
    assert build_zarr(edges, relabel=True).labels.tolist() == [1, 2, 3]
    sparse = build_zarr(np.array([[0], [100]]), relabel=False)
    assert (sparse.num_nodes, sparse.labels) == (101, None)


def test_many_isolated_nodes():
    graph = build_zarr(np.array([[5], [9_000_000]]), num_nodes=10_000_000)
    assert graph.neighbors(9_000_000).tolist() == [5]
    assert graph.degrees.sum() == 2


def test_graph_without_edges():
    graph = build_zarr(np.empty((2, 0), int), num_nodes=3)
    assert (graph.num_nodes, graph.num_edges) == (3, 0)
    assert graph.degrees.tolist() == [0, 0, 0]
    assert graph.neighbors(1).tolist() == []


def test_node_ids_need_64_bits(tmp_path):
    """Entries hold int64 from 2**31 nodes on; the offsets are not written for a test."""
    from graphwalk.storage.store.format import neighbor_dtype

    assert neighbor_dtype(2**31 - 1) == np.int32
    assert neighbor_dtype(2**31) == np.int64


# Rows given as adjacency lists


def test_rows_are_stored_as_they_are():
    rows = [[1, 2], [0], []]
    graph = build_zarr([np.array(row, int) for row in rows], directed=True)
    assert [row.tolist() for row in graph.neighbors([0, 1, 2])] == rows
    assert graph.num_edges == 3


def test_symmetric_rows_make_an_undirected_graph():
    graph = build_zarr([[1, 2, 0], [0], [0]])
    assert (graph.num_entries, graph.num_edges, graph.directed) == (5, 3, False)


def test_asymmetric_rows_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"1 → 2.*directed=True"):
        build_zarr([[1], [0, 2], []], tmp_path / "g")
    assert names(tmp_path) == []


def test_rows_whose_weights_are_asymmetric_are_refused():
    sparse = pytest.importorskip("scipy.sparse")
    build_zarr(sparse.csr_array(np.array([[0, 2.0], [2.0, 0]])))
    with pytest.raises(InputError, match="not symmetric"):
        build_zarr(sparse.csr_array(np.array([[0, 2.0], [3.0, 0]])))


def test_direction_of_a_networkx_graph_must_match():
    networkx = pytest.importorskip("networkx")
    with pytest.raises(InputError, match="directed=True"):
        build_zarr(networkx.DiGraph([(0, 1)]))
    assert build_zarr(networkx.DiGraph([(0, 1)]), directed=True).num_edges == 1


# Bad input

E = np.array([[0, 1, 2], [1, 2, 0]])
REFUSED = {
    "negative id": ({"edges": np.array([[0, 1], [1, -2]])}, "edge 1 .*-2"),
    "float ids": ({"edges": np.array([[0, 1.5], [1, 2]])}, "float64"),
    "bool ids": ({"edges": np.array([[True], [False]])}, "bool"),
    "huge id": ({"edges": np.array([[2**63], [1]], np.uint64)}, "9223372036854775808"),
    "id out of range": ({"edges": E, "num_nodes": 2}, "edge 2 .*node 2.*num_nodes=2"),
    "null id": (
        {"edges": pa.table({"src": ["a", None], "dst": ["b", "c"]})},
        "src.*row 1",
    ),
    "NaN weight": ({"edges": (*E, np.array([1, 2, np.nan]))}, "edge 2 .*nan"),
    "infinite weight": ({"edges": (*E, np.array([1, np.inf, 1]))}, "edge 1 .*inf"),
    "negative weight": ({"edges": (*E, np.array([-1.5, 1, 1]))}, r"edge 0 .*-1\.5"),
    "zero-weight row": (
        {"edges": (*E, np.array([0.0, 1, 1])), "directed": True},
        "node 0 have weight zero",
    ),
    "row zero in float32": (
        {"edges": (*E, np.array([1e-60, 1, 1])), "directed": True},
        "node 0 have weight zero",
    ),
    "overflowing weight": ({"edges": (*E, np.array([1, 1e39, 1]))}, "1 → 2.*float32"),
    "duplicates": ({"edges": np.hstack([E, E]), "duplicates": "error"}, "0 → 1.*more than once"),
    "empty": ({"edges": np.empty((2, 0), int)}, "num_nodes"),
    "no edges in rows": ({"edges": np.empty((0, 2), int)}, "num_nodes"),
    "text without labels": (
        {"edges": pa.table({"src": ["a"], "dst": ["b"]}), "relabel": False},
        "relabel=False",
    ),
    "text with num_nodes": (
        {"edges": pa.table({"src": ["a"], "dst": ["b"]}), "num_nodes": 5},
        "num_nodes=",
    ),
    "mixed ids": ({"edges": pa.table({"src": ["a"], "dst": [1]})}, "strings.*integers"),
    "unknown column": ({"edges": pa.table({"a": [1], "b": [2]}), "columns": ["a", "x"]}, "x"),
    "unknown form": ({"edges": 42}, "int"),
    "duplicates value": ({"edges": E, "duplicates": "sum"}, "duplicates='sum'"),
    "self_loops value": ({"edges": E, "self_loops": True}, "self_loops=True"),
    "relabel value": ({"edges": E, "relabel": "yes"}, "relabel='yes'"),
    "directed value": ({"edges": E, "directed": "no"}, "directed='no'"),
    "num_nodes value": ({"edges": E, "num_nodes": 0}, "num_nodes=0"),
    "num_nodes and relabel": ({"edges": E, "num_nodes": 9, "relabel": True}, "num_nodes.*relabel"),
    "num_nodes too small": ({"edges": [[1], [0], []], "num_nodes": 2}, "num_nodes=2"),
    "memory value": ({"edges": E, "memory": "lots"}, "memory="),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_named_and_leaves_nothing_behind(case, tmp_path, monkeypatch):
    arguments, message = REFUSED[case]
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for store in (tmp_path / "folder" / "g.zarr", None):
        with pytest.raises(InputError, match=message):
            build_zarr(store=store, **arguments)
        assert names(tmp_path) == []


def test_too_small_a_budget_for_one_edge_listed_ever_so_often(tmp_path):
    edges = np.zeros((2, 3000), int)
    tuning = BuildSizes(BUDGET, 2, largest_bucket=1000, spill=True)
    with pytest.raises(MemoryBudgetError, match="from node 0 to node 0 is listed 3000 times"):
        build(open_source(edges), str(tmp_path / "g"), BuildOptions(), tuning, Progress(False))
    assert names(tmp_path) == []


# Where the store goes


def test_existing_store_is_kept_without_overwrite(tmp_path):
    build_zarr(E, tmp_path / "g")
    before = store_bytes(tmp_path / "g")
    with pytest.raises(StoreExistsError, match="overwrite=True"):
        build_zarr(E[:, :1], tmp_path / "g")
    assert store_bytes(tmp_path / "g") == before


def test_overwrite_replaces_the_store_as_a_whole(tmp_path):
    build_zarr((*E, np.ones(3)), tmp_path / "g")
    build_zarr(E[:, :1], tmp_path / "g", overwrite=True)
    graph = open_zarr(tmp_path / "g")
    assert (graph.num_edges, graph.weighted) == (1, False)
    assert not (tmp_path / "g" / "weights").exists()
    assert names(tmp_path) == ["g"]


def test_failed_overwrite_keeps_the_old_store(tmp_path):
    build_zarr(E, tmp_path / "g")
    before = store_bytes(tmp_path / "g")
    with pytest.raises(InputError):
        build_zarr(-E, tmp_path / "g", overwrite=True)
    assert store_bytes(tmp_path / "g") == before
    assert names(tmp_path) == ["g"]


def test_overwrite_that_cannot_be_finished_puts_the_old_store_back(tmp_path, monkeypatch):
    build_zarr(E, tmp_path / "g")
    before = store_bytes(tmp_path / "g")
    rename = Path.rename
    monkeypatch.setattr(publish, "_exchange", lambda *_: False)

    def fail_at_last(path, target):
        if path.name == "store":
            raise OSError("no rename today")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_at_last)
    with pytest.raises(StoreError, match="no rename today"):
        build_zarr(E[:, :1], tmp_path / "g", overwrite=True)
    assert store_bytes(tmp_path / "g") == before
    assert names(tmp_path) == ["g"]


def test_overwrite_replaces_nothing_but_graphs(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("…")
    with pytest.raises(StoreExistsError, match="no graphwalk store"):
        build_zarr(E, tmp_path / "thesis", overwrite=True)
    assert (tmp_path / "thesis" / "chapter1.tex").exists()


def test_empty_folder_and_missing_parents_are_no_hindrance(tmp_path):
    (tmp_path / "empty").mkdir()
    assert build_zarr(E, tmp_path / "empty").num_edges == 3
    assert build_zarr(E, tmp_path / "a" / "b" / "g").num_edges == 3


def test_leftovers_of_a_killed_build_are_removed(tmp_path):
    assert leave(tmp_path / "g", "store/neighbors/c/0").is_dir()
    build_zarr(E, tmp_path / "g")
    assert names(tmp_path) == ["g"]


def test_parent_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GraphwalkError, match="file"):
        build_zarr(E, tmp_path / "file" / "g")


def test_progress_goes_to_stderr_when_asked_for(capfd):
    build_zarr(E, progress=False)
    assert capfd.readouterr() == ("", "")
    build_zarr(E, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert all(stage in err for stage in ("survey", "bucket", "write"))


# Large numbers


@pytest.mark.parametrize("largest", [2**39, 2**62, 2**63 - 1])
def test_more_nodes_than_can_be_sorted_are_refused(tmp_path, largest):
    with pytest.raises(InputError, match=rf"{largest + 1} nodes.*relabel=True"):
        build_zarr(np.array([[0], [largest]]), tmp_path / "g", relabel=False)
    assert names(tmp_path) == []


MANY_NODES = list(product([2**31 - 1, 2**31, 2**31 + 1, 2**39], [None, "weights", "times"]))


@pytest.mark.parametrize(
    ("num_nodes", "values", "dtype"),
    among_slow(
        [(*each, (np.int32, np.int64)[i % 2]) for i, each in enumerate(MANY_NODES)],
        [(*each, dtype) for each in MANY_NODES for dtype in (np.int32, np.int64)],
    ),
)
def test_last_bucket_of_a_graph_of_very_many_nodes(num_nodes, dtype, values):
    last = min(num_nodes - 1, np.iinfo(dtype).max)
    src, dst = np.array([[last, 0, last - 1, last], [last - 1, last, last, last - 2]], dtype)
    weight = np.array([1, 2, 1, 4], np.float32) if values else None
    direction = Direction(both_ways=True, drop_loops=False)
    batch = DenseBatch(src, dst, weight)
    counts = count_batch(batch, direction)
    assert counts.highest == last
    plan = plan_buckets(counts, num_nodes, values, 3, 1 << 22)
    assert plan.buckets[-1].stop == num_nodes
    run = RunMaker(plan, direction, None)((0, [batch]))
    spec = RowSpec.of(plan, "merge")
    rows = {}
    for number, bucket in enumerate(plan.buckets):
        if not bucket.entries:
            continue
        high = (bucket.stop - bucket.first) << plan.bits
        task = BucketTask([run.share(number)], bucket.first, 0, high, spec)
        made = make_rows(task)
        starts = np.concatenate([[0], made.ends[:-1]])
        for row in np.flatnonzero(made.ends - starts).tolist():
            rows[bucket.first + row] = made.neighbors[starts[row] : made.ends[row]].tolist()
    assert rows == {
        0: [last],
        last - 2: [last],
        last - 1: [last],
        last: [0, last - 2, last - 1],
    }


def test_isolated_nodes_of_a_source_must_be_nodes(tmp_path):
    networkx = pytest.importorskip("networkx")
    graph = networkx.Graph([(0, 1)])
    graph.add_node(7)
    with pytest.raises(InputError, match=r"7.*num_nodes=5"):
        build_zarr(graph, tmp_path / "g", num_nodes=5)
    assert build_zarr(graph, tmp_path / "g").num_nodes == 8
    graph.add_node(-3)
    with pytest.raises(InputError, match="-3"):
        build_zarr(graph, tmp_path / "h")


def test_all_loops_dropped():
    graph = build_zarr(np.array([[0, 3], [0, 3]]), self_loops="drop")
    assert (graph.num_nodes, graph.num_edges, graph.num_entries) == (4, 0, 0)
    assert graph.summary().dropped_loops == 2


def test_one_node():
    graph = build_zarr(np.array([[0, 0], [0, 0]]))
    assert (graph.num_nodes, graph.num_edges, graph.num_entries) == (1, 1, 1)


@pytest.mark.parametrize("largest", [None, 21])
def test_tiny_weights_that_add_up_are_no_zero_row(tmp_path, largest):
    count = 20  # of 1e-46, which alone is zero as float32
    src, dst = np.zeros(count, int), np.ones(count, int)
    source = open_source((src, dst, np.full(count, 1e-46)))
    more = open_source((np.r_[src, 0, 0], np.r_[dst, 2, 3], np.r_[np.full(count, 1e-46), 0, 0]))
    tuning = BuildSizes(BUDGET, 1, largest_bucket=largest, bucket_entries=1, spill=True)
    for edges in (source, more):
        options = BuildOptions(directed=True)
        graph = build(edges, str(tmp_path / "g"), options, tuning, Progress(False), overwrite=True)
        assert graph.read_weights(0, 1)[0] > 0


def test_rows_cut_apart_are_checked_for_zero_weights_as_one(tmp_path):
    dst = np.arange(1, 100)
    tuning = BuildSizes(BUDGET, 1, largest_bucket=5, bucket_entries=1, spill=True)
    options = BuildOptions(directed=True)
    for positive in (1, 50, 99):  # one is enough, wherever it is
        weights = (dst == positive) * 1.0
        source = open_source((np.zeros(99, int), dst, weights))
        build(source, str(tmp_path / "g"), options, tuning, Progress(False), overwrite=True)
    source = open_source((np.r_[np.zeros(99, int), 1], np.r_[dst, 0], np.r_[weights * 0, 1.0]))
    with pytest.raises(InputError, match="all edges of node 0 have weight zero"):
        build(source, str(tmp_path / "z"), options, tuning, Progress(False))


def test_rows_of_a_graph_that_num_nodes_makes_wide(tmp_path):
    source = open_source([np.array([2**31]), np.array([0])])
    options = BuildOptions(directed=True, num_nodes=2**31 + 1)
    assert RowSorter(source, options.num_nodes, options).dtype == np.int64
