"""Arrays that are appended whole and read in slices: in memory or, without room, in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.files.spill import SpillFolder


class Room:
    """Bytes that several holders may keep in memory together."""

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self, size: int) -> bool:
        """Return whether `size` more bytes may stay in memory; then they are counted."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def free(self, size: int) -> None:
        """Count bytes that are not in memory any more."""
        self._left += size


class _Array(NamedTuple):
    """An array and the bounds of its slices; without values, where it lies in the file."""

    values: NDArray[Any] | None
    bounds: NDArray[np.int64]
    start: int
    dtype: np.dtype[Any]
    checksums: NDArray[np.uint32]


class SlicedArrays:
    """Arrays of one type, each with the same number of slices.

    Parameters
    ----------
    folder : SpillFolder
        The folder for temporary files.
    name : str
        Name of the file.
    room : Room
        What says whether an array may stay in memory.
    """

    def __init__(self, folder: SpillFolder, name: str, room: Room) -> None:
        self._file, self._room = folder.new(name), room
        self._arrays: list[_Array] = []
        self._end = 0

    def __len__(self) -> int:
        return len(self._arrays)

    def append(self, values: NDArray[Any], bounds: NDArray[np.int64]) -> None:
        """Append an array, whose slice i is ``values[bounds[i]:bounds[i + 1]]``."""
        dtype, none = values.dtype, np.empty(0, np.uint32)
        if self._room.take(values.nbytes):
            self._arrays.append(_Array(values, bounds, 0, dtype, none))
            return
        sums = self._file.append_parts(np.ascontiguousarray(values), bounds)
        self._arrays.append(_Array(None, bounds, self._end, dtype, sums))
        self._end += values.nbytes

    def length(self, part: int) -> int:
        """Return the number of elements of a slice of all arrays together."""
        return sum(int(each.bounds[part + 1] - each.bounds[part]) for each in self._arrays)

    def slices(self, part: int) -> list[NDArray[Any]]:
        """Return a slice of each array."""
        return [self._slice(array, part) for array in self._arrays]

    def array(self, number: int) -> NDArray[Any]:
        """Return an array that has one slice."""
        return self._slice(self._arrays[number], 0)

    def _slice(self, array: _Array, part: int) -> NDArray[Any]:
        start, stop = array.bounds[part : part + 2].tolist()
        if array.values is not None:
            return array.values[start:stop]
        first = array.start + start * array.dtype.itemsize
        return self._file.read(first, stop - start, array.dtype, array.checksums[part])

    def close(self) -> None:
        """Release everything."""
        self._room.free(sum(a.values.nbytes for a in self._arrays if a.values is not None))
        self._arrays.clear()
        self._file.remove()
