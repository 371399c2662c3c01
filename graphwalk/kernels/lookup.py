"""Look integers up in a sorted array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.compiling import Int, jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.csr import Counts, Integers


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
def find_sorted(
    values: Counts, starts: Counts, shift: int, queries: Integers, found: Counts
) -> None:
    """Write each query's position in the ascending `values`, or −1.

    ``starts[k]`` is the position of the first value whose ``(value - values[0]) >> shift`` is at
    least k, which leaves the binary search few values to look at.
    """
    lowest = values[0]
    highest = values[values.size - 1]
    for i in range(queries.size):
        query = np.int64(queries[i])
        found[i] = -1
        if query < lowest or query > highest:
            continue
        prefix = (query - lowest) >> shift
        low = lower_bound(values, starts[prefix], starts[prefix + 1], query)
        if low < values.size and values[low] == query:
            found[i] = low
