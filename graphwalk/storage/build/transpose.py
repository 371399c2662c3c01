"""`Graph.transpose`: the store of a graph whose edges lead the other way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, StoreError, function
from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.memory_plan import BuildSizes
from graphwalk.storage.build.pipeline import build
from graphwalk.storage.edges.protocol import EdgeBatch
from graphwalk.storage.files.locations import is_url, locate
from graphwalk.storage.partitions.entry_partitions import cut_entries, read_entries
from graphwalk.units import parse_size
from graphwalk.util.parameters import FLAG
from graphwalk.util.progress_bar import Progress
from graphwalk.util.threads import num_cores

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

    from graphwalk.storage.build.context import Context
    from graphwalk.storage.partitions.entry_partitions import EntryPartition
    from graphwalk.storage.store.format import GraphInfo
    from graphwalk.storage.store.graph import Graph
    from graphwalk.storage.store.graph_arrays import GraphArrays


def transpose(
    graph: GraphArrays,
    store: str | os.PathLike[str] | None,
    *,
    overwrite: bool,
    compressed: bool,
    storage_options: Mapping[str, Any] | None,
    memory: str | int,
    progress: bool | None,
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
    location = None if store is None else locate(store)
    if location == graph.path:
        raise InputError(f"{location} is the store of the graph itself; pass another path")
    values = graph.info.values
    options = BuildOptions(
        directed=True,
        duplicates="keep",
        num_nodes=graph.num_nodes,
        relabel=False,
        compressed=FLAG.check("compressed", compressed),
        value_kind=values or "weights",
        storage_options=storage_options if location and is_url(location) else None,
    )
    sizes = BuildSizes(parse_size(memory), num_cores())
    with graph.unchanged():
        return build(
            _ReversedEdges(graph),
            location,
            options,
            sizes,
            Progress(progress),
            overwrite=FLAG.check("overwrite", overwrite),
            finish=partial(_add_nodes, graph),
        )


@dataclass(frozen=True, eq=False)
class _ReversedEdges:
    """A source of edges: the entries of a store, reversed."""

    graph: GraphArrays
    once: bool = False
    directed: bool = True
    nodes: None = None

    @property
    def name(self) -> str:
        return self.graph.path

    @property
    def weighted(self) -> bool:
        return self.graph.info.values is not None

    @property
    def time_unit(self) -> str | None:
        return self.graph.time_unit

    @property
    def num_nodes(self) -> int:
        return self.graph.num_nodes

    @property
    def num_edges(self) -> int:
        return self.graph.num_entries

    def batches(self, size: int) -> Iterator[Callable[[], EdgeBatch]]:
        """Return calls that read entries."""
        for part in cut_entries(self.graph, size):
            yield partial(self._batch, part)

    def _batch(self, part: EntryPartition) -> EdgeBatch:
        graph, entries = self.graph, part.entries
        rows = read_entries(graph, part)
        nodes = np.arange(part.nodes.start, part.nodes.stop, dtype=graph.neighbor_dtype)
        ends = np.repeat(nodes, np.diff(rows.row_starts))
        values = None
        if graph.info.values is not None:
            values = graph.read_values(graph.info.values, entries.start, entries.stop, threads=1)
        return EdgeBatch(rows.neighbors, ends, values, self._entry(entries.start))

    def _entry(self, first: int) -> Callable[[int], str]:
        return lambda at: f"entry {first + at} of {self.graph.path}"


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
