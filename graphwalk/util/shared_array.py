"""A result that other processes of this machine write into, so that it is never sent.

The result is in an anonymous file in memory. Other processes open it in ``/proc`` as a descriptor
of the process that made it. A process without permission, or on another machine, does not find the
file, or finds another file, which is detected. The memory is freed when no process has the file
open or mapped any more, however these processes end.
"""

from __future__ import annotations

import mmap
import os
import stat
import sys
import weakref
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.util.huge_pages import map_in_huge_pages
from graphwalk.util.recently_used import RecentlyUsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

#: Bytes that are computed at a time before they are written to the file: they fit in caches.
PIECE = 1 << 22

_MARK = 16  # random bytes behind the rows


class NotSharedError(Exception):
    """Shared memory is not possible, or this process cannot reach it."""


class SharedResult:
    """The result of a job in the process that requested it.

    Parameters
    ----------
    shape : (int, int)
        Walks, and nodes of each.
    dtype : dtype
        int32 or int64.

    Raises
    ------
    NotSharedError
        When shared memory is not possible.
    """

    def __init__(self, shape: tuple[int, int], dtype: np.dtype[Any]) -> None:
        size, mark = shape[0] * shape[1] * dtype.itemsize, os.urandom(_MARK)
        if sys.platform != "linux" or size == 0:
            raise NotSharedError
        with _as_not_shared():
            self._file = os.memfd_create("graphwalk")
        self._close_file = weakref.finalize(self, os.close, self._file)
        with _as_not_shared():
            os.fchmod(self._file, 0o600)
            os.ftruncate(self._file, size + _MARK)
            os.pwrite(self._file, mark, size)
            # Errors of mmap are to be raised before there is anything to lose.
            self._memory = mmap.mmap(self._file, 0, access=mmap.ACCESS_COPY)
        path = f"/proc/{os.getpid()}/fd/{self._file}"
        self.rows = SharedRows(path, _identity(os.fstat(self._file)), mark, 0, shape, dtype)
        with self.rows.writer():
            pass  # checks that this process can open the file

    def put(self, rows: slice, walks: NDArray[Any]) -> None:
        """Write walks that another process sent."""
        with self.rows[rows].writer() as write:
            write(walks, 0)

    def close(self) -> None:
        """Close the file; its memory is freed when no array uses it any more."""
        self._close_file()
        del self._memory  # an error's traceback may keep this object alive

    def array(self) -> NDArray[Any]:
        """Return the walks; their memory is freed with the array.

        Other processes, also forked ones, do not see what is written into the array: it behaves
        like a normal array.
        """
        return _rows_of(self._memory, self.rows)


class SharedRows:
    """Some rows of a shared result, for any process that may write into them."""

    def __init__(
        self,
        path: str,
        identity: tuple[int, ...],
        mark: bytes,
        first: int,
        shape: tuple[int, int],
        dtype: np.dtype[Any],
    ) -> None:
        self._path, self._identity, self._mark = path, identity, mark
        self.first, self.shape, self.dtype = first, shape, dtype

    def __getitem__(self, rows: slice) -> SharedRows:
        """Return some of the rows."""
        first, stop, _ = rows.indices(self.shape[0])
        shape = stop - first, self.shape[1]
        file = self._path, self._identity, self._mark
        return SharedRows(*file, self.first + first, shape, self.dtype)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return self.shape[1] * self.dtype.itemsize

    def pieces(self) -> Iterator[slice]:
        """Yield slices of the rows that fit in caches and are large enough for a kernel."""
        step = max(PIECE // self.row_bytes, 1 << 11)
        for first in range(0, self.shape[0], step):
            yield slice(first, min(first + step, self.shape[0]))

    @contextmanager
    def writer(self) -> Iterator[Callable[[NDArray[Any], int], None]]:
        """Yield a function that writes walks, beginning at a given row.

        It raises NotSharedError if there is no memory; a mapping would end the process. It also
        avoids that pages are cleared before they are written.

        Raises
        ------
        NotSharedError
            When this process cannot reach the rows.
        """
        with self._opened() as file:

            def write(walks: NDArray[Any], row: int) -> None:
                rest = walks.reshape(-1).view(np.uint8).data
                place = (self.first + row) * self.row_bytes
                while rest:
                    with _as_not_shared():
                        written = os.pwrite(file, rest, place)
                    rest, place = rest[written:], place + written

            yield write

    @contextmanager
    def _opened(self) -> Iterator[int]:
        with _as_not_shared():
            # On another machine the path may lead to any other file; stat does no harm.
            if _identity(Path(self._path).stat()) != self._identity:
                raise NotSharedError
            file = os.open(self._path, os.O_RDWR)
        try:
            with _as_not_shared():
                if os.pread(file, _MARK, self._identity[-1] - _MARK) != self._mark:
                    raise NotSharedError
            yield file
        finally:
            os.close(file)

    def mapped(self) -> NDArray[Any] | None:
        """Return the rows as an array; None if this process cannot reach them.

        The mapping is kept for a while, since making it takes as long as some of the tasks that use
        it.
        """
        try:
            return _rows_of(_mappings.get(self._mark, self._map_all), self)
        except NotSharedError:
            return None

    def _map_all(self) -> Any:
        with self._opened() as file, _as_not_shared():
            memory = map_in_huge_pages(mmap.mmap(file, 0, flags=mmap.MAP_SHARED))
            # Whatever is not there by now: a page that there is no memory for ends a process.
            os.posix_fallocate(file, 0, self._identity[-1])
            return memory


_mappings = RecentlyUsed()


@contextmanager
def _as_not_shared() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotSharedError(str(error)) from error


def _identity(status: os.stat_result) -> tuple[int, ...]:
    kind = stat.S_IFMT(status.st_mode)
    return kind, status.st_uid, status.st_dev, status.st_ino, status.st_size


def _rows_of(memory: Any, rows: SharedRows) -> NDArray[Any]:
    count = rows.shape[0] * rows.shape[1]
    place = rows.first * rows.row_bytes
    return np.frombuffer(memory, rows.dtype, count, place).reshape(rows.shape)
