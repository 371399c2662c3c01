"""Edges that can be read only once, kept for later passes: in memory or, without room, on disk."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from graphwalk.storage.build.spilled_ids import SpilledIds
from graphwalk.storage.edges.protocol import EdgeBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graphwalk.storage.edges.protocol import EdgeSource, Ids
    from graphwalk.storage.files.spill import SpillFile, SpillFolder


class BatchCache:
    """An `EdgeSource` of cached batches with checked ids.

    Parameters
    ----------
    source : EdgeSource
        The source of the edges.
    folder : SpillFolder
        The folder for temporary files.
    name : str
        Name of the file.
    room : int
        Bytes that may stay in memory.
    """

    once = False
    directed: bool | None = None
    num_nodes: int | None = None

    def __init__(self, source: EdgeSource, folder: SpillFolder, name: str, room: int) -> None:
        self.name = source.name
        self.weighted = source.weighted
        self.nodes: Ids | None = source.nodes
        self.num_edges = 0
        self.memory = 0
        self._room = room
        self._file = folder.new(name)
        self._batches: list[EdgeBatch | _Stored] = []

    def append(self, batch: EdgeBatch) -> None:
        """Add the next batch."""
        self.num_edges += len(batch.src)
        batch = batch._replace(place=self._place)  # the batch's own may hold what it was read from
        keep = self._has_room(_size(batch))
        self._batches.append(batch if keep else _Stored(batch, self._file))

    def _has_room(self, size: int) -> bool:
        """Return whether `size` more bytes may stay in memory; then they are counted."""
        if self.memory + size > self._room:
            return False
        self.memory += size
        return True

    def _place(self, _: int) -> str:
        return self.name

    def batches(self, size: int) -> Iterator[Callable[[], EdgeBatch]]:
        """Return the batches as they were added, whatever `size` is."""
        del size
        for batch in self._batches:
            yield partial(_load, batch)

    def close(self) -> None:
        """Release everything; the batches cannot be read any more."""
        self._batches.clear()
        self.memory = 0
        self._file.remove()


class _Stored:
    """A batch in a temporary file."""

    def __init__(self, batch: EdgeBatch, file: SpillFile) -> None:
        self._ids = SpilledIds(batch.src, file), SpilledIds(batch.dst, file)
        self._weight = (
            None if batch.weight is None else file.append(np.ascontiguousarray(batch.weight))
        )
        self._further = {
            kind: file.append(np.ascontiguousarray(column))
            for kind, column in batch.further.items()
        }
        self._place = batch.place

    def load(self) -> EdgeBatch:
        weight = None if self._weight is None else self._weight.read()
        further = {kind: column.read() for kind, column in self._further.items()}
        src, dst = (ids.load() for ids in self._ids)
        return EdgeBatch(src, dst, weight, self._place, further)


def _load(batch: EdgeBatch | _Stored) -> EdgeBatch:
    return batch.load() if isinstance(batch, _Stored) else batch


def _size(batch: EdgeBatch) -> int:
    columns = batch.src, batch.dst, batch.weight, *batch.further.values()
    return sum(int(column.nbytes) for column in columns if column is not None)
