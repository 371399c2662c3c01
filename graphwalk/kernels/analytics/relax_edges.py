"""Shortest paths: lengths that fall, a set of nodes at a time.

Lengths are non-negative float64, stored as the integers that their bits are, which have the same
order: several threads lower the same length by one atomic operation on integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.analytics.frontier import SHIFT
from graphwalk.kernels.atomics import atomic_min
from graphwalk.kernels.jit import jit, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Entries whose length is fetched ahead of use.
_AHEAD = 16


@jit
def relax_edges(
    lengths: NDArray[np.int64],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    weights: NDArray[np.float32],
    flags: NDArray[np.uint8],
    blocks: NDArray[np.uint8],
    fallen: NDArray[np.uint8],
    fallen_blocks: NDArray[np.uint8],
    limit: float,
) -> None:
    """Lower the lengths of the neighbours of nodes in a set whose own length is below a limit.

    Parameters
    ----------
    lengths : ndarray of int64, shape (nodes,)
        The length of the shortest path known to each node, as the bits of a float64.
    first : int
        The node of the first row.
    row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`. The first and the last row may be parts of a row.
    neighbors : ndarray of int32 or int64
        Their entries.
    weights : ndarray of float32
        Their weights, or none where each is 1.
    flags, blocks : ndarray of uint8
        The set.
    fallen, fallen_blocks : ndarray of uint8
        Where nodes are noted whose length falls, and nodes of the set that are not below the limit.
    limit : float
        Nodes of the set from here on wait for a later pass.
    """
    stop, last = first + len(row_starts) - 1, len(neighbors) - _AHEAD
    weighted = len(weights) > 0
    weight = 1.0
    for block in range(first >> SHIFT, (stop + (1 << SHIFT) - 1) >> SHIFT):
        if not blocks[block]:
            continue
        for node in range(max(first, block << SHIFT), min(stop, (block + 1) << SHIFT)):
            if not flags[node]:
                continue
            begin = np.int64(lengths[node]).view(np.float64)
            if not begin < limit:
                fallen[node] = 1
                fallen_blocks[node >> SHIFT] = 1
                continue
            for entry in range(row_starts[node - first], row_starts[node - first + 1]):
                if entry < last:
                    prefetch(lengths, neighbors[entry + _AHEAD])
                if weighted:
                    weight = np.float64(weights[entry])
                length = np.float64(begin + weight).view(np.int64)
                neighbor = neighbors[entry]
                if length < lengths[neighbor]:
                    atomic_min(lengths, neighbor, length)
                    fallen[neighbor] = 1
                    fallen_blocks[neighbor >> SHIFT] = 1


@jit
def least_length(
    lengths: NDArray[np.int64], flags: NDArray[np.uint8], blocks: NDArray[np.uint8]
) -> float:
    """Return the least length of the nodes in a set, infinity if it has none."""
    least = np.int64(0x7FF0000000000000)
    for block in range(len(blocks)):
        if blocks[block]:
            for node in range(block << SHIFT, min(len(flags), (block + 1) << SHIFT)):
                if flags[node]:
                    least = min(least, lengths[node])
    return np.int64(least).view(np.float64)
