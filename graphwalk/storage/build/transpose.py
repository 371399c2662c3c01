"""`Graph.transpose`: the store of a graph whose edges lead the other way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphwalk.errors import InputError, StoreError, function
from graphwalk.storage.build.copy_nodes import copy_labels, copy_types
from graphwalk.storage.build.stored_edges import StoredEdges, build_stored
from graphwalk.util.parameters import FLAG

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from graphwalk.storage.build.context import Context
    from graphwalk.storage.store.format import GraphInfo
    from graphwalk.storage.store.graph import Graph
    from graphwalk.storage.store.graph_arrays import GraphArrays


def transpose(
    graph: GraphArrays, store: str | os.PathLike[str] | None, *, both_ways: bool, **options: Any
) -> Graph:
    """Build the transposed store of a graph; see `Graph.transpose`."""
    if not graph.directed:
        raise InputError(
            f"{graph.path} is undirected, so that its transpose is the graph itself; use it as it "
            "is"
        )
    if graph.digest is None:
        raise StoreError(
            f"{graph.path} was written by an early version, without the digest that binds a "
            f"transposed store to it; build it again by {function('build_zarr')}"
        )
    edges = (_UndirectedEdges if FLAG.check("both_ways", both_ways) else _ReversedEdges)(graph)
    return build_stored(edges, store, **options)


class _TransposedEdges(StoredEdges):
    """The entries of a store, otherwise directed."""

    def finish(self, context: Context, info: GraphInfo) -> GraphInfo:
        """Copy labels and types of nodes; return the attributes that tell of them."""
        graph = self.graph
        info = copy_types(graph, context, copy_labels(graph, context, info))
        return replace(info, transposed_from=graph.digest)


class _ReversedEdges(_TransposedEdges):
    """The entries of a store, reversed."""

    def changed(self, src: NDArray[Any], dst: NDArray[Any]) -> tuple[Any, Any, Any]:
        """Return the endpoints the other way round, of all entries."""
        return dst, src, slice(None)


class _UndirectedEdges(_TransposedEdges):
    """The entries of a store, as undirected edges."""

    @property
    def directed(self) -> bool:
        """False."""
        return False

    def changed(self, src: NDArray[Any], dst: NDArray[Any]) -> tuple[Any, Any, Any]:
        """Return the endpoints of all entries."""
        return src, dst, slice(None)
