"""Return freed memory to the system."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

import pyarrow as pa

from graphwalk.util.forks import ModuleLock

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds between two calls, which limits their cost.
_INTERVAL = 0.1

#: Bytes of a large array: more than the two blocks of 512 KiB that Blosc allocates in each call.
_LARGE = 5 << 18

#: Most bytes that are kept at the end of each heap.
_KEPT = 4 << 20

#: The C library's names for these options.
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1

_last = 0.0


def return_freed_memory() -> None:
    """Return freed memory to the system from time to time, if the C library supports it.

    Allocators keep freed memory for later requests, in pieces that may not fit these requests. A
    process that loads batch after batch can come to hold far more memory than it ever uses.
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
    """Make the C library return large arrays to the system as soon as they are freed.

    By default, the C library adapts to the arrays that are freed and keeps ever larger ones, up to
    32 MiB, in pieces. Smaller arrays, such as those of a slice of walkers, are still kept, since
    new memory is slow.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, _KEPT)


class _PlainArrowMemory:
    """Arrow's pool before the first of several blocks at once, and how many there are."""

    def __init__(self) -> None:
        self._lock, self._before = ModuleLock(), pa.default_memory_pool()
        self._blocks = 0

    def enter(self) -> None:
        with self._lock:
            if self._blocks == 0:
                self._before = pa.default_memory_pool()
                pa.set_memory_pool(pa.system_memory_pool())
            self._blocks += 1

    def leave(self) -> None:
        with self._lock:
            self._blocks -= 1
            if self._blocks == 0:
                pa.set_memory_pool(self._before)


_plain = _PlainArrowMemory()


@contextmanager
def plain_arrow_memory() -> Iterator[None]:
    """Make Arrow allocate from the C library, not from its own pool, while the block runs.

    Where several threads have such a block, the last to leave its block restores Arrow's pool.
    """
    _plain.enter()
    try:
        yield
    finally:
        _plain.leave()
