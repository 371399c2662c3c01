"""From a plan to a lazy Dask array, and from that to the walks."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import dask.array as da
import numpy as np
from dask.base import get_scheduler
from dask.highlevelgraph import HighLevelGraph

from graphwalk.algorithms.walks.dask_tasks import (
    WalkTasks,
    _WalkLayer,
    cancelling_on_error,
    is_in_process,
)
from graphwalk.algorithms.walks.no_steps import warn_without_steps
from graphwalk.algorithms.walks.walk_progress import walk_progress
from graphwalk.algorithms.walks.walked_blocks import as_it_is, walked_blocks
from graphwalk.algorithms.walks.walks_source import PersistedWalks
from graphwalk.scheduler.engine.planner import plan_job, with_naming
from graphwalk.scheduler.executors.progress import block_progress, wave_progress
from graphwalk.scheduler.executors.remote_executor import remote_executor_of
from graphwalk.scheduler.executors.result import gather_blocks
from graphwalk.util.cancel import CancelToken
from graphwalk.util.html_table import array_with_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.walk_plan import WalkPlan
    from graphwalk.scheduler.engine.walker_starts import Walkers
    from graphwalk.storage.store.graph import Graph
    from graphwalk.util.executor import Executor

R = TypeVar("R")


class WalkArray(da.Array):  # type: ignore[misc]
    """The lazy result of a plan.

    It adds to a Dask array a ``compute()`` by which tasks write the blocks into one array. Dask
    would join the blocks at the end, and hold the result twice.

    Parameters
    ----------
    plan : WalkPlan
        The plan.
    graph : Graph
        The graph; tasks hold its arrays, which keep a temporary store alive.
    walkers : range or StartNodes
        The walkers, in the order of the rows; see
        :data:`graphwalk.scheduler.engine.walker_starts.Walkers`.
    partitions : int, optional
        How many partitions the caller has asked for, which parts of the walks have, too.
    """

    _graph: Graph

    def __new__(
        cls, plan: WalkPlan, graph: Graph, walkers: Walkers, partitions: int | None = None
    ) -> WalkArray:
        """Return the array; Dask's arrays are made here, not in ``__init__``."""
        tasks = WalkTasks(plan, graph._arrays, walkers, partitions)
        layer = _WalkLayer(tasks, range(len(plan.block_rows)))
        array: WalkArray = super().__new__(
            cls,
            HighLevelGraph({tasks.name: layer}, {tasks.name: set()}),
            tasks.name,
            (tuple(plan.block_rows), (plan.shape[1],)),
            meta=np.empty((0, 0), plan.dtype),
        )
        array._graph = graph
        return array

    @property
    def plan(self) -> WalkPlan:
        """What will be done."""
        return self._tasks.plan

    @property
    def graph(self) -> Graph:
        """The graph that is walked."""
        return self._graph

    @property
    def shape(self) -> tuple[int, int]:
        """Walks, and nodes of each; Dask would keep sums of all blocks for it, 40 bytes each."""
        return self._tasks.plan.shape

    @property
    def _tasks(self) -> WalkTasks:
        tasks: WalkTasks = self.dask.layers[self.name].tasks
        return tasks

    def __setitem__(self, key: Any, value: Any) -> None:
        """Become a plain array, whose values are no longer those of walks."""
        super().__setitem__(key, value)
        self.__class__ = da.Array

    def about(self) -> dict[str, Any]:
        """Return what identifies these walks, whatever the plan, fit for JSON."""
        return self._tasks.about()

    def alone(self, blocks: range) -> WalkArray:
        """Return the walks of some blocks in a row, planned as if there were no others."""
        rows = self._tasks.rows(blocks.start, blocks.stop)
        return self._replanned(rows, tuple(self.plan.block_rows[blocks.start : blocks.stop]))

    def in_blocks(self, block_walks: int) -> WalkArray:
        """Return the same walks in blocks of `block_walks` walks."""
        return self._replanned(slice(0, self.shape[0]), block_walks)

    def naming(self, naming_bytes: int) -> WalkArray:
        """Return the same walks, planned so that there is memory to name their nodes.

        Raises
        ------
        MemoryBudgetError
            When they do not fit in what is left.
        """
        plan = self.plan
        left = plan.resources.memory - naming_bytes
        if plan.peak_memory > left:
            return self._replanned(slice(0, self.shape[0]), tuple(plan.block_rows), naming_bytes)
        fitting = replace(plan, resources=replace(plan.resources, memory=left))
        named = with_naming(fitting, naming_bytes)
        return WalkArray(named, self._graph, self._tasks.walkers, self._tasks.partitions)

    def _replanned(
        self, rows: slice, blocks: int | tuple[int, ...], naming_bytes: int = 0
    ) -> WalkArray:
        tasks, plan = self._tasks, self.plan
        again = plan_job(
            tasks.graph,
            plan.spec,
            rows.stop - rows.start,
            (blocks, -1),
            plan.resources,
            tasks.partitions,
            every_node=isinstance(tasks.walkers, range),
            naming_bytes=naming_bytes or plan.naming_bytes,
        )
        return WalkArray(again, self._graph, tasks.part(rows), tasks.partitions)

    def blocks_by(self, executor: Executor) -> Iterator[NDArray[Any]]:
        """Yield all blocks, in order, that an executor makes."""
        blocks = range(len(self.plan.block_rows))
        with (
            executor.job("walks") as job,
            closing(walked_blocks(job, self._tasks, blocks, as_it_is, ordered=True)) as found,
        ):
            for _, block in found:
                yield block

    def used_by(
        self,
        executor: Executor,
        blocks: Sequence[int],
        use: Callable[[NDArray[Any], int], R],
        show: bool | None = None,
    ) -> Iterator[tuple[int, R]]:
        """Yield number and ``use(block, number)`` of blocks, as they are made, with progress."""
        with (
            walk_progress(self._tasks, blocks, show) as advance,
            executor.job("walks") as job,
            closing(walked_blocks(job, self._tasks, blocks, use, ordered=False)) as found,
        ):
            for number, result in found:
                advance(self.plan.block_rows[number])
                yield number, result

    def __dask_postpersist__(self) -> Any:
        """Have arrays that are kept in memory know what walks they are."""
        return _persisted, (self._tasks, self.chunks, self._meta)

    def __reduce__(self) -> Any:
        """Pickle as a plain Dask array."""
        return da.Array, (self.dask, self.name, self.chunks, self.dtype)

    def _repr_html_(self) -> str:
        partitions = f"{len(self.plan.partitions):,} of {self.graph.path}"
        rows = [*self.plan.spec.table(), ("partitions", partitions)]
        return array_with_table(super()._repr_html_(), repr(self), rows)

    def compute(self, *, progress: bool | None = None, **kwargs: Any) -> NDArray[Any]:
        """Return the walks.

        Parameters
        ----------
        progress : bool, optional
            Show a progress bar on standard error. None: on a terminal and in a notebook.
        **kwargs
            What ``dask.array.Array.compute`` takes.
        """
        with self.progress(self._tasks.keys, show=progress):
            walks = self._compute(**kwargs)
        spec = self.plan.spec
        if spec.metapath is not None:
            nodes = walks if walks.dtype.names is None else walks["node"]
            warn_without_steps(spec, len(walks), int((nodes[:, 1:2] >= 0).sum()))
        return walks

    def progress(
        self, keys: Sequence[Any], blocks: Sequence[int] | None = None, show: bool | None = None
    ) -> AbstractContextManager[None]:
        """Show how far the walks are while the block computes them.

        Parameters
        ----------
        keys : sequence
            Keys of tasks that each finish with a block.
        blocks : sequence of int, optional
            The number of each of these blocks. None: all of them, in order.
        show : bool, optional
            Whether to show it. None: on a terminal and in a notebook.
        """
        rows, length = self.plan.block_rows, self.plan.spec.walk_length
        walks = [rows[block] for block in (range(len(rows)) if blocks is None else blocks)]
        if len(self.plan.partitions) > 1:
            return wave_progress(self.name, sum(walks), length, self.plan.waves, show)
        steps = [number * length for number in walks]
        return block_progress("Walking", dict(zip(keys, steps, strict=True)), "steps", show)

    def _compute(self, **kwargs: Any) -> NDArray[Any]:
        get = get_scheduler(scheduler=kwargs.get("scheduler"), collections=[self])
        executor = remote_executor_of(get)
        in_process = is_in_process(get)
        if not in_process and not executor:
            walks: NDArray[Any] = super().compute(**kwargs)
            return walks
        for done_here in ("scheduler", "optimize_graph", "traverse"):
            kwargs.pop(done_here, None)
        if executor:
            return gather_blocks(executor, self._tasks, **kwargs)
        result = np.empty(self.shape, self.dtype)
        token = CancelToken()
        tasks = self._tasks.writing_into(result, token=token)
        with cancelling_on_error(tasks, token):
            get(tasks, self._tasks.keys, **kwargs)
        return result


def _persisted(
    blocks: Any,
    tasks: WalkTasks,
    chunks: Any,
    meta: Any,
    *,
    rename: dict[str, str] | None = None,
) -> da.Array:
    """Return the array of blocks that have been computed; Dask calls it for ``persist()``."""
    name = (rename or {}).get(tasks.name, tasks.name)
    layers = HighLevelGraph({name: PersistedWalks(blocks, tasks)}, {name: set()})
    return da.Array(layers, name, chunks, meta=meta)
