"""Find what is wrong with rows that are read piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import jit, part_of_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.build.buckets import Counts, Floats, Integers

# What is known of the row that the entries seen last belong to: its last neighbour (NONE before the
# first), whether its weights need not be looked at any more, and whether it began before the first
# entry of all; of the row that did, whether it has ended without a weight above zero.
NONE = np.iinfo(np.int64).min
LAST = 0
SETTLED = 1
BEGAN_BEFORE = 2
WEIGHTLESS = 3
STATE = 4

# What is counted, and where it was seen first: a row in each case.
UNSORTED = 0
ZERO = 1
PARALLEL = 2
LOOPS = 3
FINDINGS = 4


@jit
def outside(values: NDArray[Any], low: float, high: float) -> tuple[int, int]:
    """Count values that are NaN, below `low`, or not below `high`; return where the first is too.

    It is at −1 if there are none.
    """
    count, first = 0, -1
    for i in range(values.size):
        if not (values[i] >= low and values[i] < high):
            if count == 0:
                first = i
            count += 1
    return count, first


@part_of_kernel
def _note(counts: Counts, firsts: Counts, what: int, row: int) -> None:
    if counts[what] == 0:
        firsts[what] = row
    counts[what] += 1


@jit
def check_rows(
    ends: Counts,
    first_row: int,
    begin: int,
    neighbors: Integers,
    weights: Floats,
    apart: Floats,
    last: Floats,
    state: Counts,
    counts: Counts,
    firsts: Counts,
) -> int:
    """Check the entries from `begin` on, all of which belong to rows that `ends` has.

    Parameters
    ----------
    ends : ndarray of int64
        Where rows end among all entries: `first_row`, to which the first entry may belong, and
        those after it.
    first_row, begin : int
        The first row and the first entry.
    neighbors : ndarray
        The entries.
    weights : ndarray of float32
        Their weights. If empty, the rows that the entries belong to are not checked for them.
    apart : ndarray of float64 or uint8
        Their times or types, if they have any: of parallel entries, they tell these apart, and
        ascend.
    last : ndarray of float64, shape (1,)
        That of the entry seen last.
    state : ndarray of int64, shape (STATE,)
        Of the row that began before, if one did; then, of the row that goes on after.
    counts, firsts : ndarray of int64, shape (FINDINGS,)
        What was found, and where first; added to.

    Returns
    -------
    int
        How many rows ended.
    """
    row = 0
    for i in range(neighbors.size):
        while ends[row] <= begin + i:
            _end_row(first_row + row, state, counts, firsts)
            row += 1
        neighbor = np.int64(neighbors[i])
        same = neighbor == state[LAST]
        falls = apart.size > 0 and same and apart[i] < last[0]
        if neighbor < state[LAST] or falls:
            _note(counts, firsts, UNSORTED, first_row + row)
        elif same and (apart.size == 0 or apart[i] == last[0]):
            _note(counts, firsts, PARALLEL, first_row + row)
        if apart.size > 0:
            last[0] = apart[i]
        if neighbor == first_row + row:
            _note(counts, firsts, LOOPS, first_row + row)
        state[LAST] = neighbor
        if weights.size == 0 or weights[i] != 0:  # one that is no number is a fault of its own
            state[SETTLED] = 1
    while row < ends.size and ends[row] <= begin + neighbors.size:
        _end_row(first_row + row, state, counts, firsts)
        row += 1
    return row


@part_of_kernel
def _end_row(row: int, state: Counts, counts: Counts, firsts: Counts) -> None:
    if state[LAST] != NONE and state[SETTLED] == 0:
        if state[BEGAN_BEFORE]:
            state[WEIGHTLESS] = 1
        else:
            _note(counts, firsts, ZERO, row)
    state[LAST] = NONE
    state[SETTLED] = 0
    state[BEGAN_BEFORE] = 0


@jit
def first_not_above(ends: Counts, text: NDArray[Any]) -> int:
    """Return the first string that is not above the one before it, by bytes; or −1.

    String i is ``text[ends[i]:ends[i + 1]]``.
    """
    for i in range(1, ends.size - 1):
        a, b = ends[i - 1], ends[i]
        while a < ends[i] and b < ends[i + 1] and text[a] == text[b]:
            a += 1
            b += 1
        if b == ends[i + 1] or (a < ends[i] and text[a] > text[b]):
            return i
    return -1
