"""Similarity of nodes by common neighbours, against NetworkX."""

import networkx as nx
import numpy as np
import pytest

import graphwalk
from graphwalk import errors
from graphwalk.algorithms.analytics import compare_rows

ORACLES = {
    "jaccard": nx.jaccard_coefficient,
    "adamic_adar": nx.adamic_adar_index,
    "common_neighbors": lambda graph, pairs: (
        (u, v, len(nx.common_neighbors(graph, u, v))) for u, v in pairs
    ),
    "resource_allocation": nx.resource_allocation_index,
}


@pytest.fixture
def plain():
    """Return a random graph of NetworkX without loops, and with isolated nodes."""
    graph = nx.gnm_random_graph(60, 150, seed=2)
    graph.add_nodes_from(range(60, 63))
    return graph


@pytest.fixture
def small(monkeypatch):
    """Have tasks hold few entries, so that there are many."""
    monkeypatch.setattr(compare_rows, "_ENTRIES", 20)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("measure", ORACLES)
def test_pairs_are_as_similar_as_networkx_says(plain, measure):
    graph = graphwalk.build_zarr(np.array(plain.edges).T, num_nodes=63)
    pairs = np.random.default_rng(1).integers(0, 63, (300, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    found = graphwalk.similarity(graph, pairs, measure).compute()
    expected = [value for *_, value in ORACLES[measure](plain, pairs.tolist())]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert found.any()
    with graphwalk.scheduler.use("threads", num_workers=1):
        again = graphwalk.similarity(graph, pairs[::-1], measure).compute()
    assert again[::-1].tobytes() == found.tobytes()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("measure", ORACLES)
def test_the_most_similar_of_all_others(plain, measure):
    graph = graphwalk.build_zarr(np.array(plain.edges).T, num_nodes=63)
    found = graphwalk.similar_nodes(graph, [0, 7, 61], 5, measure).compute()
    for node, candidates in zip([0, 7, 61], found.tolist(), strict=True):
        others = [(node, v) for v in plain if v != node and not plain.has_edge(node, v)]
        scores = {v: value for _, v, value in ORACLES[measure](plain, others) if value}
        best = sorted(scores, key=lambda v: (-scores[v], v))[:5]
        got = [v for v in candidates if v >= 0]
        assert len(got) == len(best)
        assert [scores[v] for v in got] == pytest.approx([scores[v] for v in best])
    assert found[2].tolist() == [-1] * 5


def test_directed_graphs_loops_and_parallel_edges():
    edges = [(0, 2), (0, 2), (0, 3), (1, 2), (1, 1), (4, 2), (4, 4)]
    graph = graphwalk.build_zarr(edges, directed=True, duplicates="keep")
    how = {"transposed": graph.transpose()}
    pairs = [(0, 1), (0, 4), (2, 3), (0, 0)]
    assert graphwalk.similarity(graph, pairs).compute().tolist() == [0.5, 0.5, 0, 1]
    found = graphwalk.similarity(graph, pairs, "resource_allocation", **how).compute()
    assert found.tolist() == [0.25, 0.25, 0, 1.25]  # four edges lead to node 2, one to node 3
    found = graphwalk.similar_nodes(graph, [0, 2], 3, "common_neighbors", **how).compute()
    assert found.tolist() == [[1, 4, -1], [-1, -1, -1]]


def test_labels_name_nodes():
    graph = graphwalk.build_zarr([("ada", "bob"), ("ada", "eve"), ("kim", "bob")])
    assert graphwalk.similarity(graph, [("kim", "ada")]).compute().tolist() == [0.5]
    found = graphwalk.similar_nodes(graph, "kim", 1).compute()
    assert graph.names(found[0]).tolist() == ["ada"]
    assert graphwalk.similarity(graph, []).compute().shape == (0,)


def test_bad_parameters_are_named():
    graph = graphwalk.build_zarr([(0, 1)], directed=True)
    for options in (
        {"pairs": [0, 1]},
        {"pairs": [(0, 1), (0,)]},
        {"pairs": [(0, 1, 1)]},
        {"pairs": [(0, 0)], "measure": "cosine"},
    ):
        with pytest.raises(errors.InputError, match=[*options][-1]):
            graphwalk.similarity(graph, **options)
    with pytest.raises(errors.InputError, match="no node 7"):
        graphwalk.similarity(graph, [(0, 7)])
    for call in (
        lambda: graphwalk.similarity(graph, [(0, 1)], "adamic_adar"),
        lambda: graphwalk.similar_nodes(graph, 0),
    ):
        with pytest.raises(errors.InputError, match="transposed="):
            call()
    with pytest.raises(errors.InputError, match="k="):
        graphwalk.similar_nodes(graph, 0, 0)
    with pytest.raises(errors.MemoryBudgetError, match="memory="):
        graphwalk.similar_nodes(graph, 0, 10**12, transposed=graph.transpose())
