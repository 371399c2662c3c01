"""The pass of an update over the rows of a store, which are read, merged and written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.errors import MemoryBudgetError, argument
from graphwalk.kernels.build.merge_rows import INFINITE, PARALLEL, MergeRule, merge_rows
from graphwalk.storage.build.bucket_rows import RowError, Rows
from graphwalk.storage.build.count_isolated import IsolatedCounter, bit_map_bytes
from graphwalk.storage.build.graph_writer import GraphWriter
from graphwalk.storage.partitions.entry_partitions import PartialRows, cut_entries, read_entries
from graphwalk.storage.store.format import APART, VALUE_TYPES, neighbor_dtype

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from graphwalk.kernels.build.merge_rows import EntryRows
    from graphwalk.storage.build.changes import Changes
    from graphwalk.storage.build.context import Context
    from graphwalk.storage.edges.options import FurtherKind
    from graphwalk.storage.partitions.entry_partitions import EntryPartition
    from graphwalk.storage.store.format import Duplicates
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Rows of new nodes that are made at a time, and least entries that are read at a time.
_NEW_ROWS, _LEAST_ENTRIES = 1 << 18, 1 << 12


class MissingError(Exception):
    """An entry that is to be removed and is not there."""

    def __init__(self, *nodes: int) -> None:
        super().__init__(*nodes)
        self.nodes = nodes


class _Merged(NamedTuple):
    """Rows of the new graph, and how many entries were merged, and self-loops among them."""

    rows: Rows
    merged: int
    merged_loops: int


@dataclass(frozen=True)
class Merge:
    """Rows of a graph without some entries and with others.

    Attributes
    ----------
    graph : GraphArrays
        The graph.
    removed, added : Changes
        Entries that it is to lose and to gain.
    num_nodes : int
        Nodes of the new graph.
    duplicates : {"merge", "keep", "error"}
        What becomes of entries that are added and are there already.
    ignore : bool
        Whether entries to be removed may be missing.
    found : ndarray of bool
        Which of the entries to be removed were found.
    """

    graph: GraphArrays
    removed: Changes
    added: Changes
    num_nodes: int
    duplicates: Duplicates
    ignore: bool
    found: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "found", np.zeros(len(self.removed.rows), np.bool_))

    def write(self, context: Context) -> tuple[GraphWriter, int]:
        """Write all rows; return what wrote them, and how many edges were merged."""
        directed, sizes = self.graph.directed, (self.num_nodes, self._most_entries)
        entries = self._entries_at_once(context)
        unconnected = IsolatedCounter(self.num_nodes) if directed else None
        dtype = neighbor_dtype(self.num_nodes)
        further: tuple[FurtherKind, ...] = ("weights",) if self.graph.info.also_weighted else ()
        writer = GraphWriter(context, dtype, sizes, self.graph.info.values, unconnected, further)
        writer.num_loops = self.graph.info.statistics.self_loops  # which merged rows change
        merged = loops = 0
        with writer, context.progress.stage("merge", self.num_nodes, "nodes") as advance:
            for done in context.in_order(self._merge, self._rows(context, entries)):
                writer.append(done.rows)
                merged += done.merged
                loops += done.merged_loops
                advance(len(done.rows.ends))
        return writer, merged if directed else (merged + loops) // 2

    def touched_nodes(self) -> NDArray[np.int64]:
        """Return the ends of edges that were added or removed, ascending."""
        # In an undirected graph each edge is in the rows of both ends. A stable sort merges runs.
        sides = 2 if self.graph.directed else 1
        ends = [*self.added[:sides], *(side[self.found] for side in self.removed[:sides])]
        nodes: NDArray[np.int64] = np.sort(
            np.concatenate(ends), kind="stable"
        )  # which merges what is sorted
        first = np.ones(len(nodes), bool)
        first[1:] = nodes[1:] != nodes[:-1]
        return nodes[first]

    @property
    def _most_entries(self) -> int:
        return self.graph.num_entries + len(self.added.rows)

    def _entries_at_once(self, context: Context) -> int:
        """Return how many entries are read at a time, in whole chunks if there is room."""
        graph, tuning = self.graph, context.tuning
        # Each is read, with room for a part of a row, and merged; some wait for each of these.
        entry = 6 * graph.info.entry_bytes * tuning.ahead
        bits = bit_map_bytes(self.num_nodes) if graph.directed else 0
        free = tuning.budget // 4 - bits  # edges that change take the half, and writing the rest
        chunk = graph.chunk_length("neighbors")
        most = free // entry - graph.max_degree
        if most < _LEAST_ENTRIES < graph.max_degree:
            needed = 4 * (entry * (graph.max_degree + _LEAST_ENTRIES) + bits)
            raise MemoryBudgetError(
                f"{graph.path} has a row of {graph.max_degree:,} neighbors, and rows are merged as "
                f"a whole; pass {argument('memory', f'{(needed >> 20) + 1} MiB')} or more"
            )
        return min(chunk, max(_LEAST_ENTRIES, most))

    def _rows(self, context: Context, entries: int) -> Iterator[PartialRows]:
        """Yield the rows of all nodes of the new graph, complete, some at a time."""
        graph = self.graph
        parts = cut_entries(graph, entries)
        firsts = [*(part.nodes.start for part in parts[1:]), graph.num_nodes]
        rest = None
        for rows, stop in zip(context.in_order(self._read, parts), firsts, strict=True):
            if rest is not None:
                _put_before(rows, rest)
            end = stop - rows.first  # the row from there on goes on in the next part
            if end:
                yield _some_rows(rows, 0, end)
            rest = _some_rows(rows, end, end + 1) if end < len(rows.row_starts) - 1 else None
        for first in range(graph.num_nodes, self.num_nodes, _NEW_ROWS):
            stop = min(self.num_nodes, first + _NEW_ROWS)
            nothing = np.zeros(stop - first + 1, np.int64), *_no_entries(graph)
            yield PartialRows(first, *nothing)

    def _read(self, part: EntryPartition) -> PartialRows:
        graph, entries = self.graph, part.entries
        rows = read_entries(graph, part, graph.info.values, room=True)
        if not graph.info.also_weighted:
            return rows
        weights = np.empty(len(rows.neighbors), VALUE_TYPES["weights"])
        found = graph.read_values("weights", entries.start, entries.stop, threads=1)
        weights[len(weights) - len(entries) :] = found
        return rows._replace(weights=weights)

    def _merge(self, rows: PartialRows) -> _Merged:
        kind, dtype = self.graph.info.values, neighbor_dtype(self.num_nodes)
        nodes = range(rows.first, rows.first + len(rows.row_starts) - 1)
        stored_values = _no_entries(self.graph)[1] if rows.values is None else rows.values
        stored_weights = np.empty(0, np.float32) if rows.weights is None else rows.weights
        entries_of = rows.row_starts, rows.neighbors.astype(dtype, copy=False)
        stored = *entries_of, stored_values, stored_weights
        lost = self.removed.within(nodes)
        gained = self.added.within(nodes)
        removed, added = _by_row(self.removed, lost, nodes), _by_row(self.added, gained, nodes)
        most = len(stored[1]) + len(added[1])
        neighbors = np.empty(most, dtype)
        values = np.empty(most if kind else 0, stored_values.dtype)
        weights = np.empty(most if self.graph.info.also_weighted else 0, np.float32)
        ends, found = np.empty(len(nodes), np.int64), self.found[lost]
        counts = np.zeros(5, np.int64)
        merge, forbid = self.duplicates == "merge", self.duplicates == "error"
        rule = MergeRule(kind in APART, merge, forbid)
        made = neighbors, values, weights, ends
        at = merge_rows(stored, removed, added, nodes.start, rule, *made, found, counts)
        entries, loops, merged, merged_loops, problem = counts.tolist()
        if at >= 0:
            raise self._error(problem, *_edge(self.added, gained.start + at))
        if not (self.ignore or found.all()):
            raise MissingError(*_edge(self.removed, lost.start + int(np.argmin(found))))
        kept = neighbors[:entries], values[:entries] if kind else None
        further: dict[FurtherKind, NDArray[Any]] = {}
        if self.graph.info.also_weighted:
            further["weights"] = weights[:entries]
        done = Rows(*kept, ends, loops, entries, further=further)
        return _Merged(done, merged, merged_loops)

    def _error(self, problem: int, row: int, neighbor: int) -> RowError:
        keep = f"pass {argument('duplicates', 'keep')}"
        why = f"is in {self.graph.path} more than once, and may not be merged; {keep}"
        if problem == PARALLEL:
            why = f"is there already; {keep} or {argument('duplicates', 'merge')}"
        if problem == INFINITE:
            why = "would have a weight that is more than float32 holds; scale the weights"
        return RowError("the edge {} → {} " + why, row, neighbor)


def _no_entries(graph: GraphArrays) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return no neighbours, and no values."""
    kind = graph.info.values
    return np.empty(0, graph.neighbor_dtype), np.empty(0, VALUE_TYPES[kind or "weights"])


def _by_row(changes: Changes, part: slice, nodes: range) -> EntryRows:
    """Return entries of some nodes, with where each row begins."""
    counts = np.bincount(changes.rows[part] - nodes.start, minlength=len(nodes))
    starts = np.zeros(len(nodes) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts, changes.neighbors[part], changes.values[part], changes.weights[part]


def _edge(changes: Changes, at: int) -> tuple[int, int]:
    return int(changes.rows[at]), int(changes.neighbors[at])


def _some_rows(rows: PartialRows, first: int, stop: int) -> PartialRows:
    """Return some rows, as views."""
    starts = rows.row_starts[first : stop + 1]
    entries = slice(int(starts[0]), int(starts[-1]))
    starts = starts if entries.start == 0 else starts - entries.start
    values = None if rows.values is None else rows.values[entries]
    weights = None if rows.weights is None else rows.weights[entries]
    return PartialRows(rows.first + first, starts, rows.neighbors[entries], values, weights)


def _put_before(rows: PartialRows, rest: PartialRows) -> None:
    """Put the part of the first row into its place that the rows before end with."""
    for whole, part in zip(rows[2:], rest[2:], strict=True):
        if whole is not None and part is not None:
            whole[: len(part)] = part
