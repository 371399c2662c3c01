"""Edges as numpy arrays, tuples of arrays, and Python lists of tuples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.as_column import ColumnName, as_array, comes_from
from graphwalk.storage.edges.columns import ColumnSource, check_endpoints, id_column, weight_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_PARTS = "sources", "targets", "weights"


def open_columns(columns: Sequence[Any], name: str = "(src, dst[, weight]) tuple") -> ColumnSource:
    """Open edges given as two or three one-dimensional columns of equal length."""
    if len(columns) not in (2, 3):
        raise InputError(f"{name}: it has {len(columns)} items; it takes 2 or 3")
    if all(isinstance(column, tuple) for column in columns):
        raise InputError(
            f"{name}: a tuple of tuples could be pairs or columns; "
            "pass a list of (source, target) tuples, or a tuple of arrays"
        )
    _check_indices(columns, name)
    places = [ColumnName(f"{part} of the {name}", "edge {}".format) for part in _PARTS]
    src, dst = (id_column(*item) for item in zip(columns[:2], places, strict=False))
    weight = weight_column(columns[2], places[2]) if len(columns) == 3 else None
    lengths = [len(column) for column in (src, dst, weight) if column is not None]
    if len(set(lengths)) > 1:
        pairs = zip(lengths, _PARTS, strict=False)
        found = ", ".join(f"{length} {part}" for length, part in pairs)
        raise InputError(f"{name}: its lengths differ: {found}; an edge takes one of each")
    check_endpoints(src, dst, name)
    return ColumnSource(name, src, dst, weight)


def _check_indices(columns: Sequence[Any], name: str) -> None:
    """Refuse pandas Series whose indices differ: pandas itself would not pair them by position."""
    indices = [column.index for column in columns if comes_from(column, "pandas")]
    if any(hasattr(index, "equals") and not index.equals(indices[0]) for index in indices):
        raise InputError(
            f"{name}: its Series have different indices; pass a DataFrame, which pairs them by "
            "their indices, or their .to_numpy(), which are paired by position"
        )


def open_pairs(edges: list[Any]) -> ColumnSource:
    """Open a list of ``(source, target)`` or ``(source, target, weight)`` tuples."""
    size = len(edges[0]) if edges else 2
    if size not in (2, 3):
        raise InputError(
            f"edge 0 is {edges[0]!r}; an edge is (source, target) or has one value more: a weight, "
            f"a time ({argument('times', True)}) or a type ({argument('edge_types', True)}); leave "
            "out the others"
        )
    for number, edge in enumerate(edges):
        if not isinstance(edge, tuple) or len(edge) != size:
            raise InputError(
                f"edge {number} is {edge!r}, while edge 0 has {size} items; "
                f"make every edge a tuple of {size}"
            )
    columns = list(map(list, zip(*edges, strict=True))) if edges else [[], []]
    return open_columns(columns, "list of tuples")


def open_array(edges: NDArray[Any]) -> ColumnSource:
    """Open a ``(2, E)`` or ``(E, 2)`` array; one of shape ``(2, 2)`` is read as ``(2, E)``."""
    if np.ma.is_masked(edges):
        raise InputError("the array of edges has masked values; drop those edges")
    array = as_array(edges, "the array of edges")
    if array.ndim != 2 or 2 not in array.shape:
        raise InputError(
            f"an array of shape {array.shape} is no list of edges; its shape must be (2, E) or "
            "(E, 2); pass an adjacency list as graphwalk.CSR, and weights as (src, dst, weight)"
        )
    if array.dtype.kind == "O" and array.size and not isinstance(array.flat[0], str):
        raise InputError(
            f"an object array of shape {array.shape} could be edges or adjacency rows of equal "
            "length; pass edges as .astype(np.int64), adjacency rows as a list of arrays"
        )
    src, dst = array if array.shape[0] == 2 else array.T
    return open_columns([src, dst], f"array of shape {array.shape}")
