"""Strongly connected components, from rows of out-neighbours alone.

Nodes that no cycle can have are trimmed. Then nodes take the smallest colour among those that reach
them. A root is a node of its own colour; those of its colour that reach it are its component [1]_.
Nodes whose component is known are not looked at any more.

References
----------
.. [1] S. Orzan, "On distributed verification and verified distribution", PhD thesis, VU Amsterdam,
   2004, https://research.vu.nl/en/publications/on-distributed-verification-and-verified-distribution
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.kernels.analytics.frontier import SHIFT
from graphwalk.kernels.atomics import atomic_min
from graphwalk.kernels.jit import jit, prefetch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Entries whose label is fetched ahead of use.
_AHEAD = 16


@jit
def trim_rows(
    labels: NDArray[Any],
    unknown: int,
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    backwards: bool,
    entered: NDArray[np.uint8],
    entered_blocks: NDArray[np.uint8],
) -> None:
    """Label nodes from which no edge leads to another node that is not labelled, by themselves.

    Parameters
    ----------
    labels : ndarray of int32 or int64, shape (nodes,)
        The smallest node in the component of each node, or `unknown`.
    unknown : int
        What stands for a label that is not known.
    first : int
        The node of the first row.
    row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`. Rows are whole.
    neighbors : ndarray of int32 or int64
        Out-neighbours.
    backwards : bool
        Whether to begin with the last row. What changes at a node is seen at those that follow.
    entered, entered_blocks : ndarray of uint8
        Where nodes are noted to which such an edge leads.
    """
    rows, last = len(row_starts) - 1, len(neighbors) - _AHEAD
    for turn in range(rows):
        i = rows - 1 - turn if backwards else turn
        node = first + i
        if labels[node] != unknown:
            continue
        leads = False
        for entry in range(row_starts[i], row_starts[i + 1]):
            if entry < last:
                prefetch(labels, neighbors[entry + _AHEAD])
            neighbor = neighbors[entry]
            if neighbor != node and labels[neighbor] == unknown:
                leads = True
                entered[neighbor] = 1
                entered_blocks[neighbor >> SHIFT] = 1
        if not leads:
            labels[node] = node


@jit
def spread_colors(
    colors: NDArray[Any],
    labels: NDArray[Any],
    unknown: int,
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    flags: NDArray[np.uint8],
    fallen: NDArray[np.uint8],
    fallen_blocks: NDArray[np.uint8],
) -> None:
    """Lower the colours of out-neighbours to that of the row's node, if this is in a set.

    `flags` are the nodes of the set, `colors` the colour of each node, and nodes whose colour falls
    are noted in `fallen`; other parameters are those of `trim_rows`.
    """
    last = len(neighbors) - _AHEAD
    for i in range(len(row_starts) - 1):
        if not flags[first + i]:
            continue
        color = colors[first + i]
        for entry in range(row_starts[i], row_starts[i + 1]):
            if entry < last:
                prefetch(colors, neighbors[entry + _AHEAD])
            neighbor = neighbors[entry]
            if color < colors[neighbor] and labels[neighbor] == unknown:
                atomic_min(colors, neighbor, color)
                fallen[neighbor] = 1
                fallen_blocks[neighbor >> SHIFT] = 1


@jit
def mark_rows(
    unmarked: NDArray[np.uint8],
    colors: NDArray[Any],
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    backwards: bool,
    flags: NDArray[np.uint8],
    fallen: NDArray[np.uint8],
    fallen_blocks: NDArray[np.uint8],
) -> None:
    """Mark nodes of a set that have a marked out-neighbour of their own colour.

    `unmarked` is 0 for marked nodes, and nodes that are marked now are noted in `fallen`; other
    parameters are those of `spread_colors` and `trim_rows`.
    """
    rows = len(row_starts) - 1
    for turn in range(rows):
        i = rows - 1 - turn if backwards else turn
        node = first + i
        if not (flags[node] and unmarked[node]):
            continue
        for entry in range(row_starts[i], row_starts[i + 1]):
            neighbor = neighbors[entry]
            if not unmarked[neighbor] and colors[neighbor] == colors[node]:
                unmarked[node] = 0
                fallen[node] = 1
                fallen_blocks[node >> SHIFT] = 1
                break
