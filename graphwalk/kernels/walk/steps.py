"""What all walk kernels share: walkers, their random numbers, and steps that follow no edge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.kernels.jit import Bool, Int, multiply_high, part_of_kernel
from graphwalk.kernels.rng import RESTART, STEP, mix, walker_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What a walker does that follows no edge: at a dead end, or as it was drawn.
STOP, GO_TO_START, STAY = 0, 1, 2

_NONE, _ONE = np.uint64(0), np.uint64(1)
_WORD, _BIT = np.uint64(6), np.uint64(63)


class Starts(NamedTuple):
    """Where walkers start that make all their steps in one call, and how many go together.

    Attributes
    ----------
    nodes, numbers : ndarray of int64, shape (walkers,)
        Start node of each walker, and the number of its walk among those from there.
    run_key : uint64
        Key of the run, see :func:`graphwalk.kernels.rng.seed_key`.
    in_flight : int
        Walkers that advance together, side by side. It does not change any walk.
    """

    nodes: NDArray[np.int64]
    numbers: NDArray[np.int64]
    run_key: np.uint64
    in_flight: int


class GroupStarts(NamedTuple):
    """Where the walkers of a group start, some of which come to a partition.

    Attributes
    ----------
    nodes, first_numbers : ndarray of int64
        Start nodes, and the number of the first walk from each; empty when all nodes are start
        nodes in order.
    num_walks : int
        Walks from each start node.
    first_walk : int
        What to add to the row of a walk in its block; the quotient by `num_walks` is the place
        among start nodes.
    width : int
        Nodes of a walk, at least 2.
    run_key : uint64
        Key of the run, see :func:`graphwalk.kernels.rng.seed_key`.
    """

    nodes: NDArray[np.int64]
    first_numbers: NDArray[np.int64]
    num_walks: int
    first_walk: int
    width: int
    run_key: np.uint64


class WalkerRecords(NamedTuple):
    """Walkers that come to a partition and leave it, and the steps that they make there.

    Attributes
    ----------
    arriving : ndarray of walker records
        Walkers at nodes whose rows are here, with a step still to make.
    log : ndarray of first-order walker records, with an edge where these are recorded
        Receives every node visited and where it belongs; longer than `in_flight`.
    leaving : ndarray of walker records, shape (len(arriving) + 1,)
        Receives the walkers that left and, after them, those that were still on their way.
    in_flight : int
        Walkers that advance together, side by side. It does not change any walk.
    """

    arriving: NDArray[Any]
    log: NDArray[Any]
    leaving: NDArray[Any]
    in_flight: int


class Interruption(NamedTuple):
    """When a step follows no edge.

    Attributes
    ----------
    restart, end : uint64
        Thresholds: a random number below `restart` sends the walk back to its start, one from
        there to `end` ends it.
    dead_end : int
        What happens at a node without neighbours: STOP, GO_TO_START or STAY.
    """

    restart: np.uint64
    end: np.uint64
    dead_end: int


def walker_dtype(
    node: np.dtype[Any],
    edge: np.dtype[Any] | None = None,
    *,
    second_order: bool = False,
    temporal: bool = False,
) -> np.dtype[Any]:
    """Return the record of a walker between partitions, for node ids of type `node`.

    ``position`` is where its latest node lies in its block of the result, which is flat; that tells
    both its walk and how many steps it has made. On a second-order walk there is a ``previous``
    node (-1: none), how often the step has been tried, and a ``proposal`` (-1: none) that cannot be
    decided on where it was made; in node2vec+, whether a ``weak_edge`` leads to that. On a
    temporal walk there is the ``time`` of the edge that led here, at first that before all times.
    With `edge`, the type of its position, there is the ``edge`` that led to the node, or leads to
    the proposal.
    """
    fields: list[tuple[str, Any]] = [("position", np.uint32), ("node", node)]
    if second_order:
        fields += [("previous", node), ("proposal", node), ("attempt", np.uint16)]
        fields += [("weak_edge", np.uint8)]
    if temporal:
        fields += [("time", np.float64)]
    if edge is not None:
        fields += [("edge", edge)]
    return np.dtype(fields, align=True)


@part_of_kernel
def identity(starts: GroupStarts, walk: Int) -> tuple[Int, Int]:
    """Return the start node of the walk in this row of its block, and its number among those."""
    walk = np.int64(walk) + starts.first_walk
    place = walk // starts.num_walks if starts.num_walks > 1 else walk
    number = walk - place * starts.num_walks
    if len(starts.nodes) == 0:
        return place, number
    return starts.nodes[place], starts.first_numbers[place] + number


@part_of_kernel
def reciprocal_of(width: Int) -> np.uint64:
    """Return what the upper half of a product with is the quotient by `width`, at least 2.

    It is exact for what is below 2**32, as the places of a group's walks are; to divide takes
    several times as long.
    """
    return np.uint64(0xFFFFFFFFFFFFFFFF) // np.uint64(width) + np.uint64(1)


@part_of_kernel
def resume(starts: GroupStarts, reciprocal: np.uint64, position: Int) -> tuple[Int, np.uint64]:
    """Return the last position of a walker's walk, and the counter of its latest step's first draw.

    Parameters
    ----------
    starts : GroupStarts
        Where it started.
    reciprocal : uint64
        `reciprocal_of` the width.
    position : int
        Where its latest node lies in its block.
    """
    walk = np.int64(multiply_high(np.uint64(position), reciprocal))
    start, number = identity(starts, walk)
    first = walk * starts.width
    step = np.uint64(np.int64(position) - first)
    return first + starts.width - 1, walker_key(starts.run_key, start, number) + step * STEP


@part_of_kernel
def draw_interruption(interruption: Interruption, draw: np.uint64) -> Int:
    """Return what is drawn for a step before it looks for an edge.

    Parameters
    ----------
    interruption : Interruption
        How likely it is.
    draw : uint64
        Counter of the step's first draw.

    Returns
    -------
    int
        GO_TO_START, STOP, or -1: follow an edge.
    """
    number = mix(draw + RESTART)
    if number < interruption.restart:
        return np.int64(GO_TO_START)
    return np.int64(STOP) if number < interruption.end else np.int64(-1)


@part_of_kernel
def jump_target(node: Int, start: Int, how: Int) -> Int:
    """Return where a step leads that follows no edge; -1 when the walk ends."""
    if how == GO_TO_START:
        return start
    return node if how == STAY else np.int64(-1)


@part_of_kernel
def apply_jump(walks: NDArray[Any], position: Int, end: Int, length: Int, how: Int) -> Int:
    """Write a step that follows no edge into the flat `walks`.

    Parameters
    ----------
    walks : ndarray of int
        The result block, flat.
    position, end : int
        Where the walk's current and its last node lie in `walks`.
    length : int
        Steps of a walk.
    how : int
        STOP, GO_TO_START or STAY.

    Returns
    -------
    int
        The node that the walker is at now; -1 when its walk ends.
    """
    node = jump_target(np.int64(walks[position]), np.int64(walks[end - length]), how)
    if node >= 0:
        walks[position + 1] = node
    else:
        end_walk(walks, position, end)
    return node


@part_of_kernel
def is_end(ends: NDArray[np.uint64] | None, node: Int) -> Bool:
    """Return whether walks end at a node.

    Parameters
    ----------
    ends : ndarray of uint64, or None
        One bit for each node; None where walks end at none.
    node : int
        The node; -1 is none.
    """
    if ends is None:
        return False
    here = np.uint64(max(node, 0))
    return (ends[here >> _WORD] >> (here & _BIT)) & _ONE != _NONE and node >= 0


@part_of_kernel
def end_walk(walks: NDArray[Any], position: Int, end: Int) -> None:
    """Fill the rest of a walk, behind its position, in the flat `walks`."""
    for i in range(position + 1, end + 1):
        walks[i] = -1


@part_of_kernel
def take_where(
    taken: NDArray[np.int64], values: NDArray[np.int64], into: NDArray[np.int64], count: int
) -> None:
    """Copy the first `count` of the `values` that are `taken`, each to its place."""
    for i in range(count):
        into[i] = values[i] if taken[i] else into[i]
