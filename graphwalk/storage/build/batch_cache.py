"""A cache of edges for further passes: in memory while there is room, then on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.storage.edges.protocol import EdgeBatch
from graphwalk.util.arrow_strings import string_buffers, strings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graphwalk.storage.edges.protocol import EdgeSource, Ids
    from graphwalk.storage.files.spill import SpilledArray, SpillFile, SpillFolder


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
        self._folder = folder
        self._file_name = name
        self._file: SpillFile | None = None
        self._batches: list[EdgeBatch | _Stored] = []

    def append(self, batch: EdgeBatch) -> None:
        """Add the next batch."""
        size = _size(batch)
        self.num_edges += len(batch.src)
        batch = batch._replace(place=self._place)  # the batch's own may keep its source alive
        if self._file is None and self.memory + size <= self._room:
            self.memory += size
            self._batches.append(batch)
            return
        if self._file is None:
            self._file = self._folder.new(self._file_name)
        self._batches.append(_Stored(batch, self._file))

    def _place(self, _: int) -> str:
        return self.name

    def batches(self, size: int) -> Iterator[Callable[[], EdgeBatch]]:
        """Return the batches as they were added, whatever `size` is."""
        del size
        for batch in self._batches:
            yield batch.load if isinstance(batch, _Stored) else _Loaded(batch)

    def close(self) -> None:
        """Free all batches; the cache cannot be read after this."""
        self._batches.clear()
        self.memory = 0
        if self._file is not None:
            self._file.remove()
            self._file = None


class _Loaded:
    """A batch that is in memory."""

    def __init__(self, batch: EdgeBatch) -> None:
        self._batch = batch

    def __call__(self) -> EdgeBatch:
        return self._batch


class _Stored:
    """A batch in a temporary file."""

    def __init__(self, batch: EdgeBatch, file: SpillFile) -> None:
        self._src = _store(batch.src, file)
        self._dst = _store(batch.dst, file)
        self._weight = (
            None if batch.weight is None else file.append(np.ascontiguousarray(batch.weight))
        )
        self._place = batch.place

    def load(self) -> EdgeBatch:
        weight = None if self._weight is None else self._weight.read()
        return EdgeBatch(_restore(self._src), _restore(self._dst), weight, self._place)


def _store(ids: Ids, file: SpillFile) -> tuple[SpilledArray, ...]:
    if isinstance(ids, np.ndarray):
        return (file.append(np.ascontiguousarray(ids)),)
    return tuple(file.append(array) for array in string_buffers(ids))


def _restore(pieces: tuple[SpilledArray, ...]) -> Ids:
    arrays = [piece.read() for piece in pieces]
    return arrays[0] if len(arrays) == 1 else strings_of(*arrays)


def _size(batch: EdgeBatch) -> int:
    weight = 0 if batch.weight is None else batch.weight.nbytes
    return int(batch.src.nbytes + batch.dst.nbytes) + weight
