"""Lazy arrays of one value for each node, computed by scans of the graph."""

from __future__ import annotations

from collections import defaultdict
from contextlib import nullcontext
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import dask.array as da
import numpy as np
from dask.base import get_scheduler, tokenize
from dask.highlevelgraph import HighLevelGraph

from graphwalk.scheduler.engine.scan import Scanner
from graphwalk.scheduler.engine.scan_plan import plan_scan
from graphwalk.scheduler.executors.resources import current_executor, executor_of, find_resources
from graphwalk.util.driver_task import DriverTask
from graphwalk.util.html_table import array_with_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan_plan import RowReader, ScanCost, ScanPlan
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.cancel import CancelToken
    from graphwalk.util.executor import Job
    from graphwalk.util.html_table import Tabular


class Named(Protocol):
    """What values of nodes are.

    Attributes
    ----------
    column : str
        What a table calls the values.
    are_nodes : bool
        Whether the values are nodes, for which tables have labels; -1 is no node.
    """

    column: ClassVar[str] = "value"
    are_nodes: ClassVar[bool] = False


class NodeAlgorithm(Named, Protocol):
    """An algorithm that gives each node a value. It is a plain value itself, and picklable.

    Attributes
    ----------
    transposed : GraphArrays or None
        The transposed store, if it is read, too.
    """

    transposed: GraphArrays | None = None

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of the values."""

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes."""

    def shape(self, graph: GraphArrays) -> tuple[float, ...]:
        """Return the shape of the result, by default one value for each node; NaN: not known."""
        return (graph.num_nodes,)

    def reader(self, graph: GraphArrays) -> RowReader | None:
        """Return how rows are cut into partitions; None: where chunks end."""
        del graph
        return None

    def run(self, graph: GraphArrays, scanner: Scanner) -> Any:
        """Return the value of every node, or what else the shape says."""


class OneNumber:
    """What an algorithm of one number for the graph has in place of a value for each node."""

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of the number."""
        del graph
        return np.dtype(np.float64)

    def shape(self, graph: GraphArrays) -> tuple[float, ...]:
        """Return the shape of a number."""
        del graph
        return ()


def node_array(
    algorithm: NodeAlgorithm,
    graph: GraphArrays,
    memory: str | int | None,
    partitions: int | None,
) -> NodeArray:
    """Return the values of an algorithm as a lazy Dask array of one block, with its plan.

    Parameters
    ----------
    algorithm : NodeAlgorithm
        What to compute.
    graph : GraphArrays
        The graph.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that the job may take.
    partitions : int, optional
        How many partitions to read the graph in.

    Raises
    ------
    InputError
        When a parameter is out of its range.
    MemoryBudgetError
        When the algorithm's state does not fit in the memory.
    """
    cost, dtype = algorithm.cost(graph), algorithm.dtype(graph)
    in_process = current_executor().in_process
    resources, reader = find_resources(memory), algorithm.reader(graph)
    plan = plan_scan(graph, cost, resources, partitions, in_process=in_process, reader=reader)
    same = id(graph) if graph.digest is None else graph.digest
    name = f"{cost.name.replace(' ', '-')}-{tokenize(graph.path, same, algorithm.__reduce_ex__(4))}"
    shape = algorithm.shape(graph)
    key = (name, *(0 for _ in shape))
    task = NodeTask(key, compute_values, algorithm, graph, plan, name)
    return NodeArray(task, dtype, shape)


class NodeTask(DriverTask):
    """What computes values of all nodes, given what they are, the graph, and the plan.

    What they are says what a table calls them; see `Named`.
    """

    def __call__(self, values: Mapping[Any, Any] = MappingProxyType({})) -> Any:
        """Compute the values in a job of the executor in use, for a scheduler of Dask."""
        with current_executor().job(self.key[0]) as job:
            _running[self.key].append(job.token)
            try:
                return self.run(job, values)
            finally:
                _running[self.key].remove(job.token)

    def cancel(self) -> None:
        """Have it end soon, unless it runs more than once: each of these is waited for or not."""
        tokens = _running[self.key]
        if len(tokens) == 1:
            tokens[0].cancel()


#: The jobs of each task that Dask's threads run.
_running: dict[Any, list[CancelToken]] = defaultdict(list)


class NodeArray(da.Array):  # type: ignore[misc]
    """Values of all nodes, whose computation ends when it is interrupted.

    Attributes
    ----------
    plan : ScanPlan or ReductionPlan
        How they are computed.
    """

    _task: NodeTask
    plan: Tabular

    def __new__(
        cls, task: NodeTask, dtype: np.dtype[Any], shape: tuple[float, ...], meta: Any = None
    ) -> NodeArray:
        """Return the array; Dask's arrays are made here, not in ``__init__``.

        Its block is a NumPy array, or of the type of an empty `meta`.
        """
        name, layers = task.key[0], HighLevelGraph.from_collections(task.key[0], {task.key: task})
        size = tuple((length,) for length in shape)
        meta = np.empty((0,) * len(shape), dtype) if meta is None else meta
        array: NodeArray = super().__new__(cls, layers, name, size, meta=meta)
        array._task, array.plan = task, task.args[2]
        return array

    def __reduce__(self) -> Any:
        """Pickle as a plain Dask array."""
        return da.Array, (self.dask, self.name, self.chunks, self.dtype)

    def _repr_html_(self) -> str:
        return array_with_table(super()._repr_html_(), repr(self), self.plan.table())

    def compute(self, **kwargs: Any) -> NDArray[Any]:
        """Return the values; takes what ``dask.array.Array.compute`` takes."""
        executor = executor_of(get_scheduler(scheduler=kwargs.get("scheduler"), collections=[self]))
        values: NDArray[Any]
        if executor is None:
            values = super().compute(**kwargs)
            return values
        # Not by Dask: an interrupt would not end its thread, and it sends values to a cluster.
        with executor.job(self.name) as job:
            values = self._task.run(job, {})
        return values


def source_of(values: Any) -> tuple[Named, GraphArrays] | None:
    """Return what lazy values of nodes are, and their graph; None if they are not known."""
    place = (0,) * getattr(values, "ndim", 1)
    task = getattr(values, "dask", {}).get((getattr(values, "name", None), *place))
    if isinstance(task, NodeTask):
        algorithm, graph, *_ = task.args
        return algorithm, graph
    return None


def algorithm_of(values: Any) -> Any:
    """Return what computes lazy values that `node_array` has made, of any shape."""
    return values._task.args[0]


def compute_values(
    algorithm: NodeAlgorithm, graph: GraphArrays, plan: ScanPlan, name: str, job: Job
) -> Any:
    """Compute the values of all nodes in a job."""
    other = algorithm.transposed
    with graph.unchanged(), nullcontext() if other is None else other.unchanged():
        return algorithm.run(graph, Scanner(graph, plan, job, name))
