"""Walks that go forward in time, as long as they stay within a partition.

With each row in the order of its times, the edges that a walk [1]_ may take are the end of the
row, from the first that is later than the edge it came by. That is found by binary search: those of
all walkers in flight side by side, one probe of each at a time, so that their misses overlap. Then
a step draws from what is left of the row as from any row.

References
----------
.. [1] G. H. Nguyen, J. B. Lee, R. A. Rossi, N. K. Ahmed, E. Koh, S. Kim, "Continuous-time dynamic
   network embeddings", WWW 2018 companion, https://doi.org/10.1145/3184558.3191526
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import jit, multiply_high, prefetch
from graphwalk.kernels.rng import STEP, mix, walker_key
from graphwalk.kernels.search import row_inside, row_listed
from graphwalk.kernels.walk.steps import draw_interruption, identity

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ONE, _NONE = np.uint64(1), np.uint64(0)


@jit
def advance_temporal(  # noqa: C901 - one loop an access; a call would hide them
    first: int,
    inside: int,
    index: NDArray[np.int64],
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    times: NDArray[np.float64],
    num_walks: int,
    first_walk: int,
    start_nodes: NDArray[np.int64],
    first_numbers: NDArray[np.int64],
    run: np.uint64,
    over: np.uint64,
    width: int,
    arriving: NDArray[Any],
    log: NDArray[Any],
    leaving: NDArray[Any],
    in_flight: int,
) -> tuple[int, int, int, int]:
    """Advance walkers until each of them has left the partition or ended, or the log is full.

    Parameters
    ----------
    neighbors : ndarray of int32 or int64, shape (max(1, entries),)
        Node ids, in the order of their times within each row.
    times : ndarray of float64, shape (max(1, entries),)
        Times of these entries.
    over : uint64
        A number below it ends a walk, as of :func:`graphwalk.kernels.walk.steps.draw_interruption`.
    arriving : ndarray of temporal walker records
        Walkers at nodes whose rows are here, with a step still to make.
    first, inside, index, row_starts, num_walks, first_walk, start_nodes, first_numbers, run, \
    width, log, leaving, in_flight
        As of :func:`graphwalk.kernels.walk.partitioned_first_order.advance_first_order`.

    Returns
    -------
    entered, logged, left, held : int
        How many of `arriving` were taken up, items of `log`, and items of `leaving` of both kinds.
    """
    at = np.empty(in_flight, np.int64)
    end = np.empty(in_flight, np.int64)
    node = np.empty(in_flight, np.int64)
    time = np.empty(in_flight, np.float64)
    row = np.empty(in_flight, np.int64)
    entry = np.empty(in_flight, np.int64)
    counter = np.empty(in_flight, np.uint64)
    # What is left of the row: from where, and to where; and how much is still searched.
    low = np.empty(in_flight, np.int64)
    stop = np.empty(in_flight, np.int64)
    span = np.empty(in_flight, np.int64)
    # Those who have a time behind them, and those whose search is still under way.
    late = np.empty(in_flight, np.int64)
    seeking = np.empty(in_flight, np.int64)
    # Columns: a record taken from an array counts a reference to it, each time and atomically.
    at_in, node_in, time_in = arriving["at"], arriving["node"], arriving["time"]
    at_out, node_out, time_out = leaving["at"], leaving["node"], leaving["time"]
    log_at, log_node = log["at"], log["node"]
    # To hand an array to a function with a loop counts a reference too: not where it is not needed.
    listed = len(index) > 0
    flying = entered = logged = left = 0
    while True:
        while flying < in_flight and entered < len(arriving):
            walk = np.int64(at_in[entered]) // width
            start, number = identity(walk, num_walks, first_walk, start_nodes, first_numbers)
            at[flying] = at_in[entered]
            end[flying] = walk * width + width - 1
            step = np.uint64(at[flying] - walk * width)
            counter[flying] = walker_key(run, start, number) + step * STEP
            node[flying], time[flying] = node_in[entered], time_in[entered]
            row[flying] = row_inside(node[flying], first, inside)
            if listed:
                row[flying] = row_listed(node[flying], index)
            prefetch(row_starts, row[flying])
            entered += 1
            flying += 1
        if flying == 0 or logged + flying > len(log):
            break
        num_late = num_seeking = 0
        for i in range(flying):
            counter[i] += STEP
            here = np.uint64(row[i])
            low[i], stop[i] = row_starts[here], row_starts[here + _ONE]
            span[i] = stop[i] - low[i]
            if span[i] > 0 and time[i] > -np.inf:
                prefetch(times, low[i] + (span[i] >> 1))
                late[num_late] = seeking[num_seeking] = i
                num_late += 1
                num_seeking += span[i] > 1
        # Find the last entry that is not later, or else the first of the row.
        while num_seeking > 0:
            still = 0
            for k in range(num_seeking):
                i = seeking[k]
                half = span[i] >> 1
                low[i] += half if times[np.uint64(low[i] + half)] <= time[i] else 0
                span[i] -= half
                prefetch(times, low[i] + (span[i] >> 1))
                seeking[still] = i
                still += span[i] > 1
            num_seeking = still
        for k in range(num_late):
            i = late[k]
            low[i] += times[np.uint64(low[i])] <= time[i]
        for i in range(flying):
            degree = np.uint64(stop[i] - low[i])
            place = low[i] + np.int64(multiply_high(mix(counter[i]), degree))
            prefetch(neighbors, place)
            prefetch(times, place)
            entry[i] = place if degree > _NONE else np.int64(-1)
        if over > _NONE:
            for i in range(flying):
                if draw_interruption(counter[i], _NONE, over) >= 0:
                    entry[i] = -1
        kept = 0
        for i in range(flying):
            if entry[i] < 0:
                continue
            place = np.uint64(entry[i])
            at[kept], end[kept], counter[kept] = at[i] + 1, end[i], counter[i]
            node[kept], time[kept] = neighbors[place], times[place]
            log_at[logged], log_node[logged] = at[kept], node[kept]
            logged += 1
            if at[kept] == end[kept]:
                continue
            row[kept] = row_inside(node[kept], first, inside)
            if listed:
                row[kept] = row_listed(node[kept], index)
            if row[kept] < 0:
                at_out[left], node_out[left], time_out[left] = at[kept], node[kept], time[kept]
                left += 1
                continue
            prefetch(row_starts, row[kept])
            kept += 1
        flying = kept
    for i in range(flying):
        at_out[left + i], node_out[left + i], time_out[left + i] = at[i], node[i], time[i]
    return entered, logged, left, flying
