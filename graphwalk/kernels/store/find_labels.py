"""Look-up of labels: many sorted queries in many sorted integers or strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, jit, part_of_kernel
from graphwalk.kernels.search import lower_bound

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.build.buckets import Counts, Integers


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


@jit
def prefix_keys(offsets: Counts, data: NDArray[np.uint8], skip: int, keys: Counts) -> None:
    """Write the bytes of each string from `skip` on, as many as fit, as an integer to compare by.

    Seven bytes fit; shorter strings are filled up with zeros.
    """
    for i in range(keys.size):
        keys[i] = prefix_key(data, offsets[i] + skip, offsets[i + 1])


@part_of_kernel
def prefix_key(data: NDArray[np.uint8], start: Int, stop: Int) -> Int:
    """Return the first seven bytes of a string as an integer to compare by."""
    key = np.int64(0)
    for i in range(start, start + 7):
        key = (key << 8) | (np.int64(data[i]) if i < stop else np.int64(0))
    return key


@part_of_kernel
def compare_bytes(
    a: NDArray[np.uint8], a_start: Int, a_stop: Int, b: NDArray[np.uint8], b_start: Int, b_stop: Int
) -> int:
    """Return −1, 0 or 1: how two byte strings stand to each other."""
    for i in range(min(a_stop - a_start, b_stop - b_start)):
        if a[a_start + i] != b[b_start + i]:
            return -1 if a[a_start + i] < b[b_start + i] else 1
    difference = (a_stop - a_start) - (b_stop - b_start)
    return -1 if difference < 0 else int(difference > 0)


@jit
def find_strings(
    keys: Counts,
    offsets: Counts,
    data: NDArray[np.uint8],
    skip: int,
    query_offsets: Counts,
    query_data: NDArray[np.uint8],
    found: Counts,
) -> None:
    """Write the position of each query among ascending strings, or −1.

    All strings begin with the same `skip` bytes, and `keys` is what `prefix_keys` made of the rest.
    """
    for i in range(found.size):
        start: Any = query_offsets[i]
        stop: Any = query_offsets[i + 1]
        found[i] = -1
        if stop - start < skip:
            continue
        if compare_bytes(query_data, start, start + skip, data, offsets[0], offsets[0] + skip) != 0:
            continue
        key = prefix_key(query_data, start + skip, stop)
        low = lower_bound(keys, np.int64(0), keys.size, key)
        at: Any = first_above(keys, low, key, offsets, data, query_data, start, stop) - 1
        if (
            at >= 0
            and compare_bytes(data, offsets[at], offsets[at + 1], query_data, start, stop) == 0
        ):
            found[i] = at


@part_of_kernel
def first_above(
    keys: Counts,
    low: Int,
    key: Int,
    offsets: Counts,
    data: NDArray[np.uint8],
    query_data: NDArray[np.uint8],
    start: Int,
    stop: Int,
) -> Int:
    """Return the position of the first of ascending strings that is above a query.

    `low` is the position of the first of `keys` that is not below the query's `key`.
    """
    if low == keys.size or keys[low] != key:
        return low
    high: Any = lower_bound(keys, low, keys.size, key + 1)
    while low < high:
        middle = (low + high) >> 1
        if compare_bytes(data, offsets[middle], offsets[middle + 1], query_data, start, stop) <= 0:
            low = middle + 1
        else:
            high = middle
    return low
