"""Core numbers: bounds from above that fall until each node has enough neighbours of its bound.

The bound of a node falls to the largest k such that k of its neighbours have a bound of at least k
[1]_. Only nodes whose bound depends on one that fell are looked at again [2]_.

References
----------
.. [1] A. Montresor, F. De Pellegrini, D. Miorandi, "Distributed k-core decomposition", IEEE TPDS
   24, 2013, https://doi.org/10.1109/TPDS.2012.124
.. [2] D. Wen et al., "I/O efficient core graph decomposition at web scale", ICDE 2016,
   https://doi.org/10.1109/ICDE.2016.7498235
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.analytics.frontier import SHIFT
from graphwalk.kernels.jit import Int, jit, part_of_kernel, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Entries whose bound is fetched ahead of use.
_AHEAD = 16


@part_of_kernel
def _count_bounds(
    bounds: NDArray[Any],
    node: Int,
    entries: NDArray[Any],
    start: Int,
    stop: Int,
    counts: NDArray[np.int64],
) -> None:
    """Count neighbours by their bound, those above the node's own with it."""
    bound, last = bounds[node], len(entries) - _AHEAD
    for entry in range(start, stop):
        if entry < last:
            prefetch(bounds, entries[entry + _AHEAD])
        if entries[entry] != node:
            counts[min(bound, bounds[entries[entry]])] += 1


@part_of_kernel
def _note_dependent(
    bounds: NDArray[Any],
    node: Int,
    entries: NDArray[Any],
    start: Int,
    stop: Int,
    before: Int,
    fallen: NDArray[np.uint8],
    fallen_blocks: NDArray[np.uint8],
) -> None:
    """Note neighbours whose bound counted on the bound that the node had before."""
    for entry in range(start, stop):
        neighbor = entries[entry]
        if bounds[node] < bounds[neighbor] <= before:
            fallen[neighbor] = 1
            fallen_blocks[neighbor >> SHIFT] = 1


@jit
def lower_cores(
    bounds: NDArray[Any],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    in_row_starts: NDArray[Any],
    in_neighbors: NDArray[Any],
    flags: NDArray[np.uint8],
    blocks: NDArray[np.uint8],
    fallen: NDArray[np.uint8],
    fallen_blocks: NDArray[np.uint8],
) -> None:
    """Lower the bounds of those nodes of a set whose rows these are.

    Parameters
    ----------
    bounds : ndarray of int32 or int64, shape (nodes,)
        The bound of each node, at most its number of entries.
    first : int
        The node of the first row.
    row_starts, in_row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`, and in `in_neighbors`.
    neighbors, in_neighbors : ndarray of int32 or int64
        Neighbours of whole rows.
    flags, blocks : ndarray of uint8
        The set.
    fallen, fallen_blocks : ndarray of uint8
        Where nodes are noted that are to be looked at again: those whose bound fell, as others may
        fall at the same time, and those that counted on it.
    """
    rows, longest = len(row_starts) - 1, 0
    for i in range(rows):
        degree = row_starts[i + 1] - row_starts[i] + in_row_starts[i + 1] - in_row_starts[i]
        longest = max(longest, degree)
    counts = np.zeros(longest + 1, np.int64)
    for i in range(rows):
        node = first + i
        if not (blocks[node >> SHIFT] and flags[node]):
            continue
        before = bounds[node]
        start, stop = row_starts[i], row_starts[i + 1]
        in_start, in_stop = in_row_starts[i], in_row_starts[i + 1]
        _count_bounds(bounds, node, neighbors, start, stop, counts)
        _count_bounds(bounds, node, in_neighbors, in_start, in_stop, counts)
        bound, enough = before, counts[before]
        while enough < bound:
            bound -= 1
            enough += counts[bound]
        counts[: before + 1] = 0
        if bound == before:
            continue
        bounds[node] = bound
        fallen[node] = 1
        fallen_blocks[node >> SHIFT] = 1
        _note_dependent(bounds, node, neighbors, start, stop, before, fallen, fallen_blocks)
        _note_dependent(
            bounds, node, in_neighbors, in_start, in_stop, before, fallen, fallen_blocks
        )
