"""A store that is replaced under lazy walks: an error, never the walks of another graph."""

import os
import pickle
import re
import threading

import numpy as np
import pytest
from resealed import as_format_1

import graphwalk
from graphwalk import StoreError
from graphwalk.storage.partitions.entry_partitions import cut_entries, read_entries
from graphwalk.util.events import listening

N = 2000


def ring(path, step=1, nodes=N, **options):
    """Write a graph whose node v leads to ``v + step``."""
    sources = np.arange(nodes)
    edges = sources, (sources + step) % nodes
    return graphwalk.build_zarr(edges, path, directed=True, overwrite=True, **options)


def named_ring(path, prefix):
    sources = np.arange(N)
    names = [np.array([f"{prefix}{v:05}" for v in part]) for part in (sources, (sources + 1) % N)]
    return graphwalk.build_zarr(tuple(names), path, directed=True, overwrite=True)


def walk(graph, **how):
    return graphwalk.random_walks(graph, num_walks=1, walk_length=50, seed=1, **how)


REPLACED = r"was replaced by another graph after it was opened; open it again by open_zarr"


@pytest.mark.parametrize("how", [{}, {"partitions": 2}, {"partitions": 2, "p": 0.5}])
@pytest.mark.parametrize(
    "other", [{"step": 7}, {"step": 3, "nodes": 100}, {"step": 3, "nodes": 3 * N}]
)
def test_walks_of_a_replaced_store_are_refused(tmp_path, how, other):
    walks = walk(ring(tmp_path / "g.zarr"), **how)
    ring(tmp_path / "g.zarr", **other)
    with pytest.raises(StoreError, match=REPLACED):
        walks.compute()
    again = walk(graphwalk.open_zarr(tmp_path / "g.zarr"), **how)
    assert again.compute()[0, 1] == other["step"]


@pytest.mark.parametrize("analyse", [graphwalk.pagerank, graphwalk.connected_components])
@pytest.mark.parametrize("partitions", [None, 3])
@pytest.mark.parametrize("other", [{"step": 7}, {"step": 3, "nodes": 100}])
def test_values_of_nodes_of_a_replaced_store_are_refused(tmp_path, analyse, partitions, other):
    graph = ring(tmp_path / "g.zarr")
    values = analyse(graph, partitions=partitions)
    ring(tmp_path / "g.zarr", **other)
    with pytest.raises(StoreError, match=REPLACED):
        values.compute()
    with pytest.raises(StoreError, match=REPLACED):
        analyse(graph, partitions=partitions).compute()


def test_partitions_that_are_read_later_are_refused(tmp_path):
    graph = ring(tmp_path / "g.zarr")
    walks = walk(graph, partitions=2, chunks=100)
    blocks = graphwalk.iter_blocks(walks)
    assert next(blocks)[0, :3].tolist() == [0, 1, 2]
    blocks.close()
    ring(tmp_path / "g.zarr", step=7)
    with pytest.raises(StoreError, match=REPLACED):
        walks[-100:].compute()


def test_the_same_graph_in_another_build_is_the_same_graph(tmp_path):
    walks = walk(ring(tmp_path / "g.zarr"))
    ring(tmp_path / "g.zarr", compressed=False)
    assert walks.compute()[0, :3].tolist() == [0, 1, 2]


def test_types_of_nodes_do_not_make_it_another_graph(tmp_path):
    graph = ring(tmp_path / "g.zarr")
    walks = walk(graph)
    graphwalk.set_node_types(graph, np.arange(N) % 2)
    assert walks.compute()[0, :3].tolist() == [0, 1, 2]


def test_walks_that_are_loaded_elsewhere_are_refused(tmp_path):
    walks = walk(ring(tmp_path / "g.zarr"))
    sent = pickle.dumps(walks)
    ring(tmp_path / "g.zarr", step=7)
    with pytest.raises(StoreError, match=REPLACED):
        pickle.loads(sent).compute()


@pytest.mark.parametrize(
    "read",
    [
        lambda graph: graph.neighbors(0),
        lambda graph: graph.rows(0, 5),
        lambda graph: graph.partition(0),
        lambda graph: graph.to_edge_index(),
        lambda graph: graph.degrees,
        lambda graph: graph.degree_counts(),
        lambda graph: graph.read_neighbors(0, 5),
        lambda graph: graph.labels.tolist(),
        lambda graph: graph.names([0]),
        lambda graph: graph.index_of("a00001"),
    ],
)
def test_what_is_read_of_a_replaced_store_is_refused(tmp_path, read):
    graph = named_ring(tmp_path / "g.zarr", "a")
    named_ring(tmp_path / "g.zarr", "b")  # the same rows: only labels differ
    with pytest.raises(StoreError, match=REPLACED):
        read(graph)


def test_a_store_without_a_digest_is_read_as_ever(tmp_path):
    import json

    ring(tmp_path / "g.zarr")
    as_format_1(tmp_path / "g.zarr")
    about = tmp_path / "g.zarr" / "zarr.json"
    metadata = json.loads(about.read_text())
    del metadata["attributes"]["graphwalk"]["digest"]
    about.write_text(json.dumps(metadata))
    walks = walk(graphwalk.open_zarr(tmp_path / "g.zarr"))
    assert walks.compute()[0, :3].tolist() == [0, 1, 2]


def test_a_damaged_store_is_still_said_to_be_damaged(tmp_path):
    walks = walk(ring(tmp_path / "g.zarr"))
    chunk = next((tmp_path / "g.zarr" / "neighbors" / "c").iterdir())
    chunk.write_bytes(chunk.read_bytes()[:-9])
    with pytest.raises(StoreError, match="neighbors"):
        walks.compute()


# While a job reads it


def test_partitions_of_a_scan_that_are_read_later_are_refused(tmp_path):
    graph = ring(tmp_path / "g.zarr")._arrays
    first, second = cut_entries(graph, N // 2)
    assert read_entries(graph, first).neighbors[0] == 1
    ring(tmp_path / "g.zarr", step=7)
    with pytest.raises(StoreError, match=REPLACED):
        read_entries(graph, second)


def blocks(graph, tmp_path):
    walks = walk(graph, partitions=6, chunks=500)
    return np.concatenate(list(graphwalk.iter_blocks(walks)))


JOBS = {
    "first order": lambda graph, _: walk(graph, partitions=6).compute(),
    "second order": lambda graph, _: walk(graph, partitions=6, p=0.5, q=2.0).compute(),
    "blocks": blocks,
    "pagerank": lambda graph, _: graphwalk.pagerank(graph, partitions=3).compute(),
    "components": lambda graph, _: graphwalk.connected_components(graph, partitions=3).compute(),
}


SLOW_JOBS = {"second order", "blocks", "components"}


@pytest.mark.parametrize(
    "job",
    [pytest.param(job, marks=[pytest.mark.slow] if job in SLOW_JOBS else []) for job in JOBS],
)
def test_a_store_that_is_replaced_under_a_job(job, session, tmp_path):
    """Whatever was read when it was replaced: an error, or all is of the graph that was opened."""
    graph = ring(tmp_path / "g.zarr", compressed=False)
    expected = JOBS[job](graph, tmp_path)
    graph, replaced = graphwalk.open_zarr(tmp_path / "g.zarr"), threading.Event()

    def replace(event):
        if event.kind != "start" and not replaced.is_set():
            replaced.set()
            ring(tmp_path / "g.zarr", step=7, compressed=False)

    found, error = None, ""
    with listening(replace):
        try:
            found = JOBS[job](graph, tmp_path)
        except StoreError as caught:
            error = str(caught)
    assert replaced.is_set()
    if found is None:
        assert re.search(REPLACED, error)
    else:
        np.testing.assert_array_equal(found, expected)
        assert not session.executor.in_process, "threads read partitions after the first event"


def test_attributes_that_have_not_changed_are_not_read_again(tmp_path, monkeypatch):
    from graphwalk.storage.store import store_arrays

    graph, read, reads = ring(tmp_path / "g.zarr"), store_arrays.read_identity, []
    monkeypatch.setattr(
        store_arrays, "read_identity", lambda *given: reads.append(given) or read(*given)
    )
    old = (tmp_path / "g.zarr" / "zarr.json").stat().st_mtime - 10
    os.utime(tmp_path / "g.zarr" / "zarr.json", (old, old))  # a new file is read each time
    for _ in range(5):
        assert graph.neighbors(3).tolist() == [4]
    assert len(reads) == 1
    ring(tmp_path / "g.zarr", 7)
    os.utime(tmp_path / "g.zarr" / "zarr.json", (old, old))
    with pytest.raises(StoreError, match=REPLACED):
        graph.neighbors(3)
