"""Graphs as other libraries have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.util.available_memory import require
from graphwalk.util.optional_imports import import_optional

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.storage.store.row_slice import RowSlice
    from graphwalk.util.arrow_stream import ArrowStream

#: Bytes that a node and an entry of a NetworkX multigraph take, and what it is made from; measured
#: with NetworkX 3. Simple graphs take a half to two thirds of it.
_NETWORKX_NODE = 800
_NETWORKX_UNDIRECTED_ENTRY = 350
_NETWORKX_DIRECTED_ENTRY = 650

#: The same of igraph: names of nodes; and indices, and values as Python's objects.
_IGRAPH_NODE = 120
_IGRAPH_ENTRY = 150

#: The same of a data frame: both ends, a value, and the table that it is made of.
_PANDAS_ENTRY = 2 * 3 * 8

#: A further value: as a Python object, or in a data frame and its table, and as it is read.
_FURTHER_VALUE = 40


def rows_for_scipy(graph: GraphArrays) -> RowSlice:
    """Return all rows, if they fit in memory as a SciPy array too."""
    # Neighbours, values and room for the check and the conversion of index types.
    return _all_rows(graph, "SciPy array", 24, 2 * graph.neighbor_dtype.itemsize + 8)


def rows_for_edge_index(graph: GraphArrays) -> RowSlice:
    """Return all rows, if they fit in memory as an array of edges too."""
    return _all_rows(graph, "edge index", 24, graph.neighbor_dtype.itemsize + 8 + 24)


def rows_for_dgl(graph: GraphArrays) -> RowSlice:
    """Return all rows, if they fit in memory as a graph of DGL too."""
    return _all_rows(graph, "DGL graph", 24, graph.neighbor_dtype.itemsize + 8 + 8)


def to_networkx(graph: GraphArrays) -> Any:
    """Return `graph` as a NetworkX graph; see `Graph.to_networkx`."""
    networkx = import_optional("networkx", "to_networkx() needs")
    entry = _NETWORKX_DIRECTED_ENTRY if graph.directed else _NETWORKX_UNDIRECTED_ENTRY
    rows = _all_rows(graph, "NetworkX graph", _NETWORKX_NODE, entry)
    src, dst, values = _edges(rows, once=not graph.directed)
    kind = "Multi" if ((src[1:] == src[:-1]) & (dst[1:] == dst[:-1])).any() else ""
    result = getattr(networkx, f"{kind}{'DiGraph' if graph.directed else 'Graph'}")()
    labels = graph.labels
    names = range(graph.num_nodes) if labels is None else labels.whole.to_arrow().to_pylist()
    result.add_nodes_from(names)
    if graph.info.time_unit is not None:
        result.graph["time_unit"] = graph.info.time_unit
    edges: tuple[Iterator[Any], ...] = _named(src, names), _named(dst, names)
    if values:
        each = zip(*(of.tolist() for of in values.values()), strict=True)
        edges = *edges, (dict(zip(values, of_edge, strict=True)) for of_edge in each)
    result.add_edges_from(zip(*edges, strict=True))
    return result


def to_igraph(graph: GraphArrays) -> Any:
    """Return `graph` as a graph of igraph; see `Graph.to_igraph`."""
    igraph = import_optional("igraph", "to_igraph() needs")
    rows = _all_rows(graph, "igraph graph", _IGRAPH_NODE, _IGRAPH_ENTRY)
    src, dst, values = _edges(rows, once=not graph.directed)
    pairs = np.column_stack([src, dst])
    result = igraph.Graph(graph.num_nodes, edges=pairs, directed=graph.directed)
    if graph.labels is not None:
        result.vs["name"] = graph.labels.whole.to_arrow().to_pylist()
    if graph.info.node_types is not None:
        names = np.array(graph.info.node_types.names, object)
        result.vs["type"] = names[graph.read_node_types(0, graph.num_nodes)].tolist()
    for name, of in values.items():
        result.es[name] = of.tolist()
    return result


def to_pandas(graph: GraphArrays, edges: ArrowStream) -> pd.DataFrame:
    """Return edges as a data frame; see `Graph.to_pandas`."""
    import pyarrow as pa

    _require(graph, "data frame", 0, _PANDAS_ENTRY)
    frame: pd.DataFrame = pa.table(edges).to_pandas()
    return frame


def to_pyg(graph: GraphArrays) -> Any:
    """Return `graph` as data of PyTorch Geometric; see `Graph.to_pyg`."""
    torch = import_optional("torch", "to_pyg() needs")
    data = import_optional("torch_geometric.data", "to_pyg() needs")
    rows = rows_for_edge_index(graph)
    result = data.Data(edge_index=torch.from_numpy(rows.to_edge_index()), num_nodes=len(rows))
    for name, values in _values(rows).items():
        result[f"edge_{name}"] = torch.from_numpy(_as_tensor_type(name, values))
    if graph.info.node_types is not None:
        types = graph.read_node_types(0, graph.num_nodes)
        result.node_type = torch.from_numpy(_as_tensor_type("type", types))
    return result


def to_dgl(graph: GraphArrays) -> Any:
    """Return `graph` as a graph of DGL; see `Graph.to_dgl`."""
    torch = import_optional("torch", "to_dgl() needs")
    dgl = import_optional("dgl", "to_dgl() needs")
    rows = rows_for_dgl(graph)
    # Without numbers of edges, these are those of the entries.
    parts = rows.offsets, rows.neighbors.astype(np.int64), np.empty(0, np.int64)
    result = dgl.graph(("csr", tuple(map(torch.from_numpy, parts))), num_nodes=len(rows))
    for name, values in _values(rows).items():
        result.edata[name] = torch.from_numpy(_as_tensor_type(name, values))
    if graph.info.node_types is not None:
        types = graph.read_node_types(0, graph.num_nodes)
        result.ndata["type"] = torch.from_numpy(_as_tensor_type("type", types))
    return result


def _as_tensor_type(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Return values with types as indices of embeddings, which are int64."""
    return values.astype(np.int64) if name == "type" else values


def _edges(rows: RowSlice, *, once: bool) -> tuple[Any, Any, dict[str, NDArray[Any]]]:
    """Return the endpoints of edges, and what else they have, by its name."""
    src, dst = rows.to_edge_index()
    # An undirected edge lies in the rows of both its ends.
    kept = src <= dst if once else slice(None)
    return src[kept], dst[kept], {name: values[kept] for name, values in _values(rows).items()}


def _values(rows: RowSlice) -> dict[str, NDArray[Any]]:
    named = {"weight": rows.weights, "time": rows.times, "type": rows.edge_types}
    return {name: values for name, values in named.items() if values is not None}


def _named(nodes: NDArray[np.int64], names: Any) -> Iterator[Any]:
    return map(names.__getitem__, nodes.tolist())


def _all_rows(graph: GraphArrays, form: str, node_bytes: int, entry_bytes: int) -> RowSlice:
    _require(graph, form, node_bytes, entry_bytes)
    return graph.read_slice(0, graph.num_nodes)


def _require(graph: GraphArrays, form: str, node_bytes: int, entry_bytes: int) -> None:
    entry_bytes += _FURTHER_VALUE * graph.info.also_weighted
    require(
        node_bytes * graph.num_nodes + entry_bytes * graph.num_entries,
        f"{graph.path} as one {form}",
        "take a part of it at a time, by rows() or partition()",
    )
