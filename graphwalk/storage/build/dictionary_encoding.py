"""Edges whose nodes get new numbers: strings, and sparse integers.

A batch is kept as its distinct ids, ascending, and as edges whose ends are positions among them. An
id is therefore looked up once for each batch, whatever the number of its edges. If the labels do
not fit in memory, the ids of all batches are looked up in each part of the labels.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.storage.build.batch_cache import BatchCache
from graphwalk.storage.build.check_batch import is_text
from graphwalk.storage.build.sort_labels import LabelCollector, count_up_to, distinct
from graphwalk.storage.build.spilled_ids import SpilledIds
from graphwalk.storage.store.label_index import IntegerLabels
from graphwalk.util.permutations import inverse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from graphwalk.storage.build.context import Context
    from graphwalk.storage.edges.protocol import EdgeBatch, EdgeSource, Ids
    from graphwalk.storage.files.spill import SpilledArray
    from graphwalk.storage.store.label_index import Labels, MemoryLabels

    Numbers: TypeAlias = NDArray[np.integer[Any]]


class EncodedBatch(NamedTuple):
    """Distinct ids, ascending, and edges whose ids are positions among them."""

    ids: Ids
    edges: EdgeBatch


def encode(batch: EdgeBatch) -> EncodedBatch:
    """Return a checked batch, split into distinct ids and edges."""
    ids, codes = (_code_text if is_text(batch.src) else _code_integers)(batch)
    codes = codes.astype(np.int32)
    edges = batch._replace(src=codes[: len(batch.src)], dst=codes[len(batch.src) :])
    return EncodedBatch(ids, edges)


def _code_text(batch: EdgeBatch) -> tuple[Ids, Numbers]:
    both = pc.dictionary_encode(pa.concat_arrays([batch.src, batch.dst]))
    order = pc.sort_indices(both.dictionary)
    places = inverse(np.asarray(order), np.dtype(np.int64))
    return both.dictionary.take(order), places[np.asarray(both.indices)]


def _code_integers(batch: EdgeBatch) -> tuple[Ids, Numbers]:
    both = np.concatenate([batch.src, batch.dst])
    ids = distinct(both)
    return ids, IntegerLabels(ids.astype(np.int64, copy=False)).find(both)


class EncodedEdges(BatchCache):
    """Encoded batches, and an `EdgeSource` of the same edges once their ids are numbered.

    Parameters
    ----------
    source : EdgeSource
        The source of the edges.
    listed : Ids or None
        Ids of further nodes, which need not have edges.
    context : Context
        The build.
    """

    def __init__(self, source: EdgeSource, listed: Ids | None, context: Context) -> None:
        folder, tuning = context.folder, context.tuning
        super().__init__(source, folder, "encoded", tuning.cache_bytes)
        self._labels = LabelCollector(source.name, folder, tuning.label_bytes)
        self._listed = listed
        self._ids: list[Ids | SpilledIds] = []
        self._numbers: list[list[Numbers | SpilledArray]] = []
        self.num_ids = 0

    def add(self, batch: EncodedBatch) -> None:
        """Add the next batch."""
        self._labels.add(batch.ids)
        self.append(batch.edges)
        self.num_ids += len(batch.ids)
        keep = self._has_room(batch.ids.nbytes)
        self._ids.append(batch.ids if keep else SpilledIds(batch.ids, self._file))

    def labels(self) -> Labels:
        """Return all labels, once all batches are added."""
        if self._listed is not None:
            self._labels.add(distinct(self._listed))
        return self._labels.finish()

    def number(self, labels: Labels, context: Context, advance: Callable[[int], object]) -> None:
        """Look all ids up, and release them; `advance` is called with the number that are done."""
        dtype: Any = np.int32 if len(labels) < 2**31 else np.int64
        self._numbers = [[] for _ in self._ids]
        done = [0] * len(self._ids)
        for first, part in labels.parts():
            look_up = partial(_look_up, part, first, dtype)
            found = context.in_order(look_up, zip(self._ids, done, strict=True))
            for i, numbers in enumerate(found):
                done[i] += len(numbers)
                keep = self._has_room(numbers.nbytes)
                self._numbers[i].append(numbers if keep else self._file.append(numbers))
                advance(len(numbers))
            del part, look_up, found  # before the next part is loaded
        self.memory -= sum(ids.nbytes for ids in self._ids if not isinstance(ids, SpilledIds))
        self._ids.clear()

    def batches(self, size: int) -> Iterator[Callable[[], EdgeBatch]]:
        """Return the batches as they were added, whatever `size` is, with numbers of nodes."""
        for edges, numbers in zip(super().batches(size), self._numbers, strict=True):
            yield partial(_load, edges, numbers)

    def close(self) -> None:
        """Release everything; the edges cannot be read any more."""
        super().close()
        self._numbers.clear()


def _look_up(
    part: MemoryLabels, first: int, dtype: Any, item: tuple[Ids | SpilledIds, int]
) -> NDArray[Any]:
    """Return the numbers of those ids that are in a part of the labels, from a position on."""
    ids, start = item
    ids = (ids.load() if isinstance(ids, SpilledIds) else ids)[start:]
    if len(ids):
        ids = ids[: count_up_to(ids, part.at(len(part) - 1))]
    return (part.find(ids) + first).astype(dtype)


def _load(edges: Callable[[], EdgeBatch], pieces: list[Numbers | SpilledArray]) -> EdgeBatch:
    batch = edges()
    parts = [piece if isinstance(piece, np.ndarray) else piece.read() for piece in pieces]
    numbers = np.concatenate(parts)
    return batch._replace(src=numbers[batch.src], dst=numbers[batch.dst])
