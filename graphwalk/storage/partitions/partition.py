"""Rows of a graph in memory, laid out for the walk kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.rows.bloom_filter import fill_filter, filter_words
from graphwalk.kernels.rows.repeats import find_repeats
from graphwalk.kernels.rows.rows import Rows
from graphwalk.kernels.walk.step_edges import StepEdges
from graphwalk.storage.partitions.check_partition import check_nodes
from graphwalk.storage.partitions.derive import derive
from graphwalk.storage.partitions.read_rows import read_alone, read_together, read_values
from graphwalk.storage.partitions.spec import row_start_type
from graphwalk.util.threads import run_by

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.partitions.read_rows import SharedReading
    from graphwalk.storage.partitions.spec import PartitionSpec
    from graphwalk.storage.store.graph_arrays import GraphArrays


class Partition:
    """The rows of a graph as a few flat arrays, all read-only.

    It is a plain class, not a dataclass, since Dask on Ray takes dataclasses apart; its arrays
    travel through Ray's object store as they are and are read there without a copy.

    Attributes
    ----------
    first : int
        The node of the first row.
    kinds : int
        Row starts of a node: more than one where rows are grouped, for walks along a metapath.
    index : ndarray of int64
        The nodes that the rows are of, ascending, if they are not those from `first` on.
    row_starts : ndarray of uint32 or int64, shape (rows * kinds + 1,)
        Where each row begins, or the neighbours of each kind in it.
    neighbors : ndarray of int32 or int64, shape (max(1, entries),)
        Node ids, sorted within each row, and kind.
    alias_table : ndarray of alias records, shape (max(1, entries),), or None
        For weighted walks.
    edge_filter : ndarray of uint64, or None
        For second-order walks.
    shares : ndarray of float32, shape (max(1, entries),), or None
        For node2vec+, whose alias tables mark weak edges.
    times : ndarray of float64, shape (max(1, entries),), or None
        For temporal walks; then entries are sorted by time within each row, and only those of one
        time by neighbour. Of walks backward in time, they are negative.
    time_masses : ndarray of float64, shape (max(1, entries),) or (0,)
        For temporal walks that prefer times exponentially, or weights.
    positions : ndarray of uint32 or int64, shape (entries,), or None
        For walks that record edges, see `StepEdges`.
    start : int
        Where the first entry lies in the store, if all lie there one after the other.
    directed : bool
        Whether edges lead one way.
    complete : bool
        Whether nodes without a row here are not neighbours of the walkers' previous nodes, see
        :mod:`graphwalk.storage.partitions.node2vec_plus_rows`.
    """

    __slots__ = (
        "_repeated",
        "alias_table",
        "complete",
        "directed",
        "edge_filter",
        "first",
        "index",
        "kinds",
        "neighbors",
        "positions",
        "row_starts",
        "shares",
        "start",
        "time_masses",
        "times",
    )

    def __init__(
        self,
        row_starts: NDArray[Any],
        neighbors: NDArray[Any],
        alias_table: NDArray[Any] | None = None,
        edge_filter: NDArray[np.uint64] | None = None,
        first: int = 0,
        index: NDArray[np.int64] | None = None,
        kinds: int = 1,
        *,
        shares: NDArray[np.float32] | None = None,
        times: NDArray[np.float64] | None = None,
        time_masses: NDArray[np.float64] | None = None,
        positions: NDArray[Any] | None = None,
        start: int = 0,
        directed: bool = False,
        complete: bool = False,
    ) -> None:
        self.first = first
        self.kinds = kinds
        self.index = np.empty(0, np.int64) if index is None else index
        self.row_starts = row_starts
        self.neighbors = neighbors
        self.alias_table = alias_table
        self.edge_filter = edge_filter
        self.shares = shares
        self.times = times
        self.time_masses = np.empty(0) if time_masses is None else time_masses
        self.positions, self.start = positions, start
        self.directed, self.complete = directed, complete
        self._repeated: NDArray[np.uint64] | None = None
        arrays = (self.index, row_starts, neighbors, alias_table, edge_filter, shares, times)
        for array in (*arrays, self.time_masses, positions):
            # One kind of array means one compilation: Ray's are read-only in any case.
            if array is not None:
                array.setflags(write=False)

    @property
    def rows(self) -> Rows:
        """The rows as kernels take them."""
        num_rows = (len(self.row_starts) - 1) // self.kinds
        consecutive = 0 if len(self.index) else num_rows
        return Rows(self.row_starts, self.neighbors, self.first, consecutive, self.index)

    @property
    def step_edges(self) -> StepEdges:
        """What tells the stored entries that steps follow."""
        nothing = np.empty(0, self.row_starts.dtype)
        nothing.setflags(write=False)
        return StepEdges(nothing if self.positions is None else self.positions, self.start)

    @property
    def repeated(self) -> NDArray[np.uint64]:
        """Which rows have parallel entries, see :mod:`graphwalk.kernels.rows.repeats`.

        Found at the first use, for steps that are drawn in parts.
        """
        if self._repeated is None:
            self._repeated = find_repeats(self.row_starts, self.neighbors)
        return self._repeated

    def table(self, *, weighted: bool) -> NDArray[Any]:
        """Return what steps are drawn from."""
        if not weighted:
            return self.neighbors
        assert self.alias_table is not None
        return self.alias_table


def load_partition(
    graph: GraphArrays,
    layout: PartitionSpec,
    *,
    nodes: range | None = None,
    shared: SharedReading | None = None,
    filtered: bool = True,
    have: Partition | None = None,
    threads: int = 1,
) -> Partition:
    """Read rows of `graph` and derive what walks of this kind need.

    Parameters
    ----------
    graph : GraphArrays
        The graph.
    layout : PartitionSpec
        What the walks need.
    nodes : range, optional
        The nodes whose rows to read; all by default.
    shared : SharedReading, optional
        Where to put rows, and which threads read them. None: into new memory, by `threads` threads.
    filtered : bool
        Whether second-order walks get an edge filter. To make it takes longer than it saves in a
        partition that is soon released.
    have : Partition, optional
        What is loaded of the same rows already; its arrays are used again. Its layout must not be
        `own`.
    threads : int
        How many threads read and derive tables.

    Raises
    ------
    StoreError
        When chunks are missing or damaged, offsets and neighbours contradict each other, or another
        graph has taken the place of the one that was opened.
    """
    nodes = range(graph.num_nodes) if nodes is None else nodes
    with graph.unchanged():
        return _load(graph, layout, nodes, shared, filtered, have, threads)


def _load(
    graph: GraphArrays,
    layout: PartitionSpec,
    nodes: range,
    shared: SharedReading | None,
    filtered: bool,
    have: Partition | None,
    threads: int,
) -> Partition:
    run = shared.run if shared else run_by(threads)
    if shared:
        row_starts, neighbors, start = read_together(graph, nodes, shared)
    elif have:
        row_starts, neighbors, start = have.row_starts, have.neighbors, 0
    else:
        row_starts, neighbors, start = read_alone(graph, nodes, threads)
    entries = range(start, start + int(row_starts[-1]))
    table = have.alias_table if have else None
    edge_filter = have.edge_filter if have else None
    values = (
        {} if table is not None else read_values(graph, layout.values, entries, shared, threads)
    )
    memory = shared.arrays if shared else None
    derived = derive(graph, layout, row_starts, neighbors, values, run, memory, entries=entries)
    row_starts = derived.row_starts
    del values
    if layout.second_order and filtered and edge_filter is None:
        edge_filter = np.zeros(filter_words(len(neighbors)), np.uint64)
        # One thread: rows that meet within a word of the filter share it.
        fill_filter(row_starts, neighbors, edge_filter)
    return Partition(
        row_starts,
        neighbors,
        table if derived.table is None else derived.table,
        edge_filter,
        nodes.start,
        kinds=layout.kinds,
        shares=derived.shares,
        times=derived.times,
        time_masses=derived.time_masses,
        positions=derived.positions,
        start=entries.start,
        directed=graph.directed,
    )


def gather_partition(
    graph: GraphArrays, nodes: NDArray[np.int64], layout: PartitionSpec
) -> Partition:
    """Read the rows of a few nodes, and only the chunks of the store that hold them.

    Parameters
    ----------
    graph : GraphArrays
        The graph.
    nodes : ndarray of int64
        Ascending, without repeats, not empty.
    layout : PartitionSpec
        What the walks need.

    Raises
    ------
    StoreError
        As `load_partition` does.
    """
    row_starts, neighbors, _ = graph.read_rows(nodes)
    values = {name: graph.read_row_values(nodes, name) for name in layout.values}
    if not len(neighbors):
        neighbors = np.zeros(1, graph.neighbor_dtype)
    check_nodes(graph, neighbors)
    # The type of all partitions, so that kernels need not compile again.
    row_starts = row_starts.astype(row_start_type(graph))
    positions = _positions(graph, nodes, row_starts) if layout.edges else None
    derived = derive(graph, layout, row_starts, neighbors, values, run_by(1), positions=positions)
    return Partition(
        derived.row_starts,
        neighbors,
        derived.table,
        index=nodes,
        kinds=layout.kinds,
        shares=derived.shares,
        times=derived.times,
        time_masses=derived.time_masses,
        positions=derived.positions,
        directed=graph.directed,
    )


def _positions(
    graph: GraphArrays, nodes: NDArray[np.int64], row_starts: NDArray[Any]
) -> NDArray[Any]:
    """Return where the entries of some rows lie in the store."""
    with graph.unchanged():
        starts, stops = graph.row_ranges(nodes)
    before = starts - row_starts[:-1].astype(np.int64)
    positions = np.repeat(before, stops - starts) + np.arange(int(row_starts[-1]))
    return positions.astype(row_starts.dtype)
