"""Betweenness by searches from several sources at a time: one column of a table for each.

Shortest paths to a node are counted from those to its predecessors, level by level; then, from the
farthest level to the nearest, it is added up how many paths go through a node [1]_. Each value is
a sum over one whole row, in its order.

References
----------
.. [1] U. Brandes, "A faster algorithm for betweenness centrality", Journal of Mathematical
   Sociology 25, 2001, https://doi.org/10.1080/0022250X.2001.9990249
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.atomics import atomic_add
from graphwalk.kernels.jit import Bool, Int, jit, part_of_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@part_of_kernel
def _leads(
    before: Int | np.float64,
    after: Int | np.float64,
    weights: NDArray[np.float32] | None,
    entry: Int,
) -> Bool:
    """Return whether an entry is the last edge of a shortest path, by the lengths to its ends."""
    if weights is None:
        return before + 1 == after
    return before < after and before + np.float64(weights[entry]) == after


@jit
def count_paths(
    levels: NDArray[np.int32],
    paths: NDArray[np.float64],
    distances: NDArray[Any],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    weights: NDArray[np.float32] | None,
    level: int,
    new_levels: NDArray[np.int32],
    new_paths: NDArray[np.float64],
    found: NDArray[np.int64],
) -> None:
    """Find the nodes of a level, and count the shortest paths to them.

    With weights, these are nodes all of whose predecessors on shortest paths have a level: so the
    level of a node is the most edges of a shortest path to it.

    Parameters
    ----------
    levels : ndarray of int32, shape (nodes, sources)
        The level of each node for each source; -1 where it is not known.
    paths : ndarray of float64, shape (nodes, sources)
        How many shortest paths lead to it.
    distances : ndarray of float64 or int32, shape (nodes, sources)
        The length of these, infinity where there is none; without weights, the levels.
    first : int
        The node of the first row.
    row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`. Rows are whole and ascend; parallel edges are one.
    neighbors : ndarray of int32 or int64
        Nodes from which an edge leads to that of the row.
    weights : ndarray of float32, or None
        The weight of each entry, above zero; None where each edge has the length 1.
    level : int
        The level.
    new_levels, new_paths : ndarray, shape (nodes, sources)
        Where those of the nodes that are found are written.
    found : ndarray of int64, shape (1,)
        Where it is added how many these are.
    """
    count = 0
    for i in range(len(row_starts) - 1):
        node = first + i
        for source in range(levels.shape[1]):
            if levels[node, source] >= 0:
                continue
            own = level if weights is None else distances[node, source]
            if weights is not None and own == np.inf:
                continue
            total = 0.0
            last = -1
            for entry in range(row_starts[i], row_starts[i + 1]):
                neighbor = neighbors[entry]
                before = distances[neighbor, source]
                if neighbor != last and _leads(before, own, weights, entry):
                    if weights is not None and levels[neighbor, source] < 0:
                        total = 0.0
                        break
                    total += paths[neighbor, source]
                    last = neighbor
            if total > 0:
                new_levels[node, source], new_paths[node, source] = level, total
                count += 1
    atomic_add(found, 0, count)


@jit
def add_dependencies(
    levels: NDArray[np.int32],
    paths: NDArray[np.float64],
    distances: NDArray[Any],
    dependencies: NDArray[np.float64],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    weights: NDArray[np.float32] | None,
    level: int,
    result: NDArray[np.float64],
) -> None:
    """Write, for each node of a level, what part of all shortest paths goes on through it.

    Parameters
    ----------
    levels, paths, distances, first, row_starts, weights, level
        As `count_paths` takes them.
    dependencies : ndarray of float64, shape (nodes, sources)
        That of the nodes of higher levels.
    neighbors : ndarray of int32 or int64
        Nodes to which an edge leads from that of the row.
    result : ndarray of float64, shape (nodes, sources)
        Where it is written.
    """
    for i in range(len(row_starts) - 1):
        node = first + i
        for source in range(levels.shape[1]):
            if levels[node, source] != level:
                continue
            own = distances[node, source]
            total = 0.0
            last = -1
            for entry in range(row_starts[i], row_starts[i + 1]):
                neighbor = neighbors[entry]
                after = distances[neighbor, source]
                if neighbor != last and _leads(own, after, weights, entry):
                    total += (1.0 + dependencies[neighbor, source]) / paths[neighbor, source]
                    last = neighbor
            result[node, source] = total * paths[node, source]


@jit
def shorten_lengths(
    lengths: NDArray[np.float64],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    weights: NDArray[np.float32],
    new_lengths: NDArray[np.float64],
    fallen: NDArray[np.int64],
) -> None:
    """Write the length of the shortest path to each node of some rows by way of a neighbour.

    Parameters
    ----------
    lengths : ndarray of float64, shape (nodes, sources)
        The length to each node for each source; infinity where no path is known.
    first, row_starts, neighbors
        As `count_paths` takes them.
    weights : ndarray of float32
        The weight of each entry.
    new_lengths : ndarray of float64, shape (nodes, sources)
        Where shorter lengths are written; it has the others.
    fallen : ndarray of int64, shape (1,)
        Where it is added how many these are.
    """
    count = 0
    for i in range(len(row_starts) - 1):
        for source in range(lengths.shape[1]):
            shortest = lengths[first + i, source]
            for entry in range(row_starts[i], row_starts[i + 1]):
                length = lengths[neighbors[entry], source] + np.float64(weights[entry])
                shortest = min(shortest, length)
            if shortest < lengths[first + i, source]:
                new_lengths[first + i, source] = shortest
                count += 1
    atomic_add(fallen, 0, count)
