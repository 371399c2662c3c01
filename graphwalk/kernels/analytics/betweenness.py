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

from graphwalk.kernels.atomics import atomic_add
from graphwalk.kernels.jit import jit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@jit
def count_paths(
    levels: NDArray[np.int32],
    paths: NDArray[np.float64],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    level: int,
    new_levels: NDArray[np.int32],
    new_paths: NDArray[np.float64],
    found: NDArray[np.int64],
) -> None:
    """Find the nodes of a level, and count the shortest paths to them.

    Parameters
    ----------
    levels : ndarray of int32, shape (nodes, sources)
        The level of each node for each source; -1 where it is not known.
    paths : ndarray of float64, shape (nodes, sources)
        How many shortest paths lead to it.
    first : int
        The node of the first row.
    row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`. Rows are whole and ascend; parallel edges are one.
    neighbors : ndarray of int32 or int64
        Nodes from which an edge leads to that of the row.
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
            total = 0.0
            last = -1
            for entry in range(row_starts[i], row_starts[i + 1]):
                neighbor = neighbors[entry]
                if neighbor != last and levels[neighbor, source] == level - 1:
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
    dependencies: NDArray[np.float64],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    level: int,
    result: NDArray[np.float64],
) -> None:
    """Write, for each node of a level, what part of all shortest paths goes on through it.

    Parameters
    ----------
    levels, paths, first, row_starts, level
        As `count_paths` takes them.
    dependencies : ndarray of float64, shape (nodes, sources)
        That of the nodes of the next level.
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
            total = 0.0
            last = -1
            for entry in range(row_starts[i], row_starts[i + 1]):
                neighbor = neighbors[entry]
                if neighbor != last and levels[neighbor, source] == level + 1:
                    total += (1.0 + dependencies[neighbor, source]) / paths[neighbor, source]
                last = neighbor
            result[node, source] = total * paths[node, source]
