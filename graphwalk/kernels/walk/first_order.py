"""Walks whose next step depends on the current node alone.

A step costs two memory accesses, each of which depends on the one before: where the row begins,
and which neighbour lies at the drawn place in it. One walker alone waits for both. Here many are
in flight: each loop does one access for all of them and prefetches the next, so that the waits
overlap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import jit, multiply_high, prefetch
from graphwalk.kernels.rng import STEP, mix, walker_key
from graphwalk.kernels.rows.alias_tables import pick
from graphwalk.kernels.rows.group_by_kind import row_of
from graphwalk.kernels.walk.steps import apply_jump, draw_interruption

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ONE, _NONE = np.uint64(1), np.uint64(0)


@jit
def walk_first_order(  # noqa: C901 - one loop an access; a call would hide them
    path: NDArray[np.int64] | None,
    row_starts: NDArray[Any],
    table: NDArray[Any],
    starts: NDArray[np.int64],
    numbers: NDArray[np.int64],
    run: np.uint64,
    restart: np.uint64,
    over: np.uint64,
    dead_end: int,
    walks: NDArray[Any],
    in_flight: int,
) -> None:
    """Walk first order, uniformly or by weight as the `table` says, and fill `walks`.

    Parameters
    ----------
    path : ndarray of int64, or None
        As of :func:`graphwalk.kernels.rows.group_by_kind.row_of`.
    row_starts : ndarray of uint32 or int64, shape (num_nodes + 1,)
        Where each row begins in `table`.
    table : ndarray of node ids or of alias records, shape (max(1, entries),)
        See :mod:`graphwalk.kernels.rows.alias_tables`.
    starts, numbers : ndarray of int64, shape (walkers,)
        Start node and walk number of each walker.
    run : uint64
        Key of the run, see :func:`graphwalk.kernels.rng.seed_key`.
    restart, over : uint64
        As of :func:`graphwalk.kernels.walk.steps.draw_interruption`.
    dead_end : int
        See :mod:`graphwalk.kernels.walk.steps`.
    walks : ndarray of int32 or int64, shape (walkers, length + 1), C-contiguous
        Receives the walks; length is at least 1.
    in_flight : int
        How many walkers to advance together; does not change the walks.
    """
    length = walks.shape[1] - 1
    flat = walks.reshape(-1)
    # Per walker in flight: node (between the loops: entry, or -1 less what it does without one),
    # counter, draw, place, last place.
    node = np.empty(in_flight, np.int64)
    counter = np.empty(in_flight, np.uint64)
    draw = np.empty(in_flight, np.uint64)
    at = np.empty(in_flight, np.int64)
    end = np.empty(in_flight, np.int64)
    at_dead_end = np.int64(-1 - dead_end)
    flying = 0
    entered = 0
    while True:
        # Slots from `flying` on are empty, and those whose walk is over; fill or close them.
        i = 0
        while i < in_flight:
            if i < flying and at[i] < end[i]:
                i += 1
            elif entered < len(starts):
                node[i] = starts[entered]
                prefetch(row_starts, node[i])
                counter[i] = walker_key(run, starts[entered], numbers[entered])
                at[i] = entered * (length + 1)
                end[i] = at[i] + length
                flat[at[i]] = node[i]
                entered += 1
                i += 1
                flying = max(flying, i)
            elif i < flying:
                flying -= 1
                node[i], counter[i] = node[flying], counter[flying]
                at[i], end[i] = at[flying], end[flying]
            else:
                break
        if flying == 0:
            return
        # No walk can end of its length within this many steps.
        steps = length
        for i in range(flying):
            steps = min(steps, end[i] - at[i])
        # All make them together, so what is counted is not where each is but how many were made.
        made = 0
        stopped = False
        while made < steps and not stopped:
            for i in range(flying):
                counter[i] += STEP
                draw[i] = mix(counter[i])
            hops = 0
            for i in range(flying):
                row = np.uint64(row_of(path, node[i], length + at[i] + made - end[i]))
                first = np.int64(row_starts[row])
                degree = np.uint64(np.int64(row_starts[row + _ONE]) - first)
                entry = first + np.int64(multiply_high(draw[i], degree))
                prefetch(table, entry)
                draw[i] *= degree
                node[i] = entry if degree > _NONE else at_dead_end
                hops += degree == _NONE
            if over > _NONE:
                for i in range(flying):
                    drawn = draw_interruption(counter[i], restart, over)
                    if drawn >= 0:
                        node[i] = -1 - drawn
                        hops += 1
            made += 1
            if hops == 0:
                for i in range(flying):
                    node[i] = pick(table, np.uint64(node[i]), draw[i])
                    prefetch(row_starts, row_of(path, node[i], length + at[i] + made - end[i]))
                    flat[np.uint64(at[i] + made)] = node[i]
                continue
            for i in range(flying):
                if node[i] < 0:
                    node[i] = apply_jump(flat, at[i] + made - 1, end[i], length, -1 - node[i])
                    if node[i] < 0:
                        at[i] = end[i] - made
                        stopped = True
                else:
                    node[i] = pick(table, np.uint64(node[i]), draw[i])
                    flat[at[i] + made] = node[i]
                prefetch(row_starts, row_of(path, node[i], length + at[i] + made - end[i]))
        for i in range(flying):
            at[i] += made
