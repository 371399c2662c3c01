"""Walkers advanced within a partition: arrays in, arrays out."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.rng import seed_key
from graphwalk.kernels.walk.partitioned_first_order import advance_first_order
from graphwalk.kernels.walk.partitioned_node2vec import EdgeSource, advance_node2vec
from graphwalk.kernels.walk.partitioned_temporal import advance_temporal
from graphwalk.kernels.walk.routing import second_places
from graphwalk.kernels.walk.steps import GroupStarts, walker_dtype
from graphwalk.scheduler.engine.probabilities import bias_of, interruption_of
from graphwalk.scheduler.engine.walk_in_memory import NODE2VEC_IN_FLIGHT
from graphwalk.scheduler.engine.walk_temporal import TEMPORAL_IN_FLIGHT
from graphwalk.scheduler.engine.walker_records import Sorter, in_slices, read_only
from graphwalk.scheduler.engine.walker_sizes import OUT_OF_CORE, WalkerSizes
from graphwalk.scheduler.engine.walker_starts import starts_and_numbers
from graphwalk.storage.partitions.metapath import step_kinds_of
from graphwalk.storage.partitions.node2vec_plus_rows import gather_complete
from graphwalk.storage.partitions.partition import Partition, gather_partition
from graphwalk.storage.partitions.read_rows import RowMemory, row_memory_bytes
from graphwalk.storage.partitions.spec import PartitionSpec
from graphwalk.storage.store.format import value_bytes
from graphwalk.util.cancel import check_cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.walker_starts import Walkers
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.walk_spec import WalkSpec

#: Walkers that the first-order kernel advances together: more than in a graph of one partition,
#: since many leave at each step.
FIRST_ORDER_IN_FLIGHT = 256

#: Refused proposals for a step of a walker that travels, after which the rows that decide are read.
MAX_REMOTE_REJECTIONS = 64

_buffers = threading.local()
_NO_NODES = np.empty(0, np.int64)
_NO_WORDS = read_only(np.empty(0, np.uint64))


class WalkerGroup:
    """Walkers that are advanced together, and what is the same for all of them.

    Parameters
    ----------
    graph : GraphArrays
        The graph.
    spec : WalkSpec
        What every walker does.
    walkers : range or (ndarray, ndarray, range)
        The walkers, see :data:`graphwalk.scheduler.engine.walker_starts.Walkers`.
    bounds : ndarray of int64, shape (partitions + 1,)
        Partition k has the nodes ``bounds[k] … bounds[k + 1] - 1``.
    offsets : ndarray of int64, shape (partitions + 1,)
        Where their rows begin in the store.
    job : str
        Name of the array that they fill, for events.
    sizes : WalkerSizes
        How many walkers and steps are processed at a time.
    """

    def __init__(
        self,
        graph: GraphArrays,
        spec: WalkSpec,
        walkers: Walkers,
        bounds: NDArray[np.int64],
        offsets: NDArray[np.int64],
        job: str = "",
        sizes: WalkerSizes = OUT_OF_CORE,
    ) -> None:
        self.job, self._sizes = job, sizes
        self.graph, self.spec, self.walkers = graph, spec, walkers
        self.bounds, self.offsets = read_only(bounds), offsets
        node = graph.neighbor_dtype
        self.dtype = walker_dtype(node, second_order=spec.second_order, temporal=spec.temporal)
        self.log_dtype = walker_dtype(node)
        rows = walkers if isinstance(walkers, range) else walkers[2]
        self.shape = len(rows), spec.walk_length + 1
        self._first_walk = rows.start
        starts = (_NO_NODES, _NO_NODES) if isinstance(walkers, range) else walkers[:2]
        # Ray's arrays are read-only; with all of them so, kernels need no other compilation there.
        self._starts = GroupStarts(
            read_only(starts[0]),
            read_only(starts[1]),
            spec.num_walks,
            self._first_walk,
            self.shape[1],
            np.uint64(seed_key(np.uint64(spec.seed))),
        )
        self._interruption = interruption_of(spec)
        self.sorter = Sorter(self.bounds)
        self._step_kinds = step_kinds_of(spec.metapath, spec.walk_length)

    @property
    def num_partitions(self) -> int:
        """Number of partitions."""
        return len(self.bounds) - 1

    def blank(self, first: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Return an array for walks `first` to `stop`, in which walkers have not made a step."""
        stop = self.shape[0] if stop is None else stop
        walks = np.empty((stop - first, self.shape[1]), self.graph.neighbor_dtype)
        self.make_blank(walks, first)
        return walks

    def make_blank(self, walks: NDArray[Any], first: int = 0) -> None:
        """Fill an array for the walks from `first` on."""
        for start in range(0, len(walks), self._sizes.batch):
            some = walks[start : start + self._sizes.batch]
            some.fill(-1)
            some[:, 0] = self._start_nodes(first + start, first + start + len(some))

    def worth_reading(self, partition: int, walkers: int) -> bool:
        """Return whether it is faster to read all rows for these walkers than single ones."""
        return walkers * self.graph.seek_cost_bytes > self.bytes_read(partition)

    def bytes_read(self, partition: int) -> int:
        """Return the bytes of all chunks' contents that a partition is made of."""
        entries, rows = len(self.entries_of(partition)), len(self.nodes_of(partition))
        values = value_bytes(PartitionSpec.of(self.spec).values)
        return entries * (self.graph.neighbor_dtype.itemsize + values) + rows * 8

    def nodes_of(self, partition: int) -> range:
        """Return the nodes of a partition."""
        return range(int(self.bounds[partition]), int(self.bounds[partition + 1]))

    def entries_of(self, partition: int) -> range:
        """Return which entries of the store a partition has."""
        return range(int(self.offsets[partition]), int(self.offsets[partition + 1]))

    def row_memory(self) -> RowMemory:
        """Return memory for the rows of any partition."""
        layout = PartitionSpec.of(self.spec)
        sizes = (
            row_memory_bytes(self.graph, layout, len(self.nodes_of(k)), len(self.entries_of(k)))
            for k in range(self.num_partitions)
        )
        return RowMemory(max(sizes))

    def start(self) -> Iterator[NDArray[Any]]:
        """Yield the walkers that have a step to make, at their start nodes, some at a time."""
        width = self.shape[1]
        if width == 1:
            return
        for at, nodes in self._starting():
            walkers = np.empty(len(nodes), self.dtype)
            walkers["position"], walkers["node"] = at, nodes
            if self.spec.second_order:
                walkers["previous"] = walkers["proposal"] = -1
                walkers["attempt"] = 0
            if self.spec.temporal:
                walkers["time"] = -np.inf
            yield walkers

    def _starting(self) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
        """Yield where in the result walkers begin, and their start nodes.

        Where every node is a start node, those whose walks end there at once are left out: in some
        graphs they are half of all.
        """
        walks, width = self.shape
        choosy = isinstance(self.walkers, range) and self.spec.ends_if_isolated
        known, first_known, move = 0, 0, np.empty(0, np.bool_)
        batch = self._sizes.batch
        for first in range(0, walks, batch):
            stop = min(first + batch, walks)
            at = np.arange(first * width, stop * width, width, dtype=np.uint64)
            nodes = self._start_nodes(first, stop)
            if choosy:
                if nodes[-1] >= known:
                    first_known = int(nodes[0])
                    known = min(first_known + 4 * batch, self.graph.num_nodes)
                    move = self.graph.has_neighbors(first_known, known)
                moving = move[nodes - first_known]
                at, nodes = at[moving], nodes[moving]
            yield at, nodes

    def most_at_once(self, rows: object) -> int:
        """Return how many walkers are taken at a time, by a partition or else by single rows."""
        return self._sizes.single_row_batch if rows is None else self._sizes.batch

    def sort(self, walkers: NDArray[Any]) -> list[NDArray[Any]]:
        """Return walkers by the partition whose rows they need next, as parts of one new array."""
        return self.sorter.sort(walkers, self.places(walkers).astype(np.int64))

    def move(
        self,
        kind: str,
        rows: Partition | None,
        arriving: Iterable[NDArray[Any]],
        keep: Callable[[NDArray[Any]], None],
    ) -> Iterator[NDArray[Any]]:
        """Do the work of an event of a kind: `start`, `advance`, or `advance_few` ("fetch")."""
        if kind == "start":
            return self.start()
        return (
            self.advance_few(arriving, keep) if rows is None else self.advance(rows, arriving, keep)
        )

    def advance(
        self,
        partition: Partition,
        arriving: Iterable[NDArray[Any]],
        keep: Callable[[NDArray[Any]], None],
    ) -> Iterator[NDArray[Any]]:
        """Advance walkers until all of them have left the partition or ended.

        Parameters
        ----------
        partition : Partition
            The rows.
        arriving : iterable of ndarray of walker records
            Walkers that need these rows, `most_at_once` at a time.
        keep : callable
            Takes what they did, as first-order walker records, which are overwritten afterwards.

        Yields
        ------
        ndarray of walker records
            Some of those that have left; is overwritten afterwards.
        """
        for walkers in arriving:
            for leavers in self._walk(partition, walkers, keep):
                if len(leavers):
                    yield leavers

    def advance_few(
        self, arriving: Iterable[NDArray[Any]], keep: Callable[[NDArray[Any]], None]
    ) -> Iterator[NDArray[Any]]:
        """Do as `advance`, for walkers so few that single rows are read for a step of theirs."""
        for walkers in arriving:
            nodes = self._nodes_needed(walkers)
            partition = gather_partition(self.graph, nodes, PartitionSpec.of(self.spec))
            yield from self.advance(partition, [walkers], keep)

    def _walk(
        self,
        partition: Partition,
        walkers: NDArray[Any],
        keep: Callable[[NDArray[Any]], None],
    ) -> Iterator[NDArray[Any]]:
        while len(walkers):
            check_cancelled()
            leaving = self._scratch("leaving", self.dtype, max(self._sizes.batch, len(walkers)) + 1)
            log = self._scratch("log", self.log_dtype, self._sizes.log)
            to_leave = leaving[: len(walkers) + 1]
            taken, logged, left, remaining = self._run_kernel(partition, walkers, log, to_leave)
            keep(log[:logged])
            if remaining or taken < len(walkers):
                walkers = np.concatenate([leaving[left : left + remaining], walkers[taken:]])
            else:
                walkers = walkers[:0]
            leavers = leaving[:left]
            if self.spec.second_order:
                stuck = leavers["attempt"] >= MAX_REMOTE_REJECTIONS
                if stuck.any():
                    others = leavers[~stuck]
                    yield from self._finish_step(leavers[stuck], keep)
                    leavers = others
            yield leavers

    def _finish_step(
        self, walkers: NDArray[Any], keep: Callable[[NDArray[Any]], None]
    ) -> Iterator[NDArray[Any]]:
        """Advance walkers whose proposals are refused again and again, with all rows at hand."""
        walkers["proposal"] = -1  # it is drawn again, and is the same
        for some in in_slices([walkers], self._sizes.single_row_batch):
            nodes, layout = (some["node"], some["previous"]), PartitionSpec.of(self.spec)
            if self.spec.plus:
                partition = gather_complete(self.graph, *nodes, layout)
            else:
                rows = np.union1d(*nodes).astype(np.int64)
                partition = gather_partition(self.graph, rows, layout)
            yield from self._walk(partition, some, keep)

    def _start_nodes(self, first: int, stop: int) -> NDArray[np.int64]:
        rows = range(self._first_walk + first, self._first_walk + stop)
        walkers = rows if isinstance(self.walkers, range) else (*self.walkers[:2], rows)
        return starts_and_numbers(walkers, self.spec.num_walks)[0]

    def _scratch(self, name: str, dtype: np.dtype[Any], length: int) -> NDArray[Any]:
        """Return an array that this thread uses again and again."""
        kept: dict[Any, NDArray[Any]] = _buffers.__dict__
        have = kept.get((name, dtype))
        if have is None or len(have) < length:
            have = kept[name, dtype] = np.empty(length, dtype)
        return have[:length]

    def _nodes_needed(self, walkers: NDArray[Any]) -> NDArray[np.int64]:
        nodes = self.places(walkers)
        if self.spec.second_order and not self.spec.plus:
            # With the previous node's row, proposals are decided on where they are made.
            here = walkers["proposal"] < 0
            previous = walkers["previous"][here & (walkers["previous"] >= 0)]
            nodes = np.concatenate([nodes, previous.astype(np.int64)])
        return np.unique(nodes)

    def places(self, walkers: NDArray[Any]) -> NDArray[Any]:
        """Return the node whose row each walker needs next."""
        if not self.spec.second_order:
            return walkers["node"]
        places = np.empty(len(walkers), np.int64)
        second_places(walkers, self.graph.directed, places)
        return places

    def _run_kernel(
        self,
        partition: Partition,
        walkers: NDArray[Any],
        log: NDArray[Any],
        leaving: NDArray[Any],
    ) -> tuple[int, int, int, int]:
        spec, rows = self.spec, partition.rows
        walking = self._starts, self._interruption, walkers, log, leaving
        if spec.temporal:
            assert partition.times is not None
            return advance_temporal(rows, partition.times, *walking, TEMPORAL_IN_FLIGHT)
        table = partition.table(weighted=spec.weighted)
        if not spec.second_order:
            kinds = self._step_kinds
            return advance_first_order(rows, table, kinds, *walking, FIRST_ORDER_IN_FLIGHT)
        words = _NO_WORDS if partition.edge_filter is None else partition.edge_filter
        edges = EdgeSource(words, self.graph.directed, partition.complete)
        bias = bias_of(spec.p, spec.q)
        return advance_node2vec(
            rows, table, partition.shares, edges, bias, *walking, NODE2VEC_IN_FLIGHT
        )
