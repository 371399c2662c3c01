"""The nodes that parameters of walks name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.storage.store.find_nodes import find_labels, is_text, nodes_array
from graphwalk.util.indexed_values import refuse_index

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from graphwalk.storage.store.graph import Graph


def checked_nodes(graph: Graph, given: ArrayLike, name: str) -> NDArray[np.int64]:
    """Return the nodes of a parameter as an array of numbers; strings are labels of nodes.

    Raises
    ------
    InputError
        When they are not nodes of the graph.
    """
    refuse_index(given, name)
    nodes = np.atleast_1d(nodes_array(given, name))
    if nodes.ndim != 1:
        raise InputError(f"{argument(name)} has shape {nodes.shape}; pass one dimension of nodes")
    if nodes.size == 0:
        return np.empty(0, np.int64)
    if is_text(nodes):
        return _labelled(graph, nodes, name)
    if nodes.dtype.kind not in "iu":
        raise InputError(
            f"{argument(name)} has {nodes.dtype} in it, not integers or labels; pass "
            f"nodes 0 … {graph.num_nodes - 1}, such as graph.index_of(labels)"
        )
    outside = np.flatnonzero((nodes < 0) | (nodes >= graph.num_nodes))
    if outside.size:
        at = outside[0]
        raise InputError(
            f"{name}[{at}] is {nodes[at]}, but the graph has the nodes 0 … "
            f"{graph.num_nodes - 1}; pass ids of nodes that exist"
        )
    return nodes.astype(np.int64)


def _labelled(graph: Graph, labels: NDArray[Any], name: str) -> NDArray[np.int64]:
    if graph.label_kind != "string":
        raise InputError(
            f"{argument(name)} has the label {str(labels[0])!r}, but nodes of "
            f"{graph.path} have no labels that are strings; pass nodes 0 … {graph.num_nodes - 1}"
        )
    return find_labels(graph._arrays, labels)


def mentions_before(nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each item how often its node stands before it."""
    if bool(np.all(nodes[:-1] < nodes[1:])):
        return np.zeros(len(nodes), np.int64)
    order = np.argsort(nodes, kind="stable")
    ordered = nodes[order]
    group_start = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[group_start, len(nodes)])
    before = np.empty(len(nodes), np.int64)
    before[order] = np.arange(len(nodes)) - np.repeat(group_start, sizes)
    return before
