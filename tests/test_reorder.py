"""Reordered stores: the same graph between renumbered nodes, with all that nodes and edges have."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from small_chunks import build_chunked

import graphwalk
from graphwalk import InputError, MemoryBudgetError, StoreError, StoreExistsError, scheduler
from graphwalk.cli.main import main
from graphwalk.util import available_memory

ORDERS = ["clusters", "bfs", "degree"]
#: Edges of 40 nodes: parallel ones, self-loops, and two components; nodes 36 to 39 have none.
ENDS = np.concatenate([
    np.random.default_rng(1).integers(0, 18, (2, 60)),
    np.random.default_rng(2).integers(18, 36, (2, 60)),
    np.array([[3, 3, 7, 20, 20], [3, 4, 4, 20, 20]]),
], axis=1)  # fmt: skip


def make(values=None, *, directed=False, labels=None, weights=False, arrays=True, nodes=40):
    """Return a graph of these edges with everything that a store may have."""
    rng, (src, dst) = np.random.default_rng(3), ENDS
    table = {"source": src, "target": dst, "id": rng.permutation(len(src))}
    how = {"directed": directed, "duplicates": "keep"}
    if labels is None:
        how["num_nodes"] = nodes
    else:
        names = labels(np.arange(40))
        table |= {"source": names[src], "target": names[dst]}
    if values is not None:
        table["x"] = rng.integers(0, 5, len(src)) + (values == "weights") * 0.5
        how |= {} if values == "weights" else {values: True}
    if weights:
        table["w"], how["weights"] = rng.random(len(src)), "w"
    columns = ["source", "target", *(["x"] if values else [])]
    graph = graphwalk.build_zarr(table, edge_ids="id", columns=columns, **how)
    if arrays:
        graph = graphwalk.set_node_types(graph, rng.integers(0, 3, graph.num_nodes))
        graph.set_node_array("place", rng.random((graph.num_nodes, 3), np.float32))
        graph.set_node_array("age", rng.integers(0, 99, graph.num_nodes).astype(np.int8))
        graph.set_edge_array("entry", np.arange(graph.num_entries))
        graph.set_edge_array("pair", rng.random((graph.num_entries, 2)))
    return graph


def text(numbers):
    return np.array([f"nöde {number * 7 % 40}" for number in numbers], object)


def check(graph, new):
    """Compare all arrays of a graph with those of its reordered store, by the labels of that."""
    assert new.validate().ok
    assert new.reordered_from == graph.digest
    names = np.arange(graph.num_nodes) if graph.labels is None else np.asarray(graph.labels)
    order = np.asarray(new.labels)
    old = {name: node for node, name in enumerate(names.tolist())}
    old = np.array([old[name] for name in order.tolist()])  # the old node of each new one
    assert sorted(old.tolist()) == list(range(graph.num_nodes))
    found, due = new.to_edge_index(), graph.to_edge_index()
    entries = new.edge_array("entry").compute()
    assert sorted(entries.tolist()) == list(range(graph.num_entries))
    np.testing.assert_array_equal(old[found], due[:, entries])
    for name in graph._arrays.info.value_names:
        there, here = (g._arrays.read_values(name, 0, g.num_entries) for g in (new, graph))
        np.testing.assert_array_equal(there, here[entries])
    for name in graph.edge_array_names:
        there, here = (g.edge_array(name) for g in (new, graph))
        assert there.dtype == here.dtype
        np.testing.assert_array_equal(there.compute(), here.compute()[entries])
    for name in graph.node_array_names:
        np.testing.assert_array_equal(new.node_array(name), graph.node_array(name).compute()[old])
    assert new.node_array_names == graph.node_array_names
    assert new.edge_array_names == graph.edge_array_names
    assert new.node_types.tolist() == graph.node_types[old].tolist()
    np.testing.assert_array_equal(new.degrees, graph.degrees[old])
    assert new.index_of(order[[3, 0, 7]]).tolist() == [3, 0, 7]
    for fact in ("directed", "num_edges", "edge_type_names", "type_names", "weighted", "timed"):
        assert getattr(new, fact) == getattr(graph, fact)
    assert new._arrays.info.statistics == graph._arrays.info.statistics
    return old


@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"directed": True, "values": "weights", "labels": text},
        {"values": "times", "weights": True, "labels": lambda numbers: 1000 - 3 * numbers},
        {"values": "edge_types", "directed": True},
        {"values": "edge_types", "labels": text},
    ],
    ids=lambda kind: ", ".join(kind) or "plain",
)
def test_all_that_nodes_and_edges_have_follows(kind, tmp_path):
    graph = make(**kind)
    for order in ORDERS:
        check(graph, graph.reorder(order, tmp_path / order))
    first = graphwalk.open_zarr(tmp_path / "bfs")
    first.set_edge_array("entry", np.arange(graph.num_entries))
    check(first, first.reorder("degree"))


def test_nodes_are_in_the_order_asked_for():
    graph = make()
    by_degree = graph.reorder("degree")
    degrees = by_degree.degrees
    assert degrees.tolist() == sorted(degrees.tolist(), reverse=True)
    edges = [(9, 5), (5, 2), (9, 1), (1, 7), (2, 8), (0, 4), (0, 3)]
    for directed in (False, True):
        graph = graphwalk.build_zarr(edges, directed=directed, num_nodes=11)
        assert graph.reorder("bfs").labels.tolist() == [0, 3, 4, 1, 7, 9, 5, 2, 8, 6, 10]
    cliques = [(2 * i + k, 2 * j + k) for i in range(8) for j in range(i) for k in (0, 1)]
    graph = graphwalk.build_zarr([*cliques, (0, 1)])
    assert (graph.reorder("clusters").labels[:] % 2).tolist() == [0] * 8 + [1] * 8


def test_callers_find_nodes_by_their_numbers(tmp_path):
    graph = make()
    new = graph.reorder("degree")
    walks = graphwalk.random_walks(new, new.index_of([5, 30]), walk_length=4, seed=1)
    graphwalk.write_walks(walks, tmp_path / "walks.txt", labels=new.labels)
    lines = [line.split() for line in (tmp_path / "walks.txt").read_text().splitlines()]
    assert {line[0] for line in lines} == {"5", "30"}
    for line in lines:
        assert all(graph.has_edge(int(a), int(b)) for a, b in pairwise(line))
    with pytest.raises(InputError, match=r"no node of .* has the label 40"):
        new.index_of([3, 40])


def test_labels_are_read_with_less_memory_than_they_are_looked_for(monkeypatch):
    new = graphwalk.build_zarr([(0, 1), (1, 2)], num_nodes=50_000).reorder("degree")
    monkeypatch.setattr(available_memory, "available_memory", lambda: 9 * 50_000)
    assert sorted(new.labels[:]) == list(range(50_000))
    with pytest.raises(MemoryBudgetError, match="sorting labels of nodes, which were reordered"):
        new.index_of([7])
    monkeypatch.undo()
    assert new.index_of([1]).tolist() == [0]


@pytest.mark.parametrize("labels", [None, text])
def test_other_stores_of_a_reordered_one_have_its_labels(labels):
    graph = make(directed=True, labels=labels, arrays=False)
    new = graph.reorder("bfs")
    order = np.asarray(new.labels)
    assert new.transpose().labels.tolist() == order.tolist()
    part = new.subgraph([9, 4, 30])
    assert part.labels.tolist() == order[[4, 9, 30]].tolist()
    assert part.index_of(order[[30, 4]]).tolist() == [2, 0]
    name = "new" if labels else 4000
    ends = order[[20, 0]].tolist()
    more = new.update(add=[(ends[0], name), (ends[1], ends[0])])
    assert more.labels.tolist() == [*order.tolist(), name]
    assert more.neighbors(20).tolist() == [*new.neighbors(20).tolist(), new.num_nodes]
    assert more.index_of([name, ends[0]]).tolist() == [new.num_nodes, 20]
    for made in (new.transpose(), part, more):
        assert made.validate().ok
        assert made.reordered_from == graph.digest


@pytest.fixture(scope="module")
def chunked(tmp_path_factory):
    """Return a graph of many chunks, and the files of its reordered stores, made by one thread."""
    rng, place = np.random.default_rng(4), tmp_path_factory.mktemp("chunked")
    edges = (*rng.integers(0, 3000, (2, 9000)), rng.random(9000))
    graph = build_chunked(1024, edges, place / "g", directed=True, num_nodes=3001)
    graph.set_node_array("wide", rng.random((3001, 400), np.float32))
    graph.set_edge_array("wide", rng.integers(0, 9, (graph.num_entries, 300)).astype(np.int16))
    with scheduler.use("threads", num_workers=1):
        return graph, {order: files(graph.reorder(order, place / order).path) for order in ORDERS}


def files(store):
    """Return the bytes of all files of a store."""
    paths = (path for path in Path(store).rglob("*") if path.is_file())
    return {str(path.relative_to(store)): path.read_bytes() for path in paths}


@pytest.mark.parametrize("order", ORDERS)
def test_memory_and_executors_do_not_change_the_bits(chunked, session, order, tmp_path):
    graph, due = chunked
    new = graph.reorder(order, tmp_path / "new", memory="64 MiB")  # arrays are taken in parts
    assert files(new.path) == due[order]


def test_what_was_cut_otherwise_has_the_same_rows(chunked):
    graph, _ = chunked
    edges = *graph.to_edge_index(), graph.rows(0, 3001).weights
    whole = graphwalk.build_zarr(edges, directed=True, num_nodes=3001)
    for order in ORDERS:
        assert whole.reorder(order).digest == graph.reorder(order).digest


def test_what_cannot_be_done_is_refused_and_leaves_nothing(tmp_path):
    graph = make()
    with pytest.raises(InputError, match=r"order='size' .* 'clusters', 'bfs', 'degree'"):
        graph.reorder("size", tmp_path / "new")
    large = graphwalk.build_zarr([(0, 1)], num_nodes=300_000)
    for order in ORDERS:
        with pytest.raises(MemoryBudgetError, match="pass memory=") as refusal:
            large.reorder(order, tmp_path / "new", memory="2 MiB")
        enough = str(refusal.value).partition("memory='")[2].partition("'")[0]
        assert large.reorder(order, memory=enough).num_nodes == 300_000
    assert not any(tmp_path.iterdir())
    with pytest.raises(InputError, match="the graph itself"):
        graph.reorder("bfs", graph.path, overwrite=True)
    (tmp_path / "there").write_text("mine")
    with pytest.raises(StoreExistsError, match="overwrite=True"):
        graph.reorder("bfs", tmp_path / "there")
    with pytest.raises(StoreExistsError, match=r"is no graphwalk store"):
        graph.reorder("bfs", tmp_path / "there", overwrite=True)
    assert (tmp_path / "there").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_failure_in_the_middle_leaves_nothing(chunked, tmp_path):
    graph, _ = chunked
    broken = graphwalk.Graph(graph._arrays)
    path = Path(graph.path, "node.wide", "c", "0")
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    try:
        with pytest.raises(StoreError, match=r"node\.wide"):
            broken.reorder("degree", tmp_path / "new")
    finally:
        path.write_bytes(content)
    assert not any(tmp_path.iterdir())


def test_the_reordered_graph_of_no_edges_has_its_nodes():
    graph = graphwalk.build_zarr(np.empty((2, 0), np.int64), num_nodes=3)
    for order in ORDERS:
        assert graph.reorder(order).labels.tolist() == [0, 1, 2]


def test_the_command_writes_such_a_store(tmp_path, capsys):
    graph = graphwalk.build_zarr(ENDS, tmp_path / "g.zarr", num_nodes=40)
    new = tmp_path / "new.zarr"
    assert main(["reorder", graph.path, str(new), "--order=bfs", "--memory=1GiB"]) == 0
    assert f"The reordered graph is in {new}" in capsys.readouterr().out
    assert graphwalk.open_zarr(new).digest == graph.reorder("bfs").digest
    assert main(["reorder", graph.path, str(new), "--order=bfs"]) == 1
    assert "--overwrite" in capsys.readouterr().err
