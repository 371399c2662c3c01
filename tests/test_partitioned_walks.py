"""Walks through several partitions equal those through one, whatever the plan."""

from __future__ import annotations

import itertools
import re
import time
import weakref
from collections import deque
from functools import cache
from math import inf

import dask
import dask.array as da
import numpy as np
import pytest
from plans import among_slow, read_again, small_walks

import graphwalk
from graphwalk import MemoryBudgetError
from graphwalk.scheduler.engine import (
    advance_walkers,
    local_queues,
    partition_sweep,
    read_partition,
    walk_batch,
    walk_in_memory,
    walk_out_of_core,
    walker_group,
)
from graphwalk.storage.partitions.derive import derive
from graphwalk.storage.partitions.spec import PartitionSpec
from graphwalk.storage.store.chunk_files import ChunkFiles
from graphwalk.util.events import listening
from graphwalk.util.threads import run_by

NODES, LENGTH = 300, 12
KINDS = {
    "first order": {},
    "restart": {"restart_prob": 0.2},
    "node2vec (2, .5)": {"p": 2.0, "q": 0.5},
    "node2vec (.25, 4)": {"p": 0.25, "q": 4.0, "restart_prob": 0.1},
    "stop": {"restart_prob": 0.1, "stop_prob": 0.1},
    "no way back": {"p": inf, "q": 2.0, "stop_prob": 0.03},
    # So hard to accept that steps are drawn from whole rows, whose previous row is elsewhere: these
    # rows are read for few walkers at a time, so a few steps of each walker will do.
    "node2vec (5e4, 5e4)": {"p": 5e4, "q": 5e4, "walk_length": 3},
    "node2vec+ (2, .5)": {"p": 2.0, "q": 0.5, "gamma": 0.0},
    "node2vec+ (.25, 4)": {"p": 0.25, "q": 4.0, "gamma": 1.0, "restart_prob": 0.1},
    "node2vec+, no way back": {"p": inf, "q": 2.0, "gamma": 0.0, "stop_prob": 0.03},
    "node2vec+ (5e4, 5e4)": {"p": 5e4, "q": 5e4, "gamma": 1.0, "walk_length": 3},
    "types of edges": {"metapath": [1, 0, 2], "stop_prob": 0.02, "dead_end": "stop"},
    "temporal": {"temporal": True, "stop_prob": 0.02, "dead_end": "stop"},
    "temporal, near": {"temporal": True, "time_bias": "near-exponential", "dead_end": "stop"},
}


#: What walks of a kind need in addition to weights.
ALSO_WEIGHTED = {"times, weights": "temporal", "edge_types, weights": "types of edges"}


@cache
def make_graph(directed: bool, values: str | None) -> graphwalk.Graph:
    """Return a graph with a hub, dead ends if directed, isolated nodes and parallel edges."""
    rng = np.random.default_rng(1)
    edges = 1500
    src = rng.integers(0, NODES - 20, edges) ** 2 // NODES
    src[:250] = 150
    dst = rng.integers(0, NODES - 20, edges)
    columns = [src, dst]
    if values == "weights":
        columns.append(rng.random(edges).astype(np.float32) + 0.1)
    if values in ("times", "times, weights"):
        columns.append(rng.integers(0, 400, edges))
    if values in ("edge_types", "edge_types, weights"):
        columns.append(rng.integers(0, 4, edges))
    given, how = tuple(columns), {}
    if values in ALSO_WEIGHTED:
        given = dict(zip(("source", "target", "value"), columns, strict=True))
        given["weight"], how = rng.integers(0, 3, edges) + 0.1, {"weights": "weight"}
        how["columns"] = ("source", "target", "value")
    return graphwalk.build_zarr(
        given,
        directed=directed,
        times=(values or "").startswith("times"),
        edge_types=(values or "").startswith("edge_types"),
        num_nodes=NODES,
        duplicates="keep",
        progress=False,
        **how,
    )


def goes(directed, values, kind):
    """Whether walks of a kind are on such a graph.

    Walks forward in time, and no others, are on a graph with times; so are those along a metapath
    on one with types of edges. node2vec+ is for undirected
    graphs, and without weights it is node2vec.
    """
    if "gamma" in KINDS[kind]:
        return values == "weights" and not directed
    if values in ALSO_WEIGHTED:
        return directed and kind == ALSO_WEIGHTED[values]
    needed = "times" if "temporal" in KINDS[kind] else None
    needed = "edge_types" if "metapath" in KINDS[kind] else needed
    return values == needed or (needed is None and values == "weights")


CASES = [
    case
    for case in itertools.product(
        [False, True], [None, "weights", "times", "edge_types", *ALSO_WEIGHTED], KINDS
    )
    if goes(*case)
]
#: Of kinds that are walked on all graphs, those with weights are directed, and no others.
QUICK = [
    case
    for case in CASES
    if case[1] not in (None, "weights") or "gamma" in KINDS[case[2]] or case[0] == bool(case[1])
]
CASE_NAMES = ["directed={},{},{}".format(*case) for case in CASES]


@pytest.fixture(params=among_slow([*map(CASES.index, QUICK)], range(len(CASES))), ids=CASE_NAMES)
def case(request):
    directed, values, kind = CASES[request.param]
    return make_graph(directed, values), kind


#: What happens at dead ends, of which most are in directed graphs.
ENDS = [
    (*case, dead_end)
    for case in CASES
    for dead_end in ([None] if "dead_end" in KINDS[case[2]] else ["stop", "restart", "stay"])
]


@pytest.mark.parametrize(
    ("directed", "values", "kind", "dead_end"),
    among_slow([end for end in ENDS if end[3] in (None, "stop") or (end[0] and end[1])], ENDS),
    ids=str,
)
def test_partitions_do_not_change_walks(directed, values, kind, dead_end):
    graph = make_graph(directed, values)
    how = {"walk_length": LENGTH, "num_walks": 1, "seed": 5, "dead_end": dead_end, **KINDS[kind]}
    whole = graphwalk.random_walks(graph, **how).compute()
    plans = [(2, "auto"), (3, 100), (7, 80), (16, 130)]
    # What happens at dead ends, and the number of partitions, do not depend on each other.
    some = {"restart": plans[::2], "stay": plans[1:2]}.get(dead_end, plans)
    for partitions, chunks in plans[1:2] if "5e4" in kind else some:
        walks = small_walks(graph, **how, partitions=partitions, chunks=chunks)
        assert len(walks.plan.partitions) >= partitions
        np.testing.assert_array_equal(walks.compute(), whole)


def test_what_walks_need_of_rows_is_made_run_by_run(case):
    graph, kind = case
    arrays, spec = graph._arrays, graphwalk.plan_walks(graph, seed=1, **KINDS[kind]).spec
    layout = PartitionSpec.of(spec)

    def made(run_entries):
        rows = arrays.read_rows(np.arange(NODES))[:2]
        values = {name: arrays.read_row_values(np.arange(NODES), name) for name in layout.values}
        found = derive(arrays, layout, *rows, values, run_by(2), run_entries=run_entries)
        return rows[1], *found

    for whole, joined in zip(made(graph.num_entries), made(200), strict=True):
        np.testing.assert_array_equal(joined, whole)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("kind", ["first order", "node2vec (2, .5)"])
def test_partitions_that_are_read_again_and_not_ahead(directed, kind, monkeypatch):
    check_partitions_that_are_read_again(make_graph(directed, None), kind, False, monkeypatch)


def test_partitions_that_are_read_again(case, monkeypatch):
    check_partitions_that_are_read_again(*case, True, monkeypatch)


def check_partitions_that_are_read_again(graph, kind, ahead, monkeypatch):
    """What is read and made of rows lies where that of the partition before lay."""
    monkeypatch.setattr(walker_group.WalkerGroup, "worth_reading", lambda *_: True)
    starts = np.arange(NODES)[::-1]  # not in order, in which isolated nodes would not be read
    how = {"walk_length": 6, "num_walks": 1, "seed": 8, **KINDS[kind]}
    whole = graphwalk.random_walks(graph, starts, **how).compute()
    walks = small_walks(graph, starts, **how, partitions=7, chunks=150)
    again, read = read_again(walks, ahead=ahead, cut=NODES - 2), []
    with listening(lambda event: read.append(event.partition) if event.kind == "read" else None):
        np.testing.assert_array_equal(again.compute(), whole)
    assert set(read) == set(range(len(again.plan.partitions)))
    assert len(read) > len(again.plan.partitions)


def test_start_nodes_given(case):
    graph, kind = case
    starts = np.random.default_rng(2).integers(0, NODES, 100)
    how = {"walk_length": LENGTH, "num_walks": 2, "seed": 6, **KINDS[kind]}
    whole = graphwalk.random_walks(graph, starts, **how).compute()
    walks = small_walks(graph, starts, **how, partitions=4, chunks=75)
    np.testing.assert_array_equal(walks.compute(), whole)
    np.testing.assert_array_equal(walks[111:].compute(), whole[111:])


def test_single_rows_instead_of_partitions(case, monkeypatch):
    graph, kind = case
    monkeypatch.setattr(walker_group.WalkerGroup, "worth_reading", lambda *_: False)
    starts = np.arange(0, NODES, 7)
    how = {"walk_length": LENGTH, "num_walks": 2, "seed": 7, **KINDS[kind]}
    whole = graphwalk.random_walks(graph, starts, **how).compute()
    walks = small_walks(graph, starts, **how, partitions=3)
    np.testing.assert_array_equal(walks.compute(), whole)


@pytest.mark.parametrize("gamma", [0, 1])
@pytest.mark.parametrize(("p", "q"), [(2.0, 0.5), (0.25, 4.0), (5e4, 5e4)])
def test_where_all_weights_are_alike_node2vec_plus_is_node2vec(p, q, gamma):
    """The same walks, though by the other way: where there are weights, it is gone."""
    ends = np.random.default_rng(6).integers(0, NODES, (1500, 2))
    src, dst = np.unique(np.sort(ends, axis=1), axis=0).T
    graph = graphwalk.build_zarr((src, dst, np.full(len(src), 3.0)))
    length = 3 if p == 5e4 else LENGTH
    how = {"walk_length": length, "num_walks": 1, "seed": 5, "p": p, "q": q}
    plain = graphwalk.random_walks(graph, **how).compute()
    for partitions in (1, 3):
        walks = small_walks(graph, **how, gamma=gamma, partitions=partitions)
        assert walks.plan.spec.plus
        np.testing.assert_array_equal(walks.compute(), plain)


def test_rows_that_decide_are_read_where_proposals_are_refused(monkeypatch):
    """Otherwise walkers would go to and fro for a step as often as it may be tried."""
    made = []
    gather = advance_walkers.gather_complete

    def counted(*args):
        made.append(gather(*args))
        return made[-1]

    monkeypatch.setattr(advance_walkers, "gather_complete", counted)
    graph = make_graph(False, "weights")
    how = {"walk_length": LENGTH, "num_walks": 1, "seed": 5, **KINDS["node2vec+ (5e4, 5e4)"]}
    graphwalk.random_walks(graph, **how, partitions=3).compute()
    lengths = [np.diff(partition.row_starts.astype(np.int64)) for partition in made]
    whole = [graph.degrees[partition.index] for partition in made]
    assert np.concatenate(lengths).sum() < np.concatenate(whole).sum(), (
        "of neighbours, what matters"
    )


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Return a graph of several chunks, which does not fit in the memory that tests give it."""
    rng = np.random.default_rng(3)
    nodes, edges = 200_000, 6_000_000
    path = tmp_path_factory.mktemp("large") / "graph.zarr"
    return graphwalk.build_zarr(
        (rng.integers(0, nodes, edges), rng.integers(0, nodes, edges)),
        path,
        num_nodes=nodes,
        progress=False,
    )


LARGE = {"walk_length": 6, "num_walks": 1, "seed": 8}
BUDGET = "44 MiB"


@pytest.mark.parametrize("kind", ["first order", "node2vec (2, .5)"])
def test_a_graph_beyond_the_budget(large, kind):
    how = LARGE | KINDS[kind]
    whole = graphwalk.random_walks(large, **how).compute()
    walks = graphwalk.random_walks(large, **how, memory=BUDGET)
    plan = walks.plan
    assert len(plan.partitions) > 1
    assert not plan.resident
    assert plan.peak_memory <= plan.resources.memory < plan.graph_bytes
    np.testing.assert_array_equal(walks.compute(), whole)
    np.testing.assert_array_equal(walks.compute(num_workers=1), whole)
    np.testing.assert_array_equal(walks.compute(scheduler="sync"), whole)


def test_steps_wait_in_files_where_the_result_does_not_fit(large, tmp_path, monkeypatch):
    import dask

    made = []
    spilled = walk_out_of_core.SpilledSteps.__init__

    def counted(self, *args):
        spilled(self, *args)
        made.append(self)

    monkeypatch.setattr(walk_out_of_core.SpilledSteps, "__init__", counted)
    how = LARGE | {"num_walks": 2, "walk_length": 12}
    whole = graphwalk.random_walks(large, **how).compute()
    walks = graphwalk.random_walks(large, **how, memory=BUDGET, chunks=30_000)
    assert walks.plan.spill
    with dask.config.set({"temporary-directory": str(tmp_path)}):
        # Not by compute() of the walks themselves, which has them written into the result.
        np.testing.assert_array_equal((walks + 0).compute(), whole)
        assert made
        small = graphwalk.random_walks(large, **how, memory=BUDGET, chunks=1000)
        assert small.plan.spill
        np.testing.assert_array_equal(np.concatenate(list(graphwalk.iter_blocks(small))), whole)
        np.testing.assert_array_equal(small[1500:70_500].compute(), whole[1500:70_500])
        assert len(made[-1]._sections) > 2
        made.clear()
    assert not list(tmp_path.iterdir()), "temporary files were left"


@pytest.mark.parametrize(
    ("kind", "memory"),
    [
        ("first order", "32 MiB"),
        ("node2vec (2, .5)", "44 MiB"),
        pytest.param("restart", "32 MiB", marks=pytest.mark.slow),
        pytest.param("no way back", "44 MiB", marks=pytest.mark.slow),
    ],
)
def test_walkers_in_batches(large, kind, memory):
    how = LARGE | KINDS[kind] | {"num_walks": 2}
    whole = graphwalk.random_walks(large, **how).compute()
    walks = graphwalk.random_walks(large, **how, memory=memory, chunks=50_000)
    assert len(walks.plan.batch_groups) > 1
    assert walks.plan.walkers_at_once < len(walks)
    np.testing.assert_array_equal(walks.compute(), whole)
    np.testing.assert_array_equal(np.concatenate(list(graphwalk.iter_blocks(walks))), whole)


def test_parts_of_walks_in_batches(large):
    """Batches of a part wait for no blocks that it has not."""
    how = LARGE | {"num_walks": 3}
    rows = graphwalk.random_walks(large, **how).compute()
    walks = graphwalk.random_walks(large, **how, memory="32 MiB", chunks=50_000)
    assert len(walks.plan.batch_groups) > 4
    some = np.concatenate([rows[i : i + 50_000] for i in range(50_000, 550_000, 250_000)])
    for part, expected in ((walks[250_000:], rows[250_000:]), (walks.blocks[1:11:5], some)):
        blocks = np.concatenate(list(graphwalk.iter_blocks(part)))
        np.testing.assert_array_equal(blocks, expected)


@pytest.mark.slow
def test_walkers_in_batches_by_processes(large):
    """Dask starts its processes for each batch, so that there are few."""
    how = LARGE | {"num_walks": 2}
    rows = graphwalk.random_walks(large, **how).compute()
    walks = graphwalk.random_walks(large, **how, memory="32 MiB", chunks=50_000)
    assert len(walks.plan.batch_groups) > 2
    with dask.config.set(scheduler="processes"):
        np.testing.assert_array_equal(np.concatenate(list(graphwalk.iter_blocks(walks))), rows)


def test_for_a_part_of_the_walks_no_others_are_made(large, monkeypatch):
    started, start = [], walk_out_of_core.OutOfCoreWalk.start

    def noted(self, *args):
        started.append(self.group.shape[0])
        start(self, *args)

    monkeypatch.setattr(walk_out_of_core.OutOfCoreWalk, "start", noted)
    walks = graphwalk.random_walks(large, **LARGE, memory=BUDGET, chunks=10_000)
    assert sum(map(len, graphwalk.iter_blocks(walks[:15_000]))) == 15_000
    assert sum(started) == 20_000


def settled(made, most, seconds=5.0):
    """Return how many blocks there are, when those that are being freed are gone."""
    end = time.monotonic() + seconds
    while True:
        count = sum(ref() is not None for ref in made)
        if count <= most or time.monotonic() > end:
            return count
        time.sleep(0.01)


def test_few_blocks_of_a_batch_are_there_at_a_time(large, monkeypatch):
    """Whatever the next batch waits for, it is not what holds the blocks of the one before."""
    made, block = [], walk_out_of_core.SpilledSteps.block

    def noted(self, number):
        walks = block(self, number)
        made.append(weakref.ref(walks))
        return walks

    monkeypatch.setattr(walk_out_of_core.SpilledSteps, "block", noted)
    with dask.config.set(num_workers=2):
        walks = graphwalk.random_walks(
            large, **LARGE | {"num_walks": 3}, memory="32 MiB", chunks=5000
        )
        assert walks.plan.spill
        assert len(walks.plan.batch_groups) > 1
        blocks = len(walks.plan.block_rows)
        held = [settled(made, 2 * 2 + 1) for _ in graphwalk.iter_blocks(walks)]
    assert len(made) == blocks > 100
    assert max(held) <= 2 * 2 + 1


@pytest.mark.parametrize("kind", ["first order", "node2vec (2, .5)"])
@pytest.mark.parametrize("values", ["no values", "weights"])
@pytest.mark.parametrize(
    ("leaves", "memory"),
    [(300_000, "12 MiB"), pytest.param(5_000_000, "80 MiB", marks=pytest.mark.slow)],
)
def test_a_graph_of_one_hub_is_refused_with_memory_in_which_it_is_walked(
    kind, values, leaves, memory
):
    """Out of core, such walks needed as many as 3 times their memory and 15 times their time."""
    columns = [np.zeros(leaves, np.int32), np.arange(1, leaves + 1, dtype=np.int32)]
    if values == "weights":
        columns.append(np.arange(leaves, dtype=np.float32) + 1)
    star = graphwalk.build_zarr(tuple(columns))
    how = {"num_walks": 1, "walk_length": 4, "seed": 1, "chunks": 50_000, **KINDS[kind]}
    with dask.config.set(num_workers=2):
        with pytest.raises(MemoryBudgetError, match="pass memory=") as refused:
            graphwalk.random_walks(star, **how, memory=memory)
        enough = re.search(r"memory='([\d.]+ MiB)'", str(refused.value))[1]
        walks = graphwalk.random_walks(star, **how, memory=enough)
        assert walks.plan.peak_memory <= walks.plan.resources.memory
        assert len(walks.plan.partitions) == 1
        np.testing.assert_array_equal(
            walks.compute(), graphwalk.random_walks(star, **how, memory="4 GiB").compute()
        )


@cache
def graph_with_hub(hub, nodes, edges, weighted=False):
    """Return a random graph whose first node has at least `hub` neighbours."""
    ends = np.random.default_rng(1).integers(nodes, size=(2, edges), dtype=np.int32)
    ends[:, :hub] = np.zeros(hub, np.int32), np.arange(1, hub + 1)
    columns = (*ends, 1.0 + ends[1] % 3) if weighted else ends
    return graphwalk.build_zarr(columns, progress=False)


@pytest.mark.parametrize(("kind", "copies"), [("first order", 1), ("node2vec (2, .5)", 2)])
def test_hubs_of_a_larger_graph_are_planned(kind, copies):
    """Each thread may read the row of a hub singly, twice for steps of second order."""
    graph = graph_with_hub(300_000, 1_000_000, 12_000_000)
    how = {"num_walks": 1, "walk_length": 4, "seed": 1, **KINDS[kind]}
    row = graph._arrays.max_degree * 4
    with dask.config.set(num_workers=2):
        with pytest.raises(MemoryBudgetError, match="one row has"):
            graphwalk.plan_walks(graph, range(1000), **how, memory=2 * copies * row * 5 - 1)
        plan = graphwalk.plan_walks(graph, range(1000), **how, memory="60 MiB")
    assert not plan.resident
    assert plan.peak_memory > 2 * copies * row


@pytest.mark.parametrize("iterate", [False, True])
def test_graphs_of_earlier_jobs_make_room(large, iterate):
    """They would take memory that the plan has for partitions."""
    few = {"num_walks": 1, "walk_length": 2, "seed": 1}
    small = graphwalk.build_zarr(([0, 1, 2], [1, 2, 0]))
    for graph in (small, large):
        graphwalk.random_walks(graph, [0], **few, memory="4 GiB").compute()
    assert large._arrays in walk_in_memory._resident
    walks = graphwalk.random_walks(large, **LARGE, memory=BUDGET)
    deque(graphwalk.iter_blocks(walks), maxlen=0) if iterate else walks.compute()
    assert large._arrays not in walk_in_memory._resident


def test_isolated_nodes_take_no_memory():
    edges = np.random.default_rng(5).integers(2000, size=(2, 10_000))
    with_isolated = graphwalk.build_zarr(edges, num_nodes=1_000_000)
    how = {"num_walks": 1, "walk_length": 20, "seed": 1, "partitions": 3}
    every = graphwalk.random_walks(with_isolated, **how, chunks=100_000)
    named = graphwalk.plan_walks(with_isolated, np.arange(1_000_000), **how, chunks=100_000)
    restarting = graphwalk.plan_walks(with_isolated, restart_prob=0.1, **how, chunks=100_000)
    assert named.peak_memory == restarting.peak_memory
    assert named.peak_memory - every.plan.peak_memory > 8 * 990_000
    found = every[:3000].compute()
    assert (found[2000:, 1:] == -1).all()
    np.testing.assert_array_equal(found[:, 0], np.arange(3000))
    one = graphwalk.random_walks(with_isolated, np.arange(3000), **how | {"partitions": 1})
    np.testing.assert_array_equal(found, one.compute())


def test_within_dask_expressions(large):
    whole = graphwalk.random_walks(large, **LARGE).compute()
    walks = graphwalk.random_walks(large, **LARGE, memory=BUDGET, chunks=40_000)
    np.testing.assert_array_equal(walks[:1000].compute(), whole[:1000])
    np.testing.assert_array_equal(da.unique(walks).compute(), np.unique(whole))
    np.testing.assert_array_equal(walks.persist().compute(), whole)
    np.testing.assert_array_equal(walks.sum(axis=1).compute(), whole.sum(axis=1))


def test_parts_have_the_partitions_that_were_asked_for(large):
    walks = graphwalk.random_walks(large, num_walks=1, walk_length=5, seed=1, partitions=3)
    parts = walks.in_blocks(100), walks.in_blocks(100).alone(range(2, 5))
    assert [len(part.plan.partitions) for part in parts] == [len(walks.plan.partitions)] * 2
    assert (parts[1].compute() == walks.compute()[200:500]).all()


def test_some_blocks_compute_their_groups_alone(large, monkeypatch):
    walked = []
    walk_group = walk_out_of_core.walk_group

    def counted(group, *args):
        walked.append(group.shape[0])
        return walk_group(group, *args)

    monkeypatch.setattr(walk_batch, "walk_group", counted)
    walks = graphwalk.random_walks(large, **LARGE, memory=BUDGET, chunks=40_000)
    assert len(walks.plan.group_blocks) > 1
    walks[:1000].compute()
    assert len(walked) == 1


def count_reads(monkeypatch):
    """Return a list that grows by the chunks read."""
    read = []
    original = ChunkFiles.read

    def counted(self, chunk, start, out):
        read.append((self._folder.name, chunk))
        original(self, chunk, start, out)

    monkeypatch.setattr(ChunkFiles, "read", counted)
    return read


def test_few_walks_read_few_chunks(large, monkeypatch):
    read = count_reads(monkeypatch)
    walks = graphwalk.random_walks(large, [5, 77], **LARGE, memory="32 MiB")
    assert len(walks.plan.partitions) > 1
    read.clear()
    walks.compute()
    # A step needs its row's chunk, or two where the row straddles.
    neighbors = [chunk for name, chunk in read if name == "neighbors"]
    assert 0 < len(neighbors) <= 2 * 2 * LARGE["walk_length"]


def test_a_partition_that_nobody_needs_is_not_read(tmp_path, monkeypatch):
    """Two halves without an edge between them: walks in one never read the other."""
    rng = np.random.default_rng(4)
    half, edges = 100_000, 3_000_000
    src, dst = rng.integers(0, half, (2, 2 * edges))
    src[edges:] += half
    dst[edges:] += half
    graph = graphwalk.build_zarr((src, dst), tmp_path / "halves.zarr", progress=False)
    walks = graphwalk.random_walks(graph, np.arange(half), **LARGE, memory="36 MiB")
    arrays = graph._arrays
    border = arrays.read_offset(half) // arrays.chunk_length("neighbors")
    assert sum(part.start > half for part in walks.plan.partitions) > 1
    read = count_reads(monkeypatch)
    walks.compute()
    chunks = {chunk for name, chunk in read if name == "neighbors"}
    # The partition across the border is needed; it may reach a few chunks beyond.
    needless = {part.start for part in walks.plan.partitions if part.start > half}
    first_needless = arrays.read_offset(min(needless)) // arrays.chunk_length("neighbors")
    assert border in chunks
    assert max(chunks) <= first_needless


@pytest.mark.parametrize(
    "kind",
    [{"weighted": False}, {"weighted": True}, {"weighted": False, "p": 2, "q": 0.5}],
    ids=str,
)
def test_a_hub_larger_than_a_partition(kind):
    graph = graph_with_hub(100_000, 100_001, 1_600_000, weighted=True)
    how = {"walk_length": 5, "num_walks": 1, "seed": 9, **kind}
    whole = graphwalk.random_walks(graph, **how).compute()
    walks = graphwalk.random_walks(graph, **how, partitions=60)
    sizes = np.diff(walks.plan.offsets)
    assert sizes.max() > 1.5 * np.median(sizes)
    np.testing.assert_array_equal(walks.compute(), whole)


def test_what_does_not_fit_is_refused_before_it_runs(large):
    with pytest.raises(MemoryBudgetError, match=r"at least .* pass memory='"):
        graphwalk.random_walks(large, **LARGE, memory="1 MiB")
    try:
        graphwalk.plan_walks(large, **LARGE, memory="1 MiB")
    except MemoryBudgetError as error:
        advised = str(error).split("memory='")[1].split("'")[0]
    assert graphwalk.plan_walks(large, **LARGE, memory=advised).peak_memory


def test_a_plan_reads_no_neighbours_and_prints(large, monkeypatch):
    read = count_reads(monkeypatch)
    plan = graphwalk.plan_walks(large, **LARGE, memory=BUDGET)
    assert {name for name, _ in read} <= {"offsets"}
    text = str(plan)
    for word in ("partitions", "waves", "peak memory", "44.0 MiB"):
        assert word in text
    assert "peak memory" in plan._repr_html_()
    assert plan.partitions[0].start == 0
    assert plan.partitions[-1].stop == large.num_nodes
    assert all(a.stop == b.start for a, b in itertools.pairwise(plan.partitions))


def test_a_graph_that_fits_is_one_partition(large):
    plan = graphwalk.plan_walks(large, **LARGE, memory="2 GiB")
    assert len(plan.partitions) == 1
    assert plan.waves == 0


def test_an_error_while_reading_reaches_the_caller(large, monkeypatch):
    def broken(*_args, **_kwargs):
        raise graphwalk.StoreError("no such chunk")

    monkeypatch.setattr(read_partition, "load_partition", broken)
    walks = graphwalk.random_walks(large, **LARGE, memory=BUDGET)
    with pytest.raises(graphwalk.StoreError, match="no such chunk"):
        walks.compute()


@pytest.mark.parametrize("how", ["compute", "iterate"])
def test_an_error_in_one_group_stops_the_others(how, large, monkeypatch):
    """Dask leaves tasks alone that are under way: they would walk to their end."""
    sweeping, advanced = [], []
    run, step = partition_sweep.PartitionSweep.run, walk_out_of_core.OutOfCoreWalk.advance

    def noted_run(self, client):
        sweeping.append(client)
        try:
            run(self, client)
        finally:
            sweeping.remove(client)

    def failing(self, *args):
        if advanced and self not in advanced:  # of two groups, the one that comes later
            del advanced[1:]
            raise ZeroDivisionError("one of two")
        advanced.append(self)
        step(self, *args)

    monkeypatch.setattr(partition_sweep.PartitionSweep, "run", noted_run)
    with dask.config.set(num_workers=2):
        walks = graphwalk.random_walks(large, **LARGE, memory=BUDGET)
        assert len(walks.plan.group_blocks) == 2
        monkeypatch.setattr(walk_out_of_core.OutOfCoreWalk, "advance", failing)
        with pytest.raises(ZeroDivisionError, match="one of two"):
            walks.compute() if how == "compute" else list(graphwalk.iter_blocks(walks))
        end = time.monotonic() + 30
        while sweeping and time.monotonic() < end:
            time.sleep(0.01)
        assert not sweeping
        assert len(advanced) < 2 * len(walks.plan.partitions)
        monkeypatch.setattr(walk_out_of_core.OutOfCoreWalk, "advance", step)
        # The walks can be computed all the same, by the same tasks.
        blocks = np.concatenate(list(graphwalk.iter_blocks(walks)))
    np.testing.assert_array_equal(blocks, graphwalk.random_walks(large, **LARGE).compute())


class Clients:
    """Groups on a sweep, which note what they do."""

    def __init__(self, turns: int) -> None:
        self.turns, self.seen, self.closed = turns, [], False

    def left(self) -> bool:
        return len(self.seen) < self.turns

    def waiting(self, _number: int) -> int:
        return 1

    def share(self, number: int, _sweep: object) -> Clients:
        self.shared = number
        return self

    def worth_reading(self, _walkers: int) -> bool:
        return True

    def get(self) -> int:
        return self.shared

    def prepare(self) -> None:
        self.prepared = True

    def close(self) -> None:
        self.closed = True

    def advance(self, number: int, _partition: object) -> None:
        self.seen.append(number)


def test_memory_of_a_partition_is_there_for_the_next_when_its_turn_is_over(large, monkeypatch):
    """A thread that was to read ahead, and is late, neither keeps the memory nor reads."""
    lent, read = [], local_queues.read_partition

    def lent_to(by, *args):
        return lent.append(args[-1]) if by is group else read(by, *args)

    monkeypatch.setattr(local_queues, "read_partition", lent_to)
    plan = graphwalk.plan_walks(large, **LARGE, memory=BUDGET)
    bounds = np.array([0, *(nodes.stop for nodes in plan.partitions)])
    group = walker_group.WalkerGroup(
        large._arrays, plan.spec, range(10), bounds, np.array(plan.offsets)
    )
    sweep = partition_sweep.PartitionSweep(2, resident=False, ahead=True)
    with sweep._registered(Clients(1)):
        first, second = (local_queues.LazyPartition(group, number, sweep, 0) for number in range(2))
        first.get()
        first.close()
        second.get()
        assert lent[0].arrays.neighbors.base is lent[1].arrays.neighbors.base
        second.close()
        first.prepare()
        second.prepare()
        assert len(lent) == 2


def test_a_sweep_goes_on_until_all_groups_have_left():
    sweep = partition_sweep.PartitionSweep(3, resident=False, ahead=True)
    first = Clients(7)
    sweep.run(first)
    assert first.closed
    assert first.seen == [0, 1, 2, 0, 1, 2, 0]
    assert not sweep._places
    assert not sweep._shared
