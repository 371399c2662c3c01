"""Connected components: a forest over nodes in which linked nodes have one root.

The forest is the array `parent`: a root is its own parent, and every other node has a parent with a
smaller number. The larger root is always linked to the smaller, so that the root of a finished tree
is the smallest node of its component, in whatever order and by however many threads edges are
linked. Most entries of a component that is large already need not be looked at [1]_.

References
----------
.. [1] M. Sutton, T. Ben-Nun, A. Barak, "Optimizing parallel graph connectivity computation via
   subgraph sampling", IPDPS 2018, https://doi.org/10.1109/IPDPS.2018.00012
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.kernels.atomics import compare_and_swap
from graphwalk.kernels.jit import Int, jit, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Neighbours of each row that are linked before the largest component is known.
_SAMPLED = 2

#: Entries whose parent is fetched ahead of use.
_AHEAD = 16


@jit
def find_root(parent: NDArray[Any], node: Int) -> Int:
    """Return the root of a node, and halve the path to it.

    Another thread may link the root meanwhile; the answer then is a former root.
    """
    above = parent[node]
    while above != node:
        top = parent[above]
        if top != above:
            # Any ancestor is right, so that no other thread's update can be spoiled.
            parent[node] = top
        node, above = above, top
    return node


@jit
def link(parent: NDArray[Any], a: Int, b: Int) -> None:
    """Give two nodes a common root."""
    a, b = find_root(parent, a), find_root(parent, b)
    while a != b:
        high, low = max(a, b), min(a, b)
        if compare_and_swap(parent, high, high, low):
            return
        a, b = find_root(parent, high), find_root(parent, low)


@jit
def link_rows(
    parent: NDArray[Any],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    pivot: int,
) -> None:
    """Link the entries of some rows.

    Parameters
    ----------
    parent : ndarray of int32 or int64, shape (nodes,)
        The forest.
    first : int
        The node of the first row.
    row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`. The first and the last row may be parts of a row.
    neighbors : ndarray of int32 or int64
        Their entries.
    pivot : int
        A node whose component is likely to be the largest, the same for all rows of a graph, or
        -1. Rows of nodes that are connected to it are not read to their end. This is right where
        every edge is stored in the rows of both its ends: an edge is skipped only if both rows are
        skipped, and then both ends are connected to the pivot.
    """
    rows, last = len(row_starts) - 1, len(neighbors) - 1
    if pivot >= 0:
        for i in range(rows):
            ahead = row_starts[min(i + _AHEAD, rows)]
            if ahead < last:
                prefetch(parent, neighbors[ahead])
                prefetch(parent, neighbors[ahead + 1])
            stop = min(row_starts[i + 1], row_starts[i] + _SAMPLED)
            for entry in range(row_starts[i], stop):
                link(parent, first + i, neighbors[entry])
    for i in range(rows):
        start, stop = row_starts[i], row_starts[i + 1]
        if pivot >= 0:
            start += _SAMPLED
            if start < stop and find_root(parent, first + i) == find_root(parent, pivot):
                continue
        for entry in range(start, stop):
            if entry + _AHEAD < stop:
                prefetch(parent, neighbors[entry + _AHEAD])
            link(parent, first + i, neighbors[entry])


@jit
def link_forest(parent: NDArray[Any], other: NDArray[Any]) -> None:
    """Link what another forest over the same nodes links."""
    for node in range(len(other)):
        if other[node] != node:
            link(parent, node, other[node])


@jit
def flatten(parent: NDArray[Any], start: int, stop: int) -> None:
    """Set the parent of nodes `start` to `stop` to their root."""
    for node in range(start, stop):
        parent[node] = find_root(parent, node)


@jit
def link_pairs(parent: NDArray[Any], first: NDArray[Any], second: NDArray[Any]) -> None:
    """Link pairs of nodes."""
    last = len(first) - _AHEAD
    for i in range(len(first)):
        if i < last:
            prefetch(parent, first[i + _AHEAD])
            prefetch(parent, second[i + _AHEAD])
        link(parent, first[i], second[i])
