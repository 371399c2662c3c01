"""Walks that have been written, read back in their order, as lists or as blocks of an array."""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.algorithms.output.formats import FINISHED, ID_FORMATS, read_about, walk_suffix
from graphwalk.algorithms.output.labelled_walks import walk_lists
from graphwalk.algorithms.output.zarr_sink import WALKS
from graphwalk.errors import (
    GraphwalkError,
    InputError,
    StoreError,
    StoreNotFoundError,
    argument,
)
from graphwalk.storage.files.folder import folder_at
from graphwalk.storage.files.locations import is_url, locate, zarr_store
from graphwalk.storage.files.partial_folder import partial_path

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

#: Rows that are read at a time of Parquet files, and characters of text.
_ROWS, _TEXT_SIZE = 1 << 16, 1 << 24

#: Nodes in a block of a format that has none: 4 or 8 MiB.
_NPY_NODES = 1 << 20


@dataclass(frozen=True)
class StoredBlocks:
    """Stored walks as an array of node ids, padded with -1, of which blocks are read by number."""

    num_walks: int
    width: int
    num_blocks: int
    read: Callable[[int], NDArray[np.integer[Any]]]
    block_walks: int | None = None  # of all blocks but the last, where they are alike


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
        When nothing is there, or it holds no walks.
    """
    location, suffix = _found(path)
    with _reading(location):
        if suffix in _LISTS:
            yield from _LISTS[suffix](location, storage_options)
            return
        blocks = _BLOCKS[suffix](location, storage_options)
        for number in range(blocks.num_blocks):
            yield from walk_lists(blocks.read(number), None)


def stored_blocks(
    path: str | os.PathLike[str], storage_options: Mapping[str, Any] | None = None
) -> StoredBlocks:
    """Return stored walks as blocks of node ids.

    Parameters
    ----------
    path : path or URL
        What :func:`graphwalk.write_walks` has written as Zarr, npy, or Parquet without labels.
    storage_options : mapping, optional
        For fsspec, if it is a URL.

    Raises
    ------
    InputError
        When it is of another format, or holds labels.
    StoreError
        When there is nothing, or it holds no walks; also when a block is read.
    """
    location, suffix = _found(path)
    if suffix not in _BLOCKS:
        raise InputError(
            f"{location}: text does not tell where walks begin and how long they may be; write "
            "them to .zarr, .npy or .parquet"
        )
    with _reading(location):
        blocks = _BLOCKS[suffix](location, storage_options)

    def read(number: int) -> NDArray[np.integer[Any]]:
        with _reading(location):
            return blocks.read(number)

    return replace(blocks, read=read)


def count_walks(
    path: str | os.PathLike[str], storage_options: Mapping[str, Any] | None = None
) -> int | None:
    """Return how many walks were written; None if that takes reading them, as it does of text."""
    location, suffix = _found(path)
    with _reading(location):
        if suffix in ID_FORMATS:
            return _BLOCKS[suffix](location, storage_options).num_walks
        about = read_about(location, suffix, storage_options)
        return None if about is None else int(about["walks"])


def holds_numbers(path: str | os.PathLike[str]) -> bool:
    """Return whether the words of walks in text are integers, which may be numbers of nodes."""
    location, _ = _found(path)
    with _reading(location):
        some = next(_read_text(location, None), None)
    return some is not None and pa.types.is_integer(some.values.type)


def _found(path: str | os.PathLike[str]) -> tuple[str, str]:
    """Return where walks lie, and their suffix; raise if there are none."""
    location = locate(path)
    suffix = walk_suffix(location, remote=is_url(location))
    if not is_url(location) and not Path(location).exists():
        unfinished = partial_path(Path(location)).exists()
        remedy = f"; they are not finished: write them again with {argument('resume', True)}"
        raise StoreNotFoundError(f"there are no walks at {location}{remedy if unfinished else ''}")
    return location, suffix


@contextmanager
def _reading(location: str) -> Iterator[None]:
    try:
        yield
    except GraphwalkError:
        raise
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise StoreError(f"{location} does not hold walks that can be read: {error}") from error


def _zarr_blocks(location: str, storage_options: Mapping[str, Any] | None) -> StoredBlocks:
    import zarr

    store = zarr_store(location, read_only=True, storage_options=storage_options)
    found: Any = zarr.open(store, mode="r")
    array: Any = found[WALKS] if isinstance(found, zarr.Group) else found
    return _array_blocks(array, array.chunks[0])


def _npy_blocks(location: str, _options: Any) -> StoredBlocks:
    array = np.load(location, mmap_mode="r")
    return _array_blocks(array, max(1, _NPY_NODES // max(1, array.shape[1])))


def _array_blocks(array: Any, rows: int) -> StoredBlocks:
    walks, width = array.shape

    def read(number: int) -> NDArray[np.integer[Any]]:
        block = np.asarray(array[number * rows : (number + 1) * rows])
        if (block[:, :1] < 0).any():  # a start node is a node
            raise ValueError(f"chunk {number} is missing")
        return block

    return StoredBlocks(walks, width, -(-walks // rows), read, rows)


def _parquet_blocks(location: str, storage_options: Mapping[str, Any] | None) -> StoredBlocks:
    about = read_about(location, ".parquet", storage_options)
    if about is None:
        raise ValueError(f"nothing in its metadata is called {FINISHED!r}")
    if about["job"]["labels"] is not None:
        raise InputError(
            f"{location} holds labels where node ids are needed; write the walks to .zarr, or "
            "without labels"
        )
    width = about["job"]["shape"][1]
    parts = _parts(location, storage_options)

    def read(number: int) -> NDArray[np.integer[Any]]:
        lists = pa.concat_arrays(list(_read_part(location, parts[number], storage_options)))
        return _padded(lists, width)

    return StoredBlocks(about["walks"], width, len(parts), read)


def _padded(lists: pa.ListArray, width: int) -> NDArray[np.integer[Any]]:
    lengths = np.diff(lists.offsets.to_numpy())
    nodes = lists.flatten().to_numpy()
    block = np.full((len(lists), width), -1, nodes.dtype)
    block[np.arange(width) < lengths[:, None]] = nodes
    return block


def _read_parquet(
    location: str, storage_options: Mapping[str, Any] | None
) -> Iterator[pa.ListArray]:
    for name in _parts(location, storage_options):
        yield from _read_part(location, name, storage_options)


def _parts(location: str, storage_options: Mapping[str, Any] | None) -> list[str]:
    names = folder_at(location, storage_options).names()
    return sorted(name for name in names if name.startswith("part-"))


def _read_part(
    location: str, name: str, storage_options: Mapping[str, Any] | None
) -> Iterator[pa.ListArray]:
    import pyarrow.parquet as pq

    # Not mapped: what is fetched from a URL to be mapped stays as long as the process.
    with pa.BufferReader(folder_at(location, storage_options).read(name)) as source:
        for batch in pq.ParquetFile(source).iter_batches(_ROWS, columns=["walk"]):
            yield batch.column(0)


def _read_text(location: str, _options: Any, size: int = _TEXT_SIZE) -> Iterator[pa.ListArray]:
    with pa.input_stream(location) as file:  # decompressed, as the suffix says
        # Labels that are strings are separated by tabs. Only the whole file shows it: a part may
        # have only walks of one node, whose label holds a space or looks like a number.
        strings = any(b"\t" in piece for piece in iter(partial(file.read, size), b""))
    with io.TextIOWrapper(pa.input_stream(location), encoding="utf-8", newline="\n") as file:
        while lines := file.readlines(size):
            text = pa.array([line.rstrip("\n") for line in lines])
            walks = pc.split_pattern(text, "\t" if strings else " ")
            yield walks if strings else _as_integers(walks)


def _as_integers(walks: pa.ListArray) -> pa.ListArray:
    try:
        return pa.ListArray.from_arrays(walks.offsets, walks.values.cast(pa.int64()))
    except pa.ArrowInvalid:
        return walks


_BLOCKS: dict[str, Callable[[str, Any], StoredBlocks]] = {
    ".zarr": _zarr_blocks,
    ".npy": _npy_blocks,
    ".parquet": _parquet_blocks,
}

_LISTS: dict[str, Callable[[str, Any], Iterator[pa.ListArray]]] = {
    ".parquet": _read_parquet,
    ".txt": _read_text,
    ".txt.gz": _read_text,
    ".txt.zst": _read_text,
}
