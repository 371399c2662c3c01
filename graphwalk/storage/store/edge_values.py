"""What edges have, found by their positions in the store."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.storage.store.added_arrays import AddedArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays


def edge_values(graph: GraphArrays, edges: NDArray[Any], name: str | None) -> NDArray[Any]:
    """Return weights, times or types of edges, or those of an array; see `Graph.edge_values`."""
    read = _reader(graph, name)
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
    found = read(wanted[first:].astype(np.int64))
    values = np.full((len(wanted), *found.shape[1:]), *_none_of(found.dtype))
    values[first:] = found
    return values[places.reshape(edges.shape)]


def _reader(graph: GraphArrays, name: str | None) -> Callable[[NDArray[np.int64]], NDArray[Any]]:
    """Return what reads the values of some edges."""
    own = graph.info.value_names
    if name is not None and (name not in own or f"edge.{name}" in graph.added_arrays):
        return AddedArray(graph, "edge", name).take
    if not own:
        raise InputError(
            f"edges of {graph.path} have no weights, times or types; name an array of edges, such "
            "as 'edge_ids', for its values"
        )
    if name is None and len(own) > 1:
        raise InputError(
            f"edges of {graph.path} have {' and '.join(own)}; pass {argument('name', own[0])} or "
            f"{argument('name', own[1])}"
        )
    return partial(graph.read_values_at, next(each for each in own if name in (None, each)))


def _none_of(dtype: np.dtype[Any]) -> tuple[float, np.dtype[Any]]:
    """Return the value of no edge, and the type that holds it and all values of a type."""
    if dtype.kind == "f":
        return np.nan, dtype
    if dtype == np.uint64:
        raise InputError("the array is of uint64, which has no value for no edge; keep it as int64")
    return -1, np.promote_types(dtype, np.int8)
