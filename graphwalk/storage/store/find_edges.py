"""Whether there are edges between given nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.store.find_nodes import find_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Entries of rows that are in memory at a time, unless a row has more.
MOST_ENTRIES = 1 << 22


def has_edges(
    graph: GraphArrays, u: Any, v: Any, most_entries: int = MOST_ENTRIES
) -> NDArray[np.bool]:
    """Return whether there are edges from `u` to `v`; see `Graph.has_edge`."""
    ends = find_nodes(graph, u), find_nodes(graph, v)
    try:
        src, dst = np.broadcast_arrays(*ends)
    except ValueError as error:
        raise InputError(
            f"u has {ends[0].size} nodes and v has {ends[1].size}; pass as many, or one"
        ) from error
    found = np.zeros(src.size, bool)
    nodes, row = np.unique(src.ravel(), return_inverse=True)
    order = np.argsort(row, kind="stable")
    for first, stop in _batches(graph, nodes, most_entries):
        pairs = order[slice(*np.searchsorted(row[order], (first, stop)))]
        starts, neighbors, _ = graph.read_rows(nodes[first:stop])
        # Rows ascend, and so do these numbers of all entries.
        entries = np.repeat(np.arange(stop - first), np.diff(starts)) * graph.num_nodes + neighbors
        wanted = (row[pairs] - first) * graph.num_nodes + dst.ravel()[pairs]
        at = np.searchsorted(entries, wanted)
        inside = at < len(entries)
        found[pairs[inside]] = entries[at[inside]] == wanted[inside]
    return found.reshape(src.shape)


def _batches(
    graph: GraphArrays, nodes: NDArray[np.int64], most_entries: int
) -> Iterator[tuple[int, int]]:
    """Yield ranges of nodes whose rows together are not too large."""
    with graph.unchanged():
        starts, stops = graph.row_ranges(nodes)
    ends = np.cumsum(stops - starts)
    first = 0
    while first < len(nodes):
        before = ends[first - 1] if first else 0
        stop = max(first + 1, int(np.searchsorted(ends, before + most_entries, "right")))
        yield first, stop
        first = stop
