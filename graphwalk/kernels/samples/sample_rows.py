"""Samples of the entries of rows: with or without replacement, by weight, or before a time.

Without replacement, all subsets of a size have the same probability (Floyd's algorithm [1]_), or,
by weight, entries are drawn one after the other in proportion to the weights of those that remain.
The latter draws from all entries until one comes that is not in the sample, which has the same
distribution, and from those that remain where several draws have failed.

References
----------
.. [1] J. Bentley, R. Floyd, "A sample of brilliance", Communications of the ACM 30(9), 1987,
   https://doi.org/10.1145/30401.315746
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Bool, Int, jit, multiply_high, part_of_kernel
from graphwalk.kernels.rng import ATTEMPT, STEP, mix, walker_key
from graphwalk.kernels.samples.sample_by_weight import add_up_weights, sample_by_weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ONE, _LAST_BIT = np.uint64(1), np.uint64(63)


@jit
def hop_key(run: Int, hop: Int) -> np.uint64:
    """Return the key of a hop, in the run that has key `run`; hops count from 0."""
    return mix(np.uint64(run) + np.uint64(hop + 1) * ATTEMPT)


@jit
def seed_keys(
    hop: Int, seeds: NDArray[np.int64], mentions: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return the key of each seed, in the hop that has key `hop`."""
    keys = np.empty(len(seeds), np.uint64)
    for i in range(len(seeds)):
        keys[i] = walker_key(hop, seeds[i], mentions[i])
    return keys


@jit
def order_keys(run: Int, number: Int) -> NDArray[np.uint64]:
    """Return numbers that look random, by which to sort."""
    keys = np.empty(number, np.uint64)
    for i in range(number):
        keys[i] = mix(np.uint64(run) + np.uint64(i) * STEP)
    return keys


@jit
def sample_rows(
    row_starts: NDArray[np.int64],
    row_entries: NDArray[np.int64],
    neighbors: NDArray[Any],
    weights: NDArray[np.float32] | None,
    times: NDArray[np.float64] | None,
    rows: NDArray[np.int64],
    nodes: NDArray[np.int64],
    groups: NDArray[np.int64],
    group_keys: NDArray[np.uint64],
    bounds: NDArray[np.float64],
    fanout: Int,
    replace: Bool,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Sample entries of one row for each record.

    Parameters
    ----------
    row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in the following arrays.
    row_entries : ndarray of int64, shape (rows,)
        Which entry of the store each row begins with.
    neighbors : ndarray of int32 or int64
        Node ids of entries.
    weights : ndarray of float32, or None
        Weights of entries, by which to sample.
    times : ndarray of float64, or None
        Times of entries, of which those below the record's bound are sampled.
    rows, nodes, groups : ndarray of int64, shape (records,)
        The row of each record, its node, and the group that it belongs to.
    group_keys : ndarray of uint64, shape (groups,)
        Key of each group, from which those of its nodes are made.
    bounds : ndarray of float64, shape (groups,)
        Bound of each group; not read without `times`.
    fanout : int
        Entries of a sample; all if it is negative.
    replace : bool
        Whether an entry may be drawn several times.

    Returns
    -------
    counts : ndarray of int64, shape (records,)
        How many entries each sample has.
    reached, entries : ndarray of int64, shape (samples,)
        Neighbours of the sampled entries, and which entries of the store they are: those of a
        record ascend by weight, and are in the order of draws otherwise.
    """
    room, longest = _room_of(row_starts, rows, fanout, replace)
    counts, entries = np.empty(len(rows), np.int64), np.empty(room, np.int64)
    earlier = np.empty(longest if times is not None else 0, np.int64)
    sums = np.empty(longest if weights is not None else 0, np.float64)
    positive: Int = np.int64(0)
    row, at = np.int64(-1), np.int64(0)
    for i in range(len(rows)):
        before, row = row, rows[i]
        start = row_starts[row]
        degree = row_starts[row + 1] - start
        key = mix(group_keys[groups[i]] + np.uint64(nodes[i]) * STEP)
        if weights is not None:
            if row != before:
                positive = add_up_weights(weights, start, degree, sums)
            count = sample_by_weight(
                weights, start, degree, sums, positive, key, fanout, replace, entries, at
            )
            for j in range(at, at + count):
                entries[j] += start
        elif times is not None:
            number = _find_earlier(times, start, degree, bounds[groups[i]], earlier)
            count = _uniformly(np.int64(0), number, key, fanout, replace, entries, at)
            for j in range(at, at + count):
                entries[j] = earlier[entries[j]]
        else:
            count = _uniformly(start, degree, key, fanout, replace, entries, at)
        counts[i] = count
        at += count
    entries = entries[:at]
    reached = np.empty(at, np.int64)
    for j in range(at):  # a loop of its own, in which the processor waits for many at a time
        reached[j] = neighbors[np.uint64(entries[j])]
    _shift(entries, counts, row_starts, row_entries, rows)
    return counts, reached, entries


@part_of_kernel
def _shift(
    entries: NDArray[np.int64],
    counts: NDArray[np.int64],
    row_starts: NDArray[np.int64],
    row_entries: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> None:
    """Have entries count from the beginning of the store."""
    at = np.int64(0)
    for i in range(len(rows)):
        shift = row_entries[rows[i]] - row_starts[rows[i]]
        if shift != 0:
            for j in range(at, at + counts[i]):
                entries[j] += shift
        at += counts[i]


@part_of_kernel
def _room_of(
    row_starts: NDArray[np.int64], rows: NDArray[np.int64], fanout: Int, replace: Bool
) -> tuple[Int, Int]:
    """Return how many entries are sampled at most, and how many the longest row has."""
    room, longest = np.int64(0), np.int64(0)
    for i in range(len(rows)):
        row = np.uint64(rows[i])
        degree = row_starts[row + _ONE] - row_starts[row]
        longest = max(longest, degree)
        if fanout >= 0 and degree > 0:
            degree = np.int64(fanout) if replace else min(degree, np.int64(fanout))
        room += degree
    return room, longest


@part_of_kernel
def _uniformly(
    start: Int,
    degree: Int,
    key: np.uint64,
    fanout: Int,
    replace: Bool,
    picked: NDArray[np.int64],
    at: Int,
) -> Int:
    """Put a sample of ``start … start + degree - 1`` at a place; return its size."""
    if fanout < 0 or (degree <= fanout and not replace):
        for j in range(degree):
            picked[at + j] = start + j
        return degree
    if degree == 0:
        return np.int64(0)
    if replace:
        for j in range(fanout):
            key += STEP
            picked[at + j] = start + np.int64(multiply_high(mix(key), np.uint64(degree)))
        return np.int64(fanout)
    # Unsigned numbers, since indices that may be negative are checked. A bit for each place that
    # was drawn tells in most cases that another one was not.
    first, number, bits = np.uint64(at), np.uint64(fanout), np.uint64(0)
    top, base = np.uint64(degree) - number, np.uint64(start)
    for k in range(number):
        key += STEP
        place = multiply_high(mix(key), top + _ONE)
        bit = _ONE << (place & _LAST_BIT)
        if bits & bit and _is_among(picked, first, first + k, base + place):
            place = top
            bit = _ONE << (place & _LAST_BIT)
        bits |= bit
        picked[first + k] = np.int64(base + place)
        top += _ONE
    return np.int64(fanout)


@part_of_kernel
def _is_among(
    picked: NDArray[np.int64], first: np.uint64, stop: np.uint64, place: np.uint64
) -> Bool:
    for k in range(first, stop):  # noqa: SIM110 - kernels have no generators
        if np.uint64(picked[k]) == place:
            return True
    return False


@part_of_kernel
def _find_earlier(
    times: NDArray[np.float64], start: Int, degree: Int, bound: float, earlier: NDArray[np.int64]
) -> Int:
    """Fill in which entries of a row are before a time; return how many."""
    number = np.int64(0)
    for j in range(degree):
        if times[start + j] < bound:
            earlier[number] = start + j
            number += 1
    return number
