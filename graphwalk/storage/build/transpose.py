"""`Graph.transpose`: the store of a graph whose edges lead the other way."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, StoreError, function
from graphwalk.storage.build.stored_edges import StoredEdges, build_stored

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from graphwalk.storage.build.context import Context
    from graphwalk.storage.store.format import GraphInfo
    from graphwalk.storage.store.graph import Graph
    from graphwalk.storage.store.graph_arrays import GraphArrays


def transpose(graph: GraphArrays, store: str | os.PathLike[str] | None, **options: Any) -> Graph:
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
    return build_stored(_ReversedEdges(graph), store, partial(_add_nodes, graph), **options)


class _ReversedEdges(StoredEdges):
    """The entries of a store, reversed."""

    def changed(self, src: NDArray[Any], dst: NDArray[Any]) -> tuple[Any, Any, Any]:
        """Return the endpoints the other way round, of all entries."""
        return dst, src, slice(None)


def _add_nodes(graph: GraphArrays, context: Context, info: GraphInfo) -> GraphInfo:
    """Copy labels and types of nodes; return the attributes that tell of them."""
    nodes = graph.num_nodes
    if graph.info.labels == "int64":
        _copy(graph, context, "labels", np.int64, nodes)
    elif graph.info.labels == "string":
        _copy(graph, context, "label_offsets", np.int64, nodes + 1)
        ends = graph.open_array("label_offsets", nodes + 1)
        _copy(graph, context, "label_bytes", np.uint8, int(ends.read(nodes, nodes + 1)[0]))
    if graph.info.node_types is not None:
        _copy(graph, context, "node_types", np.uint8, nodes)
    return replace(
        info,
        labels=graph.info.labels,
        label_digest=graph.info.label_digest,
        node_types=graph.info.node_types,
        transposed_from=graph.digest,
    )


def _copy(graph: GraphArrays, context: Context, name: str, dtype: Any, length: int) -> None:
    """Copy an array, a chunk at a time."""
    reader = graph.open_array(name, length)
    with context.new_array(name, dtype, graph.num_nodes) as writer:
        for start in range(0, length, reader.chunk):
            writer.append(reader.read(start, min(start + reader.chunk, length)))
