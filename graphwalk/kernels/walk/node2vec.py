"""Second-order walks of node2vec by rejection sampling, many walkers at a time.

What a step does is :mod:`graphwalk.kernels.walk.node2vec_rule`. Here all active walkers make one
attempt each in a round, and all edge checks of a round are made side by side. A step that is
refused very often is drawn from its whole row, see :mod:`graphwalk.kernels.walk.exact_step`, and
where p and q are far apart, proposals may be of parts of rows, see
:mod:`graphwalk.kernels.walk.row_parts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, jit, prefetch
from graphwalk.kernels.rng import ACCEPTANCE, ATTEMPT, STEP, mix, walker_key
from graphwalk.kernels.rows.alias_tables import entry_of, pick
from graphwalk.kernels.rows.rows import draw_entry, row_bounds
from graphwalk.kernels.walk.exact_step import one_of_parallel, pick_from_row
from graphwalk.kernels.walk.node2vec_rule import (
    ALWAYS,
    MAX_ATTEMPTS,
    attempts_made,
    is_trapped,
    limit_of_edge,
    limit_without_edge,
    needs_edge_check,
    takes_whole_row,
    unmarked,
)
from graphwalk.kernels.walk.row_parts import (
    FAVORED,
    NO_ROW,
    PLAIN,
    RETURN,
    WHOLE,
    is_in_row,
    is_part,
    judge_part,
    propose_part,
    shorter_row,
)
from graphwalk.kernels.walk.search_rows import find_edges
from graphwalk.kernels.walk.step_edges import nodes_of, position_of, prefetch_edge
from graphwalk.kernels.walk.steps import (
    apply_jump,
    draw_interruption,
    end_walk,
    is_end,
    take_where,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.rows.rows import Rows
    from graphwalk.kernels.walk.node2vec_rule import AttemptLimits, Bias
    from graphwalk.kernels.walk.row_parts import RowParts
    from graphwalk.kernels.walk.step_edges import StepEdges
    from graphwalk.kernels.walk.steps import Interruption, Starts

_NONE = np.uint64(0)


@jit
def walk_node2vec(  # noqa: C901 - one loop an access; a call would hide them
    rows: Rows,
    table: NDArray[Any],
    shares: NDArray[np.float32] | None,
    filter_words: NDArray[np.uint64],
    bias: Bias,
    limits: AttemptLimits | None,
    parts: RowParts | None,
    edges: StepEdges | None,
    starts: Starts,
    interruption: Interruption,
    ends: NDArray[np.uint64] | None,
    walks: NDArray[Any],
) -> None:
    """Walk by node2vec's rule and fill `walks`.

    Parameters
    ----------
    shares : ndarray of float32, shape (max(1, entries),), or None
        For node2vec+ on an undirected graph, from a table in which weak edges are marked.
    filter_words : ndarray of uint64
        The Bloom filter of edges, see :mod:`graphwalk.kernels.rows.bloom_filter`.
    bias : Bias
        How likely a step goes where.
    limits : AttemptLimits, or None
        When steps are drawn from their whole rows, if any are.
    parts : RowParts, or None
        For walks with `limits` and without weights.
    rows, table, edges, starts, interruption, ends, walks
        As of :func:`graphwalk.kernels.walk.first_order.walk_first_order`.
    """
    row_starts, in_flight = rows.row_starts, starts.in_flight
    length = walks.shape[1] - 1
    flat = nodes_of(walks.reshape(-1))
    if edges is not None:
        followed = walks.reshape(-1)["edge"]
    # Per active walker.
    node = np.empty(in_flight, np.int64)
    previous = np.empty(in_flight, np.int64)
    position = np.empty(in_flight, np.int64)
    end = np.empty(in_flight, np.int64)
    first_draw = np.empty(in_flight, np.uint64)
    counter = np.empty(in_flight, np.uint64)
    draw = np.empty(in_flight, np.uint64)
    entry = np.empty(in_flight, np.int64)
    proposal = np.empty(in_flight, np.int64)
    weak_edge = np.empty(in_flight, np.bool_)
    acceptance = np.empty(in_flight, np.uint64)
    limit = np.empty(in_flight, np.uint64)
    accepted = np.empty(in_flight, np.int64)
    part = np.empty(in_flight, np.int64)
    # The edge checks: which walkers need one, in which row, the node sought there, the search.
    needs_check = np.empty(in_flight, np.int64)
    undecided = np.empty(in_flight, np.int64)
    seen_in = np.empty(in_flight, np.int64)
    sought = np.empty(in_flight, np.int64)
    low = np.empty(in_flight, np.int64)
    span = np.empty(in_flight, np.int64)
    hashed = np.empty(in_flight, np.uint64)
    word = np.empty(in_flight, np.int64)
    # Walkers that follow no edge in this round, and what they do.
    jumping = np.empty(in_flight, np.int64)
    how = np.empty(in_flight, np.int64)
    far_apart = in_parts = False
    if limits is not None:
        far_apart = limits.few != MAX_ATTEMPTS
    if parts is not None:
        in_parts = parts.long_row < NO_ROW
    # How far the counter of an attempt is from that of the first.
    max_attempts = np.uint64(MAX_ATTEMPTS) * ATTEMPT
    active = 0
    num_taken = 0
    ended = True
    at_attempt_limit = False
    while True:
        i = 0 if ended else in_flight
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
                previous[i] = -1
                key = walker_key(starts.run_key, node[i], starts.numbers[num_taken])
                first_draw[i] = counter[i] = key + STEP
                position[i] = num_taken * (length + 1)
                end[i] = position[i] + length
                flat[position[i]] = node[i]
                num_taken += 1
                i += 1
                active = max(active, i)
            elif i < active:
                active -= 1
                node[i], previous[i] = node[active], previous[active]
                first_draw[i], counter[i] = first_draw[active], counter[active]
                position[i], end[i] = position[active], end[active]
            else:
                break
        if active == 0:
            return
        # Propose: draw an entry of the current row.
        for i in range(active):
            draw[i] = mix(counter[i])
            acceptance[i] = mix(counter[i] + ACCEPTANCE)
        dead_ends = 0
        for i in range(active):
            entry[i], draw[i], degree = draw_entry(row_starts, node[i], draw[i])
            prefetch(table, entry[i])
            if edges is not None:
                prefetch_edge(edges, entry[i])
            dead_ends += degree == _NONE
        if limits is not None and far_apart:
            for i in range(active):
                row = row_bounds(row_starts, node[i])
                entries = row[1] - row[0]
                made = attempts_made(counter[i] - first_draw[i])
                part[i] = WHOLE if takes_whole_row(limits, made, entries) else PLAIN
                if parts is not None and entries > parts.long_row and previous[i] >= 0:
                    before = row_bounds(row_starts, previous[i])
                    part[i], entry[i] = propose_part(
                        *(parts, rows.neighbors, node[i], row, before, True, previous[i]),
                        *(made, mix(counter[i]), acceptance[i]),
                    )
                    prefetch(table, entry[i])
                    acceptance[i] = _NONE
                # The one neighbour is the next node, however often it would be refused.
                acceptance[i] = _NONE if entries == 1 else acceptance[i]
                at_attempt_limit |= part[i] == WHOLE
        jumps = 0
        if dead_ends > 0 or interruption.end > _NONE:
            for i in range(active):
                drawn = draw_interruption(interruption, first_draw[i])
                start, stop = row_bounds(row_starts, node[i])
                if drawn < 0 and start < stop:
                    continue
                jumping[jumps] = i
                how[jumps] = drawn if drawn >= 0 else np.int64(interruption.dead_end)
                jumps += 1
                # Sit this round out: propose anything, and refuse it.
                entry[i], acceptance[i], part[i] = 0, ALWAYS, PLAIN
        if edges is not None:
            for i in range(active):
                entry[i] = entry_of(table, entry[i], draw[i])
        # Look which node is proposed, and decide, as far as the draw does. Loops that wait for
        # memory do little else, and loops that compute are of a few arrays each, which compilers
        # turn into vector instructions.
        for i in range(active):
            proposal[i] = pick(table, np.uint64(entry[i]), draw[i])
            if shares is not None:
                weak_edge[i] = proposal[i] < 0
                proposal[i] = unmarked(proposal[i])
            prefetch(row_starts, proposal[i])
        for i in range(active):
            limit[i] = limit_without_edge(bias, proposal[i], previous[i])
        for i in range(active):
            needs = needs_edge_check(
                bias, shares, proposal[i], previous[i], weak_edge[i], acceptance[i]
            )
            needs_check[i] = needs
            limit[i] = bias.accept_far if needs else limit[i]
        if parts is not None:
            for i in range(active if in_parts else 0):
                row = row_bounds(row_starts, node[i])
                before = row_bounds(row_starts, max(previous[i], 0))
                checked, below = judge_part(
                    parts, rows.neighbors, row, before, part[i], entry[i], previous[i]
                )
                needs_check[i] = checked if is_part(part[i]) else needs_check[i]
                limit[i] = below if is_part(part[i]) else limit[i]
                proposal[i] = previous[i] if part[i] == RETURN else proposal[i]
                if edges is not None and part[i] == RETURN:
                    draw[i] = mix(counter[i])
                    entry[i] = one_of_parallel(rows.neighbors, row, previous[i], draw[i])
        num_undecided: Int = np.int64(0)
        for i in range(active):
            undecided[num_undecided] = i
            num_undecided += needs_check[i]
        # Check edges in the previous rows, or in node2vec+ in those of the proposals.
        for k in range(num_undecided):
            i = undecided[k]
            seen_in[k] = previous[i] if shares is None else proposal[i]
            sought[k] = proposal[i] if shares is None else previous[i]
        if parts is not None:
            for k in range(num_undecided if in_parts else 0):
                i = undecided[k]
                own = part[i] != FAVORED or is_in_row(row_starts, node[i], entry[i])
                seen_in[k] = seen_in[k] if own else node[i]
                if edges is None:
                    seen_in[k], sought[k] = shorter_row(parts, row_starts, seen_in[k], sought[k])
        num_undecided = find_edges(
            rows, filter_words, seen_in, sought, undecided, low, span, hashed, word, num_undecided
        )
        for k in range(num_undecided):
            i = undecided[k]
            if parts is not None and in_parts and part[i] == FAVORED:
                found = low[k] >= 0
                limit[i] = ALWAYS if found == parts.favors_common else _NONE
                if edges is not None and found and not is_in_row(row_starts, node[i], entry[i]):
                    entry[i] = low[k]
                continue
            limit[i] = limit_of_edge(bias, shares, low[k], weak_edge[i])
        if limits is not None and (bias.p == np.inf or at_attempt_limit):
            for i in range(active):
                trapped = (
                    proposal[i] == previous[i]
                    and acceptance[i] < ALWAYS
                    and is_trapped(bias, rows, node[i], previous[i])
                )
                at_limit = counter[i] - first_draw[i] == max_attempts
                if far_apart:
                    at_limit = part[i] == WHOLE
                if not trapped and not at_limit:
                    continue
                row = row_bounds(row_starts, node[i])
                before = row_bounds(row_starts, max(previous[i], 0))
                draw[i] = mix(counter[i])
                proposal[i], entry[i] = pick_from_row(
                    rows, table, shares, True, edges, bias, row, before, previous[i], draw[i]
                )
                acceptance[i], limit[i] = _NONE, ALWAYS
                if proposal[i] < 0:
                    jumping[jumps], how[jumps] = i, np.int64(interruption.dead_end)
                    jumps += 1
                    acceptance[i] = ALWAYS
        for k in range(jumps):
            i = jumping[k]
            node[i] = apply_jump(flat, position[i], end[i], length, how[k])
            if edges is not None:
                end_walk(followed, position[i], end[i] if node[i] < 0 else position[i] + 1)
            position[i] = end[i] if node[i] < 0 else position[i] + 1
            previous[i] = -1
            # As if refused before the first attempt of the next step.
            first_draw[i] += STEP
            counter[i] = first_draw[i] - ATTEMPT
        # Advance the walkers whose proposal is accepted; the others try again.
        for i in range(active):
            accepted[i] = acceptance[i] < limit[i]
        take_where(accepted, node, previous, active)
        take_where(accepted, proposal, node, active)
        for i in range(active):
            position[i] += accepted[i]
        for i in range(active):
            first_draw[i] += STEP if accepted[i] else _NONE
        for i in range(active):
            counter[i] = first_draw[i] if accepted[i] else counter[i] + ATTEMPT
        at_attempt_limit = False
        steps_remaining = length
        for i in range(active):
            if limits is not None:
                at_attempt_limit |= counter[i] - first_draw[i] == max_attempts
            steps_remaining = min(steps_remaining, end[i] - position[i])
        ended = steps_remaining == 0
        for i in range(active):
            flat[np.uint64(position[i])] = node[i]
        if edges is not None:
            for i in range(active):
                if accepted[i]:
                    followed[np.uint64(position[i])] = position_of(edges, entry[i])
        if ends is not None:
            for i in range(active):
                if is_end(ends, node[i]):
                    end_walk(flat, position[i], end[i])
                    if edges is not None:
                        end_walk(followed, position[i], end[i])
                    position[i] = end[i]
                    ended = True
