"""The graph of communities: one node for each, out of core as any other store is built."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.memory_plan import BuildSizes
from graphwalk.storage.build.pipeline import build
from graphwalk.storage.build.stored_edges import StoredEdges
from graphwalk.util.progress_bar import Progress
from graphwalk.util.threads import num_cores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.edges.protocol import EdgeBatch
    from graphwalk.storage.partitions.entry_partitions import EntryPartition
    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.graph import Graph
    from graphwalk.storage.store.graph_arrays import GraphArrays


def merge_communities(
    graph: GraphArrays,
    members: NDArray[Any],
    count: int,
    memory: int,
    unit: float,
    *,
    weighted: bool,
) -> Graph:
    """Build an undirected graph whose nodes are communities, in a temporary store.

    Parameters
    ----------
    graph : GraphArrays
        The graph.
    members : ndarray of int, shape (nodes,)
        The number of the community of each node.
    count : int
        How many communities there are.
    memory : int
        Bytes that the build may take.
    unit : float
        What a weight of 1.0 becomes, a power of 2.
    weighted : bool
        Whether edges of the graph have weights that are used; else each counts as 1.

    Returns
    -------
    Graph
        Edges between different communities, whose weight is the sum of those that they stand for.
    """
    edges = _Edges(graph, members=members, count=count, uses_weights=weighted, unit=unit)
    options = BuildOptions(num_nodes=count, relabel=False, compressed=False)
    return build(edges, None, options, BuildSizes(memory, num_cores()), Progress(False))


@dataclass(frozen=True, eq=False)
class _Edges(StoredEdges):
    """The edges between different communities."""

    directed = False
    weighted = True

    members: NDArray[Any] = field(default_factory=lambda: np.empty(0, np.int64))
    count: int = 0
    uses_weights: bool = False
    unit: float = 1.0

    @property
    def num_nodes(self) -> int:
        """Number of communities."""
        return self.count

    @property
    def num_edges(self) -> None:
        """None: it is not known before the edges are read."""
        return

    @property
    def values(self) -> ValueName | None:
        """What is read of entries: weights, if they are used."""
        return "weights" if self.uses_weights else None

    def changed(self, src: NDArray[Any], dst: NDArray[Any]) -> tuple[Any, Any, Any]:
        """Return the communities of the ends of edges, and which entries these are."""
        ends = self.members[src], self.members[dst]
        kept = ends[0] != ends[1]
        if not self.graph.directed:  # an edge lies in the rows of both its ends
            kept &= src < dst
        return ends[0][kept], ends[1][kept], kept

    def _batch(self, part: EntryPartition) -> EdgeBatch:
        batch = super()._batch(part)
        if batch.weight is None:
            return batch._replace(weight=np.ones(len(batch.src), np.float32))
        weight = batch.weight * np.float32(self.unit)
        some = weight > 0  # a build refuses nodes all of whose edges weigh nothing
        return batch._replace(src=batch.src[some], dst=batch.dst[some], weight=weight[some])
