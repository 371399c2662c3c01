"""Memory that was freed, back to the system."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds between two times, which bounds what it costs.
_INTERVAL = 0.1

#: Bytes from which on an array is large: more than the two blocks, of 512 KiB each, for which Blosc
#: takes memory each time anew.
_LARGE = 5 << 18

#: Bytes that are kept at the end of each heap, at most.
_KEPT = 4 << 20

#: The C library's names for these options.
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1

_last = 0.0


def give_back() -> None:
    """Return what was freed to the system, now and then, where the C library can.

    Allocators keep what is freed for the next to ask, in pieces that the next does not fit into. A
    process that takes up batch after batch so comes to hold far more than is ever in use.
    """
    global _last
    now = monotonic()
    if now - _last < _INTERVAL:
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    _last = monotonic()


def return_large_at_once() -> None:
    """Have large arrays go back to the system as soon as they are freed, from now on.

    By itself the C library learns from the arrays that are freed to keep ever larger ones, up to 32
    MiB, in pieces. New memory is slow, so the smaller arrays of each slice of walkers are still
    kept.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, _KEPT)


@contextmanager
def plain_arrow_memory() -> Iterator[None]:
    """Let Arrow allocate from the C library, not its own pool, while the block runs."""
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)
