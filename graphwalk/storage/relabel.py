"""Relabelling: find all ids that edges name, and number them in ascending order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.errors import InputError, MemoryBudgetError
from graphwalk.storage.ids import check_ids, is_text, small_batches
from graphwalk.storage.labels import IntegerLabels, Labels, StringLabels
from graphwalk.storage.parallel import map_in_order
from graphwalk.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor

    from graphwalk.storage.budget import Tuning
    from graphwalk.storage.sources.base import EdgeBatch, EdgeSource, Ids


def collect_labels(
    source: EdgeSource,
    pool: ThreadPoolExecutor,
    tuning: Tuning,
    advance: Callable[[int], object],
) -> Labels:
    """Return every id that `source` names, ascending.

    Raises
    ------
    InputError
        When ids are neither integers nor strings, or some are the one and some the other.
    MemoryBudgetError
        When the labels do not fit into the memory budget.
    """
    found = _Distinct(source.name, tuning)
    if source.nodes is not None:
        found.add(_distinct(check_ids(source.nodes, source.name, None)))

    def distinct(batch: EdgeBatch) -> tuple[int, Ids]:
        return len(batch.src), _distinct_ends(batch, source.name)

    batches = small_batches(source, tuning.batch_edges)
    for edges, ids in map_in_order(pool, distinct, batches, tuning.ahead):
        found.add(ids)
        advance(edges)
    return found.labels()


class _Distinct:
    """Ids seen so far; merged now and then, so that they take little more room than needed."""

    def __init__(self, name: str, tuning: Tuning) -> None:
        self._name = name
        self._tuning = tuning
        self._parts: list[Ids] = []
        self._merged = 0

    def add(self, ids: Ids) -> None:
        if self._parts and is_text(ids) != is_text(self._parts[0]):
            raise _mixed(self._name)
        self._parts.append(ids)
        waiting = sum(len(part) for part in self._parts) - self._merged
        if waiting > max(self._tuning.batch_edges, self._merged):
            self._merge()

    def _merge(self) -> None:
        self._parts = [_distinct(_concatenate(self._parts))]
        self._merged = len(self._parts[0])
        size = 2 * self._parts[0].nbytes  # these, and their like while the next ones join them
        if size > self._tuning.budget:
            raise MemoryBudgetError(
                f"{self._name}: the labels take more than {format_size(size)}, memory= is "
                f"{format_size(self._tuning.budget)}; raise memory=, or number the nodes densely"
            )

    def labels(self) -> Labels:
        if not self._parts:
            return IntegerLabels(np.empty(0, np.int64))
        self._merge()
        values: Any = self._parts[0]
        if is_text(values):
            return StringLabels(values)
        return IntegerLabels(np.ascontiguousarray(values, np.int64))


def _mixed(name: str) -> InputError:
    return InputError(f"{name}: some node ids are integers and some strings; make them alike")


def _concatenate(parts: list[Ids]) -> Ids:
    return pa.concat_arrays(parts) if is_text(parts[0]) else np.concatenate(parts)


def _distinct_ends(batch: EdgeBatch, name: str) -> Ids:
    src = _distinct(check_ids(batch.src, name, batch.first_edge))
    dst = _distinct(check_ids(batch.dst, name, batch.first_edge))
    if is_text(src) != is_text(dst):
        raise _mixed(name)
    return _distinct(_concatenate([src, dst]))


def _distinct(ids: Ids) -> Ids:
    """Return the distinct ids, ascending; strings by the bytes of their UTF-8."""
    if not is_text(ids):
        ordered = np.sort(ids)  # far faster than np.unique, which hashes
        return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)]]
    unique = pc.unique(ids)
    if isinstance(unique, pa.ChunkedArray):
        unique = unique.combine_chunks()
    return unique.take(pc.sort_indices(unique))
