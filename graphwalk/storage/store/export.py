"""Graphs as other libraries have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.util.available_memory import require
from graphwalk.util.optional_imports import import_optional

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.storage.store.row_slice import RowSlice

#: Bytes that a node and an entry of a NetworkX multigraph take, and what it is made from; measured
#: with NetworkX 3. Simple graphs take a half to two thirds of it.
_NETWORKX_NODE = 800
_NETWORKX_UNDIRECTED_ENTRY = 350
_NETWORKX_DIRECTED_ENTRY = 650


def rows_for_scipy(graph: GraphArrays) -> RowSlice:
    """Return all rows, if they fit in memory as a SciPy array too."""
    # Neighbours, values and room for the check and the conversion of index types.
    return _all_rows(graph, "SciPy array", 24, 2 * graph.neighbor_dtype.itemsize + 8)


def rows_for_edge_index(graph: GraphArrays) -> RowSlice:
    """Return all rows, if they fit in memory as an array of edges too."""
    return _all_rows(graph, "edge index", 24, graph.neighbor_dtype.itemsize + 8 + 24)


def to_networkx(graph: GraphArrays) -> Any:
    """Return `graph` as a NetworkX graph; see `Graph.to_networkx`."""
    networkx = import_optional("networkx", "to_networkx() needs")
    entry = _NETWORKX_DIRECTED_ENTRY if graph.directed else _NETWORKX_UNDIRECTED_ENTRY
    rows = _all_rows(graph, "NetworkX graph", _NETWORKX_NODE, entry)
    src, dst = rows.to_edge_index()
    kind = "Multi" if ((src[1:] == src[:-1]) & (dst[1:] == dst[:-1])).any() else ""
    result = getattr(networkx, f"{kind}{'DiGraph' if graph.directed else 'Graph'}")()
    labels = graph.labels
    names = range(graph.num_nodes) if labels is None else labels.whole.to_arrow().to_pylist()
    result.add_nodes_from(names)
    if graph.info.time_unit is not None:
        result.graph["time_unit"] = graph.info.time_unit
    # An undirected edge lies in the rows of both its ends.
    once = slice(None) if graph.directed else src <= dst
    edges = _named(src[once], names), _named(dst[once], names)
    for values, name in ((rows.weights, "weight"), (rows.times, "time"), (rows.edge_types, "type")):
        if values is not None:
            result.add_weighted_edges_from(zip(*edges, values[once].tolist(), strict=True), name)
            return result
    result.add_edges_from(zip(*edges, strict=True))
    return result


def _named(nodes: NDArray[np.int64], names: Any) -> Iterator[Any]:
    return map(names.__getitem__, nodes.tolist())


def _all_rows(graph: GraphArrays, form: str, node_bytes: int, entry_bytes: int) -> RowSlice:
    require(
        node_bytes * graph.num_nodes + entry_bytes * graph.num_entries,
        f"{graph.path} as one {form}",
        "take a part of it at a time, by rows() or partition()",
    )
    return graph.read_slice(0, graph.num_nodes)
