"""Walks in the order of time, as long as they stay within a partition.

With each row in the order of its times, which are negative for walks that go backward, the edges
that a walk [1]_ may take are the end of the row, from the first that is later than the edge it came
by. That is found by binary search: those of all active walkers side by side, one probe of each at a
time, so that their misses overlap. Then a step draws from the rest of the row as from any row.

References
----------
.. [1] G. H. Nguyen, J. B. Lee, R. A. Rossi, N. K. Ahmed, E. Koh, S. Kim, "Continuous-time dynamic
   network embeddings", WWW 2018 companion, https://doi.org/10.1145/3184558.3191526
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.kernels.jit import jit, prefetch
from graphwalk.kernels.rng import STEP, mix
from graphwalk.kernels.rows.rows import find_row, row_bounds
from graphwalk.kernels.walk.step_edges import position_of, prefetch_edge
from graphwalk.kernels.walk.steps import draw_interruption, is_end, reciprocal_of, resume
from graphwalk.kernels.walk.time_bias import draw_by_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.rows.rows import Rows
    from graphwalk.kernels.walk.step_edges import StepEdges
    from graphwalk.kernels.walk.steps import GroupStarts, Interruption, WalkerRecords
    from graphwalk.kernels.walk.time_bias import TimeBias

_NONE = np.uint64(0)


@jit
def advance_temporal(  # noqa: C901 - one loop an access; a call would hide them
    rows: Rows,
    times: NDArray[np.float64],
    masses: NDArray[np.float64],
    edges: StepEdges | None,
    bias: TimeBias | None,
    starts: GroupStarts,
    interruption: Interruption,
    ends: NDArray[np.uint64] | None,
    records: WalkerRecords,
) -> tuple[int, int, int, int]:
    """Advance walkers until each of them has left the partition or ended, or the log is full.

    Parameters
    ----------
    rows : Rows
        Those of the partition, each in the order of its times.
    times : ndarray of float64, shape (max(1, entries),)
        Times of their entries.
    masses : ndarray of float64, shape (max(1, entries),) or (0,)
        Of an exponential bias, see :func:`graphwalk.kernels.rows.time_masses.fill_time_masses`.
    bias : TimeBias, or None
        Which entries are likelier, if any are.
    interruption : Interruption
        When a walk ends before its length; it neither restarts nor goes on at a dead end.
    records : WalkerRecords
        Temporal walkers, and arrays for their steps and for walkers that leave.
    edges, starts, ends
        As of :func:`graphwalk.kernels.walk.partitioned_first_order.advance_first_order`.

    Returns
    -------
    num_taken, num_logged, num_leaving, num_remaining : int
        How many arriving walkers were taken, items of the log, and leaving ones of both kinds.
    """
    arriving, log, leaving, in_flight = records
    row_starts, neighbors = rows.row_starts, rows.neighbors
    position = np.empty(in_flight, np.int64)
    end = np.empty(in_flight, np.int64)
    node = np.empty(in_flight, np.int64)
    time = np.empty(in_flight, np.float64)
    row = np.empty(in_flight, np.int64)
    entry = np.empty(in_flight, np.int64)
    counter = np.empty(in_flight, np.uint64)
    # The rest of the row: from where, and to where; and how much is still searched.
    low = np.empty(in_flight, np.int64)
    stop = np.empty(in_flight, np.int64)
    span = np.empty(in_flight, np.int64)
    # Walkers that came by an edge, and those whose search is still under way.
    late = np.empty(in_flight, np.int64)
    seeking = np.empty(in_flight, np.int64)
    # Columns: a record taken from an array counts a reference to it, each time and atomically.
    position_in, node_in, time_in = arriving["position"], arriving["node"], arriving["time"]
    position_out, node_out, time_out = leaving["position"], leaving["node"], leaving["time"]
    position_log, node_log = log["position"], log["node"]
    if edges is not None:
        edge_log = log["edge"]
    reciprocal = reciprocal_of(starts.width)
    listed = rows.num_nodes == 0
    active = num_taken = num_logged = num_leaving = 0
    while True:
        while active < in_flight and num_taken < len(arriving):
            i = active
            position[i], node[i] = position_in[num_taken], node_in[num_taken]
            time[i] = time_in[num_taken]
            end[i], counter[i] = resume(starts, reciprocal, position[i])
            row[i] = find_row(rows, listed, node[i])
            prefetch(row_starts, row[i])
            num_taken += 1
            active += 1
        if active == 0 or num_logged + active > len(log):
            break
        num_late = num_seeking = 0
        for i in range(active):
            counter[i] += STEP
            low[i], stop[i] = row_bounds(row_starts, row[i])
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
        for i in range(active):
            draw = mix(counter[i])
            place = draw_by_time(times, masses, bias, draw, low[i], stop[i])
            prefetch(neighbors, place)
            prefetch(times, place)
            if edges is not None:
                prefetch_edge(edges, place)
            entry[i] = place if low[i] < stop[i] else np.int64(-1)
        if interruption.end > _NONE:
            for i in range(active):
                if draw_interruption(interruption, counter[i]) >= 0:
                    entry[i] = -1
        kept = 0
        for i in range(active):
            if entry[i] < 0:
                continue
            place = np.uint64(entry[i])
            position[kept], end[kept], counter[kept] = position[i] + 1, end[i], counter[i]
            node[kept], time[kept] = neighbors[place], times[place]
            position_log[num_logged], node_log[num_logged] = position[kept], node[kept]
            if edges is not None:
                edge_log[num_logged] = position_of(edges, entry[i])
            num_logged += 1
            if position[kept] == end[kept] or is_end(ends, node[kept]):
                continue
            row[kept] = find_row(rows, listed, node[kept])
            if row[kept] < 0:
                k = num_leaving
                position_out[k], node_out[k], time_out[k] = position[kept], node[kept], time[kept]
                num_leaving += 1
                continue
            prefetch(row_starts, row[kept])
            kept += 1
        active = kept
    for i in range(active):
        k = num_leaving + i
        position_out[k], node_out[k], time_out[k] = position[i], node[i], time[i]
    return num_taken, num_logged, num_leaving, active
