"""Walks that have been written, read back in their order."""

from __future__ import annotations

import gzip
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.errors import StoreError, StoreNotFoundError
from graphwalk.storage.folder import folder_at
from graphwalk.storage.location import is_url, locate, zarr_store
from graphwalk.storage.walk_files import walk_suffix
from graphwalk.storage.walk_text import walk_lists

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

#: Rows that are read at a time of formats that are not in blocks.
_ROWS = 1 << 16


def read_walks(
    path: str | os.PathLike[str], storage_options: Mapping[str, Any] | None = None
) -> Iterator[pa.ListArray]:
    """Yield walks as lists of node ids or labels, without padding, some at a time.

    Parameters
    ----------
    path : path or URL
        What :func:`graphwalk.write_walks` has written, of any format.
    storage_options : mapping, optional
        For fsspec, if it is a URL.

    Raises
    ------
    InputError
        When its suffix is that of no format.
    StoreError
        When there is nothing, or it holds no walks.
    """
    location = locate(path)
    suffix = walk_suffix(location, remote=is_url(location))
    if not is_url(location) and not Path(location).exists():
        unfinished = Path(f"{location}.partial").exists()
        more = "; they are not finished: write them again with resume=True" if unfinished else ""
        raise StoreNotFoundError(f"there are no walks at {location}{more}")
    try:
        yield from _READERS[suffix](location, storage_options)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise StoreError(f"{location} does not hold walks that can be read: {error}") from error


def _read_zarr(location: str, storage_options: Mapping[str, Any] | None) -> Iterator[pa.ListArray]:
    import zarr

    store = zarr_store(location, read_only=True, storage_options=storage_options)
    array: Any = zarr.open_array(store, mode="r")
    for start in range(0, array.shape[0], array.chunks[0]):
        yield from walk_lists(array[start : start + array.chunks[0]], None)


def _read_npy(location: str, _options: Any) -> Iterator[pa.ListArray]:
    array = np.load(location, mmap_mode="r")
    for start in range(0, len(array), _ROWS):
        yield from walk_lists(np.asarray(array[start : start + _ROWS]), None)


def _read_parquet(
    location: str, storage_options: Mapping[str, Any] | None
) -> Iterator[pa.ListArray]:
    import pyarrow.parquet as pq

    folder = folder_at(location, storage_options)
    for name in folder.names():
        if name.startswith("part-"):
            with pa.BufferReader(pa.py_buffer(folder.mapped(name))) as source:
                for batch in pq.ParquetFile(source).iter_batches(_ROWS, columns=["walk"]):
                    yield batch.column(0)


def _read_text(location: str, _options: Any) -> Iterator[pa.ListArray]:
    open_: Callable[..., IO[str]] = gzip.open if location.endswith(".gz") else open
    with open_(location, "rt", encoding="utf-8", newline="\n") as file:
        while lines := list(islice(file, _ROWS)):
            # Where labels are strings, tabs are between them; a walk of one node has neither.
            separator = "\t" if any("\t" in line for line in lines) else " "
            walks = pc.split_pattern(pa.array([line.rstrip("\n") for line in lines]), separator)
            yield _as_integers(walks) if separator == " " else walks


def _as_integers(walks: pa.ListArray) -> pa.ListArray:
    try:
        return pa.ListArray.from_arrays(walks.offsets, walks.values.cast(pa.int64()))
    except pa.ArrowInvalid:
        return walks


_READERS: dict[str, Callable[[str, Any], Iterator[pa.ListArray]]] = {
    ".zarr": _read_zarr,
    ".npy": _read_npy,
    ".parquet": _read_parquet,
    ".txt": _read_text,
    ".txt.gz": _read_text,
}
