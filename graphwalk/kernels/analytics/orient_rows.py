"""Rows of a simple graph whose edges lead from the node of lower rank to that of higher rank.

Parallel edges, loops and directions are left out. Nodes rank by their number of entries, then by
number, so that no row is long: hubs have many neighbours, but few of a higher rank [1]_.

References
----------
.. [1] T. Schank, D. Wagner, "Finding, counting and listing all triangles in large graphs, an
   experimental study", WEA 2005, https://doi.org/10.1007/11427186_54
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def orient_rows(  # noqa: C901 - one loop an access; a call would hide them
    ranks: NDArray[Any],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    in_row_starts: NDArray[Any],
    in_neighbors: NDArray[Any],
    degrees: NDArray[Any],
    mutual: NDArray[Any],
    ends: NDArray[np.int64],
    higher: NDArray[Any],
    arcs: NDArray[np.uint8],
) -> int:
    """Write the neighbours of higher rank of each row, ascending; return how many there are.

    Parameters
    ----------
    ranks : ndarray of int32 or int64, shape (nodes,)
        Number of entries of each node, by which nodes rank.
    first : int
        The node of the first row.
    row_starts, in_row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`, and in `in_neighbors`.
    neighbors, in_neighbors : ndarray of int32 or int64
        Neighbours of whole rows, ascending.
    degrees : ndarray of int32 or int64, shape (nodes,)
        Where the number of different neighbours of each row is written, itself left out.
    mutual : ndarray of int32 or int64, shape (nodes,) or (0,)
        Where the number of those in both rows is written.
    ends : ndarray of int64, shape (rows + 1,)
        Where the beginning of each row in `higher` is written.
    higher : ndarray of int32 or int64
        Where neighbours of higher rank are written; it has room for all entries.
    arcs : ndarray of uint8, of the same shape or (0,)
        Where it is written in how many of the two rows they are.
    """
    count = 0
    for i in range(len(row_starts) - 1):
        node = first + i
        out, out_stop = row_starts[i], row_starts[i + 1]
        back, back_stop = in_row_starts[i], in_row_starts[i + 1]
        degree = both = 0
        ends[i] = count
        while out < out_stop or back < back_stop:
            if back == back_stop or (out < out_stop and neighbors[out] <= in_neighbors[back]):
                neighbor = neighbors[out]
            else:
                neighbor = in_neighbors[back]
            rows = 0
            if out < out_stop and neighbors[out] == neighbor:
                rows = 1
                while out < out_stop and neighbors[out] == neighbor:
                    out += 1
            if back < back_stop and in_neighbors[back] == neighbor:
                rows += 1
                while back < back_stop and in_neighbors[back] == neighbor:
                    back += 1
            if neighbor == node:
                continue
            degree += 1
            both += rows - 1
            rank, own = ranks[neighbor], ranks[node]
            if rank > own or (rank == own and neighbor > node):
                higher[count] = neighbor
                if len(arcs):
                    arcs[count] = rows
                count += 1
        degrees[node] = degree
        if len(mutual):
            mutual[node] = both
    ends[len(row_starts) - 1] = count
    return count


@jit
def add_roots(
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    weights: NDArray[np.float32],
    largest: float,
    ends: NDArray[np.int64],
    higher: NDArray[Any],
    roots: NDArray[np.float64],
) -> None:
    """Add, for each entry of oriented rows, the cube root of its weight in parts of the largest.

    Parameters
    ----------
    row_starts, neighbors, ends, higher
        As `orient_rows` takes and leaves them.
    weights : ndarray of float32
        The weight of each entry; of parallel edges, the largest counts.
    largest : float
        The largest weight of all.
    roots : ndarray of float64
        Where to add, for each entry of `higher`.
    """
    for i in range(len(row_starts) - 1):
        entry, stop = row_starts[i], row_starts[i + 1]
        for place in range(ends[i], ends[i + 1]):
            while entry < stop and neighbors[entry] < higher[place]:
                entry += 1
            weight = np.float32(0)
            while entry < stop and neighbors[entry] == higher[place]:
                weight = max(weight, weights[entry])
                entry += 1
            roots[place] += np.cbrt(weight / largest)
