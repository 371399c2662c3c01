"""Edges that an update adds or removes, as arrays: in the order of the input, or by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


class Changes(NamedTuple):
    """Entries of edges to add or to remove, by row and, within it, by neighbour.

    Attributes
    ----------
    rows, neighbors : ndarray of int64, shape (entries,)
        Nodes, in the numbers of the new graph.
    values : ndarray of float64, shape (entries,) or (0,)
        Their weights, times or types, if they have any.
    weights : ndarray of float64, shape (entries,) or (0,)
        Weights that they have in addition to times or types.
    """

    rows: NDArray[np.int64]
    neighbors: NDArray[np.int64]
    values: NDArray[np.float64]
    weights: NDArray[np.float64]

    def within(self, nodes: range) -> slice:
        """Return which entries are in the rows of nodes."""
        return slice(*np.searchsorted(self.rows, (nodes.start, nodes.stop)).tolist())


class ReadChanges(NamedTuple):
    """What was read: ends of edges by number, in the order of the input.

    Attributes
    ----------
    src, dst : ndarray of int64, shape (edges,)
        Nodes; new ones have the numbers after those of the graph.
    values, weights : ndarray of float64, shape (edges,), or None
        Weights, times or types, and weights in addition to times or types.
    labels : pyarrow.Array or None
        Labels of new nodes, ascending; None where nodes have no labels.
    num_nodes : int
        Nodes of the new graph.
    """

    src: NDArray[np.int64]
    dst: NDArray[np.int64]
    values: NDArray[np.float64] | None
    weights: NDArray[np.float64] | None
    labels: pa.Array | None
    num_nodes: int

    def without_loops(self) -> tuple[ReadChanges, int]:
        """Return the edges without self-loops, and how many these were."""
        kept = self.src != self.dst
        return self.some(kept), len(kept) - int(kept.sum())

    def some(self, kept: NDArray[np.bool_]) -> ReadChanges:
        """Return those edges that are kept."""
        values, weights = (None if each is None else each[kept] for each in self[2:4])
        return self._replace(src=self.src[kept], dst=self.dst[kept], values=values, weights=weights)

    def sorted(self, *, directed: bool, by_value: bool, once: bool) -> Changes:
        """Return the entries of the edges, by row and neighbour, and by value if asked for.

        Entries that are alike stay in the order of the input, or are there `once`.
        """
        rows, neighbors, values, weights = self[:4]
        if not directed:  # both entries of an edge follow each other; a self-loop is one
            kept = np.stack([np.ones(len(rows), bool), rows != neighbors], axis=1).ravel()
            rows, neighbors = (
                np.stack(ends, axis=1).ravel()[kept]
                for ends in ((rows, neighbors), (neighbors, rows))
            )
            values, weights = (
                None if each is None else np.repeat(each, 2)[kept] for each in (values, weights)
            )
        keys = [neighbors, rows] if values is None or not by_value else [values, neighbors, rows]
        order = np.lexsort(keys)
        if once and len(order):
            differ = np.logical_or.reduce([np.diff(key[order]) != 0 for key in keys])
            order = order[np.concatenate([[True], differ])]
        found = (np.empty(0) if each is None else each[order] for each in (values, weights))
        return Changes(rows[order], neighbors[order], *found)
