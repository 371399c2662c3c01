"""Passes of searches from several sources at a time, for betweenness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.algorithms.analytics.whole_rows import WeightedRowPass
from graphwalk.errors import InputError
from graphwalk.kernels.analytics.betweenness import (
    add_dependencies,
    count_paths,
    shorten_lengths,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.partitions.neighborhoods import NodePartition
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

    def known(self, lengths: NDArray[np.float64] | None) -> tuple[NDArray[Any], ...]:
        """Return levels, numbers, and how long paths are: the levels where edges count."""
        return self.levels, self.paths, self.levels if lengths is None else lengths

    def copy(self) -> Paths:
        """Return a copy that shares nothing."""
        return Paths(self.levels.copy(), self.paths.copy(), self.found.copy())


class Search(WeightedRowPass):
    """Finds the nodes of a level; with lengths of paths, among those whose lengths are known."""

    def __init__(
        self,
        transposed: GraphArrays | None,
        before: Paths,
        level: int,
        lengths: NDArray[np.float64] | None,
    ) -> None:
        self.transposed, self._before, self._level = transposed, before, level
        self._lengths, self.weighted = lengths, lengths is not None

    def new_result(self) -> Paths:
        """Return that no node is found."""
        return Paths.none(*self._before.levels.shape)

    def visit(self, result: Paths, rows: Any) -> None:
        """Find nodes in a partition."""
        known = self._before.known(self._lengths)
        into = _into(rows, self.transposed, weighted=self.weighted)
        count_paths(*(*known, *into, self._level, *result))

    def merge(self, result: Paths, other: Paths) -> None:
        """Take over the nodes of other partitions."""
        np.maximum(result.levels, other.levels, out=result.levels)
        np.add(result.paths, other.paths, out=result.paths)
        np.add(result.found, other.found, out=result.found)


class Return(WeightedRowPass):
    """Adds up what goes on through the nodes of a level."""

    def __init__(
        self,
        transposed: GraphArrays | None,
        found: Paths,
        level: int,
        lengths: NDArray[np.float64] | None,
        sums: NDArray[np.float64],
    ) -> None:
        self.transposed, self._found, self._level = transposed, found, level
        self._lengths, self.weighted, self._sums = lengths, lengths is not None, sums

    def new_result(self) -> NDArray[np.float64]:
        """Return sums of nothing."""
        return np.zeros_like(self._sums)

    def visit(self, result: NDArray[np.float64], rows: Any) -> None:
        """Add up the rows of a partition."""
        known = *self._found.known(self._lengths), self._sums
        add_dependencies(*(*known, *_into(rows, None, weighted=self.weighted), self._level, result))

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


def _into(rows: Any, transposed: GraphArrays | None, *, weighted: bool = True) -> Any:
    """Return the first node of rows, and the edges that lead to each node, with weights if any."""
    first, row_starts, neighbors, in_row_starts, in_neighbors, weights, in_weights = rows
    if transposed is not None:
        row_starts, neighbors, weights = in_row_starts, in_neighbors, in_weights
    return first, row_starts, neighbors, weights if weighted else None


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
