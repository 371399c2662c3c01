"""How a job is divided into partitions, blocks, groups and batches, so that it fits in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphwalk.scheduler.engine.blocks import block_rows
from graphwalk.scheduler.engine.memory_model import (
    blocks_at_once,
    marks_bytes,
    reading_peak,
    thread_bytes,
)
from graphwalk.scheduler.engine.partitioned_planner import MIB, PartitionedPlanner, TooLittleError
from graphwalk.scheduler.engine.walk_plan import WalkPlan
from graphwalk.scheduler.engine.walk_temporal import scratch_bytes
from graphwalk.storage.partitions.spec import (
    PartitionSpec,
    partition_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Callable

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

    Raises
    ------
    InputError
        When `chunks` is not valid or splits walks.
    MemoryBudgetError
        When the job does not fit in the memory.
    """
    shape = (num_walks, spec.walk_length + 1)
    budget = max(0, resources.memory - naming_bytes)

    def whole_within(memory: int) -> WalkPlan:
        return _whole_plan(graph, spec, shape, chunks, replace(resources, memory=memory))

    whole = whole_within(budget)
    fits = whole.peak_memory <= budget
    if (partitions is None and fits) or partitions == 1 or graph.num_entries == 0:
        return with_naming(whole, naming_bytes)
    if spec.walk_length == 0:
        return with_naming(whole, naming_bytes)
    walkers = num_walks
    if every_node and spec.ends_if_isolated:
        moving = graph.num_nodes - graph.sinks
        walkers = min(num_walks, moving * spec.num_walks)
    planner = PartitionedPlanner(graph, spec, whole, walkers, partitions, fits, sizes)
    try:
        return with_naming(planner.plan(), naming_bytes)
    except TooLittleError as error:
        enough = min(error.needed, _enough_for(whole_within, error.needed))
        raise planner.refusal(enough, error.why, resources.memory, naming_bytes) from None


def with_naming(plan: WalkPlan, naming_bytes: int) -> WalkPlan:
    """Return a plan that was made for what naming nodes leaves of the memory."""
    total = replace(plan.resources, memory=plan.resources.memory + naming_bytes)
    peak = plan.peak_memory + naming_bytes
    return replace(plan, resources=total, peak_memory=peak, naming_bytes=naming_bytes)


def _enough_for(whole_within: Callable[[int], WalkPlan], most: int) -> int:
    """Return memory in which the whole graph fits, or `most` where it takes no less.

    Blocks are larger where there is more memory.
    """
    memory = 0
    while (needed := whole_within(memory).peak_memory) > memory:
        memory = MIB * -(-needed // MIB)
        if memory >= most:
            return most
    return memory


def _whole_plan(
    graph: GraphArrays, spec: WalkSpec, shape: tuple[int, int], chunks: Any, resources: Resources
) -> WalkPlan:
    """Return the plan of a graph that is one partition."""
    size = partition_bytes(graph, PartitionSpec.of(spec)) + marks_bytes(graph, spec)
    rows = block_rows(shape, graph.neighbor_dtype, chunks, resources.memory)
    block = max(rows, default=0) * shape[1] * graph.neighbor_dtype.itemsize
    buffers = resources.workers * thread_bytes(graph)
    walkers = min(resources.workers, len(rows)) * max(rows, default=0)
    blocks = blocks_at_once(len(rows), resources) * block
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
