"""What all walk kernels share: who walks, and how a walk restarts and goes on at a dead end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, jit
from graphwalk.kernels.rng import RESTART, mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What a walker does that follows no edge: at a dead end, or as it was drawn.
STOP, GO_TO_START, STAY = 0, 1, 2


def walker_dtype(
    node: np.dtype[Any], *, second_order: bool = False, temporal: bool = False
) -> np.dtype[Any]:
    """Return the record of a walker between partitions, for node ids of type `node`.

    ``at`` is where its latest node lies in its block of the result, which is flat; that tells both
    its walk and how many steps it has made. On a second-order walk there is a ``previous`` node
    (-1: none), how often the step has been tried, and a ``proposal`` (-1: none) that cannot be
    decided on where it was made; in node2vec+, whether a ``loose`` edge leads to that. On a
    temporal walk there is the ``time`` of the edge that led here, at first that before all times.
    """
    fields: list[tuple[str, Any]] = [("at", np.uint32), ("node", node)]
    if second_order:
        fields += [("previous", node), ("proposal", node), ("attempt", np.uint16)]
        fields += [("loose", np.uint8)]
    if temporal:
        fields += [("time", np.float64)]
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
def reciprocal_of(width: Int) -> np.uint64:
    """Return what the upper half of a product with is the quotient by `width`, at least 2.

    It is exact for what is below 2**32, as the places of a group's walks are; to divide takes
    several times as long.
    """
    return np.uint64(0xFFFFFFFFFFFFFFFF) // np.uint64(width) + np.uint64(1)


@jit
def draw_interruption(draw: np.uint64, restart: np.uint64, end_threshold: np.uint64) -> Int:
    """Return what is drawn for a step before it looks for an edge.

    Parameters
    ----------
    draw : uint64
        Counter of the step's first draw.
    restart, end_threshold : uint64
        Bounds: a number below `restart` sends the walk back to its start, one below
        `end_threshold` ends it.

    Returns
    -------
    int
        GO_TO_START, STOP, or -1: follow an edge.
    """
    number = mix(draw + RESTART)
    if number < restart:
        return np.int64(GO_TO_START)
    return np.int64(STOP) if number < end_threshold else np.int64(-1)


@jit
def jump_target(node: Int, start: Int, how: Int) -> Int:
    """Return where a step leads that follows no edge; -1 when the walk is end_threshold."""
    if how == GO_TO_START:
        return start
    return node if how == STAY else np.int64(-1)


@jit
def apply_jump(walks: NDArray[Any], at: Int, end: Int, length: Int, how: Int) -> Int:
    """Write a step that follows no edge into the flat `walks`.

    Parameters
    ----------
    walks : ndarray of int
        The result block, flat.
    at, end : int
        Where the walk's current and its last node lie in `walks`.
    length : int
        Steps of a walk.
    how : int
        STOP, GO_TO_START or STAY.

    Returns
    -------
    int
        The node that the walker is at now; -1 when its walk is end_threshold.
    """
    node = jump_target(np.int64(walks[at]), np.int64(walks[end - length]), how)
    if node >= 0:
        walks[at + 1] = node
        return node
    for i in range(at + 1, end + 1):
        walks[i] = -1
    return node


@jit
def take_where(
    taken: NDArray[np.int64], values: NDArray[np.int64], into: NDArray[np.int64], count: int
) -> None:
    """Copy the first `count` of the `values` that are `taken`, each to its place."""
    for i in range(count):
        into[i] = values[i] if taken[i] else into[i]
