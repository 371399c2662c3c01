"""`Graph.update`: the store of a graph without some of its edges and with others."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa

from graphwalk.errors import InputError, argument, function
from graphwalk.storage.build.bucket_rows import RowError
from graphwalk.storage.build.changes import ReadChanges
from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.copy_nodes import copy_labels, copy_types
from graphwalk.storage.build.memory_plan import BuildSizes, build_sizes
from graphwalk.storage.build.merge import Merge, MissingError
from graphwalk.storage.build.pipeline import write_store
from graphwalk.storage.build.read_changes import ChangedEdges, missing_edge, read_changes
from graphwalk.storage.build.take_arrays import added_names, take_node_arrays
from graphwalk.storage.edges.open import open_source
from graphwalk.storage.edges.unread import listed
from graphwalk.storage.files.locations import is_url, locate_new
from graphwalk.storage.store.format import APART
from graphwalk.storage.store.label_runs import labels_of
from graphwalk.storage.store.stored_labels import write_labels
from graphwalk.units import count_of
from graphwalk.util.parameters import FLAG, one_of
from graphwalk.util.progress_bar import Progress

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from graphwalk.storage.build.context import Context
    from graphwalk.storage.store.format import Duplicates, GraphInfo, LabelKind
    from graphwalk.storage.store.graph import Graph
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.storage.store.label_index import MemoryLabels
    from graphwalk.storage.store.stored_labels import StoredLabels


def update(
    graph: GraphArrays,
    store: str | os.PathLike[str] | None,
    *,
    add: Any,
    remove: Any,
    duplicates: Duplicates,
    self_loops: Literal["keep", "drop"],
    missing: Literal["error", "ignore"],
    overwrite: bool,
    compressed: bool,
    storage_options: Mapping[str, Any] | None,
    memory: str | int | None,
    progress: bool | None,
    **reading: Any,
) -> Graph:
    """Build the store of a graph with other edges; see `Graph.update`."""
    one_of("merge", "keep", "error").check("duplicates", duplicates)
    one_of("keep", "drop").check("self_loops", self_loops)
    ignore = one_of("error", "ignore").check("missing", missing) == "ignore"
    if add is None and remove is None:
        raise InputError(f"there is nothing to do; pass {argument('add')} or {argument('remove')}")
    location = None if store is None else locate_new(store, graph.path)
    options = BuildOptions(
        directed=graph.directed,
        compressed=FLAG.check("compressed", compressed),
        storage_options=storage_options if location and is_url(location) else None,
        weightless_rows=graph.info.weightless_rows is not None,
    )
    sizes, bar = build_sizes(memory), Progress(progress)
    overwrite = FLAG.check("overwrite", overwrite)
    reading |= {"directed": graph.directed, "values": graph.info.values or "weights"}
    _check_weights(graph, add, reading["weights"])
    with graph.unchanged():
        lost, gained = (
            _read(graph, role, edges, reading | {"storage_options": storage_options}, sizes, ignore)
            for role, edges in (("remove", remove), ("add", add))
        )
        gained, dropped = gained.without_loops() if self_loops == "drop" else (gained, 0)
        apart = graph.info.values in APART
        removed = lost.sorted(directed=graph.directed, by_value=apart, once=True)
        added = gained.sorted(directed=graph.directed, by_value=apart, once=False)
        merge = Merge(graph, removed, added, gained.num_nodes, duplicates, ignore)
        write = _Update(merge, gained.labels, dropped).write
        return write_store(write, location, options, sizes, bar, overwrite=overwrite)


def _read(
    graph: GraphArrays,
    role: str,
    edges: Any,
    reading: dict[str, Any],
    sizes: BuildSizes,
    ignore: bool,
) -> ReadChanges:
    """Read the edges to add or to remove, if there are any."""
    if edges is None:
        nothing = np.empty(0, np.int64)
        return ReadChanges(nothing, nothing, None, None, None, graph.num_nodes)
    columns = reading["columns"]
    if role == "remove":
        reading = reading | {"weights": None}  # which are for edges to add
    if role == "remove" and columns is not None and graph.info.values in (None, "weights"):
        reading = reading | {"columns": columns[:2]}
    source = open_source(edges, **reading)
    return read_changes(ChangedEdges.of(graph, source, role, ignore=ignore), sizes)


def _check_weights(graph: GraphArrays, add: object, weights: object) -> None:
    """Check whether edges to add have weights in addition to times or types as the graph has."""
    if weights is not None and not graph.info.also_weighted:
        raise InputError(
            f"{argument('weights', weights)} is for weights in addition to times or types, which "
            f"the edges of {graph.path} do not have; leave it out"
        )
    if weights is None and add is not None and graph.info.also_weighted:
        raise InputError(
            f"the edges of {graph.path} have {graph.info.values} and weights; name the column that "
            f"has the weights of those to add in {argument('weights')}"
        )


@dataclass(frozen=True)
class _Update:
    merge: Merge
    new_labels: pa.Array | None
    dropped_loops: int

    def write(self, context: Context) -> GraphInfo:
        """Write the new store, and return its attributes."""
        graph = self.merge.graph
        try:
            writer, merged = self.merge.write(context)
        except RowError as error:
            raise InputError(error.message.format(*map(self._name, error.nodes))) from None
        except MissingError as error:
            raise missing_edge(" → ".join(map(self._name, error.nodes)), graph) from None
        touched = self.merge.touched_nodes()
        with context.new_array("touched_nodes", np.int64, self.merge.num_nodes) as nodes:
            nodes.append(touched)
        info = replace(
            writer.info(
                dropped_loops=self.dropped_loops, merged_edges=merged, time_unit=graph.time_unit
            ),
            updated_from=graph.digest,
            num_touched=len(touched),
        )
        return self._with_values(context, self._with_labels(context, info))

    def _with_labels(self, context: Context, info: GraphInfo) -> GraphInfo:
        graph, labels = self.merge.graph, self._labels
        if labels is None or not len(labels.new):
            return copy_labels(graph, context, info)
        runs = labels.stored.runs
        if labels.stored.ascend and labels.at(graph.num_nodes) < labels.at(graph.num_nodes - 1):  # type: ignore[operator]
            runs = (*runs, graph.num_nodes)
        return replace(
            info,
            labels=graph.info.labels,
            label_digest=write_labels(labels, context.new_array),
            label_runs=runs or None,
            reordered_from=graph.info.reordered_from,
        )

    def _with_values(self, context: Context, info: GraphInfo) -> GraphInfo:
        """Copy what all nodes have a value of, and warn of what does not follow."""
        graph, lost = self.merge.graph, []
        more = info.num_nodes - graph.num_nodes
        if not more:
            info = copy_types(graph, context, info)
            arrays = take_node_arrays(graph, range(graph.num_nodes), context)
            info = replace(info, manifest=arrays) if arrays else info
        elif graph.info.node_types is not None:
            lost.append(
                f"{count_of(more, 'new node')} of the graph have no types, so that it has no types "
                f"of nodes; give them to all by {function('set_node_types')}"
            )
        for kind in ("node", "edge") if more else ("edge",):
            if names := added_names(graph, kind):
                lost.append(
                    f"the new graph has no arrays of {kind}s ({listed(names)}), since new {kind}s "
                    f"have no values; write arrays of all by {function(f'Graph.set_{kind}_array')}"
                )
        for why in lost:
            warnings.warn(why, stacklevel=2)
        return info

    @property
    def _labels(self) -> _MoreLabels | None:
        """The labels of all nodes; None if they have none."""
        stored, kind = self.merge.graph.labels, self.merge.graph.info.labels
        if stored is None or kind is None:
            return None
        return _MoreLabels(
            stored, pa.array([]) if self.new_labels is None else self.new_labels, kind
        )

    def _name(self, node: int) -> str:
        """Return what a node is called."""
        return str(node) if self._labels is None else repr(self._labels.at(node))


@dataclass(frozen=True)
class _MoreLabels:
    """The labels of a store, and those of new nodes after them."""

    stored: StoredLabels
    new: pa.Array
    kind: LabelKind

    def __len__(self) -> int:
        return len(self.stored) + len(self.new)

    def at(self, node: int) -> int | str:
        """Return a node's label."""
        first = len(self.stored)
        labels = self.new[node - first :] if node >= first else self.stored.take(np.array([node]))
        label: int | str = labels[0].as_py()
        return label

    def parts(self) -> Iterator[tuple[int, MemoryLabels]]:
        """Yield the labels part by part, each with its first one's node."""
        first = 0
        for part in chain(self.stored.parts(), [self.new]):
            yield first, labels_of(part)
            first += len(part)
