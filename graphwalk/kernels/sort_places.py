"""A stable sort of places by what lies there.

NumPy's sorts and assignments of slices do the same in compiled code, but take seconds to compile:
with them come the texts of all errors that they may raise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.kernels.jit import Int, part_of_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Places that are sorted by insertion before runs are merged.
_RUN = 16


@part_of_kernel
def sort_places(
    places: NDArray[Any], values: NDArray[Any], start: Int, stop: Int, room: NDArray[Any]
) -> None:
    """Sort ``places[start:stop]`` by the value at each; equal ones stay in their order.

    Parameters
    ----------
    places : ndarray of int
        Indices of `values`, sorted in place.
    values : ndarray
        What is compared.
    start, stop : int
        Which of the places.
    room : ndarray of int, shape (at least stop - start,)
        Scratch memory.
    """
    for low in range(start, stop, _RUN):
        for i in range(low + 1, min(low + _RUN, stop)):
            place = places[i]
            value = values[place]
            to = i
            while to > low and values[places[to - 1]] > value:
                places[to] = places[to - 1]
                to -= 1
            places[to] = place
    width = _RUN
    while width < stop - start:
        for low in range(start, stop - width, 2 * width):
            _merge(places, values, low, low + width, min(low + 2 * width, stop), room)
        width *= 2


@part_of_kernel
def _merge(
    places: NDArray[Any], values: NDArray[Any], low: Int, middle: Int, stop: Int, room: NDArray[Any]
) -> None:
    """Merge two sorted runs that follow each other."""
    if values[places[middle - 1]] <= values[places[middle]]:
        return
    left = middle - low
    for i in range(left):
        room[i] = places[low + i]
    taken, right = 0, middle
    for to in range(low, stop):
        if taken == left:
            return
        if right < stop and values[places[right]] < values[room[taken]]:
            places[to] = places[right]
            right += 1
        else:
            places[to] = room[taken]
            taken += 1
