"""Ranges of strings: between which of a few ascending bounds each of many strings lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import jit
from graphwalk.kernels.search import lower_bound
from graphwalk.kernels.store.find_labels import compare_bytes, prefix_key

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def find_ranges(
    keys: NDArray[np.int64],
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    skip: int,
    query_offsets: NDArray[np.int64],
    query_data: NDArray[np.uint8],
    found: NDArray[np.uint16],
) -> None:
    """Write for each query how many of the ascending bounds are not above it.

    All bounds begin with the same `skip` bytes, and `keys` is what `prefix_keys` made of the rest.
    There is at least one.
    """
    for i in range(found.size):
        start: Any = query_offsets[i]
        stop: Any = query_offsets[i + 1]
        begin = min(start + skip, stop)
        order = compare_bytes(query_data, start, begin, data, offsets[0], offsets[0] + skip)
        if order != 0:
            found[i] = 0 if order < 0 else keys.size
            continue
        key = prefix_key(query_data, begin, stop)
        low: Any = lower_bound(keys, np.int64(0), keys.size, key)
        while low < keys.size and keys[low] == key:
            if compare_bytes(data, offsets[low], offsets[low + 1], query_data, start, stop) > 0:
                break
            low += 1
        found[i] = low
