"""Matrices of what walks visit are those of the walks themselves, within what is said of them."""

import re
from math import exp, log

import dask
import numpy as np
import pyarrow as pa
import pytest
from test_until import KINDS, graph_for

import graphwalk
from graphwalk.algorithms.reductions import count_walk_pairs
from graphwalk.algorithms.reductions.pair_counts import PairCounts, add_counts, largest_of_rows
from graphwalk.algorithms.reductions.ranks_by_walks import walks_for
from graphwalk.cli import main
from graphwalk.errors import InputError, MemoryBudgetError

HOW = {"num_walks": 6, "walk_length": 5, "seed": 1}


def visited_most(walks, num_nodes, top_k, num_walks):
    """Return weights of the nodes that walks visit, by plain loops."""
    expected = np.zeros((len(walks) // num_walks, num_nodes))
    for row, own in enumerate(walks.reshape(-1, num_walks, walks.shape[1])):
        start = own[0, 0]
        counts = np.bincount(own[(own >= 0) & (own != start)], minlength=num_nodes)
        kept = sorted(np.flatnonzero(counts), key=lambda node: (-counts[node], node))[:top_k]
        expected[row, kept] = counts[kept] / max(1, counts[kept].sum())
    return expected


def near_each_other(walks, num_nodes, window):
    expected = np.zeros((num_nodes, num_nodes), np.int64)
    for walk in walks[:, :].tolist():
        for i, node in enumerate(walk):
            for j in range(max(0, i - window), min(len(walk), i + window + 1)):
                if i != j and node >= 0 and walk[j] >= 0:
                    expected[node, walk[j]] += 1
    return expected


@pytest.mark.parametrize("kind", KINDS)
def test_importance_is_the_share_of_visits(kind):
    graph, how = graph_for(kind), HOW | KINDS[kind]
    walks = graphwalk.random_walks(graph, **how).compute()
    expected = visited_most(walks, graph.num_nodes, 3, HOW["num_walks"])
    for partitions in (1, 4):
        found = graphwalk.importance_neighbors(graph, top_k=3, **how, partitions=partitions)
        assert (len(found.plan.walks.partitions) > 1) == (partitions > 1)
        np.testing.assert_array_equal(found.compute().toarray(), expected)
    some = graphwalk.importance_neighbors(graph, [90, 5, 90], top_k=3, **how)
    np.testing.assert_array_equal(some.compute().toarray(), expected[[90, 5, 90]])
    assert some.plan.walks.shape[0] == 2 * HOW["num_walks"], "a node given twice is walked once"


@pytest.mark.parametrize("kind", ["first order", "temporal"])
def test_cooccurrence_counts_the_pairs_of_windows(kind):
    graph, how = graph_for(kind), HOW | KINDS[kind]
    walks = graphwalk.random_walks(graph, **how).compute()
    for window in (2, 9):
        expected = near_each_other(walks, graph.num_nodes, window)
        for partitions in (1, 4):
            found = graphwalk.cooccurrence(graph, window=window, partitions=partitions, **how)
            matrix = found.compute()
            assert found.dtype == matrix.dtype == np.int64
            np.testing.assert_array_equal(matrix.toarray(), expected)
    kept = graphwalk.cooccurrence(graph, window=2, top_k=2, **how).compute().toarray()
    expected = near_each_other(walks, graph.num_nodes, 2)
    assert ((kept > 0).sum(1) == np.minimum(2, (expected > 0).sum(1))).all()
    assert (kept.sum(1) == np.sort(expected, 1)[:, -2:].sum(1)).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_ranks_by_walks_are_within_their_error(weighted):
    rng = np.random.default_rng(4)
    columns = [*rng.integers(0, 40, (2, 90)), *([rng.random(90) + 0.1] * weighted)]
    graph = graphwalk.build_zarr(tuple(columns), num_nodes=42, directed=True)  # with dead ends
    sources, eps = [0, 7, 41], 0.06
    exact = graphwalk.personalized_pagerank(graph, sources, tol=1e-8).compute()
    found = graphwalk.personalized_pagerank(
        graph, sources, "walks", eps=eps, delta=1e-3, seed=2, partitions=3
    )
    ranks = found.compute().toarray()
    assert np.abs(ranks - exact).max() < eps
    # An error of half as much would come up in a tenth of such tests at most, and did not here.
    assert 0 < np.abs(ranks - exact).max() < eps / 2
    np.testing.assert_allclose(ranks.sum(1), 1)
    every = graphwalk.personalized_pagerank(graph, None, "walks", eps=eps, delta=1e-3, seed=2)
    np.testing.assert_array_equal(every.compute().toarray()[sources], ranks)
    best = graphwalk.personalized_pagerank(
        graph, sources, "walks", eps=eps, delta=1e-3, seed=2, top_k=4
    ).compute()
    for row, kept in zip(ranks, best.toarray(), strict=True):
        order = sorted(range(42), key=lambda node: (-row[node], node))[:4]
        assert sorted(np.flatnonzero(kept)) == sorted(node for node in order if row[node] > 0)
        np.testing.assert_array_equal(kept[order], row[order])
    walks, length = walks_for(0.85, eps, 1e-3)
    assert found.plan.walks.shape == (3 * walks, length + 1)
    assert 0.85**length <= 0.1 * eps < 0.85 ** (length - 1)
    assert 2 * exp(-walks * (0.9 * eps) ** 2 / 2) <= 1e-3
    assert walks == pytest.approx(2.47 / eps**2 * log(2 / 1e-3), rel=0.01)


def test_start_nodes_with_more_walks_than_a_block_are_counted_in_several(monkeypatch):
    graph, how = graph_for("first order"), {"top_k": 3, "seed": 1}
    whole = graphwalk.importance_neighbors(graph, **how)
    monkeypatch.setattr(count_walk_pairs, "_LARGEST_BLOCK", 1)
    monkeypatch.setattr(count_walk_pairs, "_BLOCK_NODES", (1 << 8, 1 << 8))
    monkeypatch.setattr(count_walk_pairs, "_WAITING", 100)
    parts = graphwalk.importance_neighbors(graph, **how)
    assert whole.plan.walks.block_rows[0] % 200 == 0 < parts.plan.walks.block_rows[0] < 200
    np.testing.assert_array_equal(parts.compute().toarray(), whole.compute().toarray())


@pytest.mark.parametrize("partitions", [1, 4])
def test_pairs_are_the_same_on_every_executor(session, partitions):
    graph, how = graph_for("first order"), HOW | {"partitions": partitions}
    walks = graphwalk.random_walks(graph, **how).compute(scheduler="sync")
    expected = visited_most(walks, graph.num_nodes, 3, HOW["num_walks"])
    found = graphwalk.importance_neighbors(graph, top_k=3, **how)
    np.testing.assert_array_equal(found.compute().toarray(), expected)
    pairs = graphwalk.cooccurrence(graph, window=2, **how)
    expected = near_each_other(walks, graph.num_nodes, 2)
    (matrix,) = dask.compute(pairs)
    np.testing.assert_array_equal(matrix.toarray(), expected)


def remedy(refused):
    return re.search(r"memory='(.*?)'", str(refused.value)).group(1)


def test_a_budget_that_is_too_small_is_refused_and_the_remedy_is_enough(monkeypatch):
    for name in ("_WAITING", "_AT_A_TIME"):
        monkeypatch.setattr(count_walk_pairs, name, 1 << 10)
    edges = np.random.default_rng(1).integers(0, 10_000, (2, 20_000))
    graph = graphwalk.build_zarr(edges, num_nodes=10_000)
    how = {"num_walks": 4, "walk_length": 6, "seed": 1}
    with dask.config.set(scheduler="threads"):
        with pytest.raises(MemoryBudgetError, match="what is made of them takes") as refused:
            graphwalk.importance_neighbors(graph, **how, memory="2 MiB")
        found = graphwalk.importance_neighbors(graph, **how, memory=remedy(refused))
        assert found.plan.peak_memory <= int(remedy(refused).split()[0]) * 2**20
        assert found.compute().nnz > 50_000
        with pytest.raises(MemoryBudgetError) as refused:
            graphwalk.cooccurrence(graph, **how, memory="2 MiB")
        found = graphwalk.cooccurrence(graph, **how, memory=remedy(refused))
        assert found.plan.peak_memory <= int(remedy(refused).split()[0]) * 2**20
        with pytest.raises(MemoryBudgetError, match="different pairs") as refused:
            found.compute()
        found = graphwalk.cooccurrence(graph, **how, memory=remedy(refused))
        assert found.compute().nnz > 300_000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: graphwalk.importance_neighbors(g, top_k=0), "top_k=0"),
        (lambda g: graphwalk.importance_neighbors(g, num_walks=0), "num_walks=0"),
        (lambda g: graphwalk.importance_neighbors(g, [500]), r"start_nodes\[0\] is 500"),
        (lambda g: graphwalk.cooccurrence(g, window=0), "window=0"),
        (lambda g: graphwalk.cooccurrence(g, walk_length=1.5), "walk_length=1.5"),
        (lambda g: graphwalk.personalized_pagerank(g, 0, top_k=3), "method='walks'"),
        (lambda g: graphwalk.personalized_pagerank(g, 0, seed=1), "seed=1 is for method='walks'"),
        (lambda g: graphwalk.personalized_pagerank(g, 0, "walks", tol=1), "tol=1 is for method="),
        (lambda g: graphwalk.personalized_pagerank(g), "method='walks'"),
        (lambda g: graphwalk.personalized_pagerank(g, 0, "walks", alpha=0), "alpha=0"),
        (lambda g: graphwalk.personalized_pagerank(g, 0, "walks", eps=1e-320), "eps=1e-320"),
        (lambda g: graphwalk.personalized_pagerank(g, 0, "walks", delta=1e-320), "delta=1e-320"),
        (lambda g: graphwalk.personalized_pagerank(g, 0, "walks", eps=1), "eps=1"),
        (lambda g: graphwalk.personalized_pagerank(g, 0, "walks", delta=0), "delta=0"),
        (lambda g: graphwalk.personalized_pagerank(g, 0, "walks", eps=1e-9), "eps=1e-09 ask for"),
        (lambda g: graphwalk.personalized_pagerank(g, 0, "walks", 1 - 1e-12), "alpha=.* steps"),
        (lambda g: graphwalk.personalized_pagerank(g, 0, "walks", 1e-99), "alpha=1e-99"),
        (lambda g: graphwalk.personalized_pagerank(g, 0, "walks", weight="w"), "weight='w'"),
        (lambda g: graphwalk.personalized_pagerank(g, 500, "walks"), "500"),
    ],
)
def test_what_is_asked_for_is_checked(call, message):
    with pytest.raises(InputError, match=message):
        call(graph_for("first order"))


def test_parameters_are_those_of_walks_but_for_their_blocks():
    with pytest.raises(TypeError, match="chunks"):
        graphwalk.cooccurrence(graph_for("first order"), chunks=5)


def test_counts_are_added_and_the_largest_kept():
    parts = [
        PairCounts(np.array([1, 12, 15]), np.array([2, 1, 5])),
        PairCounts(np.array([0, 12, 13]), np.array([2, 3, 4])),
    ]
    whole = add_counts(parts)
    assert [each.tolist() for each in whole] == [[0, 1, 12, 13, 15], [2, 2, 4, 4, 5]]
    kept = largest_of_rows(whole, 10, 1)
    assert [each.tolist() for each in kept] == [[0, 15], [2, 5]]
    kept = largest_of_rows(whole, 10, 2)
    assert [each.tolist() for each in kept] == [[0, 1, 12, 15], [2, 2, 4, 5]]
    nothing = add_counts([])
    assert len(largest_of_rows(nothing, 10, 2).keys) == 0


def test_pairs_become_tables_by_label(tmp_path):
    graph = graphwalk.build_zarr([("a", "b"), ("b", "c")], directed=True)
    how = {"num_walks": 2, "walk_length": 4, "seed": 1}
    table = graphwalk.to_arrow(graphwalk.importance_neighbors(graph, ["b", "a", "c"], **how))
    path = graphwalk.write_nodes(table, tmp_path / "pairs.csv")
    expected = ["source,target,weight", "b,c,1", "a,b,0.5", "a,c,0.5"]
    assert path.read_text().splitlines() == expected
    pairs = graphwalk.to_arrow(graphwalk.cooccurrence(graph, window=1, **how), labels=False)
    assert pa.table(pairs).to_pydict() == {
        "source": [0, 1, 1, 2],
        "target": [1, 0, 2, 1],
        "count": [2, 2, 4, 4],
    }


def test_the_command(tmp_path, capsys):
    store, output = tmp_path / "graph.zarr", tmp_path / "ranks.csv"
    graph = graphwalk.build_zarr([("a", "b"), ("b", "c"), ("c", "a")], store, directed=True)
    options = ["--sources", "b,c", "--top-k", "2", "--eps", "0.1", "--seed", "3", "--unweighted"]
    assert main(["ppr", str(store), str(output), *options]) == 0
    assert "walks from each of 2 nodes" in capsys.readouterr().out
    how = {"top_k": 2, "eps": 0.1, "seed": 3}
    ranks = graphwalk.personalized_pagerank(graph, ["b", "c"], "walks", **how).compute().toarray()
    rows = [line.split(",") for line in output.read_text().splitlines()]
    assert rows[0] == ["source", "target", "rank"]
    found = np.zeros((2, 3))
    for source, target, rank in rows[1:]:
        found["bc".index(source), "abc".index(target)] = float(rank)
    np.testing.assert_allclose(found, ranks)
    assert main(["ppr", str(store), str(output), "--sources", "z", "--overwrite"]) == 1
    assert "--sources z" in capsys.readouterr().err
    counts = tmp_path / "visits.csv"
    assert (
        main(["visits", str(store), str(counts), "--start-nodes", "a", "--walk-length", "2"]) == 0
    )
    assert counts.read_text().splitlines() == ["node,visits", "a,10", "b,10", "c,10"]
