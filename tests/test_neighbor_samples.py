"""Samples of neighbours have exact distributions, and the same bits whatever computes them."""

import pickle
import re
import shutil
from collections import Counter
from itertools import combinations, pairwise, permutations, product
from math import comb

import dask
import numpy as np
import pytest
from scipy.stats import chisquare

import graphwalk
from graphwalk.algorithms.samples.batches import SampleBatches
from graphwalk.algorithms.samples.check_samples import sampling_of
from graphwalk.algorithms.samples.hop_pass import Hop
from graphwalk.algorithms.samples.reached_nodes import ReachedNodes
from graphwalk.errors import InputError, MemoryBudgetError, StoreError
from graphwalk.kernels.samples.number_keys import number_keys

SAMPLES = 30_000


def star(**how):
    """Return a graph in whose first row there are 6 neighbours, in the others none."""
    column = {"weights": [1.0, 0, 3, 2, 0.5, 1], "times": [5.0, 1, 3, 9, 3, 2]}
    values = [column[name] for name in how]
    how = {"times": True} if "times" in how else {}
    return graphwalk.build_zarr(([0] * 6, [1, 2, 3, 4, 5, 6], *values), directed=True, **how)


def successive(weights, fanout):
    """Return the probability of each set of successive draws without replacement."""
    found = Counter()
    for drawn in permutations(range(len(weights)), fanout):
        chance, left = 1.0, sum(weights)
        for item in drawn:
            chance, left = chance * weights[item] / left, left - weights[item]
        found[tuple(sorted(drawn))] += chance
    return found


def sampled_sets(graph, fanout, **how):
    """Return how often each sample of the neighbours of node 0 was drawn, by place in its row."""
    found = graphwalk.sample_neighbors(
        graph, [0] * SAMPLES, [fanout], disjoint=True, direction="out", seed=3, **how
    ).compute()
    assert (found[:, :2] == [1, 0]).all()
    np.testing.assert_array_equal(found[:, 2], found[:, 3] + 1)
    ends = np.searchsorted(found[:, 4], np.arange(SAMPLES + 1))
    drawn = (found[a:b, 3].tolist() for a, b in pairwise(ends))
    return Counter(tuple(each if how.get("replace") else sorted(each)) for each in drawn)


def check(counts, expected):
    """Compare counts of outcomes with their probabilities."""
    expected = {drawn: chance for drawn, chance in expected.items() if chance > 0}
    assert counts.keys() <= expected.keys()
    observed = [counts[drawn] for drawn in expected]
    assert chisquare(observed, np.array(list(expected.values())) * SAMPLES).pvalue > 1e-3


@pytest.mark.parametrize("fanout", [1, 2, 4])
def test_all_subsets_of_neighbours_have_the_same_probability(fanout):
    expected = dict.fromkeys(combinations(range(6), fanout), 1 / comb(6, fanout))
    check(sampled_sets(star(), fanout), expected)


def test_draws_with_replacement_are_independent():
    check(sampled_sets(star(), 2, replace=True), dict.fromkeys(product(range(6), repeat=2), 1 / 36))
    weights = [1.0, 0, 3, 2, 0.5, 1]
    shares = np.array(weights) / sum(weights)
    pairs = {(a, b): shares[a] * shares[b] for a, b in product(range(6), repeat=2)}
    check(sampled_sets(star(weights=True), 2, replace=True), pairs)


@pytest.mark.parametrize("fanout", [1, 2, 3, 4])
def test_draws_by_weight_are_in_proportion_to_the_weights_that_remain(fanout):
    check(sampled_sets(star(weights=True), fanout), successive([1.0, 0, 3, 2, 0.5, 1], fanout))


def test_draws_after_a_heavy_neighbour_are_in_proportion_too():
    weights = [1.0, 1e9, 2.0, 3.0]  # nearly all draws after the first are repeated
    graph = graphwalk.build_zarr(([0] * 4, [1, 2, 3, 4], weights), directed=True)
    check(sampled_sets(graph, 2), successive(weights, 2))
    check(sampled_sets(graph, 2, weighted=False), dict.fromkeys(combinations(range(4), 2), 1 / 6))


def test_only_earlier_edges_are_sampled():
    graph, fanout = star(times=True), 2
    expected = dict.fromkeys(combinations([1, 2, 4, 5], fanout), 1 / 6)
    check(sampled_sets(graph, fanout, times=5.0), expected)
    times = [0.0, 1.0, 2.0, 3.0, 100.0]
    how = {"direction": "out", "seed": 1}
    found = graphwalk.sample_neighbors(graph, [0] * 5, [-1], times=times, **how).compute()
    kept = [found[found[:, 4] == k, 3].tolist() for k in range(5)]
    assert kept == [[], [], [1], [1, 5], [0, 1, 2, 3, 4, 5]]


def test_times_of_seeds_may_be_dates():
    days = np.array(["2026-01-01", "2026-01-02", "2026-01-03"], "M8[D]")
    graph = graphwalk.build_zarr(([0, 0, 0], [1, 2, 3], days), times=True)
    found = graphwalk.sample_neighbors(graph, [0], [-1], times=days[2:], seed=1).compute()
    assert found[:, 2].tolist() == [1, 2]
    noon = days[1:2] + np.timedelta64(12, "h")  # which is after the day that it is counted in
    found = graphwalk.sample_neighbors(graph, [0], [-1], times=noon, seed=1).compute()
    assert found[:, 2].tolist() == [1, 2]


KINDS = {
    "uniform": {},
    "with replacement": {"replace": True},
    "weighted": {"weighted": True},
    "disjoint": {"disjoint": True},
    "temporal": {"times": 60.0},
}
NODES, FANOUTS = 300, [3, -1, 2]
SEEDS = np.arange(0, NODES, 7)


def random_graph(kind, directed=False):
    rng = np.random.default_rng(2)
    columns = [*rng.integers(0, NODES, (2, 1500))]
    if kind == "weighted":
        columns.append(rng.random(1500))
    if kind == "temporal":
        columns.append(rng.integers(0, 100, 1500))
    how = {"num_nodes": NODES, "times": kind == "temporal", "directed": directed}
    return graphwalk.build_zarr(tuple(columns), **how)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_the_same_in_any_partitions_and_company(kind):
    graph, how = random_graph(kind), KINDS[kind] | {"seed": 5}
    first = graphwalk.sample_neighbors(graph, SEEDS, FANOUTS, **how, partitions=1).compute()
    assert len(first) > 500
    some = graphwalk.sample_neighbors(graph, SEEDS, FANOUTS, **how, partitions=9)
    np.testing.assert_array_equal(some.compute(), first)
    hop, node = first[:, 0], first[:, 1]
    offsets = graph.read_offsets(0, NODES + 1)
    assert ((offsets[node] <= first[:, 3]) & (first[:, 3] < offsets[node + 1])).all()
    neighbors = graph.read_neighbors(0, graph.num_entries)
    np.testing.assert_array_equal(neighbors[first[:, 3]], first[:, 2])
    # The first hop of a seed is the same without the others.
    alone = graphwalk.sample_neighbors(graph, SEEDS[4:5], [3], **how).compute()
    np.testing.assert_array_equal(alone[:, :4], first[(hop == 1) & (node == SEEDS[4]), :4])


def test_nodes_are_expanded_once_in_the_hop_that_comes_to_them_first():
    graph = random_graph("uniform")
    found = graphwalk.sample_neighbors(graph, SEEDS, FANOUTS, seed=5).compute()
    seen, fresh = set(SEEDS.tolist()), set(SEEDS.tolist())
    degrees = graph.degrees
    for hop, fanout in enumerate(FANOUTS, 1):
        rows = found[found[:, 0] == hop]
        due = {v: min(int(degrees[v]), fanout if fanout >= 0 else NODES) for v in fresh}
        assert Counter(rows[:, 1].tolist()) == {v: n for v, n in due.items() if n}
        fresh = set(rows[:, 2].tolist()) - seen
        seen |= fresh
    per_node = [tuple(row) for row in found[:, [1, 3]]]
    assert len(per_node) == len(set(per_node))


def batches(graph, how, size=8, shuffle=False, memory=None, fanouts=FANOUTS):
    rest = {"replace": False, "weighted": None, "times": None, "disjoint": False, "direction": "in"}
    asked = sampling_of(graph, SEEDS, fanouts, **rest | {"transposed": None} | how)
    return SampleBatches(asked, size, shuffle, memory)


@pytest.mark.parametrize("kind", KINDS)
def test_batches_have_the_samples_of_their_seeds(kind):
    graph, how = random_graph(kind), KINDS[kind] | {"seed": 5}
    made = batches(graph, how)
    numbers = range(len(made))
    assert len(made) == -(-len(SEEDS) // 8)
    found = list(made.make(0, numbers))
    for batch in found:
        seeds = SEEDS[batch.input_id]
        np.testing.assert_array_equal(batch.n_id[: len(seeds)], seeds)
        expected = graphwalk.sample_neighbors(graph, seeds, FANOUTS, **how).compute()
        sources, targets = batch.edge_index
        np.testing.assert_array_equal(batch.n_id[targets], expected[:, 1])
        np.testing.assert_array_equal(batch.n_id[sources], expected[:, 2])
        np.testing.assert_array_equal(batch.e_id, expected[:, 3])
        hops = np.repeat([1, 2, 3], batch.num_sampled_edges)
        np.testing.assert_array_equal(hops, expected[:, 0])
        assert sum(batch.num_sampled_nodes) == len(batch.n_id) == len(set(_pairs(batch)))
        if batch.batch is not None:
            np.testing.assert_array_equal(batch.batch[targets], expected[:, 4])
            np.testing.assert_array_equal(batch.batch[sources], expected[:, 4])


@pytest.mark.parametrize("kind", ["weighted", "temporal"])
def test_batches_are_the_same_in_company_on_every_executor(session, kind):
    made = batches(random_graph(kind), KINDS[kind] | {"seed": 5})
    found = list(made.make(0, range(len(made))))
    with graphwalk.scheduler.use("threads", num_workers=1):
        alone = batches(random_graph(kind), KINDS[kind] | {"seed": 5})
        expected = [*alone.make(0, [0, 1, 2]), *alone.make(0, range(3, len(made)))]
    for batch, other in zip(found, expected, strict=True):
        for one, another in zip(batch, other, strict=True):
            np.testing.assert_array_equal(one, another)


def test_every_thread_has_a_batch_however_large_batches_may_be(monkeypatch):
    monkeypatch.setattr("graphwalk.algorithms.samples.batches._FEW_BYTES", 1)
    with graphwalk.scheduler.use("threads", num_workers=2):
        plan = batches(random_graph("uniform"), {"seed": 5}).plan
    assert "for every 2 of 6 batches" in str(plan)


def test_what_other_processes_return_is_numbered_by_the_same_kernel():
    nodes = np.arange(3)
    reached = ReachedNodes(nodes, nodes * 0)
    hop = Hop(nodes, nodes * 0, nodes * 0 + 1, nodes + 2, nodes)
    reached.expand(hop)
    kernels = list(number_keys.signatures)
    hop.reached.setflags(write=False)
    ReachedNodes(nodes, nodes * 0).expand(hop)
    assert number_keys.signatures == kernels
    assert reached.nodes[0].tolist() == [0, 1, 2, 3, 4]
    assert reached.sources[0].tolist() == [2, 3, 4]


def test_a_graph_in_memory_is_read_once_for_all_epochs(tmp_path):
    graph = graphwalk.build_zarr((np.arange(99), np.arange(1, 100)), tmp_path / "graph.zarr")
    rest = (False, None, None, False, "in", None, 5)
    made = SampleBatches(sampling_of(graph, [0, 50], [2, 2], *rest), 1, False, None)
    with graphwalk.scheduler.use("threads", num_workers=2):
        first = list(made.make(0, [0, 1]))
        shutil.rmtree(tmp_path / "graph.zarr" / "neighbors")
        again = list(made.make(0, [0, 1]))
        assert len(pickle.dumps(made)) < 10_000  # what workers of a loader are sent
        with pytest.raises(StoreError):
            list(pickle.loads(pickle.dumps(made)).make(0, [0]))
    for batch, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(batch.edge_index, other.edge_index)


def _pairs(batch):
    groups = np.zeros(len(batch.n_id), int) if batch.batch is None else batch.batch
    return zip(batch.n_id.tolist(), groups.tolist(), strict=True)


def test_epochs_have_other_samples_and_another_order():
    graph = random_graph("uniform")
    made = batches(graph, {"seed": 5}, shuffle=True)
    orders = [
        np.concatenate([batch.input_id for batch in made.make(epoch, range(len(made)))])
        for epoch in (0, 1, 0)
    ]
    assert orders[0].tolist() == orders[2].tolist() != orders[1].tolist()
    assert sorted(orders[1].tolist()) == list(range(len(SEEDS)))
    (other,) = made.make(1, [2])
    (again,) = batches(graph, {"seed": 6}, shuffle=True).make(0, [2])
    np.testing.assert_array_equal(other.e_id, again.e_id)


def test_directed_graphs_are_sampled_through_their_transpose():
    graph = random_graph("uniform", directed=True)
    with pytest.raises(InputError, match=r"Graph\.transpose.*transposed="):
        graphwalk.sample_neighbors(graph, SEEDS, [2])
    transposed = graph.transpose()
    found = graphwalk.sample_neighbors(graph, SEEDS, [2], transposed=transposed, seed=1).compute()
    assert graph.has_edge(found[:, 2], found[:, 1]).all()
    outward = graphwalk.sample_neighbors(graph, SEEDS, [2], direction="out", seed=1).compute()
    assert graph.has_edge(outward[:, 1], outward[:, 2]).all()
    with pytest.raises(InputError, match="leave out transposed="):
        graphwalk.sample_neighbors(graph, SEEDS, [2], direction="out", transposed=transposed)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"fanouts": []}, "one for each hop"),
        ({"fanouts": 5}, "one for each hop"),
        ({"fanouts": [-2]}, "from -1 to"),
        ({"fanouts": [10**30]}, "from -1 to"),
        ({"seeds": [1, 2, 1]}, "node 1 twice.*disjoint=True"),
        ({"seeds": [300]}, "ids of nodes that exist"),
        ({"times": 3.0}, "times=True"),
        ({"weighted": True}, "no weights"),
        ({"direction": "both"}, "'in', 'out'"),
        ({"seed": -1}, "seed=-1"),
        ({"replace": "yes"}, "replace='yes'"),
    ],
)
def test_what_is_asked_for_is_checked(how, message):
    graph = random_graph("uniform")
    with pytest.raises(InputError, match=message):
        graphwalk.sample_neighbors(graph, **{"seeds": SEEDS, "fanouts": [2]} | how)


def test_times_are_checked():
    graph = random_graph("temporal")
    for times in ([1.0, 2.0], [float("nan")] * len(SEEDS), ["now"] * len(SEEDS)):
        with pytest.raises(InputError, match="a number for each of the 43 seeds"):
            graphwalk.sample_neighbors(graph, SEEDS, [2], times=times)
    with pytest.raises(InputError, match="are dates"):
        graphwalk.sample_neighbors(graph, SEEDS, [2], times=np.array("2026-01-01", "M8[D]"))


def test_a_budget_that_is_too_small_is_refused_and_the_remedy_is_enough():
    edges = np.random.default_rng(1).integers(0, 20_000, (2, 100_000))
    graph = graphwalk.build_zarr(edges, num_nodes=20_000)
    with dask.config.set(scheduler="threads"):
        with pytest.raises(MemoryBudgetError) as refused:
            graphwalk.sample_neighbors(graph, None, [10, 10], memory="8 MiB")
        enough = re.search(r"memory='(.*?)'", str(refused.value)).group(1)
        found = graphwalk.sample_neighbors(graph, None, [10, 10], seed=1, memory=enough)
        assert not found.plan.resident
        assert "2, one for each hop" in str(found.plan)
        whole = graphwalk.sample_neighbors(graph, None, [10, 10], seed=1)
        assert whole.plan.resident
        np.testing.assert_array_equal(found.compute(), whole.compute())


def test_a_damaged_store_is_told(tmp_path):
    graph = graphwalk.build_zarr([(0, 1), (1, 2)], tmp_path / "graph.zarr")
    found = graphwalk.sample_neighbors(graph, [0], [2], seed=1)
    (tmp_path / "graph.zarr" / "neighbors" / "c" / "0").unlink()
    with pytest.raises(StoreError, match="is missing"):
        found.compute()


def test_no_seeds_and_isolated_seeds():
    graph = graphwalk.build_zarr([(0, 1)], num_nodes=4)
    for seeds in ([], [2, 3]):
        assert graphwalk.sample_neighbors(graph, seeds, [2, 2], seed=1).compute().shape == (0, 4)


@pytest.mark.parametrize("kind", ["weighted", "disjoint"])
def test_samples_are_the_same_on_every_executor(session, kind):
    graph, how = random_graph(kind), KINDS[kind] | {"seed": 5}
    expected = graphwalk.sample_neighbors(graph, SEEDS, FANOUTS, **how).compute(scheduler="sync")
    found = graphwalk.sample_neighbors(graph, SEEDS, FANOUTS, **how, partitions=4)
    np.testing.assert_array_equal(found.compute(), expected)
    (later,) = dask.compute(found + 1)
    np.testing.assert_array_equal(later, expected + 1)
