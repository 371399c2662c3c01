"""Core numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from graphwalk.algorithms.analytics.falling_values import Falling, FallingPass, Frontier
from graphwalk.algorithms.analytics.node_array import node_array
from graphwalk.algorithms.analytics.out_degrees import out_degrees
from graphwalk.algorithms.analytics.whole_rows import WholeRowPass, WholeRows
from graphwalk.kernels.analytics.lower_cores import lower_cores
from graphwalk.scheduler.engine.scan_plan import ScanCost
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.storage.store.transposed import both_directions, transposed_arrays

if TYPE_CHECKING:
    import os

    import dask.array as da
    import numpy as np
    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.partitions.neighborhoods import Neighborhoods
    from graphwalk.storage.store.graph_arrays import GraphArrays


def core_numbers(
    store: Graph | str | os.PathLike[str],
    *,
    transposed: Graph | str | os.PathLike[str] | None = None,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the core number of every node, as a lazy Dask array.

    A node is in the k-core if it is in a part of the graph in which each node has at least k
    neighbours; its core number is the largest such k. Loops are left out. Parallel edges count one
    by one, and in a directed graph all in- and out-edges count. Bounds fall from the degrees, in
    passes that look only at nodes whose bound may fall [1]_.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    transposed : Graph, str or path, optional
        What `Graph.transpose` made of a directed graph.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that numbers and partitions of the graph may take. None:
        70 % of what is free.
    partitions : int, optional
        How many partitions to read the graph in, about. None: as `memory` asks for.

    Returns
    -------
    dask.array.Array of int32 or int64, shape (num_nodes,)
        The core number of each node. Its attribute ``plan`` says how it is computed. Nothing is
        read before ``compute()`` except where the graph is cut.

    Raises
    ------
    InputError
        When a parameter is out of its range, or `transposed` is not the transpose of the graph.
    MemoryBudgetError
        When the numbers do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] D. Wen et al., "I/O efficient core graph decomposition at web scale", ICDE 2016,
       https://doi.org/10.1109/ICDE.2016.7498235

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 0), (2, 3)], num_nodes=5)
    >>> graphwalk.core_numbers(graph).compute()
    array([2, 2, 2, 1, 0], dtype=int32)
    """
    graph = as_graph(store)
    other = transposed_arrays(graph, transposed, "the core number of nodes")
    return node_array(CoreNumbers(other), graph._arrays, memory, partitions)


@dataclass(frozen=True)
class CoreNumbers(WholeRows):
    """Passes in which bounds fall.

    Attributes
    ----------
    transposed : GraphArrays or None
        The transposed store of a directed graph.
    """

    column: ClassVar[str] = "core"

    transposed: GraphArrays | None

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of core numbers."""
        return graph.neighbor_dtype

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: bounds and two sets; and counts for the longest row."""
        node = graph.neighbor_dtype.itemsize
        other = 0 if self.transposed is None else self.transposed.max_degree
        return ScanCost(
            name="core numbers",
            state=node * (1 if self.transposed is None else 2) + 3,
            partial=node + 1,
            shared=node + 1,
            passes="until no number falls",
            repeated=True,
            method=both_directions(self.transposed),
            scratch=8 * (graph.max_degree + other + 1),
        )

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[Any]:
        """Return the core number of every node."""
        bounds = out_degrees(graph)
        if self.transposed is not None:
            bounds += out_degrees(self.transposed)
        state, active = Falling(bounds), Frontier.where(bounds > 0)
        while len(active):
            program = _Lower(bounds, active, self.transposed)
            scanner.scan(program, state, active=active.is_in)
            active = state.swap(active)
        return bounds


class _Lower(WholeRowPass, FallingPass):
    """Lowers the bounds of active nodes."""

    def __init__(
        self, values: NDArray[Any], active: Frontier, transposed: GraphArrays | None
    ) -> None:
        super().__init__(values, active)
        self.transposed = transposed

    def visit(self, result: Falling, rows: Neighborhoods) -> None:
        """Lower the bounds of the active nodes of a partition."""
        sets = self.active.flags, self.active.blocks, result.fallen.flags, result.fallen.blocks
        lower_cores(result.values, *rows, *sets)
