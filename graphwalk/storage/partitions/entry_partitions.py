"""Partitions of a graph's entries for scans: whole chunks, so that a pass reads each chunk once.

A partition of a walk has whole rows, since a walker needs all of one. A scan does not: its sums and
links take a row in parts. So partitions of a scan are cut where chunks end, whatever rows lie
there, and one row of a hub never makes a partition larger than planned.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.errors import StoreError
from graphwalk.storage.store.format import VALUE_TYPES, value_bytes
from graphwalk.util.threads import run_by

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Bytes of an offset while a partition is read.
_OFFSET = 8


class EntryPartition(NamedTuple):
    """Which entries of the store a partition has, and the nodes in whose rows they are."""

    entries: range
    nodes: range


class PartialRows(NamedTuple):
    """Entries of a partition by row.

    Attributes
    ----------
    first : int
        The node of the first row.
    row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`. Only a part of the first and of the last row may be
        here.
    neighbors : ndarray of int32 or int64, shape (entries,)
        Node ids.
    values : ndarray of float32, float64 or uint8, shape (entries,), or None
        Their weights, times or types, if asked for.
    weights : ndarray of float32, shape (entries,), or None
        Their weights in addition to times or types, if they have been read.
    """

    first: int
    row_starts: NDArray[np.int64]
    neighbors: NDArray[Any]
    values: NDArray[Any] | None = None
    weights: NDArray[np.float32] | None = None


def cut_entries(graph: GraphArrays, entries: int) -> tuple[EntryPartition, ...]:
    """Cut the entries of a graph at multiples of `entries`.

    Reads those chunks of the offsets in which a cut lies.
    """
    cuts = np.arange(entries, graph.num_entries, entries, dtype=np.int64)
    after, offsets = graph.find_offsets(cuts)
    # The row in which a cut lies belongs to the partitions on both sides.
    before = after - (offsets > cuts)
    edges = [0, *cuts.tolist(), graph.num_entries]
    firsts, stops = [0, *before.tolist()], [*after.tolist(), graph.num_nodes]
    return tuple(
        EntryPartition(range(a, b), range(first, stop))
        for (a, b), first, stop in zip(itertools.pairwise(edges), firsts, stops, strict=True)
    )


def read_entries(
    graph: GraphArrays,
    partition: EntryPartition,
    values: ValueName | None = None,
    *,
    room: bool = False,
) -> PartialRows:
    """Read a partition; and the weights, times or types of its entries, if asked for.

    With `room`, the first row is a whole one, in which entries of other partitions are not filled.

    Raises
    ------
    StoreError
        When chunks are missing or damaged, offsets do not rise as they must, or another graph has
        taken the place of the one that was opened.
    """
    with graph.unchanged():
        return _read_entries(graph, partition, values, room)


def _read_entries(
    graph: GraphArrays, partition: EntryPartition, values: ValueName | None, room: bool
) -> PartialRows:
    nodes, entries = partition.nodes, partition.entries
    row_starts = graph.read_offsets(nodes.start, nodes.stop + 1)
    rising = bool((row_starts[1:] >= row_starts[:-1]).all())
    if not (rising and row_starts[0] <= entries.start and row_starts[-1] >= entries.stop):
        raise StoreError(
            f"{graph.path}: array 'offsets' is damaged between nodes {nodes.start} and "
            f"{nodes.stop}: offsets must not fall; build the store again"
        )
    before = min(entries.start, int(row_starts[0])) if room else entries.start
    row_starts -= before
    np.clip(row_starts, 0, entries.stop - before, out=row_starts)
    first, empty = entries.start - before, entries.stop - before
    neighbors = np.empty(empty, graph.neighbor_dtype)
    found = None if values is None else np.empty(empty, VALUE_TYPES[values])
    tasks = graph.neighbor_tasks(neighbors[first:], entries.start)
    if values is not None and found is not None:
        tasks += graph.value_tasks(values, found[first:], entries.start)
    run_by(1)(tasks)
    return PartialRows(nodes.start, row_starts, neighbors, found)


class EntryReader:
    """Reads entries cut where chunks end, with weights, times or types if asked for."""

    def __init__(self, values: ValueName | None = None) -> None:
        self._values = values

    def total(self, graph: GraphArrays) -> int:
        """Return what all partitions take in memory, in bytes."""
        return graph.num_entries * self._entry(graph) + graph.num_nodes * _OFFSET

    def cut(self, graph: GraphArrays, entries: int) -> tuple[EntryPartition, ...]:
        """Cut the entries of a graph at multiples of `entries`."""
        return cut_entries(graph, entries)

    def size(self, graph: GraphArrays, part: EntryPartition) -> int:
        """Return what a partition takes in memory, in bytes."""
        return len(part.entries) * self._entry(graph) + (len(part.nodes) + 1) * _OFFSET

    def _entry(self, graph: GraphArrays) -> int:
        return graph.neighbor_dtype.itemsize + value_bytes(self._values)
