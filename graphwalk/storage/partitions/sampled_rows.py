"""Rows of some nodes of a partition, or of all, with where they are in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.storage.partitions.check_partition import check_nodes
from graphwalk.storage.partitions.neighborhoods import NeighborhoodReader
from graphwalk.storage.store.format import value_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.partitions.neighborhoods import NodePartition
    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.graph_arrays import GraphArrays


class SampledRows(NamedTuple):
    """Whole rows of a partition.

    Attributes
    ----------
    nodes : range
        The nodes of the partition.
    those : ndarray of int64, or None
        The nodes that the rows are of, ascending; None: all of the partition.
    entries : ndarray of int64, shape (rows,)
        Where in the store each row begins.
    row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in the following arrays.
    neighbors : ndarray of int32 or int64
        Node ids.
    values : ndarray of float32 or float64, or None
        Weights or times, if asked for.
    """

    nodes: range
    those: NDArray[np.int64] | None
    entries: NDArray[np.int64]
    row_starts: NDArray[np.int64]
    neighbors: NDArray[Any]
    values: NDArray[Any] | None

    def rows_of(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return which row is that of each of some nodes."""
        if self.those is None:
            return nodes - self.nodes.start
        return np.searchsorted(self.those, nodes)


class SampledRowReader(NeighborhoodReader):
    """Cuts a graph between rows, and reads those of some nodes or of all.

    Parameters
    ----------
    values : {"weights", "times"}, optional
        What is read of each entry in addition to its neighbour.
    """

    def __init__(self, values: ValueName | None = None) -> None:
        super().__init__()
        self._values = values

    def total(self, graph: GraphArrays) -> int:
        """Return what all partitions take in memory, in bytes."""
        return super().total(graph) + graph.num_entries * value_bytes(self._values)

    def size(self, graph: GraphArrays, part: NodePartition) -> int:
        """Return what a partition takes in memory, in bytes."""
        return super().size(graph, part) + len(part.entries) * value_bytes(self._values)

    def read_sampled(
        self, graph: GraphArrays, part: NodePartition, those: NDArray[np.int64] | None
    ) -> SampledRows:
        """Read the rows of some ascending nodes of a partition, or of all.

        Of the store, only chunks that have a part of these rows are read, one after the other.

        Raises
        ------
        StoreError
            When chunks are missing or damaged, or offsets do not rise as they must.
        """
        with graph.unchanged():
            if those is None:
                offsets = graph.read_offsets(part.nodes.start, part.nodes.stop + 1)
                graph.check_offsets(offsets, part.nodes.start)
                starts, stops = offsets[:-1], offsets[1:]
            else:
                starts, stops = graph.row_ranges(those)
            row_starts, neighbors, values = graph.read_some(starts, stops, self._values, 1)
        check_nodes(graph, neighbors)
        entries = np.ascontiguousarray(starts)
        return SampledRows(part.nodes, those, entries, row_starts, neighbors, values)
