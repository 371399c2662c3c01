"""Chunk files on a disk of this machine, decoded straight into the memory that is to hold them.

Zarr reads them too, but through copies that make it two to four times slower.
"""

from __future__ import annotations

import errno
import mmap
import os
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import google_crc32c
import numpy as np
from zarr.storage import LocalStore

from graphwalk.storage.store.blosc_frame import HEADER, cut_run, find_run, read_head
from graphwalk.storage.store.check_array import PROFILES
from graphwalk.storage.store.chunk_bytes import (
    CHECKSUM,
    ChunkError,
    compare,
    decode,
    read_fully,
    verify,
    version_of,
)
from graphwalk.storage.store.format import BLOSC_BLOCK
from graphwalk.util.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import zarr
    from numpy.typing import NDArray


#: Bytes of an uncompressed chunk that are verified at a time, while they are in a core's cache.
PIECE_BYTES = 1 << 18

#: Bytes of uncompressed chunks that take no longer to read than to skip.
_PAGES = 1 << 15

#: More than a chunk's file may have beyond its elements.
_LARGEST_HEADER = 1 << 16

#: How chunks of the default encoding are named: ``c/0``, ``c/1`` and so on.
_CHUNK_KEYS = {"name": "default", "configuration": {"separator": "/"}}


class ChunkFiles:
    """The chunk files of one array.

    Parameters
    ----------
    folder : Path
        The array's folder.
    array : zarr.Array
        The array.
    compressed : bool
        Whether chunks are compressed.
    check : callable, optional
        Raises `ChunkError` for elements that cannot be right. Chunks that have passed it, and whose
        files are still the same, are not verified again when they are read again; without it, when
        a part of them is.
    due : ndarray of uint32, optional
        The array's manifest: the checksum that each chunk must have.
    piece_bytes : int
        Bytes of an uncompressed chunk that are verified at a time.
    """

    def __init__(
        self,
        folder: Path,
        array: zarr.Array[Any],
        compressed: bool,
        check: Callable[[NDArray[Any]], None] | None = None,
        due: NDArray[np.uint32] | None = None,
        piece_bytes: int = PIECE_BYTES,
    ) -> None:
        self._folder = folder
        self._dtype = np.dtype(array.dtype)
        self._length = array.chunks[0]
        self._bytes = self._length * self._dtype.itemsize
        self._stored = array.shape[0]
        self._check, self._due = check, due
        self._verified: dict[int, tuple[int, ...]] = {}
        self.compressed, self._piece_bytes = compressed, piece_bytes

    def read(self, chunk: int, start: int, out: NDArray[Any]) -> None:
        """Copy elements from `start` of a chunk into all of `out`; verifies them, see `check`."""
        if not self.compressed:
            self._read_raw(chunk, start, out)
        elif start == 0 and len(out) == self._length:
            self._decompress(chunk, out)
        elif not self._decompress_part(chunk, start, out):
            whole = scratch("chunk", self._bytes).view(self._dtype)
            self._decompress(chunk, whole)
            out[:] = whole[start : start + len(out)]

    def map(self, chunk: int) -> NDArray[Any]:
        """Return an uncompressed chunk's elements as they lie in its file, read-only.

        The checksum is verified the first time.
        """
        with self._opened(chunk) as (file, about):
            self._check_size(about)
            self._read_raw(chunk, 0, np.empty(0, self._dtype))
            mapped = mmap.mmap(file, self._bytes + CHECKSUM, prot=mmap.PROT_READ)
        return np.frombuffer(mapped, self._dtype, self._length)

    @property
    def min_gap(self) -> int:
        """Elements between two ranges from which on reading them separately is faster."""
        return min(
            self._length, (BLOSC_BLOCK if self.compressed else _PAGES) // self._dtype.itemsize
        )

    @property
    def buffers(self) -> int:
        """Bytes that a thread keeps to read with."""
        return 2 * self._bytes if self.compressed else self._piece_bytes

    @contextmanager
    def _opened(self, chunk: int) -> Iterator[tuple[int, os.stat_result]]:
        path = self._folder / "c" / str(chunk)
        try:
            # No link, and no pipe that is waited for.
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            raise ChunkError("is missing") from None
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENXIO):
                raise
            raise ChunkError("is not a file") from None
        try:
            about = os.fstat(file)
            if not stat.S_ISREG(about.st_mode):
                raise ChunkError("is not a file")
            yield file, about
        finally:
            os.close(file)

    def _check_size(self, about: os.stat_result) -> tuple[int, ...]:
        """Return what changes when an uncompressed chunk's file does."""
        if about.st_size != self._bytes + CHECKSUM:
            raise ChunkError(
                f"is damaged (its file has {about.st_size} bytes where {self._bytes + CHECKSUM} "
                "are due)"
            )
        return version_of(about)

    def _read_raw(self, chunk: int, start: int, out: NDArray[Any]) -> None:
        """Read no more than `out` if the chunk was verified before and is the same, else all."""
        with self._opened(chunk) as (file, about):
            version = self._check_size(about)
            trusted = self._check is not None or len(out) < self._length
            if trusted and self._verified.get(chunk) == version:
                read_fully(file, out.view(np.uint8), start * self._dtype.itemsize)
                return
            self._read_in_pieces(file, chunk, start, out)
        self._verified[chunk] = version

    def _read_in_pieces(self, file: int, chunk: int, start: int, out: NDArray[Any]) -> None:
        """Verify a chunk, and copy its elements from `start` on."""
        stored = self._stored - chunk * self._length
        size, found, problem = self._piece_bytes // self._dtype.itemsize, 0, None
        for first in range(0, self._length, size):
            stop = min(first + size, self._length)
            inside = start <= first and stop <= start + len(out)
            piece = scratch("piece", self._piece_bytes).view(self._dtype)[: stop - first]
            if inside:
                piece = out[first - start : stop - start]
            data = piece.view(np.uint8)
            read_fully(file, data, first * self._dtype.itemsize)
            found = google_crc32c.extend(found, data)
            problem = problem or self._problem(piece[: max(0, stored - first)])
            wanted = slice(max(first, start), min(stop, start + len(out)))
            if not inside and wanted.start < wanted.stop:
                out[wanted.start - start : wanted.stop - start] = piece[
                    wanted.start - first : wanted.stop - first
                ]
        checksum = np.empty(CHECKSUM, np.uint8)
        read_fully(file, checksum, self._bytes)
        compare(found, checksum, self._due, chunk)
        if problem is not None:
            raise problem

    def _problem(self, elements: NDArray[Any]) -> ChunkError | None:
        """Return what is wrong with elements that are as they were written."""
        try:
            if self._check is not None and len(elements):
                self._check(elements)
        except ChunkError as error:
            return error
        return None

    def _decompress_part(self, chunk: int, start: int, out: NDArray[Any]) -> bool:
        """Decode no more of a chunk than necessary.

        Returns False if all of it must be: to be verified, or since it is stored in another way.
        """
        with self._opened(chunk) as (file, about):
            size, version = self._compressed_size(about)
            known = self._verified.get(chunk) == version
            if self._check is not None and not known:
                return False
            stored = scratch("stored", size)
            read_fully(file, stored[:HEADER] if known else stored, 0)
            if not known:
                verify(stored, self._due, chunk)
            head = read_head(stored[:HEADER])
            if head is None or (head.decoded, head.stored) != (self._bytes, size - CHECKSUM):
                return False
            table = stored[HEADER : HEADER + head.table]
            if known:
                read_fully(file, table, HEADER)
            first = start * self._dtype.itemsize
            run = find_run(head, table, first, first + out.nbytes)
            if run is None:
                return False
            if known:
                read_fully(file, stored[run.begin : run.end], run.begin)
        some = scratch("chunk", self._bytes)[: run.stop - run.first]
        decode(cut_run(stored, run), some)
        out.view(np.uint8)[:] = some[first - run.first :][: out.nbytes]
        self._verified[chunk] = version
        return True

    def _compressed_size(self, about: os.stat_result) -> tuple[int, tuple[int, ...]]:
        """Return the size of a compressed chunk's file, and what changes when it does."""
        size = about.st_size
        if size < HEADER + CHECKSUM or size > 2 * self._bytes + _LARGEST_HEADER:
            raise ChunkError(f"is damaged (its file has {size} bytes)")
        return size, version_of(about)

    def _decompress(self, chunk: int, out: NDArray[Any]) -> None:
        with self._opened(chunk) as (file, about):
            size, version = self._compressed_size(about)
            stored = scratch("stored", size)
            read_fully(file, stored, 0)
        known = self._check is not None and self._verified.get(chunk) == version
        if not known:
            verify(stored, self._due, chunk)
        head = read_head(stored[:HEADER])
        if head is None or head.decoded != out.nbytes:
            raise ChunkError(f"is damaged (it does not decode to {out.nbytes} bytes)")
        decode(stored[:-CHECKSUM], out)
        if not known:
            if self._check is not None:
                self._check(out[: max(0, self._stored - chunk * self._length)])
            self._verified[chunk] = version


def chunk_files(
    array: zarr.Array[Any],
    check: Callable[[NDArray[Any]], None] | None = None,
    due: NDArray[np.uint32] | None = None,
) -> ChunkFiles | None:
    """Return the chunk files of an array that lies on this machine as graphwalk writes it."""
    store, about = array.store, array_document(array)
    profile = codec_names(array)
    if not isinstance(store, LocalStore) or profile not in PROFILES or sys.byteorder != "little":
        return None
    if about["codecs"][0].get("configuration", {}).get("endian") == "big":
        return None
    if about["chunk_key_encoding"] != _CHUNK_KEYS:
        return None
    return ChunkFiles(Path(store.root) / array.path, array, PROFILES[profile], check, due)


def codec_names(array: zarr.Array[Any]) -> tuple[str, ...]:
    """Return the names of an array's codecs, in the terms of the Zarr specification."""
    return tuple(codec["name"] for codec in array_document(array).get("codecs", ()))


def array_document(array: zarr.Array[Any]) -> dict[str, Any]:
    """Return what the ``zarr.json`` of an array says, in the terms of the Zarr specification."""
    document: dict[str, Any] = array.metadata.to_dict()
    return document
