"""Scans: partitions of entries that cut rows, plans, and what a damaged store does."""

import pickle
from functools import partial

import dask
import numpy as np
import pytest

import graphwalk
from graphwalk import errors
from graphwalk.scheduler.engine.scan_plan import ScanCost, plan_scan
from graphwalk.storage.partitions.entry_partitions import cut_entries, read_entries
from graphwalk.util.executor import Resources


def star(leaves, **options):
    edges = np.stack([np.zeros(leaves, np.int64), np.arange(1, leaves + 1)])
    return graphwalk.build_zarr(edges, **options)


@pytest.fixture(scope="module")
def random_graph():
    rng = np.random.default_rng(5)
    return graphwalk.build_zarr(rng.integers(0, 300, (2, 2000)), num_nodes=320)


@pytest.fixture(scope="module")
def large():
    """Return a graph whose nodes take several MiB."""
    edges = np.random.default_rng(5).integers(0, 1 << 21, (2, 1 << 21))
    return graphwalk.build_zarr(edges, num_nodes=1 << 21, relabel=False)


@pytest.mark.parametrize("entries", [1, 2, 7, 100, 10**6])
def test_every_entry_is_in_one_partition_with_its_row(random_graph, entries):
    whole = random_graph.rows(0, random_graph.num_nodes)
    src, dst = whole.to_edge_index()
    seen = []
    for part in cut_entries(random_graph._arrays, entries):
        rows = read_entries(random_graph._arrays, part)
        assert len(rows.row_starts) == len(part.nodes) + 1
        nodes = rows.first + np.repeat(np.arange(len(part.nodes)), np.diff(rows.row_starts))
        seen.append(np.stack([nodes, rows.neighbors]))
    np.testing.assert_array_equal(np.concatenate(seen, axis=1), np.stack([src, dst]))


def test_a_hub_is_cut_so_that_no_partition_is_larger_than_the_others():
    parts = cut_entries(star(1000)._arrays, 100)
    assert max(len(part.entries) for part in parts) == 100
    assert sum(part.nodes.start <= 0 < part.nodes.stop for part in parts) == 10


def test_a_plan_counts_the_state_of_all_nodes():
    graph = star(10_000)
    cost = ScanCost("a test", 16, 8, 0, "1", repeated=False)
    plan = plan_scan(graph._arrays, cost, Resources(64 << 20, 2))
    assert 16 * graph.num_nodes < plan.peak_memory <= 64 << 20
    assert "a test" in str(plan)
    assert "10,001 nodes" in str(plan)


def test_a_plan_that_does_not_fit_names_the_memory_that_does():
    graph = star(10_000)
    cost = ScanCost("a test", 16, 8, 0, "1", repeated=False)
    with pytest.raises(errors.MemoryBudgetError, match="memory=") as refused:
        plan_scan(graph._arrays, cost, Resources(1 << 16, 2))
    size = str(refused.value).partition("memory='")[2].partition("'")[0]
    graphwalk.connected_components(graph, memory=size).compute()


@pytest.mark.parametrize(
    "analysis",
    [
        graphwalk.pagerank,
        partial(graphwalk.bfs, sources=0),
        partial(graphwalk.shortest_paths, sources=0),
        graphwalk.label_propagation,
        graphwalk.triangles,
        graphwalk.core_numbers,
        graphwalk.harmonic_centrality,
        graphwalk.degree_assortativity,
    ],
)
def test_the_memory_that_a_refusal_names_is_enough(large, analysis):
    memory = 10
    for _ in range(3):
        with pytest.raises(errors.MemoryBudgetError, match="memory=") as refused:
            analysis(large, memory=memory)
        memory = str(refused.value).partition("memory='")[2].partition("'")[0]
        plan = analysis(large, memory=memory).plan
        assert plan.peak_memory <= plan.resources.memory
        memory = plan.peak_memory * 3 // 4


def test_a_repeated_scan_keeps_partitions_that_fit():
    graph = star(10_000)
    for repeated in (False, True):
        cost = ScanCost("a test", 8, 8, 0, "2", repeated=repeated)
        assert plan_scan(graph._arrays, cost, Resources(64 << 20, 2)).resident is repeated


@pytest.mark.parametrize("analysis", [graphwalk.connected_components, graphwalk.pagerank])
@pytest.mark.parametrize("partitions", [0, -1, 1.5, True, "two"])
def test_partitions_that_are_no_count_are_refused(random_graph, analysis, partitions):
    with pytest.raises(errors.InputError, match="partitions="):
        analysis(random_graph, partitions=partitions)


@pytest.mark.parametrize("analysis", [graphwalk.connected_components, graphwalk.pagerank])
def test_nothing_is_read_before_compute(tmp_path, analysis):
    path = tmp_path / "graph.zarr"
    star(50, store=str(path))
    result = analysis(path)
    chunk = path / "neighbors" / "c" / "0"
    assert chunk.exists()
    chunk.unlink()
    with pytest.raises(errors.StoreError, match="neighbors"):
        result.compute()


@pytest.mark.parametrize("analysis", [graphwalk.connected_components, graphwalk.pagerank])
def test_a_plan_says_what_will_be_done(random_graph, analysis):
    plan = analysis(random_graph, partitions=3, memory="1 GiB").plan
    assert len(plan.partitions) == 3
    assert plan.resources.memory == 1 << 30


@pytest.mark.parametrize("analysis", [graphwalk.connected_components, graphwalk.pagerank])
def test_dask_computes_the_same_values(random_graph, analysis):
    array = analysis(random_graph)
    values = array.compute()
    again, largest = dask.compute(array, array.max())
    for found in (
        again,
        array.compute(scheduler="synchronous"),
        array.persist().compute(),
        pickle.loads(pickle.dumps(array)).compute(),
    ):
        np.testing.assert_array_equal(found, values)
    assert largest == values.max()
    np.testing.assert_array_equal(array[5:9].compute(), values[5:9])
