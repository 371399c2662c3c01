"""Harmonic centrality and distances between nodes against NetworkX, for every plan."""

import networkx as nx
import numpy as np
import pytest

import graphwalk
from graphwalk import errors


@pytest.fixture(scope="module", params=[False, True], ids=["undirected", "directed"])
def sparse(request):
    """Return a graph of some components, its transpose as options, and the graph of NetworkX."""
    edges = np.random.default_rng(1).integers(0, 300, (2, 500))
    graph = graphwalk.build_zarr(edges, num_nodes=310, directed=request.param, relabel=False)
    how = {"transposed": graph.transpose()} if request.param else {}
    made = nx.DiGraph() if request.param else nx.Graph()
    made.add_nodes_from(range(310))
    made.add_edges_from(edges.T.tolist())
    return graph, how, made


def test_centralities_are_near_those_of_networkx(sparse):
    graph, how, made = sparse
    expected = np.array(list(nx.harmonic_centrality(made).values()))
    reached = expected > 0
    for registers, most in ((64, 0.15), (4096, 0.02)):
        found = graphwalk.harmonic_centrality(graph, registers=registers, **how).compute()
        errors_found = found[reached] / expected[reached] - 1
        assert abs(errors_found).mean() < most
        assert not found[~reached].any()


def test_pairs_within_distances_are_near_those_of_networkx(sparse):
    graph, _, made = sparse
    lengths = [
        length for _, row in nx.all_pairs_shortest_path_length(made) for length in row.values()
    ]
    expected = np.cumsum(np.bincount(lengths))
    found = graphwalk.hop_distribution(graph, registers=4096).compute()
    assert len(found) == len(expected)
    np.testing.assert_allclose(found, expected, rtol=0.02)


def test_the_error_of_counts_is_what_the_plan_says():
    star = graphwalk.build_zarr(np.stack([np.zeros(1000, int), np.arange(1, 1001)]))
    balls = [
        graphwalk.harmonic_centrality(star, registers=64, seed=seed).compute()[0]
        for seed in range(60)
    ]
    assert 0.08 < np.std(balls) / 1000 < 0.18
    assert abs(np.mean(balls) / 1000 - 1) < 0.06
    assert "13.0 %" in str(graphwalk.harmonic_centrality(star).plan)


def test_all_plans_give_the_same_bits(sparse):
    graph, how, _ = sparse
    found = set()
    for workers in (1, 2):
        with graphwalk.scheduler.use("threads", num_workers=workers):
            for plan in ({}, {"partitions": 3}, {"partitions": 7, "memory": 1}):
                values = graphwalk.harmonic_centrality(graph, **how, **plan).compute()
                hops = graphwalk.hop_distribution(graph, **plan).compute()
                found.add((values.tobytes(), hops.tobytes()))
    assert len(found) == 1


def test_bad_parameters_are_named():
    graph = graphwalk.build_zarr([(0, 1)])
    for options in ({"registers": 8}, {"registers": 100}, {"registers": 64.0}, {"seed": -1}):
        with pytest.raises(errors.InputError, match=f"{next(iter(options))}="):
            graphwalk.harmonic_centrality(graph, **options)
    with pytest.raises(errors.InputError, match="transposed="):
        graphwalk.harmonic_centrality(graphwalk.build_zarr([(0, 1)], directed=True))
    with pytest.raises(errors.MemoryBudgetError, match="memory="):
        graphwalk.harmonic_centrality(graph, memory=10)


def test_a_graph_without_edges():
    graph = graphwalk.build_zarr(np.empty((2, 0), np.int64), num_nodes=3)
    assert graphwalk.harmonic_centrality(graph).compute().tolist() == [0, 0, 0]
    assert graphwalk.hop_distribution(graph).compute() == pytest.approx([3], rel=0.05)
