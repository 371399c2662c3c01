"""What nodes have, their labels and types, copied from one store into another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from graphwalk.storage.store.label_runs import labels_of
from graphwalk.storage.store.stored_labels import write_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from graphwalk.storage.build.context import Context
    from graphwalk.storage.store.format import GraphInfo, LabelKind
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.storage.store.label_index import MemoryLabels
    from graphwalk.storage.store.stored_labels import StoredLabels

#: Bytes of a label and of a node while labels of some nodes are read, without those of strings.
_NODE_BYTES = 64


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
        reordered_from=graph.info.reordered_from,
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


def take_labels(labels: StoredLabels, nodes: NDArray[Any], context: Context) -> str:
    """Write the labels of some nodes as those of a new store's nodes; return their digest."""
    kind: LabelKind = "string" if labels.text else "int64"
    node_bytes = _NODE_BYTES + 4 * labels.nbytes // max(1, len(labels))
    step = max(1, context.tuning.budget // 4 // node_bytes)
    return write_labels(_TakenLabels(labels, nodes, kind, step), context.new_array)


def take_types(
    graph: GraphArrays, nodes: NDArray[Any], context: Context, info: GraphInfo
) -> GraphInfo:
    """Write the types of some nodes; return the attributes that tell of them."""
    types = graph.info.node_types
    if types is None:
        return info
    codes = graph.read_node_types(0, graph.num_nodes)[nodes]
    with context.new_array("node_types", np.uint8, len(codes)) as writer:
        writer.append(codes)
    return replace(info, node_types=replace(types, digest=f"{crc32(codes.tobytes()):08x}"))


@dataclass(frozen=True)
class _TakenLabels:
    """The labels of some nodes, of which `step` are in memory at a time."""

    stored: StoredLabels
    nodes: NDArray[Any]
    kind: LabelKind
    step: int

    def __len__(self) -> int:
        return len(self.nodes)

    def at(self, node: int) -> int | str:
        """Return a node's label."""
        label: int | str = self.stored.look_up(self.nodes[node : node + 1])[0].as_py()
        return label

    def parts(self) -> Iterator[tuple[int, MemoryLabels]]:
        """Yield the labels part by part, each with its first one's node."""
        for first in range(0, len(self), self.step):
            some = self.nodes[first : first + self.step].astype(np.int64)
            yield first, labels_of(self.stored.look_up(some))
