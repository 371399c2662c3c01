"""Triangles, clustering coefficients and transitivity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphwalk.algorithms.analytics.node_array import OneNumber, node_array
from graphwalk.algorithms.analytics.out_strengths import uses_weights
from graphwalk.algorithms.analytics.triangle_counts import ARC_BYTES, count
from graphwalk.algorithms.analytics.whole_rows import WholeRows
from graphwalk.errors import InputError, argument
from graphwalk.scheduler.engine.scan_plan import PARTITION_BYTES, ScanCost
from graphwalk.storage.partitions.neighborhoods import NeighborhoodReader
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.storage.store.transposed import both_directions, transposed_arrays
from graphwalk.util.parameters import one_of

if TYPE_CHECKING:
    import os

    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.algorithms.analytics.triangle_counts import Found
    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Bytes of the roots of the weights of a partition, whose entries take 8 bytes each.
_ROOTS = PARTITION_BYTES


def triangles(
    store: Graph | str | os.PathLike[str],
    *,
    transposed: Graph | str | os.PathLike[str] | None = None,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the number of triangles that each node is in, as a lazy Dask array.

    Directions, loops and parallel edges are ignored. As many rows as `memory` has room for, each
    reduced to the neighbours of higher degree, are held while the others pass by [1]_.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    transposed : Graph, str or path, optional
        What `Graph.transpose` made of a directed graph.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that counts and rows may take. None: 70 % of what is
        free.
    partitions : int, optional
        How many partitions to read the graph in, about. None: as `memory` asks for.

    Returns
    -------
    dask.array.Array of int64, shape (num_nodes,)
        Pairs of neighbours of each node that are neighbours themselves. Its attribute ``plan`` says
        how it is computed. Nothing is read before ``compute()`` except where the graph is cut.

    Raises
    ------
    InputError
        When a parameter is out of its range, or `transposed` is not the transpose of the graph.
    MemoryBudgetError
        When the counts do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] X. Hu, Y. Tao, C.-W. Chung, "Massive graph triangulation", SIGMOD 2013,
       https://doi.org/10.1145/2463676.2463704

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 0), (2, 3)])
    >>> graphwalk.triangles(graph).compute()
    array([1, 1, 1, 0])
    """
    graph = as_graph(store)
    other = transposed_arrays(graph, transposed, "the count of triangles")
    return node_array(Triangles(other), graph._arrays, memory, partitions)


def clustering(
    store: Graph | str | os.PathLike[str],
    *,
    method: str = "ldbc",
    weight: str | None = None,
    transposed: Graph | str | os.PathLike[str] | None = None,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the local clustering coefficient of every node, as a lazy Dask array.

    It is the part of the pairs of a node's neighbours that are neighbours themselves. Loops and
    parallel edges are ignored. In a directed graph there are two definitions, which
    both count edges of both directions twice:

    - ``"ldbc"``: edges among all in- and out-neighbours, divided by the number of ordered pairs of
      these [1]_.
    - ``"fagiolo"``: directed triangles, divided by the number of possible ones [2]_, as
      ``networkx.clustering`` does.

    With weights, each triangle counts as much as the geometric mean of the weights of its edges, in
    parts of the largest weight of the graph [3]_; of parallel edges, the largest weight counts.

    Parameters
    ----------
    store, transposed, memory, partitions
        As `triangles` takes them.
    method : {"ldbc", "fagiolo"}
        What the coefficient is in a directed graph.
    weight : {"weight"} or None
        With "weight", triangles count by weights, if there are any; in a directed graph, with
        ``method="fagiolo"``.

    Returns
    -------
    dask.array.Array of float64, shape (num_nodes,)
        The coefficient of each node, 0 where it has fewer than two neighbours.

    Raises
    ------
    InputError, MemoryBudgetError, StoreError
        As `triangles` does.

    References
    ----------
    .. [1] A. Iosup et al., "The LDBC Graphalytics benchmark", https://arxiv.org/abs/2011.15028
    .. [2] G. Fagiolo, "Clustering in complex directed networks", Physical Review E 76, 2007,
       https://doi.org/10.1103/PhysRevE.76.026107
    .. [3] J.-P. Onnela, J. Saramäki, J. Kertész, K. Kaski, "Intensity and coherence of motifs in
       weighted complex networks", Physical Review E 71, 2005,
       https://doi.org/10.1103/PhysRevE.71.065103

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 0), (2, 3)])
    >>> graphwalk.clustering(graph).compute().round(3)
    array([1.   , 1.   , 0.333, 0.   ])
    """
    graph = as_graph(store)
    one_of("ldbc", "fagiolo").check("method", method)
    other = transposed_arrays(graph, transposed, "clustering")
    kinds = {"ldbc": "arcs", "fagiolo": "cycles"}
    kind = kinds[method] if graph.directed else "triangles"
    if uses_weights(graph, weight):
        if kind == "arcs":
            raise InputError(
                f"{argument('weight')} has a definition in directed graphs only with "
                f"{argument('method', 'fagiolo')}; pass that, too, or leave it out"
            )
        kind = "weights"
    return node_array(Clustering(other, kind), graph._arrays, memory, partitions)


def transitivity(
    store: Graph | str | os.PathLike[str],
    *,
    transposed: Graph | str | os.PathLike[str] | None = None,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the part of all paths of two edges that are closed to a triangle, as a lazy array.

    Directions, loops and parallel edges are ignored.

    Parameters
    ----------
    store, transposed, memory, partitions
        As `triangles` takes them.

    Returns
    -------
    dask.array.Array of float64, shape ()
        Three times the number of triangles, divided by the number of paths of two edges; 0 if there
        are none.

    Raises
    ------
    InputError, MemoryBudgetError, StoreError
        As `triangles` does.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 0), (2, 3)])
    >>> float(graphwalk.transitivity(graph).compute())
    0.6
    """
    graph = as_graph(store)
    other = transposed_arrays(graph, transposed, "transitivity")
    return node_array(Transitivity(other), graph._arrays, memory, partitions)


@dataclass(frozen=True)
class Triangles(WholeRows):
    """Counts triangles at each node.

    Attributes
    ----------
    transposed : GraphArrays or None
        The transposed store of a directed graph.
    kind : {"triangles", "arcs", "cycles", "weights"}
        What is counted.
    """

    name: ClassVar[str] = "triangles"
    column: ClassVar[str] = "triangles"
    type: ClassVar[Any] = np.int64

    transposed: GraphArrays | None
    kind: str = "triangles"

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of the result."""
        del graph
        dtype: np.dtype[Any] = np.dtype(self.type)
        return dtype

    def reader(self, graph: GraphArrays) -> NeighborhoodReader:
        """Return what cuts the graph."""
        del graph
        values: ValueName | None = "weights" if self.kind == "weights" else None
        return NeighborhoodReader(self.transposed, values)

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: counts, ranks, degrees; and places for each worker."""
        node = graph.neighbor_dtype.itemsize
        found = (16 if self.kind == "weights" else 8) + node * (2 if graph.directed else 1)
        entries = graph.num_entries // (1 if graph.directed else 2)
        return ScanCost(
            name=self.name,
            state=found + node + 8,
            partial=found,
            shared=node,
            passes="2, or 2 and more where not all rows of neighbours of higher degree fit",
            repeated=False,
            method=both_directions(self.transposed),
            scratch=4 * graph.num_nodes + (_ROOTS if self.kind == "weights" else 0),
            values="weights" if self.kind == "weights" else None,
            chunk=entries * (node + ARC_BYTES[self.kind]) + 8 * graph.num_nodes,
        )

    def run(self, graph: GraphArrays, scanner: Scanner) -> Any:
        """Return the result."""
        return self.result(count(graph, self.transposed, scanner, self.kind))

    def result(self, found: Found) -> Any:
        """Return the number of triangles of each node."""
        return found.counts


class Clustering(Triangles):
    """Divides counts by the number of pairs of neighbours."""

    name, column, type = "clustering", "clustering", np.float64

    def result(self, found: Found) -> NDArray[np.float64]:
        """Return the coefficient of each node."""
        degrees = found.degrees.astype(np.float64)
        both = self.kind in ("cycles", "weights") and self.transposed is not None
        if both:
            degrees += found.mutual
        pairs = degrees * (degrees - 1)
        if both:
            pairs -= 2.0 * found.mutual
        counts = found.counts.astype(np.float64)
        if self.kind == "weights":
            counts = (counts * 2.0**found.counted.bits + found.low) / found.counted.unit
        if self.transposed is None:
            counts *= 2
        np.divide(counts, pairs, out=counts, where=counts > 0)
        return counts


class Transitivity(OneNumber, Triangles):
    """Divides all counts by the number of all pairs of neighbours."""

    name = "transitivity"

    def result(self, found: Found) -> np.float64:
        """Return the part of paths of two edges that are closed."""
        degrees = found.degrees.astype(np.int64)
        pairs = int((degrees * (degrees - 1) // 2).sum())
        return np.float64(int(found.counts.sum()) / pairs if pairs else 0.0)
