"""The Dask graph of a plan: its tasks, and the layer that makes them when they are asked for."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from itertools import accumulate, islice, pairwise
from math import isinf
from typing import TYPE_CHECKING, Any

import dask.local
import dask.threaded
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import Layer
from dask.task_spec import List, Task, TaskRef

from graphwalk.scheduler.engine.partition_sweep import PartitionSweep
from graphwalk.scheduler.engine.start_nodes import part_of
from graphwalk.scheduler.engine.walk_in_memory import (
    resident_partition,
    walk_block,
    walk_block_into,
)
from graphwalk.scheduler.engine.walk_out_of_core import block_done, get_block, walk_group
from graphwalk.scheduler.engine.walker_group import WalkerGroup
from graphwalk.util.shared_array import SharedRows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.plan import WalkPlan
    from graphwalk.scheduler.engine.start_nodes import Walkers
    from graphwalk.storage.store.arrays import GraphArrays


def is_in_process(get: Any) -> bool:
    """Return whether a scheduler of Dask runs tasks in this process."""
    return get in (dask.threaded.get, dask.local.get_sync)


@contextmanager
def cancelling_on_error(tasks: Mapping[Any, Any]) -> Iterator[None]:
    """Cancel groups of walkers when the block ends by an error or a signal.

    Dask does not cancel tasks that are under way, and these may take hours.
    """
    try:
        yield
    except BaseException:
        for task in tasks.values():
            if isinstance(task, Task) and task.func is walk_group:
                task.args[1].cancel()
        raise


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
        return {self._tasks.keys[block] for block in self._blocks}

    def cull(
        self, keys: AbstractSet[Any], _all_keys: Any
    ) -> tuple[_WalkLayer, dict[Any, AbstractSet[Any]]]:
        """Return the layer of the wanted blocks alone, and what each of its tasks depends on."""
        wanted = [block for block in self._blocks if self._tasks.keys[block] in keys]
        layer = _WalkLayer(self._tasks, wanted)
        return layer, {key: task.dependencies for key, task in layer._made.items()}


class WalkTasks:
    """The Dask graph of a plan."""

    def __init__(self, plan: WalkPlan, graph: GraphArrays, walkers: Walkers) -> None:
        self.plan, self.graph, self.walkers = plan, graph, walkers
        # The same for the same walks in any process, so that interrupted work can be resumed.
        same = id(graph) if graph.digest is None else graph.digest
        self._token = tokenize(
            graph.path, same, graph.directed, plan.rules, walkers, plan.block_rows
        )
        self.name = f"random-walks-{self._token}"
        self.keys = [(self.name, block, 0) for block in range(len(plan.block_rows))]
        self.stops = list(accumulate(plan.block_rows))

    def about(self) -> dict[str, Any]:
        """Return what identifies these walks, whatever the plan, fit for JSON."""
        starts = f"0 … {self.graph.num_nodes - 1}"
        if not isinstance(self.walkers, range):
            starts = f"{len(self.walkers[0])} nodes, {tokenize(*self.walkers[:2])}"
        graph = {"graph": self.graph.digest, "directed": self.graph.directed}
        rules = asdict(self.plan.rules)
        # JSON has no infinity.
        rules["p"] = str(rules["p"]) if isinf(rules["p"]) else rules["p"]
        if rules["metapath_of"] == "nodes":
            rules["node_types"] = self.graph.types_digest
        return graph | rules | {"start_nodes": starts}

    def writing_into(
        self, result: NDArray[Any] | SharedRows | None, blocks: Any = None
    ) -> dict[Any, Task]:
        """Return the tasks of `blocks`, which are parts of `result`, or arrays of their own.

        None stands for all blocks.
        """
        blocks = range(len(self.keys)) if blocks is None else blocks
        if len(self.plan.partitions) > 1:
            return _GroupTasks(self, result, set(blocks)).tasks()
        rules, load = self.plan.rules, f"load-partition-{self._token}"
        tasks: dict[Any, Task] = {load: Task(load, resident_partition, self.graph, rules)}
        walk: Any = walk_block_into if isinstance(result, SharedRows) else walk_block
        for block in blocks:
            part, key = self.rows(block, block + 1), self.keys[block]
            out = None if result is None else result[part]
            tasks[key] = Task(key, walk, TaskRef(load), self.part(part), rules, out)
        return tasks

    def rows(self, first: int, stop: int) -> slice:
        """Return the rows of some blocks."""
        return slice(self.stops[first - 1] if first else 0, self.stops[stop - 1])

    def part(self, rows: slice) -> Walkers:
        """Return the walkers of some rows."""
        return part_of(self.walkers, rows, self.plan.rules.num_walks)


class _Unfused(Task):  # type: ignore[misc]
    """A task that Dask does not fuse with others, in which its kind would be hidden from Ray."""

    @property
    def block_fusion(self) -> bool:
        """Whether to leave the task alone."""
        return True


class _GroupTasks:
    """The tasks of walks through several partitions: one for each group, one for each block."""

    def __init__(
        self, walks: WalkTasks, result: NDArray[Any] | SharedRows | None, blocks: set[int]
    ) -> None:
        self._walks, self._plan, self._result, self._blocks = walks, walks.plan, result, blocks
        self._bounds = np.array([0, *(nodes.stop for nodes in walks.plan.partitions)], np.int64)
        self._offsets = np.array(walks.plan.offsets, np.int64)
        self._made: dict[Any, Task] = {}

    def tasks(self) -> dict[Any, Task]:
        """Return the tasks."""
        plan = self._plan
        spans = iter(pairwise([0, *accumulate(plan.group_blocks)]))
        blocks: list[int] = []
        for count in plan.batch_groups:
            before = [self._taken(block) for block in blocks]
            sweep = PartitionSweep(
                len(plan.partitions),
                resident=plan.resident,
                ahead=plan.ahead,
                at_once=plan.at_once,
            )
            groups = [
                self._group(wanted, sweep, before)
                for first, stop in islice(spans, count)
                if (wanted := sorted(self._blocks.intersection(range(first, stop))))
            ]
            blocks = [block for group in groups for block in self._take(group, groups)] or blocks
        return self._made

    def _taken(self, block: int) -> Any:
        """Add a task that is done when a block is made; return its key."""
        key = (f"block_done-{self._walks.name}", block)
        self._made[key] = _Unfused(key, block_done, TaskRef(self._walks.keys[block]))
        return key

    def _group(
        self, wanted: list[int], sweep: PartitionSweep, before: list[Any]
    ) -> tuple[Any, list[int]]:
        """Add the task of a group, which starts when those `before` are done.

        Returns its key, and the blocks that are wanted of it.
        """
        walks, plan = self._walks, self._plan
        # If only some blocks of a group are requested, only their walkers walk.
        first, stop = wanted[0], wanted[-1] + 1
        rows = walks.rows(first, stop)
        walkers = walks.part(rows)
        group = WalkerGroup(
            walks.graph,
            plan.rules,
            walkers,
            self._bounds,
            self._offsets,
            walks.name,
            resident=plan.resident,
        )
        out = None if self._result is None else self._result[rows]
        key = (f"walk-{walks.name}", first)
        wait = List(*map(TaskRef, before))
        block_rows = plan.block_rows[first:stop]
        self._made[key] = _Unfused(key, walk_group, group, sweep, block_rows, out, plan.spill, wait)
        return key, wanted

    def _take(self, group: tuple[Any, list[int]], groups: list[tuple[Any, list[int]]]) -> list[int]:
        """Add the tasks that make blocks of the steps of a group; return the blocks.

        Where steps wait in files, blocks wait for all groups of the batch: until then, memory is
        for partitions.
        """
        key, blocks = group
        together = List(*(TaskRef(other) for other, _ in groups if self._plan.spill))
        for block in blocks:
            target = self._walks.keys[block]
            self._made[target] = _Unfused(
                target, get_block, TaskRef(key), block - blocks[0], together
            )
        return blocks
