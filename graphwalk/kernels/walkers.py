"""What all walk kernels share: who walks, and how a walk restarts and goes on at a dead end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.compiling import Int, jit
from graphwalk.kernels.rng import RESTART, mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What a walker does at a node without neighbours.
STOP, GO_TO_START, STAY = 0, 1, 2


def walker_dtype(node: np.dtype[Any], *, second_order: bool) -> np.dtype[Any]:
    """Return the record of a walker between partitions, for node ids of type `node`.

    ``at`` is where its latest node lies in its block of the result, which is flat; that tells both
    its walk and how many steps it has made. On a second-order walk there is a ``previous`` node
    (-1: none), how often the step has been tried, and a ``proposal`` (-1: none) that cannot be
    decided on where it was made.
    """
    fields: list[tuple[str, Any]] = [("at", np.uint32), ("node", node)]
    if second_order:
        fields += [("previous", node), ("proposal", node), ("attempt", np.uint32)]
    return np.dtype(fields, align=True)


@jit
def identity(
    walk: Int,
    num_walks: int,
    first_walk: int,
    start_nodes: NDArray[np.int64],
    first_numbers: NDArray[np.int64],
) -> tuple[Int, Int]:
    """Return the start node of a walk and its number among the walks from there.

    Parameters
    ----------
    walk : int
        The walk's row in its block.
    num_walks : int
        Walks from each start node.
    first_walk : int
        What to add to `walk`; the quotient by `num_walks` is the place among start nodes.
    start_nodes, first_numbers : ndarray of int64
        Start nodes, and the number of the first walk from each; empty when all nodes are start
        nodes in order.
    """
    walk = np.int64(walk) + first_walk
    place = walk // num_walks if num_walks > 1 else walk
    number = walk - place * num_walks
    if len(start_nodes) == 0:
        return place, number
    return start_nodes[place], first_numbers[place] + number


@jit
def restarts(draw: np.uint64, threshold: np.uint64) -> bool | np.bool:
    """Return whether the step whose first draw has this counter goes back to the start."""
    return mix(draw + RESTART) < threshold


@jit
def hop(
    walks: NDArray[Any], at: Int, end: Int, length: Int, restart: bool | np.bool, dead_end: Int
) -> Int:
    """Write a step that follows no edge into the flat `walks`.

    Parameters
    ----------
    walks : ndarray of int
        The result block, flat.
    at, end : int
        Where the walk's current and its last node lie in `walks`.
    length : int
        Steps of a walk.
    restart : bool
        Whether the walk was told to restart, else it is at a dead end.
    dead_end : int
        STOP, GO_TO_START or STAY.

    Returns
    -------
    int
        The node that the walker is at now; -1 when its walk is over.
    """
    if restart or dead_end == GO_TO_START:
        node = np.int64(walks[end - length])
    elif dead_end == STAY:
        node = np.int64(walks[at])
    else:
        for i in range(at + 1, end + 1):
            walks[i] = -1
        return np.int64(-1)
    walks[at + 1] = node
    return node
