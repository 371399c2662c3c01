"""Graphs as other libraries have them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError
from graphwalk.util.available_memory import require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from graphwalk.storage.store.graph import Graph
    from graphwalk.storage.store.row_slice import RowSlice

#: Bytes that a node and an entry of a NetworkX multigraph take, and what it is made from; measured
#: with NetworkX 3. Simple graphs take a half to two thirds of it.
_NETWORKX_NODE = 800
_NETWORKX_UNDIRECTED_ENTRY = 350
_NETWORKX_DIRECTED_ENTRY = 650

_REMEDY = "take a part of it at a time, by rows() or partition()"


def require_scipy(graph: Graph) -> None:
    """Raise unless the graph fits in memory as a SciPy array."""
    # Neighbours, values and room for the check and the conversion of index types.
    entry = 2 * graph.neighbor_dtype.itemsize + 8
    _require(graph, "SciPy array", 24 * graph.num_nodes + entry * graph.num_entries)


def require_edge_index(graph: Graph) -> None:
    """Raise unless the graph fits in memory as an array of edges."""
    entry = graph.neighbor_dtype.itemsize + 8 + 24
    _require(graph, "edge index", 24 * graph.num_nodes + entry * graph.num_entries)


def slice_to_scipy(rows: RowSlice) -> csr_array[Any]:
    """Return `rows` as a SciPy array; see `RowSlice.to_scipy`."""
    sparse = _import("scipy.sparse")
    values = rows.weights
    if values is None:
        # As weights are, so that code for one kind of graph works for the other; small integers
        # would overflow silently where paths are counted.
        values = np.ones(len(rows.neighbors), np.float32)
    parts = values, rows.neighbors, rows.offsets
    matrix: csr_array[Any] = sparse.csr_array(parts, shape=(len(rows), rows.num_nodes))
    return matrix


def to_networkx(graph: Graph) -> Any:
    """Return `graph` as a NetworkX graph; see `Graph.to_networkx`."""
    networkx = _import("networkx")
    entry = _NETWORKX_DIRECTED_ENTRY if graph.directed else _NETWORKX_UNDIRECTED_ENTRY
    needed = _NETWORKX_NODE * graph.num_nodes + entry * graph.num_entries
    _require(graph, "NetworkX graph", needed)
    rows = graph.rows(0, graph.num_nodes)
    src, dst = rows.to_edge_index()
    kind = "Multi" if ((src[1:] == src[:-1]) & (dst[1:] == dst[:-1])).any() else ""
    result = getattr(networkx, f"{kind}{'DiGraph' if graph.directed else 'Graph'}")()
    names = range(graph.num_nodes) if graph.labels is None else graph.labels.tolist()
    result.add_nodes_from(names)
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


def _require(graph: Graph, form: str, needed: int) -> None:
    require(needed, f"{graph.path} as one {form}", _REMEDY)


def _import(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        library = name.partition(".")[0]
        raise InputError(
            f"this needs {library}, which is not installed: pip install {library}"
        ) from error
