"""Betweenness centrality against NetworkX, from all nodes and from samples, for every plan."""

import networkx as nx
import numpy as np
import pytest

import graphwalk
from graphwalk import errors
from graphwalk.algorithms.analytics.betweenness import from_sources, sample_nodes

PLANS = [{}, {"partitions": 3}, {"partitions": 5, "memory": 1}]


def random_graph(directed):
    """Return a graph with loops, parallel edges and several components; and NetworkX's."""
    edges = np.random.default_rng(5).integers(0, 45, (2, 90))
    made = (nx.DiGraph if directed else nx.Graph)()
    made.add_nodes_from(range(50))
    made.add_edges_from(edges.T.tolist())
    graph = graphwalk.build_zarr(edges, num_nodes=50, directed=directed, duplicates="keep")
    return graph, made, {"transposed": graph.transpose()} if directed else {}


@pytest.mark.parametrize("directed", [False, True])
def test_all_paths_are_counted_as_networkx_counts_them(directed):
    graph, made, how = random_graph(directed)
    bits = set()
    for normalized, endpoints in ((True, False), (False, False), (True, True), (False, True)):
        options = {"normalized": normalized, "endpoints": endpoints}
        expected = list(nx.betweenness_centrality(made, **options).values())
        found = graphwalk.betweenness_centrality(graph, **options, **how).compute()
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
        whole = graphwalk.betweenness_centrality(graph, 50, seed=3, **options, **how).compute()
        np.testing.assert_allclose(whole, expected, rtol=1e-12, atol=1e-15)
    for plan in PLANS:
        for workers in (1, 2):
            with graphwalk.scheduler.use("threads", num_workers=workers):
                values = graphwalk.betweenness_centrality(graph, 20, seed=1, **how, **plan)
                bits.add(values.compute().tobytes())
    assert len(bits) == 1


@pytest.mark.parametrize("directed", [False, True])
def test_paths_by_weights_are_those_of_networkx(directed):
    rng = np.random.default_rng(8)
    edges, weights = rng.integers(0, 40, (2, 120)), rng.integers(1, 5, 120).astype(np.float32)
    made = (nx.DiGraph if directed else nx.Graph)()
    made.add_nodes_from(range(42))
    for u, v, w in zip(*edges.tolist(), weights.tolist(), strict=True):
        least = min(w, made[u][v]["weight"]) if made.has_edge(u, v) else w
        made.add_edge(u, v, weight=least)
    graph = graphwalk.build_zarr(
        (*edges, weights), num_nodes=42, directed=directed, duplicates="keep"
    )
    how = {"weight": "weight", "transposed": graph.transpose() if directed else None}
    expected = list(nx.betweenness_centrality(made, weight="weight").values())
    found = graphwalk.betweenness_centrality(graph, **how).compute()
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    bits = set()
    for plan in PLANS:
        with graphwalk.scheduler.use("threads", num_workers=1 + len(plan)):
            some = graphwalk.betweenness_centrality(graph, 9, seed=1, **how, **plan)
            assert "3 for each level" in some.plan.cost.passes
            bits.add(some.compute().tobytes())
    assert len(bits) == 1


@pytest.mark.parametrize(
    ("weights", "message"), [([1, 0, 1], "weight 0.0"), ([9e9, 1e-9, 1], "small")]
)
def test_weights_that_are_no_lengths_of_edges_are_refused(weights, message):
    graph = graphwalk.build_zarr(([0, 1, 2], [1, 2, 3], np.array(weights, np.float32)))
    with pytest.raises(errors.InputError, match=message):
        graphwalk.betweenness_centrality(graph, weight="weight").compute()


@pytest.mark.parametrize("directed", [False, True])
def test_a_sample_is_scaled_as_networkx_scales_it(directed):
    graph, made, how = random_graph(directed)
    sources = np.array([3, 17, 44, 49])

    class Sample:
        def sample(self, *_):
            return sources.tolist()

    for normalized in (True, False):
        how = {"normalized": normalized, "endpoints": False, "sampled": True, "weighted": False}
        how["transposed"] = graph.transpose()._arrays if directed else None
        found = from_sources(graph, sources, **how).compute()
        undecorated = nx.betweenness_centrality.orig_func
        while hasattr(undecorated, "__wrapped__"):
            undecorated = undecorated.__wrapped__
        expected = undecorated(made, 4, normalized, seed=Sample())
        np.testing.assert_allclose(found, list(expected.values()), rtol=1e-12, atol=1e-15)


def test_errors_are_within_the_bound():
    graph, made, _ = random_graph(directed=False)
    exact = np.array(list(nx.betweenness_centrality(made).values()))
    bound = np.sqrt(np.log(20 * 50) / (2 * 10 - 2))
    worst = [
        np.abs(graphwalk.betweenness_centrality(graph, 10, seed=seed).compute() - exact).max()
        for seed in range(20)
    ]
    assert 0 < np.mean(worst) < bound
    assert sum(error > bound for error in worst) <= 4
    assert f"error at most {bound:.2g}" in str(graphwalk.betweenness_centrality(graph, 10).plan)


def test_nodes_are_drawn_evenly_and_once():
    counts = np.zeros(12)
    for seed in range(600):
        nodes = sample_nodes(12, 5, seed)
        assert len(set(nodes.tolist())) == 5
        counts[nodes] += 1
    assert abs(counts - 250).max() < 5 * np.sqrt(600 * 5 / 12 * 7 / 12)
    assert sorted(sample_nodes(12, 12, 1)) == list(range(12))


def test_bad_parameters_are_named():
    graph = graphwalk.build_zarr([(0, 1)])
    for options in ({"k": 0}, {"k": 3}, {"seed": -1}, {"normalized": 2}, {"endpoints": "no"}):
        with pytest.raises(errors.InputError, match=f"{next(iter(options))}="):
            graphwalk.betweenness_centrality(graph, **options)
    with pytest.raises(errors.MemoryBudgetError, match="memory="):
        graphwalk.betweenness_centrality(graph, memory=10)
    assert np.isnan(graphwalk.betweenness_centrality(graph, 1).compute()).sum() <= 1
