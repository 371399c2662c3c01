"""Second-order walks of node2vec, as long as they stay within a partition.

The rule and the random numbers of :mod:`graphwalk.kernels.walk.node2vec`, so the walks too. A
proposal on which the acceptance draw alone does not decide needs an edge check: between the
proposal and the previous node. Where neither has its row here, the walker leaves with the proposal
for a partition where the edge can be seen, to go on from there if it is accepted, and to come back
if not. In node2vec+ that is the partition that has the row of the proposal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, jit, prefetch
from graphwalk.kernels.rng import ACCEPTANCE, ATTEMPT, STEP, mix
from graphwalk.kernels.rows.alias_tables import entry_of, pick
from graphwalk.kernels.rows.rows import draw_entry, find_row
from graphwalk.kernels.walk.node2vec_rule import (
    MAX_ATTEMPTS,
    is_trapped,
    limit_of_edge,
    limit_without_edge,
    needs_edge_check,
    unmarked,
)
from graphwalk.kernels.walk.partitioned_rows import (
    ACCEPTED,
    AS_USUAL,
    EDGE_CHECK,
    ELSEWHERE,
    JUMPED,
    REFUSED,
    decide_by_rows,
)
from graphwalk.kernels.walk.row_parts import is_in_row
from graphwalk.kernels.walk.search_rows import find_edges
from graphwalk.kernels.walk.step_edges import position_of, prefetch_edge
from graphwalk.kernels.walk.steps import (
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
    from graphwalk.kernels.walk.node2vec_rule import AttemptLimits, Bias
    from graphwalk.kernels.walk.partitioned_rows import EdgeSource
    from graphwalk.kernels.walk.row_parts import RowParts
    from graphwalk.kernels.walk.step_edges import StepEdges
    from graphwalk.kernels.walk.steps import GroupStarts, Interruption, WalkerRecords

_NONE, _ONE = np.uint64(0), np.uint64(1)


@jit
def advance_node2vec(  # noqa: C901 - one loop an access; a call would hide them
    rows: Rows,
    table: NDArray[Any],
    shares: NDArray[np.float32] | None,
    known_edges: EdgeSource,
    bias: Bias,
    limits: AttemptLimits | None,
    parts: RowParts | None,
    edges: StepEdges | None,
    starts: GroupStarts,
    interruption: Interruption,
    ends: NDArray[np.uint64] | None,
    records: WalkerRecords,
) -> tuple[int, int, int, int]:
    """Advance walkers until each of them has left the partition or ended, or the log is full.

    Walkers whose step needs the rows of both nodes, of which one is not here, leave with the
    proposal `NEEDS_ROWS`: the engine reads the rows for them.

    Parameters
    ----------
    shares, bias, limits, parts
        As of :func:`graphwalk.kernels.walk.node2vec.walk_node2vec`.
    known_edges : EdgeSource
        Where edges are looked up.
    records : WalkerRecords
        Second-order walkers at nodes whose rows are here, or with proposals to be decided on here;
        and arrays for their steps and for walkers that leave.
    rows, table, edges, starts, interruption, ends
        As of :func:`graphwalk.kernels.walk.partitioned_first_order.advance_first_order`.

    Returns
    -------
    num_taken, num_logged, num_leaving, num_remaining : int
        How many arriving walkers were taken, items of the log, and leaving ones of both kinds.
    """
    arriving, log, leaving, in_flight = records
    row_starts, filter_words = rows.row_starts, known_edges.filter_words
    position = np.empty(in_flight, np.int64)
    end = np.empty(in_flight, np.int64)
    node = np.empty(in_flight, np.int64)
    previous = np.empty(in_flight, np.int64)
    proposal = np.empty(in_flight, np.int64)
    weak_edge = np.empty(in_flight, np.bool_)
    attempts = np.empty(in_flight, np.int64)
    first_draw = np.empty(in_flight, np.uint64)
    # The row of the node; of walkers that come with a proposal, the one in which it is decided on.
    row = np.empty(in_flight, np.int64)
    brought = np.empty(in_flight, np.bool_)
    entry = np.empty(in_flight, np.int64)
    # Where the entry that leads to the proposal lies in the store.
    edge = np.empty(in_flight, np.int64)
    draw = np.empty(in_flight, np.uint64)
    acceptance = np.empty(in_flight, np.uint64)
    outcome = np.empty(in_flight, np.int64)
    by_parts = np.empty(in_flight, np.bool_)
    # The edge checks: which walkers need one, in which row, the node sought there, the search.
    undecided = np.empty(in_flight, np.int64)
    seen_in = np.empty(in_flight, np.int64)
    sought = np.empty(in_flight, np.int64)
    low = np.empty(in_flight, np.int64)
    span = np.empty(in_flight, np.int64)
    hashed = np.empty(in_flight, np.uint64)
    word = np.empty(in_flight, np.int64)
    # What walkers do that follow no edge.
    how = np.empty(in_flight, np.int64)
    dead_end = np.int64(interruption.dead_end)
    # Columns: a record taken from an array counts a reference to it, each time and atomically.
    position_in, node_in, previous_in = arriving["position"], arriving["node"], arriving["previous"]
    proposal_in, attempt_in = arriving["proposal"], arriving["attempt"]
    weak_edge_in, weak_edge_out = arriving["weak_edge"], leaving["weak_edge"]
    position_out, node_out, previous_out = leaving["position"], leaving["node"], leaving["previous"]
    proposal_out, attempt_out = leaving["proposal"], leaving["attempt"]
    position_log, node_log = log["position"], log["node"]
    if edges is not None:
        edge_log, edge_in, edge_out = log["edge"], arriving["edge"], leaving["edge"]
    reciprocal = reciprocal_of(starts.width)
    listed = rows.num_nodes == 0
    far_apart = False
    if limits is not None:
        far_apart = limits.few != MAX_ATTEMPTS
    active = num_taken = num_logged = num_leaving = 0
    while True:
        while active < in_flight and num_taken < len(arriving):
            i, k = active, num_taken
            position[i], node[i], previous[i] = position_in[k], node_in[k], previous_in[k]
            proposal[i], attempts[i] = proposal_in[k], attempt_in[k]
            if shares is not None:
                weak_edge[i] = weak_edge_in[k] != 0
            if edges is not None:
                edge[i] = edge_in[k]
            end[i], counter = resume(starts, reciprocal, position[i])
            first_draw[i] = counter + STEP
            brought[i] = proposal[i] >= 0
            place: Int = node[i]
            if brought[i]:
                place = previous[i] if known_edges.directed else proposal[i]
            row[i] = find_row(rows, listed, place)
            prefetch(row_starts, row[i])
            num_taken += 1
            active += 1
        if active == 0 or num_logged + active > len(log):
            break
        # Propose: draw an entry of the current row, unless there is a proposal.
        jumps = 0
        for i in range(active):
            counter = first_draw[i] + np.uint64(attempts[i]) * ATTEMPT
            draw[i] = mix(counter)
            acceptance[i] = mix(counter + ACCEPTANCE)
        for i in range(active):
            entry[i], draw[i], degree = draw_entry(row_starts, row[i], draw[i])
            prefetch(table, entry[i])
            if edges is not None:
                prefetch_edge(edges, entry[i])
            outcome[i], by_parts[i] = REFUSED, False
            if degree == _NONE and not brought[i]:
                outcome[i] = JUMPED
                jumps += 1
            elif far_apart and degree == _ONE and not brought[i]:
                # The one neighbour is the next node, however often it would be refused.
                acceptance[i] = _NONE
        if jumps > 0 or interruption.end > _NONE:
            for i in range(active):
                drawn: Int = np.int64(-1)
                if not brought[i]:
                    drawn = draw_interruption(interruption, first_draw[i])
                if drawn >= 0 or outcome[i] == JUMPED:
                    outcome[i] = JUMPED
                    how[i] = drawn if drawn >= 0 else dead_end
        if edges is not None:
            for i in range(active):
                if outcome[i] != JUMPED and not brought[i]:
                    entry[i] = entry_of(table, entry[i], draw[i])
        # Decide, as far as the draws can.
        num_undecided: Int = np.int64(0)
        for i in range(active):
            if outcome[i] == JUMPED:
                continue
            if not brought[i]:
                proposal[i] = pick(table, np.uint64(entry[i]), draw[i])
                if edges is not None:
                    edge[i] = position_of(edges, entry[i])
                if shares is not None:
                    weak_edge[i] = proposal[i] < 0
                    proposal[i] = unmarked(proposal[i])
                if limits is not None and (far_apart or attempts[i] == MAX_ATTEMPTS):
                    counter = first_draw[i] + np.uint64(attempts[i]) * ATTEMPT
                    result, node_there, entry_there, place = decide_by_rows(
                        *(rows, table, shares, known_edges.complete, edges, bias, limits, parts),
                        *(row[i], previous[i], attempts[i], (mix(counter), acceptance[i])),
                    )
                    if result != AS_USUAL:
                        proposal[i], entry[i] = node_there, entry_there
                        outcome[i], how[i] = result, dead_end
                        if edges is not None:
                            edge[i] = position_of(edges, max(entry[i], 0))
                        if parts is not None and result == EDGE_CHECK:
                            # As without the edge, which may be found below.
                            outcome[i] = REFUSED if parts.favors_common else ACCEPTED
                            by_parts[i] = True
                            seen_in[num_undecided], sought[num_undecided] = place, proposal[i]
                            undecided[num_undecided] = i
                            num_undecided += 1
                        continue
                if not needs_edge_check(
                    bias, shares, proposal[i], previous[i], weak_edge[i], acceptance[i]
                ):
                    limit = limit_without_edge(bias, proposal[i], previous[i])
                    outcome[i] = ACCEPTED if acceptance[i] < limit else REFUSED
                    back = proposal[i] == previous[i]
                    if limits is not None and back and is_trapped(bias, rows, row[i], previous[i]):
                        outcome[i], how[i] = JUMPED, dead_end
                    continue
            # As without the edge, which may be found below.
            outcome[i] = ACCEPTED if acceptance[i] < bias.accept_far else REFUSED
            in_proposal = brought[i] and not known_edges.directed
            if shares is not None:
                in_proposal = True
            seen, other = previous[i], proposal[i]
            if in_proposal:
                seen, other = other, seen
            place = row[i] if brought[i] else find_row(rows, listed, seen)
            if shares is None and place < 0 and not known_edges.directed:
                seen, other = other, seen
                place = find_row(rows, listed, seen)
            if place < 0:
                if not known_edges.complete:
                    outcome[i] = ELSEWHERE
                continue
            seen_in[num_undecided], sought[num_undecided] = place, other
            undecided[num_undecided] = i
            prefetch(row_starts, place)
            num_undecided += 1
        num_undecided = find_edges(
            rows, filter_words, seen_in, sought, undecided, low, span, hashed, word, num_undecided
        )
        for k in range(num_undecided):
            i = undecided[k]
            if parts is not None and by_parts[i]:
                found = low[k] >= 0
                outcome[i] = ACCEPTED if found == parts.favors_common else REFUSED
                if edges is not None and found and not is_in_row(row_starts, row[i], entry[i]):
                    edge[i] = position_of(edges, low[k])
                continue
            limit = limit_of_edge(bias, shares, low[k], weak_edge[i])
            outcome[i] = ACCEPTED if acceptance[i] < limit else REFUSED
        # Move the walkers that may; keep those that go on here, and let the others leave.
        kept = 0
        for i in range(active):
            home, alive = row[i], True
            if outcome[i] == ELSEWHERE:
                home = np.int64(-1)
            elif outcome[i] == REFUSED:
                attempts[i] += 1
                proposal[i] = -1
                if brought[i]:
                    home = find_row(rows, listed, node[i])
            else:
                jumped = outcome[i] == JUMPED
                if jumped:
                    start, _ = identity(starts, position[i] // starts.width)
                    proposal[i] = jump_target(node[i], start, how[i])
                previous[i] = -1 if jumped else node[i]
                node[i] = proposal[i]
                proposal[i] = -1
                attempts[i] = 0
                if node[i] < 0:
                    continue
                position[i] += 1
                first_draw[i] += STEP
                position_log[num_logged], node_log[num_logged] = position[i], node[i]
                if edges is not None:
                    edge_log[num_logged] = -1 if jumped else edge[i]
                num_logged += 1
                alive = position[i] < end[i] and not is_end(ends, node[i])
                home = np.int64(-1) if known_edges.complete else find_row(rows, listed, node[i])
            if not alive:
                continue
            if home < 0:
                k = num_leaving
                position_out[k], node_out[k], previous_out[k] = position[i], node[i], previous[i]
                proposal_out[k], attempt_out[k] = proposal[i], attempts[i]
                if shares is not None:
                    weak_edge_out[k] = weak_edge[i]
                if edges is not None:
                    edge_out[k] = edge[i]
                num_leaving += 1
                continue
            position[kept], end[kept], first_draw[kept] = position[i], end[i], first_draw[i]
            node[kept], previous[kept], proposal[kept] = node[i], previous[i], np.int64(-1)
            attempts[kept], row[kept], brought[kept] = attempts[i], home, False
            prefetch(row_starts, home)
            kept += 1
        active = kept
    for i in range(active):
        k = num_leaving + i
        position_out[k], node_out[k], previous_out[k] = position[i], node[i], previous[i]
        proposal_out[k], attempt_out[k] = proposal[i], attempts[i]
        if shares is not None:
            weak_edge_out[k] = weak_edge[i]
    return num_taken, num_logged, num_leaving, active
