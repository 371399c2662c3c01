"""A run of a graph's rows, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from graphwalk.errors import InputError
from graphwalk.util.optional_imports import import_optional

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array


class RowSlice:
    """The rows of the nodes from `first` to before `stop`, as compressed sparse rows.

    Attributes
    ----------
    first, stop : int
        The nodes whose rows these are.
    offsets : ndarray of int64, shape (stop - first + 1,)
        The row of node v is entries ``offsets[v - first]`` to before ``offsets[v - first + 1]`` of
        the other arrays; ``offsets[0]`` is 0.
    neighbors : ndarray of int32 or int64, shape (entries,)
        Node ids, as in the whole graph, ascending within each row.
    weights : ndarray of float32, shape (entries,), or None
        Weights of the entries, if the graph has any.
    times : ndarray of float64, shape (entries,), or None
        Times of the entries, if the graph has any.
    edge_types : ndarray of uint8, shape (entries,), or None
        Types of the entries, if the graph has any.
    num_nodes : int
        Nodes of the whole graph.
    """

    # Not a dataclass, since Dask on Ray takes those apart.
    __slots__ = (
        "edge_types",
        "first",
        "neighbors",
        "num_nodes",
        "offsets",
        "stop",
        "times",
        "weights",
    )

    def __init__(
        self,
        first: int,
        offsets: NDArray[np.int64],
        neighbors: NDArray[Any],
        num_nodes: int,
        weights: NDArray[np.float32] | None = None,
        times: NDArray[np.float64] | None = None,
        edge_types: NDArray[np.uint8] | None = None,
    ) -> None:
        self.first = first
        self.stop = first + len(offsets) - 1
        self.offsets = offsets
        self.neighbors = neighbors
        self.weights = weights
        self.times = times
        self.edge_types = edge_types
        self.num_nodes = num_nodes

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.stop - self.first

    def row(self, node: int) -> NDArray[Any]:
        """Return the neighbours of a node from `first` to before `stop`, without a copy."""
        return self.neighbors[self._entries(node)]

    def row_weights(self, node: int) -> NDArray[np.float32]:
        """Return the weights of a node's entries, in the order of `row`."""
        return self._values(self.weights, "the graph has no weights", node)

    def row_times(self, node: int) -> NDArray[np.float64]:
        """Return the times of a node's entries, in the order of `row`."""
        return self._values(self.times, "the graph has no times", node)

    def row_edge_types(self, node: int) -> NDArray[np.uint8]:
        """Return the types of a node's entries, in the order of `row`."""
        return self._values(self.edge_types, "the edges of the graph have no types", node)

    def to_scipy(self) -> csr_array[Any]:
        """Return a SciPy ``csr_array`` of shape (stop - first, num_nodes) and type float32.

        Its values are the weights; without any, 1.0. Arrays are shared where SciPy allows it.
        """
        sparse = import_optional("scipy.sparse", "to_scipy() needs")
        values = self.weights
        if values is None:
            # As weights are, so that code for one kind of graph works for the other; small integers
            # would overflow silently where paths are counted.
            values = np.ones(len(self.neighbors), np.float32)
        parts = values, self.neighbors, self.offsets
        matrix: csr_array[Any] = sparse.csr_array(parts, shape=(len(self), self.num_nodes))
        return matrix

    @overload
    def to_edge_index(self, *, weights: Literal[False] = False) -> NDArray[np.int64]: ...

    @overload
    def to_edge_index(
        self, *, weights: Literal[True]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]: ...

    def to_edge_index(
        self, *, weights: bool = False
    ) -> NDArray[np.int64] | tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the entries as an int64 array of shape (2, entries): nodes, then neighbours.

        Parameters
        ----------
        weights : bool
            Whether to return ``(edge_index, weights)``.
        """
        if weights and self.weights is None:
            values = "times" if self.times is not None else "edge_types"
            other = "" if getattr(self, values) is None else f", and take the {values} of its rows"
            raise InputError(f"the graph has no weights; leave out weights=True{other}")
        edges = np.empty((2, len(self.neighbors)), np.int64)
        edges[0] = np.repeat(np.arange(self.first, self.stop), np.diff(self.offsets))
        edges[1] = self.neighbors
        return (edges, self.weights) if weights and self.weights is not None else edges

    def _values(self, values: NDArray[Any] | None, missing: str, node: int) -> NDArray[Any]:
        if values is None:
            raise InputError(missing)
        return values[self._entries(node)]

    def _entries(self, node: int) -> slice:
        if not self.first <= node < self.stop:
            raise InputError(
                f"node {node} is not in this slice, which has {self.first} to {self.stop - 1}"
            )
        start, stop = self.offsets[node - self.first : node - self.first + 2].tolist()
        return slice(start, stop)

    def __repr__(self) -> str:
        values = "" if self.weights is None else ", weighted"
        values += "" if self.times is None else ", timed"
        values += "" if self.edge_types is None else ", with types of edges"
        return (
            f"<graphwalk.RowSlice: nodes {self.first:,} to {self.stop:,}, "
            f"{len(self.neighbors):,} entries{values}>"
        )
