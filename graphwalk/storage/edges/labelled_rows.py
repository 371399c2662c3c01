"""Rows of neighbours that have the names of their nodes: dicts, and pandas Series."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.adjacency import open_rows
from graphwalk.storage.edges.arrays import open_array, open_columns, open_pairs
from graphwalk.storage.edges.as_column import ColumnName, comes_from
from graphwalk.storage.edges.column_names import are_certain_ends, pairs_of
from graphwalk.storage.edges.columns import ColumnSource, check_endpoints, id_column, ids
from graphwalk.storage.edges.graph_objects import open_data

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from graphwalk.storage.edges.options import ReadOptions
    from graphwalk.storage.edges.protocol import EdgeSource, RowSource


#: Keys of dicts that NetworkX makes of graphs, and the calls that read them.
_GRAPHS = {
    "links": "networkx.node_link_graph(edges, edges='links')",
    "elements": "networkx.cytoscape_graph(edges)",
    "adjacency": "networkx.adjacency_graph(edges)",
    "multigraph": "networkx.node_link_graph(edges, edges='edges')",
}


def open_mapping(edges: Mapping[Hashable, Any], how: ReadOptions) -> EdgeSource:
    """Open a dict of rows, of columns, or from pairs of nodes to weights."""
    if not edges:
        raise InputError("the dict is empty, so there are no edges; pass some")
    keys: Any = list(edges)
    if isinstance(keys[0], tuple) and len(keys[0]) == 2:
        return open_pairs([(*pair, edges[pair]) for pair in keys])
    typed = isinstance(keys[0], tuple) and len(keys[0]) == 3 and np.ndim(edges[keys[0]]) == 2
    if typed or (how.columns is None and ("edge_index" in edges or "edge_index_dict" in edges)):
        data = SimpleNamespace(**{str(key): value for key, value in edges.items()})
        return open_data(data, how, "dict of arrays")  # as data sets of OGB have it
    for key, call in _GRAPHS.items():
        if key in edges and not hasattr(edges[key], "dtype"):
            raise InputError(f"a dict with {key!r} is a graph that NetworkX wrote; pass {call}")
    if how.columns is not None or _has_columns(edges):
        from graphwalk.storage.edges.tables import open_dict

        return open_dict(edges, how, "dict of columns")
    rows = list(edges.values())
    if any(isinstance(row, Mapping) for row in rows):
        raise _dict_of_dicts(rows, how)
    return open_labelled(list(edges), rows, how, "dict of rows")


def open_indexed(series: Any, how: ReadOptions) -> EdgeSource | RowSource:
    """Open a pandas Series of rows, whose index has the names of their nodes.

    A Series with an index of two levels has edges, and their weights.
    """
    index = series.index
    if index.nlevels == 2 and series.dtype.kind in "iufM":
        turned = any(pair.source for pair in pairs_of(index.names)[:1])
        ends = [index.get_level_values(i).to_numpy() for i in ((1, 0) if turned else (0, 1))]
        return open_columns([*ends, series], "pandas Series")
    if index.nlevels > 1:
        raise InputError(
            f"a pandas Series of {series.dtype} has an index of {index.nlevels} levels; pass its "
            ".reset_index()"
        )
    if series.dtype.kind != "O":
        return open_array(series)
    if index.nlevels == 1 and np.array_equal(index, np.arange(len(series))):
        return open_rows(series.to_numpy())
    return open_labelled(list(index), series.tolist(), how, "pandas Series of rows")


def refuse_coordinates(edges: Any) -> None:
    """Refuse an xarray that names its rows, since these names would be lost."""
    if not comes_from(edges, "xarray"):
        return
    if not hasattr(edges, "values") or callable(edges.values):
        raise InputError("an xarray Dataset has several arrays; pass its .to_dataframe()")
    if any(dim in edges.coords for dim in edges.dims):
        raise InputError(
            "a DataArray with coordinates names its rows, and they would not be read; pass its "
            ".values if nodes are 0, 1, 2 and so on, or a dict from each node to its neighbours"
        )


def open_labelled(
    nodes: list[Any], rows: Sequence[Any], how: ReadOptions, name: str
) -> ColumnSource:
    """Open rows of neighbours of nodes that are named.

    Where the graph is undirected, each edge must be in the rows of both its ends.
    """
    odd = next((i for i, row in enumerate(rows) if not _is_row(row)), None)
    if odd is not None:
        raise InputError(
            f"{name}, {nodes[odd]!r}: {rows[odd]!r:.60} is no row of neighbours; pass a list of "
            "them, also of a single one"
        )
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    targets = [node for row in rows for node in row]
    known = _column(nodes, ColumnName(f"{name}: its nodes"))
    dst = _column(targets, ColumnName(f"{name}: its neighbours")) if targets else known[:0]
    src = np.repeat(known, lengths)
    check_endpoints(src, dst, name)
    if len(set(nodes)) < len(nodes):
        raise InputError(f"{name}: some nodes have several rows; join these")
    if not how.directed:
        src, dst = once(src, dst, name)
    return ColumnSource(name, src, dst, nodes=ids(known, slice(0, len(nodes))))


def once(src: NDArray[Any], dst: NDArray[Any], name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return edges that are listed at both ends, once each.

    Raises
    ------
    InputError
        When one is not.
    """
    names, numbers = np.unique(np.concatenate([src, dst]), return_inverse=True)
    left, right = np.split(numbers.astype(np.int64), 2)
    forth, back = (np.sort(one * len(names) + two) for one, two in ((left, right), (right, left)))
    if not np.array_equal(forth, back):
        at = int(np.argmax(forth != back))
        # Of two sorted lists that part here, the lesser item is the one that the other lacks.
        pair = divmod(int(min(forth[at], back[at])), len(names))
        u, v = (names[i] for i in (pair if forth[at] < back[at] else pair[::-1]))
        raise InputError(
            f"{name}: the rows are not symmetric ({u} → {v} is not); pass "
            f"{argument('directed', True)}, or add what is missing"
        )
    kept = left <= right
    return src[kept], dst[kept]


def _is_row(row: Any) -> bool:
    """Return whether `row` lists nodes: text would be split, and a mapping has more than them."""
    if isinstance(row, str | bytes | bytearray | Mapping):
        return False
    return isinstance(row, Sized) and getattr(row, "ndim", 1) == 1


def _dict_of_dicts(rows: Sequence[Any], how: ReadOptions) -> InputError:
    """Return the error for a dict of dicts, with the call that makes it a graph."""
    name = "a dict of dicts says of what it has in more than one way"
    if not all(isinstance(row, Mapping) for row in rows):
        return InputError(f"{name}, and some rows are no dicts; make all of them dicts or lists")
    kind = ", create_using=networkx.DiGraph" if how.directed else ""
    edges = "edges"
    if not all(isinstance(value, Mapping) for row in rows for value in row.values()):
        word = {"weights": "weight", "times": "time", "edge_types": "type"}[how.values]
        edges = f"{{u: {{v: {{'{word}': x}} for v, x in row.items()}} for u, row in edges.items()}}"
    return InputError(f"{name}; pass it as a graph, by networkx.from_dict_of_dicts({edges}{kind})")


def _has_columns(edges: Mapping[Hashable, Any]) -> bool:
    names = list(edges)
    columns = [value for value in edges.values() if hasattr(value, "__len__")]
    if not pairs_of(names) or len(columns) < len(edges):
        return False
    if len({len(column) for column in columns}) > 1 and not are_certain_ends(names):
        return False
    return not any(_has_any(column, set(names)) for column in columns)


def _has_any(column: Any, names: set[Any]) -> bool:
    return any(isinstance(value, str) and value in names for value in column)


def _column(values: list[Any], place: ColumnName) -> NDArray[Any]:
    column = id_column(values, place)
    if isinstance(column, np.ndarray):
        return column
    array: NDArray[Any] = column.to_numpy()
    return array.astype(str) if array.dtype.kind == "O" else array
