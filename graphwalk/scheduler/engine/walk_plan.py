"""The plan of a job of random walks, as a plain value."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from graphwalk.scheduler.engine.walker_sizes import OUT_OF_CORE, WalkerSizes
from graphwalk.units import count_of, format_size
from graphwalk.util.html_table import Tabular

if TYPE_CHECKING:
    import numpy as np

    from graphwalk.scheduler.engine.blocks import BlockRows
    from graphwalk.util.executor import Resources
    from graphwalk.walk_spec import WalkSpec


#: Proposals for a step after which the rows that decide are read.
_MOST_ATTEMPTS = 64


def expected_waves(spec: WalkSpec, partitions: int, *, at_once: bool) -> int:
    """Return about how many waves walkers take in a graph without locality.

    The next node of a walker is in each partition with the same probability. On average, half of
    the other partitions are still to come in a wave, so a walker enters two partitions in a wave.
    If all partitions are processed at the same time, it enters one.
    """
    trips = spec.walk_length * (1 - 1 / partitions) / (1 if at_once else 2)
    if spec.second_order:
        # A walker whose proposal is rejected in another partition returns from there. How often
        # depends on triangles: R-MAT graphs take less, and directed ones more.
        trips *= 1 + abs(1 - min(spec.q, _MOST_ATTEMPTS))
    return max(1, round(trips))


@dataclass(frozen=True)
class WalkPlan(Tabular):
    """The partitions, blocks, groups and memory of a job. Made by `graphwalk.plan_walks`.

    Attributes
    ----------
    spec : WalkSpec
        The rules that all walkers follow.
    dtype : dtype
        Type of the result; with edges of a step, a record of a node and the edge that led there.
    block_rows : sequence of int
        Walkers of each block of the result.
    group_blocks : tuple of int
        Blocks of each group; walkers of a group move through the partitions together.
    batch_groups : tuple of int
        Groups of each batch; the groups of a batch share what is read of the graph.
    partitions : tuple of range
        The nodes of each partition.
    offsets : tuple of int
        The first entry of each partition in the store, and the number of entries.
    largest_partition : int
        Bytes of the largest partition in memory.
    resident : bool
        Whether partitions stay in memory after they were read; otherwise each wave reads them
        again.
    ahead : bool
        Whether the next partition is read while walkers advance in another one.
    spill : bool
        Whether steps are kept in temporary files until their block is made, because the result is
        too large for the memory.
    graph_bytes : int
        Bytes of the whole graph in memory.
    peak_memory : int
        Expected peak memory of a process in bytes, without the interpreter, its libraries and
        the result of ``compute()``. On Ray, the bytes in the object stores of all machines.
    resources : Resources
        The resources that the job may use.
    sizes : WalkerSizes
        How many walkers and steps are processed at a time, if there are several partitions.
    walkers : int
        Walkers that move: those that start at a node without neighbours do not, if walks start at
        every node.
    naming_bytes : int
        Bytes of the peak that naming the nodes of walks takes while they are written.
    copies : int
        How many batches walk at the same time through copies of the partitions, which several
        machines keep in memory.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
    >>> plan = graphwalk.plan_walks(graph, num_walks=2, walk_length=5, memory="1 GiB")
    >>> plan.shape, len(plan.partitions)
    ((6, 6), 1)
    """

    spec: WalkSpec
    dtype: np.dtype[Any]
    block_rows: BlockRows
    group_blocks: tuple[int, ...]
    batch_groups: tuple[int, ...]
    partitions: tuple[range, ...]
    offsets: tuple[int, ...]
    largest_partition: int
    resident: bool
    ahead: bool
    spill: bool
    graph_bytes: int
    peak_memory: int
    resources: Resources
    walkers: int
    sizes: WalkerSizes = OUT_OF_CORE
    naming_bytes: int = 0
    copies: int = 1

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the result: walkers, nodes of a walk."""
        return self.block_rows.total, self.spec.walk_length + 1

    @property
    def result_bytes(self) -> int:
        """Bytes of the result."""
        return self.shape[0] * self.shape[1] * self.dtype.itemsize

    @property
    def batch_blocks(self) -> list[range]:
        """The blocks of each batch of walkers."""
        groups = [0, *accumulate(self.batch_groups)]
        blocks = [0, *accumulate(self.group_blocks)]
        return [range(blocks[first], blocks[stop]) for first, stop in pairwise(groups)]

    @property
    def walkers_at_once(self) -> int:
        """The largest number of walks that are computed at a time."""
        if len(self.partitions) == 1:
            return min(self.resources.workers, len(self.block_rows)) * max(
                self.block_rows, default=0
            )
        batches = ((batch.start, batch.stop) for batch in self.batch_blocks)
        return max(self.block_rows[first:stop].total for first, stop in batches)

    @property
    def num_tasks(self) -> int:
        """About how many tasks read a partition, advance walkers in one, or make a block."""
        blocks, groups, batches = map(len, (self.block_rows, self.group_blocks, self.batch_groups))
        if len(self.partitions) == 1:
            return blocks + 1
        reads = len(self.partitions) * batches * (1 if self.resident else self.waves)
        return blocks + groups * (1 + self.waves * len(self.partitions)) + reads

    @property
    def waves(self) -> int:
        """About how many passes over all partitions a graph without locality takes."""
        if len(self.partitions) == 1:
            return 0
        return expected_waves(self.spec, len(self.partitions), at_once=self.at_once)

    @property
    def at_once(self) -> bool:
        """Whether all partitions are processed at the same time, as on several machines."""
        return self.resident and self.resources.machines > 1

    @property
    def batches_at_once(self) -> int:
        """How many batches walk at a time: on each machine that reads for itself, or each copy."""
        return self.copies if self.resident else self.resources.hosts

    @property
    def bytes_read(self) -> int:
        """About how many decoded bytes of the graph are read."""
        return self.graph_bytes * len(self.batch_groups) * (1 if self.resident else self.waves)

    def table(self) -> list[tuple[str, str]]:
        """Return what ``print(plan)`` shows: pairs of a name and a value, both text.

        Examples
        --------
        >>> import graphwalk
        >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
        >>> graphwalk.plan_walks(graph, num_walks=2, walk_length=5).table()[0]
        ('walks', '6 of 5 steps, first order')
        """
        walks, width = self.shape
        where = "stay in memory" if self.resident else "are read in each wave"
        where += f", in {self.copies} copies" if self.copies > 1 else ""
        blocks = count_of(len(self.block_rows), "block")
        lines = [
            ("walks", f"{walks:,} of {count_of(width - 1, 'step')}, {self.spec.kind}"),
            ("result", f"{format_size(self.result_bytes)} in {blocks}"),
            ("graph in memory", format_size(self.graph_bytes)),
            (
                "partitions",
                f"{len(self.partitions):,} of up to {format_size(self.largest_partition)}, "
                f"which {where}",
            ),
        ]
        if self.waves:
            batches, groups = len(self.batch_groups), len(self.group_blocks)
            parts = f"{count_of(batches, 'batch', 'batches')}, {count_of(groups, 'group')}"
            lines += [
                ("waves", f"about {self.waves:,}"),
                ("walkers", f"{self.walkers_at_once:,} at a time; {parts}"),
            ]
        return [
            *lines,
            ("tasks", f"about {self.num_tasks:,} on {count_of(self.resources.workers, 'worker')}"),
            ("read", format_size(self.bytes_read)),
            ("peak memory", f"{format_size(self.peak_memory)} of {self._memory()}"),
        ]

    def _memory(self) -> str:
        memory = format_size(self.resources.memory)
        return f"{memory} on each of {self.resources.machines} machines" if self.at_once else memory
