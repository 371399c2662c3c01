"""Degrees of nodes, and how these are correlated along edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphwalk.algorithms.analytics.neighbor_sums import NeighborSums
from graphwalk.algorithms.analytics.node_array import NodeAlgorithm, OneNumber, node_array
from graphwalk.algorithms.analytics.out_degrees import out_degrees
from graphwalk.scheduler.engine.scan_plan import ScanCost
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.util.parameters import one_of

if TYPE_CHECKING:
    import os

    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.store.graph_arrays import GraphArrays

_DIRECTION = one_of("out", "in", "total")


def degrees(
    store: Graph | str | os.PathLike[str],
    direction: str = "out",
    *,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the degree of every node, as a lazy Dask array.

    Parallel edges count one by one, and a loop of an undirected graph counts once.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    direction : {"out", "in", "total"}
        Which edges of a directed graph count. In an undirected graph all do, and once. In-degrees
        of a directed graph take a pass over its entries; others are read from the offsets.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that degrees and partitions of the graph may take. None:
        70 % of what is free.
    partitions : int, optional
        How many partitions to read the graph in. None: as `memory` asks for.

    Returns
    -------
    dask.array.Array of int64, shape (num_nodes,)
        The degree of each node. Its attribute ``plan`` says how it is computed. Nothing is read
        before ``compute()`` except where the graph is cut.

    Raises
    ------
    InputError
        When a parameter is out of its range.
    MemoryBudgetError
        When the degrees do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (0, 2), (1, 2)], directed=True)
    >>> graphwalk.degrees(graph, "in").compute()
    array([0, 1, 2])
    """
    graph = as_graph(store)
    _DIRECTION.check("direction", direction)
    return node_array(Degrees(direction), graph._arrays, memory, partitions)


def degree_assortativity(
    store: Graph | str | os.PathLike[str],
    x: str = "out",
    y: str = "in",
    *,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return how degrees are correlated along edges, as a lazy Dask array of one number.

    It is Pearson's coefficient of the degrees of both ends of each entry [1]_: of each edge in a
    directed graph, and of each edge in both directions otherwise.

    Parameters
    ----------
    store, memory, partitions
        As `degrees` takes them.
    x, y : {"out", "in", "total"}
        Which degrees of the source and of the target are compared in a directed graph.

    Returns
    -------
    dask.array.Array of float64, shape ()
        The coefficient, from -1 to 1; NaN where all degrees are equal.

    Raises
    ------
    InputError, MemoryBudgetError, StoreError
        As `degrees` does.

    References
    ----------
    .. [1] M. E. J. Newman, "Mixing patterns in networks", Physical Review E 67, 2003,
       https://doi.org/10.1103/PhysRevE.67.026126

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (0, 2), (0, 3)])
    >>> float(graphwalk.degree_assortativity(graph).compute())
    -1.0
    """
    graph = as_graph(store)
    _DIRECTION.check("x", x)
    _DIRECTION.check("y", y)
    return node_array(DegreeAssortativity(x, y), graph._arrays, memory, partitions)


@dataclass(frozen=True)
class Degrees(NodeAlgorithm):
    """A pass for in-degrees, none for others.

    Attributes
    ----------
    direction : {"out", "in", "total"}
        Which edges count.
    """

    column: ClassVar[str] = "degree"

    direction: str

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of degrees."""
        del graph
        return np.dtype(np.int64)

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: degrees of one kind or two, and ones to add."""
        reads = graph.directed and self.direction != "out"
        state, passes = (24, "1") if reads else (8 + graph.neighbor_dtype.itemsize, "none")
        return ScanCost("degrees", state, 8, 8, passes, repeated=False)

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[np.int64]:
        """Return the degree of every node."""
        return find_degrees(graph, scanner, self.direction)


def find_degrees(graph: GraphArrays, scanner: Scanner, direction: str) -> NDArray[np.int64]:
    """Return the degree of every node in a direction."""
    found = np.zeros(graph.num_nodes, np.int64)
    if direction != "in" or not graph.directed:
        found += out_degrees(graph)
    if direction != "out" and graph.directed:
        scanner.scan(NeighborSums(np.ones(graph.num_nodes, np.int64), push=True), found)
    return found


@dataclass(frozen=True)
class DegreeAssortativity(OneNumber, NodeAlgorithm):
    """A pass that adds the degrees of neighbours, and one for in-degrees.

    Attributes
    ----------
    x, y : {"out", "in", "total"}
        Degrees of sources and of targets.
    """

    x: str
    y: str

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: degrees of sources and targets, and sums, as floats."""
        passes = "2" if graph.directed else "1"
        return ScanCost("degree assortativity", 56, 8, 8, passes, repeated=graph.directed)

    def run(self, graph: GraphArrays, scanner: Scanner) -> np.float64:
        """Return the coefficient."""
        leaving = arriving = find_degrees(graph, scanner, "out")
        if graph.directed:
            arriving = find_degrees(graph, scanner, "in")
        entries = float(leaving.sum())
        if not entries:
            return np.float64(np.nan)
        known = {"out": leaving, "in": arriving}
        if "total" in (self.x, self.y):
            known["total"] = leaving + arriving if graph.directed else leaving
        x, y = known[self.x], known[self.y]
        sums = np.zeros_like(y)
        scanner.scan(NeighborSums(y, push=False), sums)
        both = float(np.sum(x * sums.astype(np.float64)))
        mean_x, square_x = (float(np.sum(leaving * x**k)) / entries for k in (1.0, 2.0))
        mean_y, square_y = (float(np.sum(arriving * y**k)) / entries for k in (1.0, 2.0))
        spread = (square_x - mean_x**2) * (square_y - mean_y**2)
        if not spread > 0:
            return np.float64(np.nan)
        return np.float64((both / entries - mean_x * mean_y) / np.sqrt(spread))
