"""Graphs that are made of the edges of a store: built as any other, with the nodes of the store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.edge_list import build_edges
from graphwalk.storage.build.memory_plan import build_sizes
from graphwalk.storage.build.pipeline import write_store
from graphwalk.storage.edges.protocol import EdgeBatch
from graphwalk.storage.files.locations import is_url, locate_new
from graphwalk.storage.partitions.entry_partitions import cut_entries, read_entries
from graphwalk.storage.store.format import EDGE_IDS
from graphwalk.util.parameters import FLAG
from graphwalk.util.progress_bar import Progress

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from graphwalk.storage.build.context import Context
    from graphwalk.storage.edges.options import FurtherKind
    from graphwalk.storage.partitions.entry_partitions import EntryPartition
    from graphwalk.storage.store.format import GraphInfo, ValueName
    from graphwalk.storage.store.graph import Graph
    from graphwalk.storage.store.graph_arrays import GraphArrays


@dataclass(frozen=True, eq=False)
class StoredEdges:
    """A source of edges: the entries of a store, of which a subclass makes others."""

    graph: GraphArrays
    once: bool = False
    nodes: None = None

    @property
    def name(self) -> str:
        """Where the store is, for messages."""
        return self.graph.path

    @property
    def directed(self) -> bool:
        """Whether the new graph is directed."""
        return self.graph.directed

    @property
    def values(self) -> ValueName | None:
        """What is read of entries: weights, times or types, if there are any."""
        return self.graph.info.values

    @property
    def weighted(self) -> bool:
        """Whether edges have weights, times or types."""
        return self.values is not None

    @property
    def time_unit(self) -> str | None:
        """Unit of times that were dates."""
        return self.graph.time_unit

    @property
    def num_nodes(self) -> int:
        """Nodes of the new graph."""
        return self.graph.num_nodes

    @property
    def num_edges(self) -> int | None:
        """Number of the edges; None where it is not known."""
        return self.graph.num_entries

    @property
    def held(self) -> int:
        """Bytes of the memory that the build cannot use."""
        return 0

    def begin(self) -> Self:
        """Return the edges as they are read, now that the new store has its place."""
        return self

    def finish(self, context: Context, info: GraphInfo) -> GraphInfo:
        """Add what nodes have to the new store; return the attributes that tell of it."""
        raise NotImplementedError

    @property
    def further(self) -> tuple[FurtherKind, ...]:
        """The further columns of the edges."""
        ids: tuple[FurtherKind, ...] = ("edge_ids",) if EDGE_IDS in self.graph.added_arrays else ()
        return (*ids, "weights") if self.graph.info.also_weighted else ids

    def wants(self, nodes: range) -> bool:
        """Return whether rows of these nodes are read."""
        del nodes
        return True

    def changed(self, src: NDArray[Any], dst: NDArray[Any]) -> tuple[Any, Any, Any]:
        """Return the endpoints of new edges, and which entries these are."""
        raise NotImplementedError

    def batches(self, size: int) -> Iterator[Callable[[], EdgeBatch]]:
        """Return calls that read entries."""
        for part in cut_entries(self.graph, size):
            if self.wants(part.nodes):
                yield partial(self._batch, part)

    def _batch(self, part: EntryPartition) -> EdgeBatch:
        graph, entries = self.graph, part.entries
        rows = read_entries(graph, part)
        nodes = np.arange(part.nodes.start, part.nodes.stop, dtype=graph.neighbor_dtype)
        src, dst, kept = self.changed(np.repeat(nodes, np.diff(rows.row_starts)), rows.neighbors)
        values = None
        if self.values is not None:
            values = graph.read_values(self.values, entries.start, entries.stop, threads=1)[kept]
        further: dict[FurtherKind, NDArray[Any]] = {}
        for kind in self.further:
            if kind == "weights":
                column = graph.read_values("weights", entries.start, entries.stop, threads=1)
            else:
                column = self.read_ids(entries)
            further[kind] = column[kept]
        return EdgeBatch(src, dst, values, self._entry(entries.start, kept), further)

    def read_ids(self, entries: range) -> NDArray[np.int64]:
        """Return the ids of the edges of some entries."""
        reader = self.graph.open_array(EDGE_IDS, self.graph.num_entries)
        return reader.read(entries.start, entries.stop).astype(np.int64, copy=False)

    def _entry(self, first: int, kept: Any) -> Callable[[int], str]:
        def entry(at: int) -> str:
            number = at if isinstance(kept, slice) else int(np.flatnonzero(kept)[at])
            return f"entry {first + number} of {self.graph.path}"

        return entry


def build_stored(
    edges: StoredEdges,
    store: str | os.PathLike[str] | None,
    *,
    overwrite: bool,
    compressed: bool,
    storage_options: Mapping[str, Any] | None,
    memory: str | int | None,
    progress: bool | None,
) -> Graph:
    """Build a store, or a temporary one, of such edges."""
    graph = edges.graph
    location = None if store is None else locate_new(store, graph.path)
    options = BuildOptions(
        directed=edges.directed,
        duplicates="keep",
        num_nodes=edges.num_nodes,
        relabel=False,
        compressed=FLAG.check("compressed", compressed),
        value_kind=graph.info.values or "weights",
        storage_options=storage_options if location and is_url(location) else None,
        further=edges.further,
        weightless_rows=True,
    )

    def write(context: Context) -> GraphInfo:
        made = edges.begin()
        return made.finish(context, build_edges(made, context))

    sizes = build_sizes(memory)
    sizes = replace(sizes, budget=sizes.budget - edges.held)
    overwrite = FLAG.check("overwrite", overwrite)
    with graph.unchanged():
        return write_store(write, location, options, sizes, Progress(progress), overwrite=overwrite)
