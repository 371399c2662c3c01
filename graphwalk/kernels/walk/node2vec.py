"""Second-order walks of node2vec [1]_ by rejection sampling, many walkers in flight.

A proposal is drawn from the current row and accepted with probability alpha / alpha_max, where
alpha is 1/p for the previous node, 1 for its neighbours and 1/q for all others. That is exact for
all p, q > 0 and needs no table beyond the first-order one. Whether a proposal is a neighbour of the
previous node matters only when the acceptance draw lies between the two probabilities, is mostly
denied by the edge filter, and is searched for in the previous row otherwise, all such searches of
a round side by side. A step that is refused very often is drawn from its whole row. With p infinite
a walk never goes back [2]_; where there is no other way, it is at a dead end.

In node2vec+, see :mod:`graphwalk.kernels.rows.node2vec_plus`, biases lie between the same bounds.
Where `shares` is None, numba leaves out what it needs.

References
----------
.. [1] A. Grover, J. Leskovec, "node2vec: scalable feature learning for networks", KDD 2016,
   https://doi.org/10.1145/2939672.2939754
.. [2] N. Alon, I. Benjamini, E. Lubetzky, S. Sodin, "Non-backtracking random walks mix faster",
   Communications in Contemporary Mathematics 9(4), 2007, https://doi.org/10.1142/S0219199707002551
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import jit, multiply_high, prefetch
from graphwalk.kernels.rng import ACCEPTANCE, ATTEMPT, STEP, mix, walker_key
from graphwalk.kernels.rows.alias_tables import pick
from graphwalk.kernels.rows.bloom_filter import filter_bits, filter_hash, filter_word
from graphwalk.kernels.rows.node2vec_plus import acceptance_of
from graphwalk.kernels.walk.exact_step import MAX_ATTEMPTS, all_are, pick_from_row
from graphwalk.kernels.walk.search_rows import find_in_rows
from graphwalk.kernels.walk.steps import apply_jump, draw_interruption, take_where

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ONE, _NONE, _ALWAYS = np.uint64(1), np.uint64(0), np.uint64(0xFFFFFFFFFFFFFFFF)
#: How far the counter of a step's last attempt is from that of its first.
_LAST_ATTEMPT = np.uint64(MAX_ATTEMPTS * int(ATTEMPT) % 2**64)


@jit
def walk_node2vec(  # noqa: C901 - one loop an access; a call would hide them
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    table: NDArray[Any],
    words: NDArray[np.uint64],
    shares: NDArray[np.float32] | None,
    accept_return: np.uint64,
    accept_common: np.uint64,
    accept_far: np.uint64,
    p: float,
    q: float,
    starts: NDArray[np.int64],
    numbers: NDArray[np.int64],
    run: np.uint64,
    restart: np.uint64,
    over: np.uint64,
    dead_end: int,
    walks: NDArray[Any],
    in_flight: int,
) -> None:
    """Walk by node2vec's rule and fill `walks`.

    Parameters
    ----------
    neighbors : ndarray of int32 or int64, shape (max(1, entries),)
        Sorted within each row.
    words : ndarray of uint64
        The edge filter, see :mod:`graphwalk.kernels.rows.bloom_filter`.
    shares : ndarray of float32, shape (max(1, entries),), or None
        For node2vec+ on an undirected graph, from a table in which loose edges are marked.
    accept_return, accept_common, accept_far : uint64
        Acceptance probabilities times 2**64 for the previous node, a neighbour of it, and others;
        the largest is 2**64 - 1, which stands for 1.
    p, q : float
        What these are made from; p may be infinite.
    row_starts, table, starts, numbers, run, restart, over, dead_end, walks, in_flight
        As of :func:`graphwalk.kernels.walk.first_order.walk_first_order`.
    """
    length = walks.shape[1] - 1
    flat = walks.reshape(-1)
    surely, possibly = min(accept_common, accept_far), max(accept_common, accept_far)
    outward = accept_far > accept_common
    # Per walker in flight.
    node = np.empty(in_flight, np.int64)
    previous = np.empty(in_flight, np.int64)
    at = np.empty(in_flight, np.int64)
    end = np.empty(in_flight, np.int64)
    first_draw = np.empty(in_flight, np.uint64)
    counter = np.empty(in_flight, np.uint64)
    draw = np.empty(in_flight, np.uint64)
    entry = np.empty(in_flight, np.int64)
    proposal = np.empty(in_flight, np.int64)
    loose = np.empty(in_flight, np.bool_)
    acceptance = np.empty(in_flight, np.uint64)
    limit = np.empty(in_flight, np.uint64)
    accepted = np.empty(in_flight, np.int64)
    # Those whose draws do not decide, and what the filter is asked.
    asks = np.empty(in_flight, np.int64)
    asking = np.empty(in_flight, np.int64)
    hashed = np.empty(in_flight, np.uint64)
    bits = np.empty(in_flight, np.uint64)
    word = np.empty(in_flight, np.int64)
    # Those whom it does not answer, and what is searched for.
    unsure = np.empty(in_flight, np.int64)
    sought = np.empty(in_flight, np.int64)
    low = np.empty(in_flight, np.int64)
    span = np.empty(in_flight, np.int64)
    # Those who follow no edge this time, and what they do.
    hopping = np.empty(in_flight, np.int64)
    how = np.empty(in_flight, np.int64)
    never_back = p == np.inf
    if shares is None:
        ties: Any = None
    else:
        ties = row_starts, shares, 0, len(row_starts) - 1, np.empty(0, np.int64), True
    flying = 0
    entered = 0
    ended = True
    tired = False
    while True:
        i = 0 if ended else in_flight
        while i < in_flight:
            if i < flying and at[i] < end[i]:
                i += 1
            elif entered < len(starts):
                node[i] = starts[entered]
                prefetch(row_starts, node[i])
                previous[i] = -1
                first_draw[i] = walker_key(run, starts[entered], numbers[entered]) + STEP
                counter[i] = first_draw[i]
                at[i] = entered * (length + 1)
                end[i] = at[i] + length
                flat[at[i]] = node[i]
                entered += 1
                i += 1
                flying = max(flying, i)
            elif i < flying:
                flying -= 1
                node[i], previous[i] = node[flying], previous[flying]
                first_draw[i], counter[i] = first_draw[flying], counter[flying]
                at[i], end[i] = at[flying], end[flying]
            else:
                break
        if flying == 0:
            return
        # Propose: draw an entry of the current row.
        for i in range(flying):
            draw[i] = mix(counter[i])
            acceptance[i] = mix(counter[i] + ACCEPTANCE)
        dead_ends = 0
        for i in range(flying):
            row = np.uint64(node[i])
            here = np.int64(row_starts[row])
            degree = np.uint64(np.int64(row_starts[row + _ONE]) - here)
            entry[i] = here + np.int64(multiply_high(draw[i], degree))
            prefetch(table, entry[i])
            draw[i] *= degree
            dead_ends += degree == _NONE
        hops = 0
        if dead_ends > 0 or over > _NONE:
            for i in range(flying):
                drawn = draw_interruption(first_draw[i], restart, over)
                row = np.uint64(node[i])
                if drawn < 0 and row_starts[row] < row_starts[row + _ONE]:
                    continue
                hopping[hops], how[hops] = i, drawn if drawn >= 0 else np.int64(dead_end)
                hops += 1
                # Sit this round out: propose anything, and refuse it.
                entry[i], acceptance[i] = 0, _ALWAYS
        # Look which node is proposed, and decide, as far as the draw does. Loops that wait for
        # memory do little else, and loops that compute are of a few arrays each, which compilers
        # turn into vector instructions.
        for i in range(flying):
            proposal[i] = pick(table, np.uint64(entry[i]), draw[i])
            if shares is not None:
                loose[i] = proposal[i] < 0
                proposal[i] = ~proposal[i] if loose[i] else proposal[i]
            prefetch(row_starts, proposal[i])
        for i in range(flying):
            bound = accept_return if proposal[i] == previous[i] else surely
            limit[i] = bound if previous[i] >= 0 else _ALWAYS
        for i in range(flying):
            undecided = (acceptance[i] >= surely) & (acceptance[i] < possibly)
            undecided &= (proposal[i] != previous[i]) & (previous[i] >= 0)
            if shares is not None:
                # A loose edge counts no more for leading far away, whatever the other edge weighs.
                undecided &= not (outward & loose[i])
            asks[i] = undecided
            limit[i] = accept_far if undecided else limit[i]
        num_asking = 0
        for i in range(flying):
            asking[num_asking] = i
            num_asking += asks[i]
        # Ask the filter, where the draw alone does not decide.
        for k in range(num_asking):
            asker = np.uint64(asking[k])
            row = np.uint64(previous[asker])
            low[k] = row_starts[row]
            span[k] = np.int64(row_starts[row + _ONE]) - low[k]
            hashed[k] = proposal[asker]
        for k in range(num_asking):
            hashed[k] = filter_hash(hashed[k])
        for k in range(num_asking):
            bits[k] = filter_bits(hashed[k])
        for k in range(num_asking):
            word[k] = filter_word(low[k], span[k], hashed[k])
            prefetch(words, word[k])
        num_unsure = 0
        for k in range(num_asking):
            unsure[num_unsure] = asking[k]
            num_unsure += (words[np.uint64(word[k])] & bits[k]) == bits[k]
        # Search the previous rows for the rest, or in node2vec+ those of the proposals.
        for k in range(num_unsure):
            i = unsure[k]
            row = np.uint64(previous[i] if shares is None else proposal[i])
            low[k] = row_starts[row]
            span[k] = np.int64(row_starts[row + _ONE]) - low[k]
            sought[k] = proposal[i] if shares is None else previous[i]
        find_in_rows(neighbors, low, span, sought, num_unsure)
        for k in range(num_unsure):
            i, found = unsure[k], low[k] >= 0
            if shares is None:
                limit[i] = accept_common if found else accept_far
            else:
                share = np.float64(shares[np.uint64(low[k])]) if found else 0.0
                limit[i] = acceptance_of(share, loose[i], p, q)
        if never_back or tired:
            for i in range(flying):
                row = np.uint64(node[i])
                whole = np.int64(row_starts[row]), np.int64(row_starts[row + _ONE])
                trapped = (
                    never_back
                    and proposal[i] == previous[i]
                    and acceptance[i] < _ALWAYS
                    and all_are(neighbors, whole, previous[i])
                )
                if not trapped and counter[i] - first_draw[i] != _LAST_ATTEMPT:
                    continue
                row = np.uint64(max(previous[i], 0))
                whole_before = np.int64(row_starts[row]), np.int64(row_starts[row + _ONE])
                proposal[i] = pick_from_row(
                    table, whole, neighbors, whole_before, ties, previous[i], p, q, mix(counter[i])
                )
                acceptance[i], limit[i] = _NONE, _ALWAYS
                if proposal[i] < 0:
                    hopping[hops], how[hops] = i, np.int64(dead_end)
                    hops += 1
                    acceptance[i] = _ALWAYS
        for k in range(hops):
            i = hopping[k]
            node[i] = apply_jump(flat, at[i], end[i], length, how[k])
            at[i] = end[i] if node[i] < 0 else at[i] + 1
            previous[i] = -1
            # As if refused before the first attempt of the next step.
            first_draw[i] += STEP
            counter[i] = first_draw[i] - ATTEMPT
        # Advance those whose proposal is accepted; the others try again.
        for i in range(flying):
            accepted[i] = acceptance[i] < limit[i]
        take_where(accepted, node, previous, flying)
        take_where(accepted, proposal, node, flying)
        for i in range(flying):
            at[i] += accepted[i]
        for i in range(flying):
            first_draw[i] += STEP if accepted[i] else _NONE
        for i in range(flying):
            counter[i] = first_draw[i] if accepted[i] else counter[i] + ATTEMPT
        tired = False
        steps_left = length
        for i in range(flying):
            tired |= counter[i] - first_draw[i] == _LAST_ATTEMPT
            steps_left = min(steps_left, end[i] - at[i])
        ended = steps_left == 0
        for i in range(flying):
            flat[np.uint64(at[i])] = node[i]
