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
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    times: NDArray[np.float64],
    positions: NDArray[Any] | None,
) -> None:
    """Bring the entries of each row in the order of their times; those of one time keep theirs.

    Parameters
    ----------
    row_starts : ndarray of int, shape (rows + 1,)
        Where each row begins within the two other arrays.
    neighbors, times : ndarray, shape (entries,)
        Node ids and times, brought in order in place.
    positions : ndarray of int, shape (entries,), or None
        What else goes with them: where they lie in the store.
    """
    for row in range(len(row_starts) - 1):
        first, last = np.int64(row_starts[row]), np.int64(row_starts[row + 1])
        if last - first > _SHORT:
            order = np.argsort(times[first:last], kind="mergesort")
            times[first:last] = times[first:last][order]
            neighbors[first:last] = neighbors[first:last][order]
            if positions is not None:
                positions[first:last] = positions[first:last][order]
            continue
        for i in range(first + 1, last):
            time, node = times[i], neighbors[i]
            place = i
            if positions is not None:
                position = positions[i]
            while place > first and times[place - 1] > time:
                times[place], neighbors[place] = times[place - 1], neighbors[place - 1]
                if positions is not None:
                    positions[place] = positions[place - 1]
                place -= 1
            times[place], neighbors[place] = time, node
            if positions is not None:
                positions[place] = position
