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
    _, ends, data = values.buffers()
    if not len(values) or ends is None:
        return np.zeros(1, np.int64), np.empty(0, np.uint8)
    offsets = np.frombuffer(ends, np.int64)[values.offset : values.offset + len(values) + 1]
    bytes_ = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return offsets - offsets[0], bytes_[offsets[0] : offsets[-1]]


def strings_of(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> pa.LargeStringArray:
    """Return the strings in `data`; string i is ``data[offsets[i]:offsets[i + 1]]``."""
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_string(), len(offsets) - 1, buffers)
