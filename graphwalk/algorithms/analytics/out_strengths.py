"""Sums of the weights of each node's entries, and the largest weight."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.kernels.analytics.sum_neighbors import add_weights
from graphwalk.util.cancel import check_cancelled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.store.graph import Graph
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Most nodes and entries of a task, where rows are not longer.
_NODES, _ENTRIES = 1 << 20, 1 << 22


def uses_weights(graph: Graph, weight: str | None) -> bool:
    """Return whether an algorithm uses weights, by its parameter `weight`.

    Raises
    ------
    InputError
        When it is neither "weight" nor None.
    """
    if weight not in ("weight", None):
        raise InputError(f"{argument('weight', weight)} must be 'weight' or None")
    return graph.weighted and weight is not None


def out_strengths(graph: GraphArrays, scanner: Scanner) -> NDArray[np.float64]:
    """Return the sum of the weights of every node's entries.

    The weights of a row are added in their order, so that the sum has the same bits whatever is
    read at a time.
    """
    strengths = np.empty(graph.num_nodes, np.float64)
    parts = graph.cut(_ENTRIES, _NODES)
    for nodes, sums in zip(parts, scanner.map(partial(_add_rows, graph), parts), strict=True):
        strengths[nodes.start : nodes.stop] = sums
    return strengths


def largest_weight(graph: GraphArrays, scanner: Scanner) -> float:
    """Return the largest of all weights."""
    firsts = range(0, graph.num_entries, _ENTRIES)
    return max(scanner.map(partial(_largest, graph), firsts), default=0.0)


def _largest(graph: GraphArrays, first: int) -> float:
    check_cancelled()
    stop = min(first + _ENTRIES, graph.num_entries)
    return float(graph.read_values("weights", first, stop).max())


def _add_rows(graph: GraphArrays, nodes: range) -> NDArray[np.float64]:
    offsets = graph.read_offsets(nodes.start, nodes.stop + 1)
    first, last = graph.check_offsets(offsets, nodes.start)
    sums = np.zeros(len(nodes))
    for start in range(first, last, _ENTRIES):  # the row of a hub comes in parts
        check_cancelled()
        stop = min(start + _ENTRIES, last)
        weights = graph.read_values("weights", start, stop)
        add_weights(np.clip(offsets, start, stop) - start, weights, sums)
    return sums
