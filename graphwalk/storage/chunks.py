"""Chunk files on a disk of this machine, decoded straight into the memory that is to hold them.

Zarr reads them too, but through copies that make it two to four times slower.
"""

from __future__ import annotations

import mmap
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import google_crc32c
import numpy as np
from numcodecs import Blosc
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec
from zarr.storage import LocalStore

from graphwalk.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    import zarr
    from numpy.typing import NDArray

#: Bytes of the checksum, which ends a chunk's file.
_CHECKSUM = 4

#: More than a chunk's file may have beyond its elements.
_LARGEST_HEADER = 1 << 16

_PROFILES = {
    (BytesCodec, BloscCodec, Crc32cCodec): True,
    (BytesCodec, Crc32cCodec): False,
}


class ChunkError(StoreError):
    """A chunk's file that cannot be used; says in what way."""


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
        files are still the same, are taken for right when they are read again.
    """

    def __init__(
        self,
        folder: Path,
        array: zarr.Array[Any],
        compressed: bool,
        check: Callable[[NDArray[Any]], None] | None = None,
    ) -> None:
        self._folder = folder
        self._metadata: Any = array.metadata
        self._dtype = np.dtype(array.dtype)
        self._length = array.chunks[0]
        self._bytes = self._length * self._dtype.itemsize
        self._stored = array.shape[0]
        self._check = check
        self._verified: dict[int, tuple[int, ...]] = {}
        self.compressed = compressed

    def read(self, chunk: int, start: int, out: NDArray[Any]) -> None:
        """Copy elements from `start` of a chunk into all of `out`; verifies them, see `check`."""
        whole = start == 0 and len(out) == self._length
        if self.compressed:
            target = out if whole else _scratch("chunk", self._bytes).view(self._dtype)
            self._decompress(chunk, target)
        elif whole or chunk not in self._verified:
            target = out if whole else _scratch("chunk", self._bytes).view(self._dtype)
            self._read_raw(chunk, target)
        else:
            self._read_part(chunk, start, out)
            return
        if not whole:
            out[:] = target[start : start + len(out)]

    def map(self, chunk: int) -> NDArray[Any]:
        """Return an uncompressed chunk's elements as they lie in its file, read-only.

        The checksum is verified the first time.
        """
        file = self._open(chunk)
        try:
            if self._check_size(file) != self._verified.get(chunk):
                self._read_raw(chunk, np.empty(self._length, self._dtype))
            mapped = mmap.mmap(file, self._bytes + _CHECKSUM, prot=mmap.PROT_READ)
        finally:
            os.close(file)
        return np.frombuffer(mapped, self._dtype, self._length)

    def _open(self, chunk: int) -> int:
        path = self._folder / self._metadata.encode_chunk_key((chunk,))
        try:
            return os.open(path, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            raise ChunkError("is missing") from None

    def _check_size(self, file: int) -> tuple[int, ...]:
        """Return what changes when an uncompressed chunk's file does."""
        about = os.fstat(file)
        if about.st_size != self._bytes + _CHECKSUM:
            raise ChunkError(
                f"is damaged (its file has {about.st_size} bytes where {self._bytes + _CHECKSUM} "
                "are due)"
            )
        return _version(about)

    def _is_known(self, chunk: int, version: tuple[int, ...]) -> bool:
        """Return whether a chunk need not be verified again."""
        return self._check is not None and self._verified.get(chunk) == version

    def _accept(self, chunk: int, version: tuple[int, ...], elements: NDArray[Any]) -> None:
        """Remember that a chunk has been verified, once its elements are checked too."""
        if self._check is not None:
            self._check(elements[: self._stored - chunk * self._length])
        self._verified[chunk] = version

    def _read_raw(self, chunk: int, out: NDArray[Any]) -> None:
        file = self._open(chunk)
        try:
            version = self._check_size(file)
            checksum = np.empty(_CHECKSUM, np.uint8)
            _read_fully(file, out.view(np.uint8), 0)
            _read_fully(file, checksum, self._bytes)
        finally:
            os.close(file)
        if not self._is_known(chunk, version):
            _verify(out, checksum)
            self._accept(chunk, version, out)

    def _read_part(self, chunk: int, start: int, out: NDArray[Any]) -> None:
        """Read no more than `out` of a chunk that was verified before, if it is still the same."""
        file = self._open(chunk)
        try:
            if self._check_size(file) == self._verified[chunk]:
                _read_fully(file, out.view(np.uint8), start * self._dtype.itemsize)
                return
        finally:
            os.close(file)
        del self._verified[chunk]
        self.read(chunk, start, out)

    def _decompress(self, chunk: int, out: NDArray[Any]) -> None:
        file = self._open(chunk)
        try:
            about = os.fstat(file)
            size, version = about.st_size, _version(about)
            if size < _CHECKSUM or size > 2 * self._bytes + _LARGEST_HEADER:
                raise ChunkError(f"is damaged (its file has {size} bytes)")
            stored = _scratch("stored", size)
            _read_fully(file, stored, 0)
        finally:
            os.close(file)
        data, checksum = stored[:-_CHECKSUM], stored[-_CHECKSUM:]
        known = self._is_known(chunk, version)
        if not known:
            _verify(data, checksum)
        # Blosc's header has the size of what was compressed in bytes 4 to 8.
        if int.from_bytes(data[4:8].tobytes(), "little") != out.nbytes:
            raise ChunkError(f"is damaged (it does not decode to {out.nbytes} bytes)")
        try:
            _BLOSC.decode(data, out)
        except (RuntimeError, ValueError) as error:
            raise ChunkError(f"is damaged ({error})") from error
        if not known:
            self._accept(chunk, version, out)


_BLOSC = Blosc()
_buffers = threading.local()


def _scratch(name: str, size: int) -> NDArray[np.uint8]:
    """Return this thread's buffer of a name: new memory costs as much as to decode into it."""
    kept: dict[str, NDArray[np.uint8]] = _buffers.__dict__
    if name not in kept or len(kept[name]) < size:
        kept[name] = np.empty(size, np.uint8)
    return kept[name][:size]


def chunk_files(
    array: zarr.Array[Any], check: Callable[[NDArray[Any]], None] | None = None
) -> ChunkFiles | None:
    """Return the chunk files of an array that lies on this machine as graphwalk writes it."""
    store = array.store
    codecs: Any = getattr(array.metadata, "codecs", ())
    profile = tuple(type(codec) for codec in codecs)
    if not isinstance(store, LocalStore) or profile not in _PROFILES or sys.byteorder != "little":
        return None
    if codecs[0].to_dict().get("configuration", {}).get("endian") == "big":
        return None
    return ChunkFiles(Path(store.root) / array.path, array, _PROFILES[profile], check)


def _version(about: os.stat_result) -> tuple[int, ...]:
    """Return what changes when a file does."""
    return about.st_ino, about.st_mtime_ns, about.st_dev, about.st_size


def _read_fully(file: int, out: NDArray[np.uint8], offset: int) -> None:
    done = 0
    while done < len(out):
        count = os.preadv(file, [out[done:].data], offset + done)
        if count == 0:
            raise ChunkError("is damaged (its file ends too early)")
        done += count


def _verify(data: NDArray[Any], checksum: NDArray[np.uint8]) -> None:
    found: int = google_crc32c.value(data.view(np.uint8))
    if found != int.from_bytes(checksum.tobytes(), "little"):
        raise ChunkError("is damaged (its checksum differs)")
