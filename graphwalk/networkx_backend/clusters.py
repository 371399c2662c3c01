"""Triangles and clustering, as NetworkX has them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from graphwalk.algorithms.analytics import triangles as algorithms
from graphwalk.algorithms.analytics.node_array import node_array
from graphwalk.algorithms.analytics.similarity import Similarity
from graphwalk.networkx_backend.graphs import by_node, chosen_nodes, transpose_of, view_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph import Graph


def triangles(G: Any, nodes: Any = None) -> Any:  # noqa: N803 - NetworkX's name
    """Return the number of triangles of each node, or of one."""
    view = view_of(G)
    if not len(view.nodes):
        return {}
    return _of(view, algorithms.triangles(view.store()).compute(), nodes)


def clustering(G: Any, nodes: Any = None, weight: Any = None) -> Any:  # noqa: N803
    """Return the clustering coefficient of each node, or of one."""
    view = _simple(view_of(G))
    if not len(view.nodes):
        return {}
    store = view.store(weight)
    used, other = None if weight is None else "weight", transpose_of(store)
    values = algorithms.clustering(store, method="fagiolo", weight=used, transposed=other)
    return _of(view, values.compute(), nodes)


def average_clustering(
    G: Any,  # noqa: N803
    nodes: Any = None,
    weight: Any = None,
    count_zeros: bool = True,
) -> float:
    """Return the mean of the clustering coefficients."""
    found = clustering(G, nodes, weight).values()
    if not count_zeros:
        found = [value for value in found if value > 0]
    return float(sum(found) / len(found))


def transitivity(G: Any) -> float:  # noqa: N803
    """Return the part of all paths of two edges that are closed to a triangle."""
    view = _simple(view_of(G))
    if view.is_directed():
        return _transitivity_of_rows(view.store()) if len(view.nodes) else 0
    return float(algorithms.transitivity(view.store()).compute()) if len(view.nodes) else 0


def _transitivity_of_rows(store: Graph) -> float:
    """Return the part of pairs of out-neighbours of a node of which the first leads to the second.

    That is what NetworkX counts in a directed graph.
    """
    src, dst = np.unique(store.to_edge_index(), axis=1)
    src, dst = src[src != dst], dst[src != dst]
    algorithm = Similarity(src, dst, "common_neighbors", None)
    closed = node_array(algorithm, store._arrays, None, None).compute().sum()
    degrees = np.bincount(src)
    pairs = (degrees * (degrees - 1)).sum()
    return float(closed / pairs) if closed else 0


def _simple(view: Any) -> Any:
    if view.is_multigraph():
        raise nx.NetworkXNotImplemented("not implemented for multigraph type")
    return view


def _of(view: Any, values: NDArray[Any], nodes: Any) -> Any:
    """Return the values of all nodes, of some, or of one."""
    if nodes is None:
        return by_node(view, values)
    if isinstance(nodes, Hashable) and view.has(nodes):
        return values[view.number(nodes)].item()
    wanted = chosen_nodes(view, nodes)
    numbers = np.array([view.number(node) for node in wanted], np.int64)
    return dict(zip(wanted, values[numbers].tolist(), strict=True))
