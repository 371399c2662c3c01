"""From a plan to a lazy Dask array."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph
from dask.task_spec import Task, TaskRef

from graphwalk.scheduler.tasks import resident_partition, walk_block

if TYPE_CHECKING:
    from graphwalk.scheduler.plan import WalkPlan
    from graphwalk.scheduler.tasks import Walkers
    from graphwalk.storage.graph import Graph


def walks_array(plan: WalkPlan, graph: Graph, walkers: Walkers) -> da.Array:
    """Return the lazy result of `plan`: one task loads the partition, one walks each block.

    Parameters
    ----------
    plan : WalkPlan
        The plan.
    graph : Graph
        The graph; tasks hold it, and so keep a temporary store alive.
    walkers : range or (ndarray, ndarray)
        Who walks, in the order of the rows; see :data:`graphwalk.scheduler.tasks.Walkers`.
    """
    rules = plan.rules
    token = tokenize(graph.path, id(graph), rules, walkers, plan.block_rows)
    name, load = f"random-walks-{token}", f"load-partition-{token}"
    tasks: dict[Any, Task] = {
        load: Task(load, resident_partition, graph, rules.weighted, rules.second_order)
    }
    stops = accumulate(plan.block_rows)
    for block, (rows, stop) in enumerate(zip(plan.block_rows, stops, strict=True)):
        key = (name, block, 0)
        members = _slice(walkers, stop - rows, stop)
        tasks[key] = Task(key, walk_block, TaskRef(load), members, rules)
    layer = HighLevelGraph.from_collections(name, tasks)
    chunks = (plan.block_rows, (plan.shape[1],))
    return da.Array(layer, name, chunks, meta=np.empty((0, 0), plan.dtype))


def _slice(walkers: Walkers, first: int, stop: int) -> Walkers:
    if isinstance(walkers, range):
        return walkers[first:stop]
    starts, numbers = walkers
    return starts[first:stop], numbers[first:stop]
