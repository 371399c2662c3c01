"""Take strings from parts of a long list of them, of which one is in memory at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.kernels.jit import copy_bytes, jit, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.build.buckets import Counts, Integers

#: Strings that are fetched ahead of use.
_AHEAD = 16


@jit
def measure_strings(places: Integers, first: int, offsets: Counts, ends: Counts) -> int:
    """Write into ``ends[i + 1]`` the length of the string at ``places[i]``, if the part has it.

    The part has strings from place `first` on. Returns the bytes of all that it has.
    """
    size, last = 0, len(places) - _AHEAD
    for i in range(len(places)):
        if i < last and 0 <= places[i + _AHEAD] - first < len(offsets) - 1:
            prefetch(offsets, places[i + _AHEAD] - first)
        place: Any = places[i] - first
        if 0 <= place < len(offsets) - 1:
            ends[i + 1] = offsets[place + 1] - offsets[place]
            size += ends[i + 1]
    return size


@jit
def take_strings(
    places: Integers, first: int, offsets: Counts, data: NDArray[Any], out: NDArray[Any]
) -> None:
    """Write the bytes of the strings at those places that the part has, one after the other."""
    at, last = 0, len(places) - _AHEAD
    for i in range(len(places)):
        if i < last and 0 <= places[i + _AHEAD] - first < len(offsets) - 1:
            prefetch(data, offsets[places[i + _AHEAD] - first])
        place: Any = places[i] - first
        if 0 <= place < len(offsets) - 1:
            size = offsets[place + 1] - offsets[place]
            copy_bytes(out, at, data, offsets[place], size)
            at += size


@jit
def spread_strings(
    places: Integers, first: int, stop: int, taken: NDArray[Any], ends: Counts, out: NDArray[Any]
) -> None:
    """Write what was taken for places `first` to `stop` to where it belongs among all."""
    at = 0
    for i in range(len(places)):
        if first <= places[i] < stop:
            size = ends[i + 1] - ends[i]
            copy_bytes(out, ends[i], taken, at, size)
            at += size
