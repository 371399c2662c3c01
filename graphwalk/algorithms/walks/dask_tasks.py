"""The Dask graph of a plan: its tasks, and the layer that makes them when they are asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from itertools import accumulate, islice, pairwise
from math import isinf
from typing import TYPE_CHECKING, Any, NamedTuple

import dask.local
import dask.threaded
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import Layer
from dask.task_spec import List, Task, TaskRef

from graphwalk.scheduler.engine.partition_sweep import PartitionSweep
from graphwalk.scheduler.engine.walk_batch import Batch, block_done, get_block, walk_batch
from graphwalk.scheduler.engine.walk_in_memory import (
    resident_partition,
    walk_block,
    walk_block_into,
)
from graphwalk.scheduler.engine.walker_group import WalkerGroup
from graphwalk.scheduler.engine.walker_starts import part_of
from graphwalk.util.driver_task import DriverTask
from graphwalk.util.shared_array import SharedRows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.walk_plan import WalkPlan
    from graphwalk.scheduler.engine.walker_starts import Walkers
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.cancel import CancelToken


def is_in_process(get: Any) -> bool:
    """Return whether a scheduler of Dask runs tasks in this process."""
    return get in (dask.threaded.get, dask.local.get_sync)


@contextmanager
def cancelling_on_error(
    tasks: Mapping[Any, Any], token: CancelToken | None = None
) -> Iterator[None]:
    """Have tasks of this process end when the block is left by an error or a signal.

    Dask does not cancel tasks that are under way, and these may take hours.
    """
    try:
        yield
    except BaseException:
        if token is not None:
            token.cancel()
        for task in tasks.values():
            if isinstance(task, DriverTask):
                task.cancel()
        raise


class _BatchTask(DriverTask):
    """What walks a batch, given it first."""

    def cancel(self) -> None:
        """Have the walks of all batches end that share what is read."""
        self.args[0].sweep.cancel()


class _WalkLayer(Layer):  # type: ignore[misc]
    """The tasks of some blocks, made when they are asked for.

    Culling makes new tasks, for the wanted blocks only: groups of walkers share what is read, but
    do not depend on each other, and those of another computation may be cancelled.
    """

    def __init__(self, tasks: WalkTasks, blocks: Any) -> None:
        super().__init__()
        self._tasks, self._blocks = tasks, blocks

    @property
    def tasks(self) -> WalkTasks:
        """What makes the tasks, which knows the graph and the plan."""
        return self._tasks

    def __repr__(self) -> str:
        return f"<walks, {len(self._blocks)} blocks>"

    @cached_property
    def _made(self) -> dict[Any, Task]:
        return self._tasks.writing_into(None, self._blocks)

    def __getitem__(self, key: Any) -> Task:
        return self._made[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    def is_materialized(self) -> bool:
        """Return whether the tasks have been made."""
        return "_made" in self.__dict__

    def get_output_keys(self) -> AbstractSet[Any]:
        """Return the keys of the blocks."""
        return {self._tasks.key(block) for block in self._blocks}

    def cull(
        self, keys: AbstractSet[Any], _all_keys: Any
    ) -> tuple[_WalkLayer, dict[Any, AbstractSet[Any]]]:
        """Return the layer of the wanted blocks alone, and what each of its tasks depends on."""
        wanted = [block for block in self._blocks if self._tasks.key(block) in keys]
        layer = _WalkLayer(self._tasks, wanted)
        return layer, {key: task.dependencies for key, task in layer._made.items()}


class WalkTasks:
    """The Dask graph of a plan."""

    def __init__(
        self,
        plan: WalkPlan,
        graph: GraphArrays,
        walkers: Walkers,
        partitions: int | None = None,
    ) -> None:
        self.plan, self.graph, self.walkers = plan, graph, walkers
        self.partitions = partitions
        # The same for the same walks in any process, so that interrupted work can be resumed.
        same = id(graph) if graph.digest is None else graph.digest
        self._token = tokenize(
            graph.path, same, graph.directed, plan.spec, walkers, plan.block_rows
        )
        self.name = f"random-walks-{self._token}"

    @property
    def keys(self) -> list[Any]:
        """The keys of all blocks."""
        return [self.key(block) for block in range(len(self.plan.block_rows))]

    def key(self, block: int) -> Any:
        """Return the key of a block."""
        return self.name, block, 0

    def about(self) -> dict[str, Any]:
        """Return what identifies these walks, whatever the plan, fit for JSON."""
        starts = f"0 … {self.graph.num_nodes - 1}"
        if not isinstance(self.walkers, range):
            what = "nodes" if self.walkers.first_steps is None else "edges"
            token = tokenize(self.walkers.nodes, self.walkers.first_numbers)
            starts = f"{len(self.walkers.nodes)} {what}, {token}"
        graph = {"graph": self.graph.digest, "directed": self.graph.directed}
        spec = asdict(self.plan.spec)
        # JSON has no infinity.
        spec["p"] = str(spec["p"]) if isinf(spec["p"]) else spec["p"]
        if spec["time_window"] is not None:
            spec["time_window"] = [*map(str, spec["time_window"])]
        spec["until"] = None if spec["until"] is None else spec["until"].digest
        for new in ("backward", "time_bias", "time_scale", "time_window", "return_edges"):
            if not spec[new]:
                del spec[new]  # as jobs have it that were begun before there was such a parameter
        if spec["metapath_of"] == "nodes":
            spec["node_types"] = self.graph.types_digest
        return graph | spec | {"start_nodes": starts}

    def writing_into(
        self,
        result: NDArray[Any] | SharedRows | None,
        blocks: Any = None,
        token: CancelToken | None = None,
    ) -> dict[Any, Task]:
        """Return the tasks of `blocks`, which are parts of `result`, or arrays of their own.

        None stands for all blocks. Tasks of this process end when the token is cancelled.
        """
        blocks = range(len(self.plan.block_rows)) if blocks is None else blocks
        if len(self.plan.partitions) > 1:
            return _batch_tasks(self, result, sorted(blocks))
        spec, load = self.plan.spec, f"load-partition-{self._token}"
        tasks: dict[Any, Task] = {load: DriverTask(load, resident_partition, *self.to_load())}
        walk: Any = walk_block_into if isinstance(result, SharedRows) else walk_block
        for block in blocks:
            part, key = self.rows(block, block + 1), self.key(block)
            out = None if result is None else result[part]
            tasks[key] = Task(key, walk, TaskRef(load), self.part(part), spec, out, token)
        return tasks

    def to_load(self) -> tuple[Any, ...]:
        """Return the arguments of `resident_partition` for a graph of one partition."""
        size = self.plan.largest_partition
        return self.graph, self.plan.spec, size, self.room + size

    @property
    def room(self) -> int:
        """Bytes of the memory that the job does not need."""
        return self.plan.resources.memory - self.plan.peak_memory

    def rows(self, first: int, stop: int) -> slice:
        """Return the rows of some blocks."""
        return self.plan.block_rows.rows(first, stop)

    def part(self, rows: slice) -> Walkers:
        """Return the walkers of some rows."""
        return part_of(self.walkers, rows, self.plan.spec.num_walks)


class BatchWork(NamedTuple):
    """A batch of walkers, the blocks that are wanted of it, and the rows of each group.

    Of each block there are its number in the whole array, and that in the batch.
    """

    batch: Batch
    blocks: Sequence[int]
    numbers: Sequence[int]
    rows: list[slice]


def batches(walks: WalkTasks, wanted: Sequence[int]) -> Iterator[BatchWork]:
    """Yield the batches of walkers of which some blocks are wanted, whose numbers ascend.

    In a process, a batch begins when the one before has ended.
    """
    plan = walks.plan
    bounds = np.array([0, *(nodes.stop for nodes in plan.partitions)], np.int64)
    offsets = np.array(plan.offsets, np.int64)
    spans = iter(pairwise(accumulate(plan.group_blocks, initial=0)))
    how = {"resident": plan.resident, "ahead": plan.ahead, "at_once": plan.at_once}
    until = 0
    for count in plan.batch_groups:
        groups, block_rows, rows, parts = [], [], [], list[Any]()
        walked, before = 0, until
        for first, stop in islice(spans, count):
            blocks = wanted[until : (until := bisect_left(wanted, stop))]
            if not blocks:
                continue
            # If only some blocks of a group are requested, only their walkers walk.
            first, stop = blocks[0], blocks[-1] + 1
            parts.append((walked - first, blocks))
            walked += stop - first
            rows.append(walks.rows(first, stop))
            part = walks.part(rows[-1])
            group = WalkerGroup(
                *(walks.graph, plan.spec, part, bounds, offsets),
                walks.name,
                plan.sizes,
            )
            groups.append(group)
            block_rows.append(plan.block_rows[first:stop])
        if groups:
            sweep = PartitionSweep(len(plan.partitions), **how)
            yield BatchWork(
                Batch(tuple(groups), tuple(block_rows), sweep, plan.spill, walks.room),
                wanted[before:until],
                range(walked)  # there may be millions of them
                if walked == until - before
                else [shift + block for shift, some in parts for block in some],
                rows,
            )


def _batch_tasks(
    walks: WalkTasks, result: NDArray[Any] | SharedRows | None, wanted: Sequence[int]
) -> dict[Any, Task]:
    """Return the tasks of walks through several partitions: one for each batch, one a block.

    A batch waits until the blocks of the batch before have been made, whose steps take memory; on
    several machines that is a batch before as many others as walk at a time.
    """
    made: dict[Any, Task] = {}
    before: deque[Sequence[int]] = deque([[]] * walks.plan.batches_at_once)
    for batch, blocks, numbers, rows in batches(walks, wanted):
        key = (f"walk-{walks.name}", blocks[0])
        done = {block: (f"block_done-{walks.name}", block) for block in before.popleft()}
        made |= {
            last: DriverTask(last, block_done, TaskRef(walks.key(block)))
            for block, last in done.items()
        }
        after = List(*map(TaskRef, done.values()))
        before.append(blocks)
        outs = None if result is None else [result[some] for some in rows]
        made[key] = _BatchTask(key, walk_batch, batch, outs, numbers, after)
        for number, block in zip(numbers, blocks, strict=True):
            target = walks.key(block)
            made[target] = DriverTask(target, get_block, TaskRef(key), number)
    return made
