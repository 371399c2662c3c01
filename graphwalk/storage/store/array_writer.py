"""A store's arrays, written front to back in whole chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import google_crc32c
import numpy as np

from graphwalk.storage.files.locations import location_of, write_errors
from graphwalk.storage.store.format import CHUNK_BYTES, chunk_length
from graphwalk.storage.store.group import create_array
from graphwalk.storage.store.manifest import write_manifest
from graphwalk.util.threads import drain

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    import zarr
    from numpy.typing import DTypeLike, NDArray


class Writer:
    """What is finished when a ``with`` block ends, and abandoned when the block raises."""

    def finish(self) -> object:
        """Write what is left, and wait until all is written."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Wait for running writes, if the build has failed."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self.abandon()


class ArrayWriter(Writer):
    """Writes one array whose length is known only when it has ended.

    Every chunk is written once and as a whole, whatever pieces come in, so that the store does not
    depend on them. An array shorter than a full chunk is one chunk of its own length.

    Parameters
    ----------
    group : zarr.Group
        The store.
    name : str
        The array's name.
    dtype : DTypeLike
        The array's type.
    num_nodes : int
        Nodes of the graph.
    pool : ThreadPoolExecutor
        Encodes and writes the chunks.
    ahead : int
        How many chunks the pool may encode and write at a time.
    capacity : int
        The length that the array is likely to have; any other is possible.
    chunk_bytes : int
        Size of a chunk of 8-byte values before compression.
    chunk : int, optional
        Elements of a chunk; None: those that the format has for the name.
    """

    def __init__(
        self,
        group: zarr.Group,
        name: str,
        dtype: DTypeLike,
        num_nodes: int,
        pool: ThreadPoolExecutor,
        ahead: int,
        capacity: int = 0,
        chunk_bytes: int = CHUNK_BYTES,
        chunk: int | None = None,
    ) -> None:
        self._group = group
        self._place = location_of(group.store)
        self._name = name
        self._capacity = capacity
        self._chunk = chunk or chunk_length(name, num_nodes, chunk_bytes)
        self._pool = pool
        self._ahead = ahead
        self._array: zarr.Array[Any] | None = None
        self._buffer: NDArray[Any] = np.empty(self._chunk, dtype)
        self._filled = 0
        self._written = 0
        self._running: list[Future[None]] = []
        self._checksums: dict[int, int] = {}

    def append(self, values: NDArray[Any]) -> None:
        """Write `values` after what was written so far."""
        taken = 0
        while taken < len(values):
            count = min(self._chunk - self._filled, len(values) - taken)
            self._buffer[self._filled : self._filled + count] = values[taken : taken + count]
            taken += count
            self._filled += count
            if self._filled == self._chunk:
                self._flush()

    def finish(self) -> int:
        """Write what is left, wait until all is written, and return the array's length."""
        length = self._written + self._filled
        if self._array is None:
            self._array = self._create(length, max(1, length))
        else:
            self._wait()
            if length != self._capacity:
                with write_errors(self._place):
                    self._array.resize((length,))
        if self._filled:
            self._write(self._array, self._written, self._buffer[: self._filled])
        with write_errors(self._place):
            write_manifest(self._array)
        return length

    @property
    def digest(self) -> bytes:
        """What tells the array from another one: the checksums of its chunks, in order."""
        return np.array([self._checksums[i] for i in sorted(self._checksums)], "<u4").tobytes()

    def abandon(self) -> None:
        """Wait for what the pool is writing, because the build has failed."""
        drain(self._pool, self._running)

    def _create(self, length: int, chunk: int) -> zarr.Array[Any]:
        return create_array(self._group, self._name, self._buffer.dtype, length, chunk)

    def _flush(self) -> None:
        array = self._with_room(self._written + self._chunk)
        if len(self._running) >= self._ahead:
            self._running.pop(0).result()
        self._running.append(self._pool.submit(self._write, array, self._written, self._buffer))
        self._written += self._chunk
        self._buffer, self._filled = np.empty(self._chunk, self._buffer.dtype), 0

    def _with_room(self, length: int) -> zarr.Array[Any]:
        """Return the array, which is made or made longer where it has to be."""
        if self._array is None:
            self._capacity = max(self._capacity, length)
            self._array = self._create(self._capacity, self._chunk)
        elif length > self._capacity:
            self._wait()  # a write must not see the array's shape change
            self._capacity = max(length, 2 * self._capacity)
            self._array.resize((self._capacity,))
        return self._array

    def _write(self, array: zarr.Array[Any], start: int, values: NDArray[Any]) -> None:
        self._checksums[start] = google_crc32c.value(values.view(np.uint8))
        with write_errors(self._place):
            array[start : start + len(values)] = values

    def _wait(self) -> None:
        while self._running:
            self._running.pop(0).result()
