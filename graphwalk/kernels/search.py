"""Look integers up in a sorted array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, jit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def lower_bound(values: NDArray[Any], low: Int, high: Int, query: Int) -> Int:
    """Return the first position in ``low … high - 1`` that is not below `query`, else `high`."""
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < query:
            low = middle + 1
        else:
            high = middle
    return low


@jit
def row_inside(node: Int, first: int, inside: int) -> Int:
    """Return which of the rows of ``first … first + inside - 1`` is that of `node`; −1: none."""
    row = np.int64(node) - first
    return row if np.uint64(row) < np.uint64(inside) else np.int64(-1)


@jit
def row_listed(node: Int, index: NDArray[np.int64]) -> Int:
    """Return which of the rows of the ascending `index` is that of `node`; −1: none."""
    row = lower_bound(index, np.int64(0), np.int64(len(index)), np.int64(node))
    return row if row < len(index) and index[row] == node else np.int64(-1)
