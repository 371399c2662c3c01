"""Sums over the neighbours of every node, as a pass over the entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.analytics.sum_neighbors import pull_sums, push_sums
from graphwalk.scheduler.engine.scan import ScanProgram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.partitions.entry_partitions import PartialRows


class NeighborSums(ScanProgram):
    """Adds integers along entries: to their targets, or from these to their sources.

    Parameters
    ----------
    values : ndarray of int64 or float32, shape (nodes,)
        The integer of each node.
    push : bool
        Whether the value of a node is added to its neighbours, and not theirs to it.
    """

    def __init__(self, values: NDArray[Any], *, push: bool) -> None:
        self._values, self._push = values, push

    def new_result(self) -> NDArray[np.int64]:
        """Return sums of nothing."""
        return np.zeros(len(self._values), np.int64)

    def visit(self, result: NDArray[np.int64], rows: PartialRows) -> None:
        """Add values along the entries of a partition."""
        add = push_sums if self._push else pull_sums
        add(self._values, rows.first, rows.row_starts, rows.neighbors, rows.values, result)

    def merge(self, result: NDArray[np.int64], other: NDArray[np.int64]) -> None:
        """Add the sums of other partitions."""
        result += other
