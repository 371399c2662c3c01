"""Neighbours that two nodes have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.kernels.jit import Int, jit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@jit
def common_neighbors(
    nodes: NDArray[np.int64],
    row_starts: NDArray[np.int64],
    neighbors: NDArray[Any],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    common: NDArray[Any],
    counts: NDArray[np.int64],
    either: NDArray[np.int64],
) -> Int:
    """Find common neighbours of pairs of nodes; parallel edges and loops are left out.

    Parameters
    ----------
    nodes : ndarray of int64, shape (rows,)
        The node of each row.
    row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`.
    neighbors : ndarray of int32 or int64
        Entries of rows, each ascending.
    first, second : ndarray of int64, shape (pairs,)
        The rows of each pair.
    common : ndarray of int32 or int64
        Where common neighbours are written, those of the first pair first, each ascending.
    counts, either : ndarray of int64, shape (pairs,)
        Where it is written how many neighbours both have, and how many one of them or both have.

    Returns
    -------
    int
        How many common neighbours all pairs have.
    """
    found = 0
    for i in range(len(first)):
        a, a_stop = row_starts[first[i]], row_starts[first[i] + 1]
        b, b_stop = row_starts[second[i]], row_starts[second[i] + 1]
        total, before = 0, found
        while a < a_stop or b < b_stop:
            low = neighbors[a] if b == b_stop else neighbors[b]
            if a < a_stop and neighbors[a] < low:
                low = neighbors[a]
            in_first = in_second = False
            while a < a_stop and neighbors[a] == low:
                in_first, a = low != nodes[first[i]], a + 1
            while b < b_stop and neighbors[b] == low:
                in_second, b = low != nodes[second[i]], b + 1
            if in_first and in_second:
                common[found] = low
                found += 1
            total += in_first or in_second
        counts[i], either[i] = found - before, total
    return found
