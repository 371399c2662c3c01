"""Second-order walks of node2vec, as long as they stay within a partition.

The rule and the random numbers of :mod:`graphwalk.kernels.walk.node2vec`, so the walks too. A
proposal on which the acceptance draw alone does not decide needs to know of one edge: between the
proposal and the previous node. Where neither has its row here, the walker leaves with the proposal
for a partition where it can be seen, to go on from there if it is accepted, and to come back if
not. In node2vec+ that is the row of the proposal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import jit, multiply_high, prefetch
from graphwalk.kernels.rng import ACCEPTANCE, ATTEMPT, STEP, mix, walker_key
from graphwalk.kernels.rows.alias_tables import pick
from graphwalk.kernels.rows.bloom_filter import filter_bits, filter_hash, filter_word
from graphwalk.kernels.rows.node2vec_plus import acceptance_of
from graphwalk.kernels.search import row_inside, row_listed
from graphwalk.kernels.walk.exact_step import MAX_ATTEMPTS, all_are, pick_from_row
from graphwalk.kernels.walk.search_rows import find_in_rows
from graphwalk.kernels.walk.steps import draw_interruption, identity, jump_target, reciprocal_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ONE, _NONE = np.uint64(1), np.uint64(0)

# What becomes of a walker in a round.
_REFUSED, _ACCEPTED, _HOPPED, _ELSEWHERE = 0, 1, 2, 3


@jit
def advance_node2vec(  # noqa: C901 - one loop an access; a call would hide them
    first: int,
    inside: int,
    index: NDArray[np.int64],
    directed: bool,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    table: NDArray[Any],
    words: NDArray[np.uint64],
    shares: NDArray[np.float32] | None,
    closed: bool,
    accept_return: np.uint64,
    accept_common: np.uint64,
    accept_far: np.uint64,
    p: float,
    q: float,
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

    Those who have tried a step `MAX_ATTEMPTS` times and need a row that is not here leave without a
    proposal, for the partition that they are in: see `finish_step`.

    Parameters
    ----------
    directed : bool
        Whether an edge can be seen in the row of the node alone that it leaves.
    words : ndarray of uint64
        The edge filter, or empty, which makes do without one.
    closed : bool
        In node2vec+: whether a node without a row here is no neighbour of any previous node, and
        walkers leave after a step.
    neighbors, shares, accept_return, accept_common, accept_far, p, q
        As of :func:`graphwalk.kernels.walk.node2vec.walk_node2vec`.
    arriving : ndarray of second-order walker records
        Walkers at nodes whose rows are here, or with proposals to be decided on here.
    first, inside, index, row_starts, table, num_walks, first_walk, start_nodes, first_numbers, \
    run, restart, over, dead_end, width, log, leaving, in_flight
        As of :func:`graphwalk.kernels.walk.partitioned_first_order.advance_first_order`.

    Returns
    -------
    entered, logged, left, held : int
        How many of `arriving` were taken up, items of `log`, and items of `leaving` of both kinds.
    """
    surely, possibly = min(accept_common, accept_far), max(accept_common, accept_far)
    outward = accept_far > accept_common
    at = np.empty(in_flight, np.int64)
    end = np.empty(in_flight, np.int64)
    node = np.empty(in_flight, np.int64)
    previous = np.empty(in_flight, np.int64)
    proposal = np.empty(in_flight, np.int64)
    loose = np.empty(in_flight, np.bool_)
    attempts = np.empty(in_flight, np.int64)
    first_draw = np.empty(in_flight, np.uint64)
    # The row of the node; of those who come with a proposal, the one in which it is decided on.
    row = np.empty(in_flight, np.int64)
    brought = np.empty(in_flight, np.bool_)
    entry = np.empty(in_flight, np.int64)
    draw = np.empty(in_flight, np.uint64)
    acceptance = np.empty(in_flight, np.uint64)
    outcome = np.empty(in_flight, np.int64)
    # Of the proposals in question: whose, in which row, the node sought there, the search.
    unsure = np.empty(in_flight, np.int64)
    seen_in = np.empty(in_flight, np.int64)
    sought = np.empty(in_flight, np.int64)
    word = np.empty(in_flight, np.int64)
    low = np.empty(in_flight, np.int64)
    span = np.empty(in_flight, np.int64)
    # What those do who follow no edge.
    how = np.empty(in_flight, np.int64)
    has_filter = len(words) > 0
    never_back = p == np.inf
    # Columns: a record taken from an array counts a reference to it, each time and atomically.
    at_in, node_in, previous_in = arriving["at"], arriving["node"], arriving["previous"]
    proposal_in, attempt_in, loose_in = arriving["proposal"], arriving["attempt"], arriving["loose"]
    at_out, node_out, previous_out = leaving["at"], leaving["node"], leaving["previous"]
    proposal_out, attempt_out, loose_out = leaving["proposal"], leaving["attempt"], leaving["loose"]
    log_at, log_node = log["at"], log["node"]
    reciprocal = reciprocal_of(width)
    # To hand an array to a function with a loop counts a reference too: not where it is not needed.
    listed = len(index) > 0
    if shares is None:
        ties: Any = None
    else:
        ties = row_starts, shares, first, inside, index, closed
    flying = entered = logged = left = 0
    while True:
        while flying < in_flight and entered < len(arriving):
            walk = np.int64(multiply_high(np.uint64(at_in[entered]), reciprocal))
            start, number = identity(walk, num_walks, first_walk, start_nodes, first_numbers)
            at[flying] = at_in[entered]
            end[flying] = walk * width + width - 1
            step = np.uint64(at[flying] - walk * width)
            first_draw[flying] = walker_key(run, start, number) + (step + _ONE) * STEP
            node[flying], previous[flying] = node_in[entered], previous_in[entered]
            proposal[flying], attempts[flying] = proposal_in[entered], attempt_in[entered]
            brought[flying] = proposal[flying] >= 0
            if shares is not None:
                loose[flying] = loose_in[entered] != 0
            place = node[flying]
            if brought[flying]:
                place = previous[flying] if directed else proposal[flying]
            row[flying] = row_inside(place, first, inside)
            if listed:
                row[flying] = row_listed(place, index)
            prefetch(row_starts, row[flying])
            entered += 1
            flying += 1
        if flying == 0 or logged + flying > len(log):
            break
        # Propose: draw an entry of the current row, unless there is a proposal.
        hops = 0
        for i in range(flying):
            counter = first_draw[i] + np.uint64(attempts[i]) * ATTEMPT
            draw[i] = mix(counter)
            acceptance[i] = mix(counter + ACCEPTANCE)
        for i in range(flying):
            here = np.uint64(row[i])
            begin = np.int64(row_starts[here])
            degree = np.uint64(np.int64(row_starts[here + _ONE]) - begin)
            entry[i] = begin + np.int64(multiply_high(draw[i], degree))
            prefetch(table, entry[i])
            draw[i] *= degree
            outcome[i] = _REFUSED
            if degree == _NONE and not brought[i]:
                outcome[i] = _HOPPED
                hops += 1
        if hops > 0 or over > _NONE:
            for i in range(flying):
                drawn = (
                    np.int64(-1) if brought[i] else draw_interruption(first_draw[i], restart, over)
                )
                if drawn >= 0 or outcome[i] == _HOPPED:
                    outcome[i] = _HOPPED
                    how[i] = drawn if drawn >= 0 else np.int64(dead_end)
        # Decide, as far as the draws can.
        num_unsure = 0
        for i in range(flying):
            if outcome[i] == _HOPPED:
                continue
            if not brought[i]:
                proposal[i] = pick(table, np.uint64(entry[i]), draw[i])
                if shares is not None:
                    loose[i] = proposal[i] < 0
                    proposal[i] = ~proposal[i] if loose[i] else proposal[i]
                if previous[i] < 0:
                    outcome[i] = _ACCEPTED
                    continue
                if attempts[i] == MAX_ATTEMPTS:
                    whole = np.int64(row_starts[row[i]]), np.int64(row_starts[row[i] + 1])
                    before = np.int64(0), np.int64(0)
                    past = row_inside(previous[i], first, inside)
                    if listed:
                        past = row_listed(previous[i], index)
                    if past >= 0:
                        before = np.int64(row_starts[past]), np.int64(row_starts[past + 1])
                    known = past >= 0 or all_are(neighbors, whole, previous[i])
                    if shares is not None:
                        known = True
                    if known:
                        counter = first_draw[i] + np.uint64(MAX_ATTEMPTS) * ATTEMPT
                        proposal[i] = pick_from_row(
                            table, whole, neighbors, before, ties, previous[i], p, q, mix(counter)
                        )
                        known = proposal[i] >= -1
                        outcome[i] = _ACCEPTED if proposal[i] >= 0 else _HOPPED
                        how[i] = dead_end
                    if not known:
                        proposal[i] = -1
                        outcome[i] = _ELSEWHERE
                    continue
                if proposal[i] == previous[i]:
                    outcome[i] = _ACCEPTED if acceptance[i] < accept_return else _REFUSED
                    if never_back:
                        whole = np.int64(row_starts[row[i]]), np.int64(row_starts[row[i] + 1])
                        if all_are(neighbors, whole, previous[i]):
                            outcome[i], how[i] = _HOPPED, dead_end
                    continue
                if acceptance[i] < surely:
                    outcome[i] = _ACCEPTED
                    continue
                if acceptance[i] >= possibly:
                    continue
                if shares is not None and outward and loose[i]:
                    continue
            seen, other = previous[i], proposal[i]
            if brought[i]:
                seen_in[num_unsure] = row[i]
                if not directed:
                    seen, other = other, seen
            elif shares is not None:
                seen, other = other, seen
                seen_in[num_unsure] = row_inside(seen, first, inside)
                if listed:
                    seen_in[num_unsure] = row_listed(seen, index)
                if seen_in[num_unsure] < 0:
                    outcome[i] = _ELSEWHERE
                    if closed:
                        outcome[i] = _ACCEPTED if acceptance[i] < accept_far else _REFUSED
                    continue
            else:
                seen_in[num_unsure] = row_inside(seen, first, inside)
                if listed:
                    seen_in[num_unsure] = row_listed(seen, index)
                if seen_in[num_unsure] < 0 and not directed:
                    seen, other = other, seen
                    seen_in[num_unsure] = row_inside(seen, first, inside)
                    if listed:
                        seen_in[num_unsure] = row_listed(seen, index)
                if seen_in[num_unsure] < 0:
                    outcome[i] = _ELSEWHERE
                    continue
            sought[num_unsure] = other
            unsure[num_unsure] = i
            prefetch(row_starts, seen_in[num_unsure])
            num_unsure += 1
        # Ask the filter, then search the rows.
        for k in range(num_unsure):
            here = np.uint64(seen_in[k])
            low[k] = row_starts[here]
            span[k] = np.int64(row_starts[here + _ONE]) - low[k]
            word[k] = filter_word(low[k], span[k], filter_hash(sought[k]))
            prefetch(words, word[k])
        num_maybe = 0
        for k in range(num_unsure):
            i = unsure[k]
            bits = filter_bits(filter_hash(sought[k]))
            surely_not = has_filter and (words[np.uint64(word[k])] & bits) != bits
            if surely_not or span[k] == 0:
                outcome[i] = _ACCEPTED if acceptance[i] < accept_far else _REFUSED
                continue
            unsure[num_maybe], sought[num_maybe] = i, sought[k]
            low[num_maybe], span[num_maybe] = low[k], span[k]
            num_maybe += 1
        find_in_rows(neighbors, low, span, sought, num_maybe)
        for k in range(num_maybe):
            i, found = unsure[k], low[k] >= 0
            limit = accept_common if found else accept_far
            if shares is not None and found:
                share = np.float64(shares[np.uint64(low[k])])
                limit = acceptance_of(share, loose[i], p, q)
            outcome[i] = _ACCEPTED if acceptance[i] < limit else _REFUSED
        # Move those who may; keep those who go on here, and let the others leave.
        kept = 0
        for i in range(flying):
            came = brought[i]
            home = row[i]
            if outcome[i] == _ELSEWHERE:
                home, alive = np.int64(-1), True
            elif outcome[i] == _REFUSED:
                attempts[i] += 1
                proposal[i] = -1
                alive = True
                if came:
                    home = row_inside(node[i], first, inside)
                    if listed:
                        home = row_listed(node[i], index)
            else:
                hopped = outcome[i] == _HOPPED
                if hopped:
                    walk = at[i] // width
                    start, _ = identity(walk, num_walks, first_walk, start_nodes, first_numbers)
                    proposal[i] = jump_target(node[i], start, how[i])
                previous[i] = -1 if hopped else node[i]
                node[i] = proposal[i]
                proposal[i] = -1
                attempts[i] = 0
                if node[i] < 0:
                    continue
                at[i] += 1
                first_draw[i] += STEP
                log_at[logged], log_node[logged] = at[i], node[i]
                logged += 1
                alive = at[i] < end[i]
                home = row_inside(node[i], first, inside)
                if listed:
                    home = row_listed(node[i], index)
                if shares is not None and closed:
                    home = np.int64(-1)
            if not alive:
                continue
            if home < 0:
                at_out[left], node_out[left], previous_out[left] = at[i], node[i], previous[i]
                proposal_out[left], attempt_out[left] = proposal[i], attempts[i]
                if shares is not None:
                    loose_out[left] = loose[i]
                left += 1
                continue
            at[kept], end[kept], first_draw[kept] = at[i], end[i], first_draw[i]
            node[kept], previous[kept], proposal[kept] = node[i], previous[i], np.int64(-1)
            attempts[kept], row[kept], brought[kept] = attempts[i], home, False
            prefetch(row_starts, home)
            kept += 1
        flying = kept
    for i in range(flying):
        k = left + i
        at_out[k], node_out[k], previous_out[k] = at[i], node[i], previous[i]
        proposal_out[k], attempt_out[k] = proposal[i], attempts[i]
        if shares is not None:
            loose_out[k] = loose[i]
    return entered, logged, left, flying
