"""How a job is divided into partitions, blocks, groups and batches, so that it fits in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from graphwalk.errors import InputError, MemoryBudgetError, argument
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
from graphwalk.scheduler.engine.walk_plan import WalkPlan
from graphwalk.scheduler.engine.walk_temporal import scratch_bytes
from graphwalk.scheduler.engine.walker_sizes import OUT_OF_CORE, RESIDENT
from graphwalk.storage.partitions.spec import (
    PartitionSpec,
    entry_bytes,
    partition_bytes,
    row_start_type,
)
from graphwalk.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphwalk.scheduler.engine.walker_sizes import WalkerSizes
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.executor import Resources
    from graphwalk.walk_spec import WalkSpec

#: A walker has 32 bits for its position in its group's part of the result.
GROUP_ITEMS = 1 << 32

_MIB = 1 << 20

#: Fraction of the memory of all machines for the graph; walkers and steps take the rest.
GRAPH_SHARE = 0.6

#: Rows that are read singly take one such part of the memory at most. Out of core, node2vec takes 4
#: to 5 times the CPU time of walks in memory where they take a sixth, 3 to 4 times without hubs,
#: and 8 to 9 times where they take a third.
HUB_PART = 5

#: Fractions of the free memory to cut partitions for, tried until the largest fits.
_SHARES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5, 0.0)

#: Bytes for a record while it is sorted by its position.
_PLACE = 8

#: Bytes for a walker of a block while its start node and number are computed, with temporaries.
_NUMBERS = 4 * 8


def plan_job(
    graph: GraphArrays,
    spec: WalkSpec,
    num_walks: int,
    chunks: Any,
    resources: Resources,
    partitions: int | None = None,
    *,
    every_node: bool = False,
    sizes: WalkerSizes | None = None,
) -> WalkPlan:
    """Return the plan of `num_walks` walks on `graph`.

    Reads only the offsets at which the graph is cut.

    Parameters
    ----------
    num_walks : int
        Walks from all start nodes together.
    chunks : "auto", int, str or tuple
        Rows of a block (an int), its size (text such as ``"64 MiB"``), or Dask's chunks of an
        array of the result's shape.
    partitions : int, optional
        About how many partitions to cut the graph into; by default as few as fit.
    every_node : bool
        Whether walks start at every node, or at every node of a range. Then the number of walks
        that end at their start node is known.
    sizes : WalkerSizes, optional
        How many walkers and steps are processed at a time, in place of what is fast.

    Raises
    ------
    InputError
        When `chunks` is not valid or splits walks.
    MemoryBudgetError
        When the job does not fit in the memory.
    """
    shape = (num_walks, spec.walk_length + 1)

    def whole_within(memory: int) -> WalkPlan:
        return _whole_plan(graph, spec, shape, chunks, replace(resources, memory=memory))

    whole = whole_within(resources.memory)
    fits = whole.peak_memory <= resources.memory
    if (partitions is None and fits) or partitions == 1 or graph.num_entries == 0:
        return whole
    if spec.walk_length == 0:
        return whole
    walkers = num_walks
    if every_node and spec.ends_if_isolated:
        moving = graph.num_nodes - graph.sinks
        walkers = min(num_walks, moving * spec.num_walks)
    planner = _PartitionedPlanner(graph, spec, whole, walkers, partitions, fits, sizes)
    try:
        return planner.plan()
    except _TooLittleError as error:
        enough = min(error.needed, _enough_for(whole_within, error.needed))
        raise planner.refusal(enough, error.why) from None


def _enough_for(whole_within: Callable[[int], WalkPlan], most: int) -> int:
    """Return memory in which the whole graph fits, or `most` where it takes no less.

    Blocks are larger where there is more memory.
    """
    memory = 0
    while (needed := whole_within(memory).peak_memory) > memory:
        memory = _MIB * -(-needed // _MIB)
        if memory >= most:
            return most
    return memory


class _TooLittleError(Exception):
    """A graph in partitions takes more memory than there is."""

    def __init__(self, needed: int, why: str = "") -> None:
        self.needed, self.why = -(-needed // _MIB) * _MIB, why


def _whole_plan(
    graph: GraphArrays, spec: WalkSpec, shape: tuple[int, int], chunks: Any, resources: Resources
) -> WalkPlan:
    """Return the plan of a graph that is one partition."""
    size = partition_bytes(graph, PartitionSpec.of(spec)) + kinds_bytes(graph, spec)
    rows = block_rows(shape, graph.neighbor_dtype, chunks, resources.memory)
    block = max(rows, default=0) * shape[1] * graph.neighbor_dtype.itemsize
    buffers = resources.workers * thread_bytes(graph)
    walkers = min(resources.workers, len(rows)) * max(rows, default=0)
    blocks = _blocks_at_once(len(rows), resources) * block
    walking = size + blocks + walkers * _NUMBERS
    if spec.temporal:
        walking += min(resources.workers, len(rows)) * scratch_bytes(graph.neighbor_dtype)
    return WalkPlan(
        spec=spec,
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
        peak_memory=buffers + max(reading_peak(graph, spec, resources.workers), walking),
        resources=resources,
    )


def _blocks_at_once(blocks: int, resources: Resources) -> int:
    """Return how many blocks are in memory: one in use, others waiting or being made."""
    return min(2 * resources.workers + 1, blocks)


class _Needs(NamedTuple):
    """The memory that walkers take, and how they are divided.

    Attributes
    ----------
    groups : tuple of int
        Blocks of each group.
    spill : bool
        Whether steps are kept in files.
    state : int
        Bytes of walkers.
    waiting : int
        Bytes of finished steps while walkers advance.
    after : int
        Bytes of blocks afterwards, when partitions have been freed.
    """

    groups: tuple[int, ...]
    spill: bool
    state: int
    waiting: int
    after: int


class _PartitionedPlanner:
    """Divides a graph that does not fit, and its walkers."""

    def __init__(
        self,
        graph: GraphArrays,
        spec: WalkSpec,
        whole: WalkPlan,
        walkers: int,
        partitions: int | None,
        fits: bool,
        sizes: WalkerSizes | None,
    ) -> None:
        self.graph, self.spec, self.whole, self.partitions = graph, spec, whole, partitions
        self.walkers = walkers
        self._offsets: dict[int, int] = {}
        self.memory, self.workers = whole.resources.memory, whole.resources.workers
        self.readers = self.workers + 1  # threads that wait for a partition help to read it
        self.machines = whole.resources.machines
        self.walker = walker_dtype(
            whole.dtype, second_order=spec.second_order, temporal=spec.temporal
        ).itemsize
        self.resident = fits or self._fits_on_all_machines()
        self.sizes = sizes or (RESIDENT if self.resident else OUT_OF_CORE)
        #: Batches that walk at the same time: one on each machine, if each reads by itself.
        self.at_once = 1
        if not self.resident:
            self.workers = max(1, self.workers // self.machines)
            self.readers = self.workers + 1
            self.at_once = min(self.machines, max(1, walkers // self.sizes.smallest_group))
        self.entry = entry_bytes(graph, PartitionSpec.of(spec), filtered=self.resident)
        self.log = walker_dtype(whole.dtype).itemsize

    def plan(self) -> WalkPlan:
        """Return the plan."""
        hubs = 0 if self.resident else HUB_PART * self._single_rows_bytes()
        if hubs > self.memory:
            raise _TooLittleError(hubs, f", since one row has {self.graph.max_degree:,} entries")
        smallest = self._smallest()
        batches = self.at_once
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
            sizes=self.sizes,
            peak_memory=needs.state
            + needs.waiting
            + max(self._rows_bytes(nodes, ahead), needs.after),
        )

    def _leaves_enough(self, needs: _Needs, smallest: int) -> bool:
        """Return whether partitions and the walkers of a batch fit in memory together."""
        walkers = needs.state + needs.waiting
        if not self.resident:
            return walkers + max(smallest, self.memory // 5) <= self.memory
        return self.machines == 1 or walkers + self.whole.graph_bytes <= self.machines * self.memory

    def _needs(self, batches: int) -> _Needs:
        """Return the memory of walkers in `batches` batches, without partitions."""
        walks, width = self.whole.shape
        groups = self._group_blocks(batches)
        in_batch = -(-walks // batches)
        walkers = min(in_batch, self.walkers)
        # A slice has arrays of walkers that arrive, that stay (before and after), that leave, and
        # that leave without a proposal; and the destinations of the last.
        slices = min(self.workers * self.sizes.batch, walkers) * (5 * self.walker + _PLACE)
        scratch = slices + self.workers * (self.sizes.log * self.log + thread_bytes(self.graph))
        # A walker is in one queue, and the last page of each queue is not full.
        state = scratch + walkers * self.walker * 5 // 4 + kinds_bytes(self.graph, self.spec)
        state += 0 if self.resident else self._single_rows_bytes()
        output = in_batch * width * self.whole.dtype.itemsize
        # The caller may still hold the blocks of a batch while the next batch walks.
        alone = batches <= self.at_once
        kept = output if alone else 2 * output
        if self.resident or kept <= self.memory // 4:
            return _Needs(groups, False, state, kept, 0)
        # Steps are sorted by block before they are written to files. They become blocks when
        # partitions are no longer needed, except by the next batch.
        block = max(self.whole.block_rows, default=0) * width * self.whole.dtype.itemsize
        blocks = _blocks_at_once(len(self.whole.block_rows), self.whole.resources) * block
        logs = self.workers * self.sizes.log * (self.log + _PLACE)
        return _Needs(groups, True, state, logs if alone else max(blocks, logs), blocks)

    def _single_rows_bytes(self) -> int:
        """Return the memory of rows that are read singly, the longest row among them.

        A second-order step that is drawn with all rows at hand reads it a second time.
        """
        layout, copies = PartitionSpec.of(self.spec), 2 if self.spec.second_order else 1
        entries = copies * self.graph.max_degree
        derived = deriving_bytes(self.graph, entries, layout, 1)
        return self.workers * (entries * self.entry + values_bytes(entries, layout) + derived)

    def _fits_on_all_machines(self) -> bool:
        return (
            self.machines > 1
            and self.whole.graph_bytes <= GRAPH_SHARE * self.machines * self.memory
        )

    def _group_blocks(self, batches: int) -> tuple[int, ...]:
        """Return how many blocks each group has."""
        rows, width = self.whole.block_rows, self.whole.shape[1]
        walks = sum(rows)
        full = walks // batches // self.sizes.smallest_group
        wanted = batches * max(1, min(self._riders(), full))
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
        # A group is in all partitions at the same time; with several groups, one can advance
        # while another is moved.
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
        raise _TooLittleError(self.memory - free + smallest)

    def refusal(self, needed: int, why: str) -> MemoryBudgetError:
        """Return an error that names memory that is enough."""
        return MemoryBudgetError(
            f"{self.graph.path}: these walks take at least {format_size(needed)} of memory{why}, "
            f"but the budget is {format_size(self.memory)}; pass "
            f"{argument('memory', format_size(needed))} or more, or fewer start nodes at a time"
        )

    def _rows_bytes(self, nodes: list[range], ahead: bool) -> int:
        """Return the memory of the partitions held at a time, of which one is being read."""
        if self.resident:
            return self.whole.graph_bytes + self._reading_bytes(nodes)
        at_once = 2 if ahead else 1
        entries = at_once * max(map(self._entries, nodes))
        deriving = deriving_bytes(self.graph, entries, PartitionSpec.of(self.spec), self.readers)
        buffers = thread_bytes(self.graph) if ahead else 0
        return at_once * self._largest(nodes) + deriving + buffers

    def _reading_bytes(self, nodes: list[range]) -> int:
        """Return the temporary memory of reading as many partitions as are read at a time."""
        if self.machines > 1:
            return 0  # this memory is outside the object stores
        entries, rows = max(map(self._entries, nodes)), max(map(len, nodes))
        layout, at_once = PartitionSpec.of(self.spec), min(self.workers, len(nodes))
        deriving = deriving_bytes(self.graph, at_once * entries, layout, at_once * self.workers)
        return at_once * (values_bytes(entries, layout) + (rows + 1) * OFFSET) + deriving

    @property
    def _chunk(self) -> int:
        return self.graph.chunk_length("neighbors")

    @property
    def _node_bytes(self) -> int:
        kinds = PartitionSpec.of(self.spec).kinds
        return row_start_type(self.graph).itemsize * (kinds if kinds == 1 else kinds + 1) + OFFSET

    def _partitions(self, size: int, *, whole: bool) -> list[range]:
        """Cut the graph into partitions of about `size` bytes; if `whole`, of whole chunks."""
        graph = self.graph
        bytes_ = graph.num_entries * self.entry + graph.num_nodes * self._node_bytes
        entries = max(1, size * graph.num_entries // bytes_)
        if whole:
            entries = max(self._chunk, entries // self._chunk * self._chunk)
        return graph.cut(entries, max(1, size // self._node_bytes))

    def _offset(self, node: int) -> int:
        if node not in self._offsets:
            self._offsets[node] = self.graph.read_offset(node)
        return self._offsets[node]

    def _smallest(self) -> int:
        """Return the most memory that a smallest partition can take: a chunk and a row."""
        row = self.graph.max_degree
        entries = self._chunk + row
        values = values_bytes(entries, PartitionSpec.of(self.spec))
        deriving = deriving_bytes(self.graph, entries, PartitionSpec.of(self.spec), self.readers)
        # The same for row starts: a partition of many short rows is limited to as many bytes.
        return self.entry * (entries + self._chunk) + values + deriving

    def _largest(self, nodes: list[range]) -> int:
        return max(map(self._size, nodes))

    def _entries(self, nodes: range) -> int:
        return self._offset(nodes.stop) - self._offset(nodes.start)

    def _size(self, nodes: range) -> int:
        """Return the bytes of a partition while it is read, which is its peak."""
        entries = self._entries(nodes)
        rows = (len(nodes) + 1) * self._node_bytes
        return entries * self.entry + rows + values_bytes(entries, PartitionSpec.of(self.spec))


def _spread(items: int, parts: int) -> tuple[int, ...]:
    """Return the sizes of `parts` parts, which differ by at most one."""
    if items == 0:
        return ()
    small, more = divmod(items, parts)
    return (small + 1,) * more + (small,) * (parts - more)
