"""Check what was read of rows before kernels use it as indices and probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import StoreError
from graphwalk.kernels.store.check_rows import outside
from graphwalk.kernels.store.sound_rows import (
    all_within,
    first_falling_row,
    first_weightless_row,
    rows_ascend,
)
from graphwalk.storage.store.format import VALUE_BOUNDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.graph_arrays import GraphArrays


def check_rows(
    graph: GraphArrays,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    values: NDArray[Any] | None,
    kind: ValueName | None,
    first: int,
    last: int,
) -> None:
    """Check some of the rows of a partition, whose row starts rise and whose nodes exist.

    Parameters
    ----------
    row_starts, neighbors, values : ndarray
        The arrays of the partition, as they are stored.
    kind : {"weights", "times", "edge_types"}, optional
        What the values are.
    first, last : int
        The rows to check.

    Raises
    ------
    StoreError
        When neighbours do not ascend, values are out of bounds, or all weights of a row are zero.
    """
    if not rows_ascend(row_starts, neighbors, first, last):
        row = first_falling_row(row_starts, neighbors, first, last)
        raise _damaged(graph, "neighbors", f"row {row} of what was read does not ascend")
    if values is None or kind is None:
        return
    begin, end = int(row_starts[first]), int(row_starts[last])
    some, (low, high) = values[begin:end], VALUE_BOUNDS[kind]
    if not all_within(some, low, high):
        entry = outside(some, low, high)[1]
        what = f"{kind} from {low:g} to below {high:g}"
        raise _damaged(graph, kind, f"it has {some[entry]} among {what}")
    if kind == "weights":
        row = first_weightless_row(row_starts, values, first, last)
        if row >= 0:
            raise _damaged(graph, kind, f"all weights of row {row} of what was read are zero")
    if kind == "edge_types" and not np.isin(some, graph.edge_type_names or ()).all():
        raise _damaged(graph, kind, "it has a type that the attributes do not name")


def check_nodes(graph: GraphArrays, neighbors: NDArray[Any]) -> None:
    """Raise StoreError if a neighbour is no node."""
    largest = int(neighbors.max(initial=0))
    if largest >= max(1, graph.num_nodes):
        raise StoreError(
            f"{graph.path}: array 'neighbors' is damaged: it names node {largest}, but there are "
            f"{graph.num_nodes} nodes; build the store again"
        )


def _damaged(graph: GraphArrays, name: str, what: str) -> StoreError:
    return StoreError(
        f"array {name!r} of {graph.path} is damaged: {what}; Graph.validate lists all problems; "
        "build it again"
    )
