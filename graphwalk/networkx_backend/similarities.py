"""How similar pairs of nodes are, as NetworkX has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from graphwalk.algorithms.analytics.node_array import node_array
from graphwalk.algorithms.analytics.similarity import Similarity
from graphwalk.networkx_backend.graphs import view_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from graphwalk.storage.store.graph import Graph

    Pairs = Iterable[tuple[Any, Any]] | None


def jaccard_coefficient(
    G: Any,  # noqa: N803 - NetworkX's name
    ebunch: Pairs = None,
) -> Iterator[tuple[Any, Any, float]]:
    """Return pairs, and what part of the neighbours of either is common to both."""
    return _similar(G, ebunch, "jaccard")


def adamic_adar_index(G: Any, ebunch: Pairs = None) -> Iterator[tuple[Any, Any, float]]:  # noqa: N803
    """Return pairs, and how rare their common neighbours are by the logarithm of degrees."""
    return _similar(G, ebunch, "adamic_adar")


def resource_allocation_index(
    G: Any,  # noqa: N803
    ebunch: Pairs = None,
) -> Iterator[tuple[Any, Any, float]]:
    """Return pairs, and how rare their common neighbours are by degrees."""
    return _similar(G, ebunch, "resource_allocation")


def _similar(graph: Any, ebunch: Pairs, measure: str) -> Iterator[tuple[Any, Any, float]]:
    view = view_of(graph)
    if view.is_directed() or view.is_multigraph():
        kind = "directed" if view.is_directed() else "multigraph"
        raise nx.NetworkXNotImplemented(f"not implemented for {kind} type")
    if not len(view.nodes):
        return iter(())
    store = view.store()
    if ebunch is None:
        ends = np.array(list(_pairs_without_edge(store)), np.int64).reshape(-1, 2)
        pairs = [(view.nodes[u], view.nodes[v]) for u, v in ends.tolist()]
    else:
        pairs = list(ebunch)
        numbers = [[view.number(node) for node in pair] for pair in pairs]
        ends = np.array(numbers, np.int64).reshape(-1, 2)
    algorithm = Similarity(ends[:, 0].copy(), ends[:, 1].copy(), measure, None)
    found = node_array(algorithm, store._arrays, None, None).compute().tolist()
    return ((u, v, value) for (u, v), value in zip(pairs, found, strict=True))


def _pairs_without_edge(store: Graph) -> Iterator[tuple[int, int]]:
    for node in range(store.num_nodes):
        others = np.setdiff1d(np.arange(node + 1, store.num_nodes), store.neighbors(node))
        yield from ((node, other) for other in others.tolist())
