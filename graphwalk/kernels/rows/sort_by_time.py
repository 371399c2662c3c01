"""Rows in the order of their times, for walks that go forward in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, jit, part_of_kernel
from graphwalk.kernels.sort_places import sort_places

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
    longest: Int = np.int64(0)
    for row in range(len(row_starts) - 1):
        longest = max(longest, np.int64(row_starts[row + 1]) - np.int64(row_starts[row]))
    if longest <= _SHORT:
        longest = np.int64(0)
    places, room = np.empty(longest, np.int64), np.empty(longest, np.int64)
    time_room = np.empty(longest, np.float64)
    for row in range(len(row_starts) - 1):
        first, last = np.int64(row_starts[row]), np.int64(row_starts[row + 1])
        if last - first > _SHORT:
            count = last - first
            _sort_long(neighbors, times, positions, first, count, places, room, time_room)
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


@part_of_kernel
def _sort_long(
    neighbors: NDArray[Any],
    times: NDArray[np.float64],
    positions: NDArray[Any] | None,
    first: Int,
    count: Int,
    places: NDArray[np.int64],
    room: NDArray[np.int64],
    time_room: NDArray[np.float64],
) -> None:
    """Sort one row, in scratch memory for its entries."""
    for i in range(count):
        places[i] = first + i
    sort_places(places, times, np.int64(0), count, room)
    for i in range(count):
        time_room[i], room[i] = times[places[i]], neighbors[places[i]]
    for i in range(count):
        times[first + i], neighbors[first + i] = time_room[i], room[i]
    if positions is not None:
        for i in range(count):
            room[i] = positions[places[i]]
        for i in range(count):
            positions[first + i] = room[i]
