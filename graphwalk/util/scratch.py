"""Arrays that a thread uses again and again: new memory costs as much as what is done in it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BYTES = np.dtype(np.uint8)
_arrays = threading.local()


def scratch(name: str, length: int, dtype: np.dtype[Any] = _BYTES) -> NDArray[Any]:
    """Return this thread's array of a name and type, of a length, with any contents."""
    kept: dict[Any, NDArray[Any]] = _arrays.__dict__
    have = kept.get((name, dtype))
    if have is None or len(have) < length:
        have = kept[name, dtype] = np.empty(length, dtype)
    return have[:length]
