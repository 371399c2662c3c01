"""What edges have, found by their positions in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays


def edge_values(graph: GraphArrays, edges: NDArray[Any]) -> NDArray[Any]:
    """Return weights, times or types of edges; see `Graph.edge_values`."""
    name = graph.info.values
    if name is None:
        raise InputError(f"edges of {graph.path} have no weights, times or types")
    if edges.dtype.kind not in "iu" and edges.size:
        raise InputError(f"edges are of {edges.dtype}; pass integers, as random_walks returns them")
    outside = (edges < -1) | (edges >= graph.num_entries)
    if outside.any():
        raise InputError(
            f"there is no edge {edges[outside][0]}: {graph.path} has the edges 0 to "
            f"{graph.num_entries - 1}, and -1 is none"
        )
    wanted, places = np.unique(edges, return_inverse=True)
    first = int(np.searchsorted(wanted, 0))
    found = graph.read_values_at(name, wanted[first:].astype(np.int64))
    nothing = -1 if name == "edge_types" else np.nan
    values = np.full(len(wanted), nothing, np.int16 if name == "edge_types" else found.dtype)
    values[first:] = found
    return values[places.reshape(edges.shape)]
