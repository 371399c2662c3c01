"""Kernels of the build for entries with weights, times or types, which move with their keys.

See :mod:`graphwalk.kernels.build.buckets` for entries and keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import jit
from graphwalk.kernels.sort_places import sort_places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.build.buckets import Counts, Floats, Integers


@jit
def tag_positions(keys: Counts, bits: int) -> None:
    """Append each key's position to it, in `bits` bits, so that sorting keeps input order."""
    for i in range(keys.size):
        keys[i] = (keys[i] << bits) | i


@jit
def untag_positions(keys: Counts, bits: int, order: Integers) -> None:
    """Undo `tag_positions`, and write the positions to `order`."""
    mask = (np.int64(1) << bits) - 1
    for i in range(keys.size):
        order[i] = keys[i] & mask
        keys[i] >>= bits


@jit
def order_ties(keys: Counts, order: Integers) -> None:
    """Within runs of equal sorted `keys`, put their input positions `order` in ascending order."""
    start = 0
    for i in range(1, keys.size + 1):
        if i < keys.size and keys[i] == keys[start]:
            continue
        if i - start > 1:
            order[start:i] = np.sort(order[start:i])
        start = i


@jit
def order_by_value(keys: Counts, values: Floats, order: Integers) -> None:
    """Within runs of equal sorted `keys`, put their input positions `order` in that of `values`."""
    start: Any = np.int64(0)
    room = np.empty(0, order.dtype)
    for i in range(1, keys.size + 1):
        if i < keys.size and keys[i] == keys[start]:
            continue
        if i - start > 1:
            if i - start > room.size:
                room = np.empty(2 * (i - start), order.dtype)
            sort_places(order, values, start, i, room)
        start = i


@jit
def weightless_rows(ends: Counts, weights: NDArray[np.float32]) -> tuple[int, int]:
    """Count rows that have entries, none of them with a weight above zero; return the first too.

    It is −1 if there are none.
    """
    count, first, start = 0, -1, 0
    for row in range(ends.size):
        positive = ends[row] == start
        for i in range(start, ends[row]):
            if weights[i] > 0:
                positive = True
                break
        if not positive:
            first = first if count else row
            count += 1
        start = ends[row]
    return count, first
