"""Core numbers, reciprocity and the correlation of degrees, as NetworkX has them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import networkx as nx
import numpy as np

from graphwalk.algorithms.analytics.core_numbers import core_numbers
from graphwalk.algorithms.analytics.degrees import degree_assortativity
from graphwalk.algorithms.analytics.reciprocity import reciprocity as find_reciprocity
from graphwalk.networkx_backend.graphs import by_node, chosen_nodes, transpose_of, view_of


def core_number(G: Any) -> dict[Any, int]:  # noqa: N803 - NetworkX's name
    """Return the core number of each node."""
    view = view_of(G)
    if view.has_loops():
        raise nx.NetworkXNotImplemented("Input graph has self loops; remove them")
    if not len(view.nodes):
        return {}
    store = view.store()
    return by_node(view, core_numbers(store, transposed=transpose_of(store)).compute())


def overall_reciprocity(G: Any) -> float:  # noqa: N803
    """Return the part of all edges that lead both ways; loops are edges that do not."""
    view = view_of(G)
    if view.is_multigraph() and not view.is_directed():
        raise nx.NetworkXNotImplemented("not implemented for undirected multigraph type")
    store = view.store() if len(view.nodes) else None
    if store is None or not store.num_edges:
        raise nx.NetworkXError("Not defined for empty graphs")
    if not view.is_directed():
        return 0.0  # as NetworkX, which finds no edges that lead both ways there
    loops = store.summary().self_loops
    if loops == store.num_edges:
        return 0.0
    found = float(find_reciprocity(store, transposed=transpose_of(store)).compute())
    return found * (store.num_edges - loops) / store.num_edges if loops else found


def reciprocity(G: Any, nodes: Any = None) -> Any:  # noqa: N803
    """Return the part of edges that lead both ways: of all, of each of some nodes, or of one."""
    if nodes is None:
        return overall_reciprocity(G)
    view = view_of(G)
    if not view.is_directed():
        raise nx.NetworkXNotImplemented("not implemented for some nodes of undirected type")
    if not len(view.nodes):
        chosen_nodes(view, nodes)
        return {}
    store = view.store()
    rows = store, store.transpose(progress=False)
    found: dict[Any, float | None] = {}
    for node in chosen_nodes(view, nodes):
        number = view.number(node)
        leaving, arriving = (np.unique(each.neighbors(number)) for each in rows)
        total, both = len(leaving) + len(arriving), len(np.intersect1d(leaving, arriving))
        found[node] = 2 * both / total if total else None
    if not (isinstance(nodes, Hashable) and view.has(nodes)):
        return found
    if found[nodes] is None:
        raise nx.NetworkXError("Not defined for isolated nodes.")
    return found[nodes]


def degree_assortativity_coefficient(
    G: Any,  # noqa: N803
    x: str = "out",
    y: str = "in",
    weight: Any = None,
    nodes: Any = None,
) -> float:
    """Return how degrees are correlated along edges."""
    view = view_of(G)
    if not len(view.nodes):
        return float("nan")
    store = view.store(weight, parallel=True)
    # NetworkX counts both ends of a loop.
    if weight is None and nodes is None and (store.directed or not store.summary().self_loops):
        return float(degree_assortativity(store, x, y).compute())
    rows = store.rows(0, store.num_nodes)
    src, dst = rows.to_edge_index()
    weights = np.ones(len(src)) if rows.weights is None else rows.weights.astype(np.float64)
    size = store.num_nodes
    degrees = {"out": np.bincount(src, weights, size), "in": np.bincount(dst, weights, size)}
    if not store.directed:  # a loop has two ends
        loops = np.bincount(src, weights * (src == dst), size)
        degrees = {"out": degrees["out"] + loops, "in": degrees["out"] + loops}
    numbers = np.array([view.number(node) for node in chosen_nodes(view, nodes)], np.int64)
    chosen = np.zeros(size, np.bool_)
    chosen[numbers] = True
    both = chosen[src] & chosen[dst]
    ends = degrees[x][src[both]], degrees[y][dst[both]]
    with np.errstate(invalid="ignore"):  # not a number where all degrees are equal
        return float(np.corrcoef(*ends)[0, 1])
