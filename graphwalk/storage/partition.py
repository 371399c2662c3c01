"""Rows of a graph in memory, laid out for the walk kernels."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import StoreError
from graphwalk.kernels.edge_filter import fill_filter, filter_words
from graphwalk.kernels.tables import alias_dtype, fill_alias_table
from graphwalk.storage.parallel import thread_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphwalk.storage.graph import Graph

#: Row starts are 32 bits wide while a partition has fewer entries than this.
NARROW_ENTRIES = 1 << 32


class Partition:
    """The rows of a graph as a few flat arrays, all read-only.

    It is a plain class, not a dataclass, since Dask on Ray takes dataclasses apart; its arrays
    travel through Ray's object store as they are and are read there without a copy.

    Attributes
    ----------
    row_starts : ndarray of uint32 or int64, shape (num_nodes + 1,)
        Where each row begins.
    neighbors : ndarray of int32 or int64, shape (max(1, entries),)
        Node ids, sorted within each row.
    alias_table : ndarray of alias records, shape (max(1, entries),), or None
        For weighted walks.
    edge_filter : ndarray of uint64, or None
        For second-order walks.
    """

    __slots__ = ("alias_table", "edge_filter", "neighbors", "row_starts")

    def __init__(
        self,
        row_starts: NDArray[Any],
        neighbors: NDArray[Any],
        alias_table: NDArray[Any] | None = None,
        edge_filter: NDArray[np.uint64] | None = None,
    ) -> None:
        self.row_starts = row_starts
        self.neighbors = neighbors
        self.alias_table = alias_table
        self.edge_filter = edge_filter
        for array in (row_starts, neighbors, alias_table, edge_filter):
            # One kind of array means one compilation: Ray's are read-only in any case.
            if array is not None:
                array.setflags(write=False)


def partition_bytes(graph: Graph, *, weighted: bool, second_order: bool) -> int:
    """Return how many bytes a partition of the whole graph takes in memory."""
    node = graph.neighbor_dtype
    per_entry = node.itemsize
    if weighted:
        per_entry += alias_dtype(node).itemsize
    if second_order:
        per_entry += 1
    return graph.num_entries * per_entry + (graph.num_nodes + 1) * _row_start_type(graph).itemsize


def load_partition(
    graph: Graph,
    *,
    weighted: bool,
    second_order: bool,
    have: Partition | None = None,
    threads: int = 1,
) -> Partition:
    """Read the rows of `graph` and derive what walks of this kind need.

    Parameters
    ----------
    graph : Graph
        The graph.
    weighted, second_order : bool
        The kind of walks.
    have : Partition, optional
        What is loaded of the same graph already; its arrays are used again.
    threads : int
        How many threads derive tables.

    Raises
    ------
    StoreError
        When chunks are missing or damaged, or offsets and neighbours contradict each other.
    """
    row_starts = have.row_starts if have else _read_row_starts(graph)
    neighbors = have.neighbors if have else _read_neighbors(graph)
    alias_table = have.alias_table if have else None
    edge_filter = have.edge_filter if have else None
    if weighted and alias_table is None:
        alias_table = np.zeros(len(neighbors), alias_dtype(neighbors.dtype))
        weights = graph.read_weights(0, graph.num_entries)
        _by_rows(
            row_starts,
            threads,
            lambda rows: fill_alias_table(rows, neighbors, weights, alias_table),
        )
    if second_order and edge_filter is None:
        edge_filter = np.zeros(filter_words(len(neighbors)), np.uint64)
        # One thread: rows that meet within a word of the filter share it.
        fill_filter(row_starts, neighbors, edge_filter)
    return Partition(row_starts, neighbors, alias_table, edge_filter)


def _row_start_type(graph: Graph) -> np.dtype[Any]:
    return np.dtype(np.uint32 if graph.num_entries < NARROW_ENTRIES else np.int64)


def _read_row_starts(graph: Graph) -> NDArray[Any]:
    offsets = graph.read_offsets(0, graph.num_nodes + 1)
    rising = bool(np.all(offsets[:-1] <= offsets[1:]))
    if offsets[0] != 0 or offsets[-1] != graph.num_entries or not rising:
        raise StoreError(
            f"{graph.path}: array 'offsets' is damaged: it must rise from 0 to "
            f"{graph.num_entries}, the number of entries; build the store again"
        )
    return offsets.astype(_row_start_type(graph))


def _read_neighbors(graph: Graph) -> NDArray[Any]:
    if graph.num_entries == 0:
        # Kernels look at the first item of any table, if only to discard it.
        return np.zeros(1, graph.neighbor_dtype)
    neighbors = graph.read_neighbors(0, graph.num_entries)
    largest = int(neighbors.max())
    if largest >= graph.num_nodes:
        raise StoreError(
            f"{graph.path}: array 'neighbors' is damaged: it names node {largest}, but there are "
            f"{graph.num_nodes} nodes; build the store again"
        )
    return neighbors


def _by_rows(row_starts: NDArray[Any], threads: int, fill: Callable[[NDArray[Any]], None]) -> None:
    """Call `fill` on runs of rows of about equal size, side by side."""
    wanted = np.linspace(0, int(row_starts[-1]), threads + 1)[1:-1]
    cuts = [0, *np.searchsorted(row_starts, wanted).tolist(), len(row_starts) - 1]
    runs = [row_starts[a : b + 1] for a, b in pairwise(cuts) if b > a]
    with thread_pool(threads) as pool:
        list(pool.map(fill, runs))
