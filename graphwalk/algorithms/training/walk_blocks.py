"""Walks as arrays of a given length, for training in batches."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.algorithms.output.check_walks import checked_walks
from graphwalk.algorithms.output.read_walks import stored_blocks
from graphwalk.algorithms.output.write import iter_blocks
from graphwalk.storage.files.locations import locate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray


class WalkBlocks:
    """Blocks of walks, which several readers can share.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1), or path or URL
        Lazy walks, or walks that were written as Zarr, npy, or Parquet without labels.
    storage_options : mapping, optional
        For fsspec, if `walks` is a URL.
    """

    def __init__(self, walks: Any, storage_options: Mapping[str, Any] | None = None) -> None:
        self._options = storage_options
        self._location = locate(walks) if isinstance(walks, str | os.PathLike) else None
        if self._location is None:
            self._lazy = checked_walks(walks)
            self.width = int(self._lazy.shape[1])
        else:
            self.width = stored_blocks(self._location, storage_options).width

    def share(self, part: int, parts: int) -> Iterator[NDArray[np.integer[Any]]]:
        """Yield every block whose number is `part` modulo `parts`, in order."""
        if self._location is not None:
            # Opened here, so that a forked or spawned process has its own files.
            blocks = stored_blocks(self._location, self._options)
            for number in range(part, blocks.num_blocks, parts):
                yield blocks.read(number)
        elif part < self._lazy.numblocks[0]:
            # All blocks together are the walks themselves, whose plan gives their order.
            yield from iter_blocks(self._lazy if parts == 1 else self._lazy.blocks[part::parts])


def in_batches(
    arrays: Iterable[NDArray[np.integer[Any]]], size: int
) -> Iterator[NDArray[np.integer[Any]]]:
    """Yield the rows of arrays, `size` at a time; the last batch may have fewer."""
    waiting: list[NDArray[np.integer[Any]]] = []
    rows = 0
    for array in arrays:
        waiting.append(array)
        rows += len(array)
        if rows < size:
            continue
        joined = np.concatenate(waiting) if len(waiting) > 1 else array
        stop = rows - rows % size
        for start in range(0, stop, size):
            yield joined[start : start + size]
        waiting, rows = [joined[stop:]], rows - stop
    if rows:
        yield np.concatenate(waiting)
