"""PageRank against the exact solution of its equation, and against NetworkX, for every plan."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import graphwalk
from graphwalk import errors

ACCURATE = {"tol": 1e-12, "max_iter": 1000}


def random_graph(*, directed, nodes=200, edges=500, seed=1):
    ids = np.random.default_rng(seed).integers(0, nodes, (2, edges))
    return graphwalk.build_zarr(ids, num_nodes=nodes, directed=directed, relabel=False)


def exact(graph, alpha, personalization=None, dangling=None):
    """Solve the equation that PageRank is defined by, as a dense linear system."""
    nodes = graph.num_nodes
    teleport = np.full(nodes, 1 / nodes) if personalization is None else personalization
    sunk = teleport if dangling is None else dangling
    moves = (graph.to_scipy().toarray() > 0).astype(float)
    degrees = moves.sum(axis=1)
    moves[degrees > 0] /= degrees[degrees > 0, None]
    moves[degrees == 0] = sunk
    return np.linalg.solve(np.eye(nodes) - alpha * moves.T, (1 - alpha) * teleport)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.85, 0.95])
def test_ranks_solve_the_equation(directed, alpha):
    graph = random_graph(directed=directed)
    ranks = graphwalk.pagerank(graph, alpha, **ACCURATE).compute()
    np.testing.assert_allclose(ranks, exact(graph, alpha), rtol=1e-9)
    assert abs(ranks.sum() - 1) < 1e-12


@pytest.mark.parametrize("directed", [False, True])
def test_starts_and_sinks_go_where_they_are_told(directed):
    graph = random_graph(directed=directed)
    rng = np.random.default_rng(2)
    given = rng.random((2, graph.num_nodes))
    personalization, dangling = given / given.sum(axis=1, keepdims=True)
    ranks = graphwalk.pagerank(graph, 0.8, given[0], dangling=given[1], **ACCURATE).compute()
    np.testing.assert_allclose(ranks, exact(graph, 0.8, personalization, dangling), rtol=1e-9)


def test_networkx_agrees():
    graph = random_graph(directed=True)
    starts = {3: 1.0, 7: 2.0}
    expected = nx.pagerank(graph.to_networkx(), personalization=starts, tol=1e-12, max_iter=1000)
    ranks = graphwalk.pagerank(graph, personalization=starts, **ACCURATE).compute()
    np.testing.assert_allclose(ranks, [expected[node] for node in range(len(ranks))], atol=1e-11)


@pytest.mark.parametrize("directed", [False, True])
def test_all_plans_give_the_same_bits(directed):
    graph = random_graph(directed=directed, nodes=30_000, edges=100_000)
    expected = graphwalk.pagerank(graph).compute().tobytes()
    for workers in (1, 2, 3):
        with graphwalk.scheduler.use("threads", num_workers=workers):
            for partitions in (1, 3, 7, 100):
                ranks = graphwalk.pagerank(graph, partitions=partitions).compute()
                assert ranks.tobytes() == expected


@pytest.mark.parametrize("partitions", [1, 3])
def test_partitions_that_are_read_in_each_pass_give_the_same_bits(partitions):
    graph = random_graph(directed=False, nodes=30_000, edges=100_000)
    least = graphwalk.pagerank(graph, partitions=partitions, memory=1)
    assert not least.plan.resident
    assert graphwalk.pagerank(graph).plan.resident
    np.testing.assert_array_equal(least.compute(), graphwalk.pagerank(graph).compute())


def test_ranks_that_do_not_converge_are_an_error():
    graph = random_graph(directed=True)
    with pytest.raises(errors.ConvergenceError, match="max_iter=3"):
        graphwalk.pagerank(graph, max_iter=3).compute()
    assert len(graphwalk.pagerank(graph, max_iter=3, tol=0.5).compute()) == graph.num_nodes


def test_a_start_near_the_end_takes_fewer_passes():
    graph = random_graph(directed=True)
    ranks = graphwalk.pagerank(graph, **ACCURATE).compute()
    again = graphwalk.pagerank(graph, nstart=ranks, max_iter=2).compute()
    np.testing.assert_allclose(again, ranks, rtol=1e-6)


def test_nodes_are_named_by_their_labels():
    graph = graphwalk.build_zarr([("a", "b"), ("b", "c"), ("x", "y")])
    by_label = graphwalk.pagerank(graph, personalization={"x": 1}, **ACCURATE).compute()
    series = pd.Series([1.0, 0.0], index=["x", "a"])
    np.testing.assert_array_equal(
        graphwalk.pagerank(graph, personalization=series, **ACCURATE).compute(), by_label
    )
    assert (by_label[graph.index_of(["x", "y"])] > 0).all()
    assert (by_label[graph.index_of(["a", "b", "c"])] < 1e-10).all()


def test_numbers_that_add_up_to_infinity_are_shares():
    graph = random_graph(directed=True)
    found = graphwalk.pagerank(graph, personalization={1: 1e308, 2: 1.7e308}, **ACCURATE)
    expected = graphwalk.pagerank(graph, personalization={1: 1.0, 2: 1.7}, **ACCURATE)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"alpha": 1.0}, "alpha="),
        ({"alpha": -0.1}, "alpha="),
        ({"alpha": float("nan")}, "alpha="),
        ({"max_iter": 0}, "max_iter="),
        ({"tol": 0}, "tol="),
        ({"tol": float("nan")}, "tol="),
        ({"personalization": [1.0, 2.0]}, "personalization="),
        ({"personalization": {0: -1.0}}, "personalization="),
        ({"personalization": {10**6: 1.0}}, "no node"),
        ({"dangling": np.zeros(200)}, "dangling="),
        ({"nstart": np.full(200, np.nan)}, "nstart="),
        ({"nstart": "everywhere"}, "nstart="),
        ({"nstart": ["1"] * 200}, "nstart=.*no array of numbers"),
        ({"nstart": [10**400] * 200}, "nstart=.*no array of numbers"),
        ({"dangling": {0: "x"}}, "dangling=.*no array of numbers"),
        ({"dangling": {0: [1, 2]}}, "dangling=.*shape"),
        ({"personalization": pd.Series([1.0, 2.0], index=[3, 3])}, "personalization=.*twice"),
        ({"weight": "km"}, "weight='km'"),
    ],
)
def test_bad_parameters_are_named(options, name):
    with pytest.raises(errors.InputError, match=name):
        graphwalk.pagerank(random_graph(directed=True), **options)


@pytest.mark.parametrize("directed", [True, False])
def test_weights_are_shares_of_a_step(directed):
    rng = np.random.default_rng(5)
    src, dst = rng.integers(0, 60, (2, 300))
    edges = src, dst, rng.uniform(0.01, 100, 300).astype(np.float32)
    graph = graphwalk.build_zarr(edges, num_nodes=64, directed=directed)
    weighted = graph.to_networkx()
    ranks = graphwalk.pagerank(graph, **ACCURATE).compute()
    expected = nx.pagerank(weighted, tol=1e-12, max_iter=1000)
    np.testing.assert_allclose(ranks, [expected[n] for n in range(64)], rtol=1e-6)
    for partitions in (1, 2, 7):  # a row is in several of them
        again = graphwalk.pagerank(graph, partitions=partitions, **ACCURATE).compute()
        assert again.tobytes() == ranks.tobytes()
    plain = graphwalk.pagerank(graph, weight=None, **ACCURATE).compute()
    expected = nx.pagerank(weighted, tol=1e-12, max_iter=1000, weight=None)
    np.testing.assert_allclose(plain, [expected[n] for n in range(64)], rtol=1e-6)


def test_personalized_ranks_have_a_row_for_each_source():
    graph = graphwalk.build_zarr([("a", "b"), ("b", "c"), ("c", "d"), ("x", "y")], directed=True)
    one = graphwalk.personalized_pagerank(graph, "b", **ACCURATE).compute()
    expected = nx.pagerank(graph.to_networkx(), personalization={"b": 1}, tol=1e-12, max_iter=1000)
    np.testing.assert_allclose(one, [expected[n] for n in graph.labels], atol=1e-9)
    both = graphwalk.personalized_pagerank(graph, ["x", "b"], **ACCURATE)
    assert both.shape == (2, graph.num_nodes)
    np.testing.assert_array_equal(both.compute()[1], one)
    with pytest.raises(errors.InputError, match="no sources"):
        graphwalk.personalized_pagerank(graph, [])
    with pytest.raises(errors.InputError, match="'z'"):
        graphwalk.personalized_pagerank(graph, ["z"])
    with pytest.raises(errors.ConvergenceError, match="max_iter=2"):
        graphwalk.personalized_pagerank(graph, "b", max_iter=2, tol=1e-12).compute()


def test_nodes_without_edges_have_equal_ranks():
    graph = graphwalk.build_zarr(np.empty((2, 0), np.int64), num_nodes=4)
    assert graphwalk.pagerank(graph).compute().tolist() == [0.25] * 4
