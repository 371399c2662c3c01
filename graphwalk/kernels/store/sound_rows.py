"""Find out at memory speed whether rows that were just read can be walked.

A checksum says that an array is as it was written, not that it is right. What is wrong is looked
for slowly, but only where something is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray


#: Entries whose falls are counted together.
_BLOCK = 1 << 16


@jit
def all_within(values: NDArray[Any], low: float, high: float) -> bool:
    """Return whether all values are numbers from `low` to below `high`."""
    least, most = values.dtype.type(low), values.dtype.type(high)
    for start in range(0, values.size, _BLOCK):
        some = values[start : start + _BLOCK]
        good = np.int32(0)
        for i in range(some.size):
            good = np.int32(good + ((some[i] >= least) & (some[i] < most)))
        if good != some.size:
            return False
    return True


@jit
def rows_ascend(row_starts: NDArray[Any], neighbors: NDArray[Any], first: int, last: int) -> bool:
    """Return whether the neighbours of each of the rows `first` to `last` ascend.

    An entry may be below the one before it only where a row begins: both are counted, which is much
    faster than a look at each row.
    """
    begin, end = np.int64(row_starts[first]), np.int64(row_starts[last])
    falls = np.int64(0)
    for i in range(begin + 1, end, _BLOCK):
        stop = i + _BLOCK if i + _BLOCK < end else end
        before, after = neighbors[i - 1 : stop - 1], neighbors[i:stop]
        # Of 32 bits, as most neighbours are, so that more of them fit into a vector.
        here = np.int32(0)
        for k in range(after.size):
            here = np.int32(here + (after[k] < before[k]))
        falls += here
    last_start = begin
    for row in range(first, last):
        start = np.int64(row_starts[row])
        # Of rows without entries that begin at one place, the first alone counts.
        if start > last_start and start < end:
            falls -= neighbors[start] < neighbors[start - 1]
        last_start = start
    return bool(falls == 0)


@jit
def first_falling_row(
    row_starts: NDArray[Any], neighbors: NDArray[Any], first: int, last: int
) -> int:
    """Return the first row of `first` to `last` whose neighbours do not ascend, or −1."""
    for row in range(first, last):
        for i in range(np.int64(row_starts[row]) + 1, np.int64(row_starts[row + 1])):
            if neighbors[i] < neighbors[i - 1]:
                return row
    return -1


@jit
def first_weightless_row(
    row_starts: NDArray[Any], weights: NDArray[Any], first: int, last: int
) -> int:
    """Return the first row of `first` to `last` with entries, none of which weighs more than 0."""
    for row in range(first, last):
        i, stop = np.int64(row_starts[row]), np.int64(row_starts[row + 1])
        empty = i == stop
        while i < stop and not weights[i] > 0:
            i += 1
        if i == stop and not empty:
            return row
    return -1
