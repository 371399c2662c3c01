"""One hop of neighbour samples: a pass over the partitions that have any of its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphwalk.kernels.samples.sample_rows import sample_rows
from graphwalk.scheduler.engine.scan import ScanProgram
from graphwalk.storage.partitions.sampled_rows import SampledRowReader

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.partitions.neighborhoods import NodePartition
    from graphwalk.storage.partitions.sampled_rows import SampledRows
    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.graph_arrays import GraphArrays


class Frontier(NamedTuple):
    """The nodes whose neighbours a hop samples, each in a group of nodes that belong together.

    Attributes
    ----------
    nodes, groups : ndarray of int64, shape (records,)
        Ascending by node, then by group; no record is there twice.
    """

    nodes: NDArray[np.int64]
    groups: NDArray[np.int64]

    def within(self, nodes: range) -> slice:
        """Return which records are of nodes of a range."""
        first, last = np.searchsorted(self.nodes, (nodes.start, nodes.stop))
        return slice(int(first), int(last))


class HopRules(NamedTuple):
    """How a hop samples.

    Attributes
    ----------
    fanout : int
        Entries of each node; all if it is negative.
    replace : bool
        Whether an entry may be drawn several times.
    values : {"weights", "times"}, optional
        What of entries counts: weights by which to draw, or times that are to be earlier.
    group_keys : ndarray of uint64, shape (groups,)
        See :func:`graphwalk.kernels.samples.sample_rows.sample_rows`.
    bounds : ndarray of float64, shape (groups,)
        Times before which entries of each group are.
    """

    fanout: int
    replace: bool
    values: ValueName | None
    group_keys: NDArray[np.uint64]
    bounds: NDArray[np.float64]


class Piece(NamedTuple):
    """Samples of the records of a partition.

    Attributes
    ----------
    first : int
        The first record.
    counts : ndarray of int64
        Entries of each.
    reached, entries : ndarray of int64
        The neighbours that they lead to, and which they are in the store.
    """

    first: int
    counts: NDArray[np.int64]
    reached: NDArray[np.int64]
    entries: NDArray[np.int64]


class HopPass(ScanProgram):
    """Samples the rows of all records of a frontier; a result is a list of pieces.

    Parameters
    ----------
    frontier : Frontier
        The nodes.
    rules : HopRules
        How to sample.
    whole : bool
        Whether partitions are read whole, since they stay in memory for further hops.
    """

    def __init__(self, frontier: Frontier, rules: HopRules, *, whole: bool) -> None:
        self._frontier, self._rules, self._whole = frontier, rules, whole

    def new_result(self) -> list[Piece]:
        """Return no pieces."""
        return []

    def has(self, part: NodePartition) -> bool:
        """Return whether there is anything to sample in a partition."""
        some = self._frontier.within(part.nodes)
        return bool(some.start < some.stop)

    def read(self, graph: GraphArrays, part: NodePartition) -> SampledRows:
        """Read the rows of records, or of all nodes."""
        nodes = self._frontier.nodes[self._frontier.within(part.nodes)]
        those = None if self._whole else np.unique(nodes)
        return SampledRowReader(self._rules.values).read_sampled(graph, part, those)

    def visit(self, result: list[Piece], rows: SampledRows) -> None:
        """Sample the records of a partition."""
        result.append(self._sample(rows, self._frontier.within(rows.nodes)))

    def merge(self, result: list[Piece], other: list[Piece]) -> None:
        """Add pieces of other partitions."""
        result.extend(other)

    def _sample(self, rows: SampledRows, some: slice) -> Piece:
        nodes, groups = (each[some] for each in self._frontier)
        fanout, replace, values, group_keys, bounds = self._rules
        sampled = sample_rows(
            rows.row_starts,
            rows.entries,
            rows.neighbors,
            rows.values if values == "weights" else None,
            rows.values if values == "times" else None,
            rows.rows_of(nodes),
            nodes,
            groups,
            group_keys,
            bounds,
            fanout,
            replace,
        )
        return Piece(some.start, *sampled)


class Hop(NamedTuple):
    """What a hop has sampled.

    Attributes
    ----------
    nodes, groups : ndarray of int64, shape (records,)
        The nodes whose entries were sampled, and their groups, ascending.
    counts : ndarray of int64, shape (records,)
        How many of each.
    reached, entries : ndarray of int64, shape (samples,)
        The neighbours that they lead to, and which entries of the store they are.
    """

    nodes: NDArray[np.int64]
    groups: NDArray[np.int64]
    counts: NDArray[np.int64]
    reached: NDArray[np.int64]
    entries: NDArray[np.int64]


def join_pieces(frontier: Frontier, pieces: list[Piece]) -> Hop:
    """Return the samples of all records of a frontier, in their order."""
    if len(pieces) == 1:
        return Hop(*frontier, *pieces[0][1:])
    pieces = sorted(pieces, key=lambda piece: piece.first)
    counts, reached, entries = (
        np.concatenate([np.empty(0, np.int64), *(piece[field] for piece in pieces)])
        for field in (1, 2, 3)
    )
    return Hop(*frontier, counts, reached, entries)
