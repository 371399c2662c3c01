"""Breadth-first search, a level at a time: from the nodes of a level, or to those not reached yet.

Levels are numbers of steps from the nearest source; a node that is not reached has the largest
number of its type. The second direction reads a row only to its first neighbour of the level, which
pays where the level has a good part of all entries [1]_.

References
----------
.. [1] S. Beamer, K. Asanović, D. Patterson, "Direction-optimizing breadth-first search", SC 2012,
   https://doi.org/10.1109/SC.2012.50
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.kernels.analytics.frontier import SHIFT
from graphwalk.kernels.atomics import atomic_min
from graphwalk.kernels.jit import jit, prefetch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Entries whose level is fetched ahead of use.
_AHEAD = 16


@jit
def push_level(
    levels: NDArray[Any],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    flags: NDArray[np.uint8],
    blocks: NDArray[np.uint8],
    found: NDArray[np.uint8],
    found_blocks: NDArray[np.uint8],
    level: int,
) -> None:
    """Give the level to those neighbours of nodes in a set that are not reached yet.

    Parameters
    ----------
    levels : ndarray of int32 or int64, shape (nodes,)
        The level of each node.
    first : int
        The node of the first row.
    row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`. The first and the last row may be parts of a row.
    neighbors : ndarray of int32 or int64
        Their entries.
    flags, blocks : ndarray of uint8
        The nodes of the level before.
    found, found_blocks : ndarray of uint8
        Where those that get the level are noted.
    level : int
        The level.
    """
    stop, last = first + len(row_starts) - 1, len(neighbors) - _AHEAD
    for block in range(first >> SHIFT, (stop + (1 << SHIFT) - 1) >> SHIFT):
        if not blocks[block]:
            continue
        for node in range(max(first, block << SHIFT), min(stop, (block + 1) << SHIFT)):
            if flags[node]:
                for entry in range(row_starts[node - first], row_starts[node - first + 1]):
                    if entry < last:
                        prefetch(levels, neighbors[entry + _AHEAD])
                    neighbor = neighbors[entry]
                    if levels[neighbor] > level:
                        levels[neighbor] = level
                        found[neighbor] = 1
                        found_blocks[neighbor >> SHIFT] = 1


@jit
def pull_level(
    levels: NDArray[Any],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    bits: NDArray[np.uint8],
    found: NDArray[np.uint8],
    found_blocks: NDArray[np.uint8],
    level: int,
) -> None:
    """Give the level to nodes not reached yet that have a neighbour in a set.

    The set is one bit a node, in `bits`, the lowest of a byte first; other parameters are those of
    `push_level`. Every edge must be stored in the rows of both its ends.
    """
    for i in range(len(row_starts) - 1):
        node = first + i
        if levels[node] > level:
            for entry in range(row_starts[i], row_starts[i + 1]):
                neighbor = neighbors[entry]
                if (bits[neighbor >> 3] >> (neighbor & 7)) & 1:
                    levels[node] = level
                    found[node] = 1
                    found_blocks[node >> SHIFT] = 1
                    break


@jit
def find_parents(
    parents: NDArray[Any],
    levels: NDArray[Any],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    unreached: int,
) -> None:
    """Lower the parent of each neighbour to the row's node if that is a level before it."""
    last = len(neighbors) - _AHEAD
    for i in range(len(row_starts) - 1):
        node = first + i
        if levels[node] == unreached:
            continue
        level = levels[node] + 1
        for entry in range(row_starts[i], row_starts[i + 1]):
            if entry < last:
                prefetch(levels, neighbors[entry + _AHEAD])
            neighbor = neighbors[entry]
            if levels[neighbor] == level and node < parents[neighbor]:
                atomic_min(parents, neighbor, node)
