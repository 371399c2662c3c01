"""From a plan to a lazy Dask array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph
from dask.task_spec import Task, TaskRef

from graphwalk.scheduler.tasks import resident_partition, walk_block

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.scheduler.plan import WalkPlan
    from graphwalk.storage.graph import Graph


def walks_array(
    plan: WalkPlan,
    graph: Graph,
    starts: NDArray[np.int64] | None,
    numbers: NDArray[np.int64] | None,
) -> da.Array:
    """Return the lazy result of `plan`: one task loads the partition, one walks each block.

    Parameters
    ----------
    plan : WalkPlan
        The plan.
    graph : Graph
        The graph; tasks hold it, and so keep a temporary store alive.
    starts, numbers : ndarray of int64, shape (walkers,), or None
        Start node and walk number of each row; None when all nodes are start nodes, in order.
    """
    rules = plan.rules
    token = tokenize(graph.path, id(graph), rules, starts, numbers, plan.block_rows)
    name, load = f"random-walks-{token}", f"load-partition-{token}"
    tasks: dict[Any, Task] = {
        load: Task(load, resident_partition, graph, rules.weighted, rules.second_order)
    }
    first = 0
    for block, rows in enumerate(plan.block_rows):
        stop = first + rows
        key = (name, block, 0)
        if starts is None or numbers is None:
            walkers: tuple[Any, Any] = (first, stop), 0
        else:
            walkers = starts[first:stop], numbers[first:stop]
        tasks[key] = Task(key, walk_block, TaskRef(load), *walkers, rules)
        first = stop
    layer = HighLevelGraph.from_collections(name, tasks)
    chunks = (plan.block_rows, (plan.shape[1],))
    return da.Array(layer, name, chunks, meta=np.empty((0, 0), plan.dtype))
