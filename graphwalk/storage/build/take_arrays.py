"""Added arrays of nodes and entries, written into another store in another order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.storage.store.added_arrays import AddedArray, chunk_of
from graphwalk.storage.store.array_writer import ArrayWriter
from graphwalk.storage.store.format import CHECKSUMS, EDGE_IDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from graphwalk.storage.build.context import Context
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Bytes of a row, in addition to its values, while it is found, and how often its values are held.
_ROW_BYTES, _COPIES = 48, 4


def take_node_arrays(
    graph: GraphArrays, nodes: NDArray[Any] | range, context: Context
) -> dict[str, Any]:
    """Write the added arrays of nodes, with the rows of `nodes` in this order.

    Returns what the manifest says of them; so does `take_edge_arrays`.
    """
    for name in added_names(graph, "node"):
        source = AddedArray(graph, "node", name)
        step = _rows_at_a_time([source], context)
        parts = (nodes[first : first + step] for first in range(0, len(nodes), step))
        _take(source, f"node.{name}", parts, context)
    return _manifest(graph, "node")


def take_edge_arrays(graph: GraphArrays, context: Context) -> dict[str, Any]:
    """Write the added arrays of entries.

    The new store has the place of each of its entries in `graph` as the ids of its edges, which are
    replaced here. An array is read once for each part of the places that memory has room for.
    """
    group: Any = context.group
    sources = {name: AddedArray(graph, "edge", name) for name in added_names(graph, "edge")}
    step = _rows_at_a_time(sources.values(), context)
    file, found = context.folder.new("places"), group[EDGE_IDS]
    places = [file.append(found[at : at + step]) for at in range(0, graph.num_entries, step)]
    file.close()
    del group[EDGE_IDS]
    for name, source in sources.items():
        _take(source, f"edge.{name}", (part.read() for part in places), context)
    file.remove()
    return _manifest(graph, "edge")


def added_names(graph: GraphArrays, kind: str) -> list[str]:
    """Return the names of the added arrays of nodes or of entries."""
    known = (name.partition(".") for name in graph.added_arrays)
    return sorted(name for of, _, name in known if of == kind)


def _manifest(graph: GraphArrays, kind: str) -> dict[str, Any]:
    manifest = graph.manifest or {}
    return {
        stored: {key: value for key, value in manifest[stored].items() if key != CHECKSUMS}
        for stored in (f"{kind}.{name}" for name in added_names(graph, kind))
    }


def _rows_at_a_time(sources: Iterable[AddedArray], context: Context) -> int:
    row = max(source.dtype.itemsize * int(np.prod(source.shape[1:])) for source in sources)
    return max(1, context.tuning.budget // 4 // (_ROW_BYTES + _COPIES * row))


def _take(
    source: AddedArray, stored: str, parts: Iterator[NDArray[Any] | range], context: Context
) -> None:
    columns = int(sum(source.shape[1:]))
    chunk = chunk_of(source.dtype, columns)
    how = context.tuning.write_ahead, source.shape[0] * max(1, columns)
    with ArrayWriter(
        context.group, stored, source.dtype, 0, context.writers, *how, chunk=chunk
    ) as writer:
        for rows in parts:
            writer.append(source.take(rows).reshape(-1))
