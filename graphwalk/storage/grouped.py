"""Rows that come grouped: sorted and written as they come, none of them twice in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError
from graphwalk.kernels.csr import asymmetry, sort_rows
from graphwalk.storage.format import neighbor_dtype
from graphwalk.storage.ids import check_weights
from graphwalk.storage.rows import (
    BucketTask,
    Duplicates,
    Rows,
    RowSpec,
    parallel_edge,
    weighted_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphwalk.storage.sources.base import RowBatch, RowSource


@dataclass
class RowSorter:
    """Turns batches of rows into sorted rows; may be called by several threads.

    Attributes
    ----------
    source : RowSource
        Where the rows come from.
    num_nodes : int or None
        Number of nodes, if that is known.
    duplicates, drop_loops
        What becomes of parallel edges and self-loops.
    check_symmetry : bool
        Whether to compute what the rows have in asymmetry.
    highest : int
        The highest neighbour so far.
    """

    source: RowSource
    num_nodes: int | None
    duplicates: Duplicates
    drop_loops: bool
    check_symmetry: bool
    highest: int = field(default=-1, init=False)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the neighbours."""
        return neighbor_dtype(self.num_nodes or 0)

    def __call__(self, load: Callable[[], RowBatch]) -> tuple[int, Rows]:
        """Return how many entries a batch has, and its rows."""
        batch = load()
        name = self.source.name
        if (batch.weights is not None) != self.source.weighted:
            raise InputError(f"{name}: some rows have weights and others have none")
        if len(batch.neighbors) != batch.lengths.sum():
            raise InputError(f"{name}: the lengths of its rows do not add up to its neighbours")
        self._check_range(batch)
        rows = self._plain(batch) if batch.weights is None else self._weighted(batch)
        if self.check_symmetry:
            bits = np.empty(0, np.uint32) if rows.weights is None else rows.weights.view(np.uint32)
            difference = int(asymmetry(rows.ends, batch.first_row, rows.neighbors, bits))
            rows = rows._replace(asymmetry=difference)
        return len(batch.neighbors), rows

    def _check_range(self, batch: RowBatch) -> None:
        neighbors = batch.neighbors
        if not len(neighbors):
            return
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
        self.highest = max(self.highest, high)

    def out_of_range(self, row: str, neighbor: int, end: int) -> InputError:
        """Return the error for a neighbour that is no node."""
        return InputError(
            f"{self.source.name}, {row}: neighbour {neighbor} is not one of its nodes 0 to "
            f"{end - 1}; give every node a row, or pass num_nodes="
        )

    def _plain(self, batch: RowBatch) -> Rows:
        neighbors = np.empty(len(batch.neighbors), self.dtype)
        ends = np.empty(len(batch.lengths), np.int64)
        merge = self.duplicates == "merge"
        written, loops, dropped, parallel = sort_rows(
            batch.lengths,
            np.ascontiguousarray(batch.neighbors),
            batch.first_row,
            merge,
            self.drop_loops,
            neighbors,
            ends,
        )
        if parallel >= 0 and self.duplicates == "error":
            row = batch.first_row + int(np.searchsorted(ends, parallel, side="right"))
            raise parallel_edge(row, int(neighbors[parallel]))
        return Rows(neighbors[:written], None, ends, loops, len(batch.neighbors) - dropped)

    def _weighted(self, batch: RowBatch) -> Rows:
        assert batch.weights is not None
        weights = check_weights(batch.weights, lambda at: f"{self.source.name}, {_row(batch, at)}")
        bits = max(
            1,
            np.iinfo(self.dtype).max.bit_length()
            if self.num_nodes is None
            else (self.num_nodes - 1).bit_length(),
        )
        rows = np.repeat(np.arange(len(batch.lengths), dtype=np.int64), batch.lengths)
        keys = (rows << bits) | batch.neighbors.astype(np.int64, copy=False)
        if self.drop_loops:
            kept = batch.neighbors != rows + batch.first_row
            keys, weights = keys[kept], weights[kept]
        spec = RowSpec(bits, self.num_nodes or 0, weights.dtype, self.duplicates)
        high = len(batch.lengths) << bits
        return weighted_rows(keys, weights, BucketTask([], batch.first_row, 0, high, True, spec))


def _row(batch: RowBatch, entry: int) -> str:
    ends = np.cumsum(batch.lengths)
    return f"row {batch.first_row + int(np.searchsorted(ends, entry, side='right'))}"
