"""Walks that end where they reach some nodes, and how long that takes."""

from math import inf

import numpy as np
import pytest
from plans import among_slow

import graphwalk
from graphwalk.cli import main
from graphwalk.errors import InputError
from graphwalk.util.node_set import NodeSet, marked

NODES, LENGTH = 200, 30
UNTIL = [3, 50, 120, 7]
KINDS = {
    "first order": {},
    "node2vec": {"p": 0.5, "q": 2},
    "no way back": {"p": inf, "dead_end": "restart"},
    "restart": {"restart_prob": 0.1, "stop_prob": 0.02},
    "temporal": {"temporal": True},
    "metapath": {"metapath": [1, 0]},
}


def graph_for(kind):
    rng = np.random.default_rng(0)
    columns = [*rng.integers(0, NODES, (2, 600))]
    if kind == "temporal":
        columns.append(rng.integers(0, 100, 600))
    if kind == "metapath":
        columns.append(rng.integers(0, 2, 600))
    how = {"times": kind == "temporal", "edge_types": kind == "metapath"}
    return graphwalk.build_zarr(tuple(columns), num_nodes=NODES, **how)


#: For each of the others, walks that end at nodes have kernels of their own, as without such nodes.
QUICK = [kind for kind in KINDS if kind not in ("no way back", "metapath")]


@pytest.mark.parametrize("kind", among_slow(QUICK, KINDS))
def test_walks_are_the_same_up_to_the_first_of_the_nodes(kind):
    graph, how = graph_for(kind), {"num_walks": 3, "walk_length": LENGTH, "seed": 1, **KINDS[kind]}
    expected = graphwalk.random_walks(graph, **how).compute()
    reached = np.isin(expected, UNTIL)
    first = np.where(reached.any(1), reached.argmax(1), LENGTH)
    expected[np.arange(LENGTH + 1) > first[:, None]] = -1
    for partitions in (1, 4):
        walks = graphwalk.random_walks(graph, **how, until=UNTIL, partitions=partitions)
        np.testing.assert_array_equal(walks.compute(), expected)
    times = np.where(reached.any(1), first, -1)
    assert 0.01 < (times >= 0).mean() < 0.99
    np.testing.assert_array_equal(graphwalk.hitting_times(walks).compute(), times)
    np.testing.assert_array_equal(graphwalk.hitting_times(walks[40:90]).compute(), times[40:90])
    lengths = (expected >= 0).sum(1) - 1
    np.testing.assert_array_equal(graphwalk.walk_lengths(walks).compute(), lengths)


@pytest.mark.parametrize("weighted", [False, True])
def test_hitting_times_are_those_of_the_linear_system(weighted):
    rng = np.random.default_rng(4)
    pairs = np.unique(np.sort(rng.integers(0, 12, (40, 2))), axis=0)
    pairs = np.concatenate([pairs[pairs[:, 0] != pairs[:, 1]], [(k, k + 1) for k in range(12)]])
    pairs = np.unique(pairs, axis=0)
    weights = rng.random(len(pairs)).astype(np.float32) + 0.2
    graph = graphwalk.build_zarr((*pairs.T, weights) if weighted else tuple(pairs.T))
    steps = graph.to_scipy().toarray()
    steps /= steps.sum(1, keepdims=True)
    others = np.setdiff1d(np.arange(13), [0, 5])
    inner = steps[np.ix_(others, others)]
    mean = np.linalg.solve(np.eye(len(others)) - inner, np.ones(len(others)))
    walks = graphwalk.random_walks(
        graph, others, until=[5, 0], num_walks=4000, walk_length=2000, seed=2
    )
    times = graphwalk.hitting_times(walks).compute().reshape(len(others), -1)
    assert times.min() > 0, "all arrive"
    error = times.std(1) / np.sqrt(times.shape[1])
    assert (np.abs(times.mean(1) - mean) < 4.5 * error).all()


@pytest.mark.parametrize("k", [1, 4, 40])
def test_the_first_distinct_nodes_are_those_of_the_walk(k):
    graph = graph_for("first order")
    how = {"num_walks": 2, "walk_length": LENGTH, "seed": 1, "stop_prob": 0.1, "chunks": 60}
    walks = graphwalk.random_walks(graph, **how)
    found = graphwalk.first_distinct(walks, k)
    assert (found.shape, found.dtype) == ((2 * NODES, k), walks.dtype)
    expected = np.full(found.shape, -1)
    for row, walk in zip(expected, walks.compute().tolist(), strict=True):
        nodes = [*dict.fromkeys(node for node in walk if node >= 0)][:k]
        row[: len(nodes)] = nodes
    np.testing.assert_array_equal(found.compute(), expected)
    part = graphwalk.first_distinct(walks.rechunk((50, 7))[30:110], k)
    np.testing.assert_array_equal(part.compute(), expected[30:110])
    longer = graphwalk.random_walks(graph, **how | {"walk_length": 2 * LENGTH})
    whole = expected[:, -1] >= 0
    np.testing.assert_array_equal(
        graphwalk.first_distinct(longer, k).compute()[whole], expected[whole]
    )
    assert whole.any() == (k < 40)
    with pytest.raises(InputError, match="k=0 must be an integer, at least 1"):
        graphwalk.first_distinct(walks, 0)


def test_names_files_and_what_is_refused(tmp_path, capsys):
    store = tmp_path / "graph.zarr"
    graph = graphwalk.build_zarr([("a", "b"), ("b", "c"), ("c", "d")], store)
    how = {"num_walks": 5, "walk_length": 9, "seed": 3}
    walks = graphwalk.random_walks(graph, until="d", **how)
    assert dict(walks.plan.spec.table())["until"] == "node 3"
    (tmp_path / "until.txt").write_text("d\n")
    command = ["walk", str(store), str(tmp_path / "w.npy"), "--num-walks=5", "--walk-length=9"]
    assert main([*command, "--seed=3", f"--until={tmp_path / 'until.txt'}", "--quiet"]) == 0
    np.testing.assert_array_equal(np.load(tmp_path / "w.npy"), walks.compute())
    assert main([*command, "--until=x", "--overwrite"]) == 1
    assert "--until" in capsys.readouterr().err
    for until, message in ((["x"], "x"), ([4], r"until\[0\] is 4"), ([0.5], "until= has float64")):
        with pytest.raises(InputError, match=message):
            graphwalk.random_walks(graph, until=until, **how)
    for other in (graphwalk.random_walks(graph, **how), walks[:, 2:], walks + 0):
        with pytest.raises(InputError, match="until="):
            graphwalk.hitting_times(other)


def test_written_walks_are_resumed_with_the_same_ends_only(tmp_path):
    graph = graph_for("first order")
    how = {"num_walks": 2, "walk_length": 9, "seed": 3}
    path = tmp_path / "walks.zarr"
    graphwalk.write_walks(graphwalk.random_walks(graph, until=UNTIL, **how), path, share=(0, 2))
    with pytest.raises(InputError, match="until was"):
        graphwalk.write_walks(graphwalk.random_walks(graph, until=[3], **how), path, resume=True)


def test_a_set_of_nodes_is_a_value():
    one, other = NodeSet([5, 2, 5]), NodeSet(np.array([2, 5], np.uint8))
    assert one == other != NodeSet([2])
    assert len({one, other, NodeSet([2])}) == 2
    np.testing.assert_array_equal(
        np.flatnonzero(marked(NodeSet([0, 63, 64, 99]).bits(100), np.arange(100))), [0, 63, 64, 99]
    )
