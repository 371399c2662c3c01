"""`Graph.subgraph`: the store of some nodes and of the edges among them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.build.copy_nodes import take_labels, take_types
from graphwalk.storage.build.stored_edges import StoredEdges, build_stored
from graphwalk.storage.store.find_nodes import find_nodes
from graphwalk.util.indexed_values import refuse_index

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from graphwalk.storage.build.context import Context
    from graphwalk.storage.store.format import GraphInfo
    from graphwalk.storage.store.graph import Graph
    from graphwalk.storage.store.graph_arrays import GraphArrays


def subgraph(
    graph: GraphArrays, nodes: Any, store: str | os.PathLike[str] | None, **options: Any
) -> Graph:
    """Build the store of some nodes of a graph; see `Graph.subgraph`."""
    refuse_index(nodes, "nodes")
    chosen = np.unique(find_nodes(graph, nodes))
    if not chosen.size:
        raise InputError("a subgraph has one node or more, and there are none; pass some nodes")
    edges = _InducedEdges(graph, chosen=chosen)
    return build_stored(edges, store, **options)


@dataclass(frozen=True, eq=False)
class _InducedEdges(StoredEdges):
    """The edges among ascending nodes, which are numbered in this order."""

    chosen: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def num_nodes(self) -> int:
        """Number of the nodes that were chosen."""
        return len(self.chosen)

    @property
    def num_edges(self) -> None:
        """None: it is not known before the edges are read."""
        return

    def wants(self, nodes: range) -> bool:
        """Return whether any of the nodes was chosen."""
        first, stop = np.searchsorted(self.chosen, (nodes.start, nodes.stop))
        return bool(first < stop)

    def changed(self, src: NDArray[Any], dst: NDArray[Any]) -> tuple[Any, Any, Any]:
        """Return the endpoints of the edges among the nodes, and which entries these are."""
        new = [np.searchsorted(self.chosen, ends) for ends in (src, dst)]
        kept = np.ones(len(src), bool)
        for old, place in zip((src, dst), new, strict=True):
            kept &= self.chosen[np.minimum(place, len(self.chosen) - 1)] == old
        if not self.graph.directed:  # an edge lies in the rows of both its ends
            kept &= src <= dst
        return new[0][kept], new[1][kept], kept

    def finish(self, context: Context, info: GraphInfo) -> GraphInfo:
        """Write labels and types of the nodes; return the attributes that tell of them."""
        graph, chosen = self.graph, self.chosen
        labels = graph.labels
        if labels is not None:
            cuts = np.searchsorted(chosen, labels.runs).tolist()
            runs = tuple(sorted({cut for cut in cuts if 0 < cut < len(chosen)}))
            info = replace(
                info,
                labels=graph.info.labels,
                label_digest=take_labels(labels, chosen, context),
                label_runs=runs or None,
                reordered_from=graph.info.reordered_from,
            )
        return take_types(graph, chosen, context, info)
