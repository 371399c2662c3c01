"""Arrays of a store, read in ranges and checked."""

from __future__ import annotations

import itertools
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
from zarr.storage import LocalStore

from graphwalk.errors import StoreError, argument
from graphwalk.storage.files.storage_errors import describe_refusal, is_refusal
from graphwalk.storage.store.check_array import PROFILES, check_array
from graphwalk.storage.store.chunk_bytes import ChunkError
from graphwalk.storage.store.chunk_files import chunk_files, codec_names
from graphwalk.storage.store.format import fill_value
from graphwalk.storage.store.group import stored_array
from graphwalk.storage.store.manifest import VerifyingStore, read_manifest
from graphwalk.util.threads import Thunk, num_cores, run_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from graphwalk.storage.store.format import Manifest

#: Chunks that Zarr reads at a time, all of which are in memory twice then.
_CHUNKS_AT_ONCE = 8

#: Cost of reading a few elements: from a URL, in chunks; from local files, in bytes.
_FAR, _NEAR = 4, 1 << 19

#: Number of chunks from which on starting threads is worth it.
_MANY_CHUNKS = 4


class ArrayReader:
    """Reads ranges of one array of a store; raises instead of returning what was not written.

    Parameters
    ----------
    group : zarr.Group
        The store.
    location : str
        The store's path or URL, for messages.
    name : str
        The array's name.
    length : int
        How many elements the store's attributes say that it has.
    below : int, optional
        Elements are node ids, to be below this. Then a chunk is verified when it is first read, and
        again only when its file has changed, as for readers that read it many times.
    dtype : numpy.dtype, optional
        Its type, where the array may be of several.
    manifest : mapping, optional
        What the store's attributes say of the checksums of each array; nothing in format 1.

    Raises
    ------
    StoreError
        When the array is missing, or its metadata cannot be right.
    """

    def __init__(
        self,
        group: zarr.Group,
        location: str,
        name: str,
        length: int,
        below: int | None = None,
        dtype: np.dtype[Any] | None = None,
        manifest: Manifest | None = None,
    ) -> None:
        self._where = f"array {name!r} of {location}"
        self._fill = fill_value(name)
        store = group.store
        folder = Path(store.root, group.path, name) if isinstance(store, LocalStore) else None
        try:
            array = stored_array(group, name)
            self._chunk: int = array.chunks[0]
        except StoreError:
            raise
        except Exception as error:
            if is_refusal(error) and not isinstance(error, FileNotFoundError):
                raise StoreError(describe_refusal(self._where, "read", error)) from error
            raise StoreError(f"{self._where} is missing or damaged; build it again") from error
        if array.shape != (length,):
            raise StoreError(
                f"{self._where} has shape {array.shape} where ({length},) is due; build it again"
            )
        codecs = codec_names(array)
        check_array(self._where, name, array, codecs, folder)
        if dtype is not None and array.dtype != dtype:
            raise StoreError(
                f"{self._where} is of type {array.dtype} where {dtype} is due; build it again"
            )
        self._below = below
        due = read_manifest(self._where, name, array, manifest)
        self._files = chunk_files(array, None if below is None else self._check_below, due)
        if self._files is None:
            if due is not None and folder is not None and sys.byteorder == "little":
                raise StoreError(f"{self._where} is not encoded as the format says; build it again")
            decoded = self._chunk * array.dtype.itemsize if PROFILES[codecs] else None
            store = VerifyingStore(store, array.path, due, decoded)
            array = zarr.open_array(store, path=array.path, mode="r", zarr_format=3)
        self._array = array

    @property
    def chunk(self) -> int:
        """Elements in a chunk."""
        return self._chunk

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        dtype: np.dtype[Any] = self._array.dtype
        return dtype

    @property
    def min_gap(self) -> int:
        """Elements between two ranges from which on reading them separately is faster."""
        return self._chunk if self._files is None else self._files.min_gap

    @property
    def seek_cost_bytes(self) -> int:
        """Bytes that are read in the time that reading a few elements alone takes."""
        bytes_: int = self._chunk * self._array.dtype.itemsize
        return _FAR * bytes_ if self._files is None else min(bytes_, _NEAR)

    @property
    def buffers(self) -> int:
        """Bytes that a thread keeps to read with: a chunk as it is stored, and one decoded."""
        decoded = 2 * self._chunk * self._array.dtype.itemsize
        return decoded if self._files is None else self._files.buffers

    def read(self, start: int, stop: int, threads: int | None = None) -> NDArray[Any]:
        """Return elements `start` to `stop`; takes and raises what `read_into` does."""
        out = np.empty(stop - start, self._array.dtype)
        self.read_into(out, start, threads)
        return out

    def read_into(self, out: NDArray[Any], start: int, threads: int | None = None) -> None:
        """Fill `out` with elements from `start` on, with a few more chunks in memory at most.

        Parameters
        ----------
        out : ndarray, contiguous
            Of the array's type.
        start : int
            The first element.
        threads : int, optional
            How many threads read; as many as there are cores by default, if it is worth it. URLs
            are read by Zarr's own.

        Raises
        ------
        StoreError
            When a chunk is missing or damaged.
        """
        tasks = self.tasks(out, start)
        if threads is None:
            threads = num_cores() if len(tasks) >= _MANY_CHUNKS else 1
        run_by(1 if self._files is None else threads)(tasks)

    def tasks(self, out: NDArray[Any], start: int) -> list[Thunk]:
        """Return what fills `out`, see `read_into`: to be called in any order, by any threads."""
        read = self._read_through_zarr if self._files is None else self._read_files
        size = (_CHUNKS_AT_ONCE if self._files is None else 1) * self._chunk
        stop = start + len(out)
        edges = [start, *range((start // size + 1) * size, stop, size), stop]
        return [
            partial(read, a, out[a - start : b - start])
            for a, b in itertools.pairwise(edges)
            if a < b
        ]

    def map(self, chunk: int) -> NDArray[Any]:
        """Return an uncompressed chunk's elements as a read-only map of its file.

        Its checksum is verified the first time. Processes that map the same chunk share its memory.
        A store must not be changed in place while it is mapped; `build_zarr` never does.

        Raises
        ------
        StoreError
            When the chunk is missing or damaged, or the array is compressed or lies at a URL.
        """
        if self._files is None or self._files.compressed:
            raise StoreError(
                f"{self._where} cannot be mapped: it is compressed, or not on this machine; "
                f"build it on a local disk with {argument('compressed', False)}"
            )
        with self._chunk_errors(chunk):
            return self._files.map(chunk)[: self._array.shape[0] - chunk * self._chunk]

    def _read_files(self, start: int, out: NDArray[Any]) -> None:
        assert self._files is not None
        chunk, first = divmod(start, self._chunk)
        with self._chunk_errors(chunk):
            self._files.read(chunk, first, out)

    @contextmanager
    def _chunk_errors(self, chunk: int) -> Iterator[None]:
        try:
            yield
        except ChunkError as error:
            raise StoreError(
                f"{self._where}: {self._describe(chunk)} {error}; build it again"
            ) from error
        except OSError as error:
            raise StoreError(describe_refusal(self._where, "read", error)) from error

    def _check_below(self, nodes: NDArray[Any]) -> None:
        if self._below is None:
            return
        # Negative ones are large when they are taken for unsigned.
        largest = int(nodes.view(f"u{nodes.itemsize}").max(initial=0))
        if largest >= self._below:
            found = int(nodes.min()) if nodes.min() < 0 else largest
            raise ChunkError(f"is damaged (it names node {found}, of {self._below} nodes)")

    def _read_through_zarr(self, start: int, out: NDArray[Any]) -> None:
        stop = start + len(out)
        try:
            out[:] = self._array[start:stop]
        except Exception as error:  # decoders and remote file systems raise errors of many types
            raise StoreError(self._explain(start, stop, error)) from error
        self._check_present(out, start)
        with self._chunk_errors(start // self._chunk):
            self._check_below(out)

    def _check_present(self, values: NDArray[Any], start: int) -> None:
        """Raise when a chunk was not there: all of it is fill value then, the first element too."""
        if self._fill is None:  # only the manifest can tell
            return
        firsts = np.arange(-(start % self._chunk), len(values), self._chunk).clip(0)
        seen = values[firsts]
        missing = np.isnan(seen) if self._fill != self._fill else seen == self._fill
        if missing.any():
            chunk = (start + int(firsts[missing][0])) // self._chunk
            raise StoreError(f"{self._where}: {self._describe(chunk)} is missing; build it again")

    def _explain(self, start: int, stop: int, error: Exception) -> str:
        if is_refusal(error):
            return describe_refusal(self._where, "read", error)
        for chunk in range(start // self._chunk, -(-stop // self._chunk)):
            try:
                self._array[chunk * self._chunk : (chunk + 1) * self._chunk]
            except Exception as damage:
                how = damage if isinstance(damage, ChunkError) else f"is damaged ({damage})"
                return f"{self._where}: {self._describe(chunk)} {how}; build it again"
        return f"{self._where}: elements {start} to {stop} could not be read: {error}"

    def _describe(self, chunk: int) -> str:
        stop = min((chunk + 1) * self._chunk, self._array.shape[0])
        return f"chunk {chunk} (elements {chunk * self._chunk} to {stop})"
