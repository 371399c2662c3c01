"""Degrees of all nodes, as a state of algorithms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Nodes whose offsets are read at a time.
_NODES = 1 << 20


def out_degrees(graph: GraphArrays) -> NDArray[Any]:
    """Return the number of entries of every node, in the type of node ids."""
    degrees = np.empty(graph.num_nodes, graph.neighbor_dtype)
    for start in range(0, graph.num_nodes, _NODES):
        stop = min(start + _NODES, graph.num_nodes)
        degrees[start:stop] = np.diff(graph.read_offsets(start, stop + 1))
    return degrees
