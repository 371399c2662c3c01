"""Shared memory that processes map in huge pages.

Most systems divide shared memory into small pages. Walks read a graph and write steps all over it:
first-order walks of a graph in Ray's object store take 1.3 times as long in small pages. From
version 6.1 on, Linux joins pages where a process asks for it, whatever its settings are. Elsewhere
small pages are used.
"""

from __future__ import annotations

import ctypes
import mmap
import weakref
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

#: Bytes of a huge page; smaller buffers are used as they are.
_HUGE = 2 << 20

# Of the C library.
_MAYMOVE, _FIXED, _COLLAPSE = 1, 2, 25
_FAILED = ctypes.c_void_p(-1).value

#: Set when the system has no huge pages to give; this process does not ask for them again.
_refused = Event()


def map_in_huge_pages(buffer: Any) -> Any:
    """Return the same shared memory, mapped in huge pages; or the buffer where that fails."""
    array = np.frombuffer(buffer, np.uint8)
    if array.nbytes < 2 * _HUGE or _refused.is_set() or (libc := _libc()) is None:
        return buffer
    begin = array.ctypes.data // mmap.PAGESIZE * mmap.PAGESIZE
    size = array.ctypes.data + array.nbytes - begin
    room = size + _HUGE
    reserved = libc.mmap(None, room, 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    if reserved == _FAILED:
        return buffer
    # A huge page begins at a multiple of its size, both in the file and in memory.
    place = reserved + (_offset(begin) - reserved) % _HUGE
    first, last = place + -place % _HUGE, (place + size) // _HUGE * _HUGE
    # Given a size of 0, it maps shared pages once more, and fails for others.
    mapped = libc.mremap(begin, 0, size, _MAYMOVE | _FIXED, place) != _FAILED
    if not mapped or libc.madvise(first, last - first, _COLLAPSE):
        libc.munmap(reserved, room)
        if mapped:
            _refused.set()
        return buffer
    memory = (ctypes.c_char * array.nbytes).from_address(place + array.ctypes.data - begin)
    # The memory is not given to others as long as the array is there.
    weakref.finalize(memory, _unmap, reserved, room, array).atexit = False
    return memoryview(memory) if array.flags.writeable else memoryview(memory).toreadonly()


def _unmap(reserved: int, room: int, _array: Any) -> None:
    libc = _libc()
    assert libc is not None
    libc.munmap(reserved, room)


def _offset(address: int) -> int:
    """Return where in its file a page of this process lies; 0 if it is in none."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        bounds, _, offset, *_ = line.split()
        start, stop = (int(bound, 16) for bound in bounds.split("-"))
        if start <= address < stop:
            return int(offset, 16) + address - start
    return 0


@cache
def _libc() -> Any:
    """Return the C library, or None where it does not map memory again, as on macOS."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "mremap"):
        return None
    pointer, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    libc.mmap.argtypes = [pointer, size, number, number, number, ctypes.c_long]
    libc.mremap.argtypes = [pointer, size, size, number, pointer]
    libc.madvise.argtypes, libc.munmap.argtypes = [pointer, size, number], [pointer, size]
    libc.mmap.restype = libc.mremap.restype = pointer
    return libc
