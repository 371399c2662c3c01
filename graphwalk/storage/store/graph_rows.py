"""The rows of a graph: the part of `Graph` that reads neighbours and what edges have."""

from __future__ import annotations

import itertools
import operator
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.store.degree_counts import DegreeCounter
from graphwalk.storage.store.edge_values import edge_values
from graphwalk.storage.store.find_edges import has_edges
from graphwalk.storage.store.find_nodes import find_nodes
from graphwalk.storage.store.graph_properties import GraphProperties
from graphwalk.storage.store.partition_bounds import entries_per_partition
from graphwalk.units import parse_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.storage.store.row_slice import RowSlice

#: Decoded size of a partition, unless another is asked for.
PARTITION_SIZE = "64 MiB"


class GraphRows(GraphProperties):
    """A graph whose rows are read when they are asked for."""

    def __init__(self, arrays: GraphArrays) -> None:
        super().__init__(arrays.path, arrays.info)
        self._arrays = arrays
        self._partitions: dict[int, list[range]] = {}

    @property
    def degrees(self) -> NDArray[np.int64]:
        """Number of neighbours of every node, shape (num_nodes,). Reads all offsets."""
        return np.diff(self.read_offsets(0, self.num_nodes + 1))

    def degree_counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the degrees that nodes have, ascending, and how many nodes have each.

        Reads all offsets, a chunk at a time, so that the nodes need not fit in memory.

        Returns
        -------
        degrees, counts : ndarray of int64, shape (num_degrees,)
            No more than about ``(2 * num_entries) ** 0.5`` degrees can be different.

        Raises
        ------
        StoreError
            When a chunk is missing or damaged, or offsets are.

        Examples
        --------
        >>> graph = graphwalk.build_zarr(np.array([[0, 0, 0], [1, 2, 3]]))
        >>> degrees, counts = graph.degree_counts()
        >>> degrees.tolist(), counts.tolist()
        ([1, 3], [3, 1])
        """
        counter = DegreeCounter()
        with self._arrays.unchanged():
            for _, degrees in self._arrays.degree_chunks():
                counter.add(degrees)
        return counter.counts()

    @overload
    def neighbors(self, nodes: int | str) -> NDArray[Any]: ...  # type: ignore[overload-overlap]

    @overload
    def neighbors(self, nodes: Sequence[int | str] | NDArray[Any]) -> list[NDArray[Any]]: ...

    def neighbors(self, nodes: ArrayLike) -> NDArray[Any] | list[NDArray[Any]]:
        """Return the neighbours of one node, or a list with those of each of several.

        Nodes are given by number, or by label where labels are strings.
        Neighbours ascend; parallel edges that were kept repeat theirs. Each chunk of the store that
        has a part of the answer is read once, and few are in memory at a time. The arrays of a list
        share memory.

        Raises
        ------
        InputError
            When a node does not exist.
        StoreError
            When a chunk is missing or damaged.

        Examples
        --------
        >>> graph = graphwalk.build_zarr(np.array([[0, 0, 1], [1, 2, 2]]))
        >>> graph.neighbors(0).tolist()
        [1, 2]
        >>> [row.tolist() for row in graph.neighbors([2, 1])]
        [[0, 1], [0, 2]]
        """
        ids = find_nodes(self._arrays, nodes)
        unique, inverse = np.unique(ids, return_inverse=True)
        ends, values, _ = self._arrays.read_rows(unique)
        rows = [values[a:b] for a, b in itertools.pairwise(ends.tolist())]
        return rows[0] if ids.ndim == 0 else [rows[i] for i in inverse.tolist()]

    def has_edge(self, u: ArrayLike, v: ArrayLike) -> bool | NDArray[np.bool]:
        """Return whether there is an edge from one node to another, or from each to each of arrays.

        Nodes are given by number, or by label where labels are strings. One node goes with all
        nodes of an array. Only rows of `u` are read.

        Returns
        -------
        bool or ndarray of bool
            The answer for each pair, in the shape of the arrays.

        Raises
        ------
        InputError
            When a node does not exist, or the arrays have different lengths.
        StoreError
            When a chunk is missing or damaged.

        Examples
        --------
        >>> graph = graphwalk.build_zarr([("ada", "bob"), ("bob", "eve")], directed=True)
        >>> graph.has_edge("ada", "bob")
        True
        >>> graph.has_edge("bob", ["ada", "eve"]).tolist()
        [False, True]
        """
        found = has_edges(self._arrays, u, v)
        return found if found.ndim else bool(found)

    def rows(self, start: int, stop: int) -> RowSlice:
        """Read the rows of the nodes from `start` to before `stop`.

        Raises
        ------
        InputError
            When there are no such nodes.
        MemoryBudgetError
            When the rows do not fit in memory.
        StoreError
            When a chunk is missing or damaged, or offsets are.

        Examples
        --------
        >>> graph = graphwalk.build_zarr(np.array([[0, 0, 1], [1, 2, 2]]))
        >>> rows = graph.rows(1, 3)
        >>> rows
        <graphwalk.RowSlice: nodes 1 to 3, 4 entries>
        >>> rows.row(2).tolist()
        [0, 1]
        """
        start, stop = operator.index(start), operator.index(stop)
        if not 0 <= start <= stop <= self.num_nodes:
            raise InputError(
                f"rows({start}, {stop}): nodes are 0 to {self.num_nodes - 1}, "
                f"so 0 <= start <= stop <= {self.num_nodes} must hold"
            )
        return self._arrays.read_slice(start, stop)

    def partitions(self, size: str | int = PARTITION_SIZE) -> list[range]:
        """Cut the nodes into ranges whose rows take about `size` in memory each.

        The rows of a range fill whole chunks of neighbours. A row that straddles a cut belongs
        before it, so a partition may be larger than `size` by the part of a row; one of a single
        huge row is as large as that. Every node is in one partition, those without neighbours too.
        Only chunks of offsets where a cut may lie are read, each once.

        Parameters
        ----------
        size : str or int
            Size in bytes of the neighbours and weights of a partition, or text such as
            ``"256 MiB"``; a partition has at least one chunk. Offsets may need the same again.

        Returns
        -------
        list of range
            The nodes of each partition.

        Examples
        --------
        >>> graph = graphwalk.build_zarr(np.array([[0, 0, 1], [1, 2, 2]]))
        >>> graph.partitions("1 MiB")
        [range(0, 3)]
        """
        num_bytes = parse_size(size)
        if num_bytes not in self._partitions:
            chunk, entry = self._arrays.chunk_length("neighbors"), self._info.entry_bytes
            self._partitions[num_bytes] = self._arrays.cut(
                entries_per_partition(num_bytes, chunk, entry), max(1, num_bytes // 8)
            )
        return list(self._partitions[num_bytes])

    @property
    def num_partitions(self) -> int:
        """Number of partitions of the default size."""
        return len(self.partitions())

    def partition(self, index: int, size: str | int = PARTITION_SIZE) -> RowSlice:
        """Read the rows of one of `partitions`; raises as `rows` does.

        Examples
        --------
        >>> graph = graphwalk.build_zarr(np.array([[0, 0, 1], [1, 2, 2]]))
        >>> graph.partition(0, "1 MiB")
        <graphwalk.RowSlice: nodes 0 to 3, 6 entries>
        """
        nodes = self.partitions(size)
        if not 0 <= index < len(nodes):
            raise InputError(f"there is no partition {index}: there are {len(nodes)}, from 0")
        return self.rows(nodes[index].start, nodes[index].stop)

    def read_offsets(self, start: int, stop: int) -> NDArray[np.int64]:
        """Return ``offsets[start:stop]``; row v is entries ``offsets[v]`` to ``offsets[v + 1]``.

        Raises
        ------
        StoreError
            When a chunk is missing or damaged.

        Examples
        --------
        >>> graph = graphwalk.build_zarr(np.array([[0, 0, 1], [1, 2, 2]]))
        >>> graph.read_offsets(0, graph.num_nodes + 1).tolist()
        [0, 2, 4, 6]
        """
        with self._arrays.unchanged():
            return self._arrays.read_offsets(start, stop)

    def read_neighbors(self, start: int, stop: int) -> NDArray[Any]:
        """Return the neighbours of entries `start` to `stop`; raises as `read_offsets` does.

        Examples
        --------
        >>> graph = graphwalk.build_zarr(np.array([[0, 0, 1], [1, 2, 2]]))
        >>> start, stop = graph.read_offsets(1, 3).tolist()  # of the row of node 1
        >>> graph.read_neighbors(start, stop).tolist()
        [0, 2]
        """
        with self._arrays.unchanged():
            return self._arrays.read_neighbors(start, stop)

    def read_weights(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return the weights of entries `start` to `stop`.

        Raises
        ------
        InputError
            When edges have no weights.
        StoreError
            When a chunk is missing or damaged.

        Examples
        --------
        >>> graph = graphwalk.build_zarr(([0, 0, 1], [1, 2, 2], [0.5, 1.0, 2.0]))
        >>> graph.read_weights(0, graph.num_entries).tolist()
        [0.5, 1.0, 0.5, 2.0, 1.0, 2.0]
        """
        with self._arrays.unchanged():
            return self._arrays.read_values("weights", start, stop)

    def read_times(self, start: int, stop: int) -> NDArray[np.float64]:
        """Return the times of entries `start` to `stop`; raises as `read_weights` does.

        Examples
        --------
        >>> graph = graphwalk.build_zarr(([0, 0], [1, 2], [10.0, 20.0]), directed=True, times=True)
        >>> graph.read_times(0, 2).tolist()
        [10.0, 20.0]
        """
        with self._arrays.unchanged():
            return self._arrays.read_values("times", start, stop)

    def read_edge_types(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the types of entries `start` to `stop`; raises as `read_weights` does.

        Examples
        --------
        >>> edges = [0, 0], [1, 2], [3, 7]
        >>> graph = graphwalk.build_zarr(edges, directed=True, edge_types=True)
        >>> graph.read_edge_types(0, 2).tolist()
        [3, 7]
        """
        with self._arrays.unchanged():
            return self._arrays.read_values("edge_types", start, stop)

    def edge_values(self, edges: ArrayLike, name: str | None = None) -> NDArray[Any]:
        """Return what edges have, such as those that walks have followed: weights, times or types.

        Only the chunks of the store that have some of them are read, each once.

        Parameters
        ----------
        edges : array_like of int
            Entries of the store, as `random_walks` returns them with ``return_edges=True``, in an
            array of any shape; -1 is none.
        name : str, optional
            ``"edge_ids"`` for the input's own ids, ``"weights"``, ``"times"`` or ``"edge_types"``,
            or the name of an array that `set_edge_array` has written. It may be left out where
            edges have weights, times or types alone.

        Returns
        -------
        ndarray of float32, float64 or int16, or of the type of the named array
            The values in the shape of `edges`, with another axis if the array has columns. Where
            there is no edge they are NaN or, of integers, -1; unsigned ones become signed for
            that, in twice the bytes.

        Raises
        ------
        InputError
            When edges have no values, or there is no such array or no such edge.
        StoreError
            When a chunk is missing or damaged.

        Examples
        --------
        >>> graph = graphwalk.build_zarr(([0, 0], [1, 2], [0.5, 2.0]), directed=True)
        >>> graph.edge_values([[1, 0, -1]])
        array([[2. , 0.5, nan]], dtype=float32)
        """
        return edge_values(self._arrays, np.asarray(edges), name)
