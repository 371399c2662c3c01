"""Degrees of all nodes, as a state of algorithms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays


def out_degrees(graph: GraphArrays) -> NDArray[Any]:
    """Return the number of entries of every node, in the type of node ids."""
    degrees = np.empty(graph.num_nodes, graph.neighbor_dtype)
    for first, found in graph.degree_chunks():
        degrees[first : first + len(found)] = found
    return degrees
