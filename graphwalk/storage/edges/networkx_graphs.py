"""Edges of NetworkX graphs. The graph is used through its methods; NetworkX is never imported."""

from __future__ import annotations

from itertools import chain
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.edges.as_column import Column, ColumnName
from graphwalk.storage.edges.column_names import values_of
from graphwalk.storage.edges.columns import ColumnSource, id_column, ids, weight_column
from graphwalk.storage.edges.dates import in_unit
from graphwalk.storage.edges.unread import warn_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.edges.options import ReadOptions
    from graphwalk.storage.edges.protocol import Ids


def open_networkx(graph: Any, how: ReadOptions) -> ColumnSource:
    """Open a NetworkX graph, whose nodes must be all integers or all strings.

    An undirected graph's edges are listed once each. The edge attribute that is named as weights
    are, or as times or types if these are wanted, is used when all edges have it.
    """
    name = f"NetworkX {type(graph).__name__}"
    nodes = _nodes(graph, name)
    src, dst = _endpoints(graph, isinstance(nodes, np.ndarray))
    dense = isinstance(nodes, np.ndarray) and _is_range(nodes)
    return ColumnSource(
        name,
        src,
        dst,
        _values(graph, name, how),
        directed=bool(graph.is_directed()),
        num_nodes=len(nodes) if dense else None,
        nodes=None if dense else nodes,
    )


def _nodes(graph: Any, name: str) -> Ids:
    nodes = list(graph.nodes)
    kind: type = str if nodes and isinstance(nodes[0], str) else Integral
    for node in nodes:
        if not isinstance(node, kind) or isinstance(node, bool):
            raise InputError(
                f"{name}: node {node!r} is a {type(node).__name__}; nodes must be all integers or "
                "all strings; networkx.convert_node_labels_to_integers(graph) makes them so"
            )
    return ids(id_column(nodes, ColumnName(f"nodes of the {name}")), slice(0, len(nodes)))


def _is_range(nodes: NDArray[np.integer[Any]]) -> bool:
    return bool(np.array_equal(np.sort(nodes), np.arange(len(nodes))))


def _endpoints(graph: Any, integers: bool) -> tuple[Column, Column]:
    if integers:  # without a Python list twice the number of edges long
        ends = chain.from_iterable(graph.edges())
        pairs = np.fromiter(ends, np.int64, 2 * graph.number_of_edges()).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]
    place = ColumnName("edges")
    return (
        id_column([source for source, _ in graph.edges()], place),
        id_column([target for _, target in graph.edges()], place),
    )


def _values(graph: Any, name: str, how: ReadOptions) -> Column | None:
    attributes = {key: value for *_, data in graph.edges(data=True) for key, value in data.items()}
    names = list(attributes)
    found = next((rank[0] for rank in values_of(names, how.values) if rank), None)
    if found is None:
        warn_values(attributes, name, how)
        return None
    key, noun = names[found], _NOUNS[how.values]
    values = [value for *_, value in graph.edges(data=key)]
    missing = values.count(None)
    if missing == len(values):
        return None
    if missing:
        edge = list(graph.edges())[values.index(None)]
        raise InputError(
            f"{name}: edge {edge!r} has no {noun}, while others have one; give every edge the "
            f"attribute {key!r}, or take it from all"
        )
    column = weight_column(values, ColumnName(f"{noun}s of the {name}", "edge {}".format))
    return in_unit(column, graph.graph.get("time_unit")) if how.values == "times" else column


_NOUNS = {"weights": "weight", "times": "time", "edge_types": "type"}
