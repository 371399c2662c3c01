"""Walks as arrays of a given length, for training in batches."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.algorithms.output.check_walks import checked_walks
from graphwalk.algorithms.output.read_walks import stored_blocks
from graphwalk.algorithms.output.write import iter_blocks
from graphwalk.algorithms.walks.dask_array import WalkArray
from graphwalk.algorithms.walks.walks_source import walks_source
from graphwalk.errors import InputError
from graphwalk.storage.files.locations import locate
from graphwalk.storage.store.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from graphwalk.algorithms.walks.dask_tasks import WalkTasks
    from graphwalk.storage.store.graph_arrays import GraphArrays


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

    @property
    def seed(self) -> int:
        """The seed of lazy walks; 0 where it is not known."""
        return 0 if self._tasks is None else self._tasks.plan.spec.seed

    @property
    def graph(self) -> GraphArrays | None:
        """The graph of lazy walks; None where it is not known."""
        return None if self._tasks is None else self._tasks.graph

    @property
    def _tasks(self) -> WalkTasks | None:
        return walks_source(self._lazy) if self._location is None else None

    def of_epoch(self, epoch: int) -> WalkBlocks:
        """Return walks of the seed that is larger by `epoch`; stored ones and parts as they are."""
        tasks = self._tasks
        if tasks is None or self._lazy.name != tasks.name:
            return self
        spec = replace(tasks.plan.spec, seed=(self.seed + epoch) % 2**64)
        plan = replace(tasks.plan, spec=spec)
        return WalkBlocks(WalkArray(plan, Graph(tasks.graph), tasks.walkers))

    def num_walks(self, part: int, parts: int) -> int:
        """Return how many walks `share` yields.

        Raises
        ------
        InputError
            When that is not known before they are read.
        """
        if self._location is None:
            rows = np.array(self._lazy.chunks[0][part::parts], float)
            if np.isnan(rows).any():
                raise InputError("sizes of blocks are not known; call walks.compute_chunk_sizes()")
            return int(rows.sum())
        stored = stored_blocks(self._location, self._options)
        if parts == 1:
            return stored.num_walks
        if stored.block_walks is None:
            raise InputError(
                f"{self._location} does not say how many walks each part has; write them to .zarr "
                "or .npy, for which several ranks have a length"
            )
        starts = np.arange(part, stored.num_blocks, parts) * stored.block_walks
        return int(np.minimum(stored.block_walks, stored.num_walks - starts).sum())

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


def shuffled(
    arrays: Iterable[NDArray[np.integer[Any]]], buffer: int, rng: np.random.Generator
) -> Iterator[NDArray[np.integer[Any]]]:
    """Yield the rows of arrays in random order, drawn from a buffer of that many, and an array."""
    waiting: NDArray[np.integer[Any]] | None = None
    for array in arrays:
        waiting = array if waiting is None else np.concatenate([waiting, array])
        ready = len(waiting) - buffer
        if ready > 0:
            waiting = waiting[rng.permutation(len(waiting))]
            yield waiting[:ready]
            waiting = waiting[ready:]
    if waiting is not None:
        yield waiting[rng.permutation(len(waiting))]


class NoiseNodes:
    """Nodes that are drawn in proportion to a power of their degrees.

    Parameters
    ----------
    degrees : ndarray of int, shape (num_nodes,)
        The degree of each node.
    power : float
        That power.
    """

    def __init__(self, degrees: NDArray[np.integer[Any]], power: float = 0.75) -> None:
        self._ends = np.cumsum(np.asarray(degrees, np.float64) ** power)

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.int64]:
        """Return nodes in an array of that shape."""
        places = rng.random(shape) * self._ends[-1]
        found: NDArray[np.int64] = np.searchsorted(self._ends, places, side="right")
        return found.astype(np.int64, copy=False)


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
