"""Rows in the order of their times, for walks that go forward in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Entries up to which a row is sorted by insertion, which needs no memory.
_SHORT = 24


@jit
def sort_by_time(
    row_starts: NDArray[Any], neighbors: NDArray[Any], times: NDArray[np.float64]
) -> None:
    """Bring the entries of each row in the order of their times; those of one time keep theirs.

    Parameters
    ----------
    row_starts : ndarray of int, shape (rows + 1,)
        Where each row begins within the two other arrays.
    neighbors, times : ndarray, shape (entries,)
        Node ids and times, brought in order in place.
    """
    for row in range(len(row_starts) - 1):
        first, last = np.int64(row_starts[row]), np.int64(row_starts[row + 1])
        if last - first > _SHORT:
            order = np.argsort(times[first:last], kind="mergesort")
            times[first:last] = times[first:last][order]
            neighbors[first:last] = neighbors[first:last][order]
            continue
        for i in range(first + 1, last):
            time, node = times[i], neighbors[i]
            place = i
            while place > first and times[place - 1] > time:
                times[place], neighbors[place] = times[place - 1], neighbors[place - 1]
                place -= 1
            times[place], neighbors[place] = time, node
