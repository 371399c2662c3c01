"""First-order walks, as long as they stay within a partition.

The accesses of :mod:`graphwalk.kernels.walk.first_order`, for walkers that come and go all the
time: after every step those who have left give their places to others. What they did is written
down in their order, to be put into the result by :func:`graphwalk.kernels.walk.routing.scatter`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import jit, multiply_high, prefetch
from graphwalk.kernels.rng import STEP, mix, walker_key
from graphwalk.kernels.rows.alias_tables import pick
from graphwalk.kernels.rows.group_by_kind import row_of
from graphwalk.kernels.search import row_inside, row_listed
from graphwalk.kernels.walk.steps import draw_interruption, identity, jump_target, reciprocal_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ONE, _NONE = np.uint64(1), np.uint64(0)


@jit
def advance_first_order(  # noqa: C901 - one loop an access; a call would hide them
    path: NDArray[np.int64] | None,
    first: int,
    inside: int,
    index: NDArray[np.int64],
    row_starts: NDArray[Any],
    table: NDArray[Any],
    num_walks: int,
    first_walk: int,
    start_nodes: NDArray[np.int64],
    first_numbers: NDArray[np.int64],
    run: np.uint64,
    restart: np.uint64,
    over: np.uint64,
    dead_end: int,
    width: int,
    arriving: NDArray[Any],
    log: NDArray[Any],
    leaving: NDArray[Any],
    in_flight: int,
) -> tuple[int, int, int, int]:
    """Advance walkers until each of them has left the partition or ended, or the log is full.

    Parameters
    ----------
    first, inside : int
        The rows are those of the nodes ``first … first + inside - 1``,
    index : ndarray of int64
        or of these, ascending, if there are any.
    path, row_starts, table, run, restart, over, dead_end, in_flight
        As of :func:`graphwalk.kernels.walk.first_order.walk_first_order`, of the partition's rows.
    num_walks, first_walk, start_nodes, first_numbers
        As of :func:`graphwalk.kernels.walk.steps.identity`.
    width : int
        Nodes of a walk.
    arriving : ndarray of walker records
        Walkers at nodes whose rows are here, with a step still to make.
    log : ndarray of first-order walker records
        Receives every node visited and where it belongs; longer than `in_flight`.
    leaving : ndarray of walker records, shape (len(arriving) + 1,)
        Receives walkers who have left and, after them, those who were still on their way.

    Returns
    -------
    entered, logged, left, held : int
        How many of `arriving` were taken up, items of `log`, and items of `leaving` of both kinds.
    """
    at = np.empty(in_flight, np.int64)
    end = np.empty(in_flight, np.int64)
    node = np.empty(in_flight, np.int64)
    row = np.empty(in_flight, np.int64)
    entry = np.empty(in_flight, np.int64)
    counter = np.empty(in_flight, np.uint64)
    draw = np.empty(in_flight, np.uint64)
    # Columns: a record taken from an array counts a reference to it, each time and atomically.
    arriving_at, arriving_node = arriving["at"], arriving["node"]
    log_at, log_node = log["at"], log["node"]
    reciprocal = reciprocal_of(width)
    leaving_at, leaving_node = leaving["at"], leaving["node"]
    # To hand an array to a function with a loop counts a reference too: not where it is not needed.
    listed = len(index) > 0
    at_dead_end = np.int64(-1 - dead_end)
    flying = entered = logged = left = 0
    while True:
        while flying < in_flight and entered < len(arriving):
            walk = np.int64(multiply_high(np.uint64(arriving_at[entered]), reciprocal))
            start, number = identity(walk, num_walks, first_walk, start_nodes, first_numbers)
            at[flying] = arriving_at[entered]
            end[flying] = walk * width + width - 1
            step = np.uint64(at[flying] - walk * width)
            counter[flying] = walker_key(run, start, number) + step * STEP
            node[flying] = arriving_node[entered]
            row[flying] = row_inside(node[flying], first, inside)
            if listed:
                row[flying] = row_listed(node[flying], index)
            row[flying] = row_of(path, row[flying], np.int64(step))
            prefetch(row_starts, row[flying])
            entered += 1
            flying += 1
        if flying == 0 or logged + flying > len(log):
            break
        hops = 0
        for i in range(flying):
            counter[i] += STEP
            draw[i] = mix(counter[i])
        for i in range(flying):
            here = np.uint64(row[i])
            begin = np.int64(row_starts[here])
            degree = np.uint64(np.int64(row_starts[here + _ONE]) - begin)
            place = begin + np.int64(multiply_high(draw[i], degree))
            prefetch(table, place)
            draw[i] *= degree
            entry[i] = place if degree > _NONE else at_dead_end
            hops += degree == _NONE
        if over > _NONE:
            for i in range(flying):
                drawn = draw_interruption(counter[i], restart, over)
                if drawn >= 0:
                    entry[i] = -1 - drawn
                    hops += 1
        if hops == 0:
            for i in range(flying):
                node[i] = pick(table, np.uint64(entry[i]), draw[i])
        else:
            for i in range(flying):
                if entry[i] >= 0:
                    node[i] = pick(table, np.uint64(entry[i]), draw[i])
                else:
                    walk = at[i] // width
                    start, _ = identity(walk, num_walks, first_walk, start_nodes, first_numbers)
                    node[i] = jump_target(node[i], start, -1 - entry[i])
        # Everybody's node is written down, and everybody copied to where they go on: that costs
        # less than to guess who stays.
        kept = 0
        for i in range(flying):
            log_at[logged], log_node[logged] = at[i] + 1, node[i]
            leaving_at[left], leaving_node[left] = at[i] + 1, node[i]
            alive = node[i] >= 0
            goes_on = alive & (at[i] + 1 < end[i])
            home = row_inside(node[i], first, inside)
            if listed:
                home = row_listed(node[i], index)
            stays = goes_on & (home >= 0)
            at[kept] = at[i] + 1
            end[kept] = end[i]
            counter[kept] = counter[i]
            node[kept] = node[i]
            row[kept] = row_of(path, max(home, 0), at[kept] + width - 1 - end[kept])
            prefetch(row_starts, row[kept])
            logged += alive
            left += goes_on & (not stays)
            kept += stays
        flying = kept
    for i in range(flying):
        leaving_at[left + i], leaving_node[left + i] = at[i], node[i]
    return entered, logged, left, flying
