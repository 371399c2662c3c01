"""First stage of a build: check the edges, and count the entries that they make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphwalk.kernels.build.buckets import count_bins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.build.check_batch import DenseBatch

#: Bins in which entries are counted: fine enough to cut buckets at, and small enough for a cache.
BINS = 1 << 16


class Direction(NamedTuple):
    """Which entries an edge makes."""

    both_ways: bool
    drop_loops: bool


@dataclass
class EdgeCounts:
    """Counts of edges and entries.

    Attributes
    ----------
    edges : int
        Edges of the input.
    loops : int
        Self-loops of the input.
    highest : int
        The highest node id; −1 without edges.
    shift : int
        Bin b counts the nodes v with ``v >> shift == b``.
    bins : ndarray of int64, shape (BINS,)
        Entries in the rows of each bin's nodes.
    narrow_weights : bool
        Whether float32 holds every weight of the input exactly.
    """

    edges: int = 0
    loops: int = 0
    highest: int = -1
    shift: int = 0
    bins: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))
    narrow_weights: bool = True

    @property
    def entries(self) -> int:
        """Entries that the edges make."""
        return int(self.bins.sum())

    def add(self, other: EdgeCounts) -> None:
        """Add other counts."""
        shift = max(self.shift, other.shift)
        self.coarsen(shift)
        other.coarsen(shift)
        self.bins += other.bins
        self.edges += other.edges
        self.loops += other.loops
        self.highest = max(self.highest, other.highest)
        self.narrow_weights &= other.narrow_weights

    def coarsen(self, shift: int) -> None:
        """Join bins, so that each covers ``2**shift`` nodes."""
        if shift > self.shift:
            width = min(1 << (shift - self.shift), BINS)
            joined = self.bins.reshape(-1, width).sum(axis=1)
            self.bins = np.zeros(BINS, np.int64)
            self.bins[: len(joined)] = joined
            self.shift = shift


def shift_for(num_nodes: int) -> int:
    """Return the least shift at which the bins cover that many nodes."""
    return max(0, (max(num_nodes, 1) - 1).bit_length() - (BINS - 1).bit_length())


def count_batch(batch: DenseBatch, direction: Direction) -> EdgeCounts:
    """Count one batch's entries."""
    highest = int(max(batch.src.max(initial=-1), batch.dst.max(initial=-1)))
    counts = EdgeCounts(len(batch.src), highest=highest, shift=shift_for(highest + 1))
    counts.loops = count_bins(batch.src, batch.dst, counts.shift, *direction, counts.bins)
    counts.narrow_weights = batch.weight is None or batch.weight.dtype == np.float32
    return counts
