"""How much better communities are than a random graph of the same degrees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphwalk.algorithms.analytics.node_array import NodeAlgorithm, OneNumber, node_array
from graphwalk.algorithms.analytics.out_strengths import out_strengths, uses_weights
from graphwalk.errors import InputError, argument
from graphwalk.kernels.analytics.move_nodes import add_communities
from graphwalk.scheduler.engine.scan import ScanProgram
from graphwalk.scheduler.engine.scan_plan import ScanCost
from graphwalk.storage.partitions.entry_partitions import read_entries
from graphwalk.storage.store.find_nodes import values_by_node
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.util.indexed_values import as_array
from graphwalk.util.parameters import FINITE_POSITIVE

if TYPE_CHECKING:
    import os

    import dask.array as da
    from numpy.typing import ArrayLike, NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.partitions.entry_partitions import PartialRows
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: What the weight of all entries is in fixed point.
_ONE = float(1 << 60)


def modularity(
    store: Graph | str | os.PathLike[str],
    labels: ArrayLike,
    resolution: float = 1.0,
    *,
    weight: str | None = "weight",
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the modularity of communities, as a lazy Dask array of one number.

    It is the part of the weight of all edges that lies within communities, less the part that would
    lie there if edges joined nodes at random in proportion to their strengths [1]_: with the weight
    m of all edges, the sum over communities of ``inside / m - resolution * (strength / (2*m))**2``
    or, in a directed graph, of ``inside / m - resolution * out_strength * in_strength / m**2``. A
    loop counts twice for the strength in an undirected graph; parallel edges count one by one.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    labels : array_like of int, shape (num_nodes,)
        The community of each node, such as `communities` computes them: equal integers for nodes
        of one community.
    resolution : float
        By what the expected part is multiplied.
    weight : {"weight"} or None
        By default the weights of edges are used, if there are any; None leaves them out.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that sums and partitions of the graph may take. None:
        70 % of what is free.
    partitions : int, optional
        How many partitions to read the graph in. None: as `memory` asks for.

    Returns
    -------
    dask.array.Array of float64, shape ()
        The modularity; NaN for a graph without edges. Its attribute ``plan`` says how it is
        computed. Nothing is read before ``compute()`` except where the graph is cut.

    Raises
    ------
    InputError
        When there is not one integer for each node, or a parameter is out of its range.
    MemoryBudgetError
        When the sums do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] M. E. J. Newman, "Modularity and community structure in networks", PNAS 103, 2006,
       https://doi.org/10.1073/pnas.0601602103

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5), (5, 3)])
    >>> float(graphwalk.modularity(graph, [0, 0, 0, 3, 3, 3]).compute().round(3))
    0.357
    """
    graph = as_graph(store)
    weighted = uses_weights(graph, weight)
    resolution = FINITE_POSITIVE.check("resolution", resolution)
    found = as_array(values_by_node(graph._arrays, labels, "labels"), "labels")
    if found.shape != (graph.num_nodes,) or found.dtype.kind not in "iu":
        raise InputError(
            f"{argument('labels')} has shape {found.shape} and type {found.dtype}; pass an integer "
            f"for each of the {graph.num_nodes} nodes"
        )
    names, members = np.unique(found, return_inverse=True)
    numbers = members.astype(graph.neighbor_dtype)
    algorithm = Modularity(numbers, len(names), resolution, weighted)
    return node_array(algorithm, graph._arrays, memory, partitions)


@dataclass(frozen=True)
class Modularity(OneNumber, NodeAlgorithm):
    """A pass that adds up weights by community.

    Attributes
    ----------
    members : ndarray of int32 or int64, shape (nodes,)
        Number of the community of each node.
    count : int
        How many communities there are.
    resolution : float
        By what the expected part is multiplied.
    weighted : bool
        Whether the weights of edges are used.
    """

    column: ClassVar[str] = "modularity"

    members: NDArray[Any]
    count: int
    resolution: float
    weighted: bool

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: labels, at most as many sums, perhaps strengths."""
        label = graph.neighbor_dtype.itemsize
        return ScanCost(
            "modularity",
            state=label + 24 + 8 * self.weighted,
            partial=24,
            shared=label,
            passes="1, and one over weights" if self.weighted else "1",
            repeated=False,
            values="weights" if self.weighted else None,
        )

    def run(self, graph: GraphArrays, scanner: Scanner) -> np.float64:
        """Return the modularity."""
        unit = 1.0
        if self.weighted:
            total = float(out_strengths(graph, scanner).sum())
            unit = _ONE / total if total > 0 else 1.0
        program = _Sums(self, unit, 1 if graph.directed else 2)
        sums = program.new_result()
        scanner.scan(program, sums)
        leaving, arriving, inside = sums.astype(np.float64)
        total = float(leaving.sum())
        if not total > 0:
            return np.float64(np.nan)
        expected = float((leaving / total * (arriving / total)).sum())
        return np.float64(float(inside.sum()) / total - self.resolution * expected)


class _Sums(ScanProgram):
    """Adds up weights by community, in fixed point."""

    def __init__(self, algorithm: Modularity, unit: float, loops: int) -> None:
        self._members, self._count = algorithm.members, algorithm.count
        self._weighted, self._unit, self._loops = algorithm.weighted, unit, loops

    def new_result(self) -> NDArray[np.int64]:
        """Return sums of nothing."""
        return np.zeros((3, self._count), np.int64)

    def read(self, graph: GraphArrays, part: Any) -> PartialRows:
        """Return the rows of a partition, with weights if they are used."""
        return read_entries(graph, part, "weights" if self._weighted else None)

    def visit(self, result: NDArray[np.int64], rows: PartialRows) -> None:
        """Add the weights of a partition."""
        weights = np.empty(0, np.float32) if rows.values is None else rows.values
        add_communities(self._members, *rows[:3], weights, self._unit, self._loops, result)

    def merge(self, result: NDArray[np.int64], other: NDArray[np.int64]) -> None:
        """Add the sums of other partitions."""
        result += other
