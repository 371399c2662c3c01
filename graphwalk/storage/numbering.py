"""Second stage of a build, where nodes are numbered anew: edges of ids into edges of numbers."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.storage.ids import changed, dense_batch, is_text, load_checked
from graphwalk.storage.parallel import map_in_order
from graphwalk.storage.sources.base import EdgeBatch
from graphwalk.storage.spool import Spool
from graphwalk.storage.survey import Counts, count_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import ThreadPoolExecutor

    from numpy.typing import NDArray

    from graphwalk.storage.budget import Tuning
    from graphwalk.storage.labels import Labels, MemoryLabels
    from graphwalk.storage.sources.base import EdgeSource, Ids
    from graphwalk.storage.spill import SpillFolder
    from graphwalk.storage.survey import Direction


def number_edges(
    edges: EdgeSource,
    labels: Labels,
    direction: Direction,
    folder: SpillFolder,
    pool: ThreadPoolExecutor,
    tuning: Tuning,
    advance: Callable[[int], object],
) -> tuple[Counts, Spool]:
    """Return the edges with their nodes' numbers in place of their ids, and what they count up to.

    Labels that do not fit into memory are looked up part by part, with a pass over the edges for
    each; `advance` is called with the number of edges done in each.
    """
    numbered: Spool | None = None
    for number, (first, part) in enumerate(labels.parts()):
        is_last = first + len(part) == len(labels)
        fill = _Filler(edges.name, first, part, np.int32 if len(labels) < 2**31 else np.int64)
        room = tuning.spool_bytes if is_last else 0
        target = Spool(edges, folder, f"numbered-{number}", room)
        batches = _pairs(edges, numbered, tuning.edges_per_batch)
        for batch in map_in_order(pool, fill, batches, tuning.ahead):
            target.append(batch)
            advance(len(batch.src))
        if numbered is not None:
            numbered.close()
        numbered = target
    if numbered is None:
        numbered = Spool(edges, folder, "numbered", 0)
    return _count(numbered, direction, pool, tuning), numbered


class _Filler:
    """Looks up ids in one part of the labels."""

    def __init__(self, name: str, first: int, part: MemoryLabels, dtype: Any) -> None:
        self._name = name
        self._first = first
        self._part = part
        self._dtype = dtype

    def __call__(self, pair: _Pair) -> EdgeBatch:
        ids, numbers = pair()
        if is_text(ids.src) != (self._part.kind == "string"):
            raise changed(self._name)
        src = self._look_up(ids.src, None if numbers is None else numbers.src)
        dst = self._look_up(ids.dst, None if numbers is None else numbers.dst)
        return EdgeBatch(src, dst, ids.weight, ids.place)

    def _look_up(self, ids: Ids, so_far: NDArray[Any] | None) -> NDArray[Any]:
        found = self._part.find(ids)
        found = np.where(found >= 0, found + self._first, -1).astype(self._dtype)
        return found if so_far is None else np.maximum(found, so_far)


class _Pair:
    """A batch of ids, and the same batch of the numbers found so far."""

    def __init__(
        self,
        source: EdgeSource,
        ids: Callable[[], EdgeBatch],
        numbers: Callable[[], EdgeBatch] | None,
    ) -> None:
        self._source = source
        self._ids = ids
        self._numbers = numbers

    def __call__(self) -> tuple[EdgeBatch, EdgeBatch | None]:
        ids = load_checked(self._ids, self._source)
        numbers = None if self._numbers is None else self._numbers()
        if numbers is not None and len(numbers.src) != len(ids.src):
            raise changed(self._source.name)
        return ids, numbers


def _pairs(edges: EdgeSource, numbered: Spool | None, size: int) -> Iterator[_Pair]:
    if numbered is None:
        for ids in edges.batches(size):
            yield _Pair(edges, ids, None)
        return
    for ids, numbers in zip_longest(edges.batches(size), numbered.batches(size)):
        if ids is None or numbers is None:
            raise changed(edges.name)
        yield _Pair(edges, ids, numbers)


def _count(
    numbered: Spool, direction: Direction, pool: ThreadPoolExecutor, tuning: Tuning
) -> Counts:
    def count(load: Callable[[], EdgeBatch]) -> Counts:
        batch = load()
        if min(batch.src.min(initial=0), batch.dst.min(initial=0)) < 0:
            raise changed(numbered.name)
        return count_batch(dense_batch(batch, None), direction)

    total = Counts()
    for counts in map_in_order(pool, count, numbered.batches(tuning.edges_per_batch), tuning.ahead):
        total.add(counts)
    return total
