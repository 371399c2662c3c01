"""The store of a graph whose nodes have other numbers: rows, labels and all arrays follow."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.storage.build.copy_nodes import take_labels, take_types
from graphwalk.storage.build.stored_edges import StoredEdges, build_stored
from graphwalk.storage.build.take_arrays import added_names, take_edge_arrays, take_node_arrays
from graphwalk.storage.store.label_index import IntegerLabels
from graphwalk.storage.store.stored_labels import write_labels
from graphwalk.util.permutations import inverse

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphwalk.storage.build.context import Context
    from graphwalk.storage.edges.options import FurtherKind
    from graphwalk.storage.store.format import GraphInfo
    from graphwalk.storage.store.graph import Graph
    from graphwalk.storage.store.graph_arrays import GraphArrays


def renumber(
    graph: GraphArrays,
    find_numbers: Callable[[], NDArray[Any]],
    store: str | os.PathLike[str] | None,
    **options: Any,
) -> Graph:
    """Build the store of a graph in which each node has the number that `find_numbers` returns.

    The numbers are found once the new store has its place, since that takes long.
    """
    edges = _RenumberedEdges(graph, find_numbers=find_numbers)
    return build_stored(edges, store, **options)


@dataclass(frozen=True, eq=False)
class _RenumberedEdges(StoredEdges):
    """The entries of a store, between the new numbers of nodes.

    Each entry is sorted by itself, as an edge of a directed graph is, since the two entries of an
    undirected edge may have different values in added arrays.
    """

    directed = True

    find_numbers: Callable[[], NDArray[Any]] = field(kw_only=True)
    numbers: NDArray[Any] = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def held(self) -> int:
        """Bytes of the new numbers of nodes, and of the nodes in their new order."""
        return 2 * self.graph.num_nodes * self.graph.neighbor_dtype.itemsize

    def begin(self) -> _RenumberedEdges:
        """Return the edges with the numbers found."""
        return replace(self, numbers=self.find_numbers())

    @property
    def further(self) -> tuple[FurtherKind, ...]:
        """The further columns of the edges: if entries have arrays, their places as ids."""
        ids: tuple[FurtherKind, ...] = ("edge_ids",) if self._has_arrays else ()
        return (*ids, "weights") if self.graph.info.also_weighted else ids

    def read_ids(self, entries: range) -> NDArray[np.int64]:
        """Return the places of some entries in the store."""
        return np.arange(entries.start, entries.stop)

    @property
    def _has_arrays(self) -> bool:
        return bool(added_names(self.graph, "edge"))

    def changed(self, src: NDArray[Any], dst: NDArray[Any]) -> tuple[Any, Any, Any]:
        """Return the new numbers of the ends of all entries."""
        return self.numbers[src], self.numbers[dst], slice(None)

    def finish(self, context: Context, info: GraphInfo) -> GraphInfo:
        """Write what nodes and entries have in their new order; return the attributes."""
        graph, order = self.graph, inverse(self.numbers, self.numbers.dtype)
        arrays = take_edge_arrays(graph, context) if self._has_arrays else {}
        arrays |= take_node_arrays(graph, order, context)
        info = replace(
            info,
            num_edges=graph.info.num_edges,
            directed=graph.directed,
            unconnected_nodes=graph.info.unconnected_nodes,
            statistics=graph.info.statistics,
            manifest=arrays,
            labels=graph.info.labels or "int64",
            label_digest=self._write_labels(order, context),
            reordered_from=graph.digest,
        )
        return take_types(graph, order, context, info)

    def _write_labels(self, order: NDArray[Any], context: Context) -> str:
        """Write the labels, which are the old numbers where there are none; return their digest."""
        if self.graph.labels is not None:
            return take_labels(self.graph.labels, order, context)
        return write_labels(IntegerLabels(order.astype(np.int64)), context.new_array)
