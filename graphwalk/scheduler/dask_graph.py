"""From a plan to a lazy Dask array, and from that to the walks."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

import dask.array as da
import dask.local
import dask.threaded
import numpy as np
from dask.base import get_scheduler, tokenize
from dask.highlevelgraph import HighLevelGraph
from dask.task_spec import Task, TaskRef

from graphwalk.scheduler.ray_backend import RaySession
from graphwalk.scheduler.tasks import resident_partition, walk_block

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.scheduler.plan import WalkPlan
    from graphwalk.scheduler.tasks import Walkers
    from graphwalk.storage.graph import Graph


class WalkArray(da.Array):  # type: ignore[misc]
    """The lazy result of a plan: one task loads the partition, one walks each block.

    All that it adds to a Dask array is a ``compute()`` that has the blocks written into one array
    where Dask would join them at the end, and so hold the result twice.

    Parameters
    ----------
    plan : WalkPlan
        The plan.
    graph : Graph
        The graph; tasks hold it, and so keep a temporary store alive.
    walkers : range or (ndarray, ndarray, range)
        Who walks, in the order of the rows; see :data:`graphwalk.scheduler.tasks.Walkers`.
    """

    _tasks: _WalkTasks

    def __new__(cls, plan: WalkPlan, graph: Graph, walkers: Walkers) -> WalkArray:
        """Return the array; Dask's arrays are made here, not in ``__init__``."""
        tasks = _WalkTasks(plan, graph, walkers)
        layer = HighLevelGraph.from_collections(tasks.name, tasks.writing_into(None))
        chunks = (plan.block_rows, (plan.shape[1],))
        array: WalkArray = super().__new__(
            cls, layer, tasks.name, chunks, meta=np.empty((0, 0), plan.dtype)
        )
        array._tasks = tasks
        return array

    def __reduce__(self) -> Any:
        """Pickle as the Dask array that it is."""
        return da.Array, (self.dask, self.name, self.chunks, self.dtype, self._meta)

    def compute(self, **kwargs: Any) -> NDArray[Any]:
        """Return the walks; takes what ``dask.array.Array.compute`` does."""
        get = get_scheduler(scheduler=kwargs.get("scheduler"), collections=[self])
        session: Any = getattr(get, "__self__", None)
        in_process = get in (dask.threaded.get, dask.local.get_sync)
        if not in_process and not isinstance(session, RaySession):
            walks: NDArray[Any] = super().compute(**kwargs)
            return walks
        for done_here in ("scheduler", "optimize_graph", "traverse"):
            kwargs.pop(done_here, None)
        result = np.empty(self.shape, self.dtype)
        if in_process:
            get(self._tasks.writing_into(result), self._tasks.keys, **kwargs)
            return result
        stops = dict(zip(self._tasks.keys, self._tasks.stops, strict=True))

        def put(key: Any, block: NDArray[Any]) -> None:
            result[stops[key] - len(block) : stops[key]] = block

        session.gather(self._tasks.writing_into(None), self._tasks.keys, put, **kwargs)
        return result


class _WalkTasks:
    """The Dask graph of a plan."""

    def __init__(self, plan: WalkPlan, graph: Graph, walkers: Walkers) -> None:
        self.plan, self.graph, self.walkers = plan, graph, walkers
        self._token = tokenize(graph.path, id(graph), plan.rules, walkers, plan.block_rows)
        self.name = f"random-walks-{self._token}"
        self.keys = [(self.name, block, 0) for block in range(len(plan.block_rows))]
        self.stops = list(accumulate(plan.block_rows))

    def writing_into(self, result: NDArray[Any] | None) -> dict[Any, Task]:
        """Return the tasks, whose blocks are parts of `result`, or arrays of their own."""
        rules, load = self.plan.rules, f"load-partition-{self._token}"
        tasks: dict[Any, Task] = {
            load: Task(load, resident_partition, self.graph, rules.weighted, rules.second_order)
        }
        for key, rows, stop in zip(self.keys, self.plan.block_rows, self.stops, strict=True):
            part = slice(stop - rows, stop)
            out = None if result is None else result[part]
            walkers = _part(self.walkers, part, rules.num_walks)
            tasks[key] = Task(key, walk_block, TaskRef(load), walkers, rules, out)
        return tasks


def _part(walkers: Walkers, rows: slice, num_walks: int) -> Walkers:
    """Return the walkers of some rows, with no more start nodes than they need."""
    if isinstance(walkers, range):
        return walkers[rows]
    nodes, first_numbers, _ = walkers
    first, stop = rows.start // num_walks, -(-rows.stop // num_walks)
    shifted = range(rows.start - first * num_walks, rows.stop - first * num_walks)
    return nodes[first:stop], first_numbers[first:stop], shifted
