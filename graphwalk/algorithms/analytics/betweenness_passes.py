"""Passes of searches from several sources at a time, for betweenness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.algorithms.analytics.whole_rows import WeightedRowPass, WholeRowPass
from graphwalk.errors import InputError
from graphwalk.kernels.analytics.betweenness import (
    add_dependencies,
    add_weighted_dependencies,
    count_paths,
    count_weighted_paths,
    shorten_lengths,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.partitions.neighborhoods import Neighborhoods, NodePartition
    from graphwalk.storage.store.graph_arrays import GraphArrays


class Paths(NamedTuple):
    """Levels of nodes for each source, numbers of shortest paths, and how many nodes were found."""

    levels: NDArray[np.int32]
    paths: NDArray[np.float64]
    found: NDArray[np.int64]

    @classmethod
    def none(cls, nodes: int, sources: int) -> Paths:
        """Return that no node is found."""
        levels = np.full((nodes, sources), -1, np.int32)
        return cls(levels, np.zeros((nodes, sources)), np.zeros(1, np.int64))

    def copy(self) -> Paths:
        """Return a copy that shares nothing."""
        return Paths(self.levels.copy(), self.paths.copy(), self.found.copy())


class Search(WholeRowPass):
    """Finds the nodes of a level."""

    def __init__(
        self,
        transposed: GraphArrays | None,
        before: Paths,
        level: int,
        lengths: NDArray[np.float64],
    ) -> None:
        self.transposed, self._before, self._level = transposed, before, level
        self._lengths = lengths

    def new_result(self) -> Paths:
        """Return that no node is found."""
        return Paths.none(*self._before.levels.shape)

    def visit(self, result: Paths, rows: Neighborhoods) -> None:
        """Find nodes in a partition."""
        into = rows.row_starts, rows.neighbors
        if self.transposed is not None:
            into = rows.in_row_starts, rows.in_neighbors
        levels, paths, found = result
        count_paths(*self._before[:2], rows.first, *into, self._level, levels, paths, found)

    def merge(self, result: Paths, other: Paths) -> None:
        """Take over the nodes of other partitions."""
        np.maximum(result.levels, other.levels, out=result.levels)
        np.add(result.paths, other.paths, out=result.paths)
        np.add(result.found, other.found, out=result.found)


class Return(WholeRowPass):
    """Adds up what goes on through the nodes of a level."""

    def __init__(
        self,
        transposed: GraphArrays | None,
        found: Paths,
        level: int,
        lengths: NDArray[np.float64],
        sums: NDArray[np.float64],
    ) -> None:
        self.transposed, self._found, self._level = transposed, found, level
        self._lengths, self._sums = lengths, sums

    def new_result(self) -> NDArray[np.float64]:
        """Return sums of nothing."""
        return np.zeros_like(self._sums)

    def visit(self, result: NDArray[np.float64], rows: Neighborhoods) -> None:
        """Add up the rows of a partition."""
        first, row_starts, neighbors = rows[:3]
        found = *self._found[:2], self._sums
        add_dependencies(*found, first, row_starts, neighbors, self._level, result)

    def merge(self, result: NDArray[np.float64], other: NDArray[np.float64]) -> None:
        """Take over the sums of other nodes."""
        result += other


class Lengths(NamedTuple):
    """Lengths of paths to nodes for each source, and how many of them have fallen."""

    lengths: NDArray[np.float64]
    fallen: NDArray[np.int64]

    def copy(self) -> Lengths:
        """Return a copy that shares nothing."""
        return Lengths(self.lengths.copy(), self.fallen.copy())


class _Positive(WeightedRowPass):
    """A pass that takes only weights above zero."""

    def read(self, graph: GraphArrays, part: NodePartition) -> Any:
        """Read a partition.

        Raises
        ------
        InputError
            When a weight is not above zero.
        """
        *rows, weights, in_weights = super().read(graph, part)
        if not weights.min(initial=1) > 0:
            at = int(np.argmax(~(weights > 0)))
            raise InputError(
                f"{graph.path}: entry {part.entries.start + at} has the weight {weights[at]}, and "
                "betweenness_centrality takes weights above zero"
            )
        return *rows, weights, in_weights


def _into(rows: Any, transposed: GraphArrays | None) -> Any:
    """Return the first node of rows, and the edges that lead to each node with their weights."""
    first, row_starts, neighbors, in_row_starts, in_neighbors, weights, in_weights = rows
    if transposed is None:
        return first, row_starts, neighbors, weights
    return first, in_row_starts, in_neighbors, in_weights


class Shorten(_Positive):
    """Finds shorter paths, of one more edge."""

    def __init__(self, transposed: GraphArrays | None, before: NDArray[np.float64]) -> None:
        self.transposed, self._before = transposed, before

    def new_result(self) -> Lengths:
        """Return that no length has fallen."""
        return Lengths(self._before.copy(), np.zeros(1, np.int64))

    def visit(self, result: Lengths, rows: Any) -> None:
        """Find shorter paths to the nodes of a partition."""
        shorten_lengths(*(self._before, *_into(rows, self.transposed), *result))

    def merge(self, result: Lengths, other: Lengths) -> None:
        """Take over the lengths of other nodes."""
        np.minimum(result.lengths, other.lengths, out=result.lengths)
        np.add(result.fallen, other.fallen, out=result.fallen)


class WeightedSearch(WeightedRowPass, Search):
    """Finds the nodes of a level among those whose lengths are known."""

    def visit(self, result: Paths, rows: Any) -> None:
        """Find nodes in a partition."""
        known = *self._before[:2], self._lengths
        count_weighted_paths(*(*known, *_into(rows, self.transposed), self._level, *result))


class WeightedReturn(WeightedRowPass, Return):
    """Adds up what goes on through the nodes of a level, along shortest paths by weights."""

    def visit(self, result: NDArray[np.float64], rows: Any) -> None:
        """Add up the rows of a partition."""
        known = *self._found[:2], self._lengths, self._sums
        add_weighted_dependencies(*(*known, *_into(rows, None), self._level, result))
