"""Arrow's large strings as two arrays: offsets and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray


def string_buffers(values: Any) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return the offsets, starting at 0, and the bytes of Arrow's large strings without nulls."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    offsets, data = string_offsets(values), values.buffers()[2]
    bytes_ = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    offsets_from_0 = offsets - offsets[0] if offsets[0] else offsets
    return offsets_from_0, bytes_[offsets[0] : offsets[-1]]


def string_offsets(values: pa.LargeStringArray) -> NDArray[np.int64]:
    """Return the offsets of Arrow's large strings as they are, without a copy."""
    ends = values.buffers()[1]
    if not len(values) or ends is None:
        return np.zeros(1, np.int64)
    return np.frombuffer(ends, np.int64)[values.offset : values.offset + len(values) + 1]


def strings_of(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> pa.LargeStringArray:
    """Return the strings in `data`; string i is ``data[offsets[i]:offsets[i + 1]]``."""
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_string(), len(offsets) - 1, buffers)
