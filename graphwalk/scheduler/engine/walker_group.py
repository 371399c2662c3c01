"""A group of walkers: where they start, what is the same for all, which rows they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.rng import seed_key
from graphwalk.kernels.walk.routing import second_places
from graphwalk.kernels.walk.step_edges import nodes_of
from graphwalk.kernels.walk.steps import GroupStarts, walker_dtype
from graphwalk.scheduler.engine.probabilities import ends_of, interruption_of
from graphwalk.scheduler.engine.result_dtype import recorded_edge, result_dtype
from graphwalk.scheduler.engine.walker_records import Sorter
from graphwalk.scheduler.engine.walker_sizes import OUT_OF_CORE, WalkerSizes
from graphwalk.scheduler.engine.walker_starts import first_steps_of, starts_and_numbers
from graphwalk.storage.partitions.metapath import step_kinds_of
from graphwalk.storage.partitions.read_rows import RowMemory, row_memory_bytes
from graphwalk.storage.partitions.spec import PartitionSpec
from graphwalk.storage.store.format import value_bytes
from graphwalk.util.node_set import marked
from graphwalk.util.read_only import read_only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.walker_starts import Walkers
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.walk_spec import WalkSpec

_NO_NODES = np.empty(0, np.int64)


class WalkerGroup:
    """Walkers that are advanced together, and what is the same for all of them.

    Parameters
    ----------
    graph : GraphArrays
        The graph.
    spec : WalkSpec
        What every walker does.
    walkers : range or StartNodes
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
        self.job, self.sizes = job, sizes
        self.graph, self.spec, self.walkers = graph, spec, walkers
        self.bounds, self.offsets = read_only(bounds), offsets
        node = graph.neighbor_dtype
        edge = recorded_edge(graph.num_entries, spec)
        self.dtype = walker_dtype(
            node,
            edge if spec.second_order else None,
            second_order=spec.second_order,
            temporal=spec.temporal,
        )
        self.log_dtype = walker_dtype(node, edge)
        self.result_dtype = result_dtype(node, graph.num_entries, spec)
        rows = walkers if isinstance(walkers, range) else walkers.rows
        self.shape = len(rows), spec.walk_length + 1
        self._first_walk = rows.start
        starts = _NO_NODES, _NO_NODES
        if not isinstance(walkers, range):
            starts = walkers.nodes, walkers.first_numbers
        # Ray's arrays are read-only; with all of them so, kernels need no other compilation there.
        self.starts = GroupStarts(
            read_only(starts[0]),
            read_only(starts[1]),
            spec.num_walks,
            self._first_walk,
            self.shape[1],
            np.uint64(seed_key(np.uint64(spec.seed))),
        )
        self.interruption = interruption_of(spec)
        self.ends = ends_of(spec, graph.num_nodes)
        self.sorter = Sorter(self.bounds)
        self.step_kinds = step_kinds_of(spec.metapath, spec.walk_length)

    @property
    def num_partitions(self) -> int:
        """Number of partitions."""
        return len(self.bounds) - 1

    def blank(self, first: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Return an array for walks `first` to `stop`, in which walkers have not made a step."""
        stop = self.shape[0] if stop is None else stop
        walks = np.empty((stop - first, self.shape[1]), self.result_dtype)
        self.make_blank(walks, first)
        return walks

    def make_blank(self, walks: NDArray[Any], first: int = 0) -> None:
        """Fill an array for the walks from `first` on."""
        for start in range(0, len(walks), self.sizes.batch):
            some = walks[start : start + self.sizes.batch]
            some.fill(-1)
            part = self._part(first + start, first + start + len(some))
            if (steps := first_steps_of(part, self.spec.num_walks)) is not None:
                steps.put(some, self.ends)
            else:
                nodes_of(some)[:, 0] = starts_and_numbers(part, self.spec.num_walks)[0]

    def first_nodes(self) -> Iterator[NDArray[Any]]:
        """Yield the nodes that walks have visited before walkers make a step, some at a time."""
        walks, width = self.shape
        for first in range(0, walks, self.sizes.batch):
            stop = min(first + self.sizes.batch, walks)
            some = np.empty((stop - first, min(width, 2)), self.result_dtype)
            self.make_blank(some, first)
            nodes = nodes_of(some).reshape(-1)
            yield nodes[nodes >= 0]

    def worth_reading(self, partition: int, walkers: int) -> bool:
        """Return whether it is faster to read all rows for these walkers than single ones."""
        return walkers * self.graph.seek_cost_bytes > self.bytes_read(partition)

    def bytes_read(self, partition: int) -> int:
        """Return the bytes of all chunks' contents that a partition is made of."""
        entries, rows = len(self.entries_of(partition)), len(self.nodes_of(partition))
        values = sum(map(value_bytes, PartitionSpec.of(self.spec).values))
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
        for at, nodes, times in self._starting():
            walkers = np.empty(len(nodes), self.dtype)
            walkers["position"], walkers["node"] = at, nodes
            if self.spec.second_order:
                walkers["previous"] = walkers["proposal"] = -1
                walkers["attempt"] = 0
                if self.spec.return_edges:
                    walkers["edge"] = -1
            if self.spec.temporal:
                walkers["time"] = times
            yield walkers

    def _starting(self) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int64], Any]]:
        """Yield where in the result walkers are, at which nodes, and at what time they came there.

        Where every node is a start node, those whose walks end there at once are left out: in some
        graphs they are half of all.
        """
        walks, width = self.shape
        choosy = isinstance(self.walkers, range) and self.spec.ends_if_isolated
        known, first_known, move = 0, 0, np.empty(0, np.bool_)
        batch = self.sizes.batch
        for first in range(0, walks, batch):
            stop = min(first + batch, walks)
            at = np.arange(first * width, stop * width, width, dtype=np.uint64)
            part = self._part(first, stop)
            if (steps := first_steps_of(part, self.spec.num_walks)) is not None:
                moving = steps.going_on(width, self.ends)
                yield at[moving] + np.uint64(1), steps.targets[moving], steps.times[moving]
                continue
            nodes = starts_and_numbers(part, self.spec.num_walks)[0]
            if choosy:
                if nodes[-1] >= known:
                    first_known = int(nodes[0])
                    known = min(first_known + 4 * batch, self.graph.num_nodes)
                    move = self.graph.has_neighbors(first_known, known)
                moving = move[nodes - first_known]
                at, nodes = at[moving], nodes[moving]
            if self.ends is not None:
                moving = ~marked(self.ends, nodes)
                at, nodes = at[moving], nodes[moving]
            yield at, nodes, self.spec.bounds[0]

    def most_at_once(self, rows: object) -> int:
        """Return how many walkers are taken at a time, by a partition or else by single rows."""
        return self.sizes.single_row_batch if rows is None else self.sizes.batch

    def sort(self, walkers: NDArray[Any]) -> list[NDArray[Any]]:
        """Return walkers by the partition whose rows they need next, as parts of one new array."""
        return self.sorter.sort(walkers, self.places(walkers).astype(np.int64))

    def _part(self, first: int, stop: int) -> Walkers:
        rows = range(self._first_walk + first, self._first_walk + stop)
        return rows if isinstance(self.walkers, range) else self.walkers.of_rows(rows)

    def places(self, walkers: NDArray[Any]) -> NDArray[Any]:
        """Return the node whose row each walker needs next."""
        if not self.spec.second_order:
            return walkers["node"]
        places = np.empty(len(walkers), np.int64)
        second_places(walkers, self.graph.directed, places)
        return places
