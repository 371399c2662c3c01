"""Look integers up in a sorted array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.kernels.jit import Int, part_of_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@part_of_kernel
def lower_bound(values: NDArray[Any], low: Int, high: Int, query: Int) -> Int:
    """Return the first position in ``low … high - 1`` that is not below `query`, else `high`."""
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < query:
            low = middle + 1
        else:
            high = middle
    return low
