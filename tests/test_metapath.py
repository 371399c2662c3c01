"""Walks along metapaths of types of nodes or edges, and types of nodes in the store."""

import itertools
from collections import defaultdict
from functools import cache, partial

import numpy as np
import oracle
import pytest
import zarr
from plans import read_again
from resealed import reseal
from scipy import stats

import graphwalk
from graphwalk import InputError, StoreError
from graphwalk.kernels.rows.group_by_kind import group_rows

NODES = 60
PATHS = [("b", "c", "b", "a"), ("a",), ("c", "a"), ("b", "b", "a")]


def edges():
    rng = np.random.default_rng(4)
    src, dst = rng.integers(0, NODES - 1, (2, 500))
    return src, dst, rng.exponential(size=500).astype(np.float32)


TYPES = np.random.default_rng(5).choice(list("abcd"), NODES)


@pytest.fixture(scope="module", params=["unweighted", "weighted", "types of edges"])
def graph(request):
    columns = edges()[: 3 if request.param == "weighted" else 2]
    how = {"num_nodes": NODES, "directed": True}
    if request.param == "types of edges":
        columns = (*columns, np.random.default_rng(6).integers(0, 4, len(columns[0])))
        return graphwalk.build_zarr(columns, **how, edge_types=True)
    return graphwalk.set_node_types(graphwalk.build_zarr(columns, **how), TYPES)


def named(graph, path):
    """Return a metapath as the graph has it, whose types of edges are numbers."""
    return path if graph.edge_type_names is None else tuple(map("abcd".index, path))


@cache
def row_of(graph, node):
    return graph.rows(node, node + 1)


def odds_of(graph, node, kind):
    """Return the probability of each next node, -1 for a walk that is over."""
    row = row_of(graph, node)
    weights = row.weights if graph.weighted else np.ones(len(row.neighbors))
    fits = (TYPES[row.neighbors] if graph.edge_type_names is None else row.edge_types) == kind
    if not fits.any():
        return {-1: 1.0}
    shares = weights[fits] / weights[fits].sum()
    return dict(zip(row.neighbors[fits].tolist(), shares.tolist(), strict=True))


def excess(graph, walks, path, odds_of=odds_of):
    """Return χ² of all steps, and the critical value; steps that cannot be raise."""
    total, freedom, odds_of = 0.0, 0, cache(partial(odds_of, graph))
    for step in range(9):
        steps = walks[walks[:, step] >= 0, step : step + 2]
        here, then = steps[steps[:, 0].argsort(stable=True)].T
        nodes, first = np.unique(here, return_index=True)
        for node, after in zip(nodes.tolist(), np.split(then, first[1:]), strict=True):
            found, counts = np.unique(after, return_counts=True)
            odds = odds_of(node, path[step % len(path)])
            assert set(found.tolist()) <= set(odds), f"{node} at step {step}"
            expected = {k: p * counts.sum() for k, p in odds.items()}
            if min(expected.values()) < 5:
                continue
            seen = dict(zip(found.tolist(), counts.tolist(), strict=True))
            total += sum((seen.get(k, 0) - e) ** 2 / e for k, e in expected.items())
            freedom += len(expected) - 1
    assert freedom > 50
    return total, stats.chi2.isf(1e-4, freedom)


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("path", PATHS, ids="".join)
def test_steps_have_the_probabilities_of_the_rows(graph, path, partitions):
    path = named(graph, path)
    how = {"metapath": path, "num_walks": 1000, "walk_length": 9, "seed": 3}
    walks = graphwalk.random_walks(graph, **how, partitions=partitions).compute()
    chi2, critical = excess(graph, walks, path)
    assert chi2 < critical
    assert (walks == -1).any(), "there are dead ends"


def odds_with_restarts(graph, start, path, length, restart):
    """Return the probability of each walk, whose metapath begins again at each restart."""
    found = defaultdict(float)

    def go_on(walk, phase, odds):
        if len(walk) > length or walk[-1] == -1:
            found[walk + (-1,) * (length + 1 - len(walk))] += odds
            return
        go_on((*walk, start), 0, odds * restart)
        for node, share in odds_of(graph, walk[-1], path[phase % len(path)]).items():
            go_on((*walk, node), phase + 1, odds * (1 - restart) * share)

    go_on((start,), 0, 1.0)
    return found


@pytest.mark.parametrize("partitions", [1, 3])
def test_metapaths_begin_again_at_restarts(graph, partitions):
    path = named(graph, ("b", "a", "c"))
    how = {"metapath": path, "restart_prob": 0.4, "num_walks": 20_000, "walk_length": 4}
    for start in (3, 7):
        walks = graphwalk.random_walks(graph, [start], seed=5, partitions=partitions, **how)
        odds = odds_with_restarts(graph, start, path, 4, 0.4)
        assert sum(odds.values()) == pytest.approx(1)
        chi2, critical = oracle.excess_of_walks(walks.compute(), odds)
        assert chi2 < critical


def test_wrong_probabilities_are_noticed(graph):
    path = named(graph, PATHS[0])
    walks = graphwalk.random_walks(
        graph, metapath=path, num_walks=1000, walk_length=9, seed=3
    ).compute()
    with pytest.raises(AssertionError, match="at step"):
        excess(graph, walks, path[::-1])

    def uneven(graph, node, kind):
        odds = odds_of(graph, node, kind)
        first = next(iter(odds))
        odds[first] *= 1.1
        return {then: p / sum(odds.values()) for then, p in odds.items()}

    chi2, critical = excess(graph, walks, path, uneven)
    assert chi2 > critical


@pytest.mark.parametrize("path", PATHS, ids="".join)
def test_plans_do_not_change_walks(graph, path):
    how = {
        "metapath": named(graph, path),
        "num_walks": 7,
        "walk_length": 12,
        "seed": 9,
        "stop_prob": 0.02,
        "restart_prob": 0.2,
    }
    whole = graphwalk.random_walks(graph, **how, chunks=-1, partitions=1).compute()
    for partitions, chunks in [(1, 50), (2, "auto"), (5, 31)]:
        walks = graphwalk.random_walks(graph, **how, partitions=partitions, chunks=chunks)
        assert (len(walks.plan.partitions) > 1) == (partitions > 1)
        np.testing.assert_array_equal(walks.compute(), whole)
        np.testing.assert_array_equal(read_again(walks, ahead=True).compute(), whole)
    some = graphwalk.random_walks(graph, [40, 3], **how, partitions=4).compute()
    np.testing.assert_array_equal(some, whole.reshape(NODES, 7, -1)[[40, 3]].reshape(14, -1))


def test_kinds_of_walks_do_not_spoil_each_other(graph):
    """A process keeps what it has loaded of a graph, as it is for one of them."""
    how = {"num_walks": 3, "walk_length": 8, "seed": 2}
    paths = [named(graph, path) for path in (("a", "b"), ("c",))]
    kinds = [{}, *({"metapath": path} for path in paths), {"p": 3.0}]
    if graph.weighted:
        kinds += [{**kind, "weighted": False} for kind in kinds]
    fresh = [
        graphwalk.random_walks(graphwalk.open_zarr(graph.path), **how, **kind).compute()
        for kind in kinds
    ]
    for first, second in itertools.permutations(range(len(kinds)), 2):
        for number in (first, second):
            walks = graphwalk.random_walks(graph, **how, **kinds[number]).compute()
            np.testing.assert_array_equal(walks, fresh[number])


@pytest.mark.parametrize("by_edge", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_rows_are_grouped_and_keep_their_order(weighted, by_edge):
    rng = np.random.default_rng(1)
    starts = np.r_[0, np.cumsum(rng.integers(0, 9, 30))].astype(np.uint32)
    nodes = rng.integers(0, 30, starts[-1]).astype(np.int32)
    weights = np.arange(1, 1 + weighted * len(nodes), dtype=np.float32)
    kind_of = rng.integers(0, 4, 30).astype(np.uint8)
    neighbors, values, grouped = nodes.copy(), weights.copy(), np.zeros(30 * 4 + 1, np.uint32)
    typed = rng.integers(0, 30, len(nodes)).astype(np.uint8) if by_edge else neighbors
    kind = kind_of[typed]
    places = np.arange(len(nodes), dtype=np.uint32)
    group_rows(starts, neighbors, values, typed, kind_of, 4, places, grouped)
    np.testing.assert_array_equal(neighbors, nodes[places])
    for row, which in itertools.product(range(30), range(4)):
        a, b = grouped[4 * row + which : 4 * row + which + 2]
        was = np.arange(starts[row], starts[row + 1])
        was = was[kind[was] == which]
        np.testing.assert_array_equal(neighbors[a:b], nodes[was])
        if weighted:
            np.testing.assert_array_equal(values[a:b], was + 1)
    assert grouped[-1] == starts[-1]


def test_neighbors_that_weigh_nothing_are_not_gone_to():
    """Even where a node has no others of that type, though it has others."""
    edges = [(0, 1, 0.0), (0, 2, 0.0), (0, 3, 1.0), (3, 1, 0.0), (3, 2, 2.0)]
    graph = graphwalk.build_zarr(edges, directed=True)
    graph = graphwalk.set_node_types(graph, ["a", "b", "b", "a"])
    how = {"num_walks": 200, "walk_length": 2, "seed": 1}
    dead = graphwalk.random_walks(graph, [0], metapath=["b"], **how).compute()
    assert np.unique(dead, axis=0).tolist() == [[0, -1, -1]]
    walks = graphwalk.random_walks(graph, [0], metapath=["a", "b"], **how).compute()
    assert np.unique(walks, axis=0).tolist() == [[0, 3, 2]]
    split = graphwalk.random_walks(graph, [0], metapath=["a", "b"], **how, partitions=2)
    np.testing.assert_array_equal(split.compute(), walks)


# -- types in the store ------------------------------------------------------------------------


def small(path=None):
    return graphwalk.build_zarr([(0, 1), (1, 2)], path)


def test_types_are_read_back(tmp_path):
    graph = small(tmp_path / "graph.zarr")
    assert graph.node_types is None
    for types in (["x", "y", "x"], np.array([7, 7, 3]), np.array(["u", "v", "w"], object)):
        given = graphwalk.set_node_types(graph, types)
        for again in (given, graphwalk.open_zarr(tmp_path / "graph.zarr")):
            assert again.node_types.tolist() == list(types)
            assert again.validate().ok
    path = graphwalk.random_walks(given, [0], metapath=["v", "w"], num_walks=1, walk_length=3)
    assert path.compute().tolist() == [[0, 1, 2, 1]]


def test_types_at_a_url():
    graph = small("memory://test_metapath/graph.zarr")
    for types in (["x", "y", "x"], ["y", "x", "z"]):
        graph = graphwalk.set_node_types(graph, types)
        assert graphwalk.open_zarr(graph.path).node_types.tolist() == types
        assert f"{len(set(types))} types of nodes" in repr(graph)


def test_integer_types_may_be_named_by_their_text():
    graph = graphwalk.set_node_types(small(), [5, 6, 5])
    for path in ([6, 5], ["6", "5"], np.array([6, 5])):
        walks = graphwalk.random_walks(graph, metapath=path, num_walks=1, walk_length=2, seed=0)
        assert set(walks.compute()[0, 1:2]) == {1}


@pytest.mark.parametrize(
    ("types", "complaint"),
    [
        (["x", "y"], r"shape \(2,\), but .* has 3 nodes"),
        ([[1], [2], [3]], r"shape \(3, 1\)"),
        ([0.5, 1, 2], "float64"),
        ([None, "a", "b"], "object"),
    ],
)
def test_types_that_are_none_are_refused(types, complaint):
    with pytest.raises(InputError, match=complaint):
        graphwalk.set_node_types(small(), types)


def test_too_many_types_are_refused():
    graph = graphwalk.build_zarr([(0, 1)], num_nodes=300)
    with pytest.raises(InputError, match="300 types"):
        graphwalk.set_node_types(graph, np.arange(300))
    assert graphwalk.set_node_types(graph, np.arange(300) % 255).validate().ok


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        ({"metapath": ["z"]}, "names the type 'z'.* of 'x', 'y'"),
        ({"metapath": []}, "is empty"),
        ({"metapath": 3}, "names the type 3"),
        ({"metapath": ["x"], "p": 2}, "first-order"),
        ({"metapath": ["x"], "dead_end": "stay"}, "first-order"),
    ],
)
def test_metapaths_that_cannot_be_are_refused(how, complaint):
    graph = graphwalk.set_node_types(small(), ["x", "y", "x"])
    with pytest.raises(InputError, match=complaint):
        graphwalk.random_walks(graph, **how)
    with pytest.raises(InputError, match=r"graphwalk\.set_node_types gives types"):
        graphwalk.random_walks(small(), metapath=["x"])


def test_damaged_types_are_noticed(tmp_path):
    graph = graphwalk.set_node_types(small(tmp_path / "graph.zarr"), ["x", "y", "x"])
    zarr.open_array(tmp_path / "graph.zarr" / "node_types")[1] = 9
    reseal(tmp_path / "graph.zarr")
    assert "has the type 9" in str(graph.validate().problems)
    with pytest.raises(StoreError, match="has the type 9"):
        graphwalk.random_walks(graph, metapath=["x"]).compute()
    next((tmp_path / "graph.zarr" / "node_types" / "c").iterdir()).unlink()
    with pytest.raises(StoreError, match="node_types"):
        graphwalk.random_walks(graphwalk.open_zarr(graph.path), metapath=["x"]).compute()


def test_walks_on_other_types_are_other_walks(tmp_path):
    """A job is not resumed where the types have changed since."""
    graph = graphwalk.set_node_types(small(tmp_path / "graph.zarr"), ["x", "y", "x"])

    def write(graph):
        walks = graphwalk.random_walks(graph, metapath=["x", "y"], num_walks=1, seed=1)
        graphwalk.write_walks(walks, tmp_path / "walks.zarr", resume=True)

    write(graph)
    write(graph)
    graph = graphwalk.set_node_types(graph, ["y", "x", "y"])
    with pytest.raises(graphwalk.StoreExistsError):
        write(graph)


def test_a_metapath_along_which_no_walk_can_go_is_said_to_be_one(tmp_path):
    edges = [(0, 1), (0, 2), (1, 2)]
    graph = graphwalk.build_zarr(edges[:2], directed=False)
    graph = graphwalk.set_node_types(graph, ["author", "paper", "paper"])
    how = {"num_walks": 2, "walk_length": 4, "seed": 1}
    stuck = graphwalk.random_walks(graph, [1, 2], metapath=["paper", "author"], **how)
    with pytest.warns(UserWarning, match="no start node has a neighbour of the type 'paper'"):
        assert (stuck.compute()[:, 1:] == -1).all()
    with pytest.warns(UserWarning, match="none of 4 walks has made a step"):
        graphwalk.write_walks(stuck, tmp_path / "walks.npy")
    graph = graphwalk.build_zarr([(*edge, 7) for edge in edges], edge_types=True, directed=True)
    stuck = graphwalk.random_walks(graph, [2], metapath=[7], **how)
    with pytest.warns(UserWarning, match="no start node has an edge of the type 7"):
        stuck.compute()
    for starts in ([0, 2], []):
        graphwalk.random_walks(graph, starts, metapath=[7], **how).compute()
