"""Core numbers, reciprocity and the correlation of degrees, as NetworkX has them."""

from __future__ import annotations

from typing import Any

import networkx as nx

from graphwalk.algorithms.analytics.core_numbers import core_numbers
from graphwalk.algorithms.analytics.degrees import degree_assortativity
from graphwalk.algorithms.analytics.reciprocity import reciprocity as find_reciprocity
from graphwalk.networkx_backend.graphs import by_node, transpose_of, view_of


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
    """Return the part of all edges that lead both ways."""
    view = view_of(G)
    if view.has_loops():
        raise NotImplementedError("loops, which NetworkX counts as edges of one direction")
    store = view.store() if len(view.nodes) else None
    if store is None or not store.num_edges:
        raise nx.NetworkXError("Not defined for empty graphs")
    return float(find_reciprocity(store, transposed=transpose_of(store)).compute())


def reciprocity(G: Any, nodes: Any = None) -> Any:  # noqa: N803
    """Return the part of all edges that lead both ways."""
    if nodes is not None:
        raise NotImplementedError("reciprocity of single nodes")
    return overall_reciprocity(G)


def degree_assortativity_coefficient(
    G: Any,  # noqa: N803
    x: str = "out",
    y: str = "in",
    weight: Any = None,
    nodes: Any = None,
) -> float:
    """Return how degrees are correlated along edges."""
    if weight is not None or nodes is not None:
        raise NotImplementedError("assortativity by weights, or of some nodes")
    return float(degree_assortativity(view_of(G).store(parallel=True), x, y).compute())
