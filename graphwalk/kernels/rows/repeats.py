"""Which rows have parallel entries: one bit for each row, or nothing where none has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Bool, Int, jit, part_of_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ONE, _WORD, _BIT = np.uint64(1), np.uint64(6), np.uint64(63)


def find_repeats(row_starts: NDArray[Any], neighbors: NDArray[Any]) -> NDArray[np.uint64]:
    """Return the bits of rows whose neighbours ascend; no array of that length if all are 0."""
    first = int(_first_repeat(row_starts, neighbors))
    rows = len(row_starts) - 1
    bits = np.zeros((rows + 63) // 64 if first < rows else 0, np.uint64)
    if first < rows:
        _mark_repeats(row_starts, neighbors, first, bits)
    bits.setflags(write=False)
    return bits


@part_of_kernel
def has_repeats(bits: NDArray[np.uint64], row: Int) -> Bool:
    """Return whether a row has parallel entries."""
    if len(bits) == 0:
        return False
    here = np.uint64(row)
    return bool((bits[here >> _WORD] >> (here & _BIT)) & _ONE != np.uint64(0))


@jit
def _first_repeat(row_starts: NDArray[Any], neighbors: NDArray[Any]) -> Int:
    for row in range(len(row_starts) - 1):
        if _repeats(row_starts, neighbors, row):
            return row
    return len(row_starts) - 1


@jit
def _mark_repeats(
    row_starts: NDArray[Any], neighbors: NDArray[Any], first: Int, bits: NDArray[np.uint64]
) -> None:
    for row in range(first, len(row_starts) - 1):
        if _repeats(row_starts, neighbors, row):
            here = np.uint64(row)
            bits[here >> _WORD] |= _ONE << (here & _BIT)


@part_of_kernel
def _repeats(row_starts: NDArray[Any], neighbors: NDArray[Any], row: Int) -> Bool:
    start, stop = np.int64(row_starts[row]), np.int64(row_starts[row + 1])
    repeats = False
    for entry in range(start + 1, stop):
        repeats |= neighbors[entry] == neighbors[entry - 1]
    return repeats
