"""How often walks visit each node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from dask.base import tokenize

from graphwalk.algorithms.analytics.node_array import NodeArray, NodeTask
from graphwalk.algorithms.reductions.reduce_walks import reduce_walks
from graphwalk.algorithms.reductions.reduction_plan import ReductionPlan, state_bytes
from graphwalk.algorithms.walks.api import random_walks
from graphwalk.algorithms.walks.check_parameters import plan_of
from graphwalk.algorithms.walks.dask_tasks import WalkTasks
from graphwalk.algorithms.walks.no_steps import warn_without_steps
from graphwalk.kernels.walk.count_visits import count_nodes, count_visits
from graphwalk.util.parameters import parameters_from

if TYPE_CHECKING:
    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.executor import Job, Resources

#: Bytes of a count.
_COUNT = 8


@parameters_from(random_walks, "return_edges")
def visit_counts(**parameters: Any) -> da.Array:
    """Return how often random walks visit each node, as a lazy Dask array.

    It takes the parameters of `random_walks` except `return_edges`, and counts the visits of the
    walks that these stand for: the start of each walk counts, and what follows the end of a walk
    does not. Walks are not kept: blocks of them are counted where they are made, and dropped. Where
    a graph does not fit in memory, nodes are counted as walkers visit them, and no walks are made.
    The counts do not depend on `chunks`, `memory`, `partitions`, the scheduler or the number of
    workers.

    Returns
    -------
    dask.array.Array of int64, shape (num_nodes,)
        Visits of each node. Its ``plan`` says how they will be computed. `write_nodes` writes them
        with the labels of the nodes.

    Raises
    ------
    InputError
        When a parameter is out of its range or a start node does not exist.
    MemoryBudgetError
        When the counts and the walks do not fit in `memory`: 8 bytes a node on threads, and in
        other processes 16 for each task that runs there at a time.
    StoreError
        When `store` is not a graph that can be read.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (3, 2)], directed=True)
    >>> graphwalk.visit_counts(graph, num_walks=2, walk_length=5, seed=1).compute()
    array([2, 4, 8, 2])
    """
    graph, plan, walkers = plan_of(**parameters, kept=_kept, keeps_steps=False)
    return counts_of(WalkTasks(plan, graph._arrays, walkers))


def counts_of(walks: WalkTasks) -> NodeArray:
    """Return the visits of nodes by planned walks, as a lazy array."""
    graph = walks.graph
    plan = ReductionPlan("visit counts", walks.plan, _kept(graph, walks.plan.resources))
    name = f"visit-counts-{tokenize(walks.name)}"
    task = NodeTask((name, 0), _count, VisitCounts(walks), graph, plan)
    return NodeArray(task, np.dtype(np.int64), (graph.num_nodes,))


def _kept(graph: GraphArrays, resources: Resources) -> int:
    return state_bytes(_COUNT * graph.num_nodes, resources)


@dataclass(frozen=True)
class VisitCounts:
    """What is counted, and what a table calls it."""

    walks: WalkTasks
    column: ClassVar[str] = "visits"
    are_nodes: ClassVar[bool] = False


def _count(
    visits: VisitCounts, graph: GraphArrays, plan: ReductionPlan, job: Job
) -> NDArray[np.int64]:
    """Count the visits of all nodes in a job."""
    counter = VisitCounter(graph.num_nodes)
    reduce_walks(job, visits.walks, counter)
    walks = plan.walks.shape[0]
    warn_without_steps(plan.walks.spec, walks, int(counter.counts.sum()) - walks)
    return counter.counts


class VisitCounter:
    """Counts visits of blocks of walks; a `Reduction`."""

    def __init__(self, num_nodes: int) -> None:
        self.counts = np.zeros(num_nodes, np.int64)

    def __reduce__(self) -> Any:
        return VisitCounter, (len(self.counts),)

    def add(self, walks: NDArray[Any]) -> None:
        """Count the visits of a block."""
        count_visits(walks, self.counts)

    def visit(self, nodes: NDArray[Any]) -> None:
        """Count visited nodes."""
        count_nodes(nodes, self.counts)

    def part(self) -> tuple[NDArray[np.int64] | None, NDArray[np.int64]]:
        """Return the visited nodes and their counts, or all counts where these are smaller."""
        if 2 * np.count_nonzero(self.counts) >= len(self.counts):
            return None, self.counts
        nodes = np.flatnonzero(self.counts)
        return nodes, self.counts[nodes]

    def merge(self, part: tuple[NDArray[np.int64] | None, NDArray[np.int64]]) -> None:
        """Add the counts of another process."""
        nodes, counts = part
        if nodes is None:
            self.counts += counts
        else:
            self.counts[nodes] += counts
