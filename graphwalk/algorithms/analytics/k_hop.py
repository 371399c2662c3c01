"""The nodes near given ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphwalk.algorithms.analytics.bfs import BreadthFirstSearch
from graphwalk.algorithms.analytics.node_array import node_array
from graphwalk.algorithms.analytics.sources import source_nodes
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.util.parameters import whole

if TYPE_CHECKING:
    import os

    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.store.graph_arrays import GraphArrays

_HOPS = whole(0)


def k_hop(
    store: Graph | str | os.PathLike[str],
    sources: Any,
    hops: int = 2,
    *,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the nodes within a number of edges of given ones, as a lazy Dask array.

    Edges are followed along their directions; the transpose of a directed graph has the others.
    `Graph.subgraph` makes a graph of the nodes.

    Parameters
    ----------
    store, memory, partitions
        As `bfs` takes them.
    sources : node or sequence of nodes
        Where to start: by label where the graph has labels, otherwise by number.
    hops : int
        Most edges on the way to a node. With 0 only the sources are returned.

    Returns
    -------
    dask.array.Array of int32 or int64, shape (num_near,)
        The nodes, ascending, with the sources. The shape is not known before ``compute()``.

    Raises
    ------
    InputError, MemoryBudgetError, StoreError
        As `bfs` does.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 3), (3, 4)])
    >>> near = graphwalk.k_hop(graph, 0, hops=2).compute()
    >>> near
    array([0, 1, 2], dtype=int32)
    >>> graph.subgraph(near)
    <graphwalk.Graph '...graph.zarr': 3 nodes, 2 edges, undirected>
    """
    graph = as_graph(store)
    hops = _HOPS.check("hops", hops)
    algorithm = NearNodes(source_nodes(graph, sources), parents=False, hops=hops)
    return node_array(algorithm, graph._arrays, memory, partitions)


class NearNodes(BreadthFirstSearch):
    """A search that ends at a distance, of which the nodes are wanted."""

    column: ClassVar[str] = "node"
    are_nodes: ClassVar[bool] = True

    def shape(self, graph: GraphArrays) -> tuple[float, ...]:
        """Return that it is not known how many nodes there are."""
        del graph
        return (np.nan,)

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[Any]:
        """Return the nodes that are reached."""
        reached = super().run(graph, scanner) >= 0
        return np.flatnonzero(reached).astype(graph.neighbor_dtype)
