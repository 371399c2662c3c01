"""How a job is divided into partitions, blocks, groups and batches, so that it fits in memory."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any

from graphwalk.errors import MemoryBudgetError, argument
from graphwalk.scheduler.engine.blocks import block_rows
from graphwalk.scheduler.engine.memory_model import (
    blocks_at_once,
    kept_bytes,
    marks_bytes,
    reading_peak,
    thread_bytes,
)
from graphwalk.scheduler.engine.partitioned_planner import (
    GRAPH_SHARE,
    MIB,
    PartitionedPlanner,
    TooLittleError,
)
from graphwalk.scheduler.engine.result_dtype import result_dtype
from graphwalk.scheduler.engine.walk_plan import WalkPlan
from graphwalk.scheduler.engine.walk_temporal import scratch_bytes
from graphwalk.storage.partitions.spec import (
    PartitionSpec,
    partition_bytes,
)
from graphwalk.units import format_size

if TYPE_CHECKING:
    from graphwalk.scheduler.engine.walker_sizes import WalkerSizes
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.executor import Resources
    from graphwalk.walk_spec import WalkSpec


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
    naming_bytes: int = 0,
    reserved: int = 0,
    keeps_steps: bool = True,
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
    naming_bytes : int
        Memory that is taken to name the nodes of walks while these are written.
    reserved : int
        Bytes of the memory that others need; the plan has the rest. They must be free, also where
        the number of partitions is given.
    keeps_steps : bool
        Whether steps are kept until they are blocks, and not added to something at once.

    Raises
    ------
    InputError
        When `chunks` is not valid or splits walks.
    MemoryBudgetError
        When the job does not fit in the memory.
    """
    walkers = num_walks
    if every_node and spec.ends_if_isolated:
        moving = graph.num_nodes - graph.sinks
        walkers = min(num_walks, moving * spec.num_walks)
    shape = (num_walks, spec.walk_length + 1)
    walks = _Walks(graph, spec, shape, walkers, chunks, resources, sizes, keeps_steps)
    budget, others = resources.memory, naming_bytes + reserved
    fits = budget >= reserved
    try:
        plan = walks.within(max(1, budget - others), partitions if fits else None)
        if fits:
            return with_naming(plan, naming_bytes)
        needed, why = walks.whole_fits_in(inf), ""
    except TooLittleError as error:
        needed, why = walks.enough(error.needed), error.why
    enough, other = f"{-(-(needed + others) // MIB)} MiB", "fewer start nodes at a time"
    if naming_bytes:
        why += f", of which their nodes' labels take {format_size(naming_bytes)}"
        other += ", or write .zarr or .npy, which hold the numbers of nodes"
    if reserved:
        why += f", of which what is made of them takes {format_size(reserved)}"
    raise MemoryBudgetError(
        f"{graph.path}: these walks take at least {enough} of memory{why}, but the budget is "
        f"{format_size(budget)}; pass {argument('memory', enough)} or more, or {other}"
    )


def with_naming(plan: WalkPlan, naming_bytes: int) -> WalkPlan:
    """Return a plan that was made for what naming nodes leaves of the memory."""
    total = replace(plan.resources, memory=plan.resources.memory + naming_bytes)
    peak = plan.peak_memory + naming_bytes
    return replace(plan, resources=total, peak_memory=peak, naming_bytes=naming_bytes)


@dataclass(frozen=True)
class _Walks:
    """Walks to be planned in some memory or other."""

    graph: GraphArrays
    spec: WalkSpec
    shape: tuple[int, int]
    walkers: int
    chunks: Any
    resources: Resources
    sizes: WalkerSizes | None
    keeps_steps: bool

    def whole(self, memory: int) -> WalkPlan:
        """Return the plan of the graph as one partition, whether it fits or not."""
        graph, spec, shape = self.graph, self.spec, self.shape
        size = partition_bytes(graph, PartitionSpec.of(spec)) + marks_bytes(graph, spec)
        dtype = result_dtype(graph.neighbor_dtype, graph.num_entries, spec)
        rows = block_rows(shape, dtype, self.chunks, memory)
        block = max(rows, default=0) * shape[1] * dtype.itemsize
        workers = self.resources.machine_workers
        buffers = workers * thread_bytes(graph)
        walkers = min(workers, len(rows)) * max(rows, default=0)
        blocks = blocks_at_once(len(rows), workers) * block
        walking = size + blocks + walkers * _NUMBERS
        walking += kept_bytes(graph, PartitionSpec.of(spec), workers)
        if spec.temporal:
            walking += min(workers, len(rows)) * scratch_bytes(dtype)
        return WalkPlan(
            spec=spec,
            dtype=dtype,
            block_rows=rows,
            group_blocks=(len(rows),),
            batch_groups=(1,),
            partitions=(range(graph.num_nodes),),
            offsets=(0, graph.num_entries),
            largest_partition=size,
            resident=True,
            ahead=False,
            spill=False,
            graph_bytes=size,
            peak_memory=buffers + max(reading_peak(graph, spec, workers), walking),
            resources=replace(self.resources, memory=memory),
            walkers=self.walkers,
        )

    def within(self, memory: int, partitions: int | None = None) -> WalkPlan:
        """Return the plan; raises TooLittleError."""
        graph, spec, whole = self.graph, self.spec, self.whole(memory)
        fits = whole.peak_memory <= memory
        if (partitions is None and fits) or partitions == 1 or graph.num_entries == 0:
            return whole
        if spec.walk_length == 0:
            return whole
        how = graph, spec, whole, partitions, self.sizes, self.keeps_steps
        machines = self.resources.machines
        on_all = machines > 1 and whole.graph_bytes <= GRAPH_SHARE * machines * memory
        if fits or on_all:
            with suppress(TooLittleError):  # walkers take too much, or a machine has too much
                return PartitionedPlanner(*how, resident=True).plan()
        return PartitionedPlanner(*how, resident=False).plan()

    def enough(self, guess: int) -> int:
        """Return memory that is enough, `guess` or more unless the whole graph fits in less."""
        enough = self.whole_fits_in(guess)
        while True:  # where there is more memory, more is kept in it
            try:
                self.within(enough)
            except TooLittleError as error:
                enough = max(error.needed, enough + MIB)
            else:
                return enough

    def whole_fits_in(self, most: float) -> int:
        """Return memory in which the whole graph fits, or `most` where it takes no less.

        Blocks are larger where there is more memory.
        """
        memory = 0
        while (needed := self.whole(memory).peak_memory) > memory:
            memory = MIB * -(-needed // MIB)
            if memory >= most:
                return int(most)
        return memory
