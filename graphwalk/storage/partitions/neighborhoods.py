"""Partitions of whole rows for scans: all neighbours of a node at once, in both directions.

What a label or a bound of a node becomes depends on all of its neighbours. In a directed graph, a
partition has the rows of the same nodes in the transposed store, too, which list in-neighbours.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.storage.store.format import value_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Bytes of an offset while a partition is read.
_OFFSET = 8


class NodePartition(NamedTuple):
    """Nodes, and their entries in the store and in the transposed store, if there is one."""

    nodes: range
    entries: range
    in_entries: range


class Neighborhoods(NamedTuple):
    """All neighbours of the nodes of a partition.

    Attributes
    ----------
    first : int
        The node of the first row.
    row_starts, in_row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`, and in `in_neighbors`.
    neighbors, in_neighbors : ndarray of int32 or int64, shape (entries,)
        Node ids. In an undirected graph all neighbours are in `neighbors`.
    """

    first: int
    row_starts: NDArray[np.int64]
    neighbors: NDArray[Any]
    in_row_starts: NDArray[np.int64]
    in_neighbors: NDArray[Any]


class NeighborhoodReader:
    """Cuts a graph between rows, and reads these.

    Parameters
    ----------
    transposed : GraphArrays, optional
        The transposed store of a directed graph.
    values : str, optional
        What `read_values` is to read of each entry, for which there is room then.
    """

    def __init__(
        self, transposed: GraphArrays | None = None, values: ValueName | None = None
    ) -> None:
        self._transposed, self._values = transposed, values

    def total(self, graph: GraphArrays) -> int:
        """Return what all partitions take in memory, in bytes."""
        stores = 1 + (self._transposed is not None)
        return stores * graph.num_entries * self._entry(graph) + 2 * graph.num_nodes * _OFFSET

    def cut(self, graph: GraphArrays, entries: int) -> tuple[NodePartition, ...]:
        """Cut a graph between rows, where its entries reach multiples of `entries`.

        A partition ends with the row in which a cut lies. Reads only chunks of offsets.
        """
        stores = [graph] if self._transposed is None else [graph, self._transposed]
        wanted = np.arange(entries, graph.num_entries, entries, dtype=np.int64)
        found = [store.find_offsets(wanted)[0] for store in stores]
        edges = np.unique(np.concatenate([[0, graph.num_nodes], *found]))
        bounds = [[store.read_offset(int(edge)) for edge in edges] for store in stores]
        bounds += [[0] * len(edges)] * (2 - len(stores))
        pairs = zip(*(itertools.pairwise(each) for each in (edges.tolist(), *bounds)), strict=True)
        return tuple(NodePartition(*(range(*pair) for pair in three)) for three in pairs)

    def size(self, graph: GraphArrays, part: NodePartition) -> int:
        """Return what a partition takes in memory, in bytes."""
        entries = len(part.entries) + len(part.in_entries)
        return entries * self._entry(graph) + 2 * (len(part.nodes) + 1) * _OFFSET

    def read(self, graph: GraphArrays, part: NodePartition) -> Neighborhoods:
        """Read a partition.

        Raises
        ------
        StoreError
            When chunks are missing or damaged, or offsets do not rise as they must.
        """
        rows = _read_rows(graph, part.nodes)
        if self._transposed is None:
            nothing = np.zeros(len(part.nodes) + 1, np.int64), np.empty(0, graph.neighbor_dtype)
            return Neighborhoods(part.nodes.start, *rows, *nothing)
        return Neighborhoods(part.nodes.start, *rows, *_read_rows(self._transposed, part.nodes))

    def read_values(
        self, graph: GraphArrays, part: NodePartition
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Read the values of the entries in the store and in the transposed store.

        Both are empty if none are to be read; raises as `read` does.
        """
        nothing = np.empty(0, np.float32)
        if self._values is None:
            return nothing, nothing
        entries, in_entries = part.entries, part.in_entries
        values = graph.read_values(self._values, entries.start, entries.stop, threads=1)
        if self._transposed is None:
            return values, nothing
        other = self._transposed
        return values, other.read_values(self._values, in_entries.start, in_entries.stop, threads=1)

    def _entry(self, graph: GraphArrays) -> int:
        return graph.neighbor_dtype.itemsize + value_bytes(self._values)


def _read_rows(graph: GraphArrays, nodes: range) -> tuple[NDArray[np.int64], NDArray[Any]]:
    row_starts = graph.read_offsets(nodes.start, nodes.stop + 1)
    first, last = graph.check_offsets(row_starts, nodes.start)
    row_starts -= first
    return row_starts, graph.read_neighbors(first, last, threads=1, checked=True)
