"""Ranges of strings: between which of a few ascending bounds each lies, and all by range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.kernels.jit import copy_bytes, jit
from graphwalk.kernels.search import lower_bound
from graphwalk.kernels.store.find_labels import compare_bytes, first_above, prefix_key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@jit
def find_ranges(
    keys: NDArray[np.int64],
    starts: NDArray[np.int64],
    shift: int,
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    skip: int,
    query_offsets: NDArray[np.int64],
    query_data: NDArray[np.uint8],
    found: NDArray[np.uint16],
) -> None:
    """Write for each query how many of the ascending bounds are not above it.

    All bounds begin with the same `skip` bytes, and `keys` is what `prefix_keys` made of the rest.
    There is at least one. ``starts[k]`` is the position of the first key that is, less the first of
    all and shifted by `shift`, at least k.
    """
    lowest = keys[0]
    highest = keys[keys.size - 1]
    for i in range(found.size):
        start: Any = query_offsets[i]
        stop: Any = query_offsets[i + 1]
        begin = min(start + skip, stop)
        order = compare_bytes(query_data, start, begin, data, offsets[0], offsets[0] + skip)
        if order != 0:
            found[i] = 0 if order < 0 else keys.size
            continue
        key = prefix_key(query_data, begin, stop)
        if key < lowest or key > highest:
            found[i] = 0 if key < lowest else keys.size
            continue
        prefix = (key - lowest) >> shift
        low = lower_bound(keys, starts[prefix], starts[prefix + 1], key)
        found[i] = first_above(keys, low, key, offsets, data, query_data, start, stop)


@jit
def divide_strings(
    found: NDArray[np.uint16],
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    bounds: NDArray[np.int64],
    byte_bounds: NDArray[np.int64],
    order: NDArray[np.int32],
    lengths: NDArray[np.int32],
    out: NDArray[np.uint8],
) -> None:
    """Write strings by range: where each was, its length, and its bytes.

    Parameters
    ----------
    found : ndarray of uint16
        The range of each string.
    offsets, data : ndarray
        The strings.
    bounds, byte_bounds : ndarray of int64, shape (ranges + 1,)
        Zeros; after it, where strings of each range begin, and their bytes.
    """
    for i in range(found.size):
        bounds[found[i] + 1] += 1
        byte_bounds[found[i] + 1] += offsets[i + 1] - offsets[i]
    for part in range(bounds.size - 1):
        bounds[part + 1] += bounds[part]
        byte_bounds[part + 1] += byte_bounds[part]
    nexts, next_bytes = bounds.copy(), byte_bounds.copy()
    for i in range(found.size):
        at: Any = nexts[found[i]]
        nexts[found[i]] += 1
        order[at] = i
        length: Any = offsets[i + 1] - offsets[i]
        lengths[at] = length
        to: Any = next_bytes[found[i]]
        next_bytes[found[i]] += length
        copy_bytes(out, to, data, offsets[i], length)
