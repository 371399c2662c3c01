"""First-order walks, as long as they stay within a partition.

The accesses of :mod:`graphwalk.kernels.walk.first_order`, for walkers that come and go all the
time: after every step, walkers that wait take the slots of those that left. The steps are logged in
the order in which they are made, for :func:`graphwalk.kernels.walk.routing.scatter` to put them
into the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, jit, prefetch
from graphwalk.kernels.rng import STEP, mix
from graphwalk.kernels.rows.alias_tables import entry_of, pick
from graphwalk.kernels.rows.group_by_kind import row_of
from graphwalk.kernels.rows.rows import draw_entry, find_row
from graphwalk.kernels.walk.metapath_phase import last_restart
from graphwalk.kernels.walk.step_edges import position_of, prefetch_edge
from graphwalk.kernels.walk.steps import (
    GO_TO_START,
    draw_interruption,
    identity,
    is_end,
    jump_target,
    reciprocal_of,
    resume,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.rows.rows import Rows
    from graphwalk.kernels.walk.step_edges import StepEdges
    from graphwalk.kernels.walk.steps import GroupStarts, Interruption, WalkerRecords

_NONE = np.uint64(0)


@jit
def advance_first_order(  # noqa: C901 - one loop an access; a call would hide them
    rows: Rows,
    table: NDArray[Any],
    step_kinds: NDArray[np.int64] | None,
    edges: StepEdges | None,
    starts: GroupStarts,
    interruption: Interruption,
    ends: NDArray[np.uint64] | None,
    records: WalkerRecords,
) -> tuple[int, int, int, int]:
    """Advance walkers until each of them has left the partition or ended, or the log is full.

    Parameters
    ----------
    rows : Rows
        Those of the partition.
    table, step_kinds, edges, interruption, ends
        As of :func:`graphwalk.kernels.walk.first_order.walk_first_order`.
    starts : GroupStarts
        Where all walkers of the group start.
    records : WalkerRecords
        The walkers, and arrays for their steps and for walkers that leave.

    Returns
    -------
    num_taken, num_logged, num_leaving, num_remaining : int
        How many arriving walkers were taken, items of the log, and leaving ones of both kinds.
    """
    arriving, log, leaving, in_flight = records
    row_starts = rows.row_starts
    position = np.empty(in_flight, np.int64)
    end = np.empty(in_flight, np.int64)
    node = np.empty(in_flight, np.int64)
    row = np.empty(in_flight, np.int64)
    entry = np.empty(in_flight, np.int64)
    counter = np.empty(in_flight, np.uint64)
    draw = np.empty(in_flight, np.uint64)
    edge = np.empty(in_flight, np.int64)
    # Steps after which the metapath began.
    begun = np.zeros(in_flight, np.int64)
    # Columns: a record taken from an array counts a reference to it, each time and atomically.
    position_in, node_in = arriving["position"], arriving["node"]
    position_log, node_log = log["position"], log["node"]
    if edges is not None:
        edge_log = log["edge"]
    position_out, node_out = leaving["position"], leaving["node"]
    reciprocal = reciprocal_of(starts.width)
    listed = rows.num_nodes == 0
    length = starts.width - 1
    at_dead_end = np.int64(-1 - interruption.dead_end)
    active = num_taken = num_logged = num_leaving = 0
    while True:
        while active < in_flight and num_taken < len(arriving):
            i = active
            position[i], node[i] = position_in[num_taken], node_in[num_taken]
            end[i], counter[i] = resume(starts, reciprocal, position[i])
            home = find_row(rows, listed, node[i])
            step = position[i] + length - end[i]
            if step_kinds is not None:
                begun[i] = last_restart(interruption, counter[i], step)
            row[i] = row_of(step_kinds, home, step - begun[i])
            prefetch(row_starts, row[i])
            num_taken += 1
            active += 1
        if active == 0 or num_logged + active > len(log):
            break
        jumps = 0
        for i in range(active):
            counter[i] += STEP
            draw[i] = mix(counter[i])
        for i in range(active):
            place, draw[i], degree = draw_entry(row_starts, row[i], draw[i])
            prefetch(table, place)
            if edges is not None:
                prefetch_edge(edges, place)
            entry[i] = place if degree > _NONE else at_dead_end
            jumps += degree == _NONE
        if interruption.end > _NONE:
            for i in range(active):
                drawn = draw_interruption(interruption, counter[i])
                if drawn >= 0:
                    entry[i] = -1 - drawn
                    jumps += 1
        if edges is not None:
            for i in range(active):
                followed: Int = np.int64(-1)
                if entry[i] >= 0:
                    entry[i] = entry_of(table, entry[i], draw[i])
                    followed = position_of(edges, entry[i])
                edge[i] = followed
        if jumps == 0:
            for i in range(active):
                node[i] = pick(table, np.uint64(entry[i]), draw[i])
        else:
            for i in range(active):
                if entry[i] >= 0:
                    node[i] = pick(table, np.uint64(entry[i]), draw[i])
                else:
                    start, _ = identity(starts, position[i] // starts.width)
                    node[i] = jump_target(node[i], start, -1 - entry[i])
                    if -1 - entry[i] == GO_TO_START:
                        begun[i] = position[i] + 1 + length - end[i]
        # Every node is logged, and every walker copied both to where it stays and to where it
        # leaves from: that costs less than to guess which it does.
        kept = 0
        for i in range(active):
            position_log[num_logged], node_log[num_logged] = position[i] + 1, node[i]
            if edges is not None:
                edge_log[num_logged] = edge[i]
            position_out[num_leaving], node_out[num_leaving] = position[i] + 1, node[i]
            alive = node[i] >= 0
            goes_on = alive & (position[i] + 1 < end[i])
            goes_on &= not is_end(ends, node[i])
            home = find_row(rows, listed, node[i])
            stays = goes_on & (home >= 0)
            position[kept] = position[i] + 1
            end[kept] = end[i]
            counter[kept] = counter[i]
            node[kept] = node[i]
            begun[kept] = begun[i]
            step = position[kept] + length - end[kept]
            row[kept] = row_of(step_kinds, max(home, 0), step - begun[kept])
            prefetch(row_starts, row[kept])
            num_logged += alive
            num_leaving += goes_on & (not stays)
            kept += stays
        active = kept
    for i in range(active):
        position_out[num_leaving + i], node_out[num_leaving + i] = position[i], node[i]
    return num_taken, num_logged, num_leaving, active
