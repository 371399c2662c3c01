"""Sorting of rows of neighbours as they arrive; none is in memory twice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.kernels.build.buckets import asymmetry, row_keys
from graphwalk.storage.build.bucket_rows import (
    BucketTask,
    Rows,
    RowSpec,
    sorted_rows,
    valued_rows,
)
from graphwalk.storage.build.check_batch import check_values
from graphwalk.storage.store.format import neighbor_dtype, value_bits

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphwalk.storage.build.context import BuildOptions
    from graphwalk.storage.build.runs import Keys, Weights
    from graphwalk.storage.edges.protocol import RowBatch, RowSource
    from graphwalk.storage.store.format import ValueName


@dataclass
class RowSorter:
    """Sorts batches of rows; several threads may call it.

    Attributes
    ----------
    source : RowSource
        The source of the rows.
    num_nodes : int or None
        Number of nodes, if that is known.
    options : BuildOptions
        What decides what is written.
    """

    source: RowSource
    num_nodes: int | None
    options: BuildOptions

    @property
    def values(self) -> ValueName | None:
        """The kind of values that entries have."""
        return self.options.values(self.source)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the neighbours."""
        return neighbor_dtype(self.num_nodes or 0)

    def __call__(self, load: Callable[[], RowBatch]) -> tuple[int, int, Rows]:
        """Return the number of entries of a batch, the highest neighbour or −1, and its rows."""
        batch = load()
        name = self.source.name
        if (batch.weights is not None) != self.source.weighted:
            raise InputError(f"{name}: some rows have weights and others have none")
        if len(batch.neighbors) != batch.lengths.sum():
            raise InputError(f"{name}: the lengths of its rows do not add up to its neighbours")
        highest = self._check_range(batch)
        rows = self._sort(batch)
        if not self.options.directed:
            bits = value_bits(rows.values)
            difference = int(asymmetry(rows.ends, batch.first_row, rows.neighbors, bits))
            rows = rows._replace(asymmetry=difference)
        return len(batch.neighbors), highest, rows

    def _check_range(self, batch: RowBatch) -> int:
        neighbors = batch.neighbors
        if not len(neighbors):
            return -1
        if neighbors.dtype.kind not in "iu":
            raise InputError(
                f"{self.source.name}, {_row(batch, 0)}: neighbours are integers, not "
                f"{neighbors.dtype}"
            )
        end = np.iinfo(self.dtype).max if self.num_nodes is None else self.num_nodes
        low, high = int(neighbors.min()), int(neighbors.max())
        if low < 0 or high >= end:
            at = int(np.argmax((neighbors < 0) | (neighbors >= end)))
            raise self.out_of_range(_row(batch, at), int(neighbors[at]), end)
        return high

    def out_of_range(self, row: str, neighbor: int, end: int) -> InputError:
        """Return the error for a neighbour that is not a node."""
        return InputError(
            f"{self.source.name}, {row}: neighbour {neighbor} is not one of its nodes 0 to "
            f"{end - 1}; give every node a row, or pass {argument('num_nodes')}"
        )

    def _sort(self, batch: RowBatch) -> Rows:
        bits = self._bits
        neighbors = np.ascontiguousarray(batch.neighbors)
        keys = np.empty(len(neighbors), np.int64)
        drop = self.options.drop_loops and self.values is None
        count, ascending = row_keys(batch.lengths, neighbors, bits, batch.first_row, drop, keys)
        keys = keys[:count]
        spec = RowSpec(bits, self.num_nodes or 0, self.values, None, self.options.duplicates)
        task = BucketTask([], batch.first_row, 0, len(batch.lengths) << bits, spec)
        if batch.weights is not None and self.values is not None:
            values = check_values(batch.weights, self.values, partial(self._place, batch))
            return self._sort_valued(keys, values, batch.first_row, task)
        if not ascending:
            keys.sort()
        return sorted_rows(keys, task)

    def _sort_valued(self, keys: Keys, values: Weights, first_row: int, task: BucketTask) -> Rows:
        if self.options.drop_loops:
            row, mask = keys >> task.spec.bits, (1 << task.spec.bits) - 1
            kept = (keys & mask) != row + first_row
            keys, values = keys[kept], values[kept]
        return valued_rows(keys, values, task)

    def _place(self, batch: RowBatch, entry: int) -> str:
        return f"{self.source.name}, {_row(batch, entry)}"

    @property
    def _bits(self) -> int:
        """Bits of a key that hold the neighbour."""
        highest = np.iinfo(self.dtype).max if self.num_nodes is None else self.num_nodes - 1
        return max(1, int(highest).bit_length())


def _row(batch: RowBatch, entry: int) -> str:
    ends = np.cumsum(batch.lengths)
    return f"row {batch.first_row + int(np.searchsorted(ends, entry, side='right'))}"
