"""What nodes have, their labels and types, copied from one store into another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from graphwalk.storage.build.context import Context
    from graphwalk.storage.store.format import GraphInfo
    from graphwalk.storage.store.graph_arrays import GraphArrays


def copy_labels(graph: GraphArrays, context: Context, info: GraphInfo) -> GraphInfo:
    """Copy the labels of nodes; return the attributes that tell of them."""
    nodes = graph.num_nodes
    if graph.info.labels == "int64":
        _copy(graph, context, "labels", np.int64, nodes)
    elif graph.info.labels == "string":
        _copy(graph, context, "label_offsets", np.int64, nodes + 1)
        ends = graph.open_array("label_offsets", nodes + 1)
        _copy(graph, context, "label_bytes", np.uint8, int(ends.read(nodes, nodes + 1)[0]))
    return replace(
        info,
        labels=graph.info.labels,
        label_digest=graph.info.label_digest,
        label_runs=graph.info.label_runs,
    )


def copy_types(graph: GraphArrays, context: Context, info: GraphInfo) -> GraphInfo:
    """Copy the types of nodes; return the attributes that tell of them."""
    if graph.info.node_types is not None:
        _copy(graph, context, "node_types", np.uint8, graph.num_nodes)
    return replace(info, node_types=graph.info.node_types)


def _copy(graph: GraphArrays, context: Context, name: str, dtype: Any, length: int) -> None:
    """Copy an array, a chunk at a time."""
    reader = graph.open_array(name, length)
    with context.new_array(name, dtype, graph.num_nodes) as writer:
        for start in range(0, length, reader.chunk):
            writer.append(reader.read(start, min(start + reader.chunk, length)))
