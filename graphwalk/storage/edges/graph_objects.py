"""Graphs of other libraries, used through their methods; no such library is ever imported."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.arrays import open_array, open_columns
from graphwalk.storage.edges.as_column import ColumnName, as_array, comes_from
from graphwalk.storage.edges.column_names import values_of
from graphwalk.storage.edges.columns import ColumnSource, id_column, ids, weight_column
from graphwalk.storage.edges.edge_values import edge_values, named_arrays
from graphwalk.storage.edges.networkx_graphs import open_networkx
from graphwalk.storage.edges.unread import warn_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphwalk.storage.edges.options import ReadOptions
    from graphwalk.storage.edges.protocol import EdgeSource, RowSource

#: Libraries whose graphs are not read, and what of theirs is.
_REMEDIES = {
    "networkit": "pass (src, dst) of its edges: numpy.array(list(graph.iterEdges())).T",
    "rustworkx": "pass list(graph.edge_list()), or list(graph.weighted_edge_list())",
    "graph_tool": "pass graph.get_edges()",
    "snap": "save it by snap.SaveEdgeList, and pass the path of the file",
    "stellargraph": "pass graph.to_networkx()",
}


def open_graph(edges: Any, how: ReadOptions) -> EdgeSource | RowSource | None:
    """Open a graph of another library; return None for what is none."""
    if comes_from(edges, "networkx") and hasattr(edges, "is_directed"):
        return open_networkx(edges, how)
    if comes_from(edges, "igraph") and hasattr(edges, "get_edgelist"):
        return _open_igraph(edges, how)
    if comes_from(edges, "dgl") and hasattr(edges, "edges"):
        return _open_dgl(edges)
    if hasattr(edges, "edge_index") or hasattr(edges, "edge_index_dict"):
        return open_data(
            edges, how, f"{type(edges).__module__.partition('.')[0]} {type(edges).__name__}"
        )
    if comes_from(edges, "torch") and "sparse" in str(getattr(edges, "layout", "")):
        return _open_sparse_tensor(edges)
    for library, remedy in _REMEDIES.items():
        if comes_from(edges, library):
            raise InputError(f"a {type(edges).__name__} of {library} is not read; {remedy}")
    return None


def _open_igraph(graph: Any, how: ReadOptions) -> ColumnSource:
    """Open an igraph graph; its nodes' attribute ``name`` has their names, if all have one."""
    name = f"igraph {type(graph).__name__}"
    count = graph.vcount()
    ends = chain.from_iterable(graph.get_edgelist())
    pairs = np.fromiter(ends, np.int64, 2 * graph.ecount()).reshape(-1, 2)
    src, dst = pairs[:, 0], pairs[:, 1]
    attributes = graph.es.attributes()
    found = next((rank[0] for rank in values_of(attributes, how.values) if rank), None)
    weight = None
    if found is not None:
        place = ColumnName(f"{attributes[found]} of the {name}", "edge {}".format)
        weight = weight_column(list(graph.es[attributes[found]]), place)
    elif graph.ecount():
        warn_values(graph.es[0].attributes(), name, how)
    directed = bool(graph.is_directed())
    if "name" not in graph.vs.attributes():
        return ColumnSource(name, src, dst, weight, directed, num_nodes=count)
    names = id_column(list(graph.vs["name"]), ColumnName(f"names of the {name}"))
    array = names if isinstance(names, np.ndarray) else names.to_numpy()
    if len(set(array.tolist())) < count:
        raise InputError(f"{name}: several nodes have the same name; drop their attribute 'name'")
    array = array.astype(str) if array.dtype.kind == "O" else array
    listed = ids(array, slice(0, count))
    return ColumnSource(name, array[src], array[dst], weight, directed, nodes=listed)


def open_data(data: Any, how: ReadOptions, name: str) -> EdgeSource:
    """Open a data object of PyTorch Geometric, or what has its attributes."""
    if getattr(data, "edge_index", None) is None or _has_types(data):
        raise InputError(
            f"{name} has no single edge_index; pass that of one type of edges"
            f"{', or data.to_homogeneous()' if hasattr(data, 'to_homogeneous') else ''}"
        )
    index = as_array(data.edge_index, f"edge_index of the {name}")
    open_array(index)  # refuses what has another shape or type
    src, dst = index if index.shape[0] == 2 else index.T
    count = getattr(data, "num_nodes", None)
    known = None if count is None else int(count)
    most = known if known is not None else int(index.max(initial=-1)) + 1
    values = edge_values(named_arrays(data), len(src), most, how, name)
    if values is None and how.values != "weights":
        word = how.values.removeprefix("edge_")
        raise InputError(
            f"{argument(how.values, True)}, but nothing says what the {word} of the {name} are; "
            f"give it {'edge_' + word.removesuffix('s')!r}, an array of one number for each edge"
        )
    source = _undirected_once(src, dst, values, how, name)
    return ColumnSource(name, source.src, source.dst, source.weight, num_nodes=known)


def _has_types(data: Any) -> bool:
    """Return whether edges are of several types, each with an edge_index of its own."""
    return isinstance(getattr(data, "edge_types", None), list) and hasattr(data, "node_types")


def _open_dgl(graph: Any) -> ColumnSource:
    src, dst = graph.edges()
    source = open_columns((as_array(src, "sources"), as_array(dst, "targets")), "DGL graph")
    return ColumnSource("DGL graph", source.src, source.dst, num_nodes=int(graph.num_nodes()))


def _open_sparse_tensor(tensor: Any) -> EdgeSource:
    matrix = tensor.to_sparse_coo().coalesce()
    src, dst = as_array(matrix.indices(), "indices of the sparse tensor")
    values = as_array(matrix.values(), "values of the sparse tensor")
    parts: Sequence[Any] = (src, dst) if values.dtype.kind == "b" else (src, dst, values)
    source = open_columns(parts, "sparse tensor")
    size = int(max(tensor.shape))
    return ColumnSource("sparse tensor", source.src, source.dst, source.weight, num_nodes=size)


def _undirected_once(
    src: NDArray[Any], dst: NDArray[Any], values: Any, how: ReadOptions, name: str
) -> ColumnSource:
    """Return edges, once each where an undirected graph lists each at both its ends."""
    parts: list[Any] = [src, dst] if values is None else [src, dst, values]
    source = open_columns(parts, name)
    if how.directed or not _is_symmetric(src, dst, values):
        return source
    kept = src <= dst
    return open_columns([part[kept] for part in parts], name)


def _is_symmetric(src: NDArray[Any], dst: NDArray[Any], values: Any) -> bool:
    keys = [] if values is None else [values]
    forth, back = np.lexsort([*keys, dst, src]), np.lexsort([*keys, src, dst])
    same = np.array_equal(src[forth], dst[back]) and np.array_equal(dst[forth], src[back])
    return bool(same and (values is None or np.array_equal(values[forth], values[back])))
