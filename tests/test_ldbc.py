"""The six algorithms of LDBC Graphalytics on its validation graphs, at its tolerances.

Sources and numbers of iterations are those of its validation suite. The last tests are on p2p-31,
a graph of 62,586 nodes: ``data/p2p_31.npz`` has the edges and results of github.com/alibaba/
libgrape-lite (folder dataset, commit e7c4465; Apache License 2.0) as arrays, sorted by node, of
which those of real numbers are rounded to 17 bits.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import graphwalk

FILES = json.loads((Path(__file__).parent / "data" / "ldbc_graphalytics.json").read_text())["files"]
ITERATIONS = {"cdlp": 5, "pr-dir": 14, "pr-undir": 26, "example": 2}

#: What stands for a node that is not reached, in files of BFS.
UNREACHED = 9223372036854775807

CASES = [
    *((name, kind) for name in ("bfs", "cdlp", "lcc", "pr", "sssp", "wcc")
      for kind in ("dir", "undir", "example-directed", "example-undirected")),
]  # fmt: skip


def numbers(name):
    return [line.split() for line in FILES[name]]


def edges_of(name):
    """Return nodes, and edges with their weights if there are any."""
    if f"{name}.e" in FILES:
        nodes = [int(node) for (node,) in numbers(f"{name}.v")]
        return nodes, [(int(a), int(b), float(w)) for a, b, w in numbers(f"{name}.e")]
    rows = [[int(node) for node in row] for row in numbers(name)]
    return [node for node, *_ in rows], [(node, other) for node, *row in rows for other in row]


def graph_of(name, directed):
    """Build a graph whose nodes are numbered as in the file; return it, and the nodes there."""
    nodes, edges = edges_of(name)
    graph = graphwalk.build_zarr(
        tuple(map(np.array, zip(*edges, strict=True))),
        num_nodes=max(*nodes, *(node for edge in edges for node in edge[:2])) + 1,
        directed=directed,
        relabel=False,
        duplicates="keep" if len(edges[0]) == 3 else "merge",
    )
    return graph, nodes


def ranks_after(graph, iterations):
    ranks = None
    for _ in range(iterations):
        ranks = graphwalk.pagerank(graph, max_iter=1, tol=10, nstart=ranks, weight=None).compute()
    return ranks


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_the_validation_graphs(name, kind):
    partitions = 3
    example = kind.startswith("example")
    directed = kind in ("dir", "example-directed")
    stem = kind if example else f"{name}-{kind}-input"
    graph, nodes = graph_of(stem, directed)
    # The nodes of a file need not be all numbers; the others are isolated and change ranks.
    if name == "pr":
        first = min(nodes)
        assert nodes == list(range(first, max(nodes) + 1))
        graph = graphwalk.build_zarr(
            graph.to_edge_index() - first, directed=True, num_nodes=len(nodes), relabel=False
        )
        nodes = [node - first for node in nodes]
    how = {"transposed": graph.transpose()} if graph.directed else {}
    source = 2 if kind == "example-undirected" else 1
    iterations = ITERATIONS.get("example" if example else f"{name}-{kind}", 5)
    compute = {
        "bfs": lambda: graphwalk.bfs(graph, source, partitions=partitions),
        "cdlp": lambda: graphwalk.label_propagation(
            graph, iterations, partitions=partitions, **how
        ),
        "lcc": lambda: graphwalk.clustering(graph, partitions=partitions, **how),
        "sssp": lambda: graphwalk.shortest_paths(graph, source, partitions=partitions),
        "wcc": lambda: graphwalk.connected_components(graph, partitions=partitions),
    }
    found = ranks_after(graph, iterations) if name == "pr" else compute[name]().compute()
    output = f"{kind}-{name.upper()}" if example else f"{name}-{kind}-output"
    expected = np.array([float(value) for _, value in numbers(output)])
    listed = [int(node) for node, _ in numbers(output)]
    found = found[nodes if name == "pr" else listed].astype(float)
    if name == "bfs":
        found[found < 0] = UNREACHED
    if name in ("bfs", "cdlp"):
        np.testing.assert_array_equal(found, expected)
    elif name == "wcc":
        pairs = set(zip(found, expected, strict=True))
        assert len(pairs) == len(set(found)) == len(set(expected))
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.fixture(scope="module")
def p2p():
    with np.load(Path(__file__).parent / "data" / "p2p_31.npz") as file:
        return dict(file)


@pytest.mark.parametrize("directed", [False, True])
def test_p2p_31(p2p, directed):
    edges = p2p["source"], p2p["target"], p2p["weight"].astype(np.float32)
    graph = graphwalk.build_zarr(
        edges, num_nodes=62_587, directed=directed, relabel=False, duplicates="keep"
    )
    nodes, kind = p2p["nodes"], "-directed" if directed else ""
    distances = graphwalk.bfs(graph, 6, partitions=3).compute()
    np.testing.assert_array_equal(distances[nodes], p2p[f"BFS{kind}"])
    lengths = graphwalk.shortest_paths(graph, 6).compute()
    np.testing.assert_allclose(lengths[nodes], p2p[f"SSSP{kind}"], rtol=1e-4)
    if directed:
        return
    labels = graphwalk.label_propagation(graph, 10).compute()
    np.testing.assert_array_equal(labels[nodes], p2p["CDLP"])
    found = graphwalk.clustering(graph).compute()
    np.testing.assert_allclose(found[nodes], p2p["LCC"], rtol=1e-4)
    components = graphwalk.connected_components(graph).compute()[nodes]
    pairs = set(zip(components.tolist(), p2p["WCC"].tolist(), strict=True))
    assert len(pairs) == len(set(components)) == len(set(p2p["WCC"]))
    dense = graphwalk.build_zarr(
        (edges[0] - 1, edges[1] - 1), num_nodes=62_586, relabel=False, duplicates="keep"
    )
    np.testing.assert_allclose(ranks_after(dense, 10), p2p["PR"], rtol=1e-4)
