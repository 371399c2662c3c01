"""How a job is cut into partitions, blocks, groups and batches, so that it fits in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from graphwalk.errors import InputError, MemoryBudgetError
from graphwalk.kernels.walk.steps import walker_dtype
from graphwalk.scheduler.engine.blocks import block_rows
from graphwalk.scheduler.engine.memory_model import (
    OFFSET,
    deriving_bytes,
    kinds_bytes,
    reading_peak,
    thread_bytes,
    values_bytes,
)
from graphwalk.scheduler.engine.plan import WalkPlan
from graphwalk.scheduler.engine.walk_temporal import scratch_bytes
from graphwalk.scheduler.engine.walker_group import slice_and_log
from graphwalk.storage.partitions.spec import entry_bytes, partition_bytes, row_start_type
from graphwalk.storage.store.partition_bounds import partition_nodes
from graphwalk.units import format_size

if TYPE_CHECKING:
    from graphwalk.scheduler.engine.rules import WalkRules
    from graphwalk.storage.store.graph import Graph
    from graphwalk.util.executor import Resources

#: Least walkers of a group; there are as many groups as workers, who go round together.
SMALLEST_GROUP = 1 << 12

#: Walkers refer to their place in their group's part of the result by 32 bits.
GROUP_ITEMS = 1 << 32

_MIB = 1 << 20

#: Part of the memory of all machines that a graph may take; walkers and steps need room too.
GRAPH_SHARE = 0.6

#: Parts of the memory for partitions that they are cut for, until the largest fits.
_SHARES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5, 0.0)

#: Bytes for a record while it is sorted by place.
_PLACE = 8

#: Bytes for a walker of a block while its start node and number are found: two, and their operands.
_NUMBERS = 4 * 8


def plan_job(
    graph: Graph,
    rules: WalkRules,
    num_walks: int,
    chunks: Any,
    resources: Resources,
    partitions: int | None = None,
    *,
    every_node: bool = False,
) -> WalkPlan:
    """Return the plan of so many walks on `graph`.

    Reads no more of the graph than the offsets where it is cut.

    Parameters
    ----------
    num_walks : int
        From all start nodes together.
    chunks : "auto", int, str or tuple
        Rows of a block (an int), its size (text such as ``"64 MiB"``), or what Dask takes as the
        chunks of an array of the result's shape.
    partitions : int, optional
        About how many partitions to cut the graph into; by default as few as fit.
    every_node : bool
        Whether walks start from every node, or from those of a range of nodes. Then it is known how
        many walks end where they start.

    Raises
    ------
    InputError
        When `chunks` is none of these or splits walks, or a walk is too long.
    MemoryBudgetError
        When the job does not fit in the memory.
    """
    shape = (num_walks, rules.walk_length + 1)
    if shape[1] >= GROUP_ITEMS:
        raise InputError(f"walk_length={rules.walk_length} is too large; it must be below 2**32")
    whole = _whole_plan(graph, rules, shape, chunks, resources)
    fits = whole.peak_memory <= resources.memory
    if (partitions is None and fits) or partitions == 1 or graph.num_entries == 0:
        return whole
    if rules.walk_length == 0:
        return whole
    walkers = num_walks
    if every_node and rules.ends_if_isolated:
        moving = graph.num_nodes - graph.isolated_nodes
        walkers = min(num_walks, moving * rules.num_walks)
    return _PartitionedPlanner(graph, rules, whole, walkers, partitions, fits).plan()


def _whole_plan(
    graph: Graph, rules: WalkRules, shape: tuple[int, int], chunks: Any, resources: Resources
) -> WalkPlan:
    """Return the plan of a graph that is one partition."""
    size = partition_bytes(graph, rules.layout) + kinds_bytes(graph, rules)
    rows = block_rows(shape, graph.neighbor_dtype, chunks, resources.memory)
    block = max(rows, default=0) * shape[1] * graph.neighbor_dtype.itemsize
    buffers = resources.workers * thread_bytes(graph)
    walkers = min(resources.workers, len(rows)) * max(rows, default=0)
    blocks = _blocks_at_once(len(rows), resources) * block
    walking = size + blocks + walkers * _NUMBERS
    if rules.temporal:
        walking += min(resources.workers, len(rows)) * scratch_bytes(graph.neighbor_dtype)
    return WalkPlan(
        rules=rules,
        dtype=graph.neighbor_dtype,
        block_rows=rows,
        group_blocks=(1,) * len(rows),
        batch_groups=(len(rows),),
        partitions=(range(graph.num_nodes),),
        offsets=(0, graph.num_entries),
        largest_partition=size,
        resident=True,
        ahead=False,
        spill=False,
        graph_bytes=size,
        peak_memory=buffers + max(reading_peak(graph, rules, resources.workers), walking),
        resources=resources,
    )


def _blocks_at_once(blocks: int, resources: Resources) -> int:
    """Return how many blocks are there when one is used and others wait, or are being made."""
    return min(2 * resources.workers + 1, blocks)


class _Needs(NamedTuple):
    """What walkers take, and how they are divided.

    Attributes
    ----------
    groups : tuple of int
        Blocks of each group.
    spill : bool
        Whether steps wait in files.
    state : int
        Bytes of walkers.
    waiting : int
        Bytes of what they have done, while they walk.
    after : int
        Bytes of it afterwards, when partitions have been let go.
    """

    groups: tuple[int, ...]
    spill: bool
    state: int
    waiting: int
    after: int


class _PartitionedPlanner:
    """Cuts a graph that does not fit, and its walkers."""

    def __init__(
        self,
        graph: Graph,
        rules: WalkRules,
        whole: WalkPlan,
        walkers: int,
        partitions: int | None,
        fits: bool,
    ) -> None:
        self.graph, self.rules, self.whole, self.partitions = graph, rules, whole, partitions
        self.walkers = walkers
        self._offsets: dict[int, int] = {}
        self.memory, self.workers = whole.resources.memory, whole.resources.workers
        self.readers = self.workers + 1  # who waits for a partition helps to read it
        self.machines = whole.resources.machines
        self.walker = walker_dtype(
            whole.dtype, second_order=rules.second_order, temporal=rules.temporal
        ).itemsize
        self.resident = fits or self._fits_on_all_machines()
        self.entry = entry_bytes(graph, rules.layout, filtered=self.resident)
        self.log = walker_dtype(whole.dtype).itemsize

    def plan(self) -> WalkPlan:
        """Return the plan."""
        smallest = self._smallest()
        batches = 1
        while True:
            needs = self._needs(batches)
            if batches >= len(needs.groups) or self._leaves_enough(needs, smallest):
                break
            batches *= 2
        nodes, ahead = self._cut(self.memory - needs.state - needs.waiting, smallest)
        per_batch = -(-len(needs.groups) // batches)
        return replace(
            self.whole,
            group_blocks=needs.groups,
            batch_groups=_spread(len(needs.groups), -(-len(needs.groups) // per_batch)),
            partitions=tuple(nodes),
            offsets=(0, *(self._offset(part.stop) for part in nodes)),
            largest_partition=self._largest(nodes),
            resident=self.resident,
            ahead=ahead,
            spill=needs.spill,
            peak_memory=needs.state
            + needs.waiting
            + max(self._rows_bytes(nodes, ahead), needs.after),
        )

    def _leaves_enough(self, needs: _Needs, smallest: int) -> bool:
        """Return whether there is room for partitions beside the walkers of a batch."""
        walkers = needs.state + needs.waiting
        if not self.resident:
            return walkers + max(smallest, self.memory // 5) <= self.memory
        return self.machines == 1 or walkers + self.whole.graph_bytes <= self.machines * self.memory

    def _needs(self, batches: int) -> _Needs:
        """Return what walkers take beside the partitions, in so many batches."""
        walks, width = self.whole.shape
        groups = self._group_blocks(batches)
        in_batch = -(-walks // batches)
        walkers = min(in_batch, self.walkers)
        # Of a slice: who arrives; who stays, before and after; who leaves, and whom of them no
        # proposal holds up; and where these go.
        slice_, log = slice_and_log(resident=self.resident)
        slices = min(self.workers * slice_, walkers) * (5 * self.walker + _PLACE)
        scratch = slices + self.workers * (log * self.log + thread_bytes(self.graph))
        # A walker is in one inbox, and the last page of each has some room.
        state = scratch + walkers * self.walker * 5 // 4 + kinds_bytes(self.graph, self.rules)
        output = in_batch * width * self.whole.dtype.itemsize
        # Who uses the blocks of a batch may hold on to them when the next is walked.
        kept = output * min(batches, 2)
        if self.resident or kept <= self.memory // 4:
            return _Needs(groups, False, state, kept, 0)
        # Steps that wait in files are sorted by block before, and are blocks after, when partitions
        # are no longer needed, unless it is for the next batch.
        block = max(self.whole.block_rows, default=0) * width * self.whole.dtype.itemsize
        blocks = _blocks_at_once(len(self.whole.block_rows), self.whole.resources) * block
        logs = self.workers * log * (self.log + _PLACE)
        return _Needs(groups, True, state, logs if batches == 1 else max(blocks, logs), blocks)

    def _fits_on_all_machines(self) -> bool:
        return (
            self.machines > 1
            and self.whole.graph_bytes <= GRAPH_SHARE * self.machines * self.memory
        )

    def _group_blocks(self, batches: int) -> tuple[int, ...]:
        """Return how many blocks each group has."""
        rows, width = self.whole.block_rows, self.whole.shape[1]
        walks = sum(rows)
        wanted = batches * max(1, min(self._riders(), walks // batches // SMALLEST_GROUP))
        wanted = max(wanted, -(-walks * width // (GROUP_ITEMS // 2)))
        groups = _spread(len(rows), min(wanted, max(1, len(rows))))
        most, first = 0, 0
        for blocks in groups:
            most = max(most, sum(rows[first : first + blocks]))
            first += blocks
        if most * width >= GROUP_ITEMS:
            raise InputError(
                f"blocks of {max(rows)} walks of {width} nodes are too large; pass smaller chunks"
            )
        return groups

    def _riders(self) -> int:
        """Return how many groups keep all workers busy."""
        if not self.resident or self.machines == 1:
            return self.workers
        # A group is in all partitions at once. One does not wait while another changes places.
        partitions = self.partitions or 2 * self.machines
        return max(2, -(-self.workers // partitions))

    def _cut(self, free: int, smallest: int) -> tuple[list[range], bool]:
        """Return the partitions, and whether two fit at a time."""
        if self.partitions is not None:
            nodes = self._partitions(self.whole.graph_bytes // self.partitions + 1, whole=False)
            return nodes, not self.resident and self._rows_bytes(nodes, True) <= free
        if self.resident:
            size = self.whole.graph_bytes // (2 * self.machines)
            return self._partitions(size, whole=True), False
        for ahead in (True, False):
            size = (free - thread_bytes(self.graph)) // 2 if ahead else free
            if size < 1:
                continue
            # Partitions end with whole chunks and rows, and are larger while they are read.
            for share in _SHARES:
                wanted = max(self.entry * self._chunk, int(share * size))
                nodes = self._partitions(wanted, whole=True)
                if self._rows_bytes(nodes, ahead) <= free:
                    return nodes, ahead
        needed = -(-(self.memory - free + smallest) // _MIB) * _MIB
        raise MemoryBudgetError(
            f"{self.graph.path}: these walks take at least {format_size(needed)} of memory, and "
            f"{format_size(self.memory)} are to be used; pass memory={format_size(needed)!r} or "
            "more, or fewer start nodes at a time"
        )

    def _rows_bytes(self, nodes: list[range], ahead: bool) -> int:
        """Return what the partitions take that are in memory at a time, of which one is read."""
        if self.resident:
            return self.whole.graph_bytes + self._reading_bytes(nodes)
        at_once = 2 if ahead else 1
        entries = at_once * max(map(self._entries, nodes))
        deriving = deriving_bytes(self.graph, entries, self.rules.layout, self.readers)
        buffers = thread_bytes(self.graph) if ahead else 0
        return at_once * self._largest(nodes) + deriving + buffers

    def _reading_bytes(self, nodes: list[range]) -> int:
        """Return what goes again of partitions that stay, as many as are read at a time."""
        if self.machines > 1:
            return 0  # it is outside of the object stores
        entries, rows = max(map(self._entries, nodes)), max(map(len, nodes))
        layout, at_once = self.rules.layout, min(self.workers, len(nodes))
        deriving = deriving_bytes(self.graph, at_once * entries, layout, at_once * self.workers)
        return at_once * (values_bytes(entries, layout) + (rows + 1) * OFFSET) + deriving

    @property
    def _chunk(self) -> int:
        return self.graph.chunk_length("neighbors")

    @property
    def _node_bytes(self) -> int:
        kinds = self.rules.layout.kinds
        return row_start_type(self.graph).itemsize * (kinds if kinds == 1 else kinds + 1) + OFFSET

    def _partitions(self, size: int, *, whole: bool) -> list[range]:
        """Cut the graph into partitions of about `size` bytes, of `whole` chunks perhaps."""
        graph = self.graph
        bytes_ = graph.num_entries * self.entry + graph.num_nodes * self._node_bytes
        entries = max(1, size * graph.num_entries // bytes_)
        if whole:
            entries = max(self._chunk, entries // self._chunk * self._chunk)
        chunk, length = graph.chunk_length("offsets"), graph.num_nodes + 1
        return partition_nodes(
            lambda k: graph.read_offsets(k * chunk, min((k + 1) * chunk, length)),
            chunk,
            graph.num_nodes,
            graph.num_entries,
            entries,
            max(1, size // self._node_bytes),
        )

    def _offset(self, node: int) -> int:
        if node not in self._offsets:
            self._offsets[node] = self.graph.read_offset(node)
        return self._offsets[node]

    def _smallest(self) -> int:
        """Return what the largest of the smallest partitions takes at most: a chunk, and a row."""
        row = self.graph.max_degree
        entries = self._chunk + row
        values = values_bytes(entries, self.rules.layout)
        deriving = deriving_bytes(self.graph, entries, self.rules.layout, self.readers)
        # As many bytes of row starts, which a partition of many short rows is limited to.
        return self.entry * (entries + self._chunk) + values + deriving

    def _largest(self, nodes: list[range]) -> int:
        return max(map(self._size, nodes))

    def _entries(self, nodes: range) -> int:
        return self._offset(nodes.stop) - self._offset(nodes.start)

    def _size(self, nodes: range) -> int:
        """Return the bytes of a partition while it is read, which is when it takes most."""
        entries = self._entries(nodes)
        rows = (len(nodes) + 1) * self._node_bytes
        return entries * self.entry + rows + values_bytes(entries, self.rules.layout)


def _spread(items: int, parts: int) -> tuple[int, ...]:
    """Return sizes, which differ by one at most, of so many parts."""
    if items == 0:
        return ()
    small, more = divmod(items, parts)
    return (small + 1,) * more + (small,) * (parts - more)
