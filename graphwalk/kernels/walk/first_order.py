"""Walks whose next step depends on the current node alone.

A step costs two memory accesses, each of which depends on the one before: where the row begins,
and which neighbour lies at the drawn place in it. A single walker waits for both. Here many walkers
are active at a time: each loop does one access for all of them and prefetches the next, so that
the waits overlap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import jit, prefetch
from graphwalk.kernels.rng import STEP, mix, walker_key
from graphwalk.kernels.rows.alias_tables import entry_of, pick
from graphwalk.kernels.rows.group_by_kind import row_of
from graphwalk.kernels.rows.rows import draw_entry
from graphwalk.kernels.walk.step_edges import nodes_of, position_of, prefetch_edge
from graphwalk.kernels.walk.steps import (
    GO_TO_START,
    apply_jump,
    draw_interruption,
    end_walk,
    is_end,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.rows.rows import Rows
    from graphwalk.kernels.walk.step_edges import StepEdges
    from graphwalk.kernels.walk.steps import Interruption, Starts

_NONE = np.uint64(0)


@jit
def walk_first_order(  # noqa: C901 - one loop an access; a call would hide them
    rows: Rows,
    table: NDArray[Any],
    step_kinds: NDArray[np.int64] | None,
    edges: StepEdges | None,
    starts: Starts,
    interruption: Interruption,
    ends: NDArray[np.uint64] | None,
    walks: NDArray[Any],
) -> None:
    """Walk first order, uniformly or by weight as the `table` says, and fill `walks`.

    Parameters
    ----------
    rows : Rows
        Those of all nodes.
    table : ndarray of node ids or of alias records, shape (max(1, entries),)
        What a step draws from, see :mod:`graphwalk.kernels.rows.alias_tables`.
    step_kinds : ndarray of int64, or None
        As of :func:`graphwalk.kernels.rows.group_by_kind.row_of`.
    edges : StepEdges, or None
        What tells the entries that steps follow; None where these are not recorded.
    starts : Starts
        Where walkers start, and how many advance together.
    interruption : Interruption
        When a step follows no edge.
    ends : ndarray of uint64, or None
        The nodes at which walks end, as of :func:`graphwalk.kernels.walk.steps.is_end`.
    walks : ndarray of int32, int64 or step records, shape (walkers, length + 1), C-contiguous
        Receives the walks; length is at least 1.
    """
    row_starts, in_flight = rows.row_starts, starts.in_flight
    length = walks.shape[1] - 1
    flat = nodes_of(walks.reshape(-1))
    if edges is not None:
        followed = walks.reshape(-1)["edge"]
    # Per active walker: node (between the loops: entry, or -1 less what it does without one),
    # counter, draw, position, last position, steps after which its metapath began.
    node = np.empty(in_flight, np.int64)
    counter = np.empty(in_flight, np.uint64)
    draw = np.empty(in_flight, np.uint64)
    position = np.empty(in_flight, np.int64)
    end = np.empty(in_flight, np.int64)
    begun = np.empty(in_flight, np.int64)
    at_dead_end = np.int64(-1 - interruption.dead_end)
    active = 0
    num_taken = 0
    while True:
        # Slots from `active` on are empty, and those whose walk has ended; fill or close them.
        i = 0
        while i < in_flight:
            if i < active and position[i] < end[i]:
                i += 1
            elif num_taken < len(starts.nodes):
                node[i] = starts.nodes[num_taken]
                if edges is not None:
                    followed[num_taken * (length + 1)] = -1
                if is_end(ends, node[i]):
                    first = num_taken * (length + 1)
                    flat[first] = node[i]
                    end_walk(flat, first, first + length)
                    if edges is not None:
                        end_walk(followed, first, first + length)
                    num_taken += 1
                    continue
                prefetch(row_starts, node[i])
                counter[i] = walker_key(starts.run_key, node[i], starts.numbers[num_taken])
                position[i] = num_taken * (length + 1)
                end[i] = position[i] + length
                begun[i] = 0
                flat[position[i]] = node[i]
                num_taken += 1
                i += 1
                active = max(active, i)
            elif i < active:
                active -= 1
                node[i], counter[i] = node[active], counter[active]
                position[i], end[i] = position[active], end[active]
                begun[i] = begun[active]
            else:
                break
        if active == 0:
            return
        # No walk can end of its length within this many steps.
        steps = length
        for i in range(active):
            steps = min(steps, end[i] - position[i])
        # All make them together, so what is counted is not where each is but how many were made.
        made = 0
        stopped = False
        while made < steps and not stopped:
            for i in range(active):
                counter[i] += STEP
                draw[i] = mix(counter[i])
            jumps = 0
            for i in range(active):
                step = length + position[i] + made - end[i]
                row = row_of(step_kinds, node[i], step - begun[i])
                entry, draw[i], degree = draw_entry(row_starts, row, draw[i])
                prefetch(table, entry)
                if edges is not None:
                    prefetch_edge(edges, entry)
                node[i] = entry if degree > _NONE else at_dead_end
                jumps += degree == _NONE
            if interruption.end > _NONE:
                for i in range(active):
                    drawn = draw_interruption(interruption, counter[i])
                    if drawn >= 0:
                        node[i] = -1 - drawn
                        jumps += 1
            made += 1
            if edges is not None:
                for i in range(active):
                    if node[i] >= 0:
                        node[i] = entry_of(table, node[i], draw[i])
            if jumps == 0:
                for i in range(active):
                    if edges is not None:
                        followed[np.uint64(position[i] + made)] = position_of(edges, node[i])
                    node[i] = pick(table, np.uint64(node[i]), draw[i])
                    step = length + position[i] + made - end[i]
                    prefetch(row_starts, row_of(step_kinds, node[i], step - begun[i]))
                    flat[np.uint64(position[i] + made)] = node[i]
            for i in range(active if jumps > 0 else 0):
                if node[i] < 0:
                    how = -1 - node[i]
                    before = position[i] + made - 1
                    node[i] = apply_jump(flat, before, end[i], length, how)
                    if how == GO_TO_START:
                        begun[i] = length + position[i] + made - end[i]
                    if edges is not None:
                        end_walk(followed, before, end[i] if node[i] < 0 else before + 1)
                    if node[i] < 0:
                        position[i] = end[i] - made
                        stopped = True
                else:
                    if edges is not None:
                        followed[position[i] + made] = position_of(edges, node[i])
                    node[i] = pick(table, np.uint64(node[i]), draw[i])
                    flat[position[i] + made] = node[i]
                step = length + position[i] + made - end[i]
                prefetch(row_starts, row_of(step_kinds, node[i], step - begun[i]))
            if ends is not None:
                for i in range(active):
                    if position[i] + made < end[i] and is_end(ends, node[i]):
                        end_walk(flat, position[i] + made, end[i])
                        if edges is not None:
                            end_walk(followed, position[i] + made, end[i])
                        position[i] = end[i] - made
                        stopped = True
        for i in range(active):
            position[i] += made
