"""`Graph.reorder`: the store of a graph with its nodes in another order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.algorithms.analytics.node_array import node_array
from graphwalk.algorithms.analytics.node_orders import BfsOrder, ClusterOrder, DegreeOrder
from graphwalk.algorithms.analytics.out_strengths import uses_weights
from graphwalk.errors import StoreError, function
from graphwalk.storage.build.memory_plan import build_sizes
from graphwalk.storage.build.renumber import renumber
from graphwalk.storage.store.graph import Graph
from graphwalk.util.parameters import one_of

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from graphwalk.algorithms.analytics.node_orders import NodeOrder
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: The orders that there are.
ORDER = one_of("clusters", "bfs", "degree")


def reorder(
    graph: GraphArrays, order: str, store: str | os.PathLike[str] | None, **options: Any
) -> Graph:
    """Build the store of a graph with its nodes in another order; see `Graph.reorder`."""
    ORDER.check("order", order)
    if graph.digest is None:
        raise StoreError(
            f"{graph.path} was written by an early version, without the digest by which a "
            f"reordered store names it; build it again by {function('build_zarr')}"
        )
    memory, progress = build_sizes(options["memory"]).budget, options["progress"]

    def find_numbers() -> NDArray[Any]:
        both = Graph(graph)
        if graph.directed and order != "degree":
            both = both.transpose(both_ways=True, memory=memory, progress=progress)
        numbers: NDArray[Any]
        numbers = node_array(_algorithm(order, both), both._arrays, memory, None).compute()
        return numbers

    return renumber(graph, find_numbers, store, **options | {"memory": memory})


def _algorithm(order: str, graph: Graph) -> NodeOrder:
    if order == "degree":
        return DegreeOrder()
    if order == "bfs":
        return BfsOrder()
    return ClusterOrder(1.0, 1, None, uses_weights(graph, "weight"), None)
