"""Look integers up in a sorted array."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.kernels.compiling import jit

if TYPE_CHECKING:
    from graphwalk.kernels.csr import Counts, Integers


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
        low = starts[prefix]
        high = starts[prefix + 1]
        while low < high:
            middle = (low + high) >> 1
            if values[middle] < query:
                low = middle + 1
            else:
                high = middle
        if low < values.size and values[low] == query:
            found[i] = low
