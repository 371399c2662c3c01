"""How a graph that does not fit in memory, and its walkers, are divided."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from graphwalk.errors import InputError
from graphwalk.kernels.walk.steps import walker_dtype
from graphwalk.scheduler.engine.memory_model import (
    blocks_at_once,
    marks_bytes,
    thread_bytes,
)
from graphwalk.scheduler.engine.partition_cutter import PartitionCutter
from graphwalk.scheduler.engine.result_dtype import recorded_edge
from graphwalk.scheduler.engine.walker_sizes import OUT_OF_CORE, RESIDENT
from graphwalk.storage.partitions.spec import (
    PartitionSpec,
)

if TYPE_CHECKING:
    from graphwalk.scheduler.engine.walk_plan import WalkPlan
    from graphwalk.scheduler.engine.walker_sizes import WalkerSizes
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.walk_spec import WalkSpec

#: Entries that are read in the time of a step that tasks make: reading a copy of a graph takes less
#: time than the steps that are made in it.
_READ_AS_A_STEP = 16

#: Tasks that advance walkers on a machine at a time, if each can have several threads: with fewer
#: tasks, cores wait for the longest of them; with more, all wait for the process that submits them.
TASKS_OF_MACHINE = 4

#: A walker has 32 bits for its position in its group's part of the result.
GROUP_ITEMS = 1 << 32

MIB = 1 << 20

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


class TooLittleError(Exception):
    """A graph in partitions takes more memory than there is."""

    def __init__(self, needed: int, why: str = "") -> None:
        self.needed, self.why = -(-needed // MIB) * MIB, why


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


class PartitionedPlanner:
    """Divides a graph, which stays in memory (`resident`) or is read again, and its walkers."""

    def __init__(
        self,
        graph: GraphArrays,
        spec: WalkSpec,
        whole: WalkPlan,
        partitions: int | None,
        sizes: WalkerSizes | None,
        keeps_steps: bool,
        *,
        resident: bool,
    ) -> None:
        self.graph, self.spec, self.whole, self.partitions = graph, spec, whole, partitions
        self.walkers, self.keeps_steps = whole.walkers, keeps_steps
        self.memory, self.workers = whole.resources.memory, whole.resources.workers
        self.machines = whole.resources.machines
        node, edge = graph.neighbor_dtype, recorded_edge(graph.num_entries, spec)
        self.walker = walker_dtype(
            node,
            edge if spec.second_order else None,
            second_order=spec.second_order,
            temporal=spec.temporal,
        ).itemsize
        self.resident = resident
        self.sizes = sizes or (RESIDENT if self.resident else OUT_OF_CORE)
        if self.resident and self.machines > 1:
            threads = self.workers // self.machines // TASKS_OF_MACHINE
            self.sizes = replace(self.sizes, threads=max(1, threads))
        #: Batches that walk at the same time: one on each machine, if each reads by itself, and one
        #: in each copy of a graph that stays in the memory of several machines.
        self.at_once = 1
        if not self.resident:
            self.workers = max(1, self.workers // whole.resources.hosts)
            self.at_once = min(
                whole.resources.hosts, max(1, self.walkers // self.sizes.smallest_group)
            )
        self.parts = PartitionCutter(
            graph,
            PartitionSpec.of(spec),
            whole.graph_bytes,
            self.workers,
            self.machines,
            resident=self.resident,
        )
        self.log = walker_dtype(node, edge).itemsize
        #: Partitions by the machines of a copy, since finding where they end reads the store.
        self._kept: dict[int, list[range]] = {}

    def plan(self) -> WalkPlan:
        """Return the plan; raises TooLittleError."""
        hubs = 0 if self.resident else HUB_PART * self.parts.single_rows_bytes()
        if hubs > self.memory:
            raise TooLittleError(hubs, f", since one row has {self.graph.max_degree:,} entries")
        smallest = self.parts.smallest()
        needs, batches = self._divide(smallest)
        if self.resident and self.machines > 1 and self.partitions is None:
            needs, batches = self._in_copies(needs, batches, smallest)
        if self.resident and not self._leaves_enough(needs, smallest):
            raise TooLittleError(self.memory)
        nodes, ahead = self._cut(self.memory - needs.state - needs.waiting, smallest)
        per_batch = -(-len(needs.groups) // batches)
        return replace(
            self.whole,
            group_blocks=needs.groups,
            batch_groups=_spread(len(needs.groups), -(-len(needs.groups) // per_batch)),
            partitions=tuple(nodes),
            offsets=(0, *(self.parts.offset(part.stop) for part in nodes)),
            largest_partition=self.parts.largest(nodes),
            resident=self.resident,
            ahead=ahead,
            spill=needs.spill,
            sizes=self.sizes,
            peak_memory=needs.state
            + needs.waiting
            + max(self.copies * self.parts.rows_bytes(nodes, ahead), needs.after),
            copies=self.copies,
        )

    @property
    def copies(self) -> int:
        """How many copies of a graph that stays in memory there are."""
        return self.at_once if self.resident else 1

    def _divide(self, smallest: int) -> tuple[_Needs, int]:
        """Return the memory of walkers, in as few batches as fit, and the number of batches."""
        batches = self.at_once
        while True:
            needs = self._needs(batches)
            if batches >= len(needs.groups) or self._leaves_enough(needs, smallest):
                return needs, batches
            batches *= 2

    def _in_copies(self, needs: _Needs, batches: int, smallest: int) -> tuple[_Needs, int]:
        """Return the same with as many copies of the graph as leave walkers the memory they need.

        In each copy, a batch walks through fewer partitions: a task that moves walkers has a piece
        for each of them, and fewer walkers leave their machine.
        """
        steps = self.walkers * self.spec.walk_length
        each = ceil(self.whole.graph_bytes / (GRAPH_SHARE * self.memory))
        most = min(self.machines // each, _READ_AS_A_STEP * steps // self.graph.num_entries)
        for copies in range(min(most, self.walkers // self.sizes.smallest_group), 1, -1):
            self.at_once = copies
            found, count = self._divide(smallest)
            if count <= copies * batches and self._leaves_enough(found, smallest):
                return found, count
        self.at_once = 1
        return needs, batches

    def _leaves_enough(self, needs: _Needs, smallest: int) -> bool:
        """Return whether partitions and the walkers of a batch fit in memory together."""
        walkers = needs.state + needs.waiting
        if not self.resident:
            return walkers + max(smallest, self.memory // 5) <= self.memory
        if self.machines == 1:
            return True
        nodes = self._kept_parts()
        # A small graph has fewer partitions than there are machines, and walkers are where it is.
        count = self.copies * len(nodes)
        machines = min(self.machines, count)
        each = ceil(count / machines) * self.parts.largest_kept(nodes)
        return walkers <= machines * (self.memory - each)

    def _needs(self, batches: int) -> _Needs:
        """Return the memory of walkers in `batches` batches, without partitions."""
        walks, width = self.whole.shape
        groups = self._group_blocks(batches)
        in_batch = -(-walks // batches) * self.copies  # those of all copies are in memory
        walkers = min(in_batch, self.walkers)
        # A slice has arrays of walkers that arrive, that stay (before and after), that leave, and
        # that leave without a proposal; and the destinations of the last.
        slices = min(self.workers * self.sizes.batch, walkers) * (5 * self.walker + _PLACE)
        scratch = slices + self.workers * (self.sizes.log * self.log + thread_bytes(self.graph))
        # A walker is in one queue, and the last page of each queue is not full.
        state = scratch + walkers * self.walker * 5 // 4 + marks_bytes(self.graph, self.spec)
        state += 0 if self.resident else self.parts.single_rows_bytes()
        if not (self.keeps_steps or self.resident):
            return _Needs(groups, False, state, 0, 0)
        output = in_batch * width * self.whole.dtype.itemsize
        # The caller may still hold the blocks of a batch while the next batch walks.
        alone = batches <= self.at_once
        kept = output if alone else 2 * output
        if self.resident or kept <= self.memory // 4:
            return _Needs(groups, False, state, kept, 0)
        # Steps are sorted by block before they are written to files. They become blocks when
        # partitions are no longer needed, except by the next batch.
        block = max(self.whole.block_rows, default=0) * width * self.whole.dtype.itemsize
        blocks = blocks_at_once(len(self.whole.block_rows), self.workers) * block
        logs = self.workers * self.sizes.log * (self.log + _PLACE)
        return _Needs(groups, True, state, logs if alone else max(blocks, logs), blocks)

    def _group_blocks(self, batches: int) -> tuple[int, ...]:
        """Return how many blocks each group has."""
        rows, width = self.whole.block_rows, self.whole.shape[1]
        walks = rows.total
        full = walks // batches // self.sizes.smallest_group
        wanted = batches * max(1, min(self._riders(), full))
        wanted = max(wanted, -(-walks * width // (GROUP_ITEMS // 2)))
        groups = _spread(len(rows), min(wanted, max(1, len(rows))))
        most, first = 0, 0
        for blocks in groups:
            most = max(most, rows[first : first + blocks].total)
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
        partitions = self.copies * (self.partitions or self._machines_of_copy)
        return max(2, ceil(self.workers / self.sizes.threads / partitions))

    @property
    def _machines_of_copy(self) -> int:
        return self.machines // self.copies

    def _kept_parts(self) -> list[range]:
        """Return partitions that stay in memory, or that the caller has asked for."""
        machines = self._machines_of_copy
        if machines not in self._kept:
            self._kept[machines] = (
                self.parts.cut_into(machines)
                if self.partitions is None
                else self.parts.cut(self.whole.graph_bytes // self.partitions + 1, whole=False)
            )
        return self._kept[machines]

    def _cut(self, free: int, smallest: int) -> tuple[list[range], bool]:
        """Return the partitions, and whether two fit at a time."""
        if self.resident or self.partitions is not None:
            nodes = self._kept_parts()
            return nodes, not self.resident and self.parts.rows_bytes(nodes, True) <= free
        for ahead in (True, False):
            size = (free - thread_bytes(self.graph)) // 2 if ahead else free
            if size < 1:
                continue
            # Partitions end with whole chunks and rows, and are larger while they are read.
            for share in _SHARES:
                wanted = max(self.parts.smallest_size, int(share * size))
                nodes = self.parts.cut(wanted, whole=True)
                if self.parts.rows_bytes(nodes, ahead) <= free:
                    return nodes, ahead
        raise TooLittleError(self.memory - free + smallest)


def _spread(items: int, parts: int) -> tuple[int, ...]:
    """Return the sizes of `parts` parts, which differ by at most one."""
    if items == 0:
        return ()
    small, more = divmod(items, parts)
    return (small + 1,) * more + (small,) * (parts - more)
